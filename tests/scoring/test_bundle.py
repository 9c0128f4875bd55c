from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.errors import BundleRefusedError, InputRefusedError, OutputExistsError
from triage.scoring.additive import AdditiveModel, Line, flag_steps
from triage.scoring.bundle import Bundle, load_bundle, save_bundle
from triage.scoring.calibration import PlattCalibration
from triage.scoring.card import write_card
from triage.scoring.loading import load_model
from triage.scoring.trees import Tree, TreesModel

MODEL = AdditiveModel(
    "test",
    "log-odds",
    (flag_steps("escalated", -1.0, 0.0, 2.0), Line("prior_reports", 0.5, 1.0, log=True)),
    -3.0,
)
CURVE = PlattCalibration(-0.5, 0.9, 0.01, 0.001, -0.002, 5000, 120, "all cases", "world nl-2017 abc")
BUNDLE = Bundle(
    MODEL,
    CURVE,
    "",
    {"synthetic": True, "population": "world nl-2017 abc", "labels": "truth"},
    {"summary": ["recall 0.5"]},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_bundle(tmp_path / "bundle", BUNDLE, 'kind = "signed-logistic"\n')
    return tmp_path / "bundle"


def test_bundle_comes_back_as_it_was_saved(folder: Path) -> None:
    assert load_bundle(folder) == BUNDLE
    assert load_model(str(folder)) == BUNDLE


def test_bundle_holds_what_a_reader_needs(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == {
        "card.md", "manifest.json", "metrics.json", "model.json", "recipe.toml"
    }  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["features"] == MODEL.features
    assert {"python", "numpy", "report-triage"} <= set(manifest["made_with"])
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    card = (folder / "card.md").read_text()
    assert "synthetic cases, world nl-2017 abc" in card
    assert "Labels: truth." in card
    assert "| escalated |" in card
    assert "recall 0.5" in card


def test_card_says_that_the_figures_are_of_the_model_before_it_was_fitted_again() -> None:
    again = {"cases": 1500, "positives": 40, "from_to": ["2024-01-01", "2024-12-31"]}
    card = write_card(replace(BUNDLE, about=BUNDLE.about | {"fitted_again_on": again}))
    assert "fitted again on all 1,500, 40 positive" in card
    assert "of the model before that" in card
    assert "fitted again" not in write_card(BUNDLE)


def test_same_bundle_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save_bundle(tmp_path / "again", BUNDLE, 'kind = "signed-logistic"\n')
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_existing_bundle_is_not_replaced_unless_asked(folder: Path) -> None:
    with pytest.raises(OutputExistsError):
        save_bundle(folder, BUNDLE, "")
    save_bundle(folder, BUNDLE, "", force=True)


def test_probability_belongs_to_the_population_it_was_calibrated_on() -> None:
    curve, note = BUNDLE.calibration_for("world nl-2017 abc")
    assert curve == CURVE
    assert "synthetic" in note
    for other in ("world nl-2017 changed", "world hotline abc", "agency", "agency 12345678"):
        curve, why = BUNDLE.calibration_for(other)
        assert curve is None
        assert why.startswith("not calibrated here")
    assert Bundle(MODEL).calibration_for("world nl-2017 abc")[0] is None


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None], *, name: str = "model.json") -> None:
    """Change a file and mend the manifest, as somebody who knows the format would."""
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))
    if name != "manifest.json":
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"][name]["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest))


def hostile_changed_byte(folder: Path) -> None:
    content = bytearray((folder / "model.json").read_bytes())
    content[40] ^= 1
    (folder / "model.json").write_bytes(bytes(content))


def hostile_missing_file(folder: Path) -> None:
    (folder / "metrics.json").unlink()


def hostile_extra_file(folder: Path) -> None:
    (folder / "model.skops").write_bytes(b"PK")


def hostile_pickle(folder: Path) -> None:
    (folder / "model.json").write_bytes(b"\x80\x04cposix\nsystem\n(S'touch /tmp/pwned'\ntR.")


def hostile_link(folder: Path) -> None:
    (folder / "recipe.toml").unlink()
    (folder / "recipe.toml").symlink_to("/etc/hostname")


def hostile_path_outside(folder: Path) -> None:
    rewrite(
        folder, lambda m: m["files"].update({"../../etc/passwd": m["files"]["card.md"]}), name="manifest.json"
    )


def hostile_no_hash(folder: Path) -> None:
    rewrite(folder, lambda m: m["files"].update({"card.md": None}), name="manifest.json")


def hostile_other_version(folder: Path) -> None:
    rewrite(folder, lambda m: m.update({"bundle_version": 99}), name="manifest.json")


def hostile_other_schema(folder: Path) -> None:
    rewrite(folder, lambda m: m.update({"schema_version": 99}), name="manifest.json")


def hostile_other_features(folder: Path) -> None:
    rewrite(folder, lambda m: m.update({"features": ["escalated"]}), name="manifest.json")


def hostile_huge_file(folder: Path) -> None:
    with (folder / "card.md").open("ab") as file:
        file.truncate(1 << 33)


def hostile_deep_json(folder: Path) -> None:
    (folder / "manifest.json").write_text("[" * 100_000 + "]" * 100_000)


def hostile_nested_numbers(folder: Path) -> None:
    rewrite(folder, lambda m: m["model"].update({"terms": [[[[[[[[[[]]]]]]]]]]}))


