"""A writer behind an API: what is asked, what comes back as an answer, and what a provider shows of its own words."""

import json
import math

import numpy as np
import pytest

from foureyes.errors import ModelRefused, ModelUnavailable
from foureyes.http import RequestLimits
from foureyes.models.chat import Endpoint
from foureyes.models.chat.writer import ChatWriter
from foureyes.models.providers import connect
from foureyes.models.roles import Sampling, Writer
from foureyes.signals.within import own_signals
from foureyes.types import Message, TokenUsage, Unscored, Written
from tests.servers.chat_simulator import ChatSimulator
from tests.servers.simulator import send

APIS = pytest.mark.parametrize("api", ["openai", "anthropic", "google"])
KEY = "sk-very-secret-123"


@pytest.fixture
def server():
    with ChatSimulator(lambda _, user: f"echo {user}") as server:
        yield server


@pytest.fixture
def writer(server):
    opened = []

    def writer(api="openai", *, concurrency=8, busy_timeout_s=120.0, **limits):
        url = f"{server.url}/v1" if api == "openai" else server.url
        limits = RequestLimits(**{"attempts": 1, **limits})
        model = connect(api, Endpoint("toy", url, KEY, limits=limits))
        opened.append(ChatWriter(model, concurrency=concurrency, busy_timeout_s=busy_timeout_s))
        return opened[-1]

    yield writer
    for one in opened:
        one.close()


def token(text, p, *others, raw=None):
    """A token as OpenAI shows it, with others that were possible."""
    shown = [(text, p), *others]
    top = [
        {"token": t, "logprob": math.log(q), "bytes": list(t.encode())} for t, q in sorted(shown, key=lambda x: -x[1])
    ]
    return {"token": text, "logprob": math.log(p), "bytes": raw or list(text.encode()), "top_logprobs": top}


