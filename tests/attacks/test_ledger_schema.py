"""Triggers, views, rules and foreign tables in a ledger's database: refused at opening, and nothing false is acknowledged."""

import contextlib
import sqlite3

import pytest

from foureyes.errors import LedgerError, LedgerTampered
from foureyes.ledger import Ledger, Signer, open_log
from foureyes.ledger.postgres import PostgresStore
from foureyes.ledger.sqlite import SqliteStore
from tests.ledger.conftest import NAME, SEED, options, path, postgres_url, recorded
from tests.postgres import administrate

__all__ = ["path", "postgres_url"]

SIGNER = Signer(NAME, SEED)

SQLITE = {
    "a trigger that removes what was written": (
        "CREATE TRIGGER gone AFTER INSERT ON entries WHEN new.place > 0 BEGIN DELETE FROM entries WHERE place > 0; END",
    ),
    "a trigger that changes what was written": (
        "CREATE TRIGGER other AFTER INSERT ON entries BEGIN UPDATE entries SET entry = x'00' WHERE place = new.place; END",
    ),
    "a trigger that removes an older entry later": (
        "CREATE TRIGGER later AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE place = new.place - 5; END",
    ),
    "a trigger that ignores": (
        "CREATE TRIGGER no BEFORE INSERT ON entries WHEN new.place > 0 BEGIN SELECT RAISE(IGNORE); END",
    ),
    "a trigger on the head": (
        "CREATE TRIGGER head BEFORE INSERT ON head BEGIN DELETE FROM entries WHERE place = 0; END",
    ),
    "a trigger that adds": (
        "CREATE TRIGGER more AFTER INSERT ON entries BEGIN INSERT INTO entries VALUES (new.place + 90, x'00'); END",
    ),
    "a view in the place of a table": (
        "ALTER TABLE checkpoints RENAME TO kept",
        "CREATE VIEW checkpoints AS SELECT * FROM kept",
    ),
    "a table more": ("CREATE TABLE notes (note TEXT)",),
    "an index more": ("CREATE INDEX more ON entries (length(entry))",),
    "a column more": ("ALTER TABLE entries ADD COLUMN note TEXT",),
    "a table less": ("DROP TABLE nodes",),
}


def plant(path, statements):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("what", SQLITE)
def test_sqlite_at_opening(path, what):
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options()) as ledger:
        recorded(ledger, 3)
    plant(path, SQLITE[what])
    with pytest.raises(LedgerTampered, match="another schema than the ledger's own: the "):
        SqliteStore(path)
    with pytest.raises(LedgerTampered, match="another schema than the ledger's own: the "):
        open_log(str(path), [SIGNER.key])


@pytest.mark.parametrize("what", SQLITE)
def test_sqlite_while_it_is_open(path, what):
    """Twenty appends, none of them acknowledged, and what was acknowledged before is still there."""
    ledger = Ledger.open(SqliteStore(path), signer=SIGNER, options=options())
    recorded(ledger, 10)
    plant(path, SQLITE[what])
    for _ in range(20):
        with pytest.raises(LedgerError):
            ledger.append("tested", {}).result(30)
    ledger.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (10,)


def test_what_sqlite_s_own_statistics_add_is_no_attack(path):
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options()) as ledger:
        recorded(ledger, 3)
    plant(path, ["ANALYZE"])
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options()) as ledger:
        recorded(ledger, 3)
        plant(path, ["REINDEX", "ANALYZE"])
        recorded(ledger, 3)
        assert ledger.verify().size == 9


