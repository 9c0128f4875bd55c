"""`import triage` gives names and costs nothing until one is used."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import triage

ROOT = Path(__file__).parents[1]
HEAVY = ["matplotlib", "numpy", "pandas", "pyarrow", "rich", "scipy", "sklearn", "sqlalchemy"]


def loaded_by(code: str) -> set[str]:
    """Return which heavy libraries a fresh interpreter has after some code."""
    asked = f"import sys\n{code}\nimport json; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_loads_no_library() -> None:
    assert loaded_by("import triage; dir(triage)") == set()


@pytest.mark.parametrize("line", [["--help"], ["--version"], ["score", "--help"], ["import", "--help"]])
def test_help_loads_no_library(line: list[str]) -> None:
    code = f"from triage.cli import main\ntry:\n    main({line})\nexcept SystemExit:\n    pass"
    assert loaded_by(code) == set()


def test_a_name_is_loaded_when_it_is_used() -> None:
    assert "numpy" in loaded_by("import triage; triage.evaluate")


def test_everything_promised_by_the_package_is_there() -> None:
    assert set(triage.__all__) == set(triage._HOME)
    assert triage.__all__ == sorted(
        triage.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    for name in triage.__all__:
        assert getattr(triage, name).__class__.__name__ in {"function", "type", "dict", "ABCMeta"}
    with pytest.raises(AttributeError):
        _ = triage.nonsense


def test_every_public_name_says_what_it_is_for() -> None:
    for name in triage.__all__:
        thing = getattr(triage, name)
        if callable(thing):
            assert thing.__doc__.splitlines()[0].endswith("."), name


def test_every_public_name_is_used_in_a_notebook_or_on_a_page() -> None:
    """What nobody shows is not offered. The pages that list names, or tell of old ones, show nothing."""
    pages = {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("synthetic_data/*.md")}
    pages -= {ROOT / "CHANGELOG.md", ROOT / "docs/reference.md"}
    text = " ".join(page.read_text(encoding="utf-8") for page in {*pages, *ROOT.glob("notebooks/*.ipynb")})
    assert not [name for name in triage.__all__ if not re.search(rf"triage\.{name}\b", text)]


def test_every_public_name_has_a_room_on_the_reference_page() -> None:
    page = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^<!-- names in ([a-z.]+) -->$", page, flags=re.MULTILINE)
    for name in triage.__all__:
        home = getattr(getattr(triage, name), "__module__", triage._HOME[name])
        assert any(f"{home}.".startswith(f"{room}.") for room in rooms), name


def test_every_class_that_a_public_function_returns_has_its_place_on_the_reference_page() -> None:
    page = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    places = re.findall(r"^<!-- returned: (.+) -->$", page, flags=re.MULTILINE)
    shown = [path.rpartition(".") for place in places for path in place.split(", ")]
    assert all(inspect.isclass(getattr(import_module(home), name)) for home, _, name in shown)
    known = {name for _, _, name in shown} | {*triage.__all__, "None", "Path"}
    for name in triage.__all__:
        thing = getattr(triage, name)
        if inspect.isfunction(thing):
            # What stands after a dot is of another library, such as pa.Table.
            returned = set(re.findall(r"(?<![\w.])[A-Z]\w+", thing.__annotations__["return"]))
            assert returned <= known, name
