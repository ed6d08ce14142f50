"""What a route's log keeps of a request, as JSON lines: who was asked, what was read, what it cost, and never a text unasked.

::

    {"v": 1, "kind": "routed", "id": "…", "route": "support", "at": 1767225600.0, "question": "<salted hash>",
     "source": {"signal": "log_cmp", "model": "<the reader's fingerprint>"}, "action": "answer", "would": "answer",
     "enforced": true, "suspended": false, "confidence": 0.93,
     "stages": [{"writer": "small", "model": "…", "signal": 0.41, "confidence": 0.93, "action": "answer", "answer": "<salted hash>",
                 "failure": null, "detail": "", "usage": [812, 64], "cost": 0.0002, "reading_cost": 0.00001, "write_s": 0.8,
                 "read_s": 0.1, "own": 0.12}],
     "baseline": null, "texts": null, "everyone": false, "extra": []}
    {"v": 1, "kind": "outcome", "id": "…", "at": 1767229200.0, "correct": true, "writer": null}

A hash is keyed with the operator's salt, so nobody without it can find out by trying likely texts which one it was. It is taken
of the answer without case, spaces and final marks, so that equal answers can be told from unequal ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

from foureyes.calibration import Source
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.route.outcome import RoutedAnswer, RouteRequest, RouteStage
from foureyes.types import Unscored

__all__ = [
    "LoggedOutcome",
    "LoggedRequest",
    "LoggedStage",
    "logged_request",
    "plain_answer",
    "record_of",
    "record_text",
]

_VERSION: Final = 1

Hash: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class LoggedStage:
    """What one writer did for a request, without its words.

    Attributes:
        writer, model: its name in the route, and what its provider calls it.
        signal: what the reader saw in the chosen answer; ``None`` where it saw none.
        confidence: P(correct) after calibration; ``None`` where there is none.
        action: what the policy said.
        answer: salted hash of the chosen answer; ``None`` without one.
        failure, detail: why there is no answer, or none that was read.
        usage: tokens read and written; ``None`` where the writer does not say.
        cost, reading_cost: of writing and of reading, ≥ 0; ``None`` where it is unknown.
        write_s, read_s: seconds.
        own: the writer's mean surprise at its own tokens, nats; ``None`` where it did not say.
    """

    writer: str
    model: str
    signal: float | None
    confidence: float | None
    action: str
    answer: str | None = None
    failure: str | None = None
    detail: str = ""
    usage: tuple[int, int] | None = None
    cost: float | None = None
    reading_cost: float = 0.0
    write_s: float = 0.0
    read_s: float = 0.0
    own: float | None = None

    @property
    def paid(self) -> float | None:
        """Writing and reading; ``None`` where it is unknown."""
        return None if self.cost is None else self.cost + self.reading_cost


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One routed request, as the log keeps it.

    Attributes:
        id: names it in outcomes posted back.
        route: the route's name.
        at: seconds since 1970.
        question: salted hash of the conversation: equal for equal requests.
        source: the signal, and the reader's fingerprint.
        action, would: what became of it, and what the route would have done; ``None`` where that is not known.
        enforced: false in shadow mode.
        suspended: whether the promise was suspended.
        confidence: P(correct) of what was returned; ``None`` where there is none.
        stages: of the writers that were asked, in order.
        baseline: in shadow mode the strongest writer's stage, whose answer was returned.
        texts: the conversation and the answers by writer, where the operator keeps them.
        everyone: whether every writer was asked for this request, drawn at random among those that the route decided.
        extra: for that, the stages of the writers that the policy did not ask.
    """

    id: str
    route: str
    at: float
    question: str
    source: Source
    action: str
    would: str | None
    enforced: bool
    suspended: bool
    confidence: float | None
    stages: tuple[LoggedStage, ...]
    baseline: LoggedStage | None = None
    texts: Mapping[str, Any] | None = None
    everyone: bool = False
    extra: tuple[LoggedStage, ...] = ()

    @property
    def asked(self) -> dict[str, LoggedStage]:
        """Every writer whose answer is known, by name, in the order asked."""
        stages = {stage.writer: stage for stage in (*self.stages, *self.extra)}
        return stages if self.baseline is None else {**stages, self.baseline.writer: self.baseline}

    @property
    def returned(self) -> LoggedStage | None:
        """The stage whose answer the application got; ``None`` where it got none."""
        if self.baseline is not None:
            return self.baseline if self.baseline.answer is not None else None
        if self.action not in ("answer", "annotated", "strongest") or not self.stages:
            return None
        return self.stages[-1]


@dataclass(frozen=True, slots=True)
class LoggedOutcome:
    """Whether an answer turned out right.

    Attributes:
        id: of the request.
        correct: whether it did.
        at: when that was told, in seconds since 1970.
        writer: whose answer; ``None`` means the one that was returned.
    """

    id: str
    correct: bool
    at: float
    writer: str | None = None


