"""A reading made again of what ``foureyes score --tokens`` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from foureyes.errors import InputError
from foureyes.types import Reading

__all__ = ["reading_of"]

_NUMBERS: Final = ("nll", "entropy_low", "entropy_high", "missing_mass", "rank", "top1", "selected")


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
    try:
        spans = np.column_stack([tokens["start"], tokens["end"]])
        columns: dict[str, Any] = {name: np.asarray(tokens[name]) for name in _NUMBERS}
        text = answer if _covers(answer, tokens) else _text_of(tokens)
        ids = np.asarray(tokens["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"tokens of {verifier}: not those of a reading: {error}") from error
    return Reading(
        model=verifier,
        answer=text,
        token_ids=ids,
        spans=spans,
        n_prompt_tokens=int(result.get("n_prompt_tokens") or 0),
        n_dropped=int(result.get("n_dropped") or 0),
        **columns,
    )


def _covers(answer: str, tokens: Mapping[str, Any]) -> bool:
    raw = answer.encode()
    places = zip(tokens["start"], tokens["end"], tokens["text"], strict=True)
    return all(raw[start:end].decode(errors="replace") == text for start, end, text in places)


def _text_of(tokens: Mapping[str, Any]) -> str:
    """Bytes that no token covers are shown as spaces."""
    raw = bytearray(b" " * max(tokens["end"], default=0))
    for start, end, text in zip(tokens["start"], tokens["end"], tokens["text"], strict=True):
        said = text.encode()
        if len(said) != end - start:
            raise InputError(f"a token of {end - start} bytes has the text {text!r:.40}")
        raw[start:end] = said
    return raw.decode(errors="replace")
