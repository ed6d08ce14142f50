"""A log that is written and read, in SQLite and in PostgreSQL."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from foureyes.errors import InputError, LedgerError, LedgerOtherKey, LedgerTampered
from foureyes.ledger import Checkpoint, Ledger, Log, Signer, Witness, open_ledger, open_log
from foureyes.ledger.sqlite import SqliteStore
from foureyes.ledger.witness_file import WitnessFile
from tests.ledger.conftest import NAME, Clock, options, recorded
from tests.ledger.proxy import Proxy
from tests.postgres import administrate


@pytest.fixture
def opened(open_store, signer):
    """Opens the same log as often as asked; closes what is left open."""
    ledgers = []

    def open_(**more):
        ledgers.append(Ledger.open(open_store(), signer=signer, options=options(**more)))
        return ledgers[-1]

    yield open_
    for ledger in ledgers:
        ledger.close()


def test_a_receipt_says_what_stands_where(opened):
    ledger = opened()
    receipts = [ledger.append("tested", {"n": i}).result(30) for i in range(5)]
    assert [receipt.index for receipt in receipts] == list(range(5))
    for receipt, entry in zip(receipts, ledger.entries(), strict=True):
        assert (receipt.entry_hash, receipt.timestamp) == (entry.hash, entry.time)
        assert receipt.log_id == ledger.log_id == NAME
        assert entry.payload == {"n": receipt.index}


def test_an_acknowledged_entry_is_there_for_everybody_at_once(opened):
    ledger, other = opened(), opened()
    for i in range(10):
        index = ledger.append("tested", {"n": i}).result(30).index
        assert next(other.entries(index)).payload == {"n": i}


def test_the_log_ends_at_a_signature_after_every_commit(opened, signer):
    ledger = opened()
    for size in range(1, 4):
        ledger.append("tested", {}).result(30)
        assert Checkpoint.opened(ledger.head(), [signer.key]).size == ledger.size == size


def test_a_log_is_continued_where_it_ended(opened):
    first = opened()
    recorded(first, 300)
    first.close()
    second = opened()
    recorded(second, 300, first=300)
    assert second.verify().size == 600
    assert [entry.payload["n"] for entry in second.entries()] == list(range(600))


def test_many_threads_append_and_all_get_a_place_of_their_own(opened):
    ledger = opened()
    with ThreadPoolExecutor(16) as pool:
        futures = list(pool.map(lambda i: ledger.append("tested", {"n": i}), range(2000)))
    indices = [future.result(60).index for future in futures]
    assert sorted(indices) == list(range(2000))
    assert ledger.verify().size == 2000
    payloads = [entry.payload["n"] for entry in ledger.entries()]
    assert all(payloads[index] == i for i, index in enumerate(indices))


def test_coroutines_await_appends_and_may_give_up(opened):
    import asyncio

    ledger = opened()

    async def append(i):
        return (await asyncio.wrap_future(ledger.append("tested", {"n": i}))).index

    async def many():
        impatient = asyncio.create_task(append("impatient"))
        await asyncio.sleep(0)
        impatient.cancel()
        return await asyncio.gather(*map(append, range(100)))

    assert len(set(asyncio.run(many()))) == 100
    payloads = [entry.payload["n"] for entry in ledger.entries()]
    assert [n for n in payloads if n != "impatient"] == list(range(100))
    assert ledger.verify().size == len(payloads) in (100, 101)


def test_replicas_write_one_chain(opened):
    replicas = [opened() for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(lambda i: replicas[i % 3].append("tested", {"n": i}).result(60), range(300)))
    assert sorted(receipt.index for receipt in receipts) == list(range(300))
    assert replicas[0].verify().size == 300


def test_the_end_can_be_counted_from(opened):
    ledger = opened()
    recorded(ledger, 20)
    assert [entry.index for entry in ledger.entries(-3)] == [17, 18, 19]
    assert [entry.index for entry in ledger.entries(-30, 2)] == [0, 1]
    assert [entry.index for entry in ledger.entries(18, 99)] == [18, 19]
    assert list(ledger.entries(20)) == []


def test_every_entry_and_every_growth_is_provable(opened, signer):
    ledger = opened()
    recorded(ledger, 700)
    head = Checkpoint.opened(ledger.head(), [signer.key])
    for index in (0, 255, 256, 511, 512, 699):
        proof = ledger.prove_inclusion(index)
        assert proof.holds()
        assert proof.root == head.root.hex()
        assert proof.entry_hash == next(ledger.entries(index)).hash
        earlier = ledger.prove_inclusion(index, index + 1)
        growth = ledger.prove_consistency(index + 1)
        assert earlier.holds()
        assert growth.holds()
        assert (growth.old_root, growth.new_root) == (earlier.root, proof.root)
        assert ledger.prove_consistency(index, index + 1).holds()
    assert ledger.prove_consistency(0).hashes == ()


def test_a_proof_that_was_altered_does_not_hold(opened):
    import dataclasses

    ledger = opened()
    recorded(ledger, 9)
    inclusion, growth = ledger.prove_inclusion(3), ledger.prove_consistency(3)
    assert not dataclasses.replace(inclusion, index=4).holds()
    assert not dataclasses.replace(inclusion, root=inclusion.entry_hash).holds()
    assert not dataclasses.replace(growth, old=4).holds()
    assert not dataclasses.replace(growth, hashes=growth.hashes[1:]).holds()


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.prove_inclusion(5),
        lambda ledger: ledger.prove_inclusion(-1),
        lambda ledger: ledger.prove_inclusion(3, 3),
        lambda ledger: ledger.prove_inclusion(0, 6),
        lambda ledger: ledger.prove_consistency(6),
        lambda ledger: ledger.prove_consistency(3, 2),
        lambda ledger: ledger.prove_consistency(-1),
    ],
)
def test_what_the_log_never_had_is_not_proved(ledger, ask):
    recorded(ledger, 5)
    with pytest.raises(InputError):
        ask(ledger)


def test_a_checkpoint_that_was_handed_out_is_kept(opened):
    ledger = opened()
    recorded(ledger, 3)
    note = ledger.checkpoint()
    recorded(ledger, 3)
    assert ledger.checkpoint() == ledger.head()
    assert ledger.checkpoints() == [note, ledger.head()]
    assert ledger.verify().checkpoints == 2


def test_every_thousandth_entry_or_so_a_checkpoint_is_kept(opened):
    ledger = opened()
    recorded(ledger, 2500)
    kept = [int(note.split("\n")[1]) for note in ledger.checkpoints()]
    assert kept[-1] == 2500
    assert 2 <= len(kept) <= 3


def test_a_clock_that_goes_back_is_recorded_as_it_is(opened):
    clock = Clock()
    ledger = opened(clock=clock)
    recorded(ledger, 3)
    clock.now -= timedelta(days=400)
    recorded(ledger, 3, first=3)
    audit = ledger.verify()
    assert (audit.size, audit.clock_jumps, audit.jumps[0].index) == (6, 1, 3)
    assert [entry.index for entry in ledger.entries()] == list(range(6))
    assert next(ledger.entries(3)).time.startswith("2024-11-28")


def test_a_log_belongs_to_its_key(open_store, signer):
    Ledger.open(open_store(), signer=signer).close()
    with pytest.raises(LedgerOtherKey, match="wanted a signature of"):
        Ledger.open(open_store(), signer=Signer(NAME, bytes(32)))
    with pytest.raises(LedgerOtherKey, match="wanted a signature of"):
        Ledger.open(open_store(), signer=Signer("example.com/other", bytes(32)))


def test_a_key_can_be_changed_for_a_newer_one(open_store, signer, tmp_path):
    with Ledger.open(open_store(), signer=signer) as ledger:
        recorded(ledger, 3)
        ledger.checkpoint()
    newer = Signer(NAME, bytes(32))
    with Ledger.open(open_store(), signer=newer, options=options(former=[signer.key])) as ledger:
        recorded(ledger, 3)
        assert ledger.verify().size == 6
    alone = Log(open_store(), [newer.key]).verify()  # its checkpoint covers what came before it too
    assert (alone.covered, alone.checkpoints) == (6, 1)
    assert alone.other_keys == (f"{NAME}+{signer.key.id.hex()}",)


def test_the_key_before_a_change_verifies_its_part_to_the_last_entry(open_store, signer):
    """Nobody asked for a checkpoint: the one at the change is kept by itself."""
    with Ledger.open(open_store(), signer=signer) as ledger:
        recorded(ledger, 7)
    newer = Signer(NAME, bytes(32))
    for _ in range(2):
        with Ledger.open(open_store(), signer=newer, options=options(former=[signer.key])) as ledger:
            recorded(ledger, 5)
    with Log(open_store(), [signer.key]) as log:
        audit = log.audit()
        assert (audit.size, audit.covered, audit.checkpoints) == (17, 7, 1)
        assert audit.other_keys == (f"{NAME}+{newer.key.id.hex()}",)
        with pytest.raises(LedgerOtherKey, match="signed for the first 7 entries of 17") as error:
            log.verify()
        assert error.value.index == 7


def test_what_cannot_be_recorded_is_refused_before_it_is_queued(ledger):
    with pytest.raises(InputError, match="must be finite"):
        ledger.append("tested", {"x": float("nan")})
    with pytest.raises(InputError, match="an event is named by"):
        ledger.append("Not a name", {})
    assert ledger.size == 0


def test_a_closed_ledger_refuses(opened):
    ledger = opened()
    recorded(ledger, 2)
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.append("tested", {})


def test_a_ledger_whose_place_was_put_back_while_it_ran_adds_nothing(path, signer, tmp_path):
    """The file under a running service is replaced by an older copy: it must not sign a second history."""
    first = Ledger.open(SqliteStore(path), signer=signer, options=options())
    recorded(first, 3)
    first.close()
    older = shutil.copy(path, tmp_path / "older.db")
    ledger = Ledger.open(SqliteStore(path), signer=signer, options=options())
    recorded(ledger, 4)
    import sqlite3

    with sqlite3.connect(older) as source, sqlite3.connect(path) as target:
        source.backup(target)
    source.close()
    target.close()
    with pytest.raises(LedgerTampered, match=r"rolled back: example.com/guard had 7 entries.*now it has 3"):
        ledger.append("tested", {}).result(30)
    ledger.close()


def changed(path, statement):
    import sqlite3

    with sqlite3.connect(path) as connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


@pytest.mark.parametrize("added", [3, 300])
def test_what_another_writer_added_is_read_before_anything_is_added_to_it(path, signer, added):
    with (
        Ledger.open(SqliteStore(path), signer=signer, options=options()) as one,
        Ledger.open(SqliteStore(path), signer=signer, options=options()) as other,
    ):
        recorded(one, 2)
        recorded(other, added, first=2)
        recorded(one, 1, first=2 + added)
        assert one.verify().size == 3 + added


@pytest.mark.parametrize(
    ("added", "statement"),
    [
        (3, "UPDATE entries SET entry = CAST(replace(entry, 'tested', 'tasted') AS BLOB) WHERE place = 4"),
        (300, "UPDATE nodes SET hash = zeroblob(32) WHERE level = 1 AND place = 0"),
    ],
)
def test_nothing_is_added_to_what_was_changed_after_another_writer_added_it(path, signer, added, statement):
    one = Ledger.open(SqliteStore(path), signer=signer, options=options())
    recorded(one, 2)
    with Ledger.open(SqliteStore(path), signer=signer, options=options()) as other:
        recorded(other, added, first=2)
    changed(path, statement)
    with pytest.raises(LedgerTampered):
        one.append("tested", {}).result(30)
    one.close()


def test_nothing_is_added_to_a_longer_second_history_under_the_same_key(path, signer, tmp_path):
    import sqlite3

    one = Ledger.open(SqliteStore(path), signer=signer, options=options())
    recorded(one, 3)
    second = tmp_path / "second.db"
    with Ledger.open(SqliteStore(second), signer=signer, options=options()) as other:
        recorded(other, 5, first=50)
    with sqlite3.connect(second) as source, sqlite3.connect(path) as target:
        source.backup(target)
    source.close()
    target.close()
    with pytest.raises(LedgerTampered, match="forked or rewritten"):
        one.append("tested", {}).result(30)
    one.close()


class TestWitness:
    def test_it_notices_a_log_that_was_put_back_between_two_runs(self, path, signer, tmp_path):
        witness = Witness(tmp_path / "seen")
        with Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness)) as ledger:
            recorded(ledger, 3)
        older = path.read_bytes()
        with Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness)) as ledger:
            recorded(ledger, 2)
        path.write_bytes(older)
        with pytest.raises(LedgerTampered, match="the log ends after 3 entries, and the witness beside it saw 5"):
            Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness))
        path.with_name("ledger.db-witness").unlink()  # whoever puts back the one can put back the other
        with pytest.raises(LedgerTampered, match=r"rolled back: example.com/guard had 5 entries.*now it has 3"):
            Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness))
        assert Ledger.open(SqliteStore(path), signer=signer).verify().size == 3

    def test_a_ledger_that_is_never_closed_is_remembered_as_it_was_last_shown(self, path, signer, tmp_path):
        witness = Witness(tmp_path / "seen")
        ledger = Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness))
        recorded(ledger, 3)
        assert Checkpoint.opened(witness.last(), [signer.key]).size == 0
        ledger.remember()
        assert Checkpoint.opened(witness.last(), [signer.key]).size == 3
        ledger.close()

    def test_many_threads_may_look_at_once(self, path, signer, tmp_path):
        witness = Witness(tmp_path / "seen")
        with Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness)) as ledger:
            looks = []
            with ThreadPoolExecutor(8) as pool:
                for _ in range(40):
                    recorded(ledger, 1)
                    looks.append(pool.submit(ledger.remember))
            assert [look.result() for look in looks] == [None] * 40
            ledger.remember()
            assert Checkpoint.opened(witness.last(), [signer.key]).size == 40

    def test_nothing_is_recorded_on_top_of_another_history_than_the_witness_saw(self, path, signer, tmp_path):
        witness = Witness(tmp_path / "seen")
        with Ledger.open(SqliteStore(path), signer=signer, options=options()) as ledger:
            recorded(ledger, 3)
        watched = Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness))
        elsewhere = tmp_path / "elsewhere.db"
        with Ledger.open(
            SqliteStore(elsewhere), signer=signer, options=options(witness=Witness(tmp_path / "b"))
        ) as other:
            recorded(other, 5, first=50)
            (tmp_path / "seen").write_text(other.checkpoint())
        with pytest.raises(LedgerTampered):
            watched.remember()
        assert watched.tampered
        with pytest.raises(LedgerTampered):
            watched.append("tested", {})
        with pytest.raises(LedgerTampered):
            watched.close()
        assert Ledger.open(SqliteStore(path), signer=signer).verify().size == 3

    def test_without_a_witness_nothing_is_remembered(self, ledger):
        ledger.remember()

    def test_it_notices_another_history(self, tmp_path, signer):
        witness = Witness(tmp_path / "seen")
        for name, n in (("a.db", 3), ("b.db", 5)):
            with Ledger.open(SqliteStore(tmp_path / name), signer=signer, options=options()) as ledger:
                recorded(ledger, n, first=ord(name[0]))
        keys = [signer.key]
        assert witness.see(open_log(str(tmp_path / "a.db"), keys)).size == 3
        with pytest.raises(LedgerTampered, match="forked or rewritten"):
            witness.see(open_log(str(tmp_path / "b.db"), keys))
        assert witness.see(open_log(str(tmp_path / "a.db"), keys)).size == 3

    def test_it_notices_a_log_that_began_anew(self, path, signer, tmp_path):
        witness = Witness(tmp_path / "seen")
        with Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness)) as ledger:
            recorded(ledger, 3)
        path.unlink()
        path.with_name("ledger.db-witness").unlink()
        with pytest.raises(LedgerTampered, match="now it has 0"):
            Ledger.open(SqliteStore(path), signer=signer, options=options(witness=witness))

    def test_what_it_remembers_must_be_signed_too(self, ledger, tmp_path):
        (tmp_path / "seen").write_text("nonsense")
        with pytest.raises(LedgerTampered, match="not a signed note"):
            Witness(tmp_path / "seen").see(ledger)

    def test_a_memory_that_cannot_be_read_or_written_is_an_error(self, ledger, tmp_path):
        with pytest.raises(LedgerError, match="cannot read the checkpoint"):
            Witness(tmp_path).see(ledger)
        with pytest.raises(LedgerError, match="cannot remember"):
            Witness(tmp_path / "missing" / "seen").see(ledger)


class TestWitnessBesideTheLog:
    """On by default: a database that lost commits is noticed, by whoever opens it and whoever verifies it."""

    @pytest.fixture
    def written(self, path, signer):
        with Ledger.open(SqliteStore(path), signer=signer, options=options()) as ledger:
            recorded(ledger, 3)
            older = shutil.copy(path, path.with_name("older.db"))
            shutil.copy(f"{path}-wal", f"{older}-wal")
            recorded(ledger, 9, first=3)
        return path

    def test_it_holds_the_newest_checkpoint_after_every_commit(self, path, signer):
        with Ledger.open(SqliteStore(path), signer=signer, options=options()) as ledger:
            witness = SqliteStore(path, create=False)
            assert witness.read_witness() == ledger.head()
            for n in range(12):
                recorded(ledger, 1, first=n)
                assert witness.read_witness() == ledger.head()

    def test_a_log_that_lost_its_last_commits(self, written, signer):
        written.with_name("older.db").replace(written)
        Path(f"{written.with_name('older.db')}-wal").replace(f"{written}-wal")
        lost = "lost or put back: the log ends after 3 entries, and the witness beside it saw 12"
        with pytest.raises(LedgerTampered, match=lost) as error:
            open_log(str(written), [signer.key]).verify()
        assert error.value.index == 3
        with pytest.raises(LedgerTampered, match=lost):
            Ledger.open(SqliteStore(written), signer=signer, options=options())
        Path(f"{written}-witness").unlink()
        with Ledger.open(SqliteStore(written), signer=signer, options=options()) as ledger:
            recorded(ledger, 1)
            assert ledger.verify().size == 4

    def test_a_log_that_is_gone(self, written, signer):
        written.unlink()
        with pytest.raises(LedgerTampered, match="the log ends after 0 entries, and the witness beside it saw 12"):
            Ledger.open(SqliteStore(written), signer=signer, options=options())

    def test_a_log_with_another_history(self, written, signer, tmp_path):
        with Ledger.open(SqliteStore(tmp_path / "other.db"), signer=signer, options=options()) as other:
            recorded(other, 20, first=90)
        (tmp_path / "other.db").replace(written)
        with pytest.raises(LedgerTampered, match="forked"):
            Ledger.open(SqliteStore(written), signer=signer, options=options())
        with pytest.raises(LedgerTampered, match="forked"):
            open_log(str(written), [signer.key]).verify()

    def test_a_log_from_before_there_was_such_a_file_gets_one(self, written, signer):
        Path(f"{written}-witness").unlink()
        assert open_log(str(written), [signer.key]).verify().size == 12
        with Ledger.open(SqliteStore(written), signer=signer, options=options()) as ledger:
            assert SqliteStore(written).read_witness() == ledger.head()

    def test_one_that_was_damaged_is_told(self, written, signer):
        Path(f"{written}-witness").write_bytes(b"nonsense")
        for look in (
            lambda: open_log(str(written), [signer.key]).verify(),
            lambda: Ledger.open(SqliteStore(written), signer=signer, options=options()),
        ):
            with pytest.raises(LedgerTampered, match="not a signed note: 'nonsense'"):
                look()

    def test_one_that_cannot_be_written_keeps_anybody_from_relying_on_the_entry(self, path, signer):
        ledger = Ledger.open(SqliteStore(path), signer=signer, options=options())
        witness = Path(f"{path}-witness")
        witness.unlink()
        witness.mkdir()
        with pytest.raises(LedgerError, match=r"the entries are in the log, but the witness .* cannot be written"):
            ledger.append("tested", {"n": 0}).result(30)
        witness.rmdir()
        recorded(ledger, 1, first=1)
        assert [entry.payload["n"] for entry in ledger.entries()] == [0, 1]
        ledger.close()

    def test_processes_that_write_at_once_never_leave_half_a_note(self, path):
        file = WitnessFile(path)
        notes = [f"{'x' * n}\n" for n in (100, 510, 511, 512, 700)]
        with ThreadPoolExecutor(4) as pool:
            writing = [pool.submit(file.write, note) for note in notes * 200]
            seen = {file.read() for _ in range(200)}
        assert [one.result() for one in writing] == [None] * 1000
        assert seen - {None} <= set(notes)
        assert file.read() in notes


class TestLostAnswers:
    """PostgreSQL behind a wire that is cut: what was committed is acknowledged once, what was not is not."""

    @pytest.fixture
    def proxy(self, postgres_url):
        folder = Path(re.search(r"host=([^&]+)", postgres_url)[1])
        # Paths of sockets are short: pytest's own folders may be too long.
        import tempfile

        with tempfile.TemporaryDirectory(prefix="fe-") as place:
            (server,) = folder.glob(".s.PGSQL.*[0-9]")
            proxy = Proxy(Path(place), server)
            proxy.url = postgres_url.replace(str(folder), place)
            yield proxy
            proxy.close()

    @pytest.fixture
    def ledger(self, proxy, signer, tmp_path):
        signer.save(tmp_path / "key")
        ledger = open_ledger(proxy.url, key_file=tmp_path / "key", options=options())
        recorded(ledger, 2)
        yield ledger
        proxy.served = True
        ledger.close()

    def test_a_commit_whose_answer_was_lost_is_found_and_not_repeated(self, ledger, proxy):
        proxy.cut = 1
        receipt = ledger.append("tested", {"n": "once"}).result(60)
        assert receipt.index == 2
        assert [entry.payload["n"] for entry in ledger.entries()] == [0, 1, "once"]
        recorded(ledger, 1)
        assert ledger.verify().size == 4

    def test_answers_may_be_lost_again_and_again(self, ledger, proxy):
        proxy.cut = 2
        assert ledger.append("tested", {"n": "once"}).result(60).index == 2
        assert ledger.verify().size == 3

    def test_a_commit_that_stays_in_doubt_is_not_acknowledged_and_the_error_says_so(self, ledger, proxy):
        proxy.cut = 100
        with pytest.raises(LedgerError, match="nobody answered whether the entries were recorded"):
            ledger.append("tested", {"n": "perhaps"}).result(60)
        proxy.cut = 0
        recorded(ledger, 1)
        assert ledger.verify().size in (3, 4)

    def test_a_database_that_is_away_fails_the_append_and_the_next_one_works_again(self, ledger, proxy):
        proxy.served = False
        administrate(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'foureyes ledger'"
        )
        with pytest.raises(LedgerError):
            ledger.append("tested", {"n": "lost"}).result(60)
        proxy.served = True
        recorded(ledger, 1, first=7)
        assert [entry.payload["n"] for entry in ledger.entries()] == [0, 1, 7]
        assert ledger.verify().size == 3


def test_an_account_of_postgresql_that_may_only_add_is_enough(postgres_url, signer):
    """What docs/ledger.md says; such an account cannot edit or remove an entry, whoever gets hold of it."""
    import psycopg

    from foureyes.ledger.postgres import PostgresStore

    PostgresStore(postgres_url).close()
    schema = postgres_url.rpartition("%3D")[2]
    role = f"adder_{schema}"
    for statement in (
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {role}",
        f"GRANT UPDATE ON {schema}.foureyes_head TO {role}",
    ):
        administrate(statement)
    url = postgres_url.replace("//postgres:", f"//{role}:")
    with Ledger.open(PostgresStore(url), signer=signer, options=options()) as ledger:
        recorded(ledger, 1200)
        ledger.checkpoint()
        assert ledger.verify().size == 1200
    for statement in (
        "DELETE FROM foureyes_entries",
        "UPDATE foureyes_entries SET entry = ''",
        "DELETE FROM foureyes_head",
    ):
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
    administrate(f"DROP OWNED BY {role}")
    administrate(f"DROP ROLE {role}")
