"""Every key of every TOML file is explained on the page of files, under its kind."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from triage.intake.checking import Checking, read_mapping_file
from triage.intake.goaml.mapping import lay_over
from triage.intake.mapping_files import with_own
from triage.intake.sheets.mapping import read_mapping
from triage.lab.staff.reading import load_staff
from triage.lab.whatif import list_what_ifs, load_what_if
from triage.lab.work.reading import load_work
from triage.schema.tables import TABLES
from triage.scoring import written
from triage.scoring.loading import list_models, load_model
from triage.scoring.recipe import list_recipes, load_recipe
from triage.worklist.policy import load_policy
from triage.worlds import load_world
from triage.worlds.file.section import Section
from triage.worlds.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/files.md").read_text(encoding="utf-8")
TEMPLATE = ROOT / "synthetic_data/world-template.toml"
GOAML = """
format = "goaml"
version = 1
[national]
zone = "UTC"
[indicator.child]
X-1 = "csam"
"""
SHEETS = [
    sheet
    for file in sorted((ROOT / "triage/intake/sheets/mappings").glob("*.toml"))
    for sheet in tomllib.loads(file.read_text(encoding="utf-8"))["sheet"].values()
]
# What the writer of a file names himself: situations, units, measures, periods, columns of the canonical tables.
OWN = {
    "Mapping of goAML": {
        *TABLES["transactions"]["payment_channel"].codes,
        *TABLES["accounts"]["account_status"].codes,
    },
    "World": {*MEASURES, "community", "conditions", "warning", *TABLES["outcomes"]["outcome_kind"].codes},
    # Names of tables and columns: ours, and those of the sheets.
    "Mapping of tables": {
        *TABLES,
        *(column.name for table in TABLES.values() for column in table.columns),
        *(name for sheet in SHEETS for name in sheet.get("without_header", {}).get("columns", ())),
    },
}
YEAR = re.compile(r"(19|20)\d\d|.* to .* (19|20)\d\d")


def explained(kind: str) -> set[str]:
    """Return the words that a section of the page has in backticks, those of headings such as `[a.b]` too."""
    section = re.search(rf"^## {re.escape(kind)}$(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert section, f"docs/files.md has no section {kind}"
    return {word for said in re.findall(r"`([^`]+)`", section[1]) for word in re.findall(r"[\w-]+", said)}


def test_every_kind_of_file_has_a_section(accepted: Mapping[str, set[str]]) -> None:
    assert all(explained(kind) for kind in accepted)


@pytest.fixture(scope="module")
def accepted() -> Mapping[str, set[str]]:
    """Read every shipped file of every kind, and note which keys its reader would take."""
    found: dict[str, set[str]] = defaultdict(set)
    readers = list(_readers())
    with pytest.MonkeyPatch.context() as patch:
        at = [""]
        _listen(patch, lambda keys: found[at[0]].update(keys))  # noqa: PLW0108 - `at` moves on
        for at[0], read in readers:
            read()
    return found


def _listen(patch: pytest.MonkeyPatch, note: Callable[[Iterable[str]], None]) -> None:
    """Stand at the three gates that refuse a key which nothing reads."""
    refuse, settings, others = written.refuse_unknown_keys, Checking.settings, Section.refuse_others

    def hear_table(table: Any, known: Iterable[str], where: str) -> None:
        known = list(known)
        note(known)
        refuse(table, known, where)

    def hear_mapping(self: Checking, given: Any, known: Iterable[str], of: str = "") -> None:
        known = list(known)
        note(known)
        settings(self, given, known, of)

    def hear_world(self: Section, *possible: str) -> None:
        note({*self._read, *possible})
        others(self, *possible)

    for module in [*sys.modules.values()]:
        if getattr(module, "refuse_unknown_keys", None) is refuse:
            patch.setattr(module, "refuse_unknown_keys", hear_table)
    patch.setattr(Checking, "settings", hear_mapping)
    patch.setattr(Section, "refuse_others", hear_world)


def _readers() -> Iterable[tuple[str, Callable[[], object]]]:
    forms = {"four-step"}
    for name in list_models():
        if "/" not in name:
            yield ("Form of questions" if name in forms else "Scorecard"), lambda name=name: load_model(name)
    for name in list_recipes():
        yield "Recipe", lambda name=name: load_recipe(name)
    for file in sorted((ROOT / "models/policies").glob("*.toml")):
        yield "Policy", lambda file=file: load_policy(file)
    for file in sorted((ROOT / "models/staff").glob("*.toml")):
        yield "Staff", lambda file=file: load_staff(file)
    for file in sorted((ROOT / "models/work").glob("*.toml")):
        yield "Work", lambda file=file: load_work(file)
    world = load_world("nl-2017")
    for name in list_what_ifs():
        yield "What-if", lambda name=name: load_what_if(name, world)
    for file in [TEMPLATE, *sorted((ROOT / "synthetic_data/worlds").glob("*.toml"))]:
        yield "World", lambda file=file: load_world(file)
    for file in sorted((ROOT / "triage/intake/sheets/mappings").glob("*.toml")):
        yield "Mapping of tables", lambda file=file: read_mapping(read_mapping_file(file, ""), file.name)
    yield "Mapping of goAML", lambda: lay_over(tomllib.loads(GOAML), Checking("x", ""))


def test_every_key_that_a_reader_takes_is_explained(accepted: Mapping[str, set[str]]) -> None:
    unexplained = {}
    for kind, keys in accepted.items():
        known = explained(kind) | OWN.get(kind, set())
        if kind == "World":
            known |= set(re.findall(r"[\w-]+", TEMPLATE.read_text(encoding="utf-8")))
        unexplained[kind] = sorted(key for key in keys - known if not YEAR.fullmatch(key))
    assert not {kind: keys for kind, keys in unexplained.items() if keys}


def test_every_key_of_the_evidence_is_explained() -> None:
    content = tomllib.loads((ROOT / "models/evidence.toml").read_text(encoding="utf-8"))
    keys = {*content, *content["base_rate"], *(key for factor in content["factor"] for key in factor)}
    keys |= {key for strength in content["class"].values() for key in strength}
    assert keys <= explained("Evidence")


def test_every_table_of_the_shipped_mappings_is_named_and_has_a_comment() -> None:
    named = explained("The mappings that travel with the program")
    for file in [*sorted((ROOT / "triage/intake").glob("*/mapping.toml")), ROOT / "triage/intake/words.toml"]:
        text = file.read_text(encoding="utf-8")
        assert tomllib.loads(text).keys() <= named, file
        assert text.startswith("# "), file


def test_a_list_of_tags_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tags.toml"
    file.write_text(
        'format = "police-tags"\nname = "x"\nversion = 1\n[tags]\n"a" = "viral"\n', encoding="utf-8"
    )
    heard: set[str] = set()
    _listen(monkeypatch, heard.update)
    with_own((), [file])
    assert heard
    assert heard <= explained("List of NCMEC's tags")
