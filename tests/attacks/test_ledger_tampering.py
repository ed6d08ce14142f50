"""Whoever can write to the database changes what was recorded. Every way is tried on a real file, and named."""

import random
import shutil
import sqlite3

import pytest

from foureyes.errors import LedgerError, LedgerOtherKey, LedgerTampered
from foureyes.ledger import Checkpoint, Ledger, Log, Signer, Witness, open_log
from foureyes.ledger.entry import Draft
from foureyes.ledger.sealing import LogTip, seal
from foureyes.ledger.sqlite import SqliteStore
from foureyes.maths.merkle import Frontier, leaf_hash
from tests.ledger.conftest import NAME, SEED, options, recorded

SIZE = 1500
SIGNER = Signer(NAME, SEED)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A log of 1500 entries with a kept checkpoint at 700 and one soon after 1024."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options()) as ledger:
        recorded(ledger, 700)
        ledger.checkpoint()
        recorded(ledger, SIZE - 700, first=700)
    return path


@pytest.fixture
def path(written, tmp_path):
    return shutil.copy(written, tmp_path / "ledger.db")


def attack(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement, *values in statements:
            connection.execute(statement, values)
    connection.close()


def verify(path, *seen):
    return open_log(str(path), [SIGNER.key]).verify(seen)


def entry(path, index):
    return next(open_log(str(path), [SIGNER.key]).raw(index))


def rewritten(entries, first):
    """A whole chain, made anew from an entry on, as the log's own software would have written it."""
    raw = list(entries)
    edge, _ = Frontier().extended([leaf_hash(e) for e in raw[:first]])
    tip = LogTip(Checkpoint(NAME, first, edge.root()), leaf_hash(raw[first - 1]), edge)
    drafts = [Draft.of("forged", {"n": i}, id=f"{i:032x}") for i in range(first, len(raw))]
    return seal(tip, drafts, ["2026-01-02T03:04:05.000000Z"] * len(drafts))


def test_the_log_as_it_was_written(path):
    assert verify(path).size == SIZE


@pytest.mark.parametrize("index", [0, 1, 698, 700, 1024, 1498])
def test_an_edit(path, index):
    attack(path, ("UPDATE entries SET entry = ? WHERE place = ?", entry(path, index).replace(b'"n":', b'"m":'), index))
    with pytest.raises(LedgerTampered, match=f"edited: entry {index + 1} says") as error:
        verify(path)
    assert error.value.index == index


def test_an_edit_of_the_last_entry(path):
    last = entry(path, SIZE - 1).replace(b"tested", b"passed")
    attack(path, ("UPDATE entries SET entry = ? WHERE place = ?", last, SIZE - 1))
    with pytest.raises(LedgerTampered, match=rf"edited or forked: entries \d+ to {SIZE - 1} are not"):
        verify(path)


def test_an_edit_of_a_time(path):
    raw = entry(path, 800)
    attack(path, ("UPDATE entries SET entry = ? WHERE place = 800", raw.replace(b'"time":"2026', b'"time":"2025')))
    with pytest.raises(LedgerTampered, match="edited: entry 801"):
        verify(path)


def test_two_entries_that_changed_places(path):
    first, second = entry(path, 40), entry(path, 41)
    attack(
        path,
        ("UPDATE entries SET entry = ? WHERE place = 40", second),
        ("UPDATE entries SET entry = ? WHERE place = 41", first),
    )
    with pytest.raises(LedgerTampered, match="reordered or removed: entry 41 stands where entry 40 belongs"):
        verify(path)


def test_an_entry_that_was_removed(path):
    attack(path, ("DELETE FROM entries WHERE place = 40",))
    with pytest.raises(LedgerTampered, match="reordered or removed: entry 41 stands where entry 40 belongs"):
        verify(path)


def test_an_entry_that_was_removed_and_the_rest_moved_up(path):
    attack(
        path,
        ("DELETE FROM entries WHERE place = 40",),
        ("UPDATE entries SET place = -place WHERE place > 40",),
        ("UPDATE entries SET place = -place - 1 WHERE place < 0",),
    )
    with pytest.raises(LedgerTampered, match="reordered or removed: entry 41"):
        verify(path)


def test_an_entry_that_was_replayed(path):
    attack(path, ("INSERT INTO entries VALUES (?, ?)", SIZE, entry(path, 40)))
    with pytest.raises(LedgerTampered, match=f"reordered or replayed: entry 40 stands where entry {SIZE}"):
        verify(path)


@pytest.mark.parametrize("left", [SIZE - 1, 1200, 700, 1, 0])
def test_a_tail_that_was_cut_off(path, left):
    """The classic: whoever only checks that each entry follows the last calls what is left a valid log."""
    attack(path, ("DELETE FROM entries WHERE place >= ?", left))
    with pytest.raises(LedgerTampered, match=rf"cut off or rolled back: the log ends after {left:,} entr"):
        verify(path)


def test_a_tail_that_was_cut_off_with_the_signatures_over_it(path):
    note = next(n for n in open_log(str(path), [SIGNER.key]).checkpoints() if n.split("\n")[1] == "700")
    newest = open_log(str(path), [SIGNER.key]).head()
    attack(
        path,
        ("DELETE FROM entries WHERE place >= 700",),
        ("DELETE FROM checkpoints WHERE size > 700",),
        ("DELETE FROM nodes WHERE (place + 1) * 256 > 700",),
        ("UPDATE head SET note = ?", note),
    )
    assert verify(path).size == 700  # by itself it is a perfect log: somebody must remember
    with pytest.raises(LedgerTampered, match=f"cut off or rolled back: the log ends after 700.*signed for {SIZE}"):
        verify(path, newest)


def test_an_older_copy_that_was_put_back(path, tmp_path):
    witness = Witness(tmp_path / "seen")
    older = shutil.copy(path, tmp_path / "older.db")
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options(witness=witness)) as ledger:
        recorded(ledger, 1)
    shutil.copy(older, path)
    with pytest.raises(LedgerTampered, match="the witness beside it saw"):
        verify(path)
    path.with_name(f"{path.name}-witness").unlink(missing_ok=True)
    with pytest.raises(LedgerTampered, match=f"rolled back: {NAME} had {SIZE + 1:,} entries"):
        witness.see(open_log(str(path), [SIGNER.key]))
    with pytest.raises(LedgerTampered, match="rolled back"):
        Ledger.open(SqliteStore(path), signer=SIGNER, options=options(witness=witness))


