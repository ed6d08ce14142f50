import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.models.scripted import ScriptedReader
from foureyes.models.transformers import TransformersReader
from foureyes.signals.relative import relative_confidence
from foureyes.types import Exchange, Unscored


class Opinionated:
    """Prefers the row with the larger number in its answer, and likes the letter A."""

    name = fingerprint = "opinionated"

    def __init__(self, liking=0.0, failing=()):
        self.liking, self.failing, self.n_read = liking, failing, 0

    def read(self, exchanges, *, top_k=0):  # noqa: ARG002 - the role's
        self.n_read += len(exchanges)
        return [self._one(exchange) for exchange in exchanges]

    def _one(self, exchange):
        lines = dict(line.split(": ", 1) for line in exchange.prompt.split("\n") if ": " in line)
        shown = [int(lines.get(f"Answer {i}", lines[f"Question {i}"]).split()[-1]) for i in (1, 2)]
        if set(shown) & set(self.failing):
            return Unscored("not_finite", "NaN")
        gap = shown[0] - shown[1] + self.liking
        p = 1 / (1 + np.exp(-gap if exchange.answer == "A" else gap))
        return ScriptedReader({exchange.answer: p}).read([exchange])[0]


ROWS = [Exchange(f"question {i}", f"answer {i}") for i in range(12)]


def test_the_surer_a_row_the_smaller_its_uncertainty():
    rows = relative_confidence(ROWS, Opinionated(), seed=3)
    assert np.argsort(rows).tolist() == list(range(12))[::-1]
    assert np.mean(rows) == pytest.approx(0, abs=1e-6)


def test_strengths_are_recovered_up_to_the_shrinkage_of_the_prior():
    few = [Exchange("q", f"answer {i}") for i in range(4)]
    rows = relative_confidence(few, Opinionated(), rounds=50)
    assert np.diff(rows) == pytest.approx([-1] * 3, abs=0.25)


def test_a_liking_for_a_letter_cancels_out():
    fair, biased = (relative_confidence(ROWS[:6], Opinionated(liking), seed=1) for liking in (0.0, 4.0))
    assert np.argsort(biased).tolist() == np.argsort(fair).tolist()
    even = [Exchange("q", "answer 1")] * 5
    assert relative_confidence(even, Opinionated(4.0)) == pytest.approx([0] * 5, abs=1e-6)


def test_questions_can_be_compared_without_their_answers():
    rows = relative_confidence(
        [Exchange(f"question {i}", "answer 0") for i in range(5)], Opinionated(), about="questions"
    )
    assert np.argsort(rows).tolist() == [4, 3, 2, 1, 0]


def test_it_costs_what_it_says():
    reader = Opinionated()
    relative_confidence([Exchange("q", f"answer {i}") for i in range(100)], reader, rounds=3)
    assert reader.n_read <= 3 * 100 * 2 * 2, "pairs × both orders × two letters, off one prefill each"
    assert reader.n_read > 0.9 * 3 * 100 * 2 * 2


def test_a_row_that_cannot_be_compared_is_unscored_alone():
    rows = relative_confidence(ROWS, Opinionated(failing=[5]), rounds=6)
    assert rows[5].reason == "not_finite"
    others = [row for i, row in enumerate(rows) if i != 5]
    assert np.argsort(others).tolist() == list(range(11))[::-1]


def test_where_nothing_can_be_compared_nothing_is_said():
    rows = relative_confidence(ROWS[:3], Opinionated(failing=range(12)))
    assert [row.reason for row in rows] == ["not_finite"] * 3


def test_a_ring_that_falls_apart_keeps_its_largest_part():
    rows = relative_confidence(ROWS, Opinionated(failing=[2, 7]), rounds=1, seed=0)
    scored = [i for i, row in enumerate(rows) if not isinstance(row, Unscored)]
    assert {2, 7}.isdisjoint(scored)
    assert 5 <= len(scored) <= 10
    assert all(row.reason == "not_finite" for row in rows if isinstance(row, Unscored))


def test_an_empty_answer_is_not_compared():
    mixed = [*ROWS[:3], Exchange("question 9", " "), *ROWS[3:5]]
    rows = relative_confidence(mixed, Opinionated())
    assert rows[3].reason == "empty_answer"
    assert [rows[i] for i in (0, 1, 2, 4, 5)] == relative_confidence(ROWS[:5], Opinionated())
    lonely = relative_confidence([ROWS[0], Exchange("question 9", "")], Opinionated())
    assert [row.reason for row in lonely] == ["unavailable", "empty_answer"]
    nobody = relative_confidence([Exchange("", "a"), Exchange(" ", "b")], Opinionated(), about="questions")
    assert [row.reason for row in nobody] == ["empty_answer"] * 2


def test_the_seed_decides_the_pairs():
    one, again, other = (relative_confidence(ROWS, Opinionated(), rounds=1, seed=seed) for seed in (1, 1, 2))
    assert one == again != other


def test_what_cannot_be_compared():
    with pytest.raises(NotEnoughData, match="at least two exchanges; got 1"):
        relative_confidence(ROWS[:1], Opinionated())
    with pytest.raises(InputError, match="about must be one of answers, questions; got 'prices'"):
        relative_confidence(ROWS, Opinionated(), about="prices")


def test_a_real_reader_compares(tiny_model):
    rows = relative_confidence(ROWS[:3], TransformersReader.load(tiny_model, dtype="float32"), rounds=1)
    assert np.isfinite(rows).all()
