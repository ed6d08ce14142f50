"""What the contract suites hand to an implementation; pytest comes in here, once."""

from __future__ import annotations

from typing import Final

from foureyes.errors import ConfigError
from foureyes.types import (
    Exchange,
    Message,
    OtherPart,
    Part,
    Reasoning,
    Refusal,
    Role,
    ToolCall,
    ToolDefinition,
    ToolResult,
)

try:
    import pytest
except ImportError as error:
    raise ConfigError("the contract suites need pytest: pip install pytest") from error

__all__ = ["EXCHANGES", "PAYMENT", "TEXTS", "UNREAD", "pytest"]

EXCHANGES: Final[tuple[Exchange, ...]] = (
    Exchange("Capital of Australia?", "Sydney"),
    Exchange("Capital of Australia?", "The capital of Australia is Canberra, not Sydney."),
    Exchange("What is 17 times 3?", "17 × 3 = 51"),
    Exchange("Write a function that adds two numbers.", "def add(a, b):\n    return a + b\n"),
    Exchange("Say hello in three languages.", "Hello, grüß Gott, こんにちは 👋"),
    Exchange("Summarise the water cycle in one sentence.", "Water evaporates, condenses into clouds and rains. " * 8),
    Exchange(
        (
            Message("user", "Who wrote the Odyssey?"),
            Message("assistant", "Homer."),
            Message("user", "And the Aeneid?"),
        ),
        "Virgil wrote the Aeneid.",
    ),
)
"""Answers short and long, in several scripts, to one question and to several turns."""

TEXTS: Final[dict[str, str]] = {
    "ascii": "Plain words, digits 0123456789 and signs (+-*/).",
    "emoji": "family 👩‍👩‍👧‍👦, flag 🇦🇺, thumbs 👍🏽",
    "combining": "e\u0301 a\u030a n\u0303 and Zalgo z\u0351\u036b\u0343",
    "composed": "é å ñ",
    "cjk": "澳大利亚的首都是堪培拉。",
    "right-to-left": "عاصمة أستراليا هي كانبرا",
    "devanagari": "ऑस्ट्रेलिया की राजधानी",
    "white space": "  two  spaces\tand a tab\n\nand lines \n",
    "punctuation": "…—«»“”‘’",
    "rare": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \u2028 \ufeff end",
}

PAYMENT: Final = Exchange.of(
    (
        Message("developer", "Pay what the user asks for."),
        Message("user", "Pay Ana 12.50."),
        Message.of("assistant", ["Who is that?", ToolCall("find_person", '{"name": "Ana"}', "c1")]),
        Message.of("tool", [ToolResult('{"account": "AT01"}', "c1", "find_person")]),
    ),
    Message.of("assistant", ["On it.", ToolCall("pay", '{"to": "AT01", "amount": 12.50, "note": "for <Ana>"}', "c2")]),
    tools=[
        ToolDefinition("find_person", "Finds a person's account."),
        ToolDefinition("pay", "Pays.", '{"type": "object", "properties": {"amount": {"type": "number"}}}'),
    ],
)
"""An agent's turn: words and a call, after a call and its result."""

_KINDS: Final[dict[str, Part]] = {
    "image": OtherPart("image_url"),
    "no JSON": ToolCall("pay", "5 to Ana"),
    "a key twice": ToolCall("pay", '{"amount": 5, "amount": 5000}'),
    "NaN": ToolCall("pay", '{"amount": NaN}'),
    "too deep": ToolCall("pay", '{"a":' * 100 + "1" + "}" * 100),
}
_BESIDE: Final[tuple[Part, ...]] = ("Words.", Reasoning("Thoughts."), Refusal("No."), ToolCall("now"))
_ROLES: Final[tuple[Role, ...]] = ("system", "developer", "user", "assistant", "tool")

UNREAD: Final[dict[str, Exchange]] = {
    f"{kind} {place}": exchange
    for kind, part in _KINDS.items()
    for place, exchange in {
        **{
            f"of {role}": Exchange((Message.of(role, [*_BESIDE, part]), Message("user", "Pay.")), "Paid.")
            for role in _ROLES
        },
        "in the answer": Exchange.of("Pay.", Message.of("assistant", [part])),
        "beside other parts of the answer": Exchange.of("Pay.", Message.of("assistant", [*_BESIDE, part])),
    }.items()
}
"""Every part that cannot be read, in every place."""
