"""Explanations add up, and many at once are what each is alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.errors import InputRefusedError
from triage.schema.batch import Batch, open_batch, split_part
from triage.schema.meta import BatchMeta
from triage.scoring.additive import AdditiveModel, flag_steps
from triage.scoring.bundle import Bundle
from triage.scoring.loading import load_model
from triage.worklist.explain import explain_case, explain_cases
from triage.worlds import load_world
from triage.worlds.write import write_world

CARD = AdditiveModel(
    "m", "points", (flag_steps("contact_record", -1, 0, 4), flag_steps("enticement", 0, 0, 3)), 2.0
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder: Path = tmp_path_factory.mktemp("world") / "batch"
    write_world(load_world("nl-2017"), 150, 7, folder)
    return open_batch(folder)


def batch_of(*parts: Any) -> Batch:
    meta = BatchMeta("today", datetime(2024, 6, 1, tzinfo=UTC), parts=len(parts))
    return Batch(meta, lambda index: parts[index])


@pytest.mark.parametrize("name", ["expert", *(f"models/nl-2017/{kind}" for kind in
                         ("scorecard", "logistic", "additive", "boosted", "informed"))])  # fmt: skip
def test_terms_and_intercept_add_up_to_the_score(world: Batch, name: str) -> None:
    """A hundred cases: to the last bit in the order of the model, in any order but for rounding."""
    bundle = load_model(name)
    cases = next(world.parts()).cases.to_pylist()
    added = 0
    for explained in explain_cases(world, bundle, cases).values():
        if explained.score is None:
            continue
        by_name = {term.feature: term.contribution for term in explained.terms}
        total = explained.intercept
        for feature in bundle.model.features:
            total += by_name[feature]
        assert total == explained.score
        in_any_order = explained.intercept + sum(term.contribution for term in explained.terms)
        assert in_any_order == pytest.approx(explained.score, rel=0, abs=1e-12)
        added += 1
    assert added >= 100


def test_many_at_once_are_what_each_is_alone_whatever_the_parts(world: Batch) -> None:
    whole = next(world.parts())
    bundle = load_model("expert")
    cases = whole.cases.to_pylist()[:6]
    parts = list(split_part(whole, 7))
    cut = Batch(BatchMeta(**{**world.meta.__dict__, "parts": len(parts)}), lambda index: parts[index])
    together = explain_cases(cut, bundle, [*cases, "file:0a"])
    assert list(together) == cases
    assert together == {case: explain_case(world, bundle, case) for case in cases}


def test_term_tells_its_facts(make_part) -> None:
    part = make_part(
        reports=[{"report_id": "x"}],
        persons=[{"person_id": "p", "report_id": "x", "role": "reported"}],
        prior_records=[
            {
                "record_id": "k",
                "person_id": "p",
                "record_kind": "contact_conviction",
                "recorded_at": "2012-05-01",
            }
        ],
    )
    first, second = explain_case(batch_of(part), Bundle(CARD), "x").terms
    assert first.sentence == "an earlier conviction for a contact offence: of 2012-05-01"
    assert (first.facts, first.contribution, first.if_no, first.if_yes) == ("of 2012-05-01", 4.0, None, None)
    assert (second.sentence, second.facts) == ("not stated: reported as enticement", "")


def test_unknown_answer_tells_what_it_would_add(make_part) -> None:
    part = make_part(reports=[{"report_id": "x"}])
    term = next(
        t for t in explain_case(batch_of(part), Bundle(CARD), "x").terms if t.feature == "contact_record"
    )
    assert (term.value, term.contribution, term.if_no, term.if_yes) == (None, 0.0, -1.0, 4.0)


def test_child_to_protect_has_no_score_and_no_terms(make_part) -> None:
    part = make_part(
        reports=[{"report_id": "x"}],
        persons=[{"person_id": "p", "report_id": "x", "role": "reported", "age_band": "13-15"}],
    )
    explained = explain_case(batch_of(part), Bundle(CARD), "x")
    assert (explained.lane, explained.score, explained.terms) == ("youth", None, [])


def test_frame_has_a_row_a_term_also_where_there_is_none(world: Batch, make_part) -> None:
    explained = explain_case(world, load_model("expert"), next(world.parts()).cases[0].as_py())
    frame = explained.to_frame()
    assert frame["contribution"].tolist() == [term.contribution for term in explained.terms]
    assert frame["source"].str.len().gt(0).all()
    child = make_part(
        reports=[{"report_id": "x"}],
        persons=[{"person_id": "p", "report_id": "x", "role": "reported", "age_band": "13-15"}],
    )
    none = explain_case(batch_of(child), Bundle(CARD), "x")
    assert (len(none.to_frame()), list(none.to_frame())) == (0, list(frame))
    assert repr(none).splitlines()[0] == "Case x, lane youth: no score by m"


class _Failing(AdditiveModel):
    def score(self, contributions: Any) -> Any:
        return np.full(len(contributions), np.nan)


def test_case_that_could_not_be_scored_says_so_and_is_plain_json(make_part) -> None:
    part = make_part(reports=[{"report_id": "x"}])
    explained = explain_case(batch_of(part), Bundle(_Failing("m", "points", CARD.terms)), "x")
    assert (explained.lane, explained.score, explained.terms) == ("unreadable", None, [])
    assert "a person must look" in json.dumps(explained.as_dict(), allow_nan=False)


def test_case_that_is_not_there_is_refused_alone_and_passed_over_among_many(make_part) -> None:
    batch = batch_of(make_part(reports=[{"report_id": "x"}]))
    with pytest.raises(InputRefusedError):
        explain_case(batch, Bundle(CARD), "y")
    assert list(explain_cases(batch, Bundle(CARD), ["y", "x"])) == ["x"]
