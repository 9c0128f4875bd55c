"""Measure the shipped models on fresh synthetic years: what they find, and for whom they err."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import triage
from triage.shipped import find_shipped, list_shipped

HOME, SEED, CASES, CAPACITY, DRAWS = "nl-2017", 90_001, 18_000, 0.023, 1_000
# Other worlds are tried with the default and with two models that were trained on the first.
ELSEWHERE = ("expert", "nl-2017/informed", "nl-2017/additive")
AUDITED = ((HOME, "expert"), (HOME, "nl-2017/informed"), ("fair", "expert"))
LIST_ORDER = "list with escalations"
PLACES = 4


# What was measured on what --------------------------------------------------------------------------------


def digest_shipped() -> dict[str, dict[str, str]]:
    """Return the SHA-256 of every shipped model and world: that of a bundle covers all of its files."""
    models = {
        name: _sha256(
            find_shipped("models", *(f"{name}/manifest.json" if "/" in name else f"{name}.toml").split("/"))
        )
        for name in triage.list_models()
    }
    worlds = {name: triage.load_world(name).sha256 for name in list_worlds()}
    policy = {"default": _sha256(find_shipped("models", "policies", "default.toml"))}
    return {"models": models, "worlds": worlds, "policies": policy}


def list_worlds() -> list[str]:
    """Return the names of the shipped worlds, the one that the bundles were trained on first."""
    return sorted(list_shipped("synthetic_data/worlds", "*.toml"), key=lambda name: (name != HOME, name))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# Measuring ------------------------------------------------------------------------------------------------


def measure() -> dict[str, Any]:
    """Return all figures: models on the home world, three of them on the others, groups, and stability."""
    found: dict[str, Any] = {
        "seed": SEED,
        "cases": CASES,
        "capacity": CAPACITY,
        "digests": digest_shipped(),
        "shipped": [_describe(name) for name in triage.list_models()],
        "models": [],
        "worlds": [],
        "groups": [],
    }
    for world in list_worlds():
        with tempfile.TemporaryDirectory() as folder:
            year = Path(folder) / "year"
            triage.write_world(triage.load_world(world), CASES, SEED, year)
            batch = triage.open_batch(year)
            truth = pq.read_table(Path(folder) / "year-truth" / "truth.parquet")
            attributes = pq.read_table(Path(folder) / "year-truth" / "groups.parquet")
            for name in triage.list_models() if world == HOME else ELSEWHERE:
                table = triage.build_worklist(
                    batch, triage.load_model(name), triage.Capacity(share=CAPACITY)
                ).table
                joined = triage.join_outcomes(table, truth)
                row = {"model": name, "world": world, **_evaluate(joined)}
                found["models" if world == HOME else "worlds"].append(row)
                if (world, name) in AUDITED:
                    found["groups"].append(
                        {"world": world, "model": name, "rows": _audit(joined, attributes)}
                    )
            if world == HOME:
                found["year"] = _count(joined)
                found["stability"] = _try_weights(batch, truth)
    return found


def _describe(name: str) -> dict[str, Any]:
    bundle = triage.load_model(name)
    about, periods = bundle.about, bundle.about.get("periods", {})
    return {
        "model": name,
        "unit": bundle.model.unit,
        "features": len(bundle.model.features),
        "fitted": periods.get("fitted on"),
        "calibrated": periods.get("calibrated on"),
        "fitted_again": about.get("fitted_again_on"),
        "probability_for": bundle.calibration.population if bundle.calibration else None,
    }


def _evaluate(joined: pa.Table) -> dict[str, Any]:
    result = triage.evaluate_table(
        joined,
        outcome="current_abuse",
        score="score",
        probability="probability",
        capacity=(CAPACITY,),
        resamples=0,
    )
    orders = {ranking.name: ranking for ranking in result.rankings}
    model, listed, oracle = result.model, orders[LIST_ORDER], orders["oracle"]
    told: dict[str, Any] = {
        "cases": result.cases,
        "positives": result.positives,
        "opened": int(model.at[0].k),
        "found": _plain(model.at[0].found.expected, 1),
        "recall": _brief(model.at[0].recall),
        "share": _brief(model.oracle_share[0]),
        "list_found": _plain(listed.at[0].found.expected, 1),
        "list_recall": _brief(listed.at[0].recall),
        "list_share": _brief(listed.oracle_share[0]),
        "oracle_found": _plain(oracle.at[0].found.expected, 1),
        "oracle_recall": _brief(oracle.at[0].recall),
        "oracle_auc": _brief(oracle.auc),
        "auc": _brief(model.auc),
    }
    if result.probability is not None:
        fit = result.probability
        told["calibration"] = {
            "slope": _brief(fit.logistic.line.slope),
            "intercept": _brief(fit.logistic.line.intercept),
            "expected": _brief(fit.observed_over_expected),
            "expected_first": _brief(fit.observed_over_expected_at[0]),
        }
    return told


def _audit(joined: pa.Table, attributes: pa.Table) -> list[dict[str, Any]]:
    """Audit what is opened in the order of the list, which is what an agency opens."""
    table = triage.join_outcomes(joined, attributes, "groups")
    lane = table["lane"].cast(pa.string())
    table = table.filter(pc.is_in(lane, pa.array(["unreadable", "escalated", "ranked"])))
    groups = {name: table[name].to_pylist() for name in attributes.column_names if name != "case_id"}
    groups["source"] = ["several" if " " in one else one for one in table["sources"].to_pylist()]
    audit = triage.evaluate_groups(
        table["current_abuse"].to_numpy().astype(float),
        -table["rank"].to_numpy().astype(float),
        groups,
        capacity=CAPACITY,
        crossings=(),
        synthetic=True,
    )
    missed = {(row.attribute, row.value): row for row in audit.of("missed")}
    needless = {(row.attribute, row.value): row for row in audit.of("needless") if "1,000" not in row.measure}
    return [
        {
            "attribute": key[0],
            "value": key[1],
            "missed": _brief(row),
            "missed_verdict": row.verdict,
            "needless": _brief(needless[key]),
            "needless_verdict": needless[key].verdict,
        }
        for key, row in missed.items()
    ]


def _count(joined: pa.Table) -> dict[str, int]:
    """Return how many cases stand in each lane, and in how many of them there is current abuse."""
    lanes = joined["lane"].cast(pa.string()).to_pylist()
    abuse = joined["current_abuse"].to_numpy()
    counted = {"cases": len(lanes), "positives": int(abuse.sum())}
    for lane in ("escalated", "youth", "ranked", "paused"):
        here = np.array([one == lane for one in lanes])
        counted |= {lane: int(here.sum()), f"{lane}_positives": int(abuse[here].sum())}
    return counted


def _try_weights(batch: Any, truth: pa.Table) -> dict[str, Any]:
    labels = dict(
        zip(truth["case_id"].to_pylist(), truth["current_abuse"].to_numpy().astype(float), strict=True)
    )
    told = triage.measure_stability(
        batch,
        triage.load_model("expert"),
        triage.Capacity(share=CAPACITY),
        draws=DRAWS,
        seed=SEED,
        labels=labels,
    ).as_dict()
    plain = {name: _plain(value) for name, value in told.items() if name != "variants"}
    variants = [{name: _plain(value) for name, value in one.items()} for one in told["variants"]]
    return {**plain, "variants": variants}


def _plain(value: Any, places: int = PLACES) -> Any:
    """Return a number rounded, so that the last bits of another processor change nothing; None for NaN."""
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, places)
    return value


def _brief(figure: Any) -> list[float | None]:
    return [_plain(figure.estimate), _plain(figure.low), _plain(figure.high)]
