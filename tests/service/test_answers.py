"""A decision as it is sent: its plain values are those of the model that the OpenAPI document shows."""

import json
from dataclasses import replace

import orjson
import pytest

from foureyes.guard import Decision
from foureyes.ledger import Receipt
from foureyes.service.answers import answer_of, plain, vote_answer
from foureyes.types import Verdict, Vote

VOTES = (
    Vote("a", "1", "unsafe", 0.02, 'Canberra, not "Sydney"', 12.5, 3.25),
    Vote("b", "2", "error", None, "no vote before the deadline", 1500.0),
)
VERDICT = Verdict(
    consensus_reached=True,
    safe=False,
    votes=VOTES,
    agreement_ratio=0.5,
    latency_ms=1501.25,
    reason="1 of 2 verifiers say unsafe",
)
UNASKED = replace(VERDICT, consensus_reached=False, votes=(), agreement_ratio=0.0)
DECISIONS = [
    Decision("r0", VERDICT, Receipt(7, "ab" * 32, "2026-11-27T07:00:00.000000Z", "example.com/log")),
    Decision("r1", VERDICT, None, "record", enforced=False),
    Decision("r2", UNASKED, None, "conceal"),
]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.request_id)
def test_plain_values_are_those_of_the_model(decision):
    answer = answer_of(decision)
    assert plain(decision) == answer.model_dump()
    assert list(plain(decision)) == list(answer.model_dump())
    assert json.loads(orjson.dumps(plain(decision))) == json.loads(answer.model_dump_json())


def test_a_vote_alone_is_sent_as_in_a_decision():
    assert [vote_answer(vote).model_dump() for vote in VOTES] == plain(DECISIONS[0])["votes"]
