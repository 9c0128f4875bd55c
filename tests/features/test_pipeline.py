from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from triage.features.catalogue import FEATURES, build_features
from triage.features.pipeline import FeaturePipeline
from triage.features.view import View
from triage.intake.tables import read_csv_folder
from triage.schema.batch import Batch, open_batch, split_part
from triage.schema.declare import Kind
from triage.schema.tables import TABLES

SAMPLE = Path(__file__).parents[2] / "synthetic_data" / "sample"


@pytest.fixture(scope="module")
def batch() -> Batch:
    return open_batch(SAMPLE)


@pytest.fixture(scope="module")
def frames(batch: Batch) -> dict[str, pd.DataFrame]:
    return {name: table.to_pandas() for name, table in next(batch.parts()).tables.items()}


@pytest.fixture(scope="module")
def expected(batch: Batch) -> pd.DataFrame:
    part = next(batch.parts())
    view = View(part, np.full(len(part.cases), int(batch.meta.as_of.timestamp())))
    return pd.DataFrame(build_features(view, list(FEATURES)), part.cases.to_pylist(), list(FEATURES))


@pytest.fixture
def small() -> dict[str, pd.DataFrame]:
    """Three cases, by hand: one of two reports with a chat, one without a person, one in the future."""
    return {
        "reports": pd.DataFrame(
            {
                "report_id": ["r1", "r2", "r3", "r4"],
                "received_at": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-05", "2024-03-01"], utc=True),
                "channels": [["chat"], None, ["web"], ["offline"]],
            }
        ),
        "persons": pd.DataFrame(
            {
                "person_id": ["p", "p", "q"], "report_id": ["r1", "r2", "r4"], "role": ["reported"] * 3,
                "known_at": ["2024-01-01", "2024-01-11", "2024-03-01"],
            }
        ),
        "prior_records": pd.DataFrame(
            {
                "record_id": ["k"], "person_id": ["p"], "record_kind": ["allegation"],
                "origin": ["own_ranking"], "known_at": ["2024-02-01"],
            }
        ),
    }  # fmt: skip


NAMES = ["reports_in_case", "contact_channel", "contact_allegation", "person_reported", "days_of_reports"]


def test_frames_and_batch_and_parts_give_what_build_features_gives(batch, frames, expected) -> None:
    for tables, as_of in ((frames, batch.meta.as_of), (batch, None)):
        found = FeaturePipeline(as_of=as_of).fit_transform(tables)
        pd.testing.assert_frame_equal(found, expected, check_names=False)
        assert found.index.name == "case_id"
    pieces = list(split_part(next(batch.parts()), 40))
    meta = type(batch.meta)(**{**batch.meta.__dict__, "parts": len(pieces)})
    cut = Batch(meta, lambda index: pieces[index])
    pd.testing.assert_frame_equal(FeaturePipeline().transform(cut), expected, check_names=False)


def test_cases_are_followed_where_only_reports_carry_them(batch, frames, expected) -> None:
    tables = {
        name: frame if name == "reports" else frame.drop(columns="case_id") for name, frame in frames.items()
    }
    found = FeaturePipeline(as_of=batch.meta.as_of).transform(tables)
    pd.testing.assert_frame_equal(found, expected, check_names=False)


def test_reports_without_cases_are_linked_as_the_command_line_links_them(batch, frames, tmp_path) -> None:
    """The same frames as a folder of CSV files, read by the other door."""
    tables = {name: frame.drop(columns="case_id") for name, frame in frames.items()}
    for name, frame in tables.items():
        sets = {c.name: frame[c.name].map("|".join, na_action="ignore") for c in TABLES[name].columns
                if c.kind == Kind.CODES}  # fmt: skip
        frame.assign(**sets).to_csv(tmp_path / f"{name}.csv", index=False)
        for column in sets:  # CSV cannot tell an empty set from none
            frame[column] = frame[column].map(lambda codes: list(codes) or None, na_action="ignore")
    part = next(read_csv_folder(tmp_path, batch.meta.as_of).parts())
    view = View(part, np.full(len(part.cases), int(batch.meta.as_of.timestamp())))
    found = FeaturePipeline(as_of=datetime.now(UTC)).transform(tables)
    assert found.index.tolist() == part.cases.to_pylist()
    np.testing.assert_array_equal(found.to_numpy(), build_features(view, list(FEATURES)))


