"""What lm-evaluation-harness writes with ``--log_samples``.

A text that was generated is an answer, and so is every option of a choice, with the log-probability that the model gave it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.fields import truth, unjoined
from foureyes.layouts.making import logged
from foureyes.types import Message

__all__ = ["harness_answers", "is_harness"]

_VERDICTS: Final = ("exact_match", "acc", "em", "pass@1", "prompt_level_strict_acc", "correct")
_FIELDS: Final = frozenset({"doc", "target", "arguments", "resps", "filtered_resps"})


def is_harness(row: Mapping[str, Any]) -> bool:
    """Whether a row is a sample of the harness."""
    return row.keys() >= _FIELDS


def harness_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The generated texts, or the options."""
    requests = [_request(raw, i) for i, raw in enumerate(_requests(row["arguments"]))]
    given = row["resps"]
    if not isinstance(given, list) or len(given) != len(requests) or not requests:
        raise InputError(f"'resps' must hold as many lists as there are 'arguments', {len(requests)}")
    if all(isinstance(more, str) for _, more in requests):
        yield from _options(row, [(prompt, str(more)) for prompt, more in requests], given)
    else:
        yield from _texts(row, requests, given)


def _texts(
    row: Mapping[str, Any], requests: Sequence[tuple[str, object]], given: Sequence[Any]
) -> Iterator[LoggedAnswer]:
    texts = [
        (prompt, text) for (prompt, _), said in zip(requests, given, strict=True) for text in _list(said, "resps[]")
    ]
    for i, (prompt, text) in enumerate(texts, 1):
        if not isinstance(text, str):
            raise InputError(f"'resps' must hold texts; got {text!r:.60}")
        several = len(texts) > 1
        turn = Message("assistant", unjoined(prompt, text))
        yield logged(prompt, turn, which=f"response {i}" if several else "", correct=None if several else _verdict(row))


def _options(
    row: Mapping[str, Any], requests: Sequence[tuple[str, str]], given: Sequence[Any]
) -> Iterator[LoggedAnswer]:
    """Every option after its prompt; those that the harness asks about without a prompt, to compare, are none."""
    asked = [(pair, said) for pair, said in zip(requests, given, strict=True) if pair[0].strip()]
    if not asked:
        raise InputError("'arguments' hold no prompt; wanted a task of generation or of choice")
    right = _right(row["target"], [option for (_, option), _ in asked])
    for i, ((prompt, option), said) in enumerate(asked):
        turn = Message("assistant", unjoined(prompt, option))
        correct = None if right is None or len(asked) < 2 else i == right
        yield logged(prompt, turn, which=f"option {i + 1}", correct=correct, logprob=_logprob(said))


def _requests(arguments: object) -> list[Any]:
    """One entry a request: newer versions name them, older ones list them."""
    return list(arguments.values()) if isinstance(arguments, dict) else _list(arguments, "arguments")


def _request(raw: object, i: int) -> tuple[str, object]:
    match raw:
        case {"arg_0": str(prompt), "arg_1": more} | [str(prompt), more]:
            return prompt, more
        case _:
            raise InputError(f"'arguments' must hold a prompt and what follows it; got {raw!r:.60} at {i}")


def _right(target: object, options: Sequence[str]) -> int | None:
    """Which option is the target, given by its place or its words; ``None`` where those disagree or name none."""
    said = str(target).strip()
    by_words = [i for i, option in enumerate(options) if option.strip() == said]
    by_place = int(said) if said.isascii() and said.isdigit() and int(said[:9]) < len(options) else None
    if by_place is not None:
        return by_place if by_words in ([], [by_place]) else None
    return by_words[0] if len(by_words) == 1 else None


def _logprob(said: object) -> float | None:
    match said:
        case [[float() | int() | str() as value, *_], *_]:
            try:
                found = float(value)
            except ValueError:
                return None
            return found if math.isfinite(found) and found <= 0 else None
        case _:
            return None


def _verdict(row: Mapping[str, Any]) -> bool | None:
    """Whether the harness found it right, by the first metric that says nothing else than right or wrong."""
    name = next((name for name in _VERDICTS if row.get(name) in (0, 1)), None)
    return None if name is None else truth(row[name], name)


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{name!r} must be a list; got {type(value).__name__}")
    return value
