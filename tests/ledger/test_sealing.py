import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import LedgerTampered
from foureyes.ledger.entry import Draft, Entry, genesis
from foureyes.ledger.sealing import LogTip, grown_tip, seal, tip_of
from foureyes.ledger.sqlite import SqliteStore
from foureyes.ledger.store import Extension
from foureyes.maths.merkle import TILE, leaf_hash, mth
from tests.ledger.conftest import NAME

TIME = "2026-01-02T03:04:05.000000Z"


def drafts(n, first=0):
    return [Draft.of("tested", {"n": i}, id=f"{i:032x}") for i in range(first, first + n)]


@given(st.lists(st.integers(0, 40), max_size=8))
def test_batches_of_any_size_make_the_same_log(sizes):
    tip, entries = LogTip.first(NAME), []
    for n in sizes:
        sealed = seal(tip, drafts(n, len(entries)), [TIME] * n)
        tip = sealed.tip
        assert sealed.first == len(entries)
        entries += sealed.entries
    whole = seal(LogTip.first(NAME), drafts(len(entries)), [TIME] * len(entries))
    assert (entries, tip) == (list(whole.entries), whole.tip)


def test_entries_name_the_one_before_and_receipts_tell_their_hashes():
    sealed = seal(LogTip.first(NAME), drafts(5), [TIME] * 5)
    read = [Entry.parse(raw) for raw in sealed.entries]
    assert [entry.previous for entry in read] == [genesis(NAME).hex(), *(entry.hash for entry in read[:-1])]
    assert [(r.index, r.entry_hash, r.timestamp, r.log_id) for r in sealed.receipts] == [
        (i, entry.hash, TIME, NAME) for i, entry in enumerate(read)
    ]
    assert sealed.tip.checkpoint.root == mth([leaf_hash(raw) for raw in sealed.entries])
    assert sealed.tip.last.hex() == read[-1].hash


@pytest.mark.parametrize("n", [0, 1, TILE - 1, TILE, TILE + 1, 3 * TILE + 100])
def test_the_tip_is_found_again_in_what_was_kept(tmp_path, n):
    store, sealed = SqliteStore(tmp_path / "ledger.db"), seal(LogTip.first(NAME), drafts(n), [TIME] * n)
    with store.transaction() as transaction:
        transaction.extend(Extension(0, sealed.entries, sealed.nodes, "head\n", keep=False))
    with store.snapshot() as view:
        assert tip_of(view, sealed.tip.checkpoint) == sealed.tip
        if n:
            with pytest.raises(LedgerTampered, match="leads to the root"):
                tip_of(view, seal(LogTip.first(NAME), drafts(n, 1), [TIME] * n).tip.checkpoint)
    store.close()


@pytest.mark.parametrize(("known", "added"), [(0, 1), (1, 1), (TILE - 1, 2), (TILE, 200), (300, TILE)])
def test_the_tip_of_a_log_that_grew_a_little_is_found_by_what_was_added(tmp_path, known, added):
    before = seal(LogTip.first(NAME), drafts(known), [TIME] * known).tip
    sealed = seal(before, drafts(added, known), [TIME] * added)
    whole = seal(LogTip.first(NAME), drafts(known + added), [TIME] * (known + added))
    store = SqliteStore(tmp_path / "ledger.db")
    with store.transaction() as transaction:
        transaction.extend(Extension(0, whole.entries, whole.nodes, "head\n", keep=False))
    with store.snapshot() as view:
        head = sealed.tip.checkpoint
        assert grown_tip(before, view, head) == sealed.tip == tip_of(view, head)
        other = seal(LogTip.first(NAME), drafts(known, 7), [TIME] * known).tip
        assert (grown_tip(other, view, head) is None) == (known > 0), "a log that does not begin with what is known"
        assert (
            grown_tip(before, view, seal(before, drafts(added, 9 * known + 9), [TIME] * added).tip.checkpoint) is None
        )
        assert grown_tip(before, view, seal(sealed.tip, drafts(1, 5), [TIME]).tip.checkpoint) is None, (
            "an entry is missing"
        )
        assert grown_tip(sealed.tip, view, before.checkpoint) is None, "rolled back"
        assert grown_tip(sealed.tip, view, head) is None
    store.close()


def test_a_log_that_grew_much_is_not_followed_entry_by_entry(tmp_path):
    sealed = seal(LogTip.first(NAME), drafts(TILE + 1), [TIME] * (TILE + 1))
    store = SqliteStore(tmp_path / "ledger.db")
    with store.transaction() as transaction:
        transaction.extend(Extension(0, sealed.entries, sealed.nodes, "head\n", keep=False))
    with store.snapshot() as view:
        assert grown_tip(LogTip.first(NAME), view, sealed.tip.checkpoint) is None
    store.close()
