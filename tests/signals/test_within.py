import numpy as np
import pytest

from foureyes.models.roles import Sampling
from foureyes.models.scripted import ScriptedReader
from foureyes.models.transformers import TransformersWriter
from foureyes.signals.within import own_signals, reread
from foureyes.types import Exchange, Unscored, Written


def test_own_signals_are_means_over_the_words_written(tiny_model):
    ((written,),) = TransformersWriter.load(tiny_model, dtype="float32").write(["Why?"], Sampling(max_tokens=6))
    own = own_signals(written)
    assert own.log_g_ppl == pytest.approx(written.reading.nll.mean())
    assert own.g_ppl == pytest.approx(np.exp(own.log_g_ppl))
    assert own.g_ent == pytest.approx(written.reading.entropy_low.mean())


def test_no_words_no_signal():
    assert own_signals(Written(Exchange("q", ""), None, "stop")).reason == "empty_answer"
    assert own_signals(Unscored("context")).reason == "context"


def test_stored_answers_are_read_by_their_generator():
    rows = reread([Exchange("q", "one"), Exchange("q", "")], ScriptedReader({"one": 0.5}))
    assert rows[0].g_ppl == pytest.approx(2.0)
    assert rows[1].reason == "empty_answer"
