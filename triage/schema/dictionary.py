"""Write the data dictionary from the declaration of the tables."""

from __future__ import annotations

import sys

from triage.schema.mend import SET_SEPARATOR
from triage.schema.tables import TABLES

_HEAD = f"""# Data dictionary

A batch is a folder with one folder of Parquet parts a table, and `batch.json`. The same tables may come as
a folder of CSV files, one a table (`reports.csv`, `persons.csv`, ...): times as `2024-03-01T10:00:00Z`,
sets of codes with `{SET_SEPARATOR}` between, empty for unknown. Only `reports` is needed.
`triage partition` makes a batch of Parquet or CSV files of any number, size and order.

Every table has `case_id` (added by linking) and `known_at` (when the agency knew the row). Enrichment
columns count only from `enriched_at` on, where that is filled. A flag is asserted, unknown or denied; an
empty cell is unknown, never denied. A bad field counts as unknown and is told; a row is set aside only when
it has no readable key, repeats one, or belongs to no report.

Columns marked *core* make up the first version of the model; the others are read when present.
This page is written from the declaration in `triage/schema/tables.py` by `make docs`.
"""


def write_dictionary() -> str:
    """Return the data dictionary as Markdown.

    Examples
    --------
    >>> write_dictionary().startswith("# Data dictionary")
    True
    """
    parts = [_HEAD]
    for table in TABLES.values():
        parent = f" Follows `{table.parent[0]}` by `{table.parent[1]}`." if table.parent else ""
        parts.append(f"## {table.name}\n\n{table.means.capitalize()}. Key: {_code(table.key)}.{parent}\n")
        parts.append(
            "| column | kind | meaning | allowed | known | core | source |\n|---|---|---|---|---|---|---|"
        )
        parts += [
            f"| `{c.name}` | {c.kind}{', ' + c.unit if c.unit else ''} | {c.means} | {c.allowed}"
            f" | {c.knowable} | {'yes' if c.core else ''} | {c.source} |"
            for c in table.columns
        ]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(write_dictionary())
