"""The facts in the sentences, by hand; and that they never say other than the feature does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from triage.features.catalogue import FEATURES, find_feature
from triage.features.telling import FACTS, tell, tell_facts
from triage.features.view import View
from triage.schema.part import Part

LATE = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def told(one_case, part_of) -> Callable[..., str]:
    """Tell one feature of one case with the facts in it."""

    def sentence(name: str, **tables: Any) -> str:
        view = look_at(part_of(one_case("c", **tables)))
        value = float(view.remember(name, find_feature(name).compute)[0])
        return tell(name, value, tell_facts(name, view, np.array([0]))[0].as_py())

    return sentence


def look_at(part: Part) -> View:
    return View(part, np.full(len(part.cases), LATE))


def paid(day: int, euro: float) -> dict[str, str]:
    return {"executed_at": f"2024-02-{day:02}", "amount_eur": f"{-euro}"}


SENTENCES = [
    ("small_payments", {"transactions": [paid(1, 20), paid(10, 30), paid(19, 200)]},
     "payments of under 55 euro: 2, of 3 in all, 9.0 days apart"),
    ("payments", {"transactions": [paid(1, 20)]}, "outgoing payments: 1, 1 of under 55 euro"),
    ("days_since_payment", {"transactions": [paid(10, 20)]},
     "days from the last payment to the report: 20, on 2024-02-10"),
    ("reported_age", {"persons": [{"age_band": "25-39"}]},
     "age that the reported person states, in years: 25 to 39"),
    ("reported_minor", {"persons": [{"age_band": "60+"}]},
     "the reported person states to be adult: 60 or older"),
    ("person_reported", {"persons": [{"identity_level": "handle"}]}, "a person is reported: known by a handle"),
    ("depicted_age", {"files": [{"youngest_age_band": "16-17"}, {"youngest_age_band": "prepubescent"}]},
     "age of the youngest child shown, in years: prepubescent"),
    ("sender_priority", {"reports": [{"source_priority": "P1"}, {"source_priority": "P3"}]},
     "priority that the sender gives, of 3: 3 (P1)"),
    ("severest_class", {"files": [{"severity_class": "A1"}, {"severity_class": "B2"}, {}]},
     "material of the severest class: 1 of 2 files"),
    ("severest_class", {"files": [{"severity_class": "B2"}]},
     "no material of the severest class among what was classed: 1 file"),
    ("unknown_material", {"files": [{"hash_status": "exact_known"}] * 2 + [{"hash_status": "no_match"}]},
     "material that no list knows: 1 of 3 files"),
    ("share_viral", {"files": [{"file_annotations": ["viral"]}, {}]},
     "50 percent of the files are viral or meme, 1 of 2 files"),
    ("contact_record", {"prior_records": [{"record_kind": "contact_conviction", "recorded_at": "2012-05-01"}]},
     "an earlier conviction for a contact offence: of 2012-05-01"),
    ("image_record", {"prior_records": [{"record_kind": "image_conviction", "recorded_at": "2012-05-01"},
                                        {"record_kind": "image_conviction"}]},
     "an earlier image offence: 2 records, the latest of 2012-05-01"),
    ("contact_record", {"prior_records": [{"record_kind": "none_found"}]},
     "no earlier conviction for a contact offence in the registers"),
    ("secrecy_or_gifts", {"communications": [{"contact_codes": ["gifts"]}, {"contact_codes": []}, {}]},
     "threads show secrecy or gifts: gifts, 1 of 2 threads"),
    ("minor_counterpart", {"communications": [{"counterpart_is_minor": "asserted"}]},
     "in contact with somebody under 18: 1 thread"),
    ("child_mentioned", {"children": [{"age_band": "7-10", "relation_to_suspect": "neighbour_or_acquaintance"}]},
     "the report mentions a particular child: 7 to 10, neighbour or acquaintance"),
    ("in_distress", {"children": [{"crisis_code": ["missing"]}]}, "a child is in distress or missing: missing"),
    ("contact_channel", {"reports": [{"channels": ["chat", "web", "phone"]}]},
     "contact by chat, game or phone: chat and phone"),
    ("escalated", {"reports": [{"escalated_by_reporter": "asserted"}, {}]},
     "the reporter asks for immediate attention: 1 of 2 reports"),
    ("escalated", {"reports": [{"escalated_by_reporter": "asserted"}]},
     "the reporter asks for immediate attention"),
    ("days_of_reports", {}, "days from the first report to the latest: 0, a single report"),
    ("group_member", {}, "not stated: member of a group around such material"),
    ("days_since_opening", {}, "not known: days since the oldest account was opened"),
    ("share_viral", {}, "not known: what share of the files are viral or meme"),
    ("contact_record", {}, "not known: an earlier conviction for a contact offence"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tables", "sentence"), SENTENCES)
def test_sentence_tells_the_facts(told, name: str, tables: dict[str, Any], sentence: str) -> None:
    assert told(name, **tables) == sentence


def test_only_features_of_the_catalogue_have_facts() -> None:
    assert set(FACTS) <= set(FEATURES)


def test_every_fact_can_be_told_of_rich_and_of_bare_cases(rich_part, one_case, part_of) -> None:
    """Whatever stands in the rows, each case gets one text, that no list of reasons can be broken by."""
    for view in (look_at(rich_part), look_at(part_of(one_case("c")))):
        for name in FACTS:
            texts = tell_facts(name, view, np.arange(view.n_cases)).to_pylist()
            assert len(texts) == view.n_cases
            assert not [text for text in texts if "; " in text or "nan" in text.split() or "{" in text]


def test_facts_of_some_cases_are_those_of_all(rich_part) -> None:
    view = look_at(rich_part)
    for name in FACTS:
        assert tell_facts(name, view, np.array([1])) == tell_facts(name, view, np.arange(2))[1:]


def test_what_is_not_yet_known_is_not_told(one_case, part_of) -> None:
    record = {"record_kind": "contact_conviction", "recorded_at": "2012-05-01", "known_at": "2024-05-01"}
    part = part_of(one_case("c", prior_records=[record]))
    early = View(part, np.array([int(datetime(2024, 4, 1, tzinfo=UTC).timestamp())]))
    assert tell_facts("contact_record", early, np.array([0])).to_pylist() == [""]
    assert tell_facts("contact_record", look_at(part), np.array([0])).to_pylist() == ["of 2012-05-01"]
