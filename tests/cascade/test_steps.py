import numpy as np
import pytest

from foureyes.calibration.platt import Platt
from foureyes.calibration.provenance import Source
from foureyes.cascade.driver import run_cascade
from foureyes.cascade.policy import ConfidenceGate, Policy
from foureyes.cascade.steps import write_and_read_step
from foureyes.errors import ConfigError
from foureyes.models.roles import Sampling
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Unscored, Written

SURPRISE = np.linspace(0, 5, 40)


class Parrot:
    """Says the same to everything, and nothing to the empty prompt."""

    name = fingerprint = "parrot"

    def __init__(self, word):
        self.word = word

    def write(self, prompts, sampling):
        assert sampling.n == 1
        silent = Unscored("empty_prompt")
        return [[Written(Exchange(p, self.word), None, "stop") if p else silent] for p in prompts]


def calibrator(source=None):
    return Platt.fit(SURPRISE, SURPRISE + np.sin(40 * SURPRISE) < 2.5, source=source)


def test_answers_that_surprise_the_verifier_go_to_the_larger_model():
    reader = ScriptedReader({"Sydney": 0.01, "Canberra": 0.95}, name="reader")
    platt = calibrator(Source("log_cmp", "reader"))
    steps = [write_and_read_step(Parrot(word), reader, platt) for word in ("Sydney", "Canberra")]
    policy = Policy((ConfidenceGate((0.5,), ("escalate", "answer")), ConfidenceGate((0.5,), ("abstain", "answer"))))
    capital, nothing = run_cascade(policy, steps, ["Capital of Australia?", ""])
    assert capital.answer is not None
    assert capital.answer.exchange.answer == "Canberra"
    first, second = capital.decision.confidences
    assert first == pytest.approx(platt.predict_proba([-np.log(0.01)])[0])
    assert second == pytest.approx(platt.predict_proba([-np.log(0.95)])[0])
    assert (nothing.answer, nothing.decision.action) == (None, "abstain")


def test_what_cannot_be_read_has_no_confidence():
    reader = ScriptedReader(failures={"Sydney": Unscored("context")})
    ((answer, confidence),) = write_and_read_step(Parrot("Sydney"), reader, calibrator())(["Capital?"])
    assert answer is not None
    assert confidence == Unscored("context")


def test_a_calibrator_of_another_reader_or_signal_is_refused():
    with pytest.raises(ConfigError, match="fitted on log_cmp of another"):
        write_and_read_step(Parrot("a"), ScriptedReader(), calibrator(Source("log_cmp", "another")))
    with pytest.raises(ConfigError, match="fitted on log_cmp of scripted; got scores from mean_rank"):
        write_and_read_step(
            Parrot("a"), ScriptedReader(), calibrator(Source("log_cmp", "scripted")), signal="mean_rank"
        )


def test_one_answer_a_prompt():
    with pytest.raises(ConfigError, match="n = 3"):
        write_and_read_step(Parrot("a"), ScriptedReader(), calibrator(), sampling=Sampling(n=3, temperature=1.0))
