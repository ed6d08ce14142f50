import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader
from foureyes.models.transformers import TransformersReader
from foureyes.signals.choice import MultipleChoice, option_distributions
from foureyes.types import Exchange, Unscored

QUESTION = MultipleChoice("Which is largest?", ("ant", "whale", "dog", "cat"))


def test_raw_and_renormalised():
    (found,) = option_distributions([QUESTION], ScriptedReader({"A": 0.1, "B": 0.4, "C": 0.2, "D": 0.1}))
    np.testing.assert_allclose(found.raw, [0.1, 0.4, 0.2, 0.1])
    np.testing.assert_allclose(found.share, np.array([1, 4, 2, 1]) / 8)
    assert (found.best, found.letters) == (1, ("A", "B", "C", "D"))
    assert found.uncertainty(1) == pytest.approx(0.5)


def test_shuffled_options_come_back_in_the_order_of_the_question():
    reader = ScriptedReader({"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1})
    letters = set()
    for seed in range(20):
        (found,) = option_distributions([QUESTION], reader, shuffle_seed=seed)
        by_letter = dict(zip(found.letters, found.raw, strict=True))
        assert {letter: round(p, 9) for letter, p in sorted(by_letter.items())} == {
            "A": 0.4,
            "B": 0.3,
            "C": 0.2,
            "D": 0.1,
        }
        letters.add(found.letters)
    assert len(letters) > 5, "orders vary with the seed"


def test_an_order_depends_on_the_question_and_not_on_its_neighbours():
    other = MultipleChoice("Which is smallest?", ("1", "2", "3"))
    reader = ScriptedReader()
    alone = option_distributions([QUESTION], reader, shuffle_seed=3)[0]
    among = option_distributions([other, QUESTION], reader, shuffle_seed=3)[1]
    assert alone.letters == among.letters


def test_failures_are_passed_on():
    reader = ScriptedReader(failures={"C": Unscored("unavailable")})
    rows = option_distributions([QUESTION, MultipleChoice("q", ("x", "y"))], reader)
    assert rows[0].reason == "unavailable"
    assert rows[1].share.sum() == pytest.approx(1.0)


def test_a_question_needs_at_least_two_options():
    with pytest.raises(InputError, match="2 to 26 options"):
        MultipleChoice("q", ("x",))


def test_letters_are_read_off_one_distribution(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    (found,) = option_distributions([QUESTION], reader)
    assert found.raw.sum() <= 1.0
    prompt = QUESTION.prompt()
    for i, letter in enumerate("ABCD"):
        (reading,) = reader.read([Exchange(prompt, letter)])
        assert found.raw[i] == pytest.approx(np.exp(-reading.nll[0]), abs=1e-6)