def test_a_history_that_was_written_anew_without_the_key(path):
    raw = list(open_log(str(path), [SIGNER.key]).raw())
    forged = rewritten(raw, 900)
    kept = open_log(str(path), [SIGNER.key]).checkpoints()[1]  # the one after that for 700
    attack(
        path,
        *(("UPDATE entries SET entry = ? WHERE place = ?", e, 900 + i) for i, e in enumerate(forged.entries)),
        *(
            ("UPDATE nodes SET hash = ? WHERE level = ? AND place = ?", node.hash, node.level, node.position)
            for node in forged.nodes
        ),
        ("UPDATE head SET note = ?", forged.tip.checkpoint.signed(Signer(NAME, bytes(32)))),
    )
    with pytest.raises(LedgerTampered, match=r"forked: "):
        verify(path)
    attack(path, ("DELETE FROM checkpoints WHERE size > 900",))
    with pytest.raises(LedgerOtherKey, match=f"signed for the first 700 entries of {SIZE}"):
        verify(path)
    attack(path, ("UPDATE head SET note = ?", kept))
    with pytest.raises(LedgerTampered, match="edited or forked: entries 700 to"):
        verify(path)


def test_a_fork_with_the_key(path, tmp_path):
    """The log's own keeper writes a second history: both are signed, and together they give him away."""
    fork = shutil.copy(path, tmp_path / "fork.db")
    notes = []
    for i, place in enumerate((path, fork)):
        with Ledger.open(SqliteStore(place), signer=SIGNER, options=options()) as ledger:
            recorded(ledger, 1, first=i)
            notes.append(ledger.checkpoint())
    assert verify(path).size == verify(fork).size == SIZE + 1
    with pytest.raises(LedgerTampered, match=f"forked: two checkpoints were signed for {SIZE + 1:,} entries"):
        verify(path, notes[1])