def shows(server, text, *tokens, **changed):
    """Makes the server's reply this text with these tokens."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": {"content": list(tokens)}, "finish_reason": "stop"} | changed
    usage = {"prompt_tokens": 18, "completion_tokens": len(tokens)}
    server.tamper = lambda _: {"object": "chat.completion", "choices": [choice], "usage": usage}


def one(rows):
    ((written,),) = rows
    return written


@APIS
def test_all_three_providers_write(writer, api):
    rows = writer(api).write(["Hi", (Message("system", "Be brief."), Message("user", "Who?"))], Sampling())
    assert [written.exchange.answer for (written,) in rows] == ["echo Hi", "echo Who?"]
    assert [(written.reading, written.finish) for (written,) in rows] == [(None, "stop")] * 2
    assert isinstance(writer(api), Writer)
    assert writer(api).name == "toy"


def test_the_provider_is_told_how_to_choose_its_words(server, writer):
    how = Sampling(max_tokens=9, temperature=0.7, top_p=0.9, seed=5, n=1)
    for api in ("openai", "anthropic", "google"):
        writer(api).write(["Hi"], how)
    openai, claude, gemini = (body for _, body in server.requests)
    asked = ("max_tokens", "temperature", "top_p", "seed", "n", "logprobs", "top_logprobs")
    assert [openai[name] for name in asked] == [9, 0.7, 0.9, 5, 1, True, 20]
    assert claude["max_tokens"] == 9
    assert not {"temperature", "top_p", "seed"} & set(claude), "its API knows none of them"
    config = gemini["generationConfig"]
    assert [config[name] for name in ("maxOutputTokens", "temperature", "topP", "seed")] == [9, 0.7, 0.9, 5]
    assert (config["responseLogprobs"], config["logprobs"]) == (True, 20)


def test_openai_itself_is_asked_by_the_name_that_all_its_models_know():
    for url, name in ((None, "max_completion_tokens"), ("http://localhost/v1", "max_tokens")):
        assert name in connect("openai", Endpoint("gpt", url, KEY))._options


@APIS
def test_several_answers_are_drawn_whether_the_provider_gives_them_at_once_or_not(server, writer, api):
    (row,) = writer(api).write(["Hi"], Sampling(temperature=1.0, n=3, seed=7))
    assert [written.exchange.answer for written in row] == ["echo Hi"] * 3
    assert len(server.requests) == 3
    if api == "openai":
        assert sorted((body["n"], body["seed"]) for _, body in server.requests) == [(1, 8), (1, 9), (3, 7)]


def test_a_provider_that_gives_all_at_once_is_asked_once(server, writer):
    server.tamper = lambda reply: (
        reply
        | {
            "choices": reply["choices"] * 3,
            "usage": {"prompt_tokens": 10, "completion_tokens": 7},
        }
    )
    (row,) = writer().write(["Hi"], Sampling(temperature=1.0, n=3))
    assert len(server.requests) == 1
    assert [written.usage for written in row] == [TokenUsage(10, 3), TokenUsage(0, 2), TokenUsage(0, 2)]


def test_log_probabilities_become_a_reading(server, writer):
    shows(server, "It's é.", token("It", 0.5, ("The", 0.3)), token("'s é", 0.2, (" is", 0.7)), token(".", 0.9))
    written = one(writer().write(["Hi"], Sampling()))
    reading = written.reading
    assert np.allclose(reading.nll, [-math.log(0.5), -math.log(0.2), -math.log(0.9)])
    assert reading.rank.tolist() == [1, 2, 1]
    assert np.allclose(reading.top1, [0.5, 0.7, 0.9])
    assert np.allclose(reading.missing_mass, [0.2, 0.1, 0.1])
    known = -(0.5 * math.log(0.5) + 0.3 * math.log(0.3))
    assert known < reading.entropy_low[0] < reading.entropy_high[0]
    assert reading.spans.tolist() == [[0, 2], [2, 7], [7, 8]]
    assert (reading.token_ids == -1).all()
    assert (reading.n_prompt_tokens, written.usage) == (18, TokenUsage(18, 3))
    signals = own_signals(written)
    assert (signals.g_ent, signals.n_tokens) == (None, 3)


def test_parts_of_characters_cover_the_whole_character(server, writer):
    shows(server, "é!", token("\\xc3", 0.5, raw=[0xC3]), token("\\xa9", 0.5, raw=[0xA9]), token("!", 0.5))
    assert one(writer().write(["Hi"], Sampling())).reading.spans.tolist() == [[0, 2], [0, 2], [2, 3]]


def test_thinking_before_the_answer_and_the_token_that_ends_the_turn_are_left_out(server, writer):
    shows(server, "No.", *(token(text, 0.5) for text in ("<think>", "No", ".", "</think>", "No", ".", "<|im_end|>")))
    reading = one(writer().write(["Hi"], Sampling())).reading
    assert reading.spans.tolist() == [[0, 2], [2, 3]]


def test_tokens_without_bytes_are_found_by_their_texts(server, writer):
    shows(server, "No way", *({**token(text, 0.5), "bytes": None} for text in ("No", " way", "</s>")))
    assert one(writer().write(["Hi"], Sampling())).reading.spans.tolist() == [[0, 2], [2, 6]]


@pytest.mark.parametrize(
    "tokens",
    [
        [token("Yes", 0.5), token(".", 0.5)],  # another text
        [{**token("No", 0.5), "logprob": -9999.0}, token(".", 0.5)],  # a stand-in
        [{**token("No", 0.5), "logprob": None}, token(".", 0.5)],
        [{**token("No", 0.5), "logprob": 0.5}, token(".", 0.5)],  # no probability
        [token("No", 0.9, ("Yes", 0.8)), token(".", 0.5)],  # no distribution
        [{"token": 7}],
        ["No."],
        [{**token("No.", 0.5), "top_logprobs": 5}],
        [{**token("", 0.5), "bytes": None}] * 3,  # no text
        [{**token("\ufffd", 0.5), "bytes": None}],  # part of a character, where there is none
        [{**token("No", 0.5), "bytes": None}, {**token("\ufffd", 0.5), "bytes": None}],
    ],
    ids=range(11),
)
def test_what_does_not_fit_the_answer_is_no_reading_and_the_answer_stays(server, writer, tokens):
    shows(server, "No.", *tokens)
    written = one(writer().write(["Hi"], Sampling()))
    assert (written.exchange.answer, written.reading) == ("No.", None)
    assert own_signals(written).reason == "bad_reply"


def test_counts_that_are_none_are_no_usage(server, writer):
    shows(server, "No")
    whole = server.tamper(None)
    server.tamper = lambda _: whole | {"usage": {"prompt_tokens": -3, "completion_tokens": 2}}
    assert one(writer().write(["Hi"], Sampling())).usage is None


def test_chosen_tokens_alone_give_surprise_and_wide_bounds(server, writer):
    shows(server, "No", {**token("No", 0.5), "top_logprobs": []})
    reading = one(writer().write(["Hi"], Sampling())).reading
    assert (reading.nll[0], reading.missing_mass[0]) == (pytest.approx(math.log(2)), 0.5)


def test_google_shows_tokens_too(server, writer):
    result = {
        "chosenCandidates": [{"token": "No", "logProbability": -0.5}, {"token": ".", "logProbability": -0.25}],
        "topCandidates": [
            {"candidates": [{"token": "Yes", "logProbability": -1.25}, {"token": "No", "logProbability": -0.5}]},
            {"candidates": [{"token": ".", "logProbability": -0.25}]},
        ],
    }
    content = {"role": "model", "parts": [{"text": "No."}]}
    server.tamper = lambda _: {"candidates": [{"content": content, "finishReason": "STOP", "logprobsResult": result}]}
    reading = one(writer("google").write(["Hi"], Sampling())).reading
    assert reading.nll.tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Requested sample logprobs of 20, which is greater than max allowed: 5", [20, 5]),
        ("logprobs are not supported with this model", [20, None]),
    ],
)
def test_fewer_log_probabilities_are_asked_for_where_all_are_refused(server, writer, words, asked):
    def refuse(handler, _):
        _, body = server.requests[-1]
        wanted = body.get("top_logprobs", 0)
        return wanted > 5 and send(handler, json.dumps({"error": {"message": words}}).encode(), 400)

    server.trouble = refuse
    opened = writer()
    assert isinstance(one(opened.write(["Hi"], Sampling())), Written)
    assert [body.get("top_logprobs") for _, body in server.requests] == asked
    opened.write(["again"], Sampling())
    assert len(server.requests) == 3, "it is remembered"


@pytest.mark.parametrize(
    ("changed", "finish", "answer"),
    [({"finish_reason": "length"}, "length", "No."), ({"message": {"content": None}}, "stop", "")],
)
def test_an_answer_may_be_cut_or_empty(server, writer, changed, finish, answer):
    shows(server, "No.", **changed)
    written = one(writer().write(["Hi"], Sampling()))
    assert (written.finish, written.exchange.answer) == (finish, answer)


@pytest.mark.parametrize(
    ("changed", "reason", "words"),
    [
        ({"finish_reason": "content_filter"}, "unavailable", "filter"),
        ({"message": {"content": None, "refusal": "No."}}, "unavailable", "declined"),
        ({"message": None}, "bad_reply", "not a chat completion"),
        ({"message": {"content": "No \ud800"}}, "bad_reply", "lone surrogate"),
        ({"message": {"content": "No", "tool_calls": 5}}, "bad_reply", "not a list"),
        ({"finish_reason": ["stop"]}, "bad_reply", "not text"),
        ({"finish_reason": "abort"}, "bad_reply", "broke off its reply and calls that abort"),
        ({"finish_reason": "error"}, "bad_reply", "broke off its reply"),
    ],
)
def test_what_is_no_answer_is_unscored(server, writer, changed, reason, words):
    shows(server, "No.", **changed)
    found = one(writer().write(["Hi"], Sampling()))
    assert isinstance(found, Unscored)
    assert found.reason == reason
    assert words in found.detail


def test_one_refused_row_leaves_the_others(server, writer):
    server.trouble = lambda handler, reply: "bad" in json.dumps(reply) and send(handler, b'{"error": "bad"}', 400)
    rows = writer().write(["good", "bad", "good"], Sampling())
    assert [isinstance(written, Written) for (written,) in rows] == [True, False, True]


@APIS
def test_a_server_that_is_gone_raises_and_is_not_asked_for_every_row(server, writer, api):
    opened = writer(api, concurrency=1)
    server.stop()
    with pytest.raises(ModelUnavailable, match="connection failed"):
        opened.write(["Hi"] * 50, Sampling())


def test_a_server_that_dies_keeps_what_was_written(server, writer):
    server.dies_after = 5
    rows = writer(concurrency=1).write(["Hi"] * 50, Sampling())
    assert [isinstance(written, Written) for (written,) in rows] == [True] * 5 + [False] * 45
    assert "not asked" in rows[-1][0].detail


BUSY = {"429": (429, None), "529": (529, None), "503 with Retry-After": (503, "0")}


def turns_away(server, n, status, retry_after=None):
    """Makes the server turn the first n requests away."""

    def trouble(handler, _):
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return len(server.requests) <= n and send(handler, b"{}", status, **headers)

    server.trouble = trouble


@APIS
@pytest.mark.parametrize("how", BUSY)
def test_a_server_that_is_busy_is_asked_again(server, writer, api, how):
    turns_away(server, 1, *BUSY[how])
    rows = writer(api, concurrency=1).write(["Hi"] * 3, Sampling())
    assert [isinstance(written, Written) for (written,) in rows] == [True] * 3
    assert len(server.requests) == 4


def test_a_server_that_fails_without_saying_that_it_is_busy_is_gone(server, writer):
    turns_away(server, 50, 503)
    with pytest.raises(ModelUnavailable, match="HTTP 503"):
        writer(concurrency=1).write(["Hi"] * 50, Sampling())
    assert len(server.requests) == 3


def test_a_busy_server_between_failures_is_no_sign_that_it_answers(server, writer):
    """Nor that it does not: the third failure in a row ends it, whatever stands between."""
    statuses = [503, 429, 503, 429, 503]

    def trouble(handler, _):
        return send(handler, b"{}", statuses[len(server.requests) - 1])

    server.trouble = trouble
    with pytest.raises(ModelUnavailable, match="HTTP 503"):
        writer(concurrency=1).write(["Hi"] * 50, Sampling())


def test_a_busy_server_that_wants_to_be_left_alone_for_longer_than_a_request_may_take_is_gone(server, writer):
    turns_away(server, 50, 429, "1000")
    with pytest.raises(ModelUnavailable, match="HTTP 429"):
        writer(concurrency=1).write(["Hi"] * 50, Sampling())
    assert len(server.requests) == 1


@APIS
def test_what_a_busy_server_turns_away_is_not_sent_again_while_it_rests(server, writer, api):
    """Those who send have no rules of their own for when a busy server is asked again."""
    turns_away(server, 50, 429)
    with pytest.raises(ModelUnavailable, match="HTTP 429"):
        writer(api, concurrency=1, busy_timeout_s=0.01, attempts=3).write(["Hi"] * 50, Sampling())
    assert len(server.requests) == 1


@pytest.mark.parametrize("named", [{"code": "insufficient_quota"}, {"type": "billing_not_active", "code": 7}])
def test_an_account_without_credit_has_no_access(server, writer, named):
    body = json.dumps({"error": {"message": "You exceeded your current quota", **named}}).encode()
    server.trouble = lambda handler, _: send(handler, body, 429)
    with pytest.raises(ModelRefused, match="You exceeded your current quota"):
        writer(concurrency=1, attempts=3).write(["Hi"] * 50, Sampling())
    assert len(server.requests) == 3


def test_a_key_that_is_refused_raises_and_stands_in_no_message(server, writer):
    server.trouble = lambda handler, _: send(handler, json.dumps({"error": f"no such key {KEY}"}).encode(), 401)
    with pytest.raises(ModelRefused, match=r"no such key \[key\]"):
        writer(concurrency=1).write(["Hi"] * 50, Sampling())
    assert len(server.requests) == 3
    assert KEY not in repr(writer())


def test_no_more_requests_are_under_way_than_allowed(server, writer):
    under_way, most = set(), []

    def busy(handler, _):
        under_way.add(handler)
        most.append(len(under_way))
        under_way.discard(handler)
        return False

    server.trouble = busy
    rows = writer(concurrency=2).write([str(i) for i in range(20)], Sampling())
    assert [written.exchange.answer for (written,) in rows] == [f"echo {i}" for i in range(20)]
    assert max(most) <= 2


def test_the_fingerprint_is_of_provider_address_model_and_options():
    def fingerprint(api="openai", model="toy", url="http://localhost/v1", options=None):
        with ChatWriter(connect(api, Endpoint(model, url, KEY, options=options))) as writer:
            return writer.fingerprint

    others = [
        fingerprint("anthropic"),
        fingerprint(model="other"),
        fingerprint(url="http://host/v1"),
        fingerprint(options={"a": 1}),
    ]
    assert fingerprint() == fingerprint()
    assert len({fingerprint(), *others}) == 5


def test_nothing_can_be_written_once_it_is_closed(writer):
    opened = writer()
    opened.close()
    opened.close()
    with pytest.raises(RuntimeError, match="closed"):
        opened.write(["Hi"], Sampling())


def test_a_writer_may_be_asked_from_within_an_event_loop(writer):
    import asyncio

    async def scene():
        return writer().write(["Hi"], Sampling())

    assert one(asyncio.run(scene())).exchange.answer == "echo Hi"


def test_it_stands_where_any_writer_stands(server, writer):
    from foureyes.signals.agree import v_agree
    from foureyes.signals.samples import self_consistency
    from foureyes.types import Exchange

    server.say = lambda _, user: "Canberra" if "Australia" in user else "Paris"
    opened = writer()
    exchanges = [Exchange("Capital of Australia?", "Sydney"), Exchange("Capital of France?", "Paris")]
    assert v_agree(exchanges, opened) == [1.0, 0.0]
    drawn = opened.write(["Capital of Australia?"], Sampling(temperature=1.0, n=4))
    assert self_consistency([Exchange("Capital of Australia?", "Canberra")], drawn) == [0.0]