FUNCTION = "CREATE FUNCTION {s}.gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
NOTHING = FUNCTION.replace("{body}", "RETURN NULL;")
CHANGED = FUNCTION.replace("{body}", "new.entry := '\\x00'; RETURN new;")
POSTGRES = {
    "a trigger that removes": (
        NOTHING,
        "CREATE TRIGGER gone BEFORE INSERT ON {s}.foureyes_entries FOR EACH ROW EXECUTE FUNCTION {s}.gone()",
    ),
    "a trigger that changes": (
        CHANGED,
        "CREATE TRIGGER gone BEFORE INSERT ON {s}.foureyes_entries FOR EACH ROW EXECUTE FUNCTION {s}.gone()",
    ),
    "a trigger on the head": (
        NOTHING,
        "CREATE TRIGGER gone BEFORE UPDATE ON {s}.foureyes_head FOR EACH ROW EXECUTE FUNCTION {s}.gone()",
    ),
    "a rule": ("CREATE RULE gone AS ON INSERT TO {s}.foureyes_entries DO INSTEAD NOTHING",),
    "row security": (
        "ALTER TABLE {s}.foureyes_entries ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE {s}.foureyes_entries FORCE ROW LEVEL SECURITY",
    ),
    "a view in the place of a table": (
        "ALTER TABLE {s}.foureyes_checkpoints RENAME TO kept",
        "CREATE VIEW {s}.foureyes_checkpoints AS SELECT * FROM {s}.kept",
    ),
    "an unlogged table": ("ALTER TABLE {s}.foureyes_entries SET UNLOGGED",),
    "a table that inherits": ("CREATE TABLE {s}.child () INHERITS ({s}.foureyes_entries)",),
}
ONLY_AT_OPENING = {
    "a constraint": ("ALTER TABLE {s}.foureyes_entries ADD CHECK (place < 1000)",),
    "an index": ("CREATE INDEX ON {s}.foureyes_entries (md5(entry))",),
    "a column": ("ALTER TABLE {s}.foureyes_entries ADD COLUMN note text",),
    "a default": ("ALTER TABLE {s}.foureyes_head ALTER COLUMN note SET DEFAULT 'none'",),
    "a table less": ("DROP TABLE {s}.foureyes_nodes",),
}


def plant_in(url, statements):
    schema = url.rpartition("%3D")[2]
    for statement in statements:
        administrate(statement.replace("{s}", schema))


@pytest.mark.parametrize("what", [*POSTGRES, *ONLY_AT_OPENING])
def test_postgresql_at_opening(postgres_url, what):
    with Ledger.open(PostgresStore(postgres_url), signer=SIGNER, options=options()) as ledger:
        recorded(ledger, 3)
    plant_in(postgres_url, (POSTGRES | ONLY_AT_OPENING)[what])
    with pytest.raises(LedgerTampered, match="not the ledger's own"):
        PostgresStore(postgres_url)
    with pytest.raises(LedgerTampered, match="not the ledger's own"):
        open_log(postgres_url, [SIGNER.key])


@pytest.mark.parametrize("what", POSTGRES)
def test_postgresql_while_it_is_open(postgres_url, what):
    ledger = Ledger.open(PostgresStore(postgres_url), signer=SIGNER, options=options())
    recorded(ledger, 10)
    plant_in(postgres_url, POSTGRES[what])
    for _ in range(20):
        with pytest.raises(LedgerError):
            ledger.append("tested", {}).result(30)
    ledger.close()
    schema = postgres_url.rpartition("%3D")[2]
    assert administrate(f"SELECT count(*) FROM ONLY {schema}.foureyes_entries") == [(10,)]  # noqa: S608


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        ("AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE place = new.place; END", "entry 10 is not there"),
        ("BEFORE INSERT ON entries BEGIN SELECT RAISE(IGNORE); END", "entry 10 is not there"),
        (
            "AFTER INSERT ON entries BEGIN UPDATE entries SET entry = x'00' WHERE place = new.place; END",
            "entry 10 is not there",
        ),
        (
            "AFTER INSERT ON entries WHEN new.place < 90 BEGIN INSERT INTO entries VALUES (99, x'00'); END",
            "entry 11 is not there",
        ),
        ("AFTER INSERT ON head BEGIN DELETE FROM head; END", "did not keep the signed checkpoint"),
    ],
)
def test_what_was_written_is_read_back_before_the_commit(path, effect, message):
    """A trigger of the connection itself, which no schema shows: only what is stored can tell."""
    ledger = Ledger.open(SqliteStore(path), signer=SIGNER, options=options())
    recorded(ledger, 10)
    writer = ledger._written._writer
    writer.execute(f"CREATE TEMP TRIGGER gone {effect}")
    for _ in range(20):
        with pytest.raises(LedgerTampered, match=message):
            ledger.append("tested", {}).result(30)
    writer.execute("DROP TRIGGER gone")
    recorded(ledger, 1, first=10)
    assert [entry.payload["n"] for entry in ledger.entries()] == list(range(11))
    assert ledger.verify().size == 11
    ledger.close()


def test_a_hash_of_the_tree_is_read_back_too(path):
    ledger = Ledger.open(SqliteStore(path), signer=SIGNER, options=options())
    recorded(ledger, 255)
    ledger._written._writer.execute("CREATE TEMP TRIGGER gone AFTER INSERT ON nodes BEGIN DELETE FROM nodes; END")
    with pytest.raises(LedgerTampered, match="did not keep a hash of the tree"):
        ledger.append("tested", {}).result(30)
    assert ledger.verify().size == 255
    ledger.close()
