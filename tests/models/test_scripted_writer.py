import pytest

from foureyes.models.roles import Sampling, Writer
from foureyes.models.scripted import ScriptedReader, ScriptedWriter
from foureyes.types import Exchange, Message, Unscored

THREE = Sampling(temperature=1.0, n=3)


def said(rows):
    return [[written.exchange.answer for written in row] for row in rows]


def test_it_writes_what_it_was_told_in_turn():
    writer = ScriptedWriter({"one": "a", "two": ["b", "c"]}, otherwise="d")
    assert isinstance(writer, Writer)
    assert said(writer.write(["one", "two", "three"], THREE)) == [["a"] * 3, ["b", "c", "b"], ["d"] * 3]
    assert writer.write([], THREE) == []


def test_a_conversation_is_known_by_its_text():
    writer = ScriptedWriter({"user: Hi\nassistant: Hello": "bye"})
    prompt = (Message("user", "Hi"), Message("assistant", "Hello"))
    ((written,),) = writer.write([prompt], Sampling())
    assert written.exchange == Exchange(prompt, "bye")


def test_its_own_reading_is_that_of_a_scripted_reader():
    table = {"Sydney": 0.25}
    ((written,),) = ScriptedWriter({"q": "Sydney"}, probabilities=table).write(["q"], Sampling())
    (reading,) = ScriptedReader(table).read([Exchange("q", "Sydney")])
    assert written.reading.nll == pytest.approx(reading.nll)


def test_no_words_no_reading_and_failures_are_handed_on():
    gone = Unscored("unavailable", "gone")
    ((empty, failed),) = ScriptedWriter({"q": ["", gone]}).write(["q"], Sampling(temperature=1.0, n=2))
    assert empty.reading is None
    assert failed is gone


def test_its_fingerprint_changes_with_the_script():
    prints = {ScriptedWriter(script).fingerprint for script in ({}, {"q": "a"}, {"q": "b"}, {"q": ["a", "b"]})}
    assert len(prints) == 4
    assert ScriptedWriter({"q": "a"}).fingerprint == ScriptedWriter({"q": "a"}).fingerprint
