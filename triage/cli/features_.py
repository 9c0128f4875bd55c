"""``triage features``: the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from triage.cli.say import console, json_option, say_result

if TYPE_CHECKING:
    from rich.table import Table

    from triage.features.feature import Feature


@click.command("features")
@click.option("--domain", help="Only features of this domain, or of those that begin so.")
@json_option
def command(*, domain: str | None, as_json: bool) -> None:
    """Print every feature: what it is, in which direction it points, and what that rests on."""
    from itertools import groupby

    from triage.features.catalogue import FEATURES
    from triage.features.page import domains

    wanted = [name for name in domains() if name.startswith((domain or "").strip().lower())]
    if not wanted:
        raise click.BadParameter(f"expected one of: {', '.join(domains())}", param_hint="--domain")
    features = [feature for feature in FEATURES.values() if feature.domain in wanted]
    if as_json:
        say_result({"features": [_as_dict(feature) for feature in features]}, "", as_json=True)
        return
    for name, found in groupby(features, lambda feature: feature.domain):
        console().print(_draw(name, list(found)))
    console().print(
        "Sign: direction of current abuse by the evidence; no model goes against it. Of a flag the second"
        " line is what it says when denied; without one it cannot be. Known: a arrival, e enrichment."
    )


def _as_dict(feature: Feature) -> dict[str, Any]:
    fields = ("name", "domain", "asserted", "denied", "asks", "unit", "sign", "knowable", "evidence", "usual")
    return {name: getattr(feature, name) for name in fields}


def _draw(domain: str, features: list[Feature]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{domain}: {len(features)}", title_justify="left", title_style="bold", expand=True)
    # The longest name of the catalogue, so that the tables of all domains stand in line.
    table.add_column("feature", no_wrap=True, min_width=26)
    table.add_column("sign", no_wrap=True)
    table.add_column("known", no_wrap=True)
    table.add_column("sentence", ratio=5)
    table.add_column("rests on", ratio=4, style="dim")
    for feature in features:
        sentence = feature.asserted.format("…") + (f"\n{feature.denied}" if feature.denied else "")
        sign = {1: "+", -1: "-", 0: ""}[feature.sign]
        known = {"arrival": "a", "enrichment": "e"}.get(feature.knowable, "a, e")
        table.add_row(feature.name, sign, known, Text(sentence), Text(feature.evidence))
    return table
