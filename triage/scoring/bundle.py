"""A bundle: a folder with a model that is verified before it is read and can do nothing but add and compare.

The model is plain numbers in JSON, so there is no type to construct and no code to run. Verification goes
from the outside in: names and sizes of the files, their hashes, the manifest's versions, then every number
of the model and the direction of every term. A hash shows that the files belong together; it does not show
who made them.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import BundleRefusedError, InputRefusedError
from triage.given import require_kind
from triage.schema.meta import FORMAT_VERSION as SCHEMA_VERSION
from triage.scoring.additive import AdditiveModel, parse_additive
from triage.scoring.calibration import choose_calibration, parse_calibration
from triage.scoring.card import write_card
from triage.scoring.trees_file import parse_trees
from triage.writing import write_folder

if TYPE_CHECKING:
    from triage.scoring.calibration import Calibration
    from triage.scoring.model import Model
    from triage.scoring.trees import TreesModel

BUNDLE_VERSION = 2
MANIFEST = "manifest.json"
CONTENT = ("card.md", "metrics.json", "model.json", "recipe.toml")
LARGEST_FILE = 16_000_000
DEEPEST_JSON = 8
_ADDITIVE, _TREES = "additive", "trees"


@dataclass(frozen=True)
class Bundle:
    """A model, its calibration if there is an honest one, and where it comes from.

    Parameters
    ----------
    model : Model
        The model.
    calibration : Calibration or None
        None where no probability may be shown.
    not_calibrated : str
        Why not.
    about : dict
        What it was trained on.
    metrics : dict
        Its evaluation on the latest period, and what its learner tells.
    """

    model: Model
    calibration: Calibration | None = None
    not_calibrated: str = "this model has no calibration"
    about: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return what it is, in a few lines: the model by itself is a long table."""
        model, curve = self.model, self.calibration
        chance = f"not calibrated: {self.not_calibrated}" if curve is None else f"probability: {curve.note}"
        lines = [f"Bundle {model.name}: {len(model.features)} features, in {model.unit}", f"  {chance}"]
        lines += [
            f"  {name}: {period['cases']:,} cases, {period['positives']:,} positive"
            for name, period in sorted(self.about.get("periods", {}).items(), key=_date)
        ]
        return "\n".join(lines)

    def calibration_for(self, population: str) -> tuple[Calibration | None, str]:
        """Return the calibration if it belongs to the population of a batch, and what to say of it.

        Parameters
        ----------
        population : str
            Where the cases to be scored come from (`triage.schema.meta.BatchMeta.population`).
        """
        return choose_calibration(self.calibration, population, self.not_calibrated)


def _date(period: tuple[str, dict[str, Any]]) -> str:
    return str(period[1]["from_to"])


def save_bundle(path: Path | str, bundle: Bundle, recipe_text: str, *, force: bool = False) -> None:
    """Write a bundle, whole or not at all; the same training gives the same bytes.

    Parameters
    ----------
    path : Path
        The folder to make.
    bundle : Bundle
        What to write.
    recipe_text : str
        The recipe, word for word.
    force : bool
        Replace a bundle that is there.

    Raises
    ------
    InputRefusedError
        The bundle is something else, such as its name.
    OutputExistsError
        The folder exists and `force` is false.
    """
    require_kind(bundle, Bundle, "bundle")
    path = Path(path)
    content = {
        "model.json": _json(
            {
                "kind": _ADDITIVE if isinstance(bundle.model, AdditiveModel) else _TREES,
                "model": bundle.model.as_dict(),
                "calibration": bundle.calibration.as_dict() if bundle.calibration else None,
                "not_calibrated": bundle.not_calibrated,
            }
        ),
        "metrics.json": _json(bundle.metrics, indent=None),
        "recipe.toml": recipe_text,
        "card.md": write_card(bundle),
    }
    with write_folder(path, contents=frozenset({MANIFEST, *CONTENT}), force=force) as folder:
        for name, text in content.items():
            (folder / name).write_text(text, encoding="utf-8")
        manifest = {
            "bundle_version": BUNDLE_VERSION,
            "schema_version": SCHEMA_VERSION,
            "features": bundle.model.features,
            "about": bundle.about,
            "made_with": {
                "python": platform.python_version(),
                **{name: version(name) for name in ("report-triage", "numpy", "scikit-learn", "scipy")},
            },
            "files": {
                name: {
                    "sha256": _sha256((folder / name).read_bytes()),
                    "bytes": (folder / name).stat().st_size,
                }
                for name in CONTENT
            },
        }
        (folder / MANIFEST).write_text(_json(manifest), encoding="utf-8")


