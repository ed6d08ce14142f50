"""Segment check and council, with models that answer from a script."""

from __future__ import annotations

import json
import re
from typing import Any

from foureyes.types import Message, Prompt, text_of
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
