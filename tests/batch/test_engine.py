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


def test_servers_that_are_gone_again_and_again_end_it():
    def gone(reader):
        reader.outages += 1
        return True

    with pytest.raises(ModelUnavailable, match="again and again"):
        read_whole([Exchange("Q", "a")], {"served": Served(gone)}, signals=SIGNALS, tokens=False)
