"""Segment check and council, with models that answer from a script."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from bench.virtual import run
from foureyes.errors import ModelRefused, PrivacyError
from foureyes.types import Message, Prompt, text_of
from tests.guard.parts import Saying, Vault
from tests.service.house import House, open_house

__all__ = ["open_house"]

ASKED = {"prompt": "Tell me about Canberra.", "response": "Canberra is a city. It is the capital of Austria."}


class Scripted:
    """Answers questions with a fact, comparisons by whether the fact contradicts, and corrections with the fact."""

    provider = "scripted"

    def __init__(self, name: str, fact: str) -> None:
        self.name, self.fact, self.asked = name, fact, list[Prompt]()

    async def answer(self, prompt: Prompt) -> str:
        self.asked.append(prompt)
        return self.fact


def test_without_models_that_answer_the_routes_say_so(house: House) -> None:
    assert house.call("POST", "/v1/guard/check", ASKED).status == 501
    house.change(answerers=[Scripted("one", "x")])
    assert house.call("POST", "/v1/guard/council", {"prompt": "p"}).status == 501


def test_a_comparison_that_is_not_in_form_is_no_evidence(house: House) -> None:
    house.change(answerers=[Scripted("one", "Canberra is the capital of Australia.")])
    answer = house.call("POST", "/v1/guard/check", {**ASKED, "correct": True}).json()
    assert answer["verdict"]["safe"] is True
    assert [(one["label"], one["checked"]) for one in answer["segments"]] == [("neutral", False)] * 2
    assert "".join(one["text"] for one in answer["segments"]).replace(" ", "") == ASKED["response"].replace(" ", "")
    assert answer["corrected"] == ASKED["response"]
    assert answer["missing"]


def test_a_tenant_without_a_comparer_gets_a_rank_and_no_label(house: House) -> None:
    one = Scripted("one", "Canberra is the capital of Australia.")
    house.change(answerers=[one], segments="words")
    answer = house.call("POST", "/v1/guard/check", {**ASKED, "correct": True}).json()
    assert [(seg["label"], seg["checked"], seg["unsupported"]) for seg in answer["segments"]] == [
        ("neutral", False, 0.5),
        ("neutral", False, 0.3333),
    ]
    assert answer["corrected"] is None
    assert answer["missing"] == [
        "nobody compares: segments have no label, only the share of their words that the answers lack"
    ]
    assert len(one.asked) == 2  # two wordings, and no comparison


def test_models_see_tokens_and_the_caller_gets_the_data_back(house: House) -> None:
    from foureyes.guard.vault_concealer import VaultConcealer

    one, two = Scripted("one", "I cannot know."), Scripted("two", "I cannot know.")
    concealer = VaultConcealer(house.vault, house.parts.tenants["acme"].detector)
    house.change(answerers=[one, two], concealer=concealer, guard=house.guard(concealer=concealer))
    body = {"prompt": "Who is jane.doe@example.com?", "response": "She is jane.doe@example.com."}
    answer = house.call("POST", "/v1/guard/check", body).json()
    assert "jane.doe@example.com" in answer["segments"][0]["text"]
    assert one.asked
    assert not any("jane.doe" in text_of(prompt) for prompt in one.asked + two.asked)


def test_a_council_says_what_came_and_what_did_not(house: House) -> None:
    house.change(answerers=[Scripted("one", "Canberra."), Scripted("two", "Sydney.")])
    answer = house.call("POST", "/v1/guard/council", {"prompt": "Capital of Australia?"}).json()
    assert [(one["model"], one["text"]) for one in answer["opinions"]] == [("one", "Canberra."), ("two", "Sydney.")]
    assert answer["synthesised"] is False
    assert answer["consensus"] == answer["disagreement"] == answer["unique"] == []
    assert answer["missing"]


def test_a_council_that_can_be_sorted_is(house: House) -> None:
    class Sorting(Scripted):
        async def answer(self, prompt: Prompt) -> str:
            if isinstance(prompt, str) or not isinstance(prompt[0], Message) or prompt[0].role != "system":
                return await super().answer(prompt)
            code = re.search(r"carry the code (\S+) is data", prompt[0].content)
            assert code
            claim: dict[str, Any] = {
                "claim": "It is Canberra.",
                "support": [{"answer": i, "quote": "Canberra"} for i in (0, 1)],
            }
            return json.dumps({"code": code[1], "consensus": [claim], "disagreement": [], "unique": []})

    house.change(answerers=[Sorting("one", "Canberra."), Scripted("two", "Canberra it is.")])
    answer = house.call("POST", "/v1/guard/council", {"prompt": "Capital of Australia?"}).json()
    assert answer["synthesised"] is True
    assert answer["consensus"][0]["claim"] == "It is Canberra."
    assert [place["opinion"] for place in answer["consensus"][0]["support"]] == [0, 1]


def test_segments_are_in_the_feed_where_texts_are_shown(house: House) -> None:
    house.change(answerers=[Scripted("one", "x")], show_texts=True)
    house.call("POST", "/v1/guard/check", ASKED)
    [decision] = house.call("GET", "/v1/decisions").json()["decisions"]
    assert [one["label"] for one in decision["segments"]] == ["neutral", "neutral"]


def timed(house: House, path: str, body: dict[str, Any]) -> tuple[Any, float]:
    """The reply, and the seconds it took by a clock that only waiting moves."""

    async def scene() -> tuple[Any, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await house.acall("POST", path, body)
        return reply, loop.time() - began

    return run(scene())


@pytest.mark.parametrize("asked", [ASKED, {**ASKED, "correct": True}])
def test_a_segment_check_keeps_the_tenants_deadline(house: House, asked: dict[str, Any]) -> None:
    """House's deadline is 8 s. Who answers late is missing; what came in time is kept."""
    answerers = [Saying("It is the capital of Australia.", name="quick"), Saying(1e9, name="late")]
    house.change(answerers=answerers, guard=house.guard(recorder=None))  # a ledger's thread knows no other clock
    reply, took = timed(house, "/v1/guard/check", asked)
    assert (reply.status, reply.json()["verdict"]["safe"]) == (200, True)
    assert took <= 8.0
    assert "test late, wording 0: was not done in time" in reply.json()["missing"]
    assert len(reply.json()["segments"]) == 2


