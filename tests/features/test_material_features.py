"""What each feature of the material is, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

UNKNOWN = math.nan
Case = tuple[str, dict[str, Any], float]


def files(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"files": list(rows)}


def tagged(*tags: str, **others: Any) -> dict[str, Any]:
    return {"file_annotations": list(tags), **others}


def looked_up(status: str, **others: Any) -> dict[str, Any]:
    return {"hash_status": status, **others}


NEW, KNOWN = looked_up("no_match"), looked_up("exact_known")
VIRAL, MEME, DRAWN, GENERATED = (
    tagged("viral"),
    tagged("meme"),
    tagged("drawn_or_virtual"),
    tagged("generative_ai"),
)

CASES: list[Case] = [
    # what a single file asserts
    ("live_streamed", files({}, tagged("self_produced", "live_streamed")), 1),
    ("live_streamed", files(tagged("violence")), 0),
    ("live_streamed", files(tagged("ext:live_streamed")), 0),
    ("youngest_children", files({"youngest_age_band": "0-2"}), 1),
    ("youngest_children", files(tagged("infant")), 1),
    ("youngest_children", files({"youngest_age_band": "3-6"}), 0),
    ("youngest_children", files({"youngest_age_band": "prepubescent"}), 0),
    ("violent_material", files({}, tagged("physical_harm")), 1),
    ("violent_material", files(tagged("violence")), 1),
    ("violent_material", files(tagged("animal")), 1),
    ("violent_material", files(tagged("infant", "viral")), 0),
    ("self_produced", files(tagged("self_produced")), 1),
    ("self_produced", files({}), 0),
    # a band holds whole years: from the third birthday to the seventh
    ("depicted_age", files({"youngest_age_band": "11-13"}, {"youngest_age_band": "3-6"}), 5),
    ("depicted_age", files({"youngest_age_band": "prepubescent"}, {"youngest_age_band": "16-17"}), 7),
    ("depicted_age", files({"youngest_age_band": "unknown"}), UNKNOWN),
    ("depicted_age", {}, UNKNOWN),
    # classes
    ("severest_class", files({"severity_class": "B2"}, {"severity_class": "A1"}), 1),
    ("severest_class", files({"severity_class": "IWF_A"}), 1),
    *((("severest_class", files({"severity_class": other}), -1)) for other in ("A2", "B1", "B2", "IWF_B", "IWF_C", "none")),
    ("severest_class", files({"severity_class": "unknown"}), 0),
    ("severest_class", files({"severity_class": "unknown"}, {"severity_class": "B2"}), -1),
    ("severest_class", {}, 0),
    ("no_severity", files({"severity_class": "none"}, {"severity_class": "unknown"}), 1),
    *((("no_severity", files({"severity_class": "none"}, {"severity_class": some}), -1))
      for some in ("A1", "A2", "B1", "B2", "IWF_A", "IWF_B", "IWF_C")),
    ("no_severity", files({"severity_class": "unknown"}), 0),
    ("no_severity", {}, 0),
    ("lawful", files({"legal_class": "not_illegal"}, {"legal_class": "unknown"}), 1),
    ("lawful", files({"legal_class": "not_illegal"}, {"legal_class": "national"}), -1),
    ("lawful", files({"legal_class": "baseline"}), -1),
    ("lawful", files({"legal_class": "doubtful"}), 0),
    ("lawful", {}, 0),
    # look-ups
    ("unknown_material", files(KNOWN, NEW), 1),
    ("unknown_material", files(KNOWN, looked_up("near_known")), -1),
    ("unknown_material", files(looked_up("not_run")), 0),
    ("unknown_material", files(looked_up("not_run"), KNOWN), -1),
    ("unknown_material", files(looked_up("no_match", legal_class="not_illegal")), 0),
    ("unknown_material", files(looked_up("no_match", legal_class="doubtful")), 1),
    ("unknown_material", {}, 0),
    ("share_unknown", files(NEW, KNOWN, looked_up("near_known"), NEW), 50),
    ("share_unknown", files(NEW, looked_up("not_run"), {}), 100),
    ("share_unknown", files(*[NEW] * 18), 100),  # how many there are raises nothing
    ("share_unknown", files(*[KNOWN] * 4), 0),
    ("share_unknown", files(NEW, looked_up("no_match", legal_class="not_illegal")), 50),
    ("share_unknown", files(NEW, KNOWN, *[looked_up("no_match") | VIRAL] * 5, *[KNOWN | MEME] * 5), 50),
    ("share_unknown", files(NEW | VIRAL), UNKNOWN),
    ("share_unknown", files(looked_up("not_run")), UNKNOWN),
    ("share_unknown", {}, UNKNOWN),
    ("unidentified_victim", files({"victim_status": "identified"}, {"victim_status": "unidentified"}), 1),
    ("unidentified_victim", files({"victim_status": "identified"}, {"victim_status": "unknown"}), -1),
    ("unidentified_victim", files({"victim_status": "unknown"}), 0),
    # all of it, or a share of it
    ("viral", files(VIRAL, MEME), 1),
    ("viral", files(VIRAL, {}), 0),
    ("viral", files(VIRAL, tagged("infant")), 0),
    ("viral", {}, 0),
    ("artificial", files(DRAWN, GENERATED), 1),
    ("artificial", files(DRAWN, {}), 0),
    ("artificial", {}, 0),
    ("share_viral", files(VIRAL, {}, tagged("meme", "viral"), {}), 50),
    ("share_viral", files({}), 0),
    ("share_viral", {}, UNKNOWN),
    ("share_artificial", files(GENERATED, {}, {}, {}), 25),
    ("share_artificial", files(GENERATED, {}, VIRAL, MEME, tagged("meme", "generative_ai")), 50),
    ("share_artificial", files({}), 0),
    ("share_artificial", files(VIRAL), UNKNOWN),
    ("share_artificial", {}, UNKNOWN),
    # when and how much
    ("days_since_upload", files({"uploaded_at": "2024-02-20T12:00:00Z"}, {"uploaded_at": "2023-01-01"}), 10),
    ("days_since_upload", files({"uploaded_at": "2024-02-20T12:00:00Z"}, VIRAL | {"uploaded_at": "2024-02-29"}), 10),
    ("days_since_upload", files({"uploaded_at": "2024-04-01"}), 0),
    ("days_since_upload", files({}), UNKNOWN),
    ("files", files({}, {}, VIRAL, MEME, DRAWN), 3),
    ("files", {}, 0),
    # how it was found
    ("seen_by_reporter", files({"viewed_by_reporter": "denied"}, {"viewed_by_reporter": "asserted"}), 1),
    ("seen_by_reporter", files({"viewed_by_reporter": "denied"}, {}), -1),
    ("seen_by_reporter", files({}), 0),
    ("public_material", files({"publicly_available": "asserted"}), 1),
    ("public_material", files({"publicly_available": "denied"}), -1),
    ("public_material", files({"publicly_available": "unknown"}), 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def values(values_by_hand: Callable[..., list[float]]) -> list[float]:
    return values_by_hand(CASES)


@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_feature_of_material_is_what_a_person_reads_from_the_rows(values: list[float], i: int) -> None:
    np.testing.assert_allclose(values[i], CASES[i][2], rtol=1e-14, err_msg=str(CASES[i]))
