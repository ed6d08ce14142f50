"""Readings and written answers as bytes, and back to equal values.

A reading's per-token columns are one matrix of float64, in which every count and probability is exact; what is not a
number stands in a JSON head. A row that could not be read is kept as its reason.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from foureyes.types import Alternative, Exchange, Message, PartSpan, Prompt, Reading, Unscored, Written

__all__ = ["decode_reading", "decode_written", "encode", "plain", "plain_exchange"]

_COLUMNS: Final = ("token_ids", "nll", "entropy_low", "entropy_high", "missing_mass", "rank", "top1", "selected")


def encode(value: Reading | Written | Unscored) -> bytes:
    """The value as bytes: a JSON head, a zero byte, the matrix if there is one."""
    if isinstance(value, Unscored):
        return _framed({"unscored": asdict(value)})
    if isinstance(value, Reading):
        return _framed(_head(value), _matrix(value))
    head = {"answer": value.exchange.answer, "finish": value.finish}
    if value.reading is None:
        return _framed(head)
    return _framed({**head, **_head(value.reading)}, _matrix(value.reading))


def decode_reading(body: bytes, exchange: Exchange) -> Reading | Unscored:
    """What :func:`encode` made of a reading of this exchange."""
    head, matrix = _parted(body)
    return _unscored(head) if "unscored" in head else _reading(head, matrix, exchange.answer)


def decode_written(body: bytes, prompt: Prompt) -> Written | Unscored:
    """What :func:`encode` made of an answer to this prompt."""
    head, matrix = _parted(body)
    if "unscored" in head:
        return _unscored(head)
    reading = _reading(head, matrix, head["answer"]) if matrix else None
    return Written(Exchange(prompt, head["answer"]), reading, head["finish"])


def plain(prompt: Prompt) -> Any:
    """A prompt as JSON holds it."""
    return prompt if isinstance(prompt, str) else [_plain_message(message) for message in prompt]


def plain_exchange(exchange: Exchange) -> dict[str, Any]:
    """All of an exchange that a reading depends on, as JSON holds it; turn and tools only where there are any."""
    said = {"prompt": plain(exchange.prompt), "answer": exchange.answer, "span": exchange.answer_span}
    turn = {} if exchange.turn is None else {"turn": _plain_message(exchange.turn)}
    return said | turn | ({"tools": [asdict(tool) for tool in exchange.tools]} if exchange.tools else {})


def _plain_message(message: Message) -> list[Any]:
    """Role and content, and the parts behind them where there are any."""
    parts = [[type(part).__name__, part if isinstance(part, str) else asdict(part)] for part in message.parts]
    return [message.role, message.content, *([parts] if parts else [])]


def _framed(head: dict[str, Any], matrix: bytes = b"") -> bytes:
    return json.dumps(head, ensure_ascii=False).encode() + b"\0" + matrix


def _parted(body: bytes) -> tuple[dict[str, Any], bytes]:
    head, _, matrix = body.partition(b"\0")  # JSON text holds no zero byte
    found: dict[str, Any] = json.loads(head)
    return found, matrix


def _head(reading: Reading) -> dict[str, Any]:
    head: dict[str, Any] = {"model": reading.model, "n_prompt": reading.n_prompt_tokens, "n_dropped": reading.n_dropped}
    if reading.logit is not None:
        head["logit"] = True
    if reading.alternatives:
        head["alternatives"] = [[[a.text, a.logprob] for a in best] for best in reading.alternatives]
    if reading.parts:  # of a turn, which a chat template writes in its own way
        head |= {"text": reading.answer, "parts": [asdict(part) for part in reading.parts]}
    return head


def _matrix(reading: Reading) -> bytes:
    columns = [
        np.asarray(getattr(reading, name), dtype=np.float64)[:, None]
        for name in _columns(logit=reading.logit is not None)
    ]
    return np.hstack([*columns, reading.spans.astype(np.float64)]).astype("<f8").tobytes()


def _reading(head: dict[str, Any], matrix: bytes, answer: str) -> Reading:
    names = _columns(logit=bool(head.get("logit")))
    table = np.frombuffer(matrix, dtype="<f8").reshape(-1, len(names) + 2)
    columns: dict[str, Any] = {name: table[:, i] for i, name in enumerate(names)}
    return Reading(
        model=head["model"],
        answer=head.get("text", answer),
        spans=table[:, len(names) :],
        n_prompt_tokens=head["n_prompt"],
        n_dropped=head["n_dropped"],
        alternatives=tuple(tuple(Alternative(*a) for a in best) for best in head.get("alternatives", ())),
        parts=tuple(PartSpan(p["part"], p["path"], tuple(p["span"])) for p in head.get("parts", ())),
        **columns,
    )


def _columns(*, logit: bool) -> tuple[str, ...]:
    return (*_COLUMNS, "logit") if logit else _COLUMNS


def _unscored(head: dict[str, Any]) -> Unscored:
    return Unscored(**head["unscored"])
