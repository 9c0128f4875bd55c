"""The catalogue of features: what each is, in which direction it points, and what that rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.features import compute as c
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from triage.features.view import View

ARRIVAL, ENRICHMENT = Knowable.ARRIVAL, Knowable.ENRICHMENT


@dataclass(frozen=True)
class Feature:
    """One number per case.

    Parameters
    ----------
    name : str
        Column name.
    domain : str
        Report, access to children, contact, material, history, network, money or completeness.
    asserted, denied : str
        Sentences for the analyst. A number's sentence holds ``{}`` for its value; a flag that can never be
        denied has no second sentence.
    asks : str
        What to find out when it is unknown; empty where nobody can.
    unit : str
        ``flag`` (+1 asserted, 0 unknown, -1 denied) or the unit of the number (NaN where unknown).
    sign : int
        +1 or -1 where the evidence gives a direction for current abuse, 0 where it gives none.
    knowable : Knowable
        When it can be known.
    evidence : str
        What the direction rests on.
    compute : callable
        View of a part -> array of float, shape (n_cases,).
    usual : float
        The value of a flag at which it should add nothing: unknown, but where asserted is the rule, asserted.
    """

    name: str
    domain: str
    asserted: str
    denied: str
    asks: str
    unit: str
    sign: int
    knowable: Knowable
    evidence: str
    compute: Callable[[View], NDArray[np.float64]]
    usual: float = 0.0

    @property
    def is_flag(self) -> bool:
        """Whether it is three-valued."""
        return self.unit == "flag"

    def say(self, value: float) -> str:
        """Return the sentence for a value.

        Examples
        --------
        >>> FEATURES["prior_reports"].say(2.0)
        'earlier reports about the person: 2'
        >>> FEATURES["contact_record"].say(0.0)
        'not known: an earlier conviction or allegation of a contact offence'
        """
        if np.isnan(value) or (self.is_flag and value == 0):
            return f"not known: {self.asks or self.asserted.format('…')}"
        if self.is_flag:
            return self.asserted if value > 0 else self.denied
        return self.asserted.format(_short(value))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"


def _flag(
    name: str,
    domain: str,
    sign: int,
    evidence: str,
    compute: Callable[[View], NDArray[np.float64]],
    *,
    asserted: str,
    denied: str = "",
    asks: str = "",
    knowable: Knowable = ARRIVAL,
    usual: float = 0.0,
) -> Feature:
    return Feature(name, domain, asserted, denied, asks, "flag", sign, knowable, evidence, compute, usual)


def _number(
    name: str,
    domain: str,
    sign: int,
    evidence: str,
    compute: Callable[[View], NDArray[np.float64]],
    *,
    asserted: str,
    unit: str,
    asks: str = "",
) -> Feature:
    return Feature(name, domain, asserted, "", asks, unit, sign, ARRIVAL, evidence, compute)


_ALL = (
    _flag(
        "person_reported", "completeness", +1, "own judgement: without a person nobody can be abusing",
        c.person_reported, asserted="a person is reported", asks="who the reported person is", usual=1.0,
    ),
    _flag(
        "escalated", "report", +1, "Australian Federal Police triage study 2021; NCMEC urgent reports",
        c.escalated, asserted="the reporter asks for immediate attention",
        denied="the reporter says it is not urgent",
    ),
    _flag(
        "contact_incident", "report", +1, "KIRAT step 3; CyberTipline incident types",
        c.contact_incident, asserted="reported as enticement, molestation, travel or trafficking",
    ),
    _flag(
        "extortion_or_sadism", "report", +1, "FATF 2025; CyberTipline annotations",
        c.extortion_or_sadism, asserted="labelled sextortion or sadistic exploitation",
    ),
    _flag(
        "solicitation", "report", +1, "CyberTipline annotations",
        c.solicitation, asserted="labelled as asking for abuse material",
    ),
    _flag(
        "contact_channel", "contact", +1, "CASIC; KIRAT step 3",
        c.contact_channel, asserted="contact by chat, game, phone or in person",
    ),
    _flag(
        "minor_counterpart", "contact", +1, "KIRAT step 3; CASIC",
        c.minor_counterpart, asserted="in contact with somebody under 18",
        denied="the other side states to be adult", asks="whether the other side is under 18",
    ),
    _flag(
        "grooming_signs", "contact", +1, "KIRAT step 3 (grooming, incitement)",
        c.grooming_signs, asserted="signs of grooming or of a meeting",
        asks="signs of grooming or of a meeting", knowable=ENRICHMENT,
    ),
    _flag(
        "directs_abuse", "contact", +1, "AUSTRAC and AIC on live-streamed abuse; KIRAT step 3",
        c.directs_abuse, asserted="asks for live abuse, directs it or claims access to a child",
        asks="whether the person asks for live abuse or claims access to a child", knowable=ENRICHMENT,
    ),
    _number(
        "days_since_contact", "contact", -1, "Dutch police: recent material and contact",
        c.days_since_contact, asserted="days from the last contact to the report: {}", unit="days",
        asks="when the last contact was",
    ),
    _flag(
        "child_reachable", "access to children", +1, "CyberTipline victim block; own judgement",
        c.child_reachable, asserted="a particular child is named or can be found",
        asks="whether a particular child can be found",
    ),
    _flag(
        "access_to_others_children", "access to children", +1, "KIRAT step 2; Babchishin 2015",
        c.access_to_others_children, asserted="access to children of others",
        denied="no access to children, as far as checked",
        asks="access to children of friends, neighbours, relatives or at work", knowable=ENRICHMENT,
    ),
    _flag(
        "lives_with_child", "access to children", 0, "Babchishin 2015: no difference; Soldino 2019: reversed",
        c.lives_with_child, asserted="lives with a child", knowable=ENRICHMENT,
    ),
    _flag(
        "works_with_children", "access to children", +1, "CASIC; Babchishin 2015",
        c.works_with_children, asserted="work or a voluntary role with children",
        denied="no work with children", asks="work or a voluntary role with children", knowable=ENRICHMENT,
    ),
    _flag(
        "live_streamed", "material", +1, "CyberTipline file tag; AUSTRAC",
        c.live_streamed, asserted="material was streamed live",
    ),
    _flag(
        "youngest_children", "material", +1, "dark-web survey 2022 (n = 1,546)",
        c.youngest_children, asserted="material with infants or toddlers",
    ),
    _flag(
        "severest_class", "material", +1, "Smid 2014: younger and more extreme material",
        c.severest_class, asserted="material of the severest class",
        denied="no material of the severest class among what was classed", asks="the class of the material",
    ),
    _flag(
        "unknown_material", "material", +1, "Belgian federal police; Dutch police on recency",
        c.unknown_material, asserted="material that no list knows", denied="all material checked is known",
        asks="whether a list knows the material", knowable=ENRICHMENT,
    ),
    _flag(
        "self_produced", "material", 0, "CyberTipline file tag; no effect published",
        c.self_produced, asserted="material that a child seems to have made itself",
    ),
    _flag(
        "viral", "material", -1, "Meta and NCMEC on viral sharing",
        c.viral, asserted="viral or meme material only",
    ),
    _flag(
        "artificial", "material", -1, "IWF 2024",
        c.artificial, asserted="drawn, virtual or generated material only",
    ),
    _number(
        "days_since_upload", "material", -1, "Dutch police: recent material",
        c.days_since_upload, asserted="days from the last upload to the report: {}", unit="days",
        asks="when the files were uploaded",
    ),
    _flag(
        "contact_record", "history", +1, "Smid 2014; KIRAT step 1; Babchishin 2015",
        c.contact_record, asserted="an earlier conviction or allegation of a contact offence",
        denied="no earlier contact offence in the registers",
        asks="an earlier conviction or allegation of a contact offence", knowable=ENRICHMENT,
    ),
    _flag(
        "image_record", "history", +1, "Smid 2014: earlier non-contact sexual offences",
        c.image_record, asserted="an earlier image offence or entry in a register",
        denied="no earlier image offence in the registers", asks="an earlier image offence",
        knowable=ENRICHMENT,
    ),
    _flag(
        "other_record", "history", +1, "Babchishin 2015; Soldino 2019; CPORT",
        c.other_record, asserted="other convictions or a breach of supervision",
        denied="no other convictions in the registers", asks="other convictions", knowable=ENRICHMENT,
    ),
    _number(
        "prior_reports", "history", +1, "Belgian federal police; CyberTipline prior reports",
        c.prior_reports, asserted="earlier reports about the person: {}", unit="reports",
    ),
    _number(
        "reports_in_case", "history", +1, "dark-web survey 2022: frequency of use",
        c.reports_in_case, asserted="reports in this case: {}", unit="reports",
    ),
    _flag(
        "group_member", "network", +1, "dark-web survey 2022; Lincoln 2016",
        c.group_member, asserted="member of a group around such material", denied="not in such a group",
    ),
    _number(
        "days_since_activity", "network", -1, "own judgement: recency of use; no effect published",
        c.days_since_activity, asserted="days from the last activity of an account to the report: {}",
        unit="days",
    ),
    _flag(
        "compromised", "network", -1, "CyberTipline: attribution is weaker",
        c.compromised, asserted="the account may have been taken over",
        denied="the account was not taken over",
    ),
    _flag(
        "direct_sharing", "network", +1, "US arrests 2006: peer-to-peer users",
        c.direct_sharing, asserted="shares directly from person to person",
    ),
    _number(
        "small_payments", "money", +1, "AIC 2021: under AUD 55 every 20 days; FATF 2025",
        c.small_payments, asserted="payments of under 55 euro: {}", unit="payments",
    ),
    _number(
        "days_between_payments", "money", -1, "AIC 2021: under AUD 55 every 20 days",
        c.days_between_payments, asserted="days between payments: {}", unit="days",
    ),
    _flag(
        "batched", "completeness", -1, "CyberTipline batched reports",
        c.batched, asserted="from a bundle of viral reports",
    ),
)  # fmt: skip

FEATURES: dict[str, Feature] = {feature.name: feature for feature in _ALL}


def build_features(view: View, names: Sequence[str]) -> NDArray[np.float64]:
    """Compute features for every case of a part.

    Parameters
    ----------
    view : View
        The part as known at the as-of time of each case.
    names : sequence of str
        Names in the catalogue.

    Returns
    -------
    array of float, shape (n_cases, n_names)
        Flags are +1, 0, -1; numbers are NaN where unknown.
    """
    matrix = np.empty((view.n_cases, len(names)))
    for column, name in enumerate(names):
        matrix[:, column] = FEATURES[name].compute(view)
    return matrix