def logged_request(
    request: RouteRequest, answer: RoutedAnswer, *, source: Source, text_hash: Hash, texts: bool
) -> LoggedRequest:
    """What is kept of a routed request.

    Args:
        request: what was asked.
        answer: what came of it.
        source: the signal, and the reader's fingerprint.
        text_hash: the salted hash of a text.
        texts: whether the conversation and the answers are kept in words too.
    """
    stages = tuple(_stage(stage, text_hash) for stage in answer.stages)
    words = {"messages": request.body.get("messages"), "answers": _answers(answer)} if texts else None
    return LoggedRequest(
        id=answer.request_id,
        route=answer.route,
        at=answer.at,
        question=text_hash(json.dumps(request.body.get("messages"), sort_keys=True, default=str)),
        source=source,
        action=answer.action,
        would=answer.would,
        enforced=answer.enforced,
        suspended=answer.suspended,
        confidence=_number(answer.confidence),
        stages=stages,
        baseline=None if answer.baseline is None else _stage(answer.baseline, text_hash),
        texts=words,
        everyone=answer.everyone,
        extra=tuple(_stage(stage, text_hash) for stage in answer.extra),
    )


def plain_answer(choice: Mapping[str, Any]) -> str:
    """An answer as what its hash is of: without case, spaces and final marks, tool calls by name and arguments.

    Example:
        >>> plain_answer({"message": {"role": "assistant", "content": " Paris. "}})
        'paris'
    """
    message = choice.get("message") or {}
    calls = [call.get("function") for call in message.get("tool_calls") or () if isinstance(call, Mapping)]
    words = " ".join(str(message.get("content") or "").casefold().split()).rstrip(".!。 ")
    return words if not calls else json.dumps([words, calls], sort_keys=True, default=str)


def record_text(record: LoggedRequest | LoggedOutcome) -> str:
    """The record as one line of JSON, with its end."""
    kind = "routed" if isinstance(record, LoggedRequest) else "outcome"
    return json.dumps({"v": _VERSION, "kind": kind, **asdict(record)}, allow_nan=False, separators=(",", ":")) + "\n"


def record_of(line: str) -> LoggedRequest | LoggedOutcome:
    """Reads what :func:`record_text` wrote.

    Raises:
        InputError: it is not such a record.
    """
    try:
        document: Any = parsed_json(line)
    except json.JSONDecodeError as error:
        raise InputError("not JSON: the line was cut, or is none of a route's log") from error
    if not isinstance(document, dict) or document.pop("v", None) != _VERSION:
        raise InputError(f"wanted a record of version {_VERSION} of a route's log")
    kind = document.pop("kind", None)
    try:
        return _outcome(document) if kind == "outcome" else _routed(document, kind)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise InputError(f"not a record of a route's log: {error}") from error


def _outcome(document: dict[str, Any]) -> LoggedOutcome:
    found = LoggedOutcome(**document)
    if not isinstance(found.correct, bool) or not isinstance(found.id, str):
        raise InputError(f"an outcome has an id and true or false; got {found.id!r:.60} and {found.correct!r:.20}")
    return found


def _routed(document: dict[str, Any], kind: Any) -> LoggedRequest:
    if kind != "routed":
        raise InputError(f"wanted kind routed or outcome; got {kind!r:.40}")
    document["source"] = Source(**document["source"])
    document["stages"] = tuple(_known_stage(stage) for stage in document["stages"])
    document["extra"] = tuple(_known_stage(stage) for stage in document.get("extra", ()))
    document["baseline"] = document["baseline"] and _known_stage(document["baseline"])
    found = LoggedRequest(**document)
    if not isinstance(found.id, str) or not _finite(found.at):
        raise InputError(f"a routed request has an id and a moment; got {found.id!r:.60} at {found.at!r:.40}")
    return found


def _known_stage(document: dict[str, Any]) -> LoggedStage:
    usage = document.get("usage")
    stage = LoggedStage(**{**document, "usage": None if usage is None else (int(usage[0]), int(usage[1]))})
    numbers = (stage.signal, stage.confidence, stage.cost, stage.reading_cost, stage.own)
    if not all(value is None or _finite(value) for value in numbers):
        raise InputError("a stage's signals, confidence and costs are finite numbers or null")
    if stage.confidence is not None and not 0 <= stage.confidence <= 1:
        raise InputError(f"a confidence lies in [0, 1]; got {stage.confidence:g}")
    return stage


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _stage(stage: RouteStage, text_hash: Hash) -> LoggedStage:
    chosen = None if stage.chosen is None else stage.candidates[stage.chosen]
    return LoggedStage(
        writer=stage.writer,
        model=stage.model,
        signal=None if chosen is None else _number(chosen.signal),
        confidence=None if chosen is None else _number(chosen.confidence),
        action=stage.action,
        answer=None if chosen is None else text_hash(plain_answer(chosen.choice)),
        failure=stage.failure,
        detail=stage.detail,
        usage=None if stage.usage is None else (stage.usage.prompt_tokens, stage.usage.answer_tokens),
        cost=stage.cost,
        reading_cost=stage.reading_cost,
        write_s=round(stage.write_s, 4),
        read_s=round(stage.read_s, 4),
        own=None if chosen is None else chosen.own,
    )


def _answers(answer: RoutedAnswer) -> dict[str, Any]:
    stages = [*answer.stages, *answer.extra, *([] if answer.baseline is None else [answer.baseline])]
    return {
        stage.writer: stage.candidates[stage.chosen].choice.get("message")
        for stage in stages
        if stage.chosen is not None
    }


def _number(value: float | Unscored) -> float | None:
    return None if isinstance(value, Unscored) else float(value)
