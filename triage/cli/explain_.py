"""``triage explain``: one case, all its contributions and unknowns."""

from __future__ import annotations

from pathlib import Path

import click

from triage.cli.say import console, json_option, say_result


@click.command("explain")
@click.argument("batch", type=click.Path(path_type=Path))
@click.argument("case")
@click.option("--model", default="expert", show_default=True, help="Name, TOML scorecard, or bundle folder.")
@json_option
def command(batch: Path, case: str, model: str, *, as_json: bool) -> None:
    """Show all that makes up the score of CASE: its id, or the first letters of it.

    Every term is printed, with the sentence, the points and what they rest on; the points add up to the
    score. Below them stand the facts that are not known and what each answer would change.
    """
    from triage.intake.opening import open_any
    from triage.scoring.loading import load_model
    from triage.worklist.explain import explain_case
    from triage.worklist.terminal import draw_explanation

    explanation = explain_case(open_any(batch), load_model(model), case)
    if as_json:
        say_result(explanation.as_dict(), "", as_json=True)
        return
    screen = console()
    for part in draw_explanation(explanation):
        screen.print(part)
