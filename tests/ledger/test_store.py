"""What every store does: SQLite and PostgreSQL, both real."""

import sqlite3
import threading

import pytest

from foureyes.errors import ConfigError, InputError, LedgerConflict, LedgerError, LedgerTampered
from foureyes.ledger.postgres import PostgresStore
from foureyes.ledger.sqlite import SqliteStore
from foureyes.ledger.store import Extension
from foureyes.maths.merkle import Node
from tests.postgres import administrate


def extension(first, entries, nodes=(), head="head\n", *, keep=False):
    return Extension(first, entries, nodes, head, keep)


def test_what_was_added_is_there_when_it_is_opened_again(open_store):
    store = open_store()
    with store.transaction() as transaction:
        assert transaction.head() is None
        transaction.extend(
            extension(0, [b"a", b"\x00b", b"c"], [Node(1, 0, b"n" * 32), Node(1, 1, b"m" * 32)], keep=True)
        )
        transaction.extend(extension(3, [b"d"], head="later\n"))
        transaction.keep("later\n", 4)
        transaction.keep("again\n", 4)
    store.close()
    again = open_store()
    with again.snapshot() as view:
        assert view.head() == "later\n"
        assert list(view.checkpoints()) == ["head\n", "later\n"]
        assert list(view.entries(0)) == [b"a", b"\x00b", b"c", b"d"]
        assert list(view.entries(1, 3)) == [b"\x00b", b"c"]
        assert list(view.entries(4)) == list(view.entries(2, 2)) == []
        assert view.nodes(1, 0, 2) == [b"n" * 32, b"m" * 32]
        assert view.nodes(2, 0, 5) == []
    again.close()


def test_many_entries_come_in_order(open_store):
    store, entries = open_store(), [b"%d" % i for i in range(9000)]
    with store.transaction() as transaction:
        transaction.extend(extension(0, entries))
    with store.snapshot() as view:
        assert list(view.entries(0)) == entries
        assert list(view.entries(4000, 8500)) == entries[4000:8500]
    store.close()


def test_an_error_leaves_nothing_behind(open_store):
    store = open_store()

    class Stop(Exception):
        pass

    def fail():
        with store.transaction() as transaction:
            transaction.extend(extension(0, [b"a"], keep=True))
            raise Stop

    with pytest.raises(Stop):
        fail()
    with store.transaction() as transaction:
        assert transaction.head() is None
        assert list(transaction.entries(0)) == list(transaction.checkpoints()) == []
    store.close()


def test_one_place_holds_one_entry(open_store):
    store = open_store()
    with store.transaction() as transaction:
        transaction.extend(extension(0, [b"a", b"b"]))

    def again():
        with store.transaction() as transaction:
            transaction.extend(extension(1, [b"c"]))

    with pytest.raises(LedgerConflict):
        again()
    with store.snapshot() as view:
        assert list(view.entries(0)) == [b"a", b"b"]
    store.close()


def test_a_view_does_not_change_while_others_write(open_store):
    store, other = open_store(), open_store()
    with store.transaction() as transaction:
        transaction.extend(extension(0, [b"a"]))
    with store.snapshot() as view:
        assert list(view.entries(0)) == [b"a"]
        with other.transaction() as transaction:
            transaction.extend(extension(1, [b"b"], head="later\n"))
        assert list(view.entries(0)) == [b"a"]
        assert view.head() == "head\n"
    with store.snapshot() as view:
        assert view.head() == "later\n"
    store.close()
    other.close()


