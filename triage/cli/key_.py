"""``triage key``: the agency's key, or the next one."""

from __future__ import annotations

from pathlib import Path

import click

from triage.cli.say import json_option, say_result


@click.command("key")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--next", "replace", is_flag=True, help="Put the next key below those in FILE, which stay needed."
)
@json_option
def command(file: Path, *, replace: bool, as_json: bool) -> None:
    """Make a key in FILE, for --key-file, which its owner alone can read.

    The same key makes the same tokens, so that old and new reports link. Keep it, with a copy, away from the
    batches: who has both can look somebody up, and what was made with a lost key links with nothing new. A
    file that is there is never replaced. With --next, see triage rekey.
    """
    from triage.intake.tokens import make_key

    key = make_key(file, replace=replace)
    place = f"key {len(key.before) + 1}" if replace else "a new key"
    text = f"{file}: {place}; batches made with it carry the check word {key.check()}"
    say_result(
        {"key_file": str(file), "keys": len(key.before) + 1, "check": key.check()}, text, as_json=as_json
    )