def test_values_by_hand(small) -> None:
    found = FeaturePipeline(NAMES).fit_transform(small)
    assert found.index.tolist() == ["r1", "r3", "r4"]
    assert found.columns.tolist() == NAMES
    np.testing.assert_array_equal(found.to_numpy(), [[2, 1, 1, 1, 10], [1, 0, 0, 0, 0], [1, 0, 0, 1, 0]])


def test_own_case_ids_stand_and_need_not_be_text(small) -> None:
    small["reports"]["case_id"] = [7, 7, 8, 8]
    found = FeaturePipeline(NAMES).transform(small)
    assert found.index.tolist() == ["7", "8"]
    assert found["reports_in_case"].tolist() == [2, 2]
    assert found["person_reported"].tolist() == [1, 1]


def test_as_of_time_hides_what_came_later(small) -> None:
    before = FeaturePipeline(NAMES, as_of=datetime(2024, 1, 6, tzinfo=UTC)).transform(small)
    np.testing.assert_array_equal(before.to_numpy(), [[1, 1, 0, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, np.nan]])
    naive = FeaturePipeline(NAMES, as_of=datetime(2024, 1, 6)).transform(small)  # noqa: DTZ001 - read as UTC
    pd.testing.assert_frame_equal(naive, before)


def test_each_case_may_have_its_own_as_of_time(small) -> None:
    times = pd.Series({"r4": "2024-04-01", "r1": "2024-01-31", "r3": "2024-04-01", "other": "2024-01-01"})
    found = FeaturePipeline(NAMES, as_of=pd.to_datetime(times)).transform(small)
    np.testing.assert_array_equal(found.to_numpy(), [[2, 1, 0, 1, 10], [1, 0, 0, 0, 0], [1, 0, 0, 1, 0]])


def test_values_without_a_time_are_known_by_the_end_and_not_before() -> None:
    tables = {
        "reports": pd.DataFrame({"report_id": ["r", "s"], "received_at": ["2024-01-01", "2024-02-01"]}),
        "persons": pd.DataFrame({"person_id": ["p"], "report_id": ["r"], "role": ["reported"]}),
        "prior_records": pd.DataFrame(
            {"record_id": ["k"], "person_id": ["p"], "record_kind": ["allegation"]}
        ),
        "files": pd.DataFrame({"file_id": ["f"], "report_id": ["r"], "hash_status": ["no_match"]}),
    }
    names = ["contact_allegation", "unknown_material", "files"]
    assert FeaturePipeline(names).transform(tables).loc["r"].tolist() == [1, 1, 1]
    early = FeaturePipeline(names, as_of=datetime(2024, 1, 15, tzinfo=UTC)).transform(tables)
    assert early.loc["r"].tolist() == [0, 0, 1]


def test_records_that_our_own_ranking_led_to_can_be_left_out(small) -> None:
    with_own = FeaturePipeline(["contact_allegation"]).transform(small)
    without = FeaturePipeline(["contact_allegation"], own_records=False).transform(small)
    assert with_own.loc["r1"].item() == 1
    assert without.loc["r1"].item() == 0


def test_tables_that_are_not_there_are_empty() -> None:
    found = FeaturePipeline().transform({"reports": pd.DataFrame({"report_id": ["r"]})})
    assert found.shape == (1, len(FEATURES))
    assert found["persons_reported"].item() == 0
    nothing = FeaturePipeline().transform({"reports": pd.DataFrame({"report_id": []})})
    assert nothing.shape == (0, len(FEATURES))


def test_it_is_a_transformer_as_scikit_learn_knows_them(small) -> None:
    times = pd.Series(pd.to_datetime(["2024-04-01"] * 3), index=["r1", "r3", "r4"])
    pipeline = FeaturePipeline(NAMES, as_of=times, own_records=False)
    assert pipeline.get_params() == {"features": NAMES, "as_of": times, "own_records": False}
    again = clone(pipeline)
    pd.testing.assert_series_equal(again.as_of, times)
    assert pipeline.get_feature_names_out().tolist() == NAMES
    assert FeaturePipeline().get_feature_names_out().tolist() == list(FEATURES)
    assert again.set_params(features=["files"]).transform(small).columns.tolist() == ["files"]
    assert pipeline.fit(small) is pipeline
    check_is_fitted(FeaturePipeline())
    pd.testing.assert_frame_equal(pipeline.fit_transform(small), clone(pipeline).transform(small))


