"""A reading made again of what ``foureyes score --tokens`` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from foureyes.batch.results import TOKEN_ARRAYS
from foureyes.errors import InputError
from foureyes.types import Reading
from foureyes.view.scored_rows import is_number

__all__ = ["reading_of"]

_NUMBERS: Final = ("nll", "entropy_low", "entropy_high", "missing_mass", "rank", "top1", "selected")

_MOST_UNCOVERED: Final = 100_000
"""Most bytes of an answer that no token covers."""


def reading_of(verifier: str, answer: str, result: Mapping[str, Any]) -> Reading:
    """The reading behind a row's numbers, without the alternatives, which are not written.

    Args:
        verifier: whose it is.
        answer: as the row has it. Where the verifier read it in other words (a turn with tool calls, as its template writes
            them), the text is put together from that of the tokens.
        result: what the row says of this verifier, with ``tokens``.

    Raises:
        InputError: the arrays are not those of a reading.
    """
    tokens = result["tokens"]
    for name, kind in TOKEN_ARRAYS.items():
        _require_array(name, kind, tokens.get(name))
    columns: dict[str, Any] = {name: np.array(tokens[name]) for name in _NUMBERS}
    try:
        return Reading(
            model=verifier,
            answer=answer if _covers(answer, tokens) else _text_of(tokens),
            token_ids=np.array(tokens["id"]),
            spans=np.column_stack([tokens["start"], tokens["end"]]),
            n_prompt_tokens=_count(result.get("n_prompt_tokens")),
            n_dropped=_count(result.get("n_dropped")),
            **columns,
        )
    except InputError:
        raise
    except (ValueError, OverflowError) as error:  # arrays of several lengths, numbers beyond 64 bits
        raise InputError(f"not those of a reading: {error}"[:200]) from error


def _require_array(name: str, kind: type, values: object) -> None:
    kinds = (float, int) if kind is float else (kind,)
    if not isinstance(values, list) or not all(type(value) in kinds for value in values):
        raise InputError(f"{name!r} must be a list of {kind.__name__}")
    if kind is float and not all(map(is_number, values)):
        raise InputError(f"{name!r} holds what is no finite number")


def _count(value: object) -> int:
    return value if type(value) is int and value >= 0 else 0


def _covers(answer: str, tokens: Mapping[str, Any]) -> bool:
    raw = answer.encode()
    places = zip(tokens["start"], tokens["end"], tokens["text"], strict=True)
    return all(raw[start:end].decode(errors="replace") == text for start, end, text in places)


def _text_of(tokens: Mapping[str, Any]) -> str:
    """Bytes that no token covers are shown as spaces."""
    length = max(tokens["end"], default=0)
    if length > _MOST_UNCOVERED + sum(map(len, tokens["text"])) * 4:
        raise InputError(f"tokens that end at byte {length} and have {sum(map(len, tokens['text']))} characters")
    raw = bytearray(b" " * length)
    for start, end, text in zip(tokens["start"], tokens["end"], tokens["text"], strict=True):
        said = text.encode()
        if len(said) != end - start:
            raise InputError(f"a token of {end - start} bytes has the text {text!r:.40}")
        raw[start:end] = said
    return raw.decode(errors="replace")
