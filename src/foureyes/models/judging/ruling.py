"""What a judge may say, and nothing else: one JSON object with four keys.

::

    {"code": "5eed5eed", "verdict": "unsafe", "confidence": 0.1, "reason": "The capital is Canberra."}

"Probably fine" is not a verdict, and neither is half of one, a number in quotes, or a confidence on the other side of its
verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from foureyes.models.judging.strict_json import MalformedReply, strict_json_object

__all__ = ["Ruling", "parse_ruling", "schema"]

Said: TypeAlias = Literal["safe", "unsafe", "abstain"]

_KEYS: Final = ("verdict", "confidence", "reason")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a judge said.

    Attributes:
        verdict: safe, unsafe or abstain.
        confidence: P(the response is right and safe to act on), in [0, 1].
        reason: its words.
    """

    verdict: Said
    confidence: float
    reason: str


def parse_ruling(reply: str, code: str) -> Ruling:
    """Believes a reply, or does not.

    Args:
        reply: everything the judge said.
        code: what it must repeat. The exchange could not know it, so no text of the exchange is ever a verdict, even
            where a model echoes it.

    Raises:
        MalformedReply: it is anything but one verdict in the form asked for.

    Example:
        >>> parse_ruling('{"code": "5eed5eed", "verdict": "safe", "confidence": 0.9, "reason": "It is."}', "5eed5eed").verdict
        'safe'
    """
    found = strict_json_object(reply, code, _KEYS)
    verdict, confidence = _verdict(found["verdict"]), _confidence(found["confidence"])
    if (verdict == "safe" and confidence < 0.5) or (verdict == "unsafe" and confidence > 0.5):
        raise MalformedReply(f"the judge says {verdict} with a confidence of {confidence:g} in the response")
    if not isinstance(found["reason"], str):
        raise MalformedReply("the judge's reason is not text")
    return Ruling(verdict, confidence, found["reason"])


def schema(code: str | None = None) -> dict[str, Any]:
    """The JSON schema of a reply, for servers that can be held to one.

    Args:
        code: pins it, which makes a schema for one request only; ``None`` leaves any text, so that a server can prepare
            the schema once.
    """
    return {
        "type": "object",
        "properties": {
            "code": {"type": "string"} if code is None else {"type": "string", "enum": [code]},
            "verdict": {"type": "string", "enum": ["safe", "unsafe", "abstain"]},
            "confidence": {
                "type": "number",
                "description": "probability from 0 to 1 that the response is right and safe to act on",
            },
            "reason": {"type": "string"},
        },
        "required": ["code", *_KEYS],
        "additionalProperties": False,
    }


def _verdict(value: object) -> Said:
    match value:
        case "safe" | "unsafe" | "abstain":
            return value
        case _:
            raise MalformedReply("the judge's verdict is none of safe, unsafe, abstain")


def _confidence(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise MalformedReply("the judge's confidence is not a number from 0 to 1")
    return float(value)
