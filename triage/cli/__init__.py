"""The command line: one file a command, imported only when it runs."""

from __future__ import annotations

import importlib
import os
import sys
import traceback

import click

from triage.cli.say import REFUSED, say_error
from triage.errors import TriageError

COMMANDS = {
    "demo": "Make a synthetic world, a model, a worklist and an evaluation, in one folder.",
    "synth": "Make a synthetic batch from a world.",
    "key": "Make the key with which identifiers become tokens.",
    "import": "Turn reports in outside formats into a batch.",
    "partition": "Make a batch of canonical tables in any order, larger than memory.",
    "check": "Say what is wrong with a batch, where, and how to mend it.",
    "score": "Rank the cases of a batch: the worklist.",
    "explain": "Show all that makes up the score of one case.",
    "record": "Keep what was decided about a case, by whom, and what was found.",
    "outcomes": "Take the outcomes of investigations into the record, or write them out.",
    "diff": "Say what changed between two lists, and why.",
    "audit": "Say whether anybody changed the record.",
    "forget": "Erase a case from the record.",
    "stability": "Say how much of the top of a list depends on weights that nobody knows exactly.",
    "export": "Write a batch for other programs: CSV, JSON Lines, Frictionless.",
    "rekey": "Bring a batch to the next key of an agency.",
    "open": "Print the sender's report numbers of a case.",
    "train": "Train a model on cases with outcomes.",
    "calibrate": "Give a model probabilities, from an agency's own outcomes.",
    "evaluate": "Say how good a ranking and its probabilities are.",
    "monitor": "Say whether a batch still looks like the reference, and whether to go on using the model.",
    "compare": "Say which of two scores finds more on the same cases, and if that is chance.",
    "simulate": "Live through a year of a world under several ways of working, and count who is reached.",
    "features": "Print the catalogue of features.",
    "completion": "Print what a shell needs to complete commands with the tab key.",
}


class LazyGroup(click.Group):
    """A group that answers ``--help`` from a table and imports a command only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - ditto
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"triage.cli.{cmd_name}_")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - ditto
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; turn errors into a message and an exit code."""
        as_json = "--json" in sys.argv or "--json" in ctx.args or "--json" in ctx._protected_args  # noqa: SLF001 - click keeps the rest of the line there
        try:
            return super().invoke(ctx)
        except TriageError as error:
            say_error(error.as_dict() | {"message": str(error)}, as_json=as_json)
            ctx.exit(REFUSED)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            where = str(error.filename or "")
            message = f"{where}: {error.strerror or error}; check permissions and free space"
            say_error({"found": str(error.strerror), "where": where, "message": message}, as_json=as_json)
            ctx.exit(REFUSED)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception as error:  # noqa: BLE001 - the last stop before the user: no traceback unless asked for
            if os.environ.get("TRIAGE_DEBUG"):
                traceback.print_exc()
            message = f"internal error: {type(error).__name__}: {error}; please report it;"
            say_error({"message": f"{message} TRIAGE_DEBUG=1 shows the details"}, as_json=as_json)
            ctx.exit(1)


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="report-triage", prog_name="triage")
def main() -> None:
    """Rank reports about online child sexual abuse by the likelihood of current abuse.

    It orders a list for people; it decides nothing and drops nothing.

    Exit codes: 0 done; 1 internal error; 2 wrong usage; 3 done, but rows were set aside or
    values could not be read; 4 refused, nothing written.
    """