def load_bundle(path: Path) -> Bundle:
    """Verify a bundle and read it.

    Raises
    ------
    BundleRefusedError
        Anything is not exactly as a bundle must be; nothing of it was used.
    """
    _check_files(path)
    manifest = _read_json(path / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("bundle_version") != BUNDLE_VERSION:
        raise _refuse(path / MANIFEST, "another version of bundles", f"bundle_version {BUNDLE_VERSION}")
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise _refuse(
            path / MANIFEST, "made for another version of the tables", f"schema_version {SCHEMA_VERSION}"
        )
    _check_hashes(path, manifest.get("files"))
    content = _read_json(path / "model.json")
    try:
        model = _parse_model(content, str(path / "model.json"))
        calibration = parse_calibration(content["calibration"], str(path / "model.json"))
        reason, about, metrics = (
            content["not_calibrated"],
            manifest["about"],
            _read_json(path / "metrics.json"),
        )
        sound = isinstance(reason, str) and isinstance(about, dict) and isinstance(metrics, dict)
    except InputRefusedError as error:
        raise BundleRefusedError(
            error.found, where=error.where, expected=error.expected, mend=_MEND
        ) from None
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise _refuse(
            path / "model.json", f"{type(error).__name__} {error}", "model and calibration"
        ) from None
    if not sound or manifest.get("features") != model.features:
        raise _refuse(path / MANIFEST, "does not describe the model beside it", "the features of the model")
    return Bundle(model, calibration, reason, about, metrics)


_MEND = "take the bundle again from whoever made it, or train it again"


def _refuse(where: Path, found: str, expected: str) -> BundleRefusedError:
    return BundleRefusedError(found, where=str(where), expected=expected, mend=_MEND)


def _check_files(path: Path) -> None:
    if not path.is_dir():
        raise _refuse(path, "no such folder", "a bundle")
    expected = {MANIFEST, *CONTENT}
    found = {entry.name for entry in path.iterdir()}
    if found != expected:
        wrong = ", ".join(sorted(found ^ expected)[:5])
        raise _refuse(path, f"missing or superfluous: {wrong}", ", ".join(sorted(expected)))
    for name in expected:
        file = path / name
        if file.is_symlink() or not file.is_file():
            raise _refuse(file, "not a plain file", "a plain file")
        if file.stat().st_size > LARGEST_FILE:
            raise _refuse(file, f"{file.stat().st_size:,} bytes", f"at most {LARGEST_FILE:,}")


def _check_hashes(path: Path, files: Any) -> None:
    if not isinstance(files, dict) or set(files) != set(CONTENT):
        raise _refuse(path / MANIFEST, "does not list the files", ", ".join(CONTENT))
    for name in CONTENT:
        entry = files[name]
        promised = entry.get("sha256") if isinstance(entry, dict) else None
        if _sha256((path / name).read_bytes()) != promised:
            raise _refuse(path / name, "changed since the bundle was made", "the SHA-256 of the manifest")


def _parse_model(content: Any, where: str) -> AdditiveModel | TreesModel:
    kind = content["kind"]
    if kind == _ADDITIVE:
        return parse_additive(content["model"], where)
    if kind == _TREES:
        return parse_trees(content["model"], where)
    raise ValueError(f"a model of kind {str(kind)[:40]!r}")


def _read_json(file: Path) -> Any:
    try:
        content = json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise _refuse(file, f"cannot be read as JSON ({error})", "JSON") from None
    if _depth(content) > DEEPEST_JSON:
        raise _refuse(file, "nested too deeply", f"at most {DEEPEST_JSON} levels")
    return content


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _depth(content: Any, limit: int = DEEPEST_JSON + 1) -> int:
    if limit == 0 or not isinstance(content, dict | list):
        return 0
    inner = content.values() if isinstance(content, dict) else content
    return 1 + max((_depth(value, limit - 1) for value in inner), default=0)


def _json(content: Any, indent: int | None = 1) -> str:
    return json.dumps(content, indent=indent, sort_keys=True, allow_nan=False) + "\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
