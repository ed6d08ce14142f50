"""Surprise behind samples: what a sample supports, worst windows, sentences against themselves."""

import math

import numpy as np
import pytest

from foureyes.errors import InputError, ModelError
from foureyes.models.scripted import ScriptedReader
from foureyes.signals.conditioned import (
    sample_conditioned_cmp,
    sample_conditioned_segments,
    with_sample,
    worst_window,
)
from foureyes.types import Exchange, Message, Unscored, Written


def drawn(*texts):
    return [Written(Exchange("q", text), None, "stop") for text in texts]


class Copier(ScriptedReader):
    """A word that its prompt holds has probability ½, any other ⅛."""

    def __init__(self):
        super().__init__({}, name="copier")
        self.n_read = 0

    def read(self, exchanges, *, top_k=0):
        self.n_read += len(exchanges)
        words = {e: set(str(e.prompt).replace(".", " ").replace("'", " ").split()) for e in exchanges}
        readers = {
            e: ScriptedReader(dict.fromkeys(seen, 0.5) | dict.fromkeys(NEW - seen, 0.125)) for e, seen in words.items()
        }
        return [readers[e].read([e], top_k=top_k)[0] for e in exchanges]


NEW = {"Oslo", "Rome", "Bonn", "lies", "north"}


def test_the_worst_window_is_a_mean_of_neighbours():
    nll = np.array([0.0, 4.0, 4.0, 0.0, 0.0])
    assert worst_window(nll, 2) == 4
    assert worst_window(nll, 4) == 2
    assert worst_window(nll, 9) == pytest.approx(1.6)


def test_an_answer_that_samples_repeat_is_less_surprising():
    exchanges = [Exchange("q", "Oslo"), Exchange("q", "Rome")]
    same, other = sample_conditioned_cmp(exchanges, [drawn("Oslo", "Oslo")] * 2, Copier())
    assert (same, other) == (pytest.approx(math.log(2)), pytest.approx(math.log(8)))


def test_surprise_is_averaged_over_samples_and_equal_ones_are_read_once():
    reader = Copier()
    (found,) = sample_conditioned_cmp([Exchange("q", "Oslo")], [drawn("Oslo", "Rome", "Rome")], reader)
    assert found == pytest.approx((math.log(2) + 2 * math.log(8)) / 3)
    assert reader.n_read == 2


def test_length_counts_by_its_root():
    (found,) = sample_conditioned_cmp([Exchange("q", "Oslo lies north")], [drawn("Rome")], Copier())
    assert found == pytest.approx(3 * math.log(8) / math.sqrt(3))


def test_a_sentence_is_compared_with_itself_behind_its_best_sample():
    answer = Exchange("q", "Oslo lies north. Bonn lies north.")
    (found,) = sample_conditioned_segments([answer], [drawn("Oslo", "lies north")], Copier())
    first, second = found
    assert (first.segment.text, second.segment.text) == ("Oslo lies north.", "Bonn lies north.")
    assert first.change < second.change < 0


def test_rows_that_cannot_be_told():
    assert isinstance(sample_conditioned_cmp([Exchange("q", "Oslo")], [drawn(" ", " ")], Copier())[0], Unscored)
    assert isinstance(sample_conditioned_cmp([Exchange("q", "")], [drawn("Oslo")], Copier())[0], Unscored)
    assert isinstance(sample_conditioned_segments([Exchange("q", "")], [drawn("Oslo")], Copier())[0], Unscored)
    with pytest.raises(InputError, match="1 exchanges need a row of samples each; got 0"):
        sample_conditioned_cmp([Exchange("q", "Oslo")], [], Copier())

    class Silent(ScriptedReader):
        def read(self, exchanges, *, top_k=0):
            return super().read(exchanges[:0], top_k=top_k)

    with pytest.raises(ModelError, match="0 readings of 1 answers"):
        sample_conditioned_cmp([Exchange("q", "Oslo")], [drawn("Oslo")], Silent({}, name="silent"))


def test_a_conversation_gets_the_sample_as_one_more_turn():
    asked = Exchange((Message("user", "q"),), "Oslo")
    assert with_sample(asked, "Rome").prompt == (
        Message("user", "q"),
        Message("user", "Rome\n\nHere is another answer:"),
    )
