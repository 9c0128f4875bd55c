from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from math import isnan, log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binomtest

from triage.evaluation import roc_auc
from triage.schema.tables import TABLES
from triage.shipped import find_shipped, list_shipped
from triage.worlds import load_world
from triage.worlds.describe import draw_sample
from triage.worlds.measures import MEASURES
from triage.worlds.sample import (
    Sample,
    measure_area,
    measure_count,
    measure_odds_ratio,
    measure_ratio,
    measure_share,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.schema.part import Part

START, AS_OF = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
TRUTH = {
    "current_abuse": False,
    "oracle": 0.0,
    "situation": "lone_collector",
    "selection_probability": 0.02,
    "onset": None,
    "end": None,
    "abuse_ever": False,
}
TYPES = {"onset": pa.timestamp("s", tz="UTC"), "end": pa.timestamp("s", tz="UTC")}


@pytest.fixture
def make_sample(make_part: Callable[..., Part]) -> Callable[..., Sample]:
    """Make a sample of one case a report, but for those that name the same person; truth by case."""

    def make(
        truth: dict[str, dict[str, Any]] | None = None,
        persons_behind: dict[str, str] | None = None,
        **tables: list[dict[str, Any]],
    ) -> Sample:
        part = make_part(**tables)
        cases = part.cases.to_pylist()
        rows = [TRUTH | (truth or {}).get(case, {}) for case in cases]
        columns = {name: pa.array([row[name] for row in rows], TYPES.get(name)) for name in TRUTH}
        reports = part.tables["reports"].select(["report_id", "case_id"])
        behind = [(persons_behind or {}).get(name, name) for name in reports["report_id"].to_pylist()]
        now = {name: row["current_abuse"] for name, row in zip(cases, rows, strict=True)}
        abused = [now[case] for case in reports["case_id"].to_pylist()]
        reports = reports.append_column("true_person", pa.array(behind))
        reports = reports.append_column("current_at_report", pa.array(abused))
        table = pa.table({"case_id": part.cases, **columns})
        return Sample(part.tables, table, reports, START, AS_OF, 18_000)

    return make


@pytest.fixture(scope="module")
def drawn() -> Sample:
    return draw_sample(load_world("nl-2017"), 12_000, 5)


def reports(*names: str, **columns: Any) -> list[dict[str, Any]]:
    return [{"report_id": name, **columns} for name in names]


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_says_in_one_sentence_what_it_is(name: str) -> None:
    what = MEASURES[name].__doc__ or ""
    assert what[:1].isupper()
    assert what.endswith(".")
    assert "\n" not in what


def test_no_two_measures_say_the_same() -> None:
    assert len({measure.__doc__ for measure in MEASURES.values()}) == len(MEASURES)


@pytest.mark.parametrize("world", list_shipped("synthetic_data", "worlds/*.toml"))
def test_every_measure_that_a_shipped_world_names_exists(world: str) -> None:
    file = find_shipped("synthetic_data", "worlds", f"{world}.toml")
    assert set(tomllib.loads(file.read_text(encoding="utf-8")).get("published", {})) <= set(MEASURES)


@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"reports_per_year"}))
def test_of_nothing_a_measure_is_not_a_number(name: str, drawn: Sample) -> None:
    empty = replace(
        drawn,
        tables={table: rows.slice(0, 0) for table, rows in drawn.tables.items()},
        truth=drawn.truth.slice(0, 0),
        reports=drawn.reports.slice(0, 0),
    )
    measured = MEASURES[name](empty)
    assert isnan(measured)
    assert measured.rows == 0


@pytest.mark.parametrize("name", MEASURES)
def test_the_order_of_rows_does_not_matter(name: str, drawn: Sample) -> None:
    turned = replace(
        drawn,
        tables={table: rows.take(np.arange(rows.num_rows)[::-1]) for table, rows in drawn.tables.items()},
        truth=drawn.truth.take(np.arange(len(drawn))[::-1]),
        reports=drawn.reports.take(np.arange(drawn.reports.num_rows)[::-1]),
    )
    assert MEASURES[name](turned) == pytest.approx(float(MEASURES[name](drawn)), nan_ok=True)


