"""Each notebook is read without outputs, uses the public interface alone, and runs from top to bottom."""

from __future__ import annotations

import ast
import hashlib
import os
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

import triage

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# A run is kept here, from where the site shows it, and is not run again until something that it rests on has changed.
RUNS = ROOT / "build" / "notebooks"
LIBRARIES = ("matplotlib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
IMPORTED = frozenset({"matplotlib", "numpy", "pandas", "pathlib", "pyarrow", "sklearn", "tempfile", "triage"})
# Figures are looked at when the notebook shows them: 16 cm wide, the text of a page, with letters of 9 points or more.
SET_UP = """
import warnings
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.text import Text

for module in ("triage", "__main__"):
    warnings.filterwarnings("error", module=module)
shown, complaints = 0, []


def check_axes(ax):
    for axis in (ax.xaxis, ax.yaxis):
        names = [label.get_text() for label in axis.get_ticklabels() if label.get_text()]
        named = any(not name.replace("\\N{MINUS SIGN}", "-").strip("-.,0123456789 %") == "" for name in names)
        if not (axis.get_label_text() or named):
            complaints.append(f"figure {shown}: no label on an axis")
    if not (ax.get_title() or ax.get_title("left")):
        complaints.append(f"figure {shown}: axes without a title")


def look(canvas, *arguments, _print=FigureCanvasBase.print_figure, **options):
    global shown
    if canvas.manager is None:  # of a page that is written, not shown
        return _print(canvas, *arguments, **options)
    shown += 1
    figure = canvas.figure
    written = _print(canvas, *arguments, **options)
    for ax in figure.axes:
        if ax.get_label() != "<colorbar>":
            check_axes(ax)
    scale = min(1, 16 / 2.54 / figure.get_figwidth())
    small = {
        text.get_text() for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and text.get_fontsize() * scale < 8.95
    }
    if small:
        complaints.append(f"figure {shown}: too small on a page 16 cm wide: {sorted(small)[:3]}")
    return written


FigureCanvasBase.print_figure = look
"""
CHECK = "assert not complaints, complaints\nprint(shown)"


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_of(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def prose_of(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


@cache
def digest_house() -> str:
    """Return a digest of all that every run rests on."""
    whole = hashlib.sha256(f"{SET_UP}{CHECK}{[version(name) for name in LIBRARIES]}".encode())
    for room in ("triage", "models", "synthetic_data"):
        for file in sorted((ROOT / room).rglob("*")):
            if file.is_file() and file.suffix not in {".pyc", ".md"}:
                whole.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return whole.hexdigest()


def digest(path: Path) -> str:
    return hashlib.sha256(digest_house().encode() + path.read_bytes()).hexdigest()


def is_kept(path: Path) -> bool:
    run = RUNS / path.name
    return run.exists() and read(run).metadata.get("rests_on") == digest(path)


def keep(path: Path, cells: list[NotebookNode]) -> None:
    """Keep a run, the notebook with its outputs, whole or not at all."""
    run = read(path)
    run.cells = cells
    run.metadata["rests_on"] = digest(path)
    RUNS.mkdir(parents=True, exist_ok=True)
    partial = RUNS / f"{path.name}.{os.getpid()}"
    nbformat.write(run, partial)
    partial.replace(RUNS / path.name)


def files_of_the_project() -> set[Path]:
    kept = (ROOT / folder for folder in ("docs", "models", "notebooks", "synthetic_data"))
    return {path for folder in kept for path in folder.rglob("*") if ".ipynb_checkpoints" not in path.parts}


each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_notebooks_are_numbered_from_1_on() -> None:
    assert [int(path.stem[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))


@each
def test_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = read(path).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") or cell.metadata for cell in cells)


@each
def test_cells_keep_their_names_in_every_version(path: Path) -> None:
    cells = read(path).cells
    assert [cell.id for cell in cells] == [f"cell-{number:02d}" for number in range(len(cells))]


@each
def test_notebook_begins_with_a_title_and_says_that_its_data_are_synthetic(path: Path) -> None:
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# \S", first.source)
    assert not any(re.match(r"# \S", text) for text in prose_of(path)[1:])
    assert "synthetic" in " ".join(prose_of(path)[:2]).lower()


@each
def test_lines_of_prose_fit_a_screen(path: Path) -> None:
    long = [line for text in prose_of(path) for line in text.splitlines() if len(line) > 120]
    assert not [line for line in long if not line.startswith(("$$", "|"))]


@each
def test_notebook_imports_nothing_but_the_public_interface(path: Path) -> None:
    for node in ast.walk(ast.parse("\n".join(code_of(path)))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            assert {name.split(".")[0] for name in names} <= IMPORTED
            assert not [name for name in names if name.startswith("triage.")]
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.module.split(".")[0] in IMPORTED - {"triage"}


@each
def test_notebook_uses_public_names_alone(path: Path) -> None:
    code = "\n".join(code_of(path))
    used = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "triage"
    }
    assert used
    assert used <= set(triage.__all__)
    private = [
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_")
    ]
    assert not private
    assert "sys.path" not in code


def execute(cells: list[str | NotebookNode], folder: Path) -> list[NotebookNode]:
    """Run cells in a kernel of their own, with the eyes of `SET_UP`."""
    new = nbformat.v4.new_code_cell
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [new(cell) if isinstance(cell, str) else cell for cell in (SET_UP, *cells)]
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return list(notebook.cells)


# The kernel's own libraries warn of their age; that is not what is tried here.
@pytest.mark.filterwarnings("default")
def test_a_drawing_that_says_too_little_or_too_small_is_seen(tmp_path: Path) -> None:
    bare = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2]);"
    sound = "fig, ax = plt.subplots()\nax.bar(['a', 'b'], [1, 2])\nax.set(title='t', ylabel='cases');"
    small = "fig, ax = plt.subplots(figsize=(18, 4))\nax.set(title='t', xlabel='x', ylabel='y');"
    *_, told = execute([bare, sound, small, "print(complaints)"], tmp_path)
    complaints = ast.literal_eval(told.outputs[0].text)
    assert [text.partition(":")[0] for text in complaints] == ["figure 1"] * 3 + ["figure 3"]
    assert "too small" in complaints[-1]


@pytest.mark.filterwarnings("default")
@each
def test_notebook_runs_from_top_to_bottom(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_kept(path):
        return
    work, scratch = tmp_path / "work", tmp_path / "scratch"
    work.mkdir()
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    before = files_of_the_project()
    cells = execute([*read(path).cells, CHECK], work)
    pictures = [
        out for cell in cells for out in cell.get("outputs", []) if "image/png" in out.get("data", {})
    ]
    assert int(cells[-1].outputs[0].text) == len(pictures) > 0
    assert not list(work.iterdir())
    assert files_of_the_project() == before
    keep(path, cells[1:-1])
