"""``triage features``: the catalogue."""

from __future__ import annotations

import click

from triage.cli.say import console, json_option, say_result


@click.command("features")
@json_option
def command(*, as_json: bool) -> None:
    """Print every feature: what it is, in which direction it points, and what that rests on."""
    from rich.table import Table

    from triage.features.catalogue import FEATURES

    if as_json:
        fields = ("name", "domain", "asserted", "denied", "asks", "unit", "sign", "knowable", "evidence")
        rows = [{name: getattr(feature, name) for name in fields} for feature in FEATURES.values()]
        say_result({"features": rows}, "", as_json=True)
        return
    table = Table(expand=True)
    for heading in ("feature", "domain", "sentence", "unit", "sign", "evidence"):
        table.add_column(heading)
    for feature in FEATURES.values():
        sign = {1: "+", -1: "-", 0: ""}[feature.sign]
        table.add_row(feature.name, feature.domain, feature.asserted, feature.unit, sign, feature.evidence)
    console().print(table)
