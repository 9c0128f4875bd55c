"""How many signs of one kind there are.

Signs of a kind stand for each other, so that ten say less than ten times one; a count lets a model say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.features.of_access import ACCESS
from triage.features.of_contact import CONTACT
from triage.features.of_history import HISTORY
from triage.features.of_material import MATERIAL
from triage.features.of_money import MONEY
from triage.features.of_network import NETWORK
from triage.features.of_person import COMPLETENESS
from triage.features.of_report import REPORT, SOURCE
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from triage.features.feature import Compute, Feature, Floats
    from triage.features.view import View

_SINGLE = {
    feature.name: feature
    for domain in (COMPLETENESS, REPORT, SOURCE, CONTACT, ACCESS, MATERIAL, HISTORY, NETWORK, MONEY)
    for feature in domain
}
_CONTACT = (
    "enticement",
    "sextortion",
    "solicitation",
    "contact_channel",
    "minor_counterpart",
    "secrecy_or_gifts",
    "off_platform_move",
    "meeting",
    "image_threat",
    "directs_abuse",
    "claims_access",
)
_DANGER = (
    "escalated",
    "ongoing_abuse_stated",
    "meeting_stated",
    "child_disclosure",
    "life_in_danger",
    "molestation",
    "trafficking_or_travel",
    "contact_now",
    "blackmailed",
    "in_distress",
)
_ACCESS = (
    "child_mentioned",
    "others_child_mentioned",
    "access_to_others_children",
    "unsupervised_access",
    "works_with_children",
)
_RECORD = ("contact_record", "contact_allegation", "image_record", "register_entry", "supervision_breach")
_MATERIAL = (
    "live_streamed",
    "youngest_children",
    "severest_class",
    "violent_material",
    "unknown_material",
    "unidentified_victim",
)
_PAYMENT = ("small_repeated", "odd_payments", "purpose_mismatch", "rising_payments")
_AGAINST = ("viral", "artificial", "spam", "batched", "compromised", "lawful", "no_severity")

# The flags that each sum counts where they are asserted; all of one direction, which is that of the sum.
COUNTED = {
    "contact_signs": _CONTACT,
    "danger_signs": _DANGER,
    "access_signs": _ACCESS,
    "record_signs": _RECORD,
    "material_signs": _MATERIAL,
    "payment_signs": _PAYMENT,
    "child_signs": (*_CONTACT, *_DANGER, *_ACCESS),
    "all_signs": (*_CONTACT, *_DANGER, *_ACCESS, *_RECORD, *_MATERIAL, *_PAYMENT),
    "signs_against": _AGAINST,
}


def _count(name: str) -> Compute:
    def compute(view: View) -> Floats:
        total = np.zeros(view.n_cases)
        for flag in COUNTED[name]:
            total += view.remember(flag, _SINGLE[flag].compute) > 0
        return total

    return compute


_sums = Domain("sums")


def _of(name: str, what: str, evidence: str, sign: int = +1) -> Feature:
    return _sums.number(
        name, sign, _count(name), f"{what}: {{}}", evidence, unit="signs", knowable=Knowable.EITHER
    )


_STEPS = "the four-step form counts items a step; signs of a kind stand for each other (own judgement)"

SUMS = (
    _of("contact_signs", "signs of contact with a child", _STEPS),
    _of("danger_signs", "signs of danger to a child now", _STEPS),
    _of("access_signs", "signs of access to children", _STEPS),
    _of("record_signs", "kinds of earlier sexual offences", _STEPS),
    _of("material_signs", "signs in the material", _STEPS),
    _of("payment_signs", "signs in the payments", "FATF 2025: no single indicator suffices"),
    _of("child_signs", "signs of contact, danger and access together", _STEPS),
    _of("all_signs", "signs of all kinds together", _STEPS),
    _of("signs_against", "signs that speak against it", "own judgement: each alone clears nobody", -1),
)
