"""A synthetic batch, its features and its list, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from triage import build_worklist, load_model, load_world, open_batch, write_world
from triage.features.catalogue import build_features
from triage.features.view import View

if TYPE_CHECKING:
    from pathlib import Path

    from triage.worklist.build import Worklist

CASES = 20_000


@dataclass(frozen=True)
class World:
    """A batch of which the cases are known."""

    view: View
    worklist: Worklist

    def matrix(self, names: list[str], cases: int = CASES) -> np.ndarray:
        """Return the features of so many cases, over and over where there are more than the batch has."""
        return np.resize(build_features(self.view, names), (cases, len(names)))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder: Path = tmp_path_factory.mktemp("kernels") / "batch"
    meta = write_world(load_world("nl-2017"), CASES, 1, folder)
    batch = open_batch(folder)
    part = batch.read_part(0)
    view = View(part, np.full(len(part.cases), int(meta.as_of.timestamp())))
    return World(view, build_worklist(batch, load_model("nl-2017/additive")))