@pytest.mark.parametrize("name", MEASURES)
def test_shares_lie_in_their_intervals_and_in_0_to_1(name: str, drawn: Sample) -> None:
    measured = MEASURES[name](drawn)
    if measured.is_share and not isnan(measured):
        assert 0 <= measured <= 1
        low, high = measured.interval
        assert isnan(low) or low <= measured <= high


def test_sources_share_out_all_reports(drawn: Sample) -> None:
    assert sum(MEASURES[f"source_{code}"](drawn) for code in TABLES["reports"]["source_system"].codes) == (
        pytest.approx(1)
    )


@pytest.mark.parametrize(("hits", "rows"), [(0, 7), (3, 11), (11, 11), (40, 5000)])
def test_the_interval_of_independent_rows_is_wilsons(hits: int, rows: int) -> None:
    expected = binomtest(hits, rows).proportion_ci(method="wilson")
    for share in (measure_share(np.arange(rows) < hits), measure_count(hits, rows)):
        assert share.interval == pytest.approx((expected.low, expected.high))
        assert share.rows == rows


def test_rows_of_a_case_that_are_copies_add_no_precision() -> None:
    hit = np.array([True, False, False, True, False])
    once = measure_share(hit)
    copied = measure_share(np.repeat(hit, 4), np.repeat(np.arange(5), 4))
    assert copied.interval == pytest.approx(once.interval)
    assert copied.standard_error == pytest.approx(once.standard_error)
    assert copied.rows == 20


def test_a_mean_has_the_standard_error_of_its_cases() -> None:
    number = np.array([1.0, 2.0, 6.0, 3.0])
    mean = measure_ratio(number, np.ones(4))
    assert mean == 3
    assert mean.standard_error == pytest.approx(number.std() / sqrt(4))


def test_an_odds_ratio_has_woolfs_interval() -> None:
    fact = np.repeat([True, False, True, False], [8, 4, 20, 80])
    current = np.repeat([True, True, False, False], [8, 4, 20, 80])
    ratio = measure_odds_ratio(fact, current)
    assert ratio == pytest.approx(8.0)
    error = sqrt(1 / 8 + 1 / 4 + 1 / 20 + 1 / 80)
    assert log(ratio.interval[1] / ratio) == pytest.approx(1.959964 * error, rel=1e-6)
    assert isnan(measure_odds_ratio(fact, fact))


def test_the_area_is_delongs() -> None:
    rng = np.random.default_rng(1)
    current = rng.random(500) < 0.2
    score = np.round(rng.normal(size=500) + current, 1)
    area, expected = measure_area(score, current), roc_auc(current, score, interval="delong")
    assert area == pytest.approx(expected.estimate)
    assert area.interval == pytest.approx((expected.low, expected.high))


