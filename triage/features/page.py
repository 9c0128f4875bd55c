"""Write the page of features from the catalogue."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING

from triage.features.catalogue import FEATURES
from triage.features.factors import FACTORS, NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.features.factors import Factor
    from triage.features.feature import Feature

_HEAD = """# Features

What the models see of a case, as known at its as-of time: {count} features in {domains} domains. This page is
written from the catalogue by `make docs`; `triage features` prints it. In a notebook
`triage.FeaturePipeline` gives them as a frame.

- A **flag** counts as +1 asserted, 0 unknown, -1 denied. Absent is unknown. A flag without a second sentence
  cannot be denied: its absence says nothing. A **number** is empty where unknown; a count of nothing is 0.
- The **sign** is the direction of current abuse that the evidence gives. No model may go against it, and
  where none is given a model is free.
- **Known** says when a feature can be known: when the report arrives, after somebody looked (enrichment), or
  either.
- Only what is known of a *reported person* counts; of recipients and others nothing does, but for their
  threads with the reported person.
- Copies of a viral file or of a viral bundle's report move nothing upward.

Never features: {never}.
"""

_ABOUT = {
    "completeness": "Who is reported, and how much of a case there is at all.",
    "report": "What the reporter says of the incident. A label is the reporter's; it is taken as such.",
    "source": "Who reports. None has a direction: a model may learn the habits of reporters from them, so"
    " that they are not taken for signs of abuse.",
    "contact": "Channels and threads with a child: times, counts and codes, never text. A thread that was"
    " read and shows nothing denies; one that nobody read does not.",
    "access to children": "Children that a report itself mentions, apart from children that somebody found by"
    " looking; what the person is to them; and whether one is in danger now.",
    "material": "Classes and tags, never content. How much of it there is raises nothing.",
    "history": "Earlier records and reports. A register that was checked and holds none denies; one that"
    " nobody checked does not.",
    "network": "Accounts and connections of the reported person. The kind of service, never its brand.",
    "money": "Payments of the reported person, and what the bank notes of them. The country of the other side"
    " does not count.",
    "sums": "How many of the flags above are asserted, by kind: signs of a kind stand for each other.",
}

_COLUMNS = "| feature | sentence | unit | sign | known | rests on |\n|---|---|---|---|---|---|\n"

_FACTORS = """
## Published factors

The factors that the literature and tools in use name, their direction for current abuse (`++` to `--`, `0`
for none or a contradicted one), and the features that tell of them. Almost no effect size of a single factor
is public; the signs rest on directions alone.

| factor | direction | source | features | remark |
|---|---|---|---|---|
"""

_OTHERS = """
These features stand for no factor of the table; what each rests on is said above: """


def write_features() -> str:
    """Return the page of features as Markdown.

    Examples
    --------
    >>> "| `contact_record` | an earlier conviction" in write_features()
    True
    """
    domains = [(name, list(found)) for name, found in groupby(FEATURES.values(), lambda f: f.domain)]
    head = _HEAD.format(count=len(FEATURES), domains=len(domains), never=", ".join(NEVER))
    sections = [_write_domain(name, features) for name, features in domains]
    told = {name for factor in FACTORS for name in factor.features}
    others = ", ".join(f"`{name}`" for name in FEATURES if name not in told)
    return (
        head + "".join(sections) + _FACTORS + "".join(map(_write_factor, FACTORS)) + _OTHERS + others + ".\n"
    )


def _write_domain(name: str, features: list[Feature]) -> str:
    return f"\n## {name.capitalize()}\n\n{_ABOUT[name]}\n\n{_COLUMNS}" + "".join(
        map(_write_feature, features)
    )


def _write_feature(feature: Feature) -> str:
    sentence = feature.asserted.format("…") + (f" / {feature.denied}" if feature.denied else "")
    cells = (
        f"`{feature.name}`",
        sentence,
        feature.unit,
        sign_of(feature),
        feature.knowable,
        feature.evidence,
    )
    return _row(*cells)


def _write_factor(factor: Factor) -> str:
    features = ", ".join(f"`{name}`" for name in factor.features)
    return _row(
        factor.name, f"`{factor.direction}`", factor.source, features or _without(factor), factor.remark
    )


def _without(factor: Factor) -> str:
    return "never a feature" if factor.never else "none"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def sign_of(feature: Feature) -> str:
    """Return the direction of a feature as it is printed."""
    return {1: "+", -1: "-", 0: "none"}[feature.sign]


def domains() -> Iterator[str]:
    """Yield the domains in the order of the catalogue."""
    yield from dict.fromkeys(feature.domain for feature in FEATURES.values())


if __name__ == "__main__":
    sys.stdout.write(write_features())
