"""Signals that need words or samples, once each with real weights: legal numbers, the right way round where that is sure."""

import math

import numpy as np
import pytest

from foureyes.models.catalog import open_reader, open_writer
from foureyes.models.entailment import Pair
from foureyes.models.roles import Sampling
from foureyes.signals.entailment import AskedEntailment
from foureyes.signals.knowing import answerless, p_ik
from foureyes.signals.meaning import Meanings, meanings
from foureyes.signals.relative import relative_confidence
from foureyes.signals.samples import self_consistency
from foureyes.signals.similarity import similarities
from foureyes.signals.verbal import verbalised
from foureyes.types import Exchange, Unscored

pytestmark = pytest.mark.weights

QUESTIONS = ("What is the capital of France? Answer with the name only.", "What is 2 + 2? Answer with the number only.")


@pytest.fixture(scope="module")
def reader():
    return open_reader("smollm2-135m", dtype="float32")


@pytest.fixture(scope="module")
def writer():
    return open_writer("smollm2-135m", dtype="float32")


@pytest.fixture(scope="module")
def samples(writer):
    return writer.write(QUESTIONS, Sampling(max_tokens=8, temperature=1.0, n=4, seed=1))


def test_samples_of_a_small_model_are_clustered_and_compared(samples, reader):
    rows = meanings(QUESTIONS, samples, AskedEntailment(reader))
    assert all(isinstance(row, Meanings) for row in rows)
    for row in rows:
        assert 0 <= row.semantic_entropy <= math.log(4)
        assert 0 <= row.semantic_entropy_weighted <= math.log(4)
        assert len(row.cluster) + row.n_left_out == 4
    assert all(0 <= row.inter <= 1 for row in similarities(samples, samples))
    for value in self_consistency([Exchange(q, a) for q, a in zip(QUESTIONS, ("Paris", "4"), strict=True)], samples):
        assert isinstance(value, Unscored) or 0 <= value <= 1


def test_what_is_asked_in_one_prefill_gives_probabilities(reader):
    for signal in (p_ik, answerless):
        assert all(0 < value < 1 for value in signal(QUESTIONS, reader))
    pairs = [Pair(QUESTIONS[0], "It is Paris.", said) for said in ("Paris", "Rome")]
    assert all(0 < value < 1 for value in AskedEntailment(reader).entails(pairs))


def test_relative_confidence_is_centred(reader):
    exchanges = [Exchange(QUESTIONS[0], said) for said in ("Paris", "Rome", "blue", "Tuesday")]
    rows = relative_confidence(exchanges, reader, rounds=2)
    assert np.mean(rows) == pytest.approx(0, abs=1e-6)
    assert np.std(rows) > 0


def test_words_of_a_small_model_are_probabilities_or_not_understood(writer):
    for style in ("vanilla", "reasoned", "guesses"):
        for value in verbalised([Exchange(QUESTIONS[1], "5")], writer, style=style, max_tokens=12):
            assert value.reason == "unparseable" if isinstance(value, Unscored) else 0 <= value <= 1
