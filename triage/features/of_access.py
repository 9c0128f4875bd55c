"""Access to children: those that a report mentions, and those that registers show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.schema.declare import Knowable
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from triage.features.feature import Compute, Feature, Floats
    from triage.features.kernels import Mask
    from triage.features.view import Rows, View

_OTHERS = ("other_family", "carer_or_teacher", "neighbour_or_acquaintance")
_PARENTAL = ("parent", "step_or_partner", "household")
_OWN = (*_PARENTAL, "sibling")
_SOME_ACCESS = ("lives_with", "unsupervised", "supervised", "online", "unspecified")
_CRISIS = TABLES["children"]["crisis_code"].codes
_MIDDLE = {"0-2": 1.5, "3-6": 5.0, "7-10": 9.0, "11-13": 12.5, "14-15": 15.0, "16-17": 17.0}


def child_mentioned(view: View) -> Floats:
    """Whether a report itself mentions a particular child; a child that a register shows does not count."""
    rows = view.children_of_reports
    return rows.flag(np.ones(len(rows), dtype=bool))


def own_child_mentioned(view: View) -> Floats:
    """Whether a report itself mentions a child of the household."""
    rows = view.children_of_reports
    own = rows.is_code("relation_to_suspect", *_OWN) | rows.is_code("access_level", "lives_with")
    return rows.flag(own, rows.is_code("relation_to_suspect", *_OTHERS, "online_only"))


def others_child_mentioned(view: View) -> Floats:
    """Whether a report itself mentions a child of others whom the person can reach."""
    rows = view.children_of_reports
    others = rows.is_code("relation_to_suspect", *_OTHERS) & ~rows.is_code("access_level", "none")
    own = rows.is_code("relation_to_suspect", "online_only", *_PARENTAL)
    return rows.flag(others, own | rows.is_code("access_level", "none"))


def mentioned_child_age(view: View) -> Floats:
    """Return the middle of the age band of the youngest child that a report mentions."""
    rows = view.children_of_reports
    return rows.smallest(rows.translate("age_band", _MIDDLE))


def access_to_others_children(view: View) -> Floats:
    """Whether there is access to children of others; denied where every access coded is none."""
    rows = view.children
    none = rows.is_code("access_level", "none")
    others = rows.is_code("relation_to_suspect", "sibling", *_OTHERS) & ~none
    own = rows.is_code("relation_to_suspect", *_PARENTAL)
    alone = rows.is_code("access_level", "unsupervised") & ~own
    return _unless(rows.flag(others | alone, none), rows.is_code("access_level", *_SOME_ACCESS), rows)


def unsupervised_access(view: View) -> Floats:
    """Whether the person can be alone with a child; denied where all access coded is less."""
    rows = view.children
    told = rows.flag(
        rows.is_code("access_level", "unsupervised"),
        rows.is_code("access_level", "supervised", "none", "online"),
    )
    return _unless(told, rows.is_code("access_level", "lives_with", "unspecified"), rows)


def lives_with_child(view: View) -> Floats:
    """Whether the person lives with a child."""
    return view.children.flag(view.children.is_code("access_level", "lives_with"))


def works_with_children(view: View) -> Floats:
    """Whether the person has work or a role with children."""
    told = view.persons.flag_of("child_facing_role")
    carer = view.children.any(view.children.is_code("relation_to_suspect", "carer_or_teacher"))
    return np.where(carer, 1.0, told)


def _unless(told: Floats, leaves_open: Mask, rows: Rows) -> Floats:
    """Return a flag that is not denied where a row leaves it open."""
    return np.where((told < 0) & rows.any(leaves_open), 0.0, told)


def _crisis(*codes: str) -> Compute:
    """Return a flag: asserted by such a code of a child, denied where only others, or none, were coded."""

    def compute(view: View) -> Floats:
        rows = view.children
        return rows.flag(rows.has("crisis_code", *codes), rows.has("crisis_code", *_CRISIS))

    return compute


_access = Domain("access to children")


def _in_crisis(name: str, codes: tuple[str, ...], what: str, evidence: str) -> Feature:
    return _access.flag(
        name,
        +1,
        _crisis(*codes),
        f"a child {what}",
        evidence,
        denied=f"no child {what}, as far as coded",
        asks=f"whether a child {what}",
        knowable=Knowable.ENRICHMENT,
    )


_KIRAT = "KIRAT step 2; Babchishin 2015"

ACCESS = (
    _access.flag(
        "child_mentioned",
        +1,
        child_mentioned,
        "the report mentions a particular child",
        "CyberTipline and police formats: a concrete child; own judgement",
    ),
    _access.flag(
        "own_child_mentioned",
        0,
        own_child_mentioned,
        "the report mentions a child of the household",
        "Babchishin 2015: no difference; Soldino 2019: reversed; told by a reporter it may mean more",
        denied="the child that is mentioned is not of the household",
        asks="what the person is to the child",
        knowable=Knowable.EITHER,
    ),
    _access.flag(
        "others_child_mentioned",
        +1,
        others_child_mentioned,
        "the report mentions a child of others within reach",
        _KIRAT,
        denied="the child that is mentioned is not one of others within reach",
        asks="what the person is to the child",
        knowable=Knowable.EITHER,
    ),
    _access.number(
        "mentioned_child_age",
        0,
        mentioned_child_age,
        "age of the child that is mentioned, in years: {}",
        "no effect published",
        unit="years",
        knowable=Knowable.EITHER,
        asks="how old the child is",
    ),
    _in_crisis(
        "contact_now", ("in_contact_now",), "is in contact with the person now", "NCMEC urgent reports"
    ),
    _in_crisis("blackmailed", ("blackmail_active",), "is being blackmailed", "FATF 2025 on sextortion"),
    _in_crisis(
        "in_distress",
        ("self_harm_or_suicide", "missing", "medical"),
        "is in distress or missing",
        "NCMEC urgent reports",
    ),
    _access.flag(
        "access_to_others_children",
        +1,
        access_to_others_children,
        "access to children of others",
        _KIRAT,
        denied="no access to children, as far as checked",
        asks="access to children of friends, neighbours, relatives or at work",
        knowable=Knowable.EITHER,
    ),
    _access.flag(
        "unsupervised_access",
        +1,
        unsupervised_access,
        "can be alone with a child",
        _KIRAT,
        denied="never alone with a child, as far as checked",
        asks="whether the person can be alone with a child",
        knowable=Knowable.EITHER,
    ),
    _access.flag(
        "lives_with_child",
        0,
        lives_with_child,
        "lives with a child",
        "Babchishin 2015: no difference; Soldino 2019: reversed",
        knowable=Knowable.EITHER,
    ),
    _access.flag(
        "works_with_children",
        +1,
        works_with_children,
        "work or a voluntary role with children",
        "CASIC; Babchishin 2015",
        denied="no work with children",
        asks="work or a voluntary role with children",
        knowable=Knowable.EITHER,
    ),
)
