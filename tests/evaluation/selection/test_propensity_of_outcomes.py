from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from triage.errors import InputRefusedError
from triage.evaluation.selection.propensity import estimate_propensity, finishing_chance

SELECTED = [0, 5, 10, 20, 30, 40, 55, 70, 85, 95]
FINISHED = [12, 60, None, 52, 44, None, 75, None, 97, None]


def test_the_length_of_investigations_is_the_kaplan_meier_estimate_of_r() -> None:
    # R, survival 3.5-3: f <- survfit(Surv(pmin(fin, 100, na.rm = TRUE) - sel, !is.na(fin)) ~ 1)
    # time 12 14 20 32 55: surv, and surv * std.err (Greenwood)
    finishing = finishing_chance(SELECTED, FINISHED, 100)
    assert finishing.duration.tolist() == [12, 14, 20, 32, 55]
    assert finishing.at_risk.tolist() == [9, 7, 6, 4, 3]
    assert finishing.ended.tolist() == [2, 1, 1, 1, 1]
    assert finishing.still_open == pytest.approx(
        [0.777777777778, 0.666666666667, 0.555555555556, 0.416666666667, 0.277777777778]
    )
    assert finishing.error == pytest.approx(
        [0.138579903214, 0.157134840264, 0.165634665000, 0.172915272194, 0.161706011079]
    )
    # What the curve leaves ended after all the time that each has had.
    late = [0.722222222222] * 6 + [0.583333333333, 0.444444444444, 0.333333333333, 0.0]
    assert finishing.chance == pytest.approx(late)
    assert finishing.never == 1


def test_dates_are_read_as_well_as_numbers() -> None:
    days = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(SELECTED, unit="D")
    ends = pd.Series(pd.NaT, index=range(10)).dt.tz_localize("UTC")
    for row, end in enumerate(FINISHED):
        if end is not None:
            ends[row] = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(days=end)
    as_of = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(days=100)
    by_date = finishing_chance(days, ends, as_of)
    by_number = finishing_chance(SELECTED, FINISHED, 100)
    assert by_date.chance == pytest.approx(by_number.chance)
    assert by_date.duration == pytest.approx(86_400 * by_number.duration)
    plain = finishing_chance(
        days.tz_localize(None).to_numpy(), ends.dt.tz_localize(None).to_numpy(), as_of.tz_localize(None)
    )
    assert plain.chance == pytest.approx(by_number.chance)


def test_without_open_investigations_the_chance_is_the_share_that_was_as_quick() -> None:
    finishing = finishing_chance([0, 0, 0, 0], [1, 2, 3, 4], 10)
    assert finishing.ended_within([0.5, 1, 2.5, 4, 9]).tolist() == pytest.approx([0, 0.25, 0.5, 1, 1])
    assert finishing.chance.tolist() == [1, 1, 1, 1]


def test_when_none_has_ended_no_chance_is_known() -> None:
    finishing = finishing_chance([0, 1], [None, None], 10)
    assert finishing.chance.tolist() == [0, 0]
    assert finishing.never == 2
    assert finishing.to_frame().empty


@pytest.mark.parametrize(
    ("selected", "finished"), [([None, 1], [2, 2]), ([0, 11], [2, None]), ([0, 1], [2, 12]), ([3, 1], [2, 2])]
)
def test_times_that_cannot_be_are_refused(selected: list[object], finished: list[object]) -> None:
    with pytest.raises(InputRefusedError, match="selected_at"):
        finishing_chance(selected, finished, 10)


X = [-1.2, 0.3, 0.5, -0.7, 1.9, 2.2, 0.1, -0.4, 1.1, -2.0, 0.8, 1.5]
Z = [0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1]
CHOSEN = [0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1]


def test_the_logistic_propensity_is_that_of_glm() -> None:
    # R: fitted(glm(y ~ x + z, family = binomial, control = list(epsilon = 1e-14)))
    propensity = estimate_propensity(CHOSEN, covariates=np.column_stack([X, Z]))
    expected = [
        0.09154719528832, 0.25321056821751, 0.70632456158121, 0.20394732432670, 0.87037846251478, 0.92159079648978,
        0.18926459887397, 0.30960795138625, 0.88051343760649, 0.00461530466902, 0.80805952981103, 0.76094026923493,
    ]  # fmt: skip
    assert propensity.probability == pytest.approx(expected, rel=1e-6)
    # glm(y ~ x)
    alone = estimate_propensity(CHOSEN, covariates=X)
    assert alone.probability[:2] == pytest.approx([0.0825917552070, 0.4675436490371], rel=1e-6)


def test_the_share_of_a_stratum_is_its_propensity_with_its_diagnostics() -> None:
    propensity = estimate_propensity([1, 0, 0, 0, 1, 1, 0, 0], stratum=list("aaaabbcc"))
    assert propensity.probability.tolist() == [0.25] * 4 + [1.0] * 2 + [0.0] * 2
    assert propensity.without_overlap == 2
    assert (propensity.smallest, propensity.smallest_chosen, propensity.largest_weight) == (0.0, 0.25, 4.0)
    # Weights 4, 1, 1: 36 / 18.
    assert propensity.effective_count == 2.0
    assert "2 cases in strata of which none was chosen" in str(propensity)


def test_weights_are_capped_only_on_request_and_it_is_said() -> None:
    capped = estimate_propensity([1, 0, 0, 0, 1, 1], stratum=list("aaaabb"), cap=2)
    assert capped.probability.tolist() == [0.5, 0.25, 0.25, 0.25, 1.0, 1.0]
    assert (capped.capped, capped.largest_weight) == (1, 2.0)
    assert "capped at 2" in capped.method


def test_a_choice_that_the_covariates_tell_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="without fail"):
        estimate_propensity([0, 0, 1, 1], covariates=[1.0, 2.0, 3.0, 4.0])
    with pytest.raises(InputRefusedError, match="without fail"):
        estimate_propensity([1, 1], covariates=[1.0, 2.0])


@pytest.mark.parametrize("columns", [{}, {"covariates": [1, 2], "stratum": ["a", "b"]}])
def test_either_covariates_or_strata_are_given(columns: dict[str, object]) -> None:
    with pytest.raises(InputRefusedError, match="one of them"):
        estimate_propensity([1, 0], **columns)


def test_a_missing_covariate_and_a_list_without_choice_are_refused() -> None:
    with pytest.raises(InputRefusedError, match="covariates"):
        estimate_propensity([1, 0], covariates=[np.nan, 1.0])
    with pytest.raises(InputRefusedError, match="chosen"):
        estimate_propensity([0, 0], stratum=["a", "b"])
