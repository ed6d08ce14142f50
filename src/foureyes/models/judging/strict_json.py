"""Replies that are one JSON object and nothing else, with a code in them that only the request knew.

A reply is believed whole or not at all: no text around it, no missing, further or repeated key, no NaN, no lone surrogate, no
reply to another request. Two habits of models are let pass, one at a time: one code fence around the whole, and one closed
``<think>`` block before it.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Collection
from typing import Any, Final, NoReturn

__all__ = ["MalformedReply", "strict_json_object"]

_FENCE: Final = re.compile(r"\s*```(?:json)?[ \t]*\r?\n(.*)\n[ \t]*```\s*", re.DOTALL | re.IGNORECASE)
_THINKING: Final = re.compile(r"\s*<think>(?:(?!</?think>).)*</think>(.*)", re.DOTALL)


class MalformedReply(Exception):
    """A reply that is not in the form asked for. The message quotes nothing of it."""


def strict_json_object(reply: str, code: str, keys: Collection[str]) -> dict[str, Any]:
    """The object in a reply.

    Args:
        reply: everything that was said. White space around the object is let pass, and so is one fence around it or one
            closed think block before it.
        code: what the object must hold under ``"code"``.
        keys: exactly these besides, at its top.

    Raises:
        MalformedReply: it is anything else.

    Example:
        >>> strict_json_object('{"code": "5eed5eed", "claim": "x"}', "5eed5eed", ["claim"])
        {'claim': 'x'}
    """
    try:
        reply.encode()
        found = json.loads(_unwrapped(reply), object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()  # finds surrogates that were escaped
    except (ValueError, RecursionError) as error:
        raise MalformedReply("the reply is not one JSON object") from error
    if not isinstance(found, dict) or set(found) != {"code", *keys}:
        raise MalformedReply(f"the reply is not an object of exactly {', '.join(['code', *keys])}")
    said = found.pop("code")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), code.encode()):
        raise MalformedReply("the reply does not repeat the code it was given")
    return found


def _unwrapped(reply: str) -> str:
    """The reply without the one thing around it that is let pass; whatever else is around it is no JSON."""
    for habit in (_FENCE, _THINKING):
        if (found := habit.fullmatch(reply)) is not None:
            return found[1]
    return reply


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedReply("the reply repeats a key")
    return found


def _no_number(name: str) -> NoReturn:
    raise MalformedReply(f"the reply holds {name}, which is no number")
