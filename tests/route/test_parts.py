"""What works with a route: a reader of real readings, a council, a vault, a ledger."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from foureyes.calibration import Platt, Source
from foureyes.config.wiring import LedgerRecorder
from foureyes.errors import ConfigError, InputError, LedgerError, ModelUnavailable
from foureyes.guard import Council, CouncilMember
from foureyes.guard.ledger_payload import conversation_text
from foureyes.models.scripted import ScriptedJudge, ScriptedReader
from foureyes.privacy import PatternDetector
from foureyes.route.chunks import assembled
from foureyes.route.concealing import BodyConcealer
from foureyes.route.cuts import policy_of_cuts
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.route.parts import RouteParts
from foureyes.route.reader import CalibratedReader
from foureyes.route.risk import RiskRule
from foureyes.route.route import Route
from foureyes.route.rules import RouteMember, RouteRules
from foureyes.route.scripted import ScriptedRouteReader, ScriptedRouteWriter, completion
from foureyes.types import Exchange, Reading, Unscored

TOOLS = [{"type": "function", "function": {"name": "pay", "parameters": {"type": "object"}}}]
ASKED = RouteRequest.of({"messages": [{"role": "user", "content": "Pay Ana."}], "tools": TOOLS})
SURE = ScriptedRouteReader(otherwise=0.9)


def calling(arguments: str) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return completion("") | {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}


def of_one(
    reply: Any, parts: RouteParts, *, third_party: bool = False, **rules: Any
) -> tuple[Route, ScriptedRouteWriter]:
    writer = ScriptedRouteWriter("w", reply)
    members = [RouteMember(writer, third_party=third_party)]
    return Route("one", members, SURE, policy_of_cuts([0.5]), RouteRules(**rules), parts), writer


def council(verdict: str) -> Council:
    return Council([CouncilMember(ScriptedJudge(verdict, name="j"))])  # type: ignore[arg-type]


@pytest.mark.parametrize(("verdict", "action"), [("safe", "answer"), ("unsafe", "abstain"), ("abstain", "abstain")])
async def test_a_tool_call_is_returned_only_where_the_council_finds_it_safe(verdict: str, action: str) -> None:
    route, _ = of_one(calling("{}"), RouteParts(council=council(verdict)))
    answer = await route.answer(ASKED)
    assert (answer.action, answer.stages[0].council.votes[0].verdict) == (action, verdict)  # type: ignore[union-attr]
    assert (answer.reply is None) == (action == "abstain")


async def test_the_strongest_is_no_way_round_the_council() -> None:
    route, _ = of_one(
        calling("{}"), RouteParts(council=council("unsafe")), on_doubt="strongest", on_failure="strongest"
    )
    answer = await route.answer(ASKED)
    assert (answer.action, answer.reply) == ("abstain", None)


async def test_words_are_not_put_to_the_council_unless_a_rule_says_so() -> None:
    route, _ = of_one("Paid.", RouteParts(council=council("unsafe")))
    assert (await route.answer(ASKED)).action == "answer"
    risky = RouteParts(council=council("unsafe"), risks=(RiskRule(answer="^Paid", confidence_below=0.95),))
    assert (await of_one("Paid.", risky)[0].answer(ASKED)).action == "abstain"
    assert (await of_one("Not paid.", risky)[0].answer(ASKED)).action == "answer"


@pytest.mark.parametrize("rule", [{}, {"prompt": "("}, {"confidence_below": 0.0}])
def test_a_rule_of_risk_states_something(rule: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        RiskRule(**rule)


async def test_a_third_party_sees_no_personal_data_and_the_caller_gets_its_own_back() -> None:
    def echo(request: RouteRequest) -> dict[str, Any]:
        text = request.body["messages"][-1]["content"]
        return calling(json.dumps({"to": text.split()[1], "note": f"for {text}"}))

    messages = [
        {"role": "system", "content": "You write to ana@example.org."},
        {"role": "user", "content": "Mail ana@example.org 5"},
    ]
    asked = RouteRequest.of({"messages": messages, "tools": TOOLS, "user": "bob@example.org", "seed": 7})
    parts = RouteParts(concealer=BodyConcealer(PatternDetector()))
    route, writer = of_one(echo, parts, third_party=True)
    answer = await route.answer(asked)
    [seen] = writer.asked
    assert "example.org" not in json.dumps(seen.body)
    assert (seen.body["seed"], seen.body["tools"], seen.body["messages"][0]["role"]) == (7, TOOLS, "system")
    assert answer.reply is not None
    arguments = answer.reply["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"to": "ana@example.org", "note": "for Mail ana@example.org 5"}
    assert answer.stages[0].candidates[0].turn.calls[0].arguments == arguments


async def test_our_own_writer_sees_the_request_as_it_is() -> None:
    asked = RouteRequest.of({"messages": [{"role": "user", "content": "Mail ana@example.org"}]})
    route, writer = of_one("Done.", RouteParts(concealer=BodyConcealer(PatternDetector())))
    await route.answer(asked)
    assert writer.asked[0].body == asked.body


async def test_where_personal_data_cannot_be_concealed_nothing_is_sent() -> None:
    class Broken:
        def find(self, text: str) -> Any:
            raise ValueError(text)

    route, writer = of_one("Done.", RouteParts(concealer=BodyConcealer(Broken())), third_party=True)
    answer = await route.answer(ASKED)
    assert (answer.action, answer.stages[0].failure, writer.asked) == ("failed", "private", [])
    image = [{"type": "image_url", "image_url": {"url": "data:,"}}]
    parts = RouteParts(concealer=BodyConcealer(PatternDetector()))
    route, writer = of_one("Done.", parts, third_party=True, on_failure="strongest")
    answer = await route.answer(RouteRequest.of({"messages": [{"role": "user", "content": image}]}))
    assert (answer.action, writer.asked) == ("failed", [])


async def test_a_stream_of_a_third_party_is_refused_where_personal_data_is_concealed() -> None:
    with pytest.raises(InputError, match="restored in a stream"):
        of_one("Done.", RouteParts(concealer=BodyConcealer(PatternDetector())), third_party=True, annotate=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    from foureyes.cli import main
    from foureyes.ledger import open_ledger

    main(["ledger", "keygen", str(tmp_path / "key")])
    opened = open_ledger(f"sqlite:{tmp_path / 'ledger.db'}", key_file=tmp_path / "key")
    yield opened
    opened.close()


async def test_every_routed_answer_has_a_receipt_and_no_text_in_the_ledger(ledger: Any) -> None:
    recorder = LedgerRecorder(ledger, b"salt of sixteen bytes")
    route, _ = of_one("Paid, to the last penny.", RouteParts(recorder=recorder))
    answer = await route.answer(ASKED, request_id="r1")
    assert answer.receipt is not None
    [entry] = ledger.entries(answer.receipt["index"])
    kept = json.dumps(entry.payload)
    assert entry.payload["request_id"] == "r1"
    assert "penny" not in kept
    assert "Ana" not in kept
    assert entry.payload["prompt_hash"] == recorder.text_hash("default", conversation_text(ASKED.messages))


async def test_an_answer_that_cannot_be_recorded_is_not_returned() -> None:
    class Full:
        clear_reasons = False

        def text_hash(self, tenant: str, text: str) -> str:  # noqa: ARG002
            return "h"

        def append(self, event: str, payload: Any) -> Any:  # noqa: ARG002
            raise LedgerError("the disk is full")

    route, _ = of_one("Paid.", RouteParts(recorder=Full()))
    answer = await route.answer(ASKED)
    assert (answer.action, answer.reply, answer.reason) == ("failed", None, "it could not be recorded")


class Keeper:
    suspended = False
    reason = "confidences changed"

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []

    def observe(self, seen: Any, at: float) -> None:  # noqa: ARG002
        self.seen += seen


@pytest.mark.parametrize(("rule", "action"), [("strongest", "strongest"), ("closed", "failed"), ("go_on", "answer")])
async def test_while_the_promise_is_suspended_the_rule_is_followed(rule: str, action: str) -> None:
    keeper = Keeper()
    route, _ = of_one("Paid.", RouteParts(keeper=keeper), on_suspension=rule)
    before = await route.answer(ASKED)
    keeper.suspended = True
    after = await route.answer(ASKED)
    assert (before.action, before.suspended, after.action, after.suspended) == ("answer", False, action, True)
    assert keeper.seen[0] == ("w", 0.9)


FITTED = Platt.fit([0.1, 0.2, 0.5, 2.0, 3.0, 0.3], [1, 1, 1, 0, 0, 1], source=Source("log_cmp", "scripted"))


class Counting(ScriptedReader):
    """Counts its calls, and says in which thread they came."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.sizes: list[int] = []
        self.threads: set[int] = set()
        self.first = threading.Event()

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        self.sizes.append(len(exchanges))
        self.threads.add(threading.get_ident())
        self.first.wait(5)
        return super().read(exchanges, top_k=top_k)


