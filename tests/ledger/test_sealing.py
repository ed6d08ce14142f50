import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import LedgerTampered
from foureyes.ledger.entry import Draft, Entry, genesis
from foureyes.ledger.sealing import LogTip, seal, tip_of
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
