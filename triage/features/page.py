"""Write the page of features from the catalogue."""

from __future__ import annotations

import sys

from triage.features.catalogue import FEATURES

_HEAD = """# Features

What the models see of a case, as known at its as-of time. Flags count as +1 asserted, 0 unknown, -1 denied;
numbers are empty where unknown. The sign is the direction of current abuse that the evidence gives; no model
may go against it. Never features: collection size upward, nationality, gender, marital status, employment,
destination country, platform brand, hosting country, anything found after a search. This page is written
from the catalogue by `make docs`.

| feature | domain | sentence | unit | sign | known | rests on |
|---|---|---|---|---|---|---|
"""


def write_features() -> str:
    """Return the page of features as Markdown.

    Examples
    --------
    >>> "| `contact_record` | history |" in write_features()
    True
    """
    rows = [
        f"| `{f.name}` | {f.domain} | {f.asserted.format('...')} | {f.unit} | {_sign(f.sign)} | {f.knowable}"
        f" | {f.evidence} |"
        for f in FEATURES.values()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _sign(sign: int) -> str:
    return {1: "+", -1: "-", 0: "none"}[sign]


if __name__ == "__main__":
    sys.stdout.write(write_features())
