"""Who reads pieces: one after the other, or several at once behind servers; in order and without holes either way."""

import threading

import pytest

from foureyes.batch.engine import LocalEngine, read_whole
from foureyes.batch.pieces import RowPiece
from foureyes.errors import ModelUnavailable
from foureyes.layouts import LoggedAnswer
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Unscored

SIGNALS = ("log_cmp",)


class Served(ScriptedReader):
    """Behind servers: it is told what to do before it reads."""

    def __init__(self, before=lambda _: None, rows_at_once=4):
        super().__init__(name="served")
        self.before, self.rows_at_once, self.outages, self.calls = before, rows_at_once, 0, 0

    def read(self, exchanges, *, top_k=0):
        self.calls += 1
        if self.before(self):
            return [Unscored("unavailable", "gone")] * len(exchanges)
        return super().read(exchanges, top_k=top_k)


def pieces(n, rows=2, kept=()):
    for i in range(n):
        answers = [LoggedAnswer(Exchange(f"Question {i}", f"answer {i} {j}")) for j in range(rows)]
        yield RowPiece(None, answers, ["?"] * rows, kept, ends_window=False)


def answers_of(scored):
    return [answer.exchange.answer for one in scored for answer in one.piece.answers]


def test_two_pieces_are_read_at_once_and_come_in_order():
    together = threading.Barrier(2)
    engine = LocalEngine([Served(lambda _: together.wait(30) and None)])
    scored = list(engine.read(pieces(6), signals=SIGNALS, tokens=False))
    assert answers_of(scored) == [f"answer {i} {j}" for i in range(6) for j in range(2)]
    alone = list(LocalEngine([ScriptedReader(name="served")]).read(pieces(6), signals=SIGNALS, tokens=False))
    assert [one.results for one in scored] == [one.results for one in alone]


def test_beside_a_model_of_this_process_pieces_are_read_one_after_the_other():
    reading, most = [0], [0]

    def count(_):
        reading[0] += 1
        most[0] = max(most[0], reading[0])
        reading[0] -= 1

    engine = LocalEngine([Served(count), ScriptedReader(name="here")])
    taken = []

    def noted():
        for piece in pieces(4):
            taken.append(piece)
            yield piece

    next(iter(engine.read(noted(), signals=SIGNALS, tokens=False)))
    assert (len(taken), most[0]) == (1, 1)


def test_what_an_earlier_run_kept_is_not_read():
    served = Served()
    (one,) = LocalEngine([served]).read(pieces(1, kept=({"served": {}},) * 2), signals=SIGNALS, tokens=False)
    assert (one.results, served.calls) == ([{"served": {}}] * 2, 0)


def test_a_piece_is_read_again_after_an_outage():
    def gone_once(reader):
        reader.outages = 1
        return reader.calls == 1

    served = Served(gone_once)
    (row,) = read_whole([Exchange("Q", "a")], {"served": served}, signals=SIGNALS, tokens=False)
    assert "log_cmp" in row["served"]
    assert served.calls == 2


class Losing(ScriptedReader):
    """Behind servers: it loses some rows, each time that they are read up to a number, and all servers are gone for that."""

    def __init__(self, lost, times=1, outages=1):
        super().__init__(name="served")
        self.lost, self.times, self.rows_at_once, self.outages = set(lost), times, 4, 0
        self.outages_a_call, self.asked = outages, []

    def read(self, exchanges, *, top_k=0):
        self.asked.append([one.answer for one in exchanges])
        loses = len(self.asked) <= self.times
        self.outages += self.outages_a_call * loses
        rows = super().read(exchanges, top_k=top_k)
        gone = Unscored("unavailable", "gone")
        return [gone if loses and one.answer in self.lost else row for one, row in zip(exchanges, rows, strict=True)]


ROWS = [Exchange("Q", "a"), Exchange("Q", "b"), Unscored("bad_row", "no JSON"), Exchange("Q", "c"), Exchange("Q", "")]


def whole(reader, *others, signals=SIGNALS):
    readers = {one.name: one for one in (reader, *others)}
    return read_whole(ROWS, readers, signals=signals, tokens=False)


def test_what_others_lose_meanwhile_is_no_reason_to_read_a_piece_again():
    reader = Losing(())
    assert whole(reader) == whole(ScriptedReader(name="served"))
    assert reader.outages == 1
    assert len(reader.asked) == 1


def test_only_the_rows_that_were_lost_are_read_again_and_stand_where_they_stood():
    reader = Losing("bc")
    assert whole(reader) == whole(ScriptedReader(name="served"))
    assert reader.asked[1:] == [["b", "c"]]


def test_a_verifier_of_this_process_reads_a_piece_once_whatever_servers_lose():
    calls = []

    class Here(ScriptedReader):
        def read(self, exchanges, *, top_k=0):
            calls.append(len(exchanges))
            return super().read(exchanges, top_k=top_k)

    whole(Losing("b"), Here(name="here"))
    assert calls == [4]


def test_rows_that_are_unavailable_while_servers_are_there_stay_so():
    reader = Losing("b", times=9, outages=0)
    assert "unscored" in whole(reader)[1]["served"]
    assert len(reader.asked) == 1


def test_a_row_is_read_again_where_a_signal_of_it_was_lost():
    class Asked(Losing):
        """Loses what is asked in words of one answer, once."""

        def read(self, exchanges, *, top_k=0):
            rows = super().read(exchanges, top_k=top_k)
            lost = [len(self.asked) == 2 and "Proposed answer: b" in str(one.prompt) for one in exchanges]
            self.outages += any(lost)
            return [Unscored("unavailable", "gone") if gone else row for gone, row in zip(lost, rows, strict=True)]

    signals = ("log_cmp", "p_true")
    reader = Asked((), times=0)
    assert whole(reader, signals=signals) == whole(ScriptedReader(name="served"), signals=signals)
    assert reader.asked[2] == ["b"]


def test_servers_that_are_gone_again_and_again_end_it():
    def gone(reader):
        reader.outages += 1
        return True

    with pytest.raises(ModelUnavailable, match="again and again"):
        read_whole([Exchange("Q", "a")], {"served": Served(gone)}, signals=SIGNALS, tokens=False)