async def test_many_requests_are_read_in_few_batches_and_the_loop_waits_for_none() -> None:
    model = Counting()
    reader = CalibratedReader(model, "log_cmp", FITTED)
    tasks = [asyncio.create_task(reader.read([Exchange("Q?", f"A {i}")], writer="w")) for i in range(200)]
    await asyncio.sleep(0.01)  # the first batch is being read, and this goes on
    model.first.set()
    rows = [row for task in tasks for row in await task]
    assert sum(model.sizes) == 200
    assert len(model.sizes) <= 6
    assert threading.get_ident() not in model.threads
    assert rows[7][1] == pytest.approx(float(FITTED.predict_proba([rows[7][0]])[0]))
    await reader.aclose()
    with pytest.raises(ModelUnavailable):
        await reader.read([Exchange("Q?", "A")], writer="w")


async def test_each_writer_has_its_own_calibrator_and_a_signal_without_one_is_still_told() -> None:
    other = Platt.fit([0.1, 0.2, 0.5, 2.0, 3.0, 0.3], [1, 0, 1, 0, 0, 1])
    reader = CalibratedReader(ScriptedReader(), "log_cmp", {"small": FITTED, "large": other})
    answer = [Exchange("Q?", "A")]
    small, large, stranger = [(await reader.read(answer, writer=name))[0] for name in ("small", "large", "stranger")]
    assert small[0] == large[0] == stranger[0]
    assert small[1] != large[1]
    assert isinstance(stranger[1], Unscored)


