"""What a public function was given where it takes a thing of a certain kind."""

from __future__ import annotations

from pathlib import PurePath

from triage.errors import InputRefusedError, hide_secrets

_LONGEST_SHOWN = 60
# What makes a thing of each kind, and what it is asked with.
_MAKERS = {
    "Batch": ("triage.open_batch", "path"),
    "Bundle": ("triage.load_model", "name"),
    "Policy": ("triage.load_policy", "name"),
    "World": ("triage.load_world", "name"),
}


def require_kind(given: object, kind: type, name: str, *, or_none: bool = False) -> None:
    """Refuse what is not of the kind that a public function takes, such as the name of a thing for the thing.

    Parameters
    ----------
    given : object
        What was given.
    kind : type
        `Batch`, `Bundle`, `Policy` or `World`.
    name : str
        Of the parameter.
    or_none : bool
        Whether it may be left out.

    Raises
    ------
    InputRefusedError
        It is not.

    Examples
    --------
    >>> from triage.scoring.bundle import Bundle
    >>> require_kind("expert", Bundle, "bundle")
    Traceback (most recent call last):
    triage.errors.InputRefusedError: bundle: the text 'expert'; expected a Bundle; ...
    """
    if isinstance(given, kind) or (or_none and given is None):
        return
    maker, asked = _MAKERS[kind.__name__]
    found = f"{type(given).__name__}, not {kind.__name__}"
    if isinstance(given, str | PurePath):
        asked = repr(hide_secrets(str(given))[:_LONGEST_SHOWN])
        found = f"the {'text' if isinstance(given, str) else 'path'} {asked}"
    raise InputRefusedError(
        found, where=name, expected=f"a {kind.__name__}", mend=f"{maker}({asked}) gives one"
    )
