"""Questions written by hand: a TOML file in which each answer leads on to a question or ends at a level."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.expert import STEPS
from triage.scoring.trees import LEAF, MOST_LEAVES, Tree, TreesModel
from triage.scoring.trees_file import refuse_wrong_direction
from triage.scoring.written import read_name, read_source, read_toml, refuse_unknown_keys

if TYPE_CHECKING:
    from pathlib import Path

    Answers = dict["Condition", bool]

MOST_LEVELS = 10
MOST_QUESTIONS = 100
_FILE_KEYS = {"kind", "name", "levels", "question"}
_QUESTION_KEYS = {"name", "step", "ask", "any", "yes", "no", "source"}
_CONDITION = re.compile(r"(?P<feature>[a-z_]+)(?: (?P<sign>>=|<=) (?P<limit>\d{1,9}(?:\.\d{1,6})?))?")
_ASSERTED = 0.5


@dataclass(frozen=True)
class Condition:
    """A fact that makes the answer yes: a flag that is asserted, or a number on one side of a limit.

    Parameters
    ----------
    feature : str
        Name in the catalogue.
    threshold : float
        Values up to it are on one side, values above it on the other.
    above : bool
        Whether yes is above it. An unknown value is always no.
    """

    feature: str
    threshold: float
    above: bool


@dataclass(frozen=True)
class Question:
    """A question of the file.

    Parameters
    ----------
    name : str
        What answers lead to.
    step : int
        1 to 4.
    conditions : tuple of Condition
        Any of them makes the answer yes; if none is known to hold, it is no.
    yes, no : int or str
        A level, from 1, or the name of a later question.
    source : str
        What the question rests on.
    """

    name: str
    step: int
    conditions: tuple[Condition, ...]
    yes: int | str
    no: int | str
    source: str


@dataclass(frozen=True)
class _Node:
    """A place on the way through the questions: a condition with two ways on, or a level."""

    level: int
    condition: Condition | None = None
    lower: _Node | None = None
    upper: _Node | None = None


def read_questions(path: Path) -> TreesModel:
    """Read a form of questions.

    Parameters
    ----------
    path : Path
        A TOML file with ``name``, ``levels`` (their names, the lowest first) and one ``[[question]]`` for
        each: ``name``, ``step`` (1 to 4, in order), ``ask`` (the question as a person would put it),
        ``any`` (what makes the answer yes: flags by name, numbers as ``"prior_reports >= 2"``), ``yes``
        and ``no`` (a level or a later question) and ``source``. The first question is asked first.

    Returns
    -------
    TreesModel
        One tree; the score is the level, 1 for the lowest. Before a question is answered the level is the
        one that follows if nothing more is known: what is unknown is not asserted, and adds nothing. So an
        answer adds the levels by which it moves the case, and the parts sum to the level.

    Raises
    ------
    InputRefusedError
        The file is not as described, goes in a circle, or a level falls where the evidence rises.

    Examples
    --------
    >>> from triage.shipped import find_shipped
    >>> form = read_questions(find_shipped("models", "four-step.toml"))
    >>> form.unit, form.intercept, len(form.trees)
    ('level', 1.0, 1)
    """
    return parse_questions(read_toml(path), str(path), path.stem)


def parse_questions(content: dict[str, Any], where: str, default_name: str) -> TreesModel:
    """Read a form of questions from the content of its file; see `read_questions`.

    Raises
    ------
    InputRefusedError
        It is not as described there.
    """
    if content.get("kind") != "questions":
        raise InputRefusedError("no form of questions", where=where, expected='kind = "questions"')
    refuse_unknown_keys(content, _FILE_KEYS, where)
    levels = _levels(content.get("levels"), where)
    questions = _questions(content.get("question"), levels, where)
    root = _Growth(questions, where).grow(next(iter(questions)), {})
    columns = tuple(
        dict.fromkeys(condition.feature for q in questions.values() for condition in q.conditions)
    )
    model = TreesModel(
        name=read_name(content.get("name", default_name), where),
        unit="level",
        columns=columns,
        trees=(_flatten(root, columns),),
        sources={c.feature: q.source for q in reversed(questions.values()) for c in q.conditions},
    )
    refuse_wrong_direction(model, where)
    return model


def _levels(levels: Any, where: str) -> dict[str, int]:
    sound = isinstance(levels, list) and all(isinstance(level, str) and level for level in levels)
    if not sound or not 2 <= len(levels) <= MOST_LEVELS or len(set(levels)) < len(levels):
        raise InputRefusedError(
            f"levels {levels!r}"[:200], where=where, expected=f"2 to {MOST_LEVELS} names, the lowest first"
        )
    return {name: number for number, name in enumerate(levels, start=1)}


def _questions(rows: Any, levels: dict[str, int], where: str) -> dict[str, Question]:
    sound = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    if not sound or not 1 <= len(rows) <= MOST_QUESTIONS:
        raise InputRefusedError(
            "no questions", where=where, expected=f"one [[question]] or more, at most {MOST_QUESTIONS}"
        )
    names = [row.get("name") for row in rows]
    for row, name in zip(rows, names, strict=True):
        if not isinstance(name, str) or not name or name in levels or names.count(name) > 1:
            raise InputRefusedError(
                f"a question named {name!r}"[:200], where=where, expected="a name of its own, and of no level"
            )
        refuse_unknown_keys(row, _QUESTION_KEYS, f"{where}, question {name}")
    questions: dict[str, Question] = {}
    for place, row in enumerate(rows):
        later = {**levels, **{name: name for name in names[place + 1 :]}}
        questions[row["name"]] = _question(row, later, f"{where}, question {row['name']}")
    _check_order(list(questions.values()), where)
    return questions


def _question(row: dict[str, Any], later: dict[str, int | str], where: str) -> Question:
    if not str(row.get("ask", "")).strip():
        raise InputRefusedError("no ask", where=where, expected="the question as a person would put it")
    source = read_source(row, where)
    if type(row.get("step")) is not int or row["step"] not in STEPS:
        raise InputRefusedError(f"step {row.get('step')!r}", where=where, expected="a step from 1 to 4")
    for key in ("yes", "no"):
        if row.get(key) not in later:
            raise InputRefusedError(
                f"{key} = {row.get(key)!r}"[:200], where=where, expected="a level, or a question further down"
            )
    listed = row.get("any")
    if not isinstance(listed, list) or not listed:
        raise InputRefusedError("nothing that makes the answer yes", where=where, expected="any = [features]")
    conditions = tuple(_condition(text, where) for text in listed)
    return Question(row["name"], row["step"], conditions, later[row["yes"]], later[row["no"]], source)


def _condition(text: Any, where: str) -> Condition:
    found = _CONDITION.fullmatch(text) if isinstance(text, str) else None
    feature = FEATURES.get(found["feature"]) if found else None
    if found is None or feature is None or feature.is_flag == bool(found["sign"]):
        raise InputRefusedError(
            f"{text!r}"[:200],
            where=where,
            expected='the name of a flag that triage features prints, or a number as "prior_reports >= 2"',
        )
    if feature.is_flag:
        return Condition(feature.name, _ASSERTED, above=True)
    limit = float(found["limit"])
    if found["sign"] == ">=":
        return Condition(feature.name, math.nextafter(limit, -math.inf), above=True)
    return Condition(feature.name, limit, above=False)


def _check_order(questions: list[Question], where: str) -> None:
    """Refuse steps out of order, and questions that no way leads to."""
    reached = {questions[0].name}
    step = 1
    for question in questions:
        if question.step < step:
            raise InputRefusedError(
                f"step {question.step} after step {step}",
                where=f"{where}, question {question.name}",
                expected="steps in order",
            )
        if question.name not in reached:
            raise InputRefusedError(
                "no answer leads here", where=f"{where}, question {question.name}", mend="leave it out"
            )
        step = question.step
        reached |= {way for way in (question.yes, question.no) if isinstance(way, str)}


class _Growth:
    """Follows every way through the questions."""

    def __init__(self, questions: dict[str, Question], where: str) -> None:
        self._questions, self._where, self._leaves = questions, where, 0

    def grow(self, way: int | str, known: Answers) -> _Node:
        """Return the tree from a question or a level onward, given what earlier answers say."""
        if isinstance(way, str):
            question = self._questions[way]
            return self._ask(question, question.conditions, known)
        self._leaves += 1
        if self._leaves > MOST_LEAVES:
            raise InputRefusedError(
                f"more than {MOST_LEAVES} ways through the questions",
                where=self._where,
                mend="ask for fewer facts before the questions part",
            )
        return _Node(way)

    def _ask(self, question: Question, conditions: tuple[Condition, ...], known: Answers) -> _Node:
        """Ask for the conditions one after the other: the first that holds makes the answer yes."""
        if any(known.get(condition) for condition in conditions):
            return self.grow(question.yes, known)
        left = tuple(condition for condition in conditions if condition not in known)
        if not left:
            return self.grow(question.no, known)
        condition, *rest = left
        yes = self.grow(question.yes, {**known, condition: True})
        no = self._ask(question, tuple(rest), {**known, condition: False})
        lower, upper = (no, yes) if condition.above else (yes, no)
        return _Node(no.level, condition, lower, upper)


def _flatten(root: _Node, columns: tuple[str, ...]) -> Tree:
    """Return the nodes in the order of a walk that takes the lower side first."""
    feature, threshold, unknown_lower, value = [], [], [], []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        value.append(float(node.level))
        condition = node.condition
        if condition is None or node.lower is None or node.upper is None:
            feature.append(LEAF)
            threshold.append(0.0)
            unknown_lower.append(False)
            continue
        feature.append(columns.index(condition.feature))
        threshold.append(condition.threshold)
        unknown_lower.append(condition.above)
        waiting += [node.upper, node.lower]
    return Tree.of(feature, threshold=threshold, value=value, unknown_lower=unknown_lower)