def test_an_intruder_behind_the_last_signature(path):
    raw = list(open_log(str(path), [SIGNER.key]).raw())
    forged = seal(
        LogTip(Checkpoint(NAME, SIZE, b""), leaf_hash(raw[-1]), Frontier().extended([leaf_hash(e) for e in raw])[0]),
        [Draft.of("forged", {}, id="0" * 32)],
        ["2026-01-02T03:04:05.000000Z"],
    )
    attack(path, ("INSERT INTO entries VALUES (?, ?)", SIZE, forged.entries[0]))
    with pytest.raises(LedgerTampered, match=f"put in: no checkpoint was signed for the entries from {SIZE} to {SIZE}"):
        verify(path)
    assert open_log(str(path), [SIGNER.key]).size == SIZE
    ledger = Ledger.open(SqliteStore(path), signer=SIGNER, options=options())
    with pytest.raises(LedgerError):
        ledger.append("tested", {}).result(30)
    ledger.close()


def test_signatures_that_were_removed(path):
    attack(path, ("DELETE FROM head",))
    with pytest.raises(LedgerTampered, match="no signed checkpoint"):
        verify(path)


def test_a_checkpoint_that_was_edited(path):
    attack(path, ("UPDATE head SET note = replace(note, ?, ?)", f"\n{SIZE}\n", f"\n{SIZE - 1}\n"))
    with pytest.raises(LedgerTampered, match="did not sign it"):
        verify(path)


def test_a_stored_hash_that_was_edited(path):
    attack(path, ("UPDATE nodes SET hash = zeroblob(32) WHERE place = 2",))
    with pytest.raises(LedgerTampered, match="stored hash over entries"):
        verify(path)
    log = open_log(str(path), [SIGNER.key])
    with pytest.raises(LedgerTampered, match=r"as stored are not|does not lead"):
        log.prove_inclusion(3)
    with pytest.raises(LedgerTampered, match="leads to the root"):
        Ledger.open(SqliteStore(path), signer=SIGNER, options=options())


def test_a_proof_is_not_made_of_an_entry_that_was_edited(path):
    attack(path, ("UPDATE entries SET entry = ? WHERE place = 3", entry(path, 3).replace(b"tested", b"passed")))
    with pytest.raises(LedgerTampered, match="entry 3 as stored does not lead to the signed root") as error:
        open_log(str(path), [SIGNER.key]).prove_inclusion(3)
    assert error.value.index == 3


def test_a_proof_is_not_made_of_an_entry_that_is_gone(path):
    attack(path, ("DELETE FROM entries WHERE place = 3",))
    with pytest.raises(LedgerTampered, match="wanted the entries from"):
        open_log(str(path), [SIGNER.key]).prove_inclusion(2)


def test_a_log_is_not_continued_where_its_end_was_edited(path):
    last = entry(path, SIZE - 1).replace(b"tested", b"passed")
    attack(path, ("UPDATE entries SET entry = ? WHERE place = ?", last, SIZE - 1))
    with pytest.raises(LedgerTampered, match="leads to the root"):
        Ledger.open(SqliteStore(path), signer=SIGNER, options=options())


@pytest.mark.parametrize("seed", range(30))
def test_any_byte_of_any_entry(path, seed):
    rng = random.Random(seed)  # noqa: S311 - not a secret
    index = rng.randrange(SIZE)
    raw = bytearray(entry(path, index))
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    attack(path, ("UPDATE entries SET entry = ? WHERE place = ?", bytes(raw), index))
    with pytest.raises(LedgerTampered):
        verify(path)


def test_the_log_of_another_name_is_not_this_one(path):
    other = Signer("example.com/other", SEED)
    with pytest.raises(LedgerOtherKey, match=r"signed by example.com/guard\+.*got example.com/other"):
        Log(SqliteStore(path, create=False), [other.key]).verify()