def test_writers_wait_for_one_another(open_store):
    stores = [open_store() for _ in range(3)]
    n = 20

    def write(store):
        for _ in range(n):
            with store.transaction() as transaction:
                size = len(list(transaction.entries(0)))
                transaction.extend(extension(size, [b"%d" % size]))

    threads = [threading.Thread(target=write, args=(store,)) for store in stores for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with stores[0].snapshot() as view:
        assert list(view.entries(0)) == [b"%d" % i for i in range(6 * n)]
    for store in stores:
        store.close()


def test_two_walks_through_one_view_can_take_turns(open_store):
    store = open_store()
    with store.transaction() as transaction:
        transaction.extend(extension(0, [b"%d" % i for i in range(10)]))
    with store.snapshot() as view:
        assert list(zip(view.entries(0, 4), view.entries(5, 9), strict=True))[1] == (b"1", b"6")
    store.close()


def test_what_is_closed_is_not_written_to(open_store):
    store = open_store()
    store.close()
    store.close()
    with pytest.raises(LedgerError, match="is closed"), store.transaction():
        pass


class TestSqlite:
    def test_what_is_no_ledger_is_refused(self, tmp_path):
        with pytest.raises(InputError, match="no such ledger"):
            SqliteStore(tmp_path / "missing.db", create=False)
        with sqlite3.connect(tmp_path / "other.db") as connection:
            connection.execute("CREATE TABLE t (x)")
        connection.close()
        for create in (True, False):
            with pytest.raises(InputError, match="not a ledger"):
                SqliteStore(tmp_path / "other.db", create=create)
        (tmp_path / "text.db").write_text("hello " * 1000)
        with pytest.raises(LedgerError, match="not a database"):
            SqliteStore(tmp_path / "text.db")
        with pytest.raises(LedgerError, match="unable to open"):
            SqliteStore(tmp_path / "no" / "folder.db")

    def test_a_damaged_file_is_tampered_with(self, tmp_path):
        path = tmp_path / "ledger.db"
        store = SqliteStore(path)
        with store.transaction() as transaction:
            transaction.extend(extension(0, [bytes(3000) for _ in range(200)]))
        store.close()
        raw = bytearray(path.read_bytes())
        raw[8192 : len(raw) - 4096] = b"\xff" * (len(raw) - 12288)
        path.write_bytes(raw)
        store = SqliteStore(path, create=False)
        with pytest.raises(LedgerTampered, match="malformed"), store.snapshot() as view:
            list(view.entries(0))

    def test_a_log_opened_for_reading_is_not_written_to(self, tmp_path):
        SqliteStore(tmp_path / "ledger.db").close()
        store = SqliteStore(tmp_path / "ledger.db", create=False)
        with pytest.raises(LedgerError, match="for reading"), store.transaction():
            pass

    def test_commits_wait_for_the_disk(self, tmp_path):
        store = SqliteStore(tmp_path / "ledger.db")
        assert store._writer.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        store.close()

    def test_whoever_waits_too_long_for_another_writer_has_a_conflict(self, tmp_path):
        store, other = (SqliteStore(tmp_path / "ledger.db", busy_timeout_s=0.01) for _ in range(2))
        with store.transaction(), pytest.raises(LedgerConflict, match="locked"), other.transaction():
            pass
        store.close()
        other.close()

    @pytest.mark.parametrize("leave", ["nothing", "another file"])
    def test_a_file_that_was_taken_away_is_not_written_to(self, tmp_path, leave):
        """SQLite would go on writing to it, and nobody would ever see what it acknowledged."""
        path = tmp_path / "ledger.db"
        store = SqliteStore(path)
        with store.transaction() as transaction:
            transaction.extend(extension(0, [b"a"]))
        path.rename(tmp_path / "elsewhere.db")
        if leave == "another file":
            SqliteStore(path).close()
        with pytest.raises(LedgerError, match="was moved, deleted or replaced"), store.transaction():
            pass
        store.close()

    def test_a_file_that_is_taken_away_during_a_commit_is_noticed(self, tmp_path):
        path = tmp_path / "ledger.db"
        store = SqliteStore(path)

        def commit():
            with store.transaction() as transaction:
                transaction.extend(extension(0, [b"a"]))
                path.unlink()

        with pytest.raises(LedgerError, match="was moved, deleted or replaced"):
            commit()
        store.close()

    def test_a_file_that_was_replaced_is_read_anew(self, tmp_path):
        store, other = SqliteStore(tmp_path / "log.db"), SqliteStore(tmp_path / "other.db")
        for log, entry in ((store, b"old"), (other, b"new")):
            with log.transaction() as transaction:
                transaction.extend(extension(0, [entry]))
        other.close()
        with store.snapshot() as view:
            assert list(view.entries(0)) == [b"old"]
        (tmp_path / "log.db-wal").unlink()
        (tmp_path / "log.db-shm").unlink()
        (tmp_path / "other.db").replace(tmp_path / "log.db")
        with store.snapshot() as view:
            assert list(view.entries(0)) == [b"new"]
        store.close()

    def test_a_schema_that_changes_between_two_reads_is_refused(self, tmp_path):
        store = SqliteStore(tmp_path / "log.db")
        with store.snapshot() as view:
            assert view.head() is None
        with sqlite3.connect(tmp_path / "log.db") as connection:
            connection.execute("CREATE VIEW shown AS SELECT 1")
        connection.close()
        with pytest.raises(LedgerTampered, match="the view shown is not"), store.snapshot():
            pytest.fail("it was read")
        store.close()

    def test_a_read_that_fails_leaves_the_next_one_a_view_of_its_own(self, tmp_path):
        store = SqliteStore(tmp_path / "log.db")
        for first in (0, 1):
            with store.transaction() as transaction:
                transaction.extend(extension(first, [b"%d" % first]))
            with pytest.raises(StopIteration), store.snapshot() as view:
                next(view.entries(first + 1))
        with store.snapshot() as view:
            assert list(view.entries(0)) == [b"0", b"1"]
        store.close()

    def test_every_error_of_sqlite_has_a_meaning(self):
        from foureyes.ledger.sqlite import translate_errors

        for kind in subclasses(sqlite3.Error):
            with pytest.raises(LedgerError, match=r"ledger.db: x"), translate_errors("ledger.db"):
                raise kind("x")


class TestPostgres:
    def test_what_is_no_ledger_is_refused(self, postgres_url):
        with pytest.raises(InputError, match="there is no ledger in this database"):
            PostgresStore(postgres_url, create=False)
        with pytest.raises(InputError, match="not a PostgreSQL URL") as error:
            PostgresStore("postgresql://me:secret@[::/x")
        assert "secret" not in str(error.value)

    def test_a_server_that_is_not_there_is_an_error_without_the_password(self, tmp_path):
        with pytest.raises(LedgerError, match="connection") as error:
            PostgresStore(f"postgresql://me:secret@/x?host={tmp_path}")
        assert "secret" not in str(error.value)

    def test_a_commit_waits_for_the_disk_even_where_that_is_switched_off(self, postgres_url):
        store = PostgresStore(postgres_url.replace("&options=", "&options=-csynchronous_commit%3Doff%20"))
        with store.transaction() as transaction:
            assert transaction._connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        store.close()

    def test_whoever_waited_sees_what_was_written_meanwhile_whatever_the_server_s_default(self, postgres_url):
        strict = postgres_url.replace("&options=", "&options=-cdefault_transaction_isolation%3Dserializable%20")
        stores = [PostgresStore(strict) for _ in range(2)]
        waiting, done = threading.Event(), []

        def second():
            waiting.set()
            with stores[1].transaction() as transaction:
                done.append(transaction.head())

        with stores[0].transaction() as transaction:
            thread = threading.Thread(target=second)
            thread.start()
            assert waiting.wait(30)
            while administrate("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == [(0,)]:
                pass
            transaction.extend(extension(0, [b"a"]))
        thread.join()
        assert done == ["head\n"]
        for store in stores:
            store.close()

    def test_a_lost_connection_is_an_error_once_and_made_anew(self, postgres_url):
        store = PostgresStore(postgres_url)
        with store.transaction() as transaction:
            transaction.extend(extension(0, [b"a"]))

        def cut_off():
            with store.transaction() as transaction:
                transaction.extend(extension(1, [b"b"]))
                (pid,) = transaction._connection.execute("SELECT pg_backend_pid()").fetchone()
                administrate("SELECT pg_terminate_backend(%s, 5000)", pid)

        with pytest.raises(LedgerError, match=r"terminating connection|closed the connection"):
            cut_off()
        with store.transaction() as transaction:
            assert list(transaction.entries(0)) == [b"a"]
        store.close()

    def test_logs_in_other_schemas_do_not_wait_for_one_another(self, postgres_url):
        administrate("CREATE SCHEMA other_log")
        store = PostgresStore(postgres_url)
        other = PostgresStore(postgres_url.partition("search_path")[0] + "search_path%3Dother_log")
        with store.transaction() as first, other.transaction() as second:
            first.extend(extension(0, [b"a"]))
            second.extend(extension(0, [b"b"]))
        with store.snapshot() as view:
            assert list(view.entries(0)) == [b"a"]
        store.close()
        other.close()
        administrate("DROP SCHEMA other_log CASCADE")

    def test_replicas_that_begin_together_begin_one_log(self, postgres_url):
        stores, failures = [], []

        def begin():
            try:
                stores.append(PostgresStore(postgres_url))
            except LedgerError as error:
                failures.append(error)

        threads = [threading.Thread(target=begin) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        for store in stores:
            store.close()

    def test_every_error_of_psycopg_has_a_meaning(self):
        import psycopg

        from foureyes.ledger.postgres import translate_errors

        kinds = subclasses(psycopg.Error)
        assert len(kinds) > 200
        for kind in kinds:
            with pytest.raises(LedgerError, match="database: x"), translate_errors("database"):
                raise kind("x")

    def test_without_psycopg_the_extra_is_named(self):
        import subprocess
        import sys

        code = "import sys; sys.modules['psycopg'] = None\nimport foureyes.ledger.postgres"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "ConfigError: a ledger in PostgreSQL needs psycopg: pip install 'foureyes[postgres]'" in run.stderr


@pytest.fixture
def unsafe(postgres_url):
    """The shared server, for a moment without syncs; it re-reads its configuration in its own time."""
    for setting, now in (("ALTER SYSTEM SET fsync = off", "off"), ("ALTER SYSTEM RESET fsync", "on")):
        administrate(setting)
        administrate("SELECT pg_reload_conf()")
        while administrate("SHOW fsync") != [(now,)]:
            pass
        if now == "off":
            yield postgres_url


def test_a_server_that_does_not_sync_is_refused(unsafe):
    with pytest.raises(ConfigError, match="fsync off"):
        PostgresStore(unsafe)


def subclasses(kind):
    return {kind, *(deeper for child in kind.__subclasses__() for deeper in subclasses(child))}


def test_two_that_look_at_once_do_not_take_the_same_idle_reader(tmp_path, monkeypatch):
    store, taken, may_end = SqliteStore(tmp_path / "ledger.db"), threading.Event(), threading.Event()

    class Contested(type(store._idle)):
        """Another thread looks between whether there is one and taking it."""

        def __bool__(self):
            if (found := len(self) > 0) and other.ident is None:
                other.start()
                taken.wait(0.1)  # in vain where it has to wait for this one
            return found

    def look():
        with store.snapshot() as view:
            taken.set()
            heads.append(view.head())
            may_end.wait(60)

    heads, other = [], threading.Thread(target=look, daemon=True)
    with store.snapshot() as view:
        assert view.head() is None
    monkeypatch.setattr(store, "_idle", Contested(store._idle))
    with store.snapshot() as view:
        heads.append(view.head())
    may_end.set()
    other.join()
    assert heads == [None, None]
    store.close()


def test_what_one_reader_left_half_read_does_not_hold_the_next_one_back(tmp_path):
    store = SqliteStore(tmp_path / "ledger.db")
    with store.transaction() as transaction:
        transaction.extend(extension(0, [b"a", b"b", b"c"], keep=True))
    with store.snapshot() as view:
        half_read = view.entries(0)
        assert next(half_read) == b"a"
    with store.transaction() as transaction:
        transaction.extend(extension(3, [b"d"], head="later\n"))
    with store.snapshot() as view:
        assert view.head() == "later\n"
    store.close()
