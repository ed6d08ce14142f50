import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.models.scripted import ScriptedReader
from foureyes.models.transformers import TransformersReader
from foureyes.signals.asking import share_of_second, two_options
from foureyes.types import Exchange, Unscored


@given(st.floats(1e-6, 1), st.floats(1e-6, 1))
def test_only_the_two_letters_count(p, q):
    (share,) = share_of_second(["?"], ScriptedReader({"A": p, "B": q}))
    assert share == pytest.approx(q / (p + q))


def test_certainty_does_not_overflow():
    reader = ScriptedReader({"A": 1.0, "B": 5e-324})
    assert share_of_second(["?"], reader) == [pytest.approx(0.0)]
    assert share_of_second(["?"], ScriptedReader({"A": 5e-324, "B": 1.0})) == [pytest.approx(1.0)]


@pytest.mark.parametrize("letter", "AB")
def test_a_letter_that_cannot_be_read_leaves_nothing_to_compare(letter):
    failed = Unscored("not_finite", "NaN")
    assert share_of_second(["?"], ScriptedReader(failures={letter: failed})) == [failed]


def test_rows_come_in_order_and_fail_alone():
    rows = share_of_second(["one", "", "three"], ScriptedReader({"A": 0.5, "B": 0.5}))
    assert (rows[0], rows[2]) == (0.5, 0.5)
    assert rows[1].reason == "empty_prompt"
    assert share_of_second([], ScriptedReader()) == []


def test_it_reads_what_the_model_would_say_next(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    prompt = two_options("Is it?", "Yes", "No")
    a, b = (reader.read([Exchange(prompt, letter)])[0].nll[0] for letter in "AB")
    (share,) = share_of_second([prompt], reader)
    assert share == pytest.approx(1 / (1 + 2.718281828459045 ** (b - a)), abs=1e-5)