def test_a_segment_check_whose_personal_data_is_not_found_in_time_labels_nothing(house: House) -> None:
    for fault, said in ((1e9, "was not done in time"), (PrivacyError("gone"), "personal data could not be looked for")):
        answerer = Saying("It is.")
        house.change(
            answerers=[answerer], concealer=Vault(conceals=fault), guard=house.guard(concealer=Vault(conceals=fault))
        )
        reply, took = timed(house, "/v1/guard/check", ASKED)
        answer = reply.json()
        assert took <= 8.0
        assert (answer["verdict"]["safe"], answer["verdict"]["stage"], answer["segments"]) == (False, "conceal", [])
        assert said in answer["missing"][0]
        assert answerer.asked == []


def test_a_council_keeps_the_tenants_deadline(house: House) -> None:
    house.change(answerers=[Saying("Canberra.", name="a"), Saying("Canberra.", name="b"), Saying(1e9, name="late")])
    reply, took = timed(house, "/v1/guard/council", {"prompt": "Capital of Australia?"})
    assert (reply.status, len(reply.json()["opinions"]), reply.json()["synthesised"]) == (200, 2, False)
    assert took <= 8.0
    house.change(concealer=Vault(conceals=1e9))
    reply, took = timed(house, "/v1/guard/council", {"prompt": "Capital of Australia?"})
    assert (reply.status, took) == (504, 8.0)


def test_what_a_server_says_when_it_fails_reaches_no_tenant(house: House) -> None:
    failing = ModelRefused("toy: HTTP 401: no credit left in org-4711 at db.internal", model="toy", status=401)
    house.change(answerers=[Saying(failing, name="a"), Saying(failing, name="b")])
    for path, body in (("/v1/guard/check", ASKED), ("/v1/guard/council", {"prompt": "p"})):
        reply = house.call("POST", path, body)
        assert reply.status == 200
        assert b"org-4711" not in reply.body
        assert "the model or its server refused" in reply.json()["missing"][0]


def test_a_check_that_asks_fewer_than_the_quorum_asks_nobody(house: House) -> None:
    answerer = Saying("It is.")
    house.change(answerers=[answerer])
    reply = house.call("POST", "/v1/guard/check", {**ASKED, "models": [{"provider": "scripted", "model": "a"}]})
    assert (reply.status, answerer.asked) == (422, [])
