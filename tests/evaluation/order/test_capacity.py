import numpy as np
import pytest

from triage.errors import InputRefusedError
from triage.evaluation import cases_at


@pytest.mark.parametrize(
    ("capacity", "cases", "opened"),
    [
        (0.1, 30, 3),
        (0.023, 1000, 23),
        (0.023, 100, 3),
        (0.001, 5, 1),
        (0.999, 5, 5),
        (np.float32(0.1), 30, 3),
        (np.float64(0.07), 100, 7),
        (1, 5, 1),
        (np.int32(4), 5, 4),
        (9, 5, 5),
    ],
)
def test_a_share_is_rounded_up_as_the_decimal_it_is_written_as(capacity, cases, opened):
    assert cases_at(capacity, cases) == opened


@pytest.mark.parametrize("capacity", [0, -1, 0.0, 1.0, 1.5, -0.1, True, float("nan"), "0.1", None])
def test_other_capacities_are_refused(capacity):
    with pytest.raises(InputRefusedError, match="capacity"):
        cases_at(capacity, 10)
