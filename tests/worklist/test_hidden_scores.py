"""With `hide_scores` nobody who reads the list can tell by what it shows of the order who was drawn by lot."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from scipy.stats import binom

from triage.errors import InputRefusedError
from triage.intake.tokens import TokenKey
from triage.schema.batch import Batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part
from triage.scoring.additive import AdditiveModel, flag_steps
from triage.scoring.bundle import Bundle
from triage.scoring.calibration import PlattCalibration
from triage.worklist.build import Worklist, build_worklist
from triage.worklist.explain import explain_cases
from triage.worklist.exports import export
from triage.worklist.policy import Capacity, Ordering, Policy, load_policy
from triage.worklist.reasons import without_points
from triage.worklist.standing import Standing
from triage.worklist.terminal import draw_worklist

NOW = datetime(2024, 6, 1, tzinfo=UTC)
KEY = TokenKey(bytes(range(16)))
CURVE = PlattCalibration(-0.5, 0.9, 0.01, 0.001, -0.002, 5000, 120, "all cases", "world w abc")
WORLD = {"synthetic": True, "world": "w", "source_files": [{"sha256": "abc"}]}
RECORDS = {
    "contact_record": "contact_conviction", "contact_allegation": "allegation", "image_record": "image_conviction",
    "register_entry": "registry", "other_record": "other_conviction", "supervision_breach": "supervision_breach",
}  # fmt: skip
CONTACTS = {
    "secrecy_or_gifts": "secrecy", "off_platform_move": "off_platform_move", "meeting": "meeting_proposed",
    "image_threat": "image_threat", "directs_abuse": "live_request", "claims_access": "claims_access",
}  # fmt: skip
FLAGS = (*RECORDS, *CONTACTS)
# Sums of any of them differ, and with as much below nothing as above it a score says nothing of how much is known.
STEPS = dict(
    zip(FLAGS, (0.17, 0.31, 0.59, 1.13, 2.11, 4.19, -0.18, -0.3, -0.61, -1.09, -2.15, -4.17), strict=True)
)
CARD = AdditiveModel("card", "log odds", tuple(flag_steps(name, 0, 0, step) for name, step in STEPS.items()))
HIDDEN = ("score", "probability", "probability_low", "probability_high", "completeness", "tied", "check")
OF_THE_PLACE = ("rank", "tier", "due_at", "unit")
Make = Callable[..., Part]


@pytest.fixture(scope="module")
def policy() -> Policy:
    usual = load_policy()
    return replace(usual, capacity=Capacity(count=20), audit=replace(usual.audit, hide_scores=True))


def random_part(make_part: Make, seed: int, count: int = 150) -> Part:
    """Make cases in which neither times nor numbers have to do with the facts that the model weighs."""
    rng = np.random.default_rng(seed)
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in ("reports", "persons", "prior_records")}
    tables["communications"] = []
    for number in range(count):
        case, hours = f"r{number:03}", rng.integers(1, 4_000, 2).tolist()
        tables["reports"].append(
            {
                "report_id": case,
                "received_at": f"{NOW - timedelta(hours=hours[0]):%Y-%m-%dT%H:%M:%SZ}",
                "preserve_until": f"{NOW + timedelta(hours=hours[1]):%Y-%m-%dT%H:%M:%SZ}",
            }
        )
        tables["persons"].append({"person_id": f"p{case}", "report_id": case, "role": "reported"})
        held = rng.random(len(FLAGS)) < 0.4
        for flag in (flag for flag, has in zip(FLAGS, held, strict=True) if has):
            if flag in RECORDS:
                known = {"person_id": f"p{case}", "known_at": "2024-01-01T00:00:00Z"}
                tables["prior_records"].append(
                    {"record_id": f"{case}{flag}", "record_kind": RECORDS[flag], **known}
                )
            else:
                codes = {"contact_codes": [CONTACTS[flag]]}
                tables["communications"].append({"thread_id": f"{case}{flag}", "report_id": case, **codes})
    return make_part(**tables)


def build(part: Part, policy: Policy, draw: str = "monday", bundle: Bundle | None = None) -> Worklist:
    batch = Batch(BatchMeta("today", NOW, **WORLD), lambda _index: part)
    standing = Standing(digest=draw)
    return build_worklist(batch, bundle or Bundle(CARD, CURVE), policy=policy, key=KEY, standing=standing)


def shown(policy: Policy) -> Policy:
    return replace(policy, audit=replace(policy.audit, hide_scores=False))


def rows_of(worklist: Worklist) -> dict[str, dict[str, Any]]:
    return {row["case_id"]: row for row in worklist.table.to_pylist()}


def drawn_of(worklist: Worklist) -> set[str]:
    return {row["case_id"] for row in worklist.chances.to_pylist() if row["audit"]}


@pytest.mark.parametrize("axes", [(), ("evidence",)])
def test_every_planned_case_where_a_drawn_one_may_stand_is_hidden_and_no_other(
    make_part: Make, policy: Policy, axes: tuple[str, ...]
) -> None:
    part = random_part(make_part, 1)
    third = replace(policy, capacity=Capacity(count=60), audit=replace(policy.audit, first_tier=3))
    third = replace(third, order=Ordering(axes, due_before_evidence_ends=False))
    worklist, plain = build(part, third), build(part, shown(third))
    assert worklist.hidden == {row["case_id"] for row in worklist.table.to_pylist() if row["tier"] in (3, 4)}
    assert [row["rank"] for case, row in rows_of(worklist).items() if case in worklist.hidden] == list(
        range(15, 61)
    )
    assert drawn_of(worklist) < worklist.hidden
    assert not plain.hidden
    assert worklist.table["case_id"].equals(plain.table["case_id"])
    for hides, (case, row) in zip(plain.table.to_pylist(), rows_of(worklist).items(), strict=True):
        same = {name for name, value in row.items() if value == hides[name]}
        if case in worklist.hidden:
            assert [row[name] for name in HIDDEN] == [None] * len(HIDDEN)
            assert row["reasons"] == without_points(hides["reasons"])
            assert row["missing"].split("; ") == sorted(row["missing"].split("; "))
            assert not re.search(r"\d\)|rank", row["reasons"] + row["missing"])
            assert set(row["missing"].split("; ")) == set(
                re.sub(r" \([^)]*rank[^)]*\)", "", hides["missing"]).split("; ")
            )
            assert set(row) - same <= {*HIDDEN, "reasons", "missing", "fingerprints"}
        else:
            assert set(row) - same <= {"tied", "fingerprints"}
            # A count that is more than the rows left with that score would tell of a drawn one.
            assert row["tied"] == (None if row["lane"] == "ranked" else 1)


def test_nothing_is_hidden_less_where_no_case_was_drawn(make_part: Make, policy: Policy) -> None:
    batch = Batch(BatchMeta("today", NOW), lambda _index: random_part(make_part, 1))
    without = build_worklist(batch, Bundle(CARD), policy=policy)
    assert not drawn_of(without)
    assert len(without.hidden) == 20


def test_the_record_keeps_every_score_and_which_were_not_shown(make_part: Make, policy: Policy) -> None:
    part = random_part(make_part, 2)
    worklist, plain = build(part, policy), build(part, shown(policy))
    kept = {row["case_id"]: row for row in worklist.chances.to_pylist()}
    assert {case: row["score"] for case, row in kept.items()} == {
        case: row["score"] for case, row in rows_of(plain).items()
    }
    assert {case for case, row in kept.items() if row["hidden"]} == worklist.hidden
    assert worklist.chances.drop_columns(["hidden"]).equals(plain.chances.drop_columns(["hidden"]))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text("abcdef", min_size=1, max_size=6), st.text("abcdef", min_size=1, max_size=6), st.integers(0, 3)
)
def test_what_is_shown_of_a_case_but_its_place_does_not_depend_on_the_draw(
    make_part: Make, policy: Policy, one: str, other: str, seed: int
) -> None:
    part = random_part(make_part, seed, count=70)
    first, second = build(part, policy, one), build(part, policy, other)
    left, right = rows_of(first), rows_of(second)
    for case in left:
        if (case in first.hidden) == (case in second.hidden):
            differing = {name for name, value in left[case].items() if value != right[case][name]}
            assert differing <= {*OF_THE_PLACE, "fingerprints"}
    for worklist in (first, second):
        rows = rows_of(worklist)
        assert {tuple(rows[case][name] for name in HIDDEN) for case in worklist.hidden} == {
            (None,) * len(HIDDEN)
        }


def guesses(rows: list[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """Name one case by each number that is shown: that which sticks out most from the six around it."""
    named = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        numbers = [value.timestamp() if isinstance(value, datetime) else value for value in values]
        if not all(isinstance(value, (int, float)) for value in numbers):
            continue
        for direction in (1, -1):
            signed = direction * np.array(numbers, dtype=np.float64)
            around = [np.delete(signed[max(at - 3, 0) : at + 4], min(at, 3)) for at in range(len(signed))]
            named[name, direction] = rows[int(np.argmax(signed - [np.median(some) for some in around]))][
                "case_id"
            ]
    return named


def test_no_number_on_the_list_names_the_drawn_better_than_chance(make_part: Make, policy: Policy) -> None:
    hits: dict[bool, dict[tuple[str, int], int]] = {True: {}, False: {}}
    places = set()
    for seed in range(20):
        part = random_part(make_part, seed)
        for hides, found in hits.items():
            worklist = build(part, policy if hides else shown(policy), f"day {seed}")
            rows = [
                row
                for row in worklist.table.to_pylist()
                if row["tier"] in (2, 3, 4) and row["lane"] == "ranked"
            ]
            (drawn,) = drawn_of(worklist)
            places.add(len(rows))
            for guesser, case in guesses(rows).items():
                found[guesser] = found.get(guesser, 0) + (case == drawn)
    assert places == {20}
    # Shown, the score alone names nearly all of them.
    assert hits[False]["score", -1] >= 18
    assert {"waiting_hours", "received_at", "evidence_days", "preserve_until", "rank"} <= {
        name for name, _ in hits[True]
    }
    assert not set(HIDDEN) & {name for name, _ in hits[True]}
    # Whoever names one of 20 at random is right in a twentieth of 20 lists; Bonferroni over all guessers.
    chances = {guesser: binom.sf(right - 1, 20, 1 / 20) for guesser, right in hits[True].items()}
    assert min(chances.values()) > 0.01 / len(chances), hits[True]


def test_no_file_tells_a_hidden_score(make_part: Make, policy: Policy, tmp_path: Path) -> None:
    part = random_part(make_part, 3)
    worklist = build(part, policy)
    batch = Batch(BatchMeta("today", NOW, **WORLD), lambda _index: part)
    details = explain_cases(batch, Bundle(CARD, CURVE), list(rows_of(worklist)), as_of=NOW, policy=policy)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for ending in ("csv", "jsonl", "html", "coop.json", "xlsx", "parquet"):
        export(worklist, tmp_path / f"list.{ending}", details=details)
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        found["csv"] = {row["case_id"]: row for row in csv.DictReader(file)}
    lines = (tmp_path / "list.jsonl").read_text().splitlines()
    found["jsonl"] = {row["case_id"]: row for row in map(json.loads, lines)}
    head, *cells = load_workbook(tmp_path / "list.xlsx").worksheets[0].iter_rows(values_only=True)
    found["xlsx"] = {line[head.index("case_id")]: dict(zip(head, line, strict=True)) for line in cells}
    found["parquet"] = {row["case_id"]: row for row in pq.read_table(tmp_path / "list.parquet").to_pylist()}
    items = json.loads((tmp_path / "list.coop.json").read_text())["items"]
    found["coop"] = {item["id"]: item["data"] for item in items}
    page = re.search(r'<script[^>]*id="content"[^>]*>(.*?)</script>', (tmp_path / "list.html").read_text())
    assert page
    content = json.loads(page[1])
    names = worklist.table["case_id"].to_pylist()
    found["html"] = {
        case: {name: column["at"][row] for name, column in content["columns"].items()}
        for row, case in enumerate(names)
    }
    for ending, rows in found.items():
        assert set(rows) == set(names)
        for case, row in rows.items():
            empty = all(row.get(name) in (None, "") for name in HIDDEN)
            assert empty == (case in worklist.hidden), (ending, case)
            if case in worklist.hidden and ending != "html":
                assert not re.search(r"\([+-]\d|rank", f"{row['reasons']} {row.get('missing')}"), (
                    ending,
                    row,
                )
    # Coop takes the priority from the place, and what adds up to a score stands on the page of no hidden case.
    assert [item["id"] for item in items] == names
    assert len({item["data"]["priority"] for item in items}) == len(items)
    assert {names[int(row)] for row in content["details"]["cases"]} == set(names) - worklist.hidden


def test_terminal_and_what_is_said_beside_the_list_tell_that_scores_are_hidden(
    make_part: Make, policy: Policy
) -> None:
    worklist = build(random_part(make_part, 4), policy)
    screen = "\n".join(str(getattr(part, "renderable", part)) for part in draw_worklist(worklist, 20))
    assert not re.search(r"\([+-]\d|\d %|\d%", screen)
    assert worklist.as_dict()["hidden"] == 20
    assert any("no score is shown of the planned cases" in note for note in worklist.audit_notes)
    assert not any("a score far below" in note for note in worklist.audit_notes)
    assert any(
        "a score far below" in note for note in build(random_part(make_part, 4), shown(policy)).audit_notes
    )


def test_lists_beside_it_are_the_same_whether_scores_are_hidden_or_not(
    make_part: Make, policy: Policy
) -> None:
    part = random_part(make_part, 5)
    hidden, plain = build(part, policy).lists, build(part, shown(policy)).lists
    assert all(hidden[name].equals(plain[name]) for name in plain)
    assert not {"score", "probability", "reasons", "tied"} & {
        name for some in hidden.values() for name in some.column_names
    }


def test_an_answer_that_escalates_is_told_without_a_rank(make_part: Make, policy: Policy) -> None:
    asked = AdditiveModel("asked", "points", (flag_steps("contact_now", 0, 0, 5),))
    part = make_part(reports=[{"report_id": f"r{number:02}"} for number in range(40)])
    worklist = build(part, policy, bundle=Bundle(asked))
    told = {case: row["missing"] for case, row in rows_of(worklist).items()}
    assert {told[case].rpartition(" (")[2] for case in worklist.hidden} == {"escalated if so)"}
    assert {told[case].rpartition(" (")[2][:16] for case in set(told) - worklist.hidden} == {
        "escalated, rank "
    }


def test_a_policy_from_before_the_switch_has_the_digest_that_it_had(policy: Policy) -> None:
    assert "hide_scores" not in load_policy().as_dict()["audit"]
    assert policy.as_dict()["audit"]["hide_scores"] is True
    assert policy.digest != shown(policy).digest


def test_hiding_scores_from_nobody_is_refused(policy: Policy) -> None:
    with pytest.raises(InputRefusedError, match="hide_scores = true without audit slots"):
        replace(policy, audit=replace(policy.audit, share=0.0))


def test_reasons_without_points_keep_every_sentence_its_brackets_and_its_sign() -> None:
    reasons = "was met (twice) (+4); a count of 3 (-0.25); no points"
    assert without_points(reasons) == "a count of 3 (-); no points; was met (twice) (+)"
    assert without_points(without_points(reasons)) == without_points(reasons)
    assert without_points("") == ""


def test_table_has_its_declared_columns_whatever_is_hidden(make_part: Make, policy: Policy) -> None:
    part = random_part(make_part, 6)
    assert build(part, policy).table.schema.equals(build(part, shown(policy)).table.schema)


def test_questions_stand_in_the_order_of_their_letters_and_not_of_their_size(
    make_part: Make, policy: Policy
) -> None:
    names = [f"r{number:02}" for number in range(40)]
    part = make_part(
        reports=[{"report_id": name} for name in names],
        persons=[{"person_id": f"p{name}", "report_id": name, "role": "reported"} for name in names],
    )
    sizes = {"contact_record": 1, "image_record": 5, "contact_allegation": 3}
    asked = AdditiveModel(
        "asked", "points", tuple(flag_steps(name, 0, 0, size) for name, size in sizes.items())
    )
    orders = {}
    for hides in (policy, shown(policy)):
        row = rows_of(build(part, hides, bundle=Bundle(asked)))[names[0]]
        orders[hides.audit.hide_scores] = re.sub(r" \([^)]*rank[^)]*\)", "", row["missing"]).split("; ")
    assert len(orders[True]) == 3
    assert orders[True] == sorted(orders[False]) != orders[False]
