from __future__ import annotations

from pathlib import Path

from triage.features.catalogue import FEATURES
from triage.features.page import write_features


def test_page_of_features_is_up_to_date_and_names_each() -> None:
    page = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
    assert page == write_features(), "run: make docs"
    assert all(f"| `{name}` |" in page for name in FEATURES)