def hostile_nan(folder: Path) -> None:
    rewrite(folder, lambda m: m["model"].update({"intercept": float("nan")}))


def hostile_unknown_feature(folder: Path) -> None:
    rewrite(folder, lambda m: m["model"]["terms"][0].update({"feature": "__import__"}))


def hostile_reversed_term(folder: Path) -> None:
    rewrite(folder, lambda m: m["model"]["terms"][0].update({"values": [2.0, 0.0, -1.0]}))


def hostile_falling_calibration(folder: Path) -> None:
    rewrite(folder, lambda m: m["calibration"].update({"b": -1.0}))


def hostile_garbled_calibration(folder: Path) -> None:
    rewrite(folder, lambda m: m["calibration"].update({"a": "0"}))


def hostile_huge_whole_number(folder: Path) -> None:
    rewrite(folder, lambda m: m["model"].update({"intercept": 10**400}))


def hostile_number_out_of_proportion(folder: Path) -> None:
    rewrite(folder, lambda m: m["model"].update({"intercept": 1e308}))


def hostile_negative_variance(folder: Path) -> None:
    rewrite(folder, lambda m: m["calibration"].update({"variance_a": -5}))


def hostile_population_of_another_type(folder: Path) -> None:
    rewrite(folder, lambda m: m["calibration"].update({"population": ["agency"]}))


def hostile_foreign_calibration_key(folder: Path) -> None:
    rewrite(folder, lambda m: m["calibration"].update({"__class__": "os"}))


def hostile_binary_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"\xff\xfe\x00")


HOSTILE = [value for name, value in sorted(globals().items()) if name.startswith("hostile_")]


@pytest.mark.parametrize("damage", HOSTILE)
def test_hostile_bundle_is_refused_with_what_and_where(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder)
    with pytest.raises(BundleRefusedError) as caught:
        load_bundle(folder)
    assert str(folder) in caught.value.where
    assert caught.value.mend


def test_refused_pickle_did_not_run(folder: Path) -> None:
    hostile_pickle(folder)
    rewritten = hashlib.sha256((folder / "model.json").read_bytes()).hexdigest()
    rewrite(folder, lambda m: m["files"]["model.json"].update({"sha256": rewritten}), name="manifest.json")
    with pytest.raises(BundleRefusedError):
        load_bundle(folder)
    assert not Path("/tmp/pwned").exists()  # noqa: S108 - the very file the pickle would make


@pytest.mark.parametrize("name", ["nowhere", "", "expert2", "nowhere/x.toml"])
def test_model_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(InputRefusedError) as caught:
        load_model(name)
    assert "expert" in caught.value.expected


def test_scoring_by_tables_of_numbers_imports_neither_scikit_learn_nor_scipy_nor_pandas(folder: Path) -> None:
    code = (
        "import sys; from triage.scoring.loading import load_model; import triage.worklist.build;"
        f"load_model({str(folder)!r}); load_model('expert');"
        "print([m for m in ('sklearn', 'scipy', 'pandas', 'matplotlib', 'skops') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.stdout.strip() == "[]"


def test_folder_of_the_same_name_does_not_stand_before_a_shipped_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "expert").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_model("expert").model.unit == "points"


def test_recipe_is_no_model_until_it_is_trained() -> None:
    with pytest.raises(InputRefusedError, match="triage train"):
        load_model("logistic")


def trees_folder(tmp_path: Path) -> Path:
    tree = Tree.of([0, -1, 1, -1, -1], threshold=[0.5, 0, 2.5, 0, 0], value=[0, -1, 1, 1, 2])
    model = TreesModel("t", "log-odds", ("escalated", "prior_reports"), (tree,), 0.5)
    save_bundle(tmp_path / "trees", Bundle(model), 'kind = "boosted"\n')
    return tmp_path / "trees"


def test_bundle_of_trees_scores_as_before_it_was_saved(tmp_path: Path) -> None:
    """By hand: 0.5 + 2 with three reports, 0.5 + 1 with none, 0.5 - 1 where nobody asks for attention."""
    model = load_bundle(trees_folder(tmp_path)).model
    matrix = np.array([[1.0, 3.0], [1.0, 0.0], [0.0, 3.0]])
    assert model.score(model.contributions(matrix)).tolist() == [2.5, 1.5, -0.5]


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update({"kind": "forest"}),
        lambda m: m.update({"kind": "additive"}),
        lambda m: m["model"]["feature"].__setitem__(0, 7),
        lambda m: m["model"]["feature"].__setitem__(1, 0),
        lambda m: m["model"]["feature"].pop(),
        lambda m: m["model"]["value"].__setitem__(1, 10**18),
        lambda m: m["model"].update({"value": [-v for v in m["model"]["value"]]}),
        lambda m: m["model"]["threshold"].__setitem__(0, "0.5"),
        lambda m: m["model"].update({"features": ["escalated", "escalated"]}),
    ],
    ids=["kind", "kind of another", "feature", "no end", "cut short", "huge", "wrong way", "text", "twice"],
)
def test_forged_trees_are_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    folder = trees_folder(tmp_path)
    rewrite(folder, change)
    with pytest.raises(BundleRefusedError):
        load_bundle(folder)


def test_archive_is_no_bundle(tmp_path: Path) -> None:
    """A file that would swell when it is opened is never opened: a bundle is a folder."""
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", b"0" * 10_000_000)
    with pytest.raises(InputRefusedError):
        load_model(str(tmp_path / "bundle.zip"))
