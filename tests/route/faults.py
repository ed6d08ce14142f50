"""Routes over real sockets, with something wrong at every stage, drawn by a seed; and what must hold whatever it is.

What a writer's server does is named in the model's name, so one server plays all of them. Every text that is written says who
wrote it, and how sure the reader is of it; so what must hold is told from what was returned and what the server saw, and from
nothing that the route says of itself.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from foureyes.errors import FoureyesError, LedgerError, ModelUnavailable
from foureyes.guard import Council, CouncilMember
from foureyes.http import RequestLimits
from foureyes.models.scripted import ScriptedJudge
from foureyes.route.cuts import policy_of_cuts
from foureyes.route.http_writer import HttpRouteWriter
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.route.parts import RouteParts
from foureyes.route.risk import RiskRule
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember, RouteRules
from foureyes.types import Exchange, Unscored
from tests.route.upstreams import chunked, event, whole

SURE, CUT = {"good": 0.95, "fair": 0.5, "poor": 0.1}, 0.8
WRITES = ("good", "fair", "poor")
UNPAID = ("s429", "s503")
FAILS = (
    *("s400", "s401", "s302", "s500", "closes", "dies", "garbage", "nojson", "nonobject", "noid", "nomessage", "null"),
    *("empty", "toolcall", "filter", "refusal", "fewer", "errors", "broken", "huge", "hangs", "image"),
)
READS = (*["well"] * 14, "gone", "bug", "slow", "unscored", "nan", "beyond", "few", "nothing")
VOTES = ("safe", "unsafe", "abstain")
TEXT = re.compile(r"case(\d+) w(\d+) (good|fair|poor)")


@dataclass(frozen=True)
class Case:
    """One request to one route."""

    number: int
    writers: tuple[str, ...]
    reads: str
    n: int
    best_of: int
    one_by_one: bool
    attempts: int
    on_doubt: str
    on_failure: str
    mode: str
    vote: str | None
    hangs_up: float | None
    unread_prompt: bool
    last_cut: float | None
    records: str | None

    @classmethod
    def draw(cls, number: int, seed: int) -> Case:
        lots = random.Random(f"{seed}/{number}")  # noqa: S311 - no secret
        kinds = [*WRITES, "mixed"] * 12 + [*UNPAID] * 2 + [*FAILS]
        return cls(
            number,
            tuple(lots.choice(kinds) for _ in range(lots.randint(1, 3))),
            lots.choice(READS),
            lots.choice((1, 1, 2)),
            lots.choice((1, 1, 3)),
            lots.random() < 0.2,
            lots.choice((1, 2)),
            lots.choice(("abstain", "strongest", "person")),
            lots.choice(("closed", "strongest")),
            lots.choice(("hold", "hold", "hold", "shadow", "annotate", "stream")),
            lots.choice((None, None, None, "safe", *VOTES)),
            lots.choice((*[None] * 10, 0.0, 0.003)),
            lots.random() < 0.05,
            lots.choice((None, CUT)),
            lots.choice((None, None, None, "well", "well", "raises", "fails", "never", "strange")),
        )


@dataclass
class House:
    """The server of all writers.

    Attributes:
        asked: requests by case and writer.
        paid: of those, how many were answered with tokens that are paid.
        open: replies under way, by case.
    """

    url: str = ""
    asked: Counter[tuple[int, int]] = field(default_factory=Counter)
    paid: Counter[tuple[int, int]] = field(default_factory=Counter)
    open: Counter[int] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        number, place, what = body["model"].split("/")
        case, who = int(number), (int(number), int(place))
        self.asked[who] += 1
        self.paid[who] += what not in (*UNPAID, "s400", "s401", "s302")
        self.open[case] += 1
        try:
            if what == "hangs":
                await reader.read(1)
                return False
            writer.write(_said(what, f"case{number} w{place}", body.get("n") or 1, stream=body.get("stream", False)))
            await writer.drain()
        finally:
            self.open[case] -= 1
        return what not in ("closes", "dies", "garbage")


def _said(what: str, who: str, n: int, *, stream: bool) -> bytes:
    if what.startswith("s") and what[1:].isdigit():
        return whole(int(what[1:]), {"error": {"message": "said so"}})
    raw = {"closes": b"", "garbage": b"\x16\x03\x01 no http\r\n\r\n"}.get(what)
    if raw is not None:
        return raw
    bodies = {"nojson": b"{", "nonobject": b"[]", "noid": b"{}", "errors": b'{"error": {"message": "inside"}}'}
    if what in bodies:
        return chunked(event(bodies[what]), event(b"[DONE]")) if stream else whole(200, bodies[what])
    body = _completion(what, who, n)
    if stream:
        chunks = [{**body, "choices": [_piece(choice) for choice in body["choices"]]}, {**body, "choices": []}]
        return chunked(*map(event, chunks[:1] if what == "dies" else chunks), event(b"[DONE]"), end=what != "dies")[
            : -20 if what == "dies" else None
        ]
    return whole(200, body)[: -20 if what == "dies" else None]


def _completion(what: str, who: str, n: int) -> dict[str, Any]:
    said: Any = f"{who} {what if what in SURE else 'good'}"
    if what == "mixed":
        mixed = [{"role": "assistant", "content": f"{who} {WRITES[(i + 2) % 3]}"} for i in range(n)]
        choices = [{"index": i, "message": message, "finish_reason": "stop"} for i, message in enumerate(mixed)]
        return {"id": "x", "choices": choices, "usage": {"prompt_tokens": 10, "completion_tokens": 5}}
    message: dict[str, Any] = {"role": "assistant", "content": said}
    match what:
        case "null":
            message["content"] = None
        case "empty":
            message["content"] = "  "
        case "toolcall":
            call = {"id": "c", "type": "function", "function": {"name": "pay", "arguments": "{}"}, "index": 0}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        case "refusal":
            message = {"role": "assistant", "content": None, "refusal": f"{said} no"}
        case "image":
            message["content"] = [{"type": "image_url", "image_url": {"url": "data:,"}}, {"type": "text", "text": said}]
        case "huge":
            message["content"] = said + "x" * 50_000
    finish = {"filter": "content_filter", "broken": "error"}.get(what, "stop")
    choice = {"message": message, "finish_reason": finish}
    if what == "nomessage":
        choice = {"finish_reason": "stop"}
    count = n - 1 if what == "fewer" else n
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    return {"id": "x", "choices": [{"index": i, **choice} for i in range(count)], "usage": usage}


def _piece(choice: dict[str, Any]) -> dict[str, Any]:
    return {"index": choice["index"], "delta": choice.get("message", {}), "finish_reason": choice["finish_reason"]}


class Reader:
    """Reads what is said of a text in the text, or fails as the case says."""

    fingerprint = "faults"

    def __init__(self, reads: str) -> None:
        self.reads = reads
        self.seen: set[str] = set()

    async def read(self, exchanges: Sequence[Exchange], *, writer: str) -> Any:  # noqa: ARG002
        match self.reads:
            case "gone":
                raise ModelUnavailable("gone", model="reader")
            case "bug":
                raise ZeroDivisionError
            case "slow":
                await asyncio.sleep(60)
            case "few":
                return []
            case "nothing":
                return None
        return [self._row(exchange.answer) for exchange in exchanges]

    def _row(self, text: str) -> tuple[Any, Any]:
        match self.reads:
            case "unscored":
                return Unscored("context"), Unscored("context")
            case "nan":
                return 1.0, float("nan")
            case "beyond":
                return 1.0, 1.5
        self.seen.add(text)
        found = TEXT.match(text)
        assert found is not None
        return 1.0, SURE[found[3]]

    async def aclose(self) -> None:
        pass


class Queue:
    def __init__(self) -> None:
        self.ids: list[str] = []

    async def put(self, request: RouteRequest, answer: RoutedAnswer) -> None:  # noqa: ARG002
        self.ids.append(answer.request_id)


class Recorder:
    """A ledger that keeps entries, or fails as the case says."""

    clear_reasons = False

    def __init__(self, records: str) -> None:
        self.records = records
        self.kept: list[Any] = []

    def text_hash(self, tenant: str, text: str) -> str:
        return f"{len(tenant)}/{len(text)}"

    def append(self, event: str, payload: Any) -> Future[Any]:
        if self.records == "raises":
            raise LedgerError("full")
        future: Future[Any] = Future()
        if self.records == "fails":
            future.set_exception(LedgerError("full"))
        if self.records == "strange":
            future.set_result("no receipt")
        if self.records == "well":
            self.kept.append((event, payload))
            future.set_result(Receipt(len(self.kept) - 1, "hash", "now", "log"))
        return future


@dataclass(frozen=True)
class Receipt:
    index: int
    entry_hash: str
    timestamp: str
    log_id: str


class Log:
    def __init__(self) -> None:
        self.answers: list[RoutedAnswer] = []

    async def keep(self, request: RouteRequest, answer: RoutedAnswer) -> None:  # noqa: ARG002
        self.answers.append(answer)


@dataclass
class Played:
    """What came of a case."""

    case: Case
    answer: RoutedAnswer | None
    reader: Reader
    queue: Queue
    log: Log
    recorder: Recorder | None
    left_open: int


async def play(case: Case, house: House) -> Played:
    """Puts the request of a case to its route."""
    reader, queue, log = Reader(case.reads), Queue(), Log()
    recorder = None if case.records is None else Recorder(case.records)
    limits = RequestLimits(timeout_s=0.4, attempts=case.attempts, max_bytes=20_000)
    members = [
        RouteMember(
            HttpRouteWriter(f"w{i}", f"{case.number}/{i}/{what}", house.url, limits=limits),
            Prices(1e6, 1e6),
            one_by_one=case.one_by_one,
        )
        for i, what in enumerate(case.writers)
    ]
    council = None
    if case.vote is not None:
        council = Council([CouncilMember(ScriptedJudge(case.vote, name="j"))], deadline_s=0.3)  # type: ignore[arg-type]
    rules = RouteRules(
        on_doubt=case.on_doubt,  # type: ignore[arg-type]
        on_failure=case.on_failure,  # type: ignore[arg-type]
        best_of=case.best_of,
        shadow=case.mode == "shadow",
        annotate=case.mode in ("annotate", "stream"),
        reading_s=0.2,
        record_s=0.2 if case.records == "never" else 60.0,
    )
    policy = policy_of_cuts([*[CUT] * (len(members) - 1), case.last_cut])
    route = Route(
        "faults",
        members,
        reader,
        policy,
        rules,
        RouteParts(log, recorder, council=council, risks=(RiskRule(answer="."),), queue=queue),
    )
    answer = await _asked(route, case)
    await route.settled()
    for _ in range(2000):
        if not house.open[case.number]:
            break
        await asyncio.sleep(0.005)
    left = house.open[case.number]
    await route.aclose()
    return Played(case, answer, reader, queue, log, recorder, left)


async def _asked(route: Route, case: Case) -> RoutedAnswer | None:
    """The answer; ``None`` where the caller hung up."""
    content: Any = "Question?"
    if case.unread_prompt:
        content = [{"type": "image_url", "image_url": {"url": "data:,"}}]
    request = RouteRequest.of({"messages": [{"role": "user", "content": content}], "n": case.n})
    asking = asyncio.create_task(_streamed(route, request) if case.mode == "stream" else route.answer(request))
    if case.hangs_up is None:
        return await asking
    await asyncio.sleep(case.hangs_up)
    asking.cancel()
    try:
        return await asking
    except asyncio.CancelledError:
        return None


async def _streamed(route: Route, request: RouteRequest) -> RoutedAnswer:
    last: Any = None
    async for last in route.annotated(request):  # noqa: B007 - the last one counts
        pass
    assert isinstance(last, RoutedAnswer)
    return last


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """A server of all writers."""
    found = House()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, backlog=1024)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield found
    finally:
        server.close()


def broken(played: Played, house: House) -> list[str]:
    """What does not hold."""
    case, answer = played.case, played.answer
    found = list(_paid_twice(case, house))
    if played.left_open:
        found.append(f"{played.left_open} replies were still under way when the caller had gone")
    if answer is None:
        told = [(one.action, one.reply) for one in played.log.answers]
        return found if told == [("cancelled", None)] else [*found, f"given up by the caller, and logged as {told}"]
    texts = [] if answer.reply is None else [_text(choice) for choice in answer.reply["choices"]]
    return [
        *found,
        *_of_its_form(played, answer, texts),
        *_of_its_action(played, answer, texts),
        *_of_its_record(played, answer),
    ]


def _of_its_form(played: Played, answer: RoutedAnswer, texts: Sequence[str]) -> list[str]:
    case, found = played.case, []
    if answer.reply is not None and len(texts) != case.n:
        found.append(f"{len(texts)} choices were returned, {case.n} asked for")
    if (answer.reply is None) != (answer.action in ("abstain", "person", "failed")):
        found.append(f"a reply with {answer.action}, or none")
    if answer.enforced != (case.mode == "hold"):
        found.append("enforced where it only watches, or the reverse")
    return found


def _of_its_record(played: Played, answer: RoutedAnswer) -> list[str]:
    """Told to the log once; and where there is a ledger, nothing is returned without a receipt."""
    found = []
    if [one.request_id for one in played.log.answers] != [answer.request_id]:
        found.append(f"told to the log {len(played.log.answers)} times")
    if played.recorder is None or played.case.mode == "shadow":
        return found
    if played.case.records == "well":
        if answer.receipt is None or played.recorder.kept[answer.receipt["index"]][1]["action"] != answer.action:
            found.append("no receipt, or one of another answer")
    elif answer.receipt is not None:
        found.append("a receipt of nothing")
    elif answer.enforced and answer.reply is not None:
        found.append("returned though it could not be recorded")
    return found


def _of_its_action(played: Played, answer: RoutedAnswer, texts: Sequence[str]) -> list[str]:
    case, found = played.case, []
    if answer.action == "answer":
        found += _as_read(played, texts)
    if answer.action == "strongest":
        found += _as_strongest(played, texts)
    if answer.action == "person" and played.queue.ids != [answer.request_id]:
        found.append("handed to nobody")
    if isinstance(answer.confidence, float) and not all(text in played.reader.seen for text in texts):
        found.append("a probability of what was not read")
    if case.mode == "hold" and case.vote in ("unsafe", "abstain") and texts:
        found.append("returned though the council did not find it safe")
    return found


def _paid_twice(case: Case, house: House) -> list[str]:
    answers = max(case.n, case.best_of) if case.one_by_one and case.mode != "stream" else 1
    return [
        f"w{place} was paid {house.paid[case.number, place]} times"
        for place in range(len(case.writers))
        if house.paid[case.number, place] > answers
    ]


def _as_read(played: Played, texts: Sequence[str]) -> list[str]:
    """What was returned as good enough was read, and was good enough for its writer."""
    found = []
    for text in texts:
        who = TEXT.match(text)
        if who is None or text not in played.reader.seen:
            found.append(f"returned as read, and was not: {text[:40]!r}")
            continue
        last = int(who[2]) == len(played.case.writers) - 1
        cut = played.case.last_cut if last else CUT
        if cut is not None and SURE[who[3]] < cut:
            found.append(f"returned as good enough, and was not: {text[:40]!r}")
    return found


def _as_strongest(played: Played, texts: Sequence[str]) -> list[str]:
    case = played.case
    found = [
        f"weaker than the strongest: {text[:40]!r}"
        for text in texts
        if (who := TEXT.search(text)) is not None and int(who[2]) != len(case.writers) - 1
    ]
    if "strongest" not in (case.on_doubt, case.on_failure):
        found.append("the strongest was returned, which no rule says")
    return found


def _text(choice: Any) -> str:
    message = choice["message"]
    if isinstance(message.get("content"), list):
        return str(message["content"][-1]["text"])
    return str(message.get("content") or message.get("refusal") or "")


async def play_all(first: int, n: int, seed: int, at_once: int = 50) -> tuple[list[str], Counter[str]]:
    """Plays n cases: what did not hold, and how often each outcome was met."""
    wrong: list[str] = []
    met: Counter[str] = Counter()
    async with house() as server:
        gate = asyncio.Semaphore(at_once)

        async def one(number: int) -> None:
            async with gate:
                case = Case.draw(number, seed)
                try:
                    played = await play(case, server)
                except FoureyesError as error:
                    wrong.append(f"{case}: raised {error!r}")
                    return
            met["hung up" if played.answer is None else played.answer.action] += 1
            wrong.extend(f"{case}: {what}" for what in broken(played, server))

        await asyncio.gather(*(one(number) for number in range(first, first + n)))
    return wrong, met
