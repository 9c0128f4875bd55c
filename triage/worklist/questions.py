"""What an agency can ask of a case, and what each answer would set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.features.catalogue import FEATURES, find_feature
from triage.features.of_sums import COUNTED
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from triage.features.view import View
    from triage.scoring.model import Model

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Answer = Mapping[str, float]

_LATE = frozenset({Knowable.ENRICHMENT, Knowable.EITHER})
_OPEN = ("what ", "who ", "how ", "when ", "the ")
# Values that a number may turn out to have, by its unit: days only ever lower a score as they grow, so the
# ends suffice; years are the middles of the age bands.
_VALUES = {"days": (0.0, 3650.0), "years": (1.5, 5.0, 9.0, 12.5, 15.0, 17.0), "percent": (0.0, 100.0)}
# Asked whether something is, while the feature says that it is not.
_ASKED_THE_OTHER_WAY = frozenset({"unknown_material", "unidentified_victim"})
# A question about threads, files or a child is none where no report tells of any.
_PRESUPPOSES = {
    "threads": (
        "minor_counterpart",
        "secrecy_or_gifts",
        "off_platform_move",
        "meeting",
        "image_threat",
        "directs_abuse",
        "claims_access",
        "days_since_contact",
    ),
    "child_mentioned": ("own_child_mentioned", "mentioned_child_age"),
    "all_files": (
        "depicted_age",
        "severest_class",
        "unknown_material",
        "unidentified_victim",
        "lawful",
        "days_since_upload",
    ),
}
_NEEDS = {name: needed for needed, names in _PRESUPPOSES.items() for name in names}
# Questions that settle several features at once.
_JOINT: dict[str, tuple[Answer, ...]] = {
    "person_reported": ({"person_reported": 1.0, "persons_reported": 1.0},),
    "minor_counterpart": (
        {"minor_counterpart": -1.0},
        {"minor_counterpart": 1.0, "minor_threads": 1.0},
    ),
    "severest_class": (
        {"severest_class": -1.0, "no_severity": 1.0},
        {"severest_class": -1.0, "no_severity": -1.0},
        {"severest_class": 1.0, "no_severity": -1.0},
    ),
    "own_child_mentioned": (
        {"own_child_mentioned": -1.0, "others_child_mentioned": -1.0},
        {"own_child_mentioned": 1.0, "others_child_mentioned": -1.0},
        {"own_child_mentioned": -1.0, "others_child_mentioned": 1.0},
    ),
    "unknown_material": (
        {"unknown_material": -1.0, "share_unknown": 0.0},
        {"unknown_material": 1.0, "share_unknown": 100.0},
    ),
}


@dataclass(frozen=True)
class Question:
    """Something an agency can find out.

    Parameters
    ----------
    asks : str
        What to find out, in words.
    features : tuple of str
        Which features it settles; it is open where none of them is known.
    answers : tuple of mapping of str to float
        What each answer sets. Of a question of yes or no the last asserts the feature, and before it stands
        the one that denies it, unless it can never be denied.
    """

    asks: str
    features: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def is_yes_or_no(self) -> bool:
        """Whether it is answered by yes or no."""
        return find_feature(self.features[0]).is_flag and not self.asks.startswith(_OPEN)

    @property
    def is_other_way(self) -> bool:
        """Whether the answer yes is the one that denies the feature."""
        return self.features[0] in _ASKED_THE_OTHER_WAY

    @property
    def is_told(self) -> bool:
        """Whether reporters may tell of it, who tell it where it is so and else are silent."""
        return find_feature(self.features[0]).knowable is Knowable.EITHER

    @property
    def is_check(self) -> bool:
        """Whether a check after arrival can answer it with yes or no."""
        flag = find_feature(self.features[0])
        return self.is_yes_or_no and len(self.answers) == 2 and flag.knowable in _LATE


def _make_question(asks: str, features: tuple[str, ...]) -> Question:
    first = find_feature(features[0])
    if first.name in _JOINT:
        answers = _JOINT[first.name]
    elif first.is_flag:
        levels = (-1.0, 1.0) if first.denied else (1.0,)
        answers = tuple({first.name: level} for level in levels)
    else:
        answers = tuple({first.name: value} for value in _VALUES[first.unit])
    return Question(asks, features, answers)


def _make_questions() -> tuple[Question, ...]:
    asking: dict[str, tuple[str, ...]] = {}
    for name, feature in FEATURES.items():
        if feature.asks:
            asking[feature.asks] = (*asking.get(feature.asks, ()), name)
    return tuple(_make_question(asks, features) for asks, features in asking.items())


QUESTIONS = _make_questions()


def list_questions(model: Model, *, counted: bool = True) -> list[int]:
    """Return which of `QUESTIONS` can move the score of a model.

    Parameters
    ----------
    model : Model
        The model.
    counted : bool
        Whether signs that the model knows by a sum alone are asked for too.

    Examples
    --------
    >>> from triage.scoring.loading import load_model
    >>> [QUESTIONS[index].asks for index in list_questions(load_model("expert").model)][:2]
    ['an earlier conviction for a contact offence', 'an earlier allegation of a contact offence']
    """
    names = set(model.features)
    settled = [set(question.features) for question in QUESTIONS]
    if counted:
        names |= {flag for name in model.features for flag in COUNTED.get(name, ())}
        settled = [{name for answer in question.answers for name in answer} for question in QUESTIONS]
    place = dict.fromkeys(names, len(names)) | {name: at for at, name in enumerate(model.features)}
    asked = [index for index, features in enumerate(settled) if names & features]
    # Of answers that move a case as far, the one that the model names first is told first.
    return sorted(asked, key=lambda index: min(place[name] for name in names & settled[index]))


def is_open(question: Question, model: Model, matrix: Floats, view: View | None) -> NDArray[np.bool_]:
    """Say of which cases nothing that the question settles is known, shape (n_cases,).

    Where what it presupposes is not there, there is no question.
    """
    unknown = np.ones(len(matrix), dtype=bool)
    if question.features[0] in _NEEDS:
        needed = values_of(_NEEDS[question.features[0]], model, matrix, view)
        if needed is not None:
            unknown &= needed > 0.0
    for name in question.features:
        values = values_of(name, model, matrix, view)
        if values is not None:
            unknown &= (values == 0.0) if find_feature(name).is_flag else np.isnan(values)
    return unknown


def values_of(name: str, model: Model, matrix: Floats, view: View | None) -> Floats | None:
    """Return a feature, of the matrix or, where the model has it not, of the view if there is one."""
    if name in model.features:
        return matrix[:, model.features.index(name)]
    return None if view is None else view.remember(name, find_feature(name).compute)


def set_answer(matrix: Floats, cases: Ints, names: list[str], answer: Answer) -> dict[int, Floats]:
    """Return the columns that change under an answer, and what they become.

    A sign that is asserted is counted: the sums change with it.

    Parameters
    ----------
    matrix : array of float, shape (n_cases, n_names)
        Features.
    cases : array of int, shape (n_asked,)
        The cases in which the question is open.
    names : list of str
        Of the columns.
    answer : mapping of str to float
        What to set.

    Returns
    -------
    dict of int to array of float
        One number where it is the same for all, else one for each case that is asked.

    Examples
    --------
    >>> features, names = np.array([[0.0, 2.0]]), ["meeting", "contact_signs"]
    >>> set_answer(features, np.array([0]), names, {"meeting": 1.0})
    {0: array([1.]), 1: array([3.])}
    """
    changed = {}
    for column, name in enumerate(names):
        more = sum(answer.get(flag, 0.0) > 0.0 for flag in COUNTED.get(name, ()))
        if name in answer:
            changed[column] = np.array([answer[name]])
        elif more:
            changed[column] = matrix[cases, column] + more
    return changed
