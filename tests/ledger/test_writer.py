import threading
from concurrent.futures import Future

import pytest

from foureyes.errors import InputError, LedgerError
from foureyes.ledger.entry import Draft, Receipt
from foureyes.ledger.writer import CommitThread


def draft(i):
    return Draft.of("tested", {"n": i}, id=f"{i:032x}")


class Gate:
    """A commit that waits until it is let through, and notes what it was given."""

    def __init__(self):
        self.entered, self.batches, self._gate = threading.Event(), [], threading.Semaphore(0)

    def __call__(self, drafts):
        self.entered.set()
        self._gate.acquire()
        self.batches.append([d.id for d in drafts])
        return [Receipt(i, d.id, "", "") for i, d in enumerate(drafts)]

    def let_through(self, n):
        for _ in range(n):
            self._gate.release()


def test_appends_that_wait_for_a_commit_are_committed_together():
    gate = Gate()
    writer = CommitThread(gate, queue=100)
    first = writer.submit(draft(0))
    assert gate.entered.wait(30)
    rest = [writer.submit(draft(i)) for i in range(1, 50)]
    assert not first.done()
    gate.let_through(2)
    assert [f.result(30).entry_hash for f in [first, *rest]] == [draft(i).id for i in range(50)]
    assert [len(batch) for batch in gate.batches] == [1, 49]
    writer.close()


def test_a_commit_is_put_off_for_those_who_were_just_answered():
    gate = Gate()
    writer = CommitThread(gate, queue=100, gather_s=60)
    first = writer.submit(draft(0))
    assert gate.entered.wait(30)
    rest = [writer.submit(draft(1))]
    gate.let_through(1)
    first.result(30)
    gate.entered.clear()
    assert not gate.entered.wait(0.2)
    rest.append(writer.submit(draft(2)))
    gate.let_through(1)
    assert [f.result(30).entry_hash for f in rest] == [draft(1).id, draft(2).id]
    assert [len(batch) for batch in gate.batches] == [1, 2]
    writer.close()


def test_it_is_not_put_off_for_long_where_they_do_not_come_back():
    gate = Gate()
    writer = CommitThread(gate, queue=100, gather_s=0.01)
    writer.submit(draft(0))
    assert gate.entered.wait(30)
    left_behind = writer.submit(draft(1))
    gate.let_through(2)
    assert left_behind.result(30).entry_hash == draft(1).id
    writer.close()


def test_a_commit_is_not_put_off_for_nobody_nor_where_many_wait_nor_at_the_end():
    gate = Gate()
    writer = CommitThread(gate, queue=100, gather_s=3600)
    for i in range(3):
        gate.let_through(1)
        writer.submit(draft(i)).result(30)
    gate.entered.clear()
    many = [writer.submit(draft(3))]
    assert gate.entered.wait(30)
    many += [writer.submit(draft(i)) for i in range(4, 80)]
    gate.let_through(2)
    many[-1].result(30)
    gate.entered.clear()
    last = [writer.submit(draft(80))]
    assert gate.entered.wait(30)
    last.append(writer.submit(draft(81)))
    gate.let_through(2)
    writer.close()
    assert all(f.done() for f in last)
    assert [len(batch) for batch in gate.batches] == [1, 1, 1, 1, 76, 1, 1]


def test_a_full_queue_refuses_at_once_and_loses_nothing():
    gate = Gate()
    writer = CommitThread(gate, queue=3, gather_s=3600)
    futures = [writer.submit(draft(0))]
    assert gate.entered.wait(30)
    futures += [writer.submit(draft(i)) for i in (1, 2, 3)]
    with pytest.raises(LedgerError, match="cannot keep up: 3 appends wait"):
        writer.submit(draft(4))
    gate.let_through(9)
    assert [f.result(30).entry_hash for f in futures] == [draft(i).id for i in range(4)]
    writer.close()


def test_closing_commits_what_waits_and_then_refuses():
    gate = Gate()
    writer = CommitThread(gate, queue=100)
    futures = [writer.submit(draft(i)) for i in range(10)]
    gate.let_through(10)
    writer.close()
    assert all(f.done() for f in futures)
    writer.close()
    with pytest.raises(LedgerError, match="is closed"):
        writer.submit(draft(10))


def test_a_failed_commit_fails_its_appends_and_no_others():
    answers = iter([LedgerError("disk full"), None])

    def commit(drafts):
        if answer := next(answers):
            raise answer
        return [Receipt(0, d.id, "", "") for d in drafts]

    writer = CommitThread(commit, queue=10)
    with pytest.raises(LedgerError, match="disk full"):
        writer.submit(draft(0)).result(30)
    assert writer.submit(draft(1)).result(30).entry_hash == draft(1).id
    writer.close()


def test_an_append_that_was_taken_back_in_time_is_not_committed():
    gate = Gate()
    writer = CommitThread(gate, queue=10)
    writer.submit(draft(0))
    assert gate.entered.wait(30)
    taken_back, kept = writer.submit(draft(1)), writer.submit(draft(2))
    assert taken_back.cancel()
    gate.let_through(9)
    kept.result(30)
    writer.close()
    assert gate.batches == [[draft(0).id], [draft(2).id]]


def test_nobody_waits_for_a_writer_that_died(recwarn):
    gate = Gate()

    def commit(drafts):
        gate(drafts)
        raise ZeroDivisionError

    died = threading.Event()
    hook, threading.excepthook = threading.excepthook, lambda _: died.set()
    try:
        writer = CommitThread(commit, queue=10)
        broken: Future = writer.submit(draft(0))
        assert gate.entered.wait(30)
        waiting = writer.submit(draft(1))
        gate.let_through(1)
        for future in (broken, waiting):
            with pytest.raises(LedgerError, match="stopped before this was recorded"):
                future.result(30)
        writer.close()
        assert died.wait(30)
    finally:
        threading.excepthook = hook
    with pytest.raises(LedgerError, match="is closed"):
        writer.submit(draft(2))


def test_a_queue_without_room_is_refused():
    with pytest.raises(InputError, match="at least one"):
        CommitThread(lambda _: [], queue=0)
