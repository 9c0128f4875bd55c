"""``triage completion``: what a shell needs to complete commands and options with the tab key."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM, VARIABLE = "triage", "_TRIAGE_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    For bash, add to ~/.bashrc:  eval "$(triage completion bash)"; for zsh the same in ~/.zshrc; for fish:
    triage completion fish > ~/.config/fish/completions/triage.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"no completion for {shell}")
    root = click.get_current_context().find_root().command
    completion = kind(root, {}, PROGRAM, VARIABLE)
    # The check of bash's version, which click makes here, would start a shell that may not be installed.
    click.echo(completion.source_template % completion.source_vars())
