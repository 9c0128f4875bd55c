"""A mapping file says what it is for, and a mistake in it is told before anything is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.intake.police_reports import as_bytes, full
from triage.errors import InputRefusedError
from triage.intake.goaml import GOAML
from triage.intake.importing import FORMATS, import_files
from triage.intake.mapping_files import with_own
from triage.intake.police import POLICE
from triage.intake.tokens import TokenKey

KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)
TAGS = (
    'format = "police-tags"\nname = "tags-of-ours"\nversion = 2\n[tags]\n"Series Of Childia" = "ext:series"\n'
)
SHEET = (
    'format = 1\nname = "mine"\nversion = 1\n[sheet.a]\nmust_have = ["Case"]\nreport = "Case"\n'
    '[sheet.a.reports]\nincident_type = "csam"\n'
)


@pytest.fixture
def write(tmp_path):
    def put(text, name="own.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return put


def test_tables_go_first_and_own_codes_take_the_place_of_the_shipped_reader(write):
    bank = write('format = "goaml"\nversion = 4\n', "bank.toml")
    found = with_own(FORMATS, [bank, write(TAGS, "tags.toml"), write(SHEET)])
    assert [known.name for known in found] == ["sheet mine", *(known.name for known in FORMATS)]
    changed = [known.mapping for known in found[1:] if known not in FORMATS]
    assert changed == [f"{POLICE.mapping}, tags tags-of-ours 2", f"{GOAML.mapping}+4"]


def test_tags_of_the_agency_are_read_and_the_batch_says_by_which_list(write, tmp_path):
    download = tmp_path / "download.json"
    download.write_bytes(as_bytes(full()))
    imported = import_files([download], KEY, RECEIVED, "b", mappings=[write(TAGS)])
    assert imported.part.tables["files"]["file_annotations"].to_pylist()[0] == ["ext:series"]
    assert imported.meta.source_files[0]["mapping"].endswith("tags tags-of-ours 2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no format"),
        ('format = "csv"', "'csv'"),
        ("format = [1]", "[1]"),
        ('format = "police-tags"', "no name"),
        ('format = "police-tags"\nname = "a"\nversion = 1', "no tags"),
        ('format = "police-tags"\nname = "a"\nversion = true\n[tags]', "no version"),
        (TAGS.replace("ext:series", "Jane Doe"), "entry 1"),
        (TAGS.replace('"ext:series"', "7"), "entry 1"),
        (TAGS.replace("[tags]", "[tag]"), "'tags'?"),
        ('format = "goaml"', "no version"),
        ('format = "goaml', "no TOML"),
    ],
)
def test_a_mistake_is_told_with_the_file_and_never_with_what_it_maps(write, text, said):
    with pytest.raises(InputRefusedError) as refused:
        with_own(FORMATS, [write(text)])
    assert said in str(refused.value)
    assert "own.toml" in str(refused.value)
    assert "Jane" not in str(refused.value)


def test_two_files_for_one_reader_are_refused(write):
    with pytest.raises(InputRefusedError, match="a second file for police-tags"):
        with_own(FORMATS, [write(TAGS), write(TAGS, "more.toml")])