def test_output_is_a_frame_or_what_set_output_asks_for(small) -> None:
    pipeline = FeaturePipeline(NAMES)
    frame = pipeline.transform(small)
    assert isinstance(frame, pd.DataFrame)
    plain = clone(pipeline).set_output(transform="default").fit_transform(small)
    assert isinstance(plain, np.ndarray)
    np.testing.assert_array_equal(plain, frame.to_numpy())
    pd.testing.assert_frame_equal(clone(pipeline).set_output(transform="pandas").transform(small), frame)


def test_input_is_not_changed(small) -> None:
    before = {name: frame.copy(deep=True) for name, frame in small.items()}
    FeaturePipeline().transform(small)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(small[name], frame)


def test_classifier_after_it_learns_from_aligned_labels(frames, batch, expected) -> None:
    """Labels follow the index; the same labels in another order are put in order by it."""
    outcome = (expected["unknown_material"] > 0).astype(int)
    labels = outcome.sample(frac=1.0, random_state=1)
    names = ["unknown_material", "child_mentioned", "files", "prior_reports", "days_of_reports"]
    pipeline, expected = FeaturePipeline(names, as_of=batch.meta.as_of), expected[names]
    aligned = labels.reindex(pipeline.case_ids(frames))
    model = make_pipeline(pipeline, HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5))
    model.fit(frames, aligned)
    direct = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5).fit(expected, outcome)
    np.testing.assert_array_equal(model.predict_proba(frames), direct.predict_proba(expected))
    np.testing.assert_array_equal(model.predict_proba(batch), model.predict_proba(frames))
    assert ((model.predict(frames) == 1) == (outcome == 1)).all()
    with pytest.raises(ValueError, match="index is not the case ids"):
        model.fit(frames, labels)
    np.testing.assert_array_equal(  # an array is taken by position
        model.fit(frames, aligned.to_numpy()).predict_proba(frames), direct.predict_proba(expected)
    )


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pd.Series([0, 1, 0], index=["r3", "r1", "r4"]), r"y\.reindex"),
        (pd.Series([0, 1, 0]), r"y\.reindex"),
        ([0, 1], "found 2 labels; expected one for each of 3 cases"),
    ],
)
def test_labels_of_other_cases_are_refused(small, labels, message) -> None:
    for fit in (FeaturePipeline(NAMES).fit, FeaturePipeline(NAMES).fit_transform):
        with pytest.raises(ValueError, match=message):
            fit(small, labels)


R = pd.DataFrame({"report_id": ["r"]})
TIMES = pd.Series(pd.to_datetime(["2024-01-01"]), index=["r"])


