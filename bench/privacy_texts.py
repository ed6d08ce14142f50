"""Texts to try the finding of personal data on: drawn at random, and made to be slow.

Everything is drawn from a generator that is passed in, so a seed names a text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Final

from foureyes.privacy.ibans import IBAN_LENGTHS
from foureyes.types import Part, Reasoning, Refusal, ToolCall, ToolResult

__all__ = ["HOSTILE", "SEPARATORS", "random_parts", "random_text"]

SEPARATORS: Final[Mapping[str, str]] = {
    "space": " ", "hyphen": "-", "dot": ".", "no-break space U+00A0": "\u00a0", "narrow no-break U+202F": "\u202f",
    "thin space U+2009": "\u2009", "figure space U+2007": "\u2007", "ideographic space U+3000": "\u3000", "tab": "\t",
    "double space": "  ", "hyphen U+2010": "\u2010", "no-break hyphen U+2011": "\u2011", "figure dash U+2012": "\u2012",
    "en dash U+2013": "\u2013", "em dash U+2014": "\u2014", "minus U+2212": "\u2212", "full-width hyphen U+FF0D": "\uff0d",
    "middle dot U+00B7": "\u00b7", "full-width dot U+FF0E": "\uff0e",
    "space and zero-width space": " \u200b", "soft hyphen and hyphen": "\u00ad-",
}  # fmt: skip
"""Ways to set the groups of a number apart."""

_BETWEEN: Final = (
    *SEPARATORS.values(),
    "",
    " ",
    " ",
    " ",
    " ",
    "\n",
    ", ",
    "/",
    "(",
    ")",
    ": ",
    "; ",
    "_",
    '"',
    "\u200b",
)
_WORDS: Final = ["call", "phone", "tel", "passport", "number", "order", "serial", "invoice", "account", "bank", "card", "iban", "ssn", "social", "security", "driver", "license", "nhs", "the", "of", "is", "at", "on", "for", "please", "send", "email", "to", "and", "ref", "DE", "GB", "US", "+1", "+44", "+", "00", "0", "1", "10", "2024", "12.05.2024", "3.14159", "$", "#", "x", "ext.", "claim", "rx"]  # fmt: skip


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def _card(draw: random.Random) -> str:
    body = draw.choice(["4", "51", "55", "2221", "6011", "35"]) + _digits(draw, 20)
    body = body[:15]
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(body)]
    return body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def _iban(draw: random.Random) -> str:
    country = draw.choice(sorted(IBAN_LENGTHS))
    body = _digits(draw, IBAN_LENGTHS[country] - 4)
    rest = int("".join(str(int(char, 36)) for char in f"{body}{country}00")) % 97
    return f"{country}{98 - rest:02d}{body}"


def _phone(draw: random.Random) -> str:
    shape = draw.choice(
        ["+44 20 7### ####", "+1 415 555 ####", "(212) 555-####", "020 7### ####", "+33 6 ## ## ## ##", "0117 4## ####"]
    )
    return _filled(draw, shape)


def _filled(draw: random.Random, shape: str) -> str:
    return "".join(draw.choice("0123456789") if char == "#" else char for char in shape)


def _email(draw: random.Random) -> str:
    name = "".join(draw.choice("abcxyz.+_-'0123456789") for _ in range(draw.randrange(1, 12)))
    return f"{name}@{draw.choice(['example.org', 'corp.internal', 'a.b', 'xn--e1afmkfd.example', 'h-1.lan'])}"


_VALUES: Final[tuple[Callable[[random.Random], str], ...]] = (
    _card, _iban, _phone, _email,
    lambda draw: _digits(draw, draw.randrange(1, 20)),
    lambda draw: _filled(draw, "###-##-####"),
    lambda draw: _filled(draw, "9##-7#-####"),
    lambda draw: _filled(draw, "### ### ####"),
    lambda draw: _filled(draw, "AB ## ## ## C"),
    lambda draw: ".".join(str(draw.randrange(300)) for _ in range(4)),
    lambda draw: ":".join(f"{draw.randrange(256):02x}" for _ in range(draw.choice([6, 8]))),
    lambda _: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    lambda draw: _filled(draw, "https://u#:p#@h#.example/?token=#"),
    lambda draw: _filled(draw, draw.choice(["[EMAIL_ADDRESS_1_ABCDEFGH]", "[card_#_abcdefgh]", "A#######", "RX-#######"])),
)  # fmt: skip


_ESCAPES: Final = ("%{:02x}", "%25{:02X}", "&#{};", "&#x{:x}", "&amp;#{};", "\\u{:04x}", "\\\\u{:04X}", "\\x{:02x}")


def _piece(draw: random.Random) -> str:
    if draw.random() < 0.4:
        return draw.choice(_WORDS)
    value = draw.choice(_VALUES)(draw)
    how = draw.random()
    if how < 0.35:  # in groups, set apart in one way
        gap = draw.choice(list(SEPARATORS.values()))
        size = draw.choice([2, 3, 4])
        plain = value.replace(" ", "").replace("-", "")
        return gap.join(plain[start : start + size] for start in range(0, len(plain), size))
    if how < 0.5:
        return value.replace(" ", draw.choice(list(SEPARATORS.values())))
    if how < 0.6:  # full-width
        return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in value)
    if how < 0.7:
        place = draw.randrange(len(value) + 1)
        return value[:place] + draw.choice("\u200b\u2060\ufeff\u00ad\u0301") + value[place:]
    return _escaped(draw, value) if how < 0.8 else value


def _escaped(draw: random.Random, value: str) -> str:
    """In escapes of one kind: its signs, some of its characters, or all of them."""
    form, share = draw.choice(_ESCAPES), draw.choice([0.0, 0.3, 1.0])
    return "".join(form.format(ord(char)) if not char.isalnum() or draw.random() < share else char for char in value)


def random_text(draw: random.Random) -> str:
    """A text of words and values, close together and in any typography."""
    return "".join(_piece(draw) + draw.choice(_BETWEEN) for _ in range(draw.randrange(1, 12)))


def random_parts(draw: random.Random) -> list[Part]:
    """The parts of a message: text, a tool call, its result, and what else there may be."""
    words = random_text(draw)
    makers: tuple[Callable[[str], Part], ...] = (str, Reasoning, Refusal)
    said = draw.choice(makers)(words)
    written = json.dumps(_json(draw, 3), ensure_ascii=draw.random() < 0.5)
    given = draw.choice([random_text(draw), json.dumps(_json(draw, 2))])
    return [
        said,
        ToolCall(draw.choice(["pay", "lookup_passport", "call"]), written, "call_1"),
        ToolResult(given, "call_1"),
    ]


def _json(draw: random.Random, depth: int) -> object:
    keys = [draw.choice(_WORDS) if draw.random() < 0.8 else _piece(draw) for _ in range(draw.randrange(1, 4))]
    return {key: _value(draw, depth) for key in keys}


def _value(draw: random.Random, depth: int) -> object:
    kind = draw.randrange(6)
    if kind == 0 and depth:
        return _json(draw, depth - 1)
    if kind == 1 and depth:
        return [_value(draw, depth - 1) for _ in range(draw.randrange(3))]
    if kind == 2:
        return draw.choice([int(_card(draw)), int(_digits(draw, draw.randrange(1, 17))), 1.5, None, True])
    return random_text(draw) if kind == 3 else _piece(draw)


def _rows(draw: random.Random, make: Callable[[random.Random], str], length: int) -> str:
    text = ""
    while len(text) < length:
        text += " ".join(make(draw) for _ in range(100)) + " "
    return text[:length]


HOSTILE: Final[Mapping[str, Callable[[random.Random, int], str]]] = {
    "English, nothing to find": lambda _, n: ("The capital of Australia is Canberra, a city. " * (n // 46 + 1))[:n],
    "digits in a row": _digits,
    "digit, space": lambda _, n: "1 " * (n // 2),
    "numbers": lambda draw, n: _rows(draw, lambda d: _digits(d, d.randrange(1, 12)), n),
    "phone numbers": lambda draw, n: _rows(draw, _phone, n),
    "ten digits": lambda draw, n: _rows(draw, lambda d: "4" + _digits(d, 9), n),
    "cards that are none": lambda draw, n: _rows(draw, lambda d: _filled(d, "4### #### #### ####"), n),
    "like IBANs": lambda draw, n: _rows(draw, lambda d: _filled(d, "DE## #### #### #### #### ##"), n),
    "digit, hyphen": lambda _, n: "1-" * (n // 2),
    "digit, dot": lambda _, n: "1." * (n // 2),
    "@": lambda _, n: "@" * n,
    "a.b.c.d@": lambda _, n: "a.b.c.d@" * (n // 8),
    "a@a.": lambda _, n: "a@a." * (n // 4),
    "a@a.a ": lambda _, n: "a@a.a " * (n // 6),
    "http://": lambda _, n: "http://" * (n // 7),
    "claim, line breaks": lambda _, n: "claim \n\n\n\n" * (n // 10),
    "passport and nine digits": lambda draw, n: _rows(draw, lambda d: "passport " + _digits(d, 9), n),
}
"""Texts that are as slow as texts get, by a generator and their length."""
