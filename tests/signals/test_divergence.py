"""Cross-entropy between a generator and a verifier, against sums by hand."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from foureyes.errors import ConfigError
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Predicted, Predictor
from foureyes.signals.divergence import cross_entropy
from foureyes.signals.within import reread
from foureyes.types import Exchange, Unscored

EXCHANGE = Exchange("Capital of Australia?", "Sydney Harbour")


@dataclass
class Told:
    """Expects what it is told to, at each of the answer's tokens."""

    p: object
    vocabulary: tuple = ("a", "b", "c")
    selected: tuple = (True, True)
    token_ids: tuple = (0, 1)
    name: str = "told"

    def predict(self, _):
        if isinstance(self.p, Unscored):
            return self.p
        with np.errstate(divide="ignore"):
            log_p = np.log(np.asarray(self.p, np.float32))
        return Predicted(np.array(self.token_ids), np.array(self.selected), log_p)


GENERATOR = [[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]]
VERIFIER = [[0.25, 0.25, 0.5], [0.5, 0.5, 0.0]]


def between(generator, verifier):
    (value,) = cross_entropy([EXCHANGE], generator, verifier)
    return value


def test_it_is_the_sum_over_the_whole_vocabulary_and_the_mean_over_tokens():
    by_hand = (0.5 * math.log(4) + 0.25 * math.log(4) + 0.25 * math.log(2) + math.log(2)) / 2
    assert between(Told(GENERATOR), Told(VERIFIER)) == pytest.approx(by_hand, rel=1e-6)


def test_only_the_selected_tokens_count():
    first = Told(GENERATOR, selected=(True, False))
    assert between(first, Told(VERIFIER)) == pytest.approx(0.75 * math.log(4) + 0.25 * math.log(2), rel=1e-6)


def test_with_itself_it_is_the_entropy_and_never_less_with_another():
    entropy = 1.5 * math.log(2) / 2
    assert between(Told(GENERATOR), Told(GENERATOR)) == pytest.approx(entropy, rel=1e-6)
    random = np.random.default_rng(0)
    for _ in range(50):
        p, q = random.dirichlet(np.ones(3), size=(2, 2))
        assert between(Told(p), Told(q)) >= between(Told(p), Told(p)) - 1e-6


def test_the_columns_that_pad_a_head_are_left_out():
    wider = [[*row, 0.0, 0.0] for row in VERIFIER]
    assert between(Told(GENERATOR), Told(wider)) == between(Told(GENERATOR), Told(VERIFIER))


def test_what_could_not_be_read_passes_through():
    gone = Unscored("empty_answer", "nothing")
    assert between(Told(gone), Told(VERIFIER)) is gone
    assert between(Told(GENERATOR), Told(gone)) is gone


def test_what_the_verifier_calls_impossible_is_no_number():
    assert between(Told(VERIFIER), Told(GENERATOR)).reason == "not_finite"


def test_models_that_do_not_belong_together_are_refused():
    with pytest.raises(ConfigError, match=r"3 tokens, told has 2, and they differ from token 2 on"):
        between(Told(GENERATOR), Told(VERIFIER, vocabulary=("a", "b")))
    with pytest.raises(ConfigError, match="differ from token 1 on"):
        between(Told(GENERATOR), Told(VERIFIER, vocabulary=("a", "x", "c")))
    with pytest.raises(ConfigError, match="cut an answer differently"):
        between(Told(GENERATOR), Told(VERIFIER, token_ids=(0, 2)))


@pytest.mark.weights
def test_a_real_model_with_itself_gives_its_own_entropy():
    model = open_reader("smollm2-135m", dtype="float32")
    assert isinstance(model, Predictor)
    rows = [
        Exchange("Capital of Australia? Answer with the name only.", said) for said in ("Canberra", "Sydney, surely")
    ]
    for value, own in zip(cross_entropy(rows, model, model), reread(rows, model), strict=True):
        assert value == pytest.approx(own.g_ent, abs=1e-4)


@pytest.mark.weights
def test_real_models_of_different_vocabularies_are_refused():
    with pytest.raises(ConfigError, match="wanted two models of one vocabulary"):
        cross_entropy([EXCHANGE], open_reader("smollm2-135m"), open_reader("gemma3-270m"))
