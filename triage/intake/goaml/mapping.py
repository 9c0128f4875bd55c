"""The mapping of goAML words to canonical codes: ``mapping.toml``, and a file of the agency's own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from triage.errors import InputRefusedError
from triage.intake.elements import read_actions
from triage.intake.goaml.money import Rates
from triage.schema.tables import ACCOUNTS, REPORTS, TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

MAPPING_FILE = Path(__file__).resolve().with_name("mapping.toml")
SENDER, RECEIVER, NEITHER = "sender", "receiver", "neither"


@dataclass(frozen=True)
class GoamlMapping:
    """What each word of the format means here.

    Parameters
    ----------
    version : str
        Version of the mapping file, and of the agency's.
    wrappers : frozenset of str
        Roots around several reports, in small letters.
    zone : tzinfo
        Of times without a zone.
    rates : Rates
        What currencies are worth.
    child : mapping of str to str
        Indicator of the exploitation of children -> incident type.
    known_indicators : frozenset of str
        Other indicators that are kept whatever they look like.
    party_role : mapping of str to str
        Role -> ``sender``, ``receiver`` or ``neither``.
    funds, transmode : mapping of str to str
        Code -> payment channel.
    account_status : mapping of str to str
        Code -> account status.
    no_date : frozenset of date
        Days that stand where none is known.
    elements : mapping of str to mapping of str to str
        Group -> element -> ``kept``, ``dropped`` or the name of the group inside.
    """

    version: str
    wrappers: frozenset[str]
    zone: tzinfo
    rates: Rates
    child: Mapping[str, str]
    known_indicators: frozenset[str]
    party_role: Mapping[str, str]
    funds: Mapping[str, str]
    transmode: Mapping[str, str]
    account_status: Mapping[str, str]
    no_date: frozenset[date]
    elements: Mapping[str, Mapping[str, str]]


@cache
def load_mapping(national: Path | None = None) -> GoamlMapping:
    """Return the mapping that travels with the package, with an agency's own file laid over it.

    Parameters
    ----------
    national : Path, optional
        A TOML file of the same shape; what it holds is added, or goes before what is shipped.

    Raises
    ------
    InputRefusedError
        The agency's file cannot be read, or gives a code that does not exist.

    Examples
    --------
    >>> load_mapping().funds["CRPTC"], load_mapping().child["CSAM1"]
    ('crypto', 'csam')
    """
    shipped = tomllib.loads(MAPPING_FILE.read_text(encoding="utf-8"))
    if national is None:
        return _mapping(shipped, str(shipped["version"]))
    try:
        own = tomllib.loads(national.read_text(encoding="utf-8"))
        return _mapping(_lay_over(shipped, own), f"{shipped['version']}+{own.get('version', '?')}")
    except (OSError, UnicodeDecodeError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise InputRefusedError(
            f"cannot be used ({type(error).__name__}: {str(error)[:80]})",
            where=str(national),
            expected="a TOML file in the shape of the shipped goAML mapping (docs/formats/goaml.md)",
        ) from None


def _mapping(content: dict[str, Any], version: str) -> GoamlMapping:
    channels = TRANSACTIONS["payment_channel"].codes
    roles = (SENDER, RECEIVER, NEITHER)
    return GoamlMapping(
        version=version,
        wrappers=frozenset(content["wrappers"]["names"]),
        zone=ZoneInfo(content["national"]["zone"]),
        rates=Rates.of(content["rates"]),
        child=_allowed(content["indicator"]["child"], REPORTS["incident_type"].codes),
        known_indicators=frozenset(content["indicator"]["known"]["codes"]),
        party_role=_by_code(content["party_role"], roles),
        funds=_by_code(content["funds"], channels),
        transmode=_by_code(content["transmode"], channels),
        account_status=_by_code(content["account_status"], ACCOUNTS["account_status"].codes),
        no_date=frozenset(map(date.fromisoformat, content["no_date"]["days"])),
        elements=read_actions(content["elements"]),
    )


def _by_code(groups: Mapping[str, list[str]], allowed: tuple[str, ...]) -> dict[str, str]:
    return _allowed({code: name for name, codes in groups.items() for code in codes}, allowed)


def _allowed(codes: Mapping[str, str], allowed: tuple[str, ...]) -> dict[str, str]:
    for code in codes.values():
        if code not in allowed:
            raise ValueError(f"{code!r} is none of {', '.join(allowed)}")
    return dict(codes)


def _lay_over(shipped: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Add what is the agency's own: its tables go into the shipped ones, its lists behind them."""
    laid = dict(shipped)
    for name, value in own.items():
        if isinstance(value, dict) and isinstance(laid.get(name), dict):
            laid[name] = _lay_over(laid[name], value)
        elif isinstance(value, list) and isinstance(laid.get(name), list):
            laid[name] = [*laid[name], *value]
        else:
            laid[name] = value
    return laid