@pytest.mark.parametrize(
    ("options", "tables", "message"),
    [
        ({"features": "everything"}, {"reports": R}, "features: found 'everything'; expected 'all' or a list"),
        ({"features": []}, {"reports": R}, "features: found"),
        ({"features": ["fles"]}, {"reports": R}, "found 'fles'; expected names of the catalogue, such as files"),
        ({"features": ["files", "files"]}, {"reports": R}, "found files more than once"),
        ({"own_records": "no"}, {"reports": R}, "own_records: found 'no'; expected True or False"),
        ({"as_of": "2024-01-01"}, {"reports": R}, "as_of: found '2024-01-01'; expected a datetime"),
        ({"as_of": pd.NaT}, {"reports": R}, "as_of: found NaT"),
        ({"as_of": TIMES.rename({"r": "s"})}, {"reports": R}, "found no time for 1 cases, such as 'r'"),
        ({"as_of": pd.concat([TIMES, TIMES])}, {"reports": R}, "found 'r' twice in its index"),
        ({"as_of": pd.Series([1.0], index=["r"])}, {"reports": R}, "found numbers or empty times"),
        ({"as_of": pd.Series([pd.NaT], index=["r"])}, {"reports": R}, "found numbers or empty times"),
        ({"as_of": pd.Series(["soon"], index=["r"])}, {"reports": R}, "as_of: found .*; expected a datetime"),
        ({}, R, "tables: found DataFrame; expected a mapping"),
        ({}, {"report": R}, "tables: found 'report'; expected tables among reports, persons"),
        ({}, {}, "tables: found none; expected at least 'reports'"),
        ({}, {"persons": pd.DataFrame({"person_id": []})}, "tables: found persons; expected at least 'reports'"),
        ({}, {"reports": [{"report_id": "r"}]}, r"tables\['reports'\]: found list; expected a pandas DataFrame"),
        ({}, {"reports": pd.DataFrame({"channels": [["chat"]]})}, "no column report_id"),
        ({}, {"reports": pd.DataFrame([["r", "s"]], columns=["report_id", "report_id"])}, "column 'report_id' twice"),
        ({}, {"reports": pd.DataFrame({"report_id": [1.0, None]})}, "found numbers with a point; expected ids"),
        ({}, {"reports": pd.DataFrame({"report_id": ["r", 1]})}, "column 'report_id': found values of type int, str"),
        ({}, {"reports": pd.DataFrame({"report_id": ["r", "s"], "case_id": ["c", None]})},
         "column 'case_id': found 1 empty; expected a case for every report"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_where_and_what(options, tables, message) -> None:
    with pytest.raises(ValueError, match=message):
        FeaturePipeline(**options).fit_transform(tables)


def test_fit_refuses_parameters_without_reading_the_tables() -> None:
    with pytest.raises(ValueError, match="features: found"):
        FeaturePipeline(features=["no such"]).fit({"reports": R})
    assert FeaturePipeline().fit({"reports": R})


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"reports": R.assign(incident_type="theft")}, "incident_type.*'theft'.*counts as unknown"),
        ({"reports": R.assign(incident_typ="csam")}, "incident_typ.*not declared"),
        (
            {"reports": R, "files": pd.DataFrame({"file_id": ["f"], "report_id": ["x"]})},
            "files.*column report_id.*set aside",
        ),
        ({"reports": pd.DataFrame({"report_id": ["r", None]})}, "no readable value"),
    ],
)
def test_what_does_not_count_is_told(tables, message) -> None:
    with pytest.warns(UserWarning, match=message):
        found = FeaturePipeline(["reported_for_material", "files"]).transform(tables)
    assert found.to_numpy().tolist() == [[0, 0]]


def test_sets_of_codes_may_be_lists_tuples_sets_or_text(small) -> None:
    for value in (["chat", "web"], ("chat", "web"), {"chat", "web"}, np.array(["chat"]), "chat|web", "chat"):
        small["reports"]["channels"] = pd.Series([value] * 4, dtype=object)
        assert FeaturePipeline(["contact_channel"]).transform(small).iloc[:, 0].tolist() == [1, 1, 1]


def test_kinds_of_columns_that_pandas_has_are_read_alike(small) -> None:
    expected = FeaturePipeline().transform(small)
    kinds = {
        "category": lambda frame: frame.astype({"report_id": "category"}),
        "text": lambda frame: frame.assign(received_at=frame["received_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")),
        "python": lambda frame: frame.assign(received_at=frame["received_at"].dt.to_pydatetime()),
        "other zone": lambda frame: frame.assign(received_at=frame["received_at"].dt.tz_convert("Asia/Manila")),
        "naive": lambda frame: frame.assign(received_at=frame["received_at"].dt.tz_localize(None)),
        "index": lambda frame: frame.set_axis([9, 9, 3, 1]),
    }  # fmt: skip
    for name, change in kinds.items():
        found = FeaturePipeline().transform({**small, "reports": change(small["reports"])})
        pd.testing.assert_frame_equal(found, expected, obj=name)


def test_all_declared_tables_are_taken(frames) -> None:
    assert set(frames) == set(TABLES)
    early = FeaturePipeline(as_of=datetime(1980, 1, 1, tzinfo=UTC)).transform(frames)
    flags = [name for name, feature in FEATURES.items() if feature.is_flag]
    assert (early[flags] == 0).all().all(), "nothing is known before the first report"
    late = FeaturePipeline(as_of=datetime.now(UTC) + timedelta(days=1)).transform(frames)
    pd.testing.assert_frame_equal(late, FeaturePipeline().transform(frames))
