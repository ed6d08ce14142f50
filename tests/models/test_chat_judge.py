"""A judge and an answerer over OpenAI's protocol: what is sent, and what of a reply is believed."""

import asyncio
import json

import pytest

from foureyes.errors import ConfigError, InputError, ModelError, ModelRefused
from foureyes.models.chat import ChatAnswerer, ChatJudge, ChatModel, Endpoint
from foureyes.models.providers import connect
from foureyes.models.providers.openai import OpenAIChat
from foureyes.models.roles import Answerer, Judge
from foureyes.types import Exchange, Message
from tests.servers.chat_simulator import ChatSimulator, code_of, verdict
from tests.servers.simulator import send

EXCHANGE = Exchange("Capital of Australia?", "Sydney")


@pytest.fixture
def server():
    with ChatSimulator() as server:
        yield server


def model(server, **options):
    return connect("openai", Endpoint("toy", f"{server.url}/v1", provider="local", **options))


def vote(server, exchange=EXCHANGE, **options):
    async def once():
        judge = ChatJudge(model(server), **options)
        try:
            return await judge.vote(exchange)
        finally:
            await judge.aclose()

    return asyncio.run(once())


def answer(server, prompt, **options):
    async def once():
        answerer = ChatAnswerer(model(server, **options))
        try:
            return await answerer.answer(prompt)
        finally:
            await answerer.aclose()

    return asyncio.run(once())


@pytest.mark.parametrize("said", ["safe", "unsafe", "abstain"])
def test_a_verdict_becomes_a_vote(server, said):
    server.say = lambda _, user: verdict(user, said, reason="because")
    found = vote(server)
    assert (found.provider, found.model, found.verdict, found.reason) == ("local", "toy", said, "because")
    assert found.confidence == {"safe": 0.9, "unsafe": 0.1, "abstain": 0.5}[said]


def test_the_server_is_shown_the_exchange_and_the_instructions_and_nothing_else(server):
    vote(server, codes=lambda: "5eed5eed")
    ((_, body),) = server.requests
    assert set(body) == {"model", "messages", "stream", "temperature", "max_tokens"}
    assert [turn["role"] for turn in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"].splitlines() == [
        "BEGIN PROMPT 5eed5eed",
        '"Capital of Australia?"',
        "END PROMPT 5eed5eed",
        "BEGIN RESPONSE 5eed5eed",
        '"Sydney"',
        "END RESPONSE 5eed5eed",
        "Reply with the JSON object only. Its code is 5eed5eed.",
    ]


def test_instructions_may_be_the_users_for_models_that_know_no_system(server):
    assert vote(server, instructions="user", codes=lambda: "5eed5eed").verdict == "safe"
    ((_, body),) = server.requests
    (turn,) = body["messages"]
    assert turn["role"] == "user"
    assert turn["content"].startswith("You verify another model's response")
    assert turn["content"].endswith(
        '"Sydney"\nEND RESPONSE 5eed5eed\nReply with the JSON object only. Its code is 5eed5eed.'
    )
    with pytest.raises(InputError, match="system or the user"):
        vote(server, instructions="assistant")


def test_every_request_has_a_code_of_its_own(server):
    for _ in range(3):
        vote(server)
    assert len({code_of(user) for _, user in server.asked}) == 3


def test_a_verdict_for_another_request_is_an_error(server):
    seen = []

    def replaying(_, user):
        seen.append(verdict(user))
        return seen[0]

    server.say = replaying
    assert vote(server).verdict == "safe"
    assert vote(server).verdict == "error"


def test_the_form_says_how_far_the_server_is_held(server):
    vote(server, form="words")
    vote(server, form="schema")
    vote(server, form="exact", codes=lambda: "5eed5eed")
    plain, schema, exact = (body for _, body in server.requests)
    assert "response_format" not in plain
    assert schema["response_format"]["json_schema"]["schema"]["properties"]["code"] == {"type": "string"}
    assert exact["response_format"]["json_schema"]["schema"]["properties"]["code"]["enum"] == ["5eed5eed"]
    with pytest.raises(InputError, match="one of words, schema, exact"):
        vote(server, form="loose")


