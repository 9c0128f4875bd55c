"""What a world file says of the prosecution, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

KINDS = ("possessor", "maker_or_distributor", "contact")
COURT = ("sentence", "acquittal", "other_court_outcome")
UNCONDITIONAL = ("technical_withdrawal", "policy_withdrawal", "administrative_withdrawal")
DISPOSALS = (
    "transfer",
    *UNCONDITIONAL,
    "conditional_withdrawal",
    "transaction_or_penalty_order",
    "joinder",
    *COURT,
)
INFLOW = "inflow"
ORDERS = ("longest_waiting", "drawn")


@dataclass(frozen=True)
class Referral:
    """What becomes of one kind of outcome.

    Parameters
    ----------
    chance : float
        Probability that the case goes to the prosecution.
    kinds : tuple of float
        Then: probability of each of `KINDS`.
    """

    chance: float
    kinds: tuple[float, ...]


@dataclass(frozen=True)
class Delay:
    """Days from the outcome to the prosecution.

    Parameters
    ----------
    p : tuple of float
        Probability of each band.
    bands : tuple of (float, float)
        From and to, in days; even within a band.
    """

    p: tuple[float, ...]
    bands: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Stock:
    """Cases that wait when the first period begins.

    Parameters
    ----------
    size : float
        Their expected number.
    kinds : tuple of float
        Probability of each of `KINDS`.
    """

    size: float
    kinds: tuple[float, ...]


@dataclass(frozen=True)
class Period:
    """How cases leave, until the next period begins.

    Parameters
    ----------
    name : str
        Short name.
    start : datetime
        First day of a month.
    outflow : float
        Cases a year that the prosecution can dispose of.
    mix : tuple of tuple of float
        One row for each of `KINDS`: probability of each of `DISPOSALS`, before any alternative.
    """

    name: str
    start: datetime
    outflow: float
    mix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Alternative:
    """A disposal that takes the place of the court.

    Parameters
    ----------
    name : str
        Short name.
    to : str
        The disposal under which such cases are counted.
    shares : tuple of tuple of float
        One row for each period: of each of `KINDS`, the share of the cases bound for court that it takes.
    """

    name: str
    to: str
    shares: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Column:
    """A column of the published table.

    Parameters
    ----------
    name : str
        Its head.
    start, end : datetime
        The time that it counts; columns may overlap.
    counts : mapping of str to int
        Inflow, and each of `DISPOSALS`.
    """

    name: str
    start: datetime
    end: datetime
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Plan:
    """The prosecution of a world.

    Parameters
    ----------
    cases : int
        Number of cases, opened or not, for which the size of the stock and the outflow hold.
    order : str
        Who leaves first: "longest_waiting", or "drawn" evenly from the stock.
    referrals : mapping of str to Referral
        Kind of outcome -> what becomes of it; a kind that is not named never goes to the prosecution.
    delay : Delay
        From the outcome to the prosecution.
    stock : Stock
        What waits at the start of the first period.
    periods : tuple of Period
        Ascending.
    alternatives : tuple of Alternative
        What can take the place of the court.
    alternatives_on : bool
        Whether it does; if not, these cases go to court.
    published : tuple of Column
        What is known of it.
    """

    cases: int
    order: str
    referrals: Mapping[str, Referral]
    delay: Delay
    stock: Stock
    periods: tuple[Period, ...]
    alternatives: tuple[Alternative, ...]
    alternatives_on: bool
    published: tuple[Column, ...] = ()
