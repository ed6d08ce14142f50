"""What PostgreSQL's catalogue says of a ledger's tables: whether they are the ledger's own, and nothing else acts on them.

A trigger or a rule could remove what was just written, a view could show what never was, row security could hide a part, and
an unlogged table loses everything in a crash. Whoever opens a log looks for all of these (:func:`objections`); every
transaction looks again, before it commits, for what may have come since (:data:`UNTOUCHED`). Nothing can come between that
look and the commit: the rows that were written hold a lock that no such change gets past.
"""
# ruff: noqa: S608 - the queries are put together from constants of this module

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, LiteralString

if TYPE_CHECKING:
    import psycopg

__all__ = ["CREATE", "UNTOUCHED", "objections"]

CREATE: Final = """
CREATE TABLE IF NOT EXISTS foureyes_entries (place bigint PRIMARY KEY, entry bytea NOT NULL);
CREATE TABLE IF NOT EXISTS foureyes_nodes (level smallint, place bigint, hash bytea NOT NULL, PRIMARY KEY (level, place));
CREATE TABLE IF NOT EXISTS foureyes_checkpoints (size bigint PRIMARY KEY, note text NOT NULL);
CREATE TABLE IF NOT EXISTS foureyes_head (one boolean PRIMARY KEY CHECK (one), note text NOT NULL);
"""

_OIDS: Final = """ANY(ARRAY[to_regclass('foureyes_entries'), to_regclass('foureyes_nodes'),
  to_regclass('foureyes_checkpoints'), to_regclass('foureyes_head')]::oid[])"""

UNTOUCHED: Final = f"""
SELECT count(*) = 4 AND bool_and(relkind = 'r' AND relpersistence = 'p' AND NOT relrowsecurity AND NOT relhasrules
  AND NOT relhassubclass AND NOT (relhastriggers AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid)))
FROM pg_class WHERE oid = {_OIDS}
"""
"""Whether the four tables are plain ones on which nothing acts."""

_COLUMNS: Final = {
    "foureyes_entries": "place bigint, entry bytea",
    "foureyes_nodes": "level smallint, place bigint, hash bytea",
    "foureyes_checkpoints": "size bigint, note text",
    "foureyes_head": "one boolean, note text",
}
_CONSTRAINTS: Final = {
    "foureyes_entries PRIMARY KEY (place)",
    "foureyes_nodes PRIMARY KEY (level, place)",
    "foureyes_checkpoints PRIMARY KEY (size)",
    "foureyes_head PRIMARY KEY (one)",
    "foureyes_head CHECK (one)",
}

_FIND_TABLES: Final = f"""
SELECT c.relname, c.relkind, c.relpersistence, c.relnamespace, c.relrowsecurity, c.relhassubclass,
  (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
     || CASE WHEN a.attnotnull THEN '' ELSE ' null' END || CASE WHEN a.atthasdef THEN ' default' ELSE '' END,
     ', ' ORDER BY a.attnum)
   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_class c WHERE c.oid = {_OIDS} ORDER BY c.relname
"""
_FIND_CONSTRAINTS: Final = f"""
SELECT conrelid::regclass::text, conrelid::oid, pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype <> 'n' AND (conrelid = {_OIDS} OR confrelid = {_OIDS})
"""
_FIND_OTHERS: Final = f"""
SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgrelid = {_OIDS}
UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class = {_OIDS}
UNION ALL SELECT 'index ' || indexrelid::regclass::text FROM pg_index WHERE NOT indisprimary AND indrelid = {_OIDS}
UNION ALL SELECT 'parent table ' || inhparent::regclass::text FROM pg_inherits WHERE inhrelid = {_OIDS}
"""


def objections(connection: psycopg.Connection) -> list[str]:
    """What of the tables is not the ledger's own, as words; empty where all of it is."""
    tables = _rows(connection, _FIND_TABLES)
    found = [*_table_objections(tables)]
    constraints = {f"{name.rpartition('.')[2]} {what}" for name, _, what in _rows(connection, _FIND_CONSTRAINTS)}
    found += [f"the constraint {what} is not" for what in sorted(constraints - _CONSTRAINTS)]
    found += [f"the constraint {what} is missing" for what in sorted(_CONSTRAINTS - constraints)]
    return found + [f"the {what} is not" for (what,) in _rows(connection, _FIND_OTHERS)]


def _table_objections(tables: Sequence[Sequence[Any]]) -> Iterator[str]:
    missing = _COLUMNS.keys() - {row[0] for row in tables}
    yield from (f"the table {name} is missing" for name in sorted(missing))
    if len({row[3] for row in tables}) > 1:
        yield "the tables are in several schemas"
    for name, kind, persistence, _, row_security, inherited, columns in tables:
        if kind != "r" or persistence != "p":
            yield f"{name} is not a plain table that survives a crash"
        elif row_security or inherited:
            yield f"{name} has row security or tables that inherit it"
        elif columns != _COLUMNS[name]:
            yield f"{name} has the columns {columns}"


def _rows(connection: psycopg.Connection, query: LiteralString) -> list[Any]:
    return connection.execute(query).fetchall()