@pytest.mark.parametrize("option", sorted(OpenAIChat.reserved))
def test_options_cannot_set_what_is_not_theirs(server, option):
    with pytest.raises(ConfigError, match=option):
        model(server, options={option: "x"})


@pytest.mark.parametrize("wrong", [{"model": ""}, {"provider": ""}, {"key": "with\nnewline"}, {"url": "ftp://host"}])
def test_an_endpoint_is_valid_once_built(wrong):
    with pytest.raises(ConfigError):
        Endpoint(**{"model": "m"} | wrong)


def test_given_options_replace_the_default_ones(server):
    answer(server, "Its code is 0.", options={"max_completion_tokens": 99, "temperature": 0.7})
    ((_, body),) = server.requests
    assert (body["max_completion_tokens"], body["temperature"]) == (99, 0.7)
    assert "max_tokens" not in body


CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def choice(**changed):
    message = {"role": "assistant", "content": "words", "refusal": None}
    return {"choices": [{"finish_reason": "stop", "message": message} | changed]}


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        (choice(finish_reason="length"), ModelError, "cut off"),
        (choice(finish_reason="content_filter"), ModelRefused, "filter"),
        (choice(message={"content": None, "refusal": "I can't"}), ModelRefused, "declined"),
        (choice(message={"content": None}), ModelError, "said nothing"),
        (choice(message={"content": ""}), ModelError, "said nothing"),
        (choice(message={"content": " \n"}), ModelError, "said nothing"),
        (choice(message={"content": ["safe"]}), ModelError, "not a chat completion"),
        (choice(message=None), ModelError, "not a chat completion"),
        (choice(message={"content": "a", "tool_calls": [CALL]}), ModelError, "calls a tool"),
        (choice(message={"content": None, "tool_calls": [{"id": "x"}]}), ModelError, "no id, name or arguments"),
        ({"choices": []}, ModelError, "not a chat completion"),
        ({"choices": choice()["choices"] * 2}, ModelError, "up to 1 choices"),
        ({"error": {"message": "x"}}, ModelError, "carries an error: "),
        ([], ModelError, "not a chat completion"),
        (None, ModelError, "not a chat completion"),
        ("safe", ModelError, "not a chat completion"),
        (7, ModelError, "not a chat completion"),
    ],
    ids=lambda value: json.dumps(value)[:40] if not isinstance(value, type) else value.__name__,
)
def test_a_reply_that_is_no_completion_is_a_model_error(server, reply, kind, message):
    server.say, server.tamper = lambda *_: "", lambda _: reply
    with pytest.raises(kind, match=message) as caught:
        answer(server, "Hi")
    assert caught.value.model == "toy"


def test_a_broken_reply_of_a_server_raises_and_never_votes(server):
    server.trouble = lambda handler, _: send(handler, json.dumps(choice(finish_reason="length")).encode())
    with pytest.raises(ModelError, match="cut off"):
        vote(server)


def test_an_answerer_answers_in_the_turns_it_was_given(server):
    server.say = lambda system, user: f"{system}|{user}"
    turns = (
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Hello."),
        Message("user", "Who?"),
    )
    assert answer(server, turns) == "Be brief.|Who?"
    assert answer(server, "Hi") == "|Hi"
    assert server.requests[0][1]["messages"] == [{"role": t.role, "content": t.content} for t in turns]


def test_judge_answerer_and_model_are_what_their_roles_ask_for(server):
    judge, answerer = ChatJudge(model(server)), ChatAnswerer(model(server))
    assert isinstance(model(server), ChatModel)
    assert isinstance(judge, Judge)
    assert isinstance(answerer, Answerer)
    assert (answerer.provider, answerer.name) == ("local", "toy")


def test_an_error_names_the_model_and_the_status_and_shows_no_key(server):
    server.say = lambda *_: ""
    server.trouble = lambda handler, _: send(handler, b'{"error": "no such key sk-123"}', 401)
    with pytest.raises(ModelRefused, match=r"toy: HTTP 401: no such key \[key\]") as caught:
        answer(server, "Hi", key="sk-123")
    assert (caught.value.status, caught.value.retryable) == (401, False)
