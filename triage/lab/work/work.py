"""Hours, success and findings of investigations, by what the agency knows of a case."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from scipy.special import ndtri

from triage.lab.trace import NO, UNDETERMINED, YES
from triage.schema.tables import PERSONS

# The last is what index -1 finds.
IDENTITIES = (*PERSONS["identity_level"].codes, "nobody")
LAWS = ("lognormal", "exponential", "fixed")


@dataclass(frozen=True)
class Hours:
    """How many hours an average experienced detective needs.

    Parameters
    ----------
    mean : tuple of float
        By how well the person is identified, in the order of `IDENTITIES`.
    spread : float
        Standard deviation over the mean, of the lognormal law.
    a_version : float
        What each thing learned after the first report adds, as a share of the mean.
    most_versions : int
        No more of them add.
    youth : float
        Share of these hours that a case of lane youth takes: a child to protect, not an investigation.
    law : str
        ``lognormal``; ``exponential`` and ``fixed`` are for comparison with formulas of queues.
    """

    mean: tuple[float, ...]
    spread: float = 1.0
    a_version: float = 0.0
    most_versions: int = 0
    youth: float = 1.0
    law: str = "lognormal"

    def draw(self, identity: int, learned: int, luck: float) -> float:
        """Return the hours of an investigation.

        Parameters
        ----------
        identity : int
            Index into `IDENTITIES`.
        learned : int
            What was learned after the first report.
        luck : float
            Even from 0 to 1; more luck, more hours.

        Examples
        --------
        >>> Hours((100.0,) * 6, law="fixed", a_version=0.1, most_versions=5).draw(0, 2, 0.5)
        120.0
        """
        mean = self.expect(identity, learned)
        if self.law == "fixed":
            return mean
        if self.law == "exponential":
            return -mean * math.log1p(-luck)
        variance = math.log1p(self.spread**2)
        return mean * math.exp(math.sqrt(variance) * float(ndtri(luck)) - variance / 2)

    def expect(self, identity: int, learned: int = 0) -> float:
        """Return the mean hours."""
        return self.mean[identity] * (1.0 + self.a_version * min(learned, self.most_versions))


@dataclass(frozen=True)
class Success:
    """How likely an investigation finds abuse that goes on.

    Parameters
    ----------
    chance : tuple of float
        With fresh evidence, by how well the person is identified, in the order of `IDENTITIES`.
    half_life_days : float
        Of the chance, from the first report to the opening; infinity where age does not matter.
    gone : float
        Factor once the sender may have deleted what it held.
    """

    chance: tuple[float, ...]
    half_life_days: float = math.inf
    gone: float = 1.0

    def find(self, identity: int, days: float, *, gone: bool, skill: float = 1.0) -> float:
        """Return the chance.

        Parameters
        ----------
        identity : int
            Index into `IDENTITIES`.
        days : float
            From the first report to the opening.
        gone : bool
            Whether the sender may have deleted what it held before the opening.
        skill : float
            Factor on the odds.

        Examples
        --------
        >>> Success((0.8,) * 6, half_life_days=100, gone=0.5).find(0, 100.0, gone=True)
        0.2
        """
        chance = self.chance[identity] * 0.5 ** (days / self.half_life_days) * (self.gone if gone else 1.0)
        if chance >= 1.0:
            return 1.0
        return float(skill * chance / (1.0 - chance + skill * chance))


@dataclass(frozen=True)
class Findings:
    """What an agency believes after an investigation that found no abuse: there was none, or it was missed.

    Parameters
    ----------
    invented : float
        Chance of ``yes`` where no child is being abused.
    undetermined : float
        Chance of ``undetermined`` where no child is being abused.
    undetermined_missed : float
        The same where abuse goes on and was not found; the rest are ``no``.
    """

    invented: float = 0.0
    undetermined: float = 0.0
    undetermined_missed: float = 0.0

    def label(self, luck: float, *, abused: bool, found: bool) -> int:
        """Return the label, as index into `triage.lab.trace.LABELS`.

        Examples
        --------
        >>> findings = Findings(invented=0.1, undetermined=0.2)
        >>> [findings.label(luck, abused=False, found=False) for luck in (0.05, 0.25, 0.35)]
        [1, 2, 0]
        """
        if abused:
            if found:
                return YES
            return UNDETERMINED if luck < self.undetermined_missed else NO
        if luck < self.invented:
            return YES
        return UNDETERMINED if luck < self.invented + self.undetermined else NO


@dataclass(frozen=True)
class Referral:
    """Cases that are sent abroad.

    Parameters
    ----------
    days : float
        From when a case is known to be foreign until it is sent.
    hours : float
        Spent on it, by a desk that opens no cases.
    abroad : float
        Share of the persons who are abroad with the child, beside those of whom the world tells it.
    known_days : float
        From the first report of a case about one of them until that is known.
    success : float
        Factor on the chance that an investigation at home finds abuse that goes on with one of them.
    """

    days: float = 7.0
    hours: float = 0.0
    abroad: float = 0.0
    known_days: float = 0.0
    success: float = 1.0


@dataclass(frozen=True)
class Alternatives:
    """Warning talks, conditions and the like, for identified persons of low risk.

    Parameters
    ----------
    after_days : float
        A case waits so long for more to be learned.
    hours : float
        Spent on one, by a desk that opens no cases.
    a_week : float
        How many that desk can do in a week; with no end where infinite.
    identities : tuple of str
        Of `IDENTITIES`: how well the person must be identified.
    """

    after_days: float = 30.0
    hours: float = 0.0
    a_week: float = math.inf
    identities: tuple[str, ...] = ("named", "civil_identity")


@dataclass(frozen=True)
class Work:
    """What an investigation costs and finds.

    Parameters
    ----------
    name : str
        For tables and titles.
    hours : Hours
        Of an investigation.
    success : Success
        Of an investigation, where abuse goes on.
    findings : Findings
        Where nothing was found.
    referral : Referral
        Abroad.
    alternatives : Alternatives
        To an investigation.
    prosecuted : tuple of float
        Chance that a case goes to the prosecution, by label: no, yes, undetermined.
    """

    name: str
    hours: Hours
    success: Success
    findings: Findings = field(default_factory=Findings)
    referral: Referral = field(default_factory=Referral)
    alternatives: Alternatives = field(default_factory=Alternatives)
    prosecuted: tuple[float, float, float] = (0.0, 1.0, 0.0)
