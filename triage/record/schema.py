"""The two tables of the record, and the triggers that refuse to change what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

# "tria": tells a record from other SQLite files.
APPLICATION = 0x74726961

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

ENTRIES = Table(
    "entries",
    METADATA,
    Column("seq", _NUMBER, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Index("entries_by_kind", "kind"),
    sqlite_strict=True,
)

LEAVES = Table(
    "leaves",
    METADATA,
    Column("seq", _NUMBER, ForeignKey("entries.seq"), primary_key=True, autoincrement=False),
    Column("place", _NUMBER, primary_key=True, autoincrement=False),
    Column("commitment", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Column("payload", LargeBinary),
    Column("case_id", Text),
    Index("leaves_by_case", "case_id"),
    sqlite_strict=True,
)

_KEPT = "the record is only added to"
_ERASED = (
    "NEW.salt IS NULL AND NEW.payload IS NULL AND NEW.case_id IS NULL"
    " AND NEW.seq = OLD.seq AND NEW.place = OLD.place AND NEW.commitment = OLD.commitment"
)

SQLITE_TRIGGERS = {
    "entries_no_update": f"BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END",
    "entries_no_delete": f"BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END",
    "leaves_no_delete": f"BEFORE DELETE ON leaves BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END",
    "leaves_only_erased": (
        f"BEFORE UPDATE ON leaves WHEN NOT ({_ERASED}) BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"
    ),
}

_REFUSE = f"BEGIN RAISE EXCEPTION '{_KEPT}'; END"
_ONLY_ERASED = f"BEGIN IF {_ERASED} THEN RETURN NEW; END IF; RAISE EXCEPTION '{_KEPT}'; END"
POSTGRES_FUNCTIONS = {"record_refuse": _REFUSE, "record_only_erase": _ONLY_ERASED}
POSTGRES_TRIGGERS = {
    "entries_no_change": "BEFORE UPDATE OR DELETE ON entries FOR EACH ROW EXECUTE FUNCTION record_refuse()",
    "entries_no_truncate": "BEFORE TRUNCATE ON entries EXECUTE FUNCTION record_refuse()",
    "leaves_no_delete": "BEFORE DELETE ON leaves FOR EACH ROW EXECUTE FUNCTION record_refuse()",
    "leaves_no_truncate": "BEFORE TRUNCATE ON leaves EXECUTE FUNCTION record_refuse()",
    "leaves_only_erased": "BEFORE UPDATE ON leaves FOR EACH ROW EXECUTE FUNCTION record_only_erase()",
}


def make_schema(connection: Connection) -> None:
    """Make tables and triggers, in the transaction of the caller."""
    METADATA.create_all(connection, checkfirst=False)
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA application_id = {APPLICATION}"))
        for name, does in SQLITE_TRIGGERS.items():
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {does}")
        return
    for name, body in POSTGRES_FUNCTIONS.items():
        connection.exec_driver_sql(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$ {body} $body$"
        )
    for name, does in POSTGRES_TRIGGERS.items():
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {does}")


def holds_anything(connection: Connection) -> bool:
    """Say whether there is a table of ours, or in a file any table at all."""
    names = set(inspect(connection).get_table_names())
    return bool(names if connection.dialect.name == "sqlite" else names & set(METADATA.tables))


def is_marked(connection: Connection) -> bool:
    """Say whether a file was once made a record."""
    if connection.dialect.name != "sqlite":
        return False
    return bool(connection.execute(text("PRAGMA application_id")).scalar() == APPLICATION)


def is_ours(connection: Connection) -> bool:
    """Say whether the tables are those of a record; `check_schema` looks closer."""
    tables = set(inspect(connection).get_table_names())
    marked = connection.dialect.name != "sqlite" or is_marked(connection)
    return marked and set(METADATA.tables) <= tables


def check_schema(connection: Connection) -> list[str]:
    """Return what is not as the record made it: tables, columns, triggers, views.

    A trigger that is gone lets entries be changed by mistake; one that was added could drop what is written.
    """
    found = _strange_tables(connection)
    if connection.dialect.name == "sqlite":
        return found + _compare("trigger", _sqlite_triggers(connection), _expected_sqlite())
    functions = connection.execute(
        text("SELECT proname, prosrc FROM pg_proc WHERE proname = ANY(:names)"),
        {"names": list(POSTGRES_FUNCTIONS)},
    )
    found += _compare(
        "function", {name: _flat(body) for name, body in functions}, _flattened(POSTGRES_FUNCTIONS)
    )
    triggers = connection.execute(
        text(
            "SELECT tgname, CASE WHEN tgenabled IN ('O', 'A') THEN 'on' ELSE 'off' END AS state"
            " FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgrelid IN ('entries'::regclass, 'leaves'::regclass)"
        )
    )
    found += _compare(
        "trigger", {row.tgname: row.state for row in triggers}, dict.fromkeys(POSTGRES_TRIGGERS, "on")
    )
    rules = connection.execute(
        text("SELECT rulename FROM pg_rules WHERE tablename IN ('entries', 'leaves') ORDER BY 1")
    )
    return found + [f"a rule that the record did not make: {name}" for (name,) in rules]


def _strange_tables(connection: Connection) -> list[str]:
    looked = inspect(connection)
    found = []
    tables = set(looked.get_table_names())
    for name, table in METADATA.tables.items():
        if name not in tables:
            found.append(f"no table {name}")
            continue
        columns = [column["name"] for column in looked.get_columns(name)]
        key = looked.get_pk_constraint(name)["constrained_columns"]
        if columns != [column.name for column in table.columns] or key != [c.name for c in table.primary_key]:
            found.append(f"the table {name} has other columns or another key")
    if connection.dialect.name == "sqlite":
        found += [
            f"a table that the record did not make: {name}" for name in sorted(tables - set(METADATA.tables))
        ]
        found += [f"a view that the record did not make: {name}" for name in looked.get_view_names()]
    return found


def _sqlite_triggers(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return {name: _flat(sql) for name, sql in rows}


def _expected_sqlite() -> dict[str, str]:
    return {name: _flat(f"CREATE TRIGGER {name} {does}") for name, does in SQLITE_TRIGGERS.items()}


def _flattened(bodies: dict[str, str]) -> dict[str, str]:
    return {name: _flat(body) for name, body in bodies.items()}


def _flat(words: str) -> str:
    return " ".join(words.split())


def _compare(what: str, found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """Say which of the things that stand in a schema are missing, changed or foreign."""
    gone = [f"no {what} {name}" for name in expected if name not in found]
    changed = [
        f"the {what} {name} is not as the record made it"
        for name in expected
        if name in found and found[name] != expected[name]
    ]
    foreign = [
        f"a {what} that the record did not make: {name}" for name in sorted(set(found) - set(expected))
    ]
    return gone + changed + foreign
