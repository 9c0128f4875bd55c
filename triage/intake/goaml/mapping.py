"""The mapping of goAML words to canonical codes: ``mapping.toml``, and a file of the agency's own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from triage.intake.elements import read_actions
from triage.intake.goaml.money import Rates
from triage.schema.tables import ACCOUNTS, REPORTS, TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from triage.intake.checking import Checking

MAPPING_FILE = Path(__file__).resolve().with_name("mapping.toml")
SENDER, RECEIVER, NEITHER = "sender", "receiver", "neither"
_CHANNELS = TRANSACTIONS["payment_channel"].codes
# Sections of codes in lists, and what the lists may be of.
_CODES = {
    "party_role": (SENDER, RECEIVER, NEITHER),
    "funds": _CHANNELS,
    "transmode": _CHANNELS,
    "account_status": ACCOUNTS["account_status"].codes,
}
_LISTS = {**_CODES, "wrappers": ("names",), "no_date": ("days",)}


@dataclass(frozen=True)
class GoamlMapping:
    """What each word of the format means here.

    Parameters
    ----------
    version : str
        Version of the mapping file, and of the agency's.
    wrappers : frozenset of str
        Roots around several reports, in small letters.
    around : tuple of str
        Elements around those of a report, from the outside in.
    aliases : mapping of str to str
        Other names of the elements of a transaction.
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
    around: tuple[str, ...]
    aliases: Mapping[str, str]
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
def load_mapping() -> GoamlMapping:
    """Return the mapping that travels with the package.

    Examples
    --------
    >>> load_mapping().funds["CRPTC"], load_mapping().child["CSAM1"]
    ('crypto', 'csam')
    """
    return _mapping(_shipped(), {}, str(_shipped()["version"]))


def lay_over(own: Mapping[str, Any], check: Checking) -> GoamlMapping:
    """Return the mapping with an agency's own codes: they are added, and go before what is shipped.

    Parameters
    ----------
    own : mapping of str to object
        Sections of the same shape as the shipped ones.
    check : Checking
        Where they stand, for messages.

    Raises
    ------
    InputRefusedError
        A section or a code that does not exist, or a value of another kind.

    Examples
    --------
    >>> from triage.intake.checking import Checking
    >>> own = {"version": 3, "transmode": {"cash": ["ELCFT"]}}
    >>> mapping = lay_over(own, Checking("own.toml", ""))
    >>> mapping.version, mapping.transmode["ELCFT"], mapping.transmode["SWIFT"]
    ('2+3', 'cash', 'bank')
    """
    check.settings(
        own, ("format", "version", "wrappers", "national", "rates", "indicator", "no_date", *_CODES)
    )
    version = check.version(own.get("version"))
    for section, names in _LISTS.items():
        inner = check.inside(f"[{section}]")
        given = own.get(section, {})
        inner.settings(given, names)
        for name, codes in given.items():
            if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
                raise inner.refused(
                    f"{name} = {codes!r}"[:80], expected='a list of codes, such as ["A", "B"]'
                )
    national, indicator = own.get("national", {}), own.get("indicator", {})
    check.inside("[national]").settings(national, ("zone",))
    if "zone" in national:
        check.inside("[national]").zone(national["zone"])
    check.inside("[indicator]").settings(indicator, ("child", "known"))
    for name, code in _table(check, "[indicator.child]", indicator.get("child", {})).items():
        if code not in REPORTS["incident_type"].codes:
            raise check.inside("[indicator.child]").refused(
                f"{name} = {code!r}"[:80], expected=", ".join(REPORTS["incident_type"].codes)
            )
    try:
        Rates.of(_table(check, "[rates]", own.get("rates", {})))
        list(map(date.fromisoformat, own.get("no_date", {}).get("days", [])))
    except (ArithmeticError, ValueError, TypeError):
        raise check.refused(
            "a rate or a day that is none", expected="USD = { 2025-01-01 = 0.96 }, days as 2025-01-31"
        ) from None
    return _mapping(_shipped(), own, f"{_shipped()['version']}+{version}")


def _shipped() -> dict[str, Any]:
    return tomllib.loads(MAPPING_FILE.read_text(encoding="utf-8"))


def _table(check: Checking, name: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise check.inside(name).refused("no table of settings", expected="NAME = VALUE, one a line")
    return given


def _mapping(shipped: dict[str, Any], own: Mapping[str, Any], version: str) -> GoamlMapping:
    def codes(section: str) -> dict[str, str]:
        return _by_code(shipped[section]) | _by_code(own.get(section, {}))

    def listed(section: str, name: str) -> list[str]:
        return [*shipped[section][name], *own.get(section, {}).get(name, [])]

    indicator = own.get("indicator", {})
    return GoamlMapping(
        version=version,
        wrappers=frozenset(name.lower() for name in listed("wrappers", "names")),
        around=tuple(shipped["around"]["names"]),
        aliases=shipped["aliases"],
        zone=ZoneInfo((shipped["national"] | own.get("national", {}))["zone"]),
        rates=Rates.of(shipped["rates"] | own.get("rates", {})),
        child=shipped["indicator"]["child"] | indicator.get("child", {}),
        known_indicators=frozenset(
            [*shipped["indicator"]["known"]["codes"], *indicator.get("known", {}).get("codes", [])]
        ),
        party_role=codes("party_role"),
        funds=codes("funds"),
        transmode=codes("transmode"),
        account_status=codes("account_status"),
        no_date=frozenset(map(date.fromisoformat, listed("no_date", "days"))),
        elements=read_actions(shipped["elements"]),
    )


def _by_code(groups: Mapping[str, list[str]]) -> dict[str, str]:
    return {code: name for name, codes in groups.items() for code in codes}
