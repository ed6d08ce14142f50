"""What the contract suites hand to an implementation; pytest comes in here, once."""

from __future__ import annotations

from typing import Final

from foureyes.errors import ConfigError
from foureyes.types import Exchange, Message

try:
    import pytest
except ImportError as error:
    raise ConfigError("the contract suites need pytest: pip install pytest") from error

__all__ = ["EXCHANGES", "TEXTS", "pytest"]

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
