"""``triage explain``: one case, all its contributions and unknowns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import TimeType, console, json_option, say_result

if TYPE_CHECKING:
    from datetime import datetime


@click.command("explain")
@click.argument("batch", type=click.Path(path_type=Path))
@click.argument("case")
@click.option("--model", default="expert", show_default=True, help="Name, TOML scorecard, or bundle folder.")
@click.option(
    "--policy", default="default", show_default=True, help="Name, or TOML file: says in which lane it stands."
)
@click.option("--as-of", type=TimeType(), help="Explain as known then (UTC). Default: as the batch says.")
@json_option
def command(
    batch: Path, case: str, model: str, policy: str, as_of: datetime | None, *, as_json: bool
) -> None:
    """Show all that makes up the score of CASE: its id, or the first letters of it.

    Every term is printed, with the sentence, the points and what they rest on; the points add up to the
    score. Below them stand the facts that are not known and what each answer would change.
    """
    from triage.intake.opening import open_any
    from triage.scoring.loading import load_model
    from triage.worklist.explain import explain_case
    from triage.worklist.policy import load_policy
    from triage.worklist.terminal import draw_explanation

    explanation = explain_case(
        open_any(batch), load_model(model), case, as_of=as_of, policy=load_policy(policy)
    )
    if as_json:
        say_result(explanation.as_dict(), "", as_json=True)
        return
    screen = console()
    for part in draw_explanation(explanation):
        screen.print(part)
