"""How good the informed model is after few and after many labels, beside expert and logistic.

Run: python benchmarks/learning_curve.py [--world nl-2017] [--draws 5] [--first-draw 0] [--labels selected|random] [--long]

For each draw of the effects of a world, labels come from one batch and the models rank another of 100,000 cases.
`selected` labels are the outcomes of the cases that the world's policy opened, successive ones in order of time;
`random` ones are the truth of cases drawn at random. Share: what the first 2.3 % of the order hold of the oracle's
probability, divided by what the oracle's own first 2.3 % hold. Blocks of labels of the same draw are averaged.
With --long also 20,000 labels, which take a batch of 1.4 million cases a draw.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import triage
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.scoring.gathering import gather_labelled
from triage.scoring.informed.learning import InformedOptions, learn_informed
from triage.scoring.labels import read_label_file
from triage.scoring.learner import Lesson

CAPACITY = 0.023
RANKED_CASES = 100_000
LABELS = {0: 1, 100: 5, 400: 5, 2_000: 1, 20_000: 1}  # and how many blocks of so many
CASES_PER_LABEL = 68
NAMES = tuple(triage.FEATURES)
MODELS = ("expert", "informed", "logistic")


def share_of_oracle(score: np.ndarray, oracle: np.ndarray) -> float:
    """Return the share of what could be found at capacity that an order finds; ties are broken at random."""
    k = round(CAPACITY * len(oracle))
    order = np.lexsort((np.random.default_rng(0).random(len(score)), -score))
    return float(oracle[order[:k]].sum() / np.sort(oracle)[::-1][:k].sum())


def read_ranked(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of all cases of a batch, and the oracle's probability of each."""
    truth = (
        pq.read_table(Path(f"{folder}-truth") / "truth.parquet").to_pandas().set_index("case_id")["oracle"]
    )
    batch = triage.open_batch(folder)
    matrix, oracle = [], []
    for part in batch.parts():
        now = np.full(len(part.cases), int(batch.meta.as_of.timestamp()))
        matrix.append(build_features(View(part, now), NAMES))
        oracle.append(truth.loc[part.cases.to_pylist()].to_numpy())
    return np.concatenate(matrix), np.concatenate(oracle)


def plain_columns(matrix: np.ndarray) -> tuple[np.ndarray, list[int], list[bool]]:
    """Return asserted and denied of each flag, log(1 + x) of each number, with signs, and which are numbers."""
    columns, signs, numbers = [], [], []
    for index, name in enumerate(NAMES):
        x, feature = matrix[:, index], triage.FEATURES[name]
        if feature.is_flag:
            columns += [x > 0, x < 0]
            signs += [feature.sign, -feature.sign]
            numbers += [False, False]
        else:
            columns.append(np.log1p(np.fmax(x, 0.0)) + np.where(np.isnan(x), np.nan, 0.0))
            signs.append(feature.sign)
            numbers.append(True)
    return np.column_stack(columns).astype(np.float64), signs, numbers


def score_expert(matrix: np.ndarray) -> np.ndarray:
    model = triage.load_model("expert").model
    return model.score(model.contributions(matrix[:, [NAMES.index(name) for name in model.features]]))


def score_logistic(labelled: np.ndarray, outcome: np.ndarray, ranked: np.ndarray) -> np.ndarray | None:
    """Return the scores of the plain logistic model, or None where it cannot be fitted."""
    if not 0 < outcome.sum() < len(outcome):
        return None
    columns, signs, numbers = plain_columns(labelled)
    model = triage.SignedLogisticClassifier(C=1.0, signs=signs, standardise=numbers).fit(columns, outcome)
    return model.decision_function(plain_columns(ranked)[0])


def score_informed(labelled: np.ndarray, outcome: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    lesson = Lesson("informed", NAMES, labelled, outcome, np.ones(len(outcome)))
    model = learn_informed(lesson, InformedOptions()).model
    return model.score(model.contributions(ranked))


def gather(
    world: triage.worlds.World, cases: int, draw: int, folder: Path, labels: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return features and outcomes of labelled cases of a new batch, in order of time or drawn at random."""
    triage.write_world(world, cases, 1, folder / "history", draw=draw)
    truth = folder / "history-truth" / "truth.parquet"
    given = read_label_file(truth) if labels == "random" else None
    if given is not None:
        drawn = np.random.default_rng(draw).choice(
            sorted(given), min(2 * max(LABELS), len(given)), replace=False
        )
        given = {case: given[case] for case in drawn}
    found = gather_labelled(triage.open_batch(folder / "history"), NAMES, given)
    order = (
        np.random.default_rng(draw).permutation(len(found.outcome))
        if given
        else np.arange(len(found.outcome))
    )
    return found.matrix[order], found.outcome[order]


def try_draw(world: str, draw: int, labels: str, most: int, folder: Path) -> list[dict[str, object]]:
    """Return the share of each model after each number of labels."""
    loaded = triage.load_world(world)
    triage.write_world(loaded, RANKED_CASES, 2, folder / "ranked", draw=draw)
    ranked, oracle = read_ranked(folder / "ranked")
    cases = most * (CASES_PER_LABEL if labels == "selected" else 1)
    matrix, outcome = gather(loaded, max(cases, 5_000), draw, folder, labels)
    expert = share_of_oracle(score_expert(ranked), oracle)
    rows = []
    for n, blocks in LABELS.items():
        for block in range(blocks):
            rows_of = slice(block * n, (block + 1) * n)
            if n > most or (len(outcome[rows_of]) < 0.9 * n):
                continue
            known, y = matrix[rows_of], outcome[rows_of]
            plain = score_logistic(known, y, ranked)
            rows.append(
                {
                    "draw": draw,
                    "labels": n,
                    "expert": expert,
                    "informed": share_of_oracle(score_informed(known, y, ranked), oracle),
                    "logistic": np.nan if plain is None else share_of_oracle(plain, oracle),
                }
            )
    return rows


def main(arguments: argparse.Namespace) -> None:
    """Print the share of each draw, and the median and the worst over draws."""
    rows = []
    most = 20_000 if arguments.long else 2_000
    for draw in range(arguments.first_draw, arguments.first_draw + arguments.draws):
        with tempfile.TemporaryDirectory() as folder:
            rows += try_draw(arguments.world, draw, arguments.labels, most, Path(folder))
    by_draw = pd.DataFrame(rows).groupby(["labels", "draw"])[list(MODELS)].mean()
    print(f"{arguments.world}, {arguments.labels} labels: share of the oracle at {CAPACITY:.1%} (synthetic)")
    print(by_draw.round(3).to_string())
    print("\nmedian and worst over draws")
    print(by_draw.groupby("labels").agg(["median", "min"]).round(3).to_string())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", default="nl-2017")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--first-draw", type=int, default=0)
    parser.add_argument("--labels", choices=("selected", "random"), default="selected")
    parser.add_argument("--long", action="store_true", help="also 20,000 labels")
    main(parser.parse_args())
