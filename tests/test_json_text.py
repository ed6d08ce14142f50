"""JSON files that anybody may have written: whatever is wrong with them is one of our errors."""

import json

import pytest

from foureyes.calibration import Calibrator, Threshold
from foureyes.cascade import AdvantageRouter, Chain, Policy, QuestionRouter
from foureyes.errors import InputError
from foureyes.guard.gate import AgentGate
from foureyes.json_text import parsed_json
from foureyes.ledger.proofs import parse_proof
from foureyes.maths.auroc_prior import PriorModel
from foureyes.monitoring.monitor import Monitor
from foureyes.monitoring.promise import PromiseWatch
from foureyes.signals.history import CorrectnessModel

HOSTILE = pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "{"], ids=["deep", "long number", "cut off"])


@HOSTILE
def test_what_cannot_be_read_is_one_exception(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        parsed_json(text)


@HOSTILE
@pytest.mark.parametrize(
    "kind",
    [
        AdvantageRouter,
        AgentGate,
        Calibrator,
        Chain,
        CorrectnessModel,
        QuestionRouter,
        Monitor,
        Policy,
        PriorModel,
        PromiseWatch,
        Threshold,
    ],
)
def test_no_file_of_ours_brings_a_foreign_exception(kind: type[Threshold], text: str) -> None:
    with pytest.raises(InputError):
        kind.from_json(text)


@HOSTILE
def test_neither_does_a_proof(text: str) -> None:
    with pytest.raises(InputError, match="not a proof"):
        parse_proof(text)
