"""V-Agree: does the verifier, asked the same question, say the same?

One generation by the verifier. What "the same" means depends on the task: a letter, a number or a text. An answer in
which no letter or number can be found agrees with nothing and disagrees with nothing: the row is ``Unscored``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from foureyes.errors import InputError
from foureyes.models.roles import Sampling, Writer
from foureyes.types import Exchange, Unscored, Written

__all__ = ["Match", "plain_words", "same_answer", "v_agree"]

Match: TypeAlias = Literal["letter", "number", "text"]

_LETTER: Final = re.compile(r"(?<![A-Za-z'’])([A-Z])(?![A-Za-z'’])")
_NUMBER: Final = re.compile(r"(?<![\w.])[-−]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)")
_ARTICLES: Final = frozenset({"a", "an", "the"})


def v_agree(
    exchanges: Sequence[Exchange], writer: Writer, *, match: Match = "text", max_tokens: int = 64
) -> list[float | Unscored]:
    """Lets the verifier answer every prompt greedily and compares.

    Args:
        exchanges: prompts and the answers under scrutiny.
        writer: the verifier.
        match: what has to be the same, see :func:`same_answer`.
        max_tokens: longest answer of the verifier.

    Returns:
        Per exchange 0.0 when the two agree, 1.0 when they differ (an uncertainty), or :class:`Unscored`.

    Source: Gorbett & Jana, arXiv 2603.25450 (the agreement baseline).
    """
    answers = writer.write([exchange.prompt for exchange in exchanges], Sampling(max_tokens=max_tokens))
    return [_compare(exchange, answer, match) for exchange, (answer,) in zip(exchanges, answers, strict=True)]


def same_answer(one: str, other: str, match: Match) -> bool | None:
    """Whether two answers say the same; ``None`` when one of them cannot be understood.

    - ``"letter"``: the first capital letter that stands alone.
    - ``"number"``: the last number, compared as a number: 1,000.0 is 1000.
    - ``"text"``: the words, without case, accents, punctuation and articles, are the same, or those of one stand
      together inside the other ("Canberra" and "It is Canberra.").

    Example:
        >>> same_answer("The answer is (B).", "B", "letter")
        True
        >>> same_answer("It costs $1,000.00", "1000", "number")
        True
        >>> same_answer("Sydney", "The capital is Canberra.", "text")
        False
    """
    if match == "letter":
        letters = _LETTER.search(one), _LETTER.search(other)
        return None if None in letters else letters[0].group(1) == letters[1].group(1)  # type: ignore[union-attr]
    if match == "number":
        numbers = _last_number(one), _last_number(other)
        return None if None in numbers else numbers[0] == numbers[1]
    if match == "text":
        words, others = _words(one), _words(other)
        return None if not words or not others else _stands_in(words, others) or _stands_in(others, words)
    raise InputError(f"match must be 'letter', 'number' or 'text'; got {match!r}")


def _compare(exchange: Exchange, answer: Written | Unscored, match: Match) -> float | Unscored:
    if isinstance(answer, Unscored):
        return answer
    if exchange.turn is not None and exchange.turn.calls:
        return Unscored("unparseable", "an answer that calls tools cannot be compared with words")
    same = same_answer(exchange.answer, answer.exchange.answer, match)
    if same is None:
        detail = (
            f"no {match} to compare in {exchange.answer[:80]!r} or in the verifier's {answer.exchange.answer[:80]!r}"
        )
        return Unscored("unparseable", detail)
    return 0.0 if same else 1.0


def _last_number(text: str) -> Decimal | None:
    found = _NUMBER.findall(text)
    return Decimal(found[-1].replace(",", "").replace("−", "-")) if found else None


def plain_words(text: str) -> list[str]:
    """The words of a text without case, accents and punctuation.

    Example:
        >>> plain_words("It's São Paulo!")
        ['it', 's', 'sao', 'paulo']
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split()


def _words(text: str) -> list[str]:
    return [word for word in plain_words(text) if word not in _ARTICLES]


def _stands_in(short: list[str], long: list[str]) -> bool:
    n = len(short)
    return any(long[i : i + n] == short for i in range(len(long) - n + 1))
