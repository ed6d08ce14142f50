"""The official ``openai`` client, unchanged, against the gateway over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.service.house import House, open_house
from tests.service.loopback import serving
from tests.service.scripted_route import ScriptedRoute, completion
from tests.service.test_openai_streams import CHUNKS, chunk

__all__ = ["open_house"]

MODEL = "foureyes/trivia"
QUESTION: Any = [{"role": "user", "content": "Capital of Australia?"}]
WEATHER: Any = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
FLAT_WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "parameters": WEATHER["function"]["parameters"],
    "strict": False,
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Canberra"}'}}
TOKEN = {
    "token": "Canberra",
    "logprob": -0.5,
    "bytes": None,
    "top_logprobs": [{"token": "Sydney", "logprob": -1.5, "bytes": None}],
}


class City(BaseModel):
    name: str


@pytest.fixture
def route(house: House) -> ScriptedRoute:
    scripted = ScriptedRoute()
    house.change(routes={"trivia": scripted})
    return scripted


@pytest.fixture
def client(house: House, route: ScriptedRoute) -> Iterator[openai.OpenAI]:
    with (
        serving(house.app) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key=house.keys["route"].presented, max_retries=0) as opened,
    ):
        yield opened


def test_chat(client: openai.OpenAI, route: ScriptedRoute) -> None:
    found = client.chat.completions.create(model=MODEL, messages=QUESTION, seed=7, stop="\n", temperature=0)
    assert found.choices[0].message.content == "Canberra"
    assert found.usage.total_tokens == 10
    assert found.foureyes["confidence"] == 0.9
    assert found._request_id == found.foureyes["request_id"]
    assert route.asked[0].body == {"messages": QUESTION, "seed": 7, "stop": "\n", "temperature": 0}


def test_chat_streamed(client: openai.OpenAI, route: ScriptedRoute) -> None:
    asked = {"model": MODEL, "messages": QUESTION, "n": 2, "stream_options": {"include_usage": True}}
    route.reply = completion({"content": "Canberra"}, n=2, logprobs={"content": [TOKEN], "refusal": None})
    with client.chat.completions.stream(**asked) as stream:
        kinds = {event.type for event in stream}
        found = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done", "logprobs.content.done"} <= kinds
    assert [one.message.content for one in found.choices] == ["Canberra"] * 2
    assert found.choices[1].logprobs.content[0].top_logprobs[0].token == "Sydney"
    assert found.usage.total_tokens == 10


@pytest.mark.parametrize("streams", [False, True])
def test_tools(client: openai.OpenAI, route: ScriptedRoute, *, streams: bool) -> None:
    route.reply = completion({"content": None, "tool_calls": [CALL, {**CALL, "id": "call_2"}]}, finish="tool_calls")
    asked = {"model": MODEL, "messages": QUESTION, "tools": [WEATHER]}
    if streams:
        with client.chat.completions.stream(**asked) as stream:
            stream.until_done()
            message = stream.get_final_completion().choices[0].message
    else:
        message = client.chat.completions.create(**asked).choices[0].message
    assert [(call.id, call.function.arguments) for call in message.tool_calls] == [
        ("call_1", '{"city": "Canberra"}'),
        ("call_2", '{"city": "Canberra"}'),
    ]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "fine"} for call in message.tool_calls]
    sent = message.model_dump(exclude_none=True, exclude={"parsed"})
    route.reply = completion({"content": "Fine"})
    assert client.chat.completions.create(**{**asked, "messages": [*QUESTION, sent, *results]}).choices
    assert [one.role for one in route.asked[-1].messages] == ["user", "assistant", "tool", "tool"]


def test_structured_outputs(client: openai.OpenAI, route: ScriptedRoute) -> None:
    route.reply = completion({"content": '{"name": "Canberra"}'})
    found = client.chat.completions.parse(model=MODEL, messages=QUESTION, response_format=City)
    assert found.choices[0].message.parsed == City(name="Canberra")
    assert route.asked[0].body["response_format"]["json_schema"]["name"] == "City"
    again = client.responses.parse(model=MODEL, input="?", text_format=City)
    assert again.output_parsed == City(name="Canberra")
    assert route.asked[1].body["response_format"] == route.asked[0].body["response_format"]
    client.chat.completions.create(model=MODEL, messages=QUESTION, response_format={"type": "json_object"})
    client.responses.create(model=MODEL, input="JSON?", text={"format": {"type": "json_object"}})
    assert route.asked[2].body["response_format"] == route.asked[3].body["response_format"] == {"type": "json_object"}


def test_an_abstention_is_a_refusal_everywhere(client: openai.OpenAI, route: ScriptedRoute) -> None:
    route.action = "abstain"
    whole = client.chat.completions.parse(model=MODEL, messages=QUESTION, response_format=City).choices[0]
    assert (whole.message.parsed, whole.message.content, whole.finish_reason) == (None, None, "stop")
    assert whole.message.refusal
    with client.chat.completions.stream(model=MODEL, messages=QUESTION, response_format=City) as stream:
        assert {"refusal.delta", "refusal.done"} <= {event.type for event in stream}
    response = client.responses.create(model=MODEL, input="Capital of Australia?")
    assert (response.output_text, response.output[0].content[0].type) == ("", "refusal")
    with client.responses.stream(model=MODEL, input="?") as streamed:
        assert {"response.refusal.delta", "response.refusal.done"} <= {event.type for event in streamed}
    old = client.completions.create(model=MODEL, prompt="?").choices[0]
    assert (old.text, old.finish_reason) == ("", "content_filter")


def test_completions(client: openai.OpenAI, route: ScriptedRoute) -> None:
    route.reply = completion({"content": "Canberra"}, n=2, logprobs={"content": [TOKEN], "refusal": None})
    found = client.completions.create(model=MODEL, prompt=["Capital?"], n=2, logprobs=1, max_tokens=5, best_of=2)
    assert [one.text for one in found.choices] == ["Canberra", "Canberra"]
    assert found.choices[0].logprobs.token_logprobs == [-0.5]
    assert found.choices[0].logprobs.top_logprobs == [{"Sydney": -1.5}]
    assert found.usage.total_tokens == 10
    assert route.asked[0].body == {
        "messages": [{"role": "user", "content": "Capital?"}],
        "n": 2,
        "max_tokens": 5,
        "logprobs": True,
        "top_logprobs": 1,
    }


def test_completions_streamed(client: openai.OpenAI, route: ScriptedRoute) -> None:
    for annotates in (False, True):
        route.annotates, route.chunks = annotates, CHUNKS
        pieces = list(
            client.completions.create(model=MODEL, prompt="?", stream=True, stream_options={"include_usage": True})
        )
        assert "".join(choice.text for one in pieces for choice in one.choices) == "Canberra"
        assert [one.finish_reason for piece in pieces for one in piece.choices][-1] == "stop"
        assert pieces[-1].usage.total_tokens == 10
        assert pieces[-1].foureyes["route"] == "trivia"


@pytest.mark.parametrize(
    ("field", "value"),
    [("prompt", ["a", "b"]), ("prompt", [1, 2]), ("echo", True), ("suffix", "."), ("best_of", 3), ("top_k", 5)],
)
def test_what_a_completion_cannot_ask_is_refused_by_name(
    client: openai.OpenAI, route: ScriptedRoute, field: str, value: Any
) -> None:
    body = {"model": MODEL, "prompt": "?", field: value}
    with pytest.raises(openai.BadRequestError) as raised:
        client.post("/completions", body=body, cast_to=object)
    assert raised.value.param == field
    assert not route.asked


def test_responses(client: openai.OpenAI, route: ScriptedRoute) -> None:
    route.reply = completion({"content": "Canberra", "reasoning_content": "Not Sydney."})
    found = client.responses.create(
        model=MODEL,
        instructions="Be brief.",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "Capital?"}]}],
        max_output_tokens=9,
        reasoning={"effort": "low"},
        text={"verbosity": "low"},
        tools=[FLAT_WEATHER],
        tool_choice={"type": "function", "name": "weather"},
        store=False,
        include=["message.output_text.logprobs"],
        top_logprobs=2,
        metadata={"a": "b"},
    )
    assert route.asked[0].body == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Capital?"}],
        "max_completion_tokens": 9,
        "reasoning_effort": "low",
        "verbosity": "low",
        "tools": [{"type": "function", "function": {**WEATHER["function"], "strict": False}}],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "logprobs": True,
        "top_logprobs": 2,
        "metadata": {"a": "b"},
    }
    assert (found.output_text, found.status) == ("Canberra", "completed")
    assert [item.type for item in found.output] == ["reasoning", "message"]
    assert found.output[0].content[0].text == "Not Sydney."
    assert (found.usage.input_tokens, found.usage.output_tokens) == (7, 3)
    assert (found.instructions, found.metadata) == ("Be brief.", {"a": "b"})
    assert found.foureyes["confidence"] == 0.9


def test_an_answer_that_was_cut_is_incomplete(client: openai.OpenAI, route: ScriptedRoute) -> None:
    route.reply = completion({"content": "Canb"}, finish="length")
    found = client.responses.create(model=MODEL, input="?")
    assert (found.status, found.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    with client.responses.stream(model=MODEL, input="?") as stream:
        assert list(stream)[-1].type == "response.incomplete"


@pytest.mark.parametrize("annotates", [False, True])
def test_responses_streamed(client: openai.OpenAI, route: ScriptedRoute, *, annotates: bool) -> None:
    said = {**CALL, "function": {"name": "weather", "arguments": '{"city": '}}
    rest = {"index": 0, "function": {"arguments": '"Canberra"}'}}
    route.annotates = annotates
    route.chunks = [
        *CHUNKS[:3],
        chunk({"tool_calls": [{"index": 0, **said}]}),
        chunk({"tool_calls": [rest]}),
        chunk({"tool_calls": [{"index": 1, **CALL, "id": "call_2"}]}),
        chunk({}, "tool_calls"),
        CHUNKS[-1],
    ]
    calls = [CALL, {**CALL, "id": "call_2"}]
    route.reply = completion({"content": "Canberra", "tool_calls": calls}, finish="tool_calls")
    with client.responses.stream(model=MODEL, input="Weather?", tools=[FLAT_WEATHER]) as stream:
        seen = list(stream)
        found = stream.get_final_response()
    assert [event.sequence_number for event in seen if hasattr(event, "sequence_number")] == list(range(len(seen)))
    assert [event.type for event in seen][:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert found.output_text == "Canberra"
    assert [(one.call_id, json.loads(one.arguments)) for one in found.output[1:]] == [
        ("call_1", {"city": "Canberra"}),
        ("call_2", {"city": "Canberra"}),
    ]
    assert {item.status for item in found.output} == {"completed"}
    assert found.usage.total_tokens == 10
    assert seen[-1].response.foureyes["route"] == "trivia"
    again = [one.model_dump(exclude_none=True, exclude={"parsed_arguments", "foureyes"}) for one in found.output]
    for item in again:
        for part in item.get("content", ()):
            part.pop("parsed", None)
    results = [{"type": "function_call_output", "call_id": f"call_{i}", "output": "fine"} for i in (1, 2)]
    client.responses.create(model=MODEL, input=[*QUESTION, *again, *results])
    sent = route.asked[-1].body["messages"]
    assert [one["role"] for one in sent] == ["user", "assistant", "tool", "tool"]
    assert [call["id"] for call in sent[1]["tool_calls"]] == [one["tool_call_id"] for one in sent[2:]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("conversation", "conv_1"),
        ("prompt", {"id": "pmpt_1"}),
        ("store", True),
        ("background", True),
        ("truncation", "auto"),
        ("max_tool_calls", 3),
        ("include", ["reasoning.encrypted_content"]),
        ("tools", [{"type": "web_search"}]),
        ("tools", [{"type": "custom", "name": "shell"}]),
        ("tool_choice", {"type": "web_search"}),
        ("reasoning", {"summary": "auto"}),
        ("text", {"format": {"type": "grammar"}}),
        ("input", [{"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA"}]}]),
        ("input", [{"type": "custom_tool_call", "call_id": "c", "name": "shell", "input": "ls"}]),
        ("input", [{"type": "item_reference", "id": "msg_1"}]),
        ("a_field_of_tomorrow", 1),
    ],
)
def test_what_a_response_cannot_ask_is_refused_by_name(
    client: openai.OpenAI, route: ScriptedRoute, field: str, value: Any
) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.responses.create(model=MODEL, input="?", extra_body={field: value})
    assert (raised.value.param or "").partition("[")[0].partition(".")[0] == field
    assert not route.asked


def test_errors_are_the_clients_own(client: openai.OpenAI, route: ScriptedRoute) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.responses.create(model="foureyes/none", input="?")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="nobody").models.list()
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).id == MODEL


def test_a_route_that_failed_is_tried_again_only_where_nobody_was_paid(
    client: openai.OpenAI, route: ScriptedRoute
) -> None:
    route.action = "failed"
    with pytest.raises(openai.InternalServerError):
        client.with_options(max_retries=1).chat.completions.create(model=MODEL, messages=QUESTION)
    assert len(route.asked) == 2
    route.paid = True
    with pytest.raises(openai.InternalServerError):
        client.with_options(max_retries=1).chat.completions.create(model=MODEL, messages=QUESTION)
    assert len(route.asked) == 3
