"""The auditor alone: entries and notes in memory, doctored in every way that there is a name for."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError, LedgerOtherKey, LedgerTampered
from foureyes.ledger.audit import Auditor, follows
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.entry import Draft, stamp
from foureyes.ledger.keys import Signer
from foureyes.ledger.sealing import LogTip, seal
from foureyes.maths.merkle import TILE, leaf_hash, mth, proof
from tests.ledger.conftest import NAME, SEED

SIGNER = Signer(NAME, SEED)
START = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass
class Written:
    """A log in memory, and a checkpoint for each of its sizes that were asked for."""

    tip: LogTip = field(default_factory=lambda: LogTip.first(NAME))
    entries: list = field(default_factory=list)

    def write(self, n, *, what="tested", clock=lambda i: START + timedelta(seconds=i)):
        first = len(self.entries)
        drafts = [Draft.of(what, {"n": i}, id=f"{i:032x}") for i in range(first, first + n)]
        sealed = seal(self.tip, drafts, [stamp(clock(i)) for i in range(first, first + n)])
        self.tip = sealed.tip
        self.entries += sealed.entries
        return self

    def note(self, size=None, signer=SIGNER):
        size = len(self.entries) if size is None else size
        return Checkpoint(NAME, size, mth([leaf_hash(e) for e in self.entries[:size]])).signed(signer)


def audit(entries, *notes, keys=(SIGNER.key,), batch=7):
    auditor = Auditor(keys)
    for note in notes:
        auditor.expect(note)
    for start in range(0, len(entries), batch):
        auditor.feed(entries[start : start + batch])
    return auditor.finish()


WRITTEN = Written().write(60)
ENTRIES = WRITTEN.entries
NOTES = (WRITTEN.note(0), WRITTEN.note(20), WRITTEN.note(21), WRITTEN.note())


@pytest.mark.parametrize("batch", [1, 7, 20, 1000])
def test_a_log_as_it_was_written(batch):
    found = audit(ENTRIES, *NOTES, batch=batch)
    assert (found.origin, found.size, found.checkpoints, found.clock_jumps) == (NAME, 60, 4, 0)
    assert bytes.fromhex(found.root) == WRITTEN.tip.checkpoint.root


def test_the_order_of_checkpoints_does_not_matter_and_the_same_one_counts_once():
    assert audit(ENTRIES, *reversed(NOTES), NOTES[1]).checkpoints == 4


def test_an_empty_log():
    assert audit([], WRITTEN.note(0)).size == 0


def test_the_tiles_are_reported():
    many = Written().write(3 * TILE + 5)
    auditor = Auditor([SIGNER.key])
    auditor.expect(many.note())
    nodes = [node for start in range(0, len(many.entries), 100) for node in auditor.feed(many.entries[start:][:100])]
    assert [(node.level, node.position) for node in nodes] == [(1, 0), (1, 1), (1, 2)]
    assert nodes[2].hash == mth([leaf_hash(e) for e in many.entries[2 * TILE : 3 * TILE]])


def edited(entries, i, old=b'"n":', new=b'"m":'):
    return [*entries[:i], entries[i].replace(old, new), *entries[i + 1 :]]


@pytest.mark.parametrize(
    ("entries", "message", "index"),
    [
        (edited(ENTRIES, 8), "edited: entry 9 says that it follows .* but entry 8 is", 8),
        (edited(ENTRIES, 0), "edited: entry 1 says that it follows", 0),
        (edited(ENTRIES, 59), "edited or forked: entries 21 to 59 are not those that were signed", 21),
        (edited(ENTRIES, 8, b"tested", b"passed"), "edited: entry 9", 8),
        (edited(ENTRIES, 8, b"2026-01-02T00:00:08", b"2026-01-02T00:00:07"), "edited: entry 9", 8),
        (edited(ENTRIES, 8, b'"index":8', b'"index":9'), "reordered or removed: entry 9 stands where entry 8", 8),
        (edited(ENTRIES, 8, b'"v":1', b'"v":2'), "entry 8: not a ledger entry of version 1", 8),
        ([*ENTRIES[:8], b"garbage", *ENTRIES[9:]], "entry 8: not a ledger entry", 8),
        ([*ENTRIES[:8], ENTRIES[9], ENTRIES[8], *ENTRIES[10:]], "reordered or removed: entry 9 stands where", 8),
        ([*ENTRIES[:8], *ENTRIES[9:]], "reordered or removed: entry 9 stands where entry 8 belongs", 8),
        ([*ENTRIES[:8], ENTRIES[7], *ENTRIES[8:]], "reordered or replayed: entry 7 stands where entry 8 belongs", 8),
        ([*ENTRIES, ENTRIES[59]], "reordered or replayed: entry 59 stands where entry 60", 60),
        (ENTRIES[:59], "cut off or rolled back: the log ends after 59 entries.*signed for 60", 59),
        (ENTRIES[:20], "cut off or rolled back: the log ends after 20 entries.*signed for 21", 20),
        ([], "cut off or rolled back: the log ends after 0 entries", 0),
        (Written().write(61).entries, "put in: no checkpoint was signed for the entries from 60 to 60", 60),
    ],
)
def test_what_was_done_to_a_log_is_named_with_its_place(entries, message, index):
    with pytest.raises(LedgerTampered, match=message) as error:
        audit(entries, *NOTES)
    assert error.value.index == index


def test_a_chain_that_was_made_anew_after_an_edit_does_not_have_the_signed_root():
    forged = Written().write(30).write(1, what="forged").write(29)
    with pytest.raises(LedgerTampered, match="edited or forked: entries 21 to 59") as error:
        audit(forged.entries, *NOTES)
    assert error.value.index == 21


@given(st.integers(0, 59), st.data())
def test_no_bit_of_a_log_can_be_flipped(i, data):
    raw = bytearray(ENTRIES[i])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(LedgerTampered):
        audit([*ENTRIES[:i], bytes(raw), *ENTRIES[i + 1 :]], *NOTES)


@given(st.permutations(range(6)))
def test_only_one_order_passes(order):
    entries, note = Written().write(6).entries, Written().write(6).note()
    if order == sorted(order):
        assert audit([entries[i] for i in order], note).size == 6
    else:
        with pytest.raises(LedgerTampered, match="reordered"):
            audit([entries[i] for i in order], note)


def test_a_fork_is_two_signed_roots_of_one_size():
    forked = Written().write(20, what="forked")
    with pytest.raises(LedgerTampered, match="forked: two checkpoints were signed for 20 entries") as error:
        audit(ENTRIES, *NOTES, forked.note())
    assert error.value.index == 19


def test_a_fork_of_another_size_is_found_at_the_entries():
    forked = Written().write(30, what="forked")
    with pytest.raises(LedgerTampered, match="edited or forked: entries 21 to 29"):
        audit(ENTRIES, *NOTES, forked.note())


def test_a_log_that_was_rolled_back_is_only_found_by_who_remembers():
    older = ENTRIES[:21], NOTES[:3]
    assert audit(older[0], *older[1]).size == 21
    with pytest.raises(LedgerTampered, match=r"cut off or rolled back: the log ends after 21 entries.*for 60"):
        audit(older[0], *older[1], NOTES[3])


def test_entries_of_another_log_do_not_fit():
    other = seal(LogTip.first("example.com/other"), [Draft.of("tested", {}, id="0" * 32)], [stamp(START)])
    with pytest.raises(LedgerTampered, match="entry 0 was written for another log"):
        audit(other.entries, WRITTEN.note(0))


def test_checkpoints_of_two_logs_do_not_go_together():
    other = Signer("example.com/other", bytes(32))
    note = Checkpoint("example.com/other", 0, bytes(32)).signed(other)
    with pytest.raises(LedgerTampered, match="checkpoints of two logs"):
        audit(ENTRIES, NOTES[0], note, keys=(SIGNER.key, other.key))


def test_a_forged_checkpoint_is_refused():
    impostor = Signer(NAME, bytes(32))
    forged = Checkpoint(NAME, 5, bytes(32)).signed(impostor)
    with pytest.raises(LedgerTampered, match=r"forked: two checkpoints were signed for 5 entries|edited or forked"):
        audit(ENTRIES, *NOTES, forged)
    note = WRITTEN.note(5)
    with pytest.raises(LedgerTampered, match="did not sign it"):
        audit(ENTRIES, *NOTES, note.replace("\n5\n", "\n6\n"))


def test_what_another_key_signed_must_agree_and_counts_for_nothing():
    impostor = Signer(NAME, bytes(32))
    found = audit(ENTRIES, *NOTES, WRITTEN.note(5, signer=impostor))
    assert (found.size, found.covered, found.checkpoints) == (60, 60, len({*NOTES}))
    assert found.other_keys == (f"{NAME}+{impostor.key.id.hex()}",)
    assert found.require_whole() is found
    with pytest.raises(LedgerOtherKey, match="the log is signed by"):
        audit(ENTRIES, *(WRITTEN.note(size, signer=impostor) for size in (5, 60)))


def test_after_a_change_of_keys_both_are_believed():
    newer = Signer(NAME, bytes(32))
    assert audit(ENTRIES, NOTES[1], WRITTEN.note(signer=newer), keys=(newer.key, SIGNER.key)).size == 60


def test_a_log_without_a_signature_is_none():
    with pytest.raises(LedgerTampered, match="no signed checkpoint"):
        audit(ENTRIES)


def test_the_root_of_no_entries_is_checked_too():
    with pytest.raises(LedgerTampered, match="edited or forked"):
        audit([], Checkpoint(NAME, 0, bytes(32)).signed(SIGNER))


def test_checkpoints_come_first():
    auditor = Auditor([SIGNER.key])
    auditor.expect(NOTES[3])
    auditor.feed(ENTRIES[:5])
    with pytest.raises(InputError, match="checkpoints come before entries"):
        auditor.expect(NOTES[1])


def test_a_clock_that_went_back_is_shown_and_the_log_stays_valid():
    hours = {10: -5, 30: -7}
    jumpy = Written().write(60, clock=lambda i: START + timedelta(seconds=i, hours=hours.get(i, 0)))
    found = audit(jumpy.entries, jumpy.note())
    assert found.clock_jumps == 2
    assert [jump.index for jump in found.jumps] == [10, 30]
    assert found.jumps[0].before == "2026-01-02T00:00:09.000000Z"
    assert found.jumps[0].after == "2026-01-01T19:00:10.000000Z"


def test_of_many_jumps_the_first_hundred_are_shown():
    jumpy = Written().write(300, clock=lambda i: START - timedelta(seconds=i))
    found = audit(jumpy.entries, jumpy.note())
    assert found.clock_jumps == 299
    assert len(found.jumps) == 100
    assert found.to_dict()["jumps"][0]["index"] == 1


def grown(written, old, new):
    hashes = [leaf_hash(e) for e in written.entries]
    root = {size: mth(hashes[:size]) for size in (old, new)}
    points = [Checkpoint(NAME, size, root[size]) for size in (old, new)]
    return *points, proof(old, new, lambda start, stop: mth(hashes[start:stop]))


def test_a_log_that_only_grew_follows_itself():
    for old, new in [(0, 0), (0, 5), (3, 60), (60, 60), (random.Random(0).randrange(60), 60)]:  # noqa: S311 - not a secret
        follows(*grown(WRITTEN, old, new))


def test_what_does_not_follow():
    old, new, hashes = grown(WRITTEN, 20, 60)
    with pytest.raises(LedgerTampered, match=r"rolled back: example.com/guard had 60 entries.*now it has 20") as error:
        follows(new, old, [])
    assert error.value.index == 20
    with pytest.raises(LedgerTampered, match="forked or rewritten"):
        follows(Checkpoint(NAME, 20, bytes(32)), new, hashes)
    with pytest.raises(LedgerTampered, match="forked or rewritten"):
        follows(old, Checkpoint(NAME, 20, bytes(32)), [])
    with pytest.raises(LedgerTampered, match="another log"):
        follows(old, Checkpoint("example.com/other", 60, new.root), hashes)
