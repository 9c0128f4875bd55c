"""``triage explain``: one case, all its contributions and unknowns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from triage.cli.record_ import key_option, open_store
from triage.cli.say import BatchType, TimeType, console, json_option, load_arrow_alone, say_result

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from triage.schema.places import Place

UNBLINDED = "the list hides the score of this case: who has read this no longer looks at it without knowing"


@click.command("explain")
@click.argument("batch", type=BatchType())
@click.argument("case")
@click.option("--model", default="expert", show_default=True, help="Name, TOML scorecard, or bundle folder.")
@click.option("--policy", default="default", show_default=True, help="Name, or TOML file: says the lane.")
@click.option("--store", help="The record: then the case is explained with the reports of all its batches.")
@key_option
@click.option("--as-of", type=TimeType(), help="Explain as known then (UTC). Default: as the batch says.")
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    batch: Place,
    case: str,
    model: str,
    policy: str,
    store: str | None,
    key_file: Path | None,
    as_of: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Show all that makes up the score of CASE: its id, or the first letters of it.

    Every term is printed, with the sentence, the points and what they rest on; the points add up to the
    score. Below them stand the facts that are not known and what each answer would change.

    It shows everything, also of cases of which the policy hides the score: who has asked can tell whether the
    case was drawn by lot. Whoever is to look at it without knowing must not ask. With --store it says so.

    Cases of a list that was made with --store may have come with earlier batches: give the same --store.
    """
    load_arrow_alone()
    from triage.intake.opening import open_any
    from triage.scoring.loading import load_model
    from triage.worklist.explain import explain_case
    from triage.worklist.policy import load_policy
    from triage.worklist.pool import read_cases
    from triage.worklist.terminal import draw_explanation

    bundle, rules, opened = load_model(model), load_policy(policy), open_any(batch)
    hidden = False
    if store:
        record = open_store(store, key_file)
        opened, case = read_cases(record, opened), record.find_case(case)
        hidden = bool((record.standing(case) or {}).get("hidden"))
    explanation = explain_case(opened, bundle, case, as_of=as_of, policy=rules)
    if as_json:
        told = {"hidden_on_the_list": hidden} if store else {}
        say_result({**explanation.as_dict(), **told}, "", as_json=True)
        return
    if hidden:
        click.echo(UNBLINDED, err=True)
    screen = console()
    for part in draw_explanation(explanation):
        screen.print(part)
