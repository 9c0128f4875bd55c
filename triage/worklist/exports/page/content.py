"""The rows of a list and the explanations of its cases, packed small for the page."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from triage.worklist.exports.columns import COLUMNS
from triage.worklist.missing import SEPARATOR
from triage.worklist.policy import LANES
from triage.worklist.reasons import SMALLEST_SHOWN, WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.worklist.explain import Explanation, TermExplained
    from triage.worklist.exports.by_ending import Options

# What is told as sentences joined by a separator is kept as sentences: most cases share them.
_SENTENCES = frozenset({"reasons", "missing"})
_PRECISE = 5  # digits after the point of a contribution; the page shows two


def encode_content(table: pa.Table, options: Options) -> dict[str, Any]:
    """Return what the page is drawn from, as plain values.

    Parameters
    ----------
    table : pyarrow.Table
        The list.
    options : Options
        What is said of it, and the explanations by case.
    """
    about = options.about
    return {
        "as_of": int(about.as_of.timestamp()) if about.as_of else None,
        "capacity": about.capacity,
        "lanes": list(LANES),
        "says": {name: COLUMNS.get(name, "") for name in table.column_names},
        "rows": table.num_rows,
        "columns": {name: _encode_column(name, table[name]) for name in table.column_names},
        "details": _encode_details(table, options.details),
    }


def encode_inert(content: dict[str, Any]) -> str:
    r"""Return values as JSON that HTML cannot take for markup, whatever text is in them.

    Examples
    --------
    >>> encode_inert({"case_id": "</script><b>"})
    '{"case_id":"\\u003c/script\\u003e\\u003cb\\u003e"}'
    """
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _encode_column(name: str, values: pa.ChunkedArray) -> dict[str, Any]:
    """Return a column: numbers and times (in seconds) as they are, text as places in a list of words."""
    if name in _SENTENCES:
        return _encode_sentences(values.to_pylist())
    if pa.types.is_timestamp(values.type):
        return {"kind": "time", "at": values.cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_pylist()}
    if pa.types.is_floating(values.type):
        return {"kind": "number", "at": [_number(value) for value in values.to_pylist()]}
    if pa.types.is_integer(values.type):
        return {"kind": "number", "at": values.to_pylist()}
    coded = pc.cast(values, pa.string()).combine_chunks().dictionary_encode()
    return {"kind": "text", "words": coded.dictionary.to_pylist(), "at": coded.indices.to_pylist()}


def _encode_sentences(texts: list[str | None]) -> dict[str, Any]:
    words: dict[str, int] = {}
    at = [
        [words.setdefault(sentence, len(words)) for sentence in text.split(SEPARATOR)] if text else []
        for text in texts
    ]
    return {"kind": "sentences", "words": list(words), "at": at}


def _encode_details(table: pa.Table, details: Mapping[str, Explanation]) -> dict[str, Any]:
    features: dict[tuple[str, str, str], int] = {}
    sentences: dict[str, int] = {}
    notes: dict[str, int] = {}
    cases: dict[int, Any] = {}
    cells = zip(table["case_id"].to_pylist(), table["lane"].to_pylist(), strict=True)
    for row, (case, lane) in enumerate(cells):
        explanation = details.get(case)
        # A child to protect has no score, so nothing here may be added up to one.
        if explanation is None or lane == "youth" or explanation.score is None:
            continue
        shown, small = [], []
        for term in explanation.terms:
            if _moves(term):
                shown.append(_encode_term(term, features, sentences))
            else:
                small.append(term.contribution)
        cases[row] = {
            "start": round(explanation.intercept, _PRECISE),
            "unit": explanation.unit,
            "whole": explanation.unit in WHOLE,
            "facts": explanation.facts,
            "note": notes.setdefault(explanation.reasons_note, len(notes)),
            "rest": [len(small), round(math.fsum(small), _PRECISE)],
            "terms": shown,
        }
    return {
        "features": [list(feature) for feature in features],
        "sentences": list(sentences),
        "notes": list(notes),
        "cases": cases,
    }


def _moves(term: TermExplained) -> bool:
    """Tell whether a term, or an answer to it, is more than would be shown as nothing."""
    if abs(term.contribution) >= SMALLEST_SHOWN:
        return True
    levels = [0.0, term.contribution, *(answer for answer in (term.if_no, term.if_yes) if answer is not None)]
    return max(levels) - min(levels) >= SMALLEST_SHOWN


def _encode_term(
    term: TermExplained, features: dict[tuple[str, str, str], int], sentences: dict[str, int]
) -> list[float | int | None]:
    feature = (term.feature, term.domain, term.source)
    return [
        features.setdefault(feature, len(features)),
        sentences.setdefault(term.sentence, len(sentences)),
        0 if term.value is None else 1,
        *(
            None if number is None else round(number, _PRECISE)
            for number in (term.contribution, term.if_no, term.if_yes)
        ),
    ]


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.7g}")