async def test_the_worst_claim_is_a_signal_too() -> None:
    from foureyes.signals.worst import worst_claim

    exchange = Exchange("Capital of Australia?", "The capital of Australia is Sydney. It lies by the sea.")
    reader = CalibratedReader(ScriptedReader(), "worst_claim")
    [(seen, _)] = await reader.read([exchange], writer="w")
    assert [seen] == worst_claim([exchange], ScriptedReader())


@pytest.mark.parametrize("source", [Source("cme", "scripted"), Source("log_cmp", "other")])
def test_a_calibrator_of_something_else_is_refused(source: Source) -> None:
    fitted = Platt.fit([0.1, 0.2, 0.5, 2.0, 3.0, 0.3], [1, 1, 1, 0, 0, 1], source=source)
    with pytest.raises(ConfigError, match="of the writer small was fitted on"):
        CalibratedReader(ScriptedReader(), "log_cmp", {"small": fitted})


def test_chunks_make_the_completion_that_openais_own_client_makes_of_them() -> None:
    from openai.lib.streaming.chat import ChatCompletionStreamState
    from openai.types.chat import ChatCompletionChunk

    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": "On"},
        {"content": " it."},
        {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "pay", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]},
        {"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": {"name": "see", "arguments": "{}"}}]},
    ]
    base = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    chunks.append({**base, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}})
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    theirs = state.get_final_completion().to_dict()
    ours = assembled(chunks)
    for call in theirs["choices"][0]["message"]["tool_calls"]:  # type: ignore[index]
        call.pop("index", None)
        call["function"].pop("parsed_arguments", None)
    assert ours["choices"][0]["message"]["tool_calls"] == theirs["choices"][0]["message"]["tool_calls"]  # type: ignore[index]
    assert ours["choices"][0]["message"]["content"] == theirs["choices"][0]["message"]["content"]  # type: ignore[index]
    assert ours["usage"] == theirs["usage"]


async def test_a_log_that_fails_keeps_nobody_waiting() -> None:
    class Broken:
        async def keep(self, request: RouteRequest, answer: RoutedAnswer) -> None:  # noqa: ARG002
            raise OSError("disk")

    route, _ = of_one("Paid.", RouteParts(log=Broken()))
    assert (await route.answer(ASKED)).action == "answer"
    await route.settled()


async def test_an_answer_that_is_opened_is_read_without_personal_data_where_the_route_conceals_it() -> None:
    exchange = Exchange("Who am I?", "You are ada@example.com.")
    route, _ = of_one("Done.", RouteParts(concealer=BodyConcealer(PatternDetector())))
    reading, concealed = await route.reread(exchange)
    assert concealed
    assert "ada@example.com" not in reading.answer
    open_route, _ = of_one("Done.", RouteParts())
    reading, concealed = await open_route.reread(exchange)
    assert (reading.answer, concealed) == (exchange.answer, False)
