"""Votes and verdicts are valid once built."""

import math

import pytest

from foureyes.errors import InputError
from foureyes.types import Message, Verdict, Vote, text_of

FINE = {"provider": "p", "model": "m", "verdict": "safe", "confidence": 0.9, "reason": "r", "latency_ms": 1.0}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"verdict": "SAFE"}, "one of safe, unsafe, abstain, error; got 'SAFE'"),
        ({"verdict": True}, "one of safe"),
        ({"confidence": 1.1}, r"in \[0, 1\]"),
        ({"confidence": -0.1}, r"in \[0, 1\]"),
        ({"confidence": math.nan}, r"in \[0, 1\]"),
        ({"verdict": "error"}, "an error is not confident"),
        ({"latency_ms": -1.0}, "latency_ms"),
        ({"latency_ms": math.inf}, "latency_ms"),
        ({"latency_ms": math.nan}, "latency_ms"),
        ({"log_cmp": -0.1}, "log_cmp must be finite and at least 0"),
        ({"log_cmp": math.nan}, "log_cmp"),
        ({"log_cmp": math.inf}, "log_cmp"),
        ({"provider": None}, "vote provider must be text"),
        ({"reason": "\ud800"}, "lone surrogate"),
    ],
)
def test_a_broken_vote_is_refused(broken, message):
    with pytest.raises(InputError, match=message):
        Vote(**FINE | broken)


def test_a_vote_needs_no_confidence():
    assert Vote("p", "m", "abstain").confidence is None


def test_safe_implies_consensus():
    with pytest.raises(InputError, match="cannot be safe without consensus"):
        Verdict(consensus_reached=False, safe=True, votes=(), agreement_ratio=1.0, latency_ms=0.0, reason="")


@pytest.mark.parametrize("broken", [{"agreement_ratio": 1.5}, {"agreement_ratio": math.nan}, {"latency_ms": -1.0}])
def test_a_broken_verdict_is_refused(broken):
    fine = {
        "consensus_reached": True,
        "safe": True,
        "votes": (),
        "agreement_ratio": 1.0,
        "latency_ms": 0.0,
        "reason": "",
    }
    with pytest.raises(InputError, match=next(iter(broken))):
        Verdict(**fine | broken)


def test_turns_as_a_text_say_who_speaks():
    assert text_of("Hi") == "Hi"
    assert text_of((Message("system", "Be kind."), Message("user", "Hi"))) == "system: Be kind.\nuser: Hi"
