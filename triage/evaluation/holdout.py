"""Train a model and evaluate it on the latest cases, on which it was neither fitted nor calibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from triage.evaluation.evaluate import evaluate
from triage.given import require_kind
from triage.schema.batch import Batch
from triage.scoring.bundle import Bundle
from triage.scoring.gathering import gather_labelled
from triage.scoring.labels import FiledLabels, take_labels
from triage.scoring.learners import LEARNERS
from triage.scoring.recipe import load_recipe
from triage.scoring.training import train

NO_BETTER_THAN_CHANCE = 0.5

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from triage.scoring.recipe import Recipe
    from triage.scoring.training import Trained


def train_bundle(
    batch: Batch,
    recipe: Recipe | str,
    labels: Mapping[str, float] | pd.Series | None = None,
    *,
    missed: Sequence[float] = (),
) -> Bundle:
    """Fit on the earliest labelled cases, calibrate on later ones, evaluate on the latest; fit again on all.

    Parameters
    ----------
    batch : Batch
        With outcomes, unless `labels` are given.
    recipe : Recipe or str
        What to fit, or the name of a shipped recipe.
    labels : mapping or pandas.Series of case id to 0 or 1, optional
        Labels from outside, such as the truth of a world, for research; those of a Series by its index. An
        empty one says that nothing is known yet.
    missed : sequence of float
        Shares of abuse that investigations may have missed: how far would the order change?

    Returns
    -------
    Bundle
        Ready for `triage.scoring.bundle.save_bundle`.

    Raises
    ------
    InputRefusedError
        The batch is something else, such as its path, or there are too few labels.
    """
    require_kind(batch, Batch, "batch")
    recipe = load_recipe(recipe) if isinstance(recipe, str) else recipe
    labels = take_labels(labels)
    empty = LEARNERS[recipe.kind].fewest_positives == 0
    cases = gather_labelled(batch, recipe.features, labels, allow_none=empty)
    findings = "findings of investigations, which miss some abuse"
    own = labels is None or (isinstance(labels, FiledLabels) and bool(labels.choices))
    told = findings if own else "given from outside (for a world, its truth)"
    # Threads add up in another order, and the same training must give the same bytes on any machine.
    with threadpool_limits(limits=1):
        trained = train(recipe, cases, population=batch.meta.population, labels=told, missed=missed)
        metrics = {**evaluate_latest(trained), "learned": trained.notes}
    return Bundle(trained.model, trained.calibration, trained.not_calibrated, trained.about, metrics)


def evaluate_latest(trained: Trained) -> dict[str, Any]:
    """Return the figures of a trained model on its latest period, for the bundle and its card.

    They are of the model as it was before it saw that period (`Trained.judged`).

    Parameters
    ----------
    trained : Trained
        As `triage.scoring.training.train` returns it.

    Returns
    -------
    dict
        ``summary`` (lines of text) and ``evaluation`` (all figures), or a summary that says why there are
        none; ``nothing`` says so where the order is not told from chance.
    """
    latest = trained.latest
    if not 0 < latest.outcome.sum() < len(latest.outcome):
        return {"summary": ["not estimable: the latest period does not hold both outcomes"]}
    score = trained.judged.score(trained.judged.contributions(latest.matrix))
    everything = bool((latest.inclusion == 1.0).all())
    logged = not np.isnan(latest.inclusion).any()
    result = evaluate(
        latest.outcome,
        score,
        trained.judged_calibration.probability(score) if trained.judged_calibration else None,
        weight=1.0 / latest.inclusion if logged and not everything else None,
        synthetic=bool(trained.about["synthetic"]),
        denominator="all cases" if logged else "investigated cases",
        group=latest.group or None,
    )
    metrics = {"summary": str(result).splitlines(), "evaluation": result.as_dict()}
    auc = result.model.auc
    if not auc.low > NO_BETTER_THAN_CHANCE:
        metrics["nothing"] = (
            f"Nothing was found: on the latest period the area under the ROC curve is {auc.estimate:.3f}"
            f" [{auc.low:.3f}, {auc.high:.3f}], which is not told from chance. Do not use this model."
        )
    return metrics
