from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from triage.features.view import View
from triage.schema.part import Part

Row = dict[str, Any]


@pytest.fixture
def seen(make_part: Callable[..., Part], now: datetime) -> Callable[..., View]:
    """Make a view of cases written as rows; what has no other person is of one reported person, `p`."""

    def see(*, at: datetime = now, **tables: list[Row]) -> View:
        part = make_part(**tables)
        assert not part.set_aside.num_rows, part.set_aside.to_pylist()
        assert not [finding for finding in part.findings if finding.level == "field"], part.findings
        return View(part, np.full(len(part.cases), int(at.timestamp())))

    return see
