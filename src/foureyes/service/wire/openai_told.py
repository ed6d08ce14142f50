"""What a caller is told of a routed answer: headers, the ``foureyes`` object, and a refusal where nothing is returned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from foureyes.route.outcome import Candidate, RoutedAnswer, RouteStage
from foureyes.service.wire.openai import MODEL_PREFIX
from foureyes.types import Unscored

__all__ = ["headers", "headers_of", "reply_of", "told_of"]

_ABSTAINED: Final = "No answer was found that is likely enough to be right, so none is returned."
_UNPRINTABLE: Final = re.compile(r"[^ -~]")
_WAITS: Final = "No answer was found that is likely enough to be right. The question waits for a person."


def told_of(answer: RoutedAnswer) -> dict[str, Any]:
    """The ``foureyes`` object in a body. A number that could not be told is null, and a field beside it says why."""
    return {
        "route": answer.route,
        "request_id": answer.request_id,
        "action": answer.action,
        "would": answer.would,
        "enforced": answer.enforced,
        "suspended": answer.suspended,
        "reason": answer.reason or None,
        **_number("confidence", answer.confidence),
        "cost": answer.cost,
        "stages": [_stage(stage) for stage in answer.stages],
        "baseline": None if answer.baseline is None else _stage(answer.baseline),
        "receipt": answer.receipt,
    }


def headers_of(answer: RoutedAnswer) -> list[tuple[bytes, bytes]]:
    """The same in headers; what is not known has none."""
    receipt = answer.receipt or {}
    fields = {
        "route": answer.route,
        "request-id": answer.request_id,
        "action": answer.action,
        "would": None if answer.enforced else answer.would,
        "stage": answer.stages[-1].writer if answer.stages else None,
        "stages": len(answer.stages),
        "confidence": None if isinstance(answer.confidence, Unscored) else f"{answer.confidence:.6g}",
        "cost": None if answer.cost is None else f"{answer.cost:.9g}",
        "receipt": receipt.get("index"),
    }
    return headers(fields)


def headers(fields: Mapping[str, object]) -> list[tuple[bytes, bytes]]:
    """Headers of ours; what is none has none, and what could end a line is replaced."""
    return [
        (f"x-foureyes-{name}".encode(), _UNPRINTABLE.sub("?", str(value)).encode())
        for name, value in fields.items()
        if value is not None
    ]


def reply_of(answer: RoutedAnswer, n: int) -> Mapping[str, Any]:
    """The chat completion to return: the route's, or as many refusals as answers were asked for.

    A refusal is told as OpenAI's models tell theirs, which clients know: ``refusal`` holds the words, ``content`` is null and
    the answer ended by ``stop``. By ``content_filter`` some clients raise an error without the words.
    """
    if answer.reply is not None:
        return answer.reply
    words = _WAITS if answer.action == "person" else _ABSTAINED
    message = {"role": "assistant", "content": None, "refusal": words}
    return {
        "id": f"chatcmpl-{answer.request_id}",
        "object": "chat.completion",
        "created": int(answer.at),
        "model": MODEL_PREFIX + answer.route,
        "choices": [{"index": i, "message": message, "logprobs": None, "finish_reason": "stop"} for i in range(n)],
        "usage": _usage(answer.stages),
    }


def _usage(stages: tuple[RouteStage, ...]) -> dict[str, int]:
    """Tokens of all writers that were asked, as far as they say."""
    known = [stage.usage for stage in stages if stage.usage is not None]
    read, written = sum(one.prompt_tokens for one in known), sum(one.answer_tokens for one in known)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _stage(stage: RouteStage) -> dict[str, Any]:
    seen: Candidate | None = None if stage.chosen is None else stage.candidates[stage.chosen]
    return {
        "writer": stage.writer,
        "model": stage.model,
        "action": stage.action,
        "failure": stage.failure,
        "detail": stage.detail or None,
        **({} if seen is None else {**_number("signal", seen.signal), **_number("confidence", seen.confidence)}),
        "own_surprise": None if seen is None else seen.own,
        "answers": len(stage.candidates),
        "chosen": stage.chosen,
        "prompt_tokens": None if stage.usage is None else stage.usage.prompt_tokens,
        "completion_tokens": None if stage.usage is None else stage.usage.answer_tokens,
        "cost": stage.cost,
        "reading_cost": stage.reading_cost,
        "council": None if stage.council is None else {"safe": stage.council.safe, "reason": stage.council.reason},
        "write_ms": round(stage.write_s * 1000, 3),
        "read_ms": round(stage.read_s * 1000, 3),
    }


def _number(name: str, value: float | Unscored) -> dict[str, Any]:
    if isinstance(value, Unscored):
        return {name: None, f"{name}_missing": value.reason}
    return {name: value}
