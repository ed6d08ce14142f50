"""What a route returns, and what it never does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from foureyes.cascade.policy import ALWAYS, ConfidenceGate, Policy
from foureyes.errors import InputError, ModelRefused, ModelUnavailable
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.route.parts import RouteParts
from foureyes.route.resting import ReaderRest
from foureyes.route.roles import Unpaid
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember, RouteRules
from foureyes.route.scripted import ScriptedRouteReader, ScriptedRouteWriter, completion
from foureyes.types import Unscored
from tests.route.upstreams import until

POLICY = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ConfidenceGate((0.5,), ("abstain", "answer"))))
READ = {"Sydney": 0.1, "Canberra": 0.9, "Perth": 0.2}
ASKED = RouteRequest.of({"messages": [{"role": "user", "content": "Capital of Australia?"}]})


class Kept:
    def __init__(self) -> None:
        self.answers: list[RoutedAnswer] = []

    async def keep(self, request: RouteRequest, answer: RoutedAnswer) -> None:  # noqa: ARG002
        self.answers.append(answer)

    put = keep


def made(small: Any, large: Any, reader: Any = None, policy: Policy | None = POLICY, parts: Any = None, **rules: Any):
    writers = ScriptedRouteWriter("small", small), ScriptedRouteWriter("large", large)
    members = [RouteMember(writers[0], Prices(1.0, 2.0)), RouteMember(writers[1], Prices(10.0, 20.0))]
    route = Route("capitals", members, reader or ScriptedRouteReader(READ), policy, RouteRules(**rules), parts)
    return route, *writers


def said(answer: RoutedAnswer) -> str | None:
    return None if answer.reply is None else answer.reply["choices"][0]["message"]["content"]


async def test_an_answer_that_is_good_enough_is_returned_without_asking_anybody_stronger() -> None:
    route, _, large = made("Canberra", "Perth", reading_price=0.001)
    answer = await route.answer(ASKED)
    assert (answer.action, said(answer), answer.confidence, large.asked) == ("answer", "Canberra", 0.9, [])
    assert answer.cost == pytest.approx(20e-6 + 0.001)
    assert [stage.action for stage in answer.stages] == ["answer"]


async def test_doubt_goes_on_to_the_next_writer() -> None:
    route, _, _ = made("Sydney", "Canberra")
    answer = await route.answer("Capital of Australia?")
    assert (answer.action, said(answer), [stage.action for stage in answer.stages]) == (
        "answer",
        "Canberra",
        ["escalate", "answer"],
    )


@pytest.mark.parametrize(
    ("on_doubt", "action", "text"), [("abstain", "abstain", None), ("strongest", "strongest", "Perth")]
)
async def test_where_no_answer_is_good_enough_the_rule_is_followed(on_doubt: str, action: str, text: Any) -> None:
    route, _, _ = made("Sydney", "Perth", on_doubt=on_doubt)
    answer = await route.answer(ASKED)
    assert (answer.action, said(answer), answer.reason) == (action, text, "no answer is good enough")


FAULTS = {
    "unavailable": ModelUnavailable("down", model="m", status=429),
    "refused": ModelRefused("no", model="m", status=400),
    "bad_reply": "",
    "filtered": completion("Can") | {"choices": [{"message": {"content": "Can"}, "finish_reason": "content_filter"}]},
}


@pytest.mark.parametrize("failure", FAULTS)
async def test_a_writer_that_fails_makes_room_for_the_next(failure: str) -> None:
    reply = FAULTS[failure]
    if isinstance(reply, dict):
        reply["choices"][0]["message"]["role"] = "assistant"
    route, _, _ = made(reply, "Canberra")
    answer = await route.answer(ASKED)
    assert (answer.action, said(answer), answer.stages[0].failure) == ("answer", "Canberra", failure)


@pytest.mark.parametrize("on_failure", ["closed", "strongest"])
async def test_a_weaker_answer_is_never_returned_for_a_failure(on_failure: str) -> None:
    route, _, _ = made("Sydney", ModelUnavailable("down", model="m"), on_failure=on_failure)
    answer = await route.answer(ASKED)
    assert (answer.action, answer.reply, answer.stages[1].failure) == ("failed", None, "unavailable")


@pytest.mark.parametrize(
    ("on_failure", "action", "text"), [("closed", "failed", None), ("strongest", "strongest", "Perth")]
)
@pytest.mark.parametrize("fails", [ModelUnavailable("gone", model="r"), ValueError("a bug")])
async def test_without_a_reader_nothing_is_returned_as_read(
    on_failure: str, action: str, text: Any, fails: Exception
) -> None:
    route, _, _ = made("Canberra", "Perth", ScriptedRouteReader(fails=fails), on_failure=on_failure)
    answer = await route.answer(ASKED)
    assert (answer.action, said(answer)) == (action, text)
    assert isinstance(answer.confidence, Unscored)


async def test_a_reader_that_is_gone_is_not_asked_about_further_writers() -> None:
    route, _, large = made("Canberra", "Perth", ScriptedRouteReader(fails=ModelUnavailable("gone", model="r")))
    await route.answer(ASKED)
    assert large.asked == []


@pytest.mark.parametrize("number", [float("nan"), 1.5, -0.1, float("inf")])
async def test_what_is_no_probability_was_not_read(number: float) -> None:
    route, _, _ = made("Sydney", "Canberra", ScriptedRouteReader(READ | {"Canberra": number}))
    answer = await route.answer(ASKED)
    assert (answer.action, answer.stages[1].failure) == ("failed", "unread")


async def test_what_nobody_can_read_is_not_sent_to_a_cheap_writer() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked = RouteRequest.of({"messages": [{"role": "user", "content": [image]}]})
    closed, small, large = made("Canberra", "Perth")
    answer = await closed.answer(asked)
    assert (answer.action, answer.stages, small.asked, large.asked) == ("failed", (), [], [])
    route, small, _ = made("Canberra", "Perth", on_failure="strongest")
    answer = await route.answer(asked)
    assert (answer.action, said(answer), small.asked, answer.stages[0].failure) == ("strongest", "Perth", [], "unread")


async def test_the_reader_picks_the_surest_of_several() -> None:
    route, small, _ = made(completion("Sydney", "Canberra", "Perth"), "Perth", best_of=3)
    answer = await route.answer(ASKED)
    assert (said(answer), small.asked[0].body["n"], len(answer.reply["choices"])) == ("Canberra", 3, 1)  # type: ignore[index]
    assert [one.confidence for one in answer.stages[0].candidates] == [0.1, 0.9, 0.2]


async def test_of_several_answers_asked_for_the_least_sure_decides() -> None:
    asked = RouteRequest.of({**ASKED.body, "n": 2})
    route, _, _ = made(completion("Sydney", "Canberra"), completion("Canberra", "Canberra"))
    answer = await route.answer(asked)
    assert [stage.action for stage in answer.stages] == ["escalate", "answer"]
    assert len(answer.reply["choices"]) == 2  # type: ignore[index]


async def test_fewer_answers_than_asked_for_are_no_reply() -> None:
    route, _, _ = made(completion("Canberra"), completion("Canberra"))
    answer = await route.answer(RouteRequest.of({**ASKED.body, "n": 2}))
    assert (answer.action, answer.stages[0].detail) == ("failed", "wanted 2 choices; got 1")


async def test_in_shadow_mode_the_application_gets_what_it_got_before() -> None:
    log = Kept()
    from foureyes.route.parts import RouteParts

    route, small, large = made("Canberra", "Perth", shadow=True, parts=RouteParts(log=log))
    answer = await route.answer(ASKED)
    assert (said(answer), answer.enforced, answer.would) == ("Perth", False, None)
    await route.settled()
    [kept] = log.answers
    assert (kept.would, kept.confidence, len(small.asked), len(large.asked)) == ("answer", 0.2, 1, 1)
    assert kept.stages[0].chosen == 0
    assert said(kept) == "Perth"


async def test_a_route_that_only_watches_needs_no_policy_and_asks_everybody() -> None:
    log = Kept()
    from foureyes.route.parts import RouteParts

    route, small, large = made("Canberra", "Perth", policy=None, shadow=True, parts=RouteParts(log=log))
    await route.answer(ASKED)
    await route.settled()
    assert ([stage.writer for stage in log.answers[0].stages], log.answers[0].would) == (["small", "large"], None)
    assert (len(small.asked), len(large.asked)) == (1, 1)


async def test_an_annotated_stream_ends_with_what_was_read() -> None:
    route, _, large = made("It is Sydney", "Perth", ScriptedRouteReader({"It is Sydney": 0.1}), annotate=True)
    pieces = [piece async for piece in route.annotated(ASKED)]
    last = pieces.pop()
    assert isinstance(last, RoutedAnswer)
    assert (last.action, last.confidence, said(last), large.asked) == ("annotated", 0.1, "It is Sydney", [])
    texts = [piece["choices"][0]["delta"].get("content", "") for piece in pieces if piece["choices"]]  # type: ignore[index]
    assert "".join(texts) == "It is Sydney"


async def test_cancelling_a_request_cancels_the_writer_that_writes() -> None:
    writer = ScriptedRouteWriter("small", "Canberra", wait_s=60)
    route = Route("slow", [RouteMember(writer)], ScriptedRouteReader(READ), Policy((ALWAYS,)))
    task = asyncio.create_task(route.answer(ASKED))
    await until(lambda: writer.asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert writer.cancelled == 1


async def test_what_is_unreachable_costs_nothing_and_what_broke_off_an_unknown_sum() -> None:
    route, _, _ = made(Unpaid("down", model="m"), "Canberra")
    assert (await route.answer(ASKED)).cost == pytest.approx(200e-6)
    route, _, _ = made(ModelUnavailable("hung up", model="m"), "Canberra")
    assert (await route.answer(ASKED)).cost is None


async def test_doubt_is_handed_to_a_person_or_told_to_have_failed() -> None:
    from foureyes.route.parts import RouteParts

    queue = Kept()
    route, _, _ = made("Sydney", "Perth", on_doubt="person", parts=RouteParts(queue=queue))
    answer = await route.answer(ASKED)
    assert (answer.action, answer.reply, queue.answers) == ("person", None, [answer])
    with pytest.raises(InputError, match="needs a queue"):
        made("Sydney", "Perth", on_doubt="person")


JSON = [
    ({"type": "json_object"}, '{"a": 1}', True),
    ({"type": "json_object"}, "[1]", False),
    ({"type": "json_object"}, "It is {}", False),
    ({"type": "json_schema", "json_schema": {"schema": {"type": "array"}}}, "[1]", True),
    ({"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}, "[1]", False),
    ({"type": "text"}, "words", True),
]


@pytest.mark.parametrize(("form", "text", "fits"), JSON)
async def test_words_where_json_was_asked_for_are_no_reply(form: Any, text: str, fits: bool) -> None:  # noqa: FBT001
    asked = RouteRequest.of({**ASKED.body, "response_format": form})
    route, _, _ = made(text, text, ScriptedRouteReader(otherwise=0.9))
    answer = await route.answer(asked)
    assert (answer.stages[0].failure is None) == fits


CALL = {"id": "c", "type": "function", "function": {"name": "pay", "arguments": "{}"}}
CALLED = completion("") | {
    "choices": [
        {"message": {"role": "assistant", "content": None, "tool_calls": [CALL]}, "finish_reason": "tool_calls"}
    ]
}
TOOLS = [{"type": "function", "function": {"name": "pay"}}]


@pytest.mark.parametrize(
    ("more", "reply", "failure"),
    [
        ({}, CALLED, "bad_reply"),
        ({"tools": TOOLS}, CALLED, None),
        ({"tools": TOOLS, "tool_choice": "none"}, CALLED, "bad_reply"),
        ({"tools": TOOLS, "tool_choice": "required"}, "words", "bad_reply"),
        ({"tools": TOOLS, "tool_choice": "auto"}, "words", None),
    ],
)
async def test_a_tool_call_counts_where_it_was_offered(more: Any, reply: Any, failure: str | None) -> None:
    route, _, _ = made(reply, reply, ScriptedRouteReader(otherwise=0.9))
    answer = await route.answer(RouteRequest.of({**ASKED.body, **more}))
    assert answer.stages[0].failure == failure


async def test_a_refusal_goes_on_and_the_strongest_ones_is_handed_through_where_the_rule_says_so() -> None:
    refusal = completion("") | {
        "choices": [{"message": {"role": "assistant", "content": None, "refusal": "No."}, "finish_reason": "stop"}]
    }
    answer = await made(refusal, "Canberra")[0].answer(ASKED)
    assert (answer.action, answer.stages[0].failure) == ("answer", "filtered")
    answer = await made(refusal, refusal, on_failure="strongest")[0].answer(ASKED)
    assert (answer.action, answer.reply, isinstance(answer.confidence, Unscored)) == ("strongest", refusal, True)


async def test_messages_are_taken_in_either_form() -> None:
    from foureyes import Message

    route, small, _ = made("Canberra", "Perth")
    for asked in ("Capital?", [{"role": "user", "content": "Capital?"}], [Message("user", "Capital?")]):
        await route.answer(asked)
    assert [request.body for request in small.asked] == [small.asked[0].body] * 3
    with pytest.raises(InputError):
        await route.answer([])
    with pytest.raises(InputError):
        await route.answer(7)  # type: ignore[arg-type]


async def test_while_the_reader_is_gone_no_cheap_writer_is_paid_for_what_nobody_could_read() -> None:
    reader = ScriptedRouteReader(READ, fails=ModelUnavailable("gone", model="r"))
    route, small, large = made("Canberra", "Perth", reader, on_failure="strongest")
    clock = [0.0]
    route._rest = ReaderRest(clock=lambda: clock[0])
    answers = [await route.answer(ASKED) for _ in range(5)]
    assert [answer.action for answer in answers] == ["strongest"] * 5
    assert (len(small.asked), len(large.asked)) == (3, 5)
    reader._fails, clock[0] = None, 2.0
    assert [(await route.answer(ASKED)).action for _ in range(2)] == ["answer"] * 2
    assert (len(small.asked), len(large.asked)) == (5, 5)


@pytest.mark.parametrize("text", ["<think>", "<think>2 + 2 is", "<think>\n2 + 2?\n</think>\n\n", "2 + 2?\n</think>  "])
async def test_thoughts_that_come_to_no_answer_are_an_empty_answer(text: str) -> None:
    route, small, _ = made(text, "Canberra")
    answer = await route.answer(ASKED)
    assert (said(answer), answer.stages[0].failure, answer.stages[0].detail) == (
        "Canberra",
        "bad_reply",
        "choice 1 is empty",
    )
    assert small.asked


async def test_thoughts_before_an_answer_are_no_fault() -> None:
    text = "<think>2 + 2?</think>\nCanberra"
    route, _, _ = made(text, "Perth", ScriptedRouteReader({"Canberra": 0.9, text: 0.9}))
    assert said(await route.answer(ASKED)) == text


async def test_leaving_an_annotated_stream_has_ended_the_writer_when_it_is_left() -> None:
    ended = []

    class Endless(ScriptedRouteWriter):
        async def stream(self, request: RouteRequest) -> Any:  # noqa: ARG002
            try:
                while True:
                    yield {"choices": [{"index": 0, "delta": {"content": "x"}}]}
            finally:
                ended.append(self.name)

    route = Route("r", [RouteMember(Endless("w", "x"))], ScriptedRouteReader(READ), None, RouteRules(annotate=True))
    stream = route.annotated(ASKED)
    await anext(stream)
    await stream.aclose()
    assert ended == ["w"]


@pytest.mark.parametrize("mode", ["hold", "annotate", "stream", "shadow"])
async def test_the_log_is_told_of_a_request_whose_caller_hung_up(mode: str) -> None:
    from foureyes.route.parts import RouteParts

    log = Kept()
    small, large = ScriptedRouteWriter("small", "Sydney"), ScriptedRouteWriter("large", "Canberra", wait_s=60)
    members = [RouteMember(small, Prices(1.0, 2.0)), RouteMember(large, Prices(10.0, 20.0))]
    members = members[1:] if mode in ("annotate", "stream") else members
    rules = RouteRules(shadow=mode == "shadow", annotate=mode in ("annotate", "stream"))
    policy = POLICY if mode in ("hold", "shadow") else None
    route = Route("capitals", members, ScriptedRouteReader(READ), policy, rules, RouteParts(log))
    work = (
        anext(route.annotated(ASKED, request_id="r-1")) if mode == "stream" else route.answer(ASKED, request_id="r-1")
    )
    asking = asyncio.ensure_future(work)  # type: ignore[arg-type]
    await until(lambda: large.asked)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await route.settled()
    [told] = log.answers
    assert (told.request_id, told.action, told.reply, told.cost) == (
        "r-1",
        "cancelled",
        None,
        0 if mode == "shadow" else None,
    )
    stages = [told.baseline] if mode == "shadow" else told.stages
    assert [(stage.writer, stage.failure, stage.cost) for stage in stages if stage] == [
        *([("small", None, pytest.approx(20e-6))] if mode == "hold" else []),
        ("large", "cancelled", None),
    ]


async def test_what_was_written_when_the_caller_hung_up_is_priced() -> None:
    from foureyes.route.parts import RouteParts

    log = Kept()
    begun = asyncio.Event()

    class Endless(ScriptedRouteReader):
        async def read(self, exchanges: Any, **more: Any) -> Any:
            begun.set()
            return await super().read(exchanges, **more)

    route, _, _ = made("Sydney", "Canberra", Endless(READ, wait_s=60), parts=RouteParts(log))
    asking = asyncio.ensure_future(route.answer(ASKED))
    await begun.wait()  # the writer writes at once, the reader never
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await route.settled()
    [told] = log.answers
    assert [(stage.failure, stage.cost) for stage in told.stages] == [("cancelled", pytest.approx(20e-6))]


async def test_an_answer_that_came_is_logged_once_however_the_stream_is_left() -> None:
    from foureyes.route.parts import RouteParts

    log = Kept()
    members = [RouteMember(ScriptedRouteWriter("small", "Canberra"))]
    route = Route("r", members, ScriptedRouteReader(READ), None, RouteRules(annotate=True), RouteParts(log))
    stream = route.annotated(ASKED)
    async for piece in stream:
        if isinstance(piece, RoutedAnswer):
            break
    await stream.aclose()
    await route.settled()
    assert [one.action for one in log.answers] == ["annotated"]


async def test_a_share_of_requests_is_put_to_every_writer_after_the_answer() -> None:
    kept = Kept()
    route, _, large = made("Canberra", "Perth", parts=RouteParts(log=kept), ask_all=0.25, reading_price=0.5)
    for i in range(400):
        answer = await route.answer(ASKED, request_id=f"r{i}")
        assert (said(answer), answer.extra, [stage.writer for stage in answer.stages]) == ("Canberra", (), ["small"])
        await route.settled()
    drawn = [one for one in kept.answers if one.everyone]
    assert (len(kept.answers), len(large.asked)) == (400, len(drawn))
    assert 70 < len(drawn) < 130
    [extra] = drawn[0].extra
    assert (extra.writer, extra.candidates[0].confidence, extra.reading_cost) == ("large", 0.2, 0.5)
    assert drawn[0].cost == kept.answers[0].cost  # what is asked beside is not what the answer cost
    assert not any(one.extra for one in kept.answers if not one.everyone)


async def test_whoever_fails_beside_loses_no_record() -> None:
    kept = Kept()
    gone = Unpaid("gone", model="large", retryable=True)
    route, _, _ = made("Canberra", gone, parts=RouteParts(log=kept), ask_all=1.0)
    assert (await route.answer(ASKED)).action == "answer"
    await route.settled()
    [record] = kept.answers
    assert [(stage.writer, stage.failure) for stage in record.extra] == [("large", "unavailable")]


async def test_a_route_that_closes_waits_for_no_writer_that_nobody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(ScriptedRouteWriter):
        async def write(self, request: RouteRequest) -> Any:  # noqa: ARG002
            await asyncio.Event().wait()

    monkeypatch.setattr("foureyes.route.route._CLOSING_S", 0.01)
    kept = Kept()
    members = [RouteMember(ScriptedRouteWriter("small", "Canberra")), RouteMember(Endless("large", "Perth"))]
    policy = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ALWAYS))
    reader = ScriptedRouteReader({"Canberra": 0.9})
    route = Route("capitals", members, reader, policy, RouteRules(ask_all=1.0), RouteParts(log=kept))
    assert (await route.answer(ASKED)).action == "answer"
    await route.aclose()
    assert [one.action for one in kept.answers] == ["answer"]
