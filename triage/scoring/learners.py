"""The learners that a recipe can name; what each needs is imported when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage.scoring.learner import Learned, Lesson


@dataclass(frozen=True)
class Learner:
    """Where a kind of model is learned.

    Parameters
    ----------
    module : str
        Its module.
    learn_name, options_name : str
        Its two functions.
    fewest_positives : int
        Positive cases, and negative ones, below which it does not learn.
    """

    module: str
    learn_name: str
    options_name: str
    fewest_positives: int = 10

    def read_options(self, table: dict[str, Any], where: str) -> Any:
        """Return the options of a recipe, checked."""
        return getattr(import_module(self.module), self.options_name)(table, where)

    def learn(self, lesson: Lesson, options: Any) -> Learned:
        """Return what is learned from labelled cases."""
        learned: Learned = getattr(import_module(self.module), self.learn_name)(lesson, options)
        return learned


LEARNERS = {
    "logistic": Learner("triage.scoring.logistic_learning", "learn_logistic", "read_logistic_options"),
    "scorecard-learned": Learner("triage.scoring.scorecard.learning", "learn_scorecard", "read_options"),
    # It starts from the evidence, so that it needs no outcome at all.
    "informed": Learner("triage.scoring.informed.learning", "learn_informed", "read_options", 0),
    "additive": Learner("triage.scoring.boosted_learning", "learn_additive", "read_additive_options"),
    "boosted": Learner("triage.scoring.boosted_learning", "learn_boosted", "read_boosted_options"),
}
