"""What one sample does to the probability of the next."""

import math

import pytest

from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader
from foureyes.signals.sample_gain import sample_gain
from foureyes.types import Exchange, Message, Reading, Unscored, Written


class Repeater(ScriptedReader):
    """Finds an answer four times as likely where its prompt holds it."""

    def read(self, exchanges, *, top_k=0):
        sure, unsure = (ScriptedReader({"Oslo": p, "Rome": p}, name="x") for p in (0.8, 0.2))
        return [(sure if e.answer in str(e.prompt) else unsure).read([e], top_k=top_k)[0] for e in exchanges]


def drawn(*texts):
    return [Written(Exchange("Capital?", text), None, "stop") for text in texts]


def test_a_reader_that_copies_learns_from_the_first_sample():
    reader = Repeater({}, name="copies")
    (same,) = sample_gain(["Capital?"], [drawn("Oslo", "Oslo")], reader)
    (other,) = sample_gain(["Capital?"], [drawn("Oslo", "Rome")], reader)
    assert (same, other) == (pytest.approx(math.log(4)), pytest.approx(0))


def test_pairs_are_disjoint_and_an_odd_sample_is_left():
    reader = Repeater({}, name="copies")
    (gain,) = sample_gain(["Capital?"], [drawn("Oslo", "Oslo", "Oslo", "Rome", "Rome")], reader)
    assert gain == pytest.approx(math.log(4) / 2)


def test_a_reader_that_knows_learns_nothing_whatever_the_form_of_the_prompt():
    reader = ScriptedReader({"Oslo": 0.5}, name="knows")
    prompts = ["Capital?", (Message("user", "Capital?"),)]
    assert sample_gain(prompts, [drawn("Oslo", "Oslo")] * 2, reader) == [0, 0]


def test_too_few_samples_are_told_apart_from_callers_mistakes():
    reader = ScriptedReader({}, name="scripted")
    assert isinstance(sample_gain(["Capital?"], [drawn("Oslo", " ")], reader)[0], Unscored)
    with pytest.raises(InputError, match="2 prompts need a row of samples each; got 1"):
        sample_gain(["a", "b"], [drawn("Oslo", "Oslo")], reader)


def test_a_reading_that_failed_is_passed_on():
    class Short(ScriptedReader):
        def read(self, exchanges, *, top_k=0):
            seen = super().read(exchanges, top_k=top_k)
            return [
                Unscored("context", "too long") if "another" in str(e.prompt) else r
                for e, r in zip(exchanges, seen, strict=True)
            ]

    (found,) = sample_gain(["Capital?"], [drawn("Oslo", "Oslo")], Short({}, name="short"))
    assert found == Unscored("context", "too long")
    assert isinstance(ScriptedReader({}, name="x").read([Exchange("a", "b")])[0], Reading)
