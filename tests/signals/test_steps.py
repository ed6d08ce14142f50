"""Signals of the sentences of one reading: every token once, the white space with what follows."""

import numpy as np
import pytest

from foureyes.models.scripted import ScriptedReader
from foureyes.signals.steps import step_signals
from foureyes.types import Exchange

READER = ScriptedReader({"odd": 0.01, "word": 0.5}, name="scripted")


def steps_of(answer, span=None):
    (reading,) = READER.read([Exchange("Why?", answer, span)])
    return reading, step_signals(reading)


def test_every_token_counts_in_one_step():
    reading, steps = steps_of("One word here. Then an odd one.\n\nAnd a last word.")
    assert [step.segment.text for step in steps] == ["One word here.", "Then an odd one.", "And a last word."]
    assert sum(step.n_tokens for step in steps) == len(reading.nll)
    assert sum(step.log_cmp * step.n_tokens for step in steps) == pytest.approx(reading.nll.sum())
    assert int(np.argmax([step.log_cmp for step in steps])) == 1


def test_only_selected_tokens_count():
    _, steps = steps_of("Odd odd. A word.", (9, 16))
    assert [step.segment.text for step in steps] == ["A word."]


def test_places_are_characters_where_letters_are_several_bytes():
    _, steps = steps_of("Größe zählt. Sehr odd.")
    assert [step.segment.text for step in steps] == ["Größe zählt.", "Sehr odd."]
    assert steps[1].log_cmp > steps[0].log_cmp
