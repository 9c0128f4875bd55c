"""Find the model that a person names: a shipped scorecard, a TOML file or a bundle."""

from __future__ import annotations

from pathlib import Path

from triage.errors import InputRefusedError
from triage.scoring.bundle import MANIFEST, Bundle, load_bundle
from triage.scoring.expert import read_scorecard
from triage.scoring.recipe import find_model_file

_NO_CALIBRATION = "points, not calibrated on outcomes"


def load_model(name: str) -> Bundle:
    """Load a model by the name of a shipped scorecard, the path of a TOML scorecard, or that of a bundle.

    Parameters
    ----------
    name : str
        For example ``expert`` or ``bundles/2017``.

    Raises
    ------
    InputRefusedError
        There is no such model, or it was refused.

    Examples
    --------
    >>> load_model("expert").model.unit
    'points'
    """
    path = Path(name)
    if path.is_dir() or (path / MANIFEST).exists():
        return load_bundle(path)
    if path.suffix == ".toml" or path.is_file():
        if not path.is_file():
            raise InputRefusedError("no such file", where=name, expected="a scorecard", mend="check the path")
        return Bundle(read_scorecard(path), not_calibrated=_NO_CALIBRATION)
    return Bundle(read_scorecard(find_model_file(name)), not_calibrated=_NO_CALIBRATION)
