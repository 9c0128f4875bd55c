"""A second implementation of the models, in plain Python: it shares no line with the package.

A national risk tool ran for years with swapped formulas, and nobody noticed. Two implementations that must
agree on every case make that hard.
"""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path


def score_scorecard(path: Path, case: dict[str, float]) -> dict[str, float]:
    """Return the points of each factor of a scorecard written by hand."""
    added = {}
    for factor in tomllib.loads(path.read_text())["factor"]:
        value, points = case[factor["feature"]], factor.get("points")
        if "slope" in factor:
            worth = 0.0 if math.isnan(value) else factor["slope"] * value
        elif isinstance(points, dict):
            worth = points.get({1.0: "asserted", 0.0: "unknown", -1.0: "denied"}[value], 0)
        elif math.isnan(value):
            worth = factor.get("unknown", 0)
        else:
            reached = [worth for start, worth in points if value >= start]
            worth = reached[-1] if reached else 0
        added[factor["feature"]] = float(worth)
    return added


def score_questions(path: Path, case: dict[str, float]) -> dict[str, float]:
    """Return the levels that each answer of a form of questions moves the case by.

    The form is gone through as a person does: fact by fact, the rest taken as not asserted until it is asked.
    """
    form = tomllib.loads(path.read_text())
    questions = {question["name"]: question for question in form["question"]}
    added = {}
    way, asserted = form["question"][0]["name"], set()
    while way in questions:
        question = questions[way]
        for fact in question["any"]:
            if asserted.isdisjoint(question["any"]) and _holds(fact, case):
                before = _level(form, questions, way, asserted)
                asserted.add(fact)
                feature = fact.split()[0]
                added[feature] = added.get(feature, 0.0) + _level(form, questions, way, asserted) - before
        way = question["no"] if asserted.isdisjoint(question["any"]) else question["yes"]
    return added


def start_of_questions(path: Path) -> float:
    """Return the level of a case of which nothing is known."""
    form = tomllib.loads(path.read_text())
    questions = {question["name"]: question for question in form["question"]}
    return _level(form, questions, form["question"][0]["name"], set())


def _holds(fact: str, case: dict[str, float]) -> bool:
    """Say whether a fact is known to hold: a flag asserted, or a number known and on its side of the limit."""
    feature, *limit = fact.split()
    if not limit:
        return case[feature] == 1.0
    sign, number = limit
    return case[feature] >= float(number) if sign == ">=" else case[feature] <= float(number)


def _level(form: dict, questions: dict[str, dict], way: str, asserted: set[str]) -> float:
    """Return the level, 1 for the lowest, to which the questions lead if nothing else is asserted."""
    while way in questions:
        way = questions[way]["no" if asserted.isdisjoint(questions[way]["any"]) else "yes"]
    return form["levels"].index(way) + 1.0


def score_bundle(folder: Path, case: dict[str, float]) -> dict[str, float]:
    """Return what each feature of a bundle adds."""
    content = json.loads((folder / "model.json").read_text())
    model = content["model"]
    if content["kind"] == "trees":
        return _walk_trees(model, case)
    return {term["feature"]: _add(term, case[term["feature"]]) for term in model["terms"]}


def start_of_bundle(folder: Path) -> float:
    """Return the score before any feature adds to it."""
    content = json.loads((folder / "model.json").read_text())
    model = content["model"]
    if content["kind"] == "trees":
        return (model["base"] + sum(values[0] for values in _split_trees(model, "value"))) * 2.0**-40
    return float(model["intercept"])


def _add(term: dict, value: float) -> float:
    if "slope" in term:
        if math.isnan(value):
            return 0.0
        return term["slope"] * ((math.log1p(max(value, 0.0)) if term["log"] else value) - term["center"])
    if math.isnan(value):
        return float(term["unknown"])
    return float(term["values"][sum(value >= edge for edge in term["edges"])])


def _split_trees(model: dict, name: str) -> list[list]:
    """Cut the nodes of all trees, which follow each other in order of the walk, into single trees."""
    trees, open_branches = [], 0
    for node, feature in enumerate(model["feature"]):
        if open_branches == 0:
            trees.append([])
            open_branches = 1
        trees[-1].append(model[name][node])
        open_branches += 1 if feature >= 0 else -1
    return trees


def _walk_trees(model: dict, case: dict[str, float]) -> dict[str, float]:
    added = dict.fromkeys(model["features"], 0.0)
    splits = iter(zip(model["threshold"], model["unknown_lower"], strict=True))
    node = 0
    while node < len(model["feature"]):
        tree, node = _read(model, node, splits)
        while tree["feature"] is not None:
            value = case[tree["feature"]]
            lower = tree["unknown_lower"] if math.isnan(value) else value <= tree["threshold"]
            branch = tree["lower"] if lower else tree["upper"]
            added[tree["feature"]] += (branch["value"] - tree["value"]) * 2.0**-40
            tree = branch
    return added


def _read(model: dict, node: int, splits) -> tuple[dict, int]:
    """Read the tree that begins at a node; the lower branch follows it, and then the upper one."""
    value, column = model["value"][node], model["feature"][node]
    if column < 0:
        return {"feature": None, "value": value}, node + 1
    threshold, unknown_lower = next(splits)
    lower, node = _read(model, node + 1, splits)
    upper, node = _read(model, node, splits)
    return {
        "feature": model["features"][column],
        "threshold": threshold,
        "unknown_lower": bool(unknown_lower),
        "value": value,
        "lower": lower,
        "upper": upper,
    }, node
