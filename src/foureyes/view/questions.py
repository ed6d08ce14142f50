"""What a page asks for, as it stands in an address."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from foureyes.errors import InputError
from foureyes.view.ordering import ANY, Bounds, Direction
from foureyes.view.viewed_file import LABEL_NUMBERS

__all__ = ["MOST_ROWS", "RowsQuestion", "whole"]

MOST_ROWS: Final = 200
"""Most rows of one answer."""

_LONGEST_TEXT: Final = 500
_KNOWN: Final = frozenset(("file", "verifier", "sort", "by", "order", "offset", "limit", "label", "text", "with")) | {
    *("min_tokens", "max_tokens", "signal_min", "signal_max")
}

Parameters = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class RowsQuestion:
    """Which rows are asked for.

    Attributes:
        file: number of the file.
        verifier: number of the verifier in it.
        sort: name of a signal, or ``n_tokens``; empty for the default.
        by: its value, or how far it is from that beside.
        order: worst first, best first, or as the file has them.
        offset: how many are passed over.
        limit: how many are wanted.
        labels: which labels fit, as numbers; all where there are none.
        tokens: bounds on the tokens of the answer.
        signal: bounds on what is sorted by.
        text: what prompt or answer hold.
        beside: another file and verifier to be shown beside; ``None`` for none.
    """

    file: int = 0
    verifier: int = 0
    sort: str = ""
    by: str = "value"
    order: Direction = "worst"
    offset: int = 0
    limit: int = 50
    labels: tuple[int, ...] = ()
    tokens: Bounds = ANY
    signal: Bounds = ANY
    text: str = ""
    beside: tuple[int, int] | None = None

    @classmethod
    def of(cls, parameters: Parameters) -> RowsQuestion:
        """From the parameters of an address.

        Raises:
            InputError: one of them is not known, or not as it should be.
        """
        unknown = parameters.keys() - _KNOWN
        if unknown:
            raise InputError(f"no parameter {min(unknown)!r:.40}; there are {', '.join(sorted(_KNOWN))}")
        order = _one(parameters, "order") or "worst"
        text, by = _one(parameters, "text"), _one(parameters, "by") or "value"
        if by not in ("value", "difference"):
            raise InputError(f"by must be value or difference; got {by!r:.40}")
        if order not in get_args(Direction):
            raise InputError(f"order must be worst, best or file; got {order!r:.40}")
        if len(text) > _LONGEST_TEXT:
            raise InputError(f"text has at most {_LONGEST_TEXT} characters; got {len(text)}")
        return cls(
            file=whole(parameters, "file"),
            verifier=whole(parameters, "verifier"),
            sort=_one(parameters, "sort"),
            by=by,
            order=order,  # type: ignore[arg-type] # checked above
            offset=whole(parameters, "offset"),
            limit=min(whole(parameters, "limit", 50), MOST_ROWS),
            labels=tuple(sorted({_label(word) for word in parameters.get("label", ()) if word})),
            tokens=_bounds(parameters, "min_tokens", "max_tokens"),
            signal=_bounds(parameters, "signal_min", "signal_max"),
            text=text,
            beside=_beside(_one(parameters, "with")),
        )


def whole(parameters: Parameters, name: str, default: int = 0) -> int:
    """A whole number from 0.

    Raises:
        InputError: it is something else.
    """
    text = _one(parameters, name)
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise InputError(f"{name} must be a whole number from 0; got {text!r:.40}")
    return int(text)


def _one(parameters: Parameters, name: str) -> str:
    given = parameters.get(name, ())
    if len(given) > 1:
        raise InputError(f"{name} is given {len(given)} times")
    return given[0] if given else ""


def _label(word: str) -> int:
    if word not in LABEL_NUMBERS:
        raise InputError(f"label must be one of {', '.join(LABEL_NUMBERS)}; got {word!r:.40}")
    return LABEL_NUMBERS[word]


def _bounds(parameters: Parameters, low: str, high: str) -> Bounds:
    return Bounds(_number(parameters, low), _number(parameters, high))


def _number(parameters: Parameters, name: str) -> float | None:
    text = _one(parameters, name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(f"{name} must be a number; got {text!r:.40}") from error
    if not math.isfinite(value):
        raise InputError(f"{name} must be finite; got {text!r:.40}")
    return value


def _beside(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    file, sign, verifier = text.partition(":")
    numbers = {"file": [file], "verifier": [verifier if sign else "x"]}
    return whole(numbers, "file"), whole(numbers, "verifier")
