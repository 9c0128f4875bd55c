"""Find the model that a person names: a shipped scorecard, a TOML file or a bundle."""

from __future__ import annotations

from pathlib import Path

from triage.errors import InputRefusedError
from triage.scoring.bundle import Bundle, load_bundle
from triage.scoring.expert import read_scorecard
from triage.shipped import find_shipped, list_shipped

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
    if name in list_shipped("models", "*.toml"):
        return Bundle(read_scorecard(find_shipped("models", f"{name}.toml")), not_calibrated=_NO_CALIBRATION)
    if name and path.is_dir():
        return load_bundle(path)
    if path.is_file():
        return Bundle(read_scorecard(path), not_calibrated=_NO_CALIBRATION)
    raise InputRefusedError(
        "no such model",
        where=name[:200] or "--model",
        expected="expert, the path of a scorecard (.toml), or the folder of a bundle",
        mend="check the spelling or the path; triage train makes a bundle",
    )