def test_files_are_counted_over_all_reports(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(
        reports=[
            *reports("a", "b", source_system="cybertipline_xml"),
            *reports("c", source_system="helpline"),
        ],
        files=[{"file_id": str(n), "report_id": "ab"[n % 2]} for n in range(5)],
    )
    assert MEASURES["files_per_report"](sample) == pytest.approx(5 / 3)
    assert MEASURES["files_per_platform_report"](sample) == 2.5


def test_urgent_reports_are_shares_of_their_source(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(
        reports=[
            *reports("a", source_system="helpline", escalated_by_reporter="asserted"),
            *reports("b", source_system="helpline"),
            *reports("c", "d", source_system="iccam", escalated_by_reporter="unknown"),
        ]
    )
    assert MEASURES["urgent_reports"](sample) == 0.25
    assert MEASURES["urgent_helpline"](sample) == 0.5
    assert MEASURES["urgent_hotline_reports"](sample) == 0
    assert isnan(MEASURES["urgent_platform_reports"](sample))


def test_unknown_codes_are_in_no_denominator(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(
        reports=[
            *reports("a", source_system="cybertipline_xml", incident_type="csam", actionability="referral"),
            *reports("b", source_system="cybertipline_xml", incident_type="unknown", actionability="batch"),
            *reports("c", source_system="cybertipline_xml", actionability="unknown"),
            *reports("d", source_system="hotline_form", incident_type="enticement"),
        ]
    )
    assert MEASURES["material_incidents"](sample) == 0.5
    assert MEASURES["material_incidents_platform"](sample) == 1
    assert MEASURES["enticement_incidents"](sample) == 0
    assert MEASURES["referrals"](sample) == 0.5
    assert MEASURES["referrals_without_bundles"](sample) == 1


def test_labels_of_reports_and_files_are_found_in_sets(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(
        reports=[
            {
                "report_id": "a",
                "source_system": "cybertipline_xml",
                "report_annotations": ["minor_to_minor", "sextortion"],
            },
            {"report_id": "b", "source_system": "cybertipline_xml", "report_annotations": []},
            {"report_id": "c", "source_system": "iccam"},
        ],
        files=[
            {"file_id": "1", "report_id": "a", "file_annotations": ["generative_ai"]},
            {"file_id": "2", "report_id": "a", "file_annotations": ["viral", "self_produced"]},
            {"file_id": "3", "report_id": "c"},
        ],
    )
    assert MEASURES["sextortion_reports"](sample) == 0.5
    assert MEASURES["generated_reports"](sample) == pytest.approx(1 / 3)
    assert MEASURES["generated_platform_reports"](sample) == 0.5
    assert MEASURES["generated_hotline_reports"](sample) == 0
    assert MEASURES["self_generated_files"](sample) == pytest.approx(1 / 3)


def test_ages_and_classes_are_those_of_hotline_files(make_sample: Callable[..., Sample]) -> None:
    ages = ["0-2", "11-13", "14-15", "pubescent", "prepubescent", "unknown"]
    classes = ["baseline", "national", "not_illegal", "doubtful", "unknown", None]
    hashes = ["no_match", "exact_known", "near_known", "not_run", None, "no_match"]
    codes = zip(ages, classes, hashes, strict=True)
    sample = make_sample(
        reports=[*reports("a", source_system="iccam"), *reports("b", source_system="foreign_police")],
        files=[
            *(
                {
                    "file_id": f"{n}",
                    "report_id": "a",
                    "youngest_age_band": age,
                    "legal_class": legal,
                    "hash_status": status,
                }
                for n, (age, legal, status) in enumerate(codes)
            ),
            {"file_id": "x", "report_id": "b", "youngest_age_band": "0-2", "legal_class": "baseline"},
        ],
    )
    assert MEASURES["under_13"](sample) == 3 / 5
    assert MEASURES["under_13_without_11_13"](sample) == 2 / 4
    assert MEASURES["illegal_links"](sample) == 2 / 4
    assert MEASURES["new_content_hotline"](sample) == 2 / 4
    assert MEASURES["hash_known"](sample) == 2 / 4


def named(*names: str, **columns: Any) -> list[dict[str, Any]]:
    """One reported person for each report of the same name."""
    return [{"person_id": f"p{name}", "report_id": name, "role": "reported", **columns} for name in names]


def records(*found: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        {"record_id": str(n), "person_id": f"p{name}", "record_kind": kind}
        for n, (name, kind) in enumerate(found)
    ]


def test_records_are_shares_of_those_whose_registers_were_checked(
    make_sample: Callable[..., Sample],
) -> None:
    sample = make_sample(
        {"d": {"situation": "stream_buyer"}, "e": {"situation": "stream_buyer"}, "a": {"abuse_ever": True}},
        reports=reports(*"abcde"),
        persons=named(*"abcde"),
        prior_records=records(
            ("a", "allegation"),
            ("a", "contact_conviction"),
            ("b", "none_found"),
            ("c", "prior_report"),  # told by the reporter: nothing was checked
            ("d", "none_found"),
            ("e", "image_conviction"),
        ),
    )
    assert MEASURES["prior_contact_among_collectors"](sample) == 1 / 2
    assert MEASURES["prior_contact_among_collectors"](sample).rows == 2
    assert MEASURES["any_record_among_collectors"](sample) == 1 / 2
    assert MEASURES["known_among_abusers"](sample) == 1
    assert MEASURES["ever_among_collectors"](sample) == 1 / 3
    assert MEASURES["buyers_without_record"](sample) == 1 / 2
    assert MEASURES["buyers_with_sexual_record"](sample) == 1 / 2


def test_a_role_counts_once_a_case(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(
        reports=reports("a", "b", "c"),
        persons=[
            *named("a", child_facing_role="asserted"),
            {"person_id": "pa", "report_id": "b", "role": "reported", "child_facing_role": "denied"},
            *named("c", child_facing_role="denied"),
        ],
    )
    assert len(sample) == 2
    assert MEASURES["role_with_children"](sample) == 1 / 2


def test_payments_are_those_of_buyers(make_sample: Callable[..., Sample]) -> None:
    def payments(name: str, *amounts: str, channel: str) -> list[dict[str, Any]]:
        return [
            {
                "transaction_id": f"{name}{n}",
                "person_id": f"p{name}",
                "amount_eur": f"-{amount}",
                "payment_channel": channel,
            }
            for n, amount in enumerate(amounts)
        ]

    sample = make_sample(
        {"a": {"situation": "stream_buyer"}, "b": {"situation": "stream_buyer"}},
        reports=reports("a", "b", "c"),
        persons=[*named("a", age_band="40-59"), *named("b", age_band="unknown"), *named("c", age_band="60+")],
        transactions=[
            *payments("a", "10.00", "20.00", "300.00", channel="remittance"),
            *payments("b", "150.00", channel="card"),
            *payments("c", "5.00", "5.00", channel="bank"),
        ],
    )
    assert MEASURES["payments_per_buyer"](sample) == 2
    assert MEASURES["buyers_mean_amount"](sample) == 120
    assert MEASURES["buyers_median_amount"](sample) == 85
    assert MEASURES["buyers_amounts_10_200"](sample) == 3 / 4
    assert MEASURES["buyers_amounts_17_175"](sample) == 2 / 4
    assert MEASURES["buyers_remittances"](sample) == 3 / 4
    assert MEASURES["buyers_aged_40"](sample) == 1
    # 3 percent of two buyers are 0.06 of the first.
    assert MEASURES["payments_of_most_active"](sample) == pytest.approx(0.06 * 3 / 4)


def test_relations_are_those_told_on_arrival(make_sample: Callable[..., Sample]) -> None:
    arrival, later = "2024-03-01T12:00:00Z", "2024-03-09T12:00:00Z"
    children = [
        ("online_only", "online", arrival),
        ("parent", "lives_with", later),
        ("neighbour_or_acquaintance", "unsupervised", arrival),
        ("other_family", "supervised", arrival),
        ("unknown", "unspecified", arrival),
    ]
    sample = make_sample(
        reports=reports("a"),
        persons=named("a"),
        children=[
            {
                "child_id": str(n),
                "report_id": "a",
                "relation_to_suspect": relation,
                "access_level": access,
                "known_at": known,
            }
            for n, (relation, access, known) in enumerate(children)
        ],
    )
    assert MEASURES["relation_online_only"](sample) == pytest.approx(1 / 3)
    assert MEASURES["relation_family"](sample) == pytest.approx(1 / 3)
    assert MEASURES["relation_acquaintance"](sample) == pytest.approx(1 / 3)
    assert MEASURES["relation_carer"](sample) == 0
    assert MEASURES["unsupervised_access"](sample) == 1 / 2


def test_odds_ratios_are_those_of_collectors_with_registers_checked(
    make_sample: Callable[..., Sample],
) -> None:
    # Own children: 2 of 3 with current abuse, 1 of 3 without; another person was not checked.
    names = "abcdefg"
    sample = make_sample(
        {name: {"current_abuse": name in "abc"} for name in names},
        reports=reports(*names),
        persons=named(*names),
        prior_records=records(*((name, "none_found") for name in "abcdef")),
        children=[
            {
                "child_id": name,
                "report_id": name,
                "relation_to_suspect": "parent",
                "access_level": "lives_with",
            }
            for name in "abdg"
        ],
    )
    ratio = MEASURES["own_children_odds_ratio"](sample)
    assert ratio == pytest.approx((2 / 1) / (1 / 2))
    assert ratio.rows == 6
    assert isnan(MEASURES["prior_contact_odds_ratio"](sample))


def test_volume_is_that_of_the_ends_of_the_period(make_sample: Callable[..., Sample]) -> None:
    days = ["2023-01-02", "2023-01-30", "2023-06-01", "2023-12-20", "2023-12-25", "2023-12-31"]
    sample = make_sample(reports=[{"report_id": day, "received_at": f"{day}T00:00:00Z"} for day in days])
    assert MEASURES["volume_growth"](sample) == 3 / 2
    assert isnan(MEASURES["yearly_growth"](sample))


def test_yearly_growth_compares_the_last_two_years(make_sample: Callable[..., Sample]) -> None:
    days = ["2021-12-01", "2022-03-01", "2022-08-01", "2023-03-01", "2023-08-01", "2023-12-01"]
    sample = make_sample(reports=[{"report_id": day, "received_at": f"{day}T00:00:00Z"} for day in days])
    assert MEASURES["yearly_growth"](replace(sample, start=datetime(2021, 1, 1, tzinfo=UTC))) == 3 / 2


def test_links_are_held_against_the_true_persons(make_sample: Callable[..., Sample]) -> None:
    rows = [
        {"report_id": name, "received_at": f"2024-03-0{day}T00:00:00Z", "source_ref_hash": ref}
        for name, day, ref in (("a", 1, "x"), ("b", 2, "y"), ("c", 3, "y"), ("d", 4, None))
    ]
    persons = [
        {"person_id": token, "report_id": name, "role": "reported"}
        for token, name in (("p", "a"), ("p", "b"), ("p", "c"), ("q", "d"))
    ]
    sample = make_sample(
        persons_behind={"a": "1", "b": "2", "c": "1", "d": "1"}, reports=rows, persons=persons
    )
    assert len(sample) == 2
    assert MEASURES["reports_per_case"](sample) == 2
    assert MEASURES["cases_per_year"](sample) == 9_000
    assert MEASURES["several_reports"](sample) == 1 / 2
    assert MEASURES["wrong_links"](sample) == 1 / 2
    assert MEASURES["split_cases"](sample) == 1 / 2
    assert MEASURES["duplicate_reports"](sample) == 1 / 3


def test_reports_without_a_person_and_of_servers_are_counted(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(
        {
            "a": {"situation": "hosting_only"},
            "b": {"situation": "not_abuse_material"},
            "c": {"current_abuse": True, "abuse_ever": True},
        },
        reports=reports("a", "b", "c", source_system="cybertipline_xml"),
        persons=[*named("c"), {"person_id": "r", "report_id": "b", "role": "recipient"}],
    )
    assert MEASURES["hosting_reports"](sample) == pytest.approx(1 / 3)
    assert MEASURES["unnamed_reports"](sample) == pytest.approx(2 / 3)
    assert MEASURES["not_abuse_material"](sample) == pytest.approx(1 / 3)
    assert MEASURES["not_abuse_material_where_named"](sample) == 0
    assert MEASURES["criminal_platform_reports"](sample) == pytest.approx(2 / 3)
    assert MEASURES["current_abuse"](sample) == pytest.approx(1 / 3)
    assert MEASURES["current_at_report"](sample) == pytest.approx(1 / 3)
    assert MEASURES["current_where_named"](sample) == 1
    assert MEASURES["abuse_ever"](sample) == 1


def test_labels_are_held_against_abuse_when_the_case_was_chosen(make_sample: Callable[..., Sample]) -> None:
    past, chosen, later = (datetime(2023, month, 1, tzinfo=UTC) for month in (1, 6, 9))
    labels = [("a", "no"), ("b", "yes"), ("c", "undetermined"), ("d", "no"), ("e", "yes")]
    sample = make_sample(
        {
            "a": {"onset": past, "end": later, "selection_probability": 0.5},
            "b": {"onset": past, "end": None, "current_abuse": True, "selection_probability": 0.5},
            "c": {"onset": past, "end": chosen, "selection_probability": 0.1},
            "d": {"onset": later, "end": None, "current_abuse": True, "selection_probability": 0.1},
        },
        reports=reports("a", "b", "c", "d", "e", "f"),
        outcomes=[
            {
                "report_id": name,
                "outcome_kind": "no_offence" if label != "yes" else "suspect_arrested",
                "outcome_at": "2023-11-01T00:00:00Z",
                "selected_at": "2023-06-01T00:00:00Z",
                "current_abuse_label": label,
            }
            for name, label in labels
        ]
        + [{"report_id": "f", "outcome_kind": "open", "selected_at": "2023-06-01T00:00:00Z"}],
    )
    assert MEASURES["missed"](sample) == 1 / 2
    assert MEASURES["missed"](sample).rows == 2
    assert MEASURES["invented"](sample) == 1 / 3
    assert MEASURES["undetermined"](sample) == 1 / 5
    assert MEASURES["yes_among_determined"](sample) == 2 / 4
    assert MEASURES["with_outcome"](sample) == pytest.approx(5 / 6)
    assert MEASURES["opened"](sample) == pytest.approx((0.5 + 0.5 + 0.1 + 0.1 + 0.02 + 0.02) / 6)
    assert MEASURES["current_among_opened"](sample) == pytest.approx(0.6 / 1.24)
    assert MEASURES["arrests_per_report"](sample) == pytest.approx(2 / 6)


def test_the_oracle_is_measured_at_capacity_with_ties_in_proportion(
    make_sample: Callable[..., Sample],
) -> None:
    names = [f"{n:03}" for n in range(100)]
    truth = {name: {"oracle": 0.1} for name in names}
    # Two places: one for the first, one for the two that tie behind it.
    truth["000"] = {"oracle": 0.9, "current_abuse": True}
    truth["001"] = {"oracle": 0.5, "current_abuse": True}
    truth["002"] = {"oracle": 0.5, "situation": "viral_sharer"}
    truth["003"] = {"oracle": 0.1, "current_abuse": True}
    sample = make_sample(truth, reports=reports(*names), persons=named("000", "002", "003", "004"))
    assert MEASURES["oracle_recall"](sample) == 1.5 / 3
    assert MEASURES["oracle_precision"](sample) == 1.5 / 2
    assert MEASURES["oracle_calibration"](sample) == pytest.approx((0.9 + 1.0 + 97 * 0.1) / 3)
    assert MEASURES["persons_share"](sample) == 0.03
    assert MEASURES["current_among_persons"](sample) == pytest.approx(2 / 3)
    # Above 004 stands 000, and 003 ties with it.
    assert MEASURES["oracle_auc_persons"](sample) == 0.75
    assert MEASURES["oracle_auc"](sample) == pytest.approx((97 + 96.5 + 96 / 2) / (3 * 97))
