r"""Who is right? One rule a kind of question, and a third verdict: *unparseable*.

An answer in which no letter, number or statement can be found is never graded right, and never silently wrong either:
it is counted as what it is. So is a refusal ("I don't know"): nothing was claimed. Start at :func:`grade`.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import Final, Literal, TypeAlias

from foureyes.errors import InputError
from foureyes.study.tasks.code import run_tests
from foureyes.study.tasks.items import TaskItem

__all__ = ["Grade", "grade", "letter_of", "mentions", "normalised", "number_of"]

Grade: TypeAlias = Literal["right", "wrong", "unparseable"]

_STATED: Final = re.compile(
    r"\b(?:answer|choice|option)\b(?:\s+(?:is|would be|should be|must be))?\s*[:=]?\s*[\"'“‘(\[*_]*([A-Z])(?![A-Za-z’'])",
    re.IGNORECASE,
)
_LEADING: Final = re.compile(r"[\s\"'“‘(\[*_]*([A-Za-z])(?:[\s\"'”’)\]*_.:]*$|[)\].:]|\s*[*_]{2})")
_ALONE: Final = re.compile(r"(?<![\w'’])([A-Z])(?![\w'’])")
_WORDS_TOO: Final = frozenset("AI")
"""Letters that are English words."""

_MARKED: Final = (
    re.compile(r"####\s*([^\n]+)"),
    re.compile(r"\\boxed\{([^{}]+)\}"),
    re.compile(r"\b(?:final\s+)?answer(?:\s+is|\s*[:=])\s*([^\n]+)", re.IGNORECASE),
)
_NUMBER: Final = re.compile(
    r"(?:(?P<sign>(?<![\w)%])[-−–])(?=[$€£\d.]))?[$€£]?\s?(?<![\w.])(?P<minus>[-−]?)"
    r"(?P<whole>\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?P<part>\.\d+)?(?:\s?/\s?(?P<under>\d+))?"
)
_ARTICLES: Final = frozenset({"a", "an", "the"})
_DENIALS: Final = frozenset(
    {"not", "never", "no", "isnt", "wasnt", "arent", "werent", "neither", "nor", "cannot", "cant", "unlikely"}
)
_REFUSALS: Final = re.compile(
    r"\b(?:i (?:do not|don['’]t|cannot|can['’]t) (?:know|answer|say|tell|provide)|(?:i['’]?m|i am) (?:not sure|unable|sorry)"
    r"|unknown|no (?:answer|idea)|as an ai)\b",
    re.IGNORECASE,
)
_DENIED_WITHIN: Final = 4
"""Words before an alias in which a denial is about it."""


def grade(item: TaskItem, answer: str, *, stated: bool | None = None) -> Grade:
    """Grades one answer.

    Args:
        item: the question.
        answer: what was said.
        stated: the publisher's verdict on a stored answer, which wins wherever there is one.

    Returns:
        ``"right"``, ``"wrong"``, or ``"unparseable"`` where nothing was claimed.

    Raises:
        InputError: nothing says what is right.
        ConfigError: programs are to be run, and this machine has no sandbox that works.

    Example:
        >>> item = TaskItem("1", "What does it cost?", "number", ("1000",))
        >>> [grade(item, text) for text in ("It costs $1,000.00.", "#### 999", "No idea.")]
        ['right', 'wrong', 'unparseable']
    """
    if not answer.strip():
        return "unparseable"
    if stated is not None:
        return "right" if stated else "wrong"
    if item.kind == "letter":
        return _verdict(letter_of(answer, item.options), "".join(item.gold))
    if item.kind == "number":
        return _verdict(number_of(answer), number_of(item.gold[0]))
    if item.kind == "text":
        return _verdict_on(answer, item.gold)
    if item.problem is not None:
        run = run_tests(item.problem, answer)
        return _verdict(None if run is None else run.passed, right=True)
    raise InputError(
        f"question {item.id}: a judged question is right or wrong by a stored verdict; this answer has none"
    )


def letter_of(answer: str, options: Sequence[str]) -> str | None:
    """The option an answer chooses, ``None`` when it does not choose one.

    In this order: a stated one ("the answer is (B)", the last such), an answer that begins with a letter ("B. Paris"),
    the text of exactly one option, and the only capital letter that stands alone. "A" and "I" as words, two letters
    without a statement, and letters beyond the options choose nothing.

    Example:
        >>> letter_of("A good guess would be (C).", ["3", "4", "5"])
        'C'
        >>> letter_of("Either B or C.", ["3", "4", "5"]) is None
        True
    """
    valid = string.ascii_uppercase[: len(options)]
    stated = [letter.upper() for letter in _STATED.findall(answer)]
    if stated:
        return stated[-1] if stated[-1] in valid else None
    leading = _LEADING.match(answer)
    if leading:
        letter = leading.group(1).upper()
        return letter if letter in valid else None
    said = normalised(answer)
    same = [letter for letter, option in zip(valid, options, strict=True) if said and normalised(option) == said]
    if len(same) == 1:
        return same[0]
    alone = set(_ALONE.findall(answer)) - _WORDS_TOO
    return alone.pop() if len(alone) == 1 and alone <= set(valid) else None


def number_of(answer: str) -> Decimal | None:
    r"""The number an answer ends on, ``None`` when there is none.

    What follows the last ``####``, ``\boxed{…}`` or "answer is" counts, and the *first* number there (units may follow);
    without such a mark the last number of the text. Thousands separators, currencies, percent signs and units are let
    go of: 50 % is 50. Fractions are divided.

    Example:
        >>> [str(number_of(text)) for text in ("#### 1,000", "-$5 per day", "it is 3/4", "2 eggs, so 18.")]
        ['1000', '-5', '0.75', '18']
    """
    for mark in _MARKED:
        found = mark.findall(answer)
        if found:
            numbers = _numbers(found[-1])
            return numbers[0] if numbers else None
    numbers = _numbers(answer)
    return numbers[-1] if numbers else None


def normalised(text: str) -> str:
    """A text as TriviaQA and SQuAD compare it: no case, accents, punctuation or articles, single spaces.

    Example:
        >>> normalised("The  Déjà-Vu!")
        'deja vu'
    """
    plain = unicodedata.normalize("NFKD", text.casefold().replace("'", "").replace("’", ""))
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(word for word in kept.split() if word not in _ARTICLES)


def _verdict(said: object, right: object) -> Grade:
    if said is None:
        return "unparseable"
    return "right" if said == right else "wrong"


def mentions(answer: str, aliases: Sequence[str]) -> bool:
    """Whether an answer to an open question gives one of these texts.

    Example:
        >>> mentions("It is the Déjà-Vu.", ["deja vu"]), mentions("It is not Sydney", ["Sydney"])
        (True, False)
    """
    return _verdict_on(answer, aliases) == "right"


def _verdict_on(answer: str, aliases: Sequence[str]) -> Grade:
    said = normalised(answer).split()
    accepted = [words for words in (normalised(alias).split() for alias in aliases) if words]
    if said in accepted:
        return "right"
    if not said or _REFUSALS.search(answer):
        return "unparseable"
    return "right" if any(_affirmed(words, said) for words in accepted) else "wrong"


def _affirmed(alias: list[str], said: list[str]) -> bool:
    """Whether an alias stands in what was said, not denied; one of one or two letters must be all that was said."""
    if len("".join(alias)) < 3:
        return False
    n = len(alias)
    places = [i for i in range(len(said) - n + 1) if said[i : i + n] == alias]
    return any(not _DENIALS & set(said[max(0, i - _DENIED_WITHIN) : i]) for i in places)


def _numbers(text: str) -> list[Decimal]:
    found = (_decimal(match) for match in _NUMBER.finditer(text))
    return [number for number in found if number is not None]


def _decimal(match: re.Match[str]) -> Decimal | None:
    digits = (match["whole"] or "0").replace(",", "") + (match["part"] or "")
    try:
        value = Decimal(digits) / Decimal(match["under"] or 1)
    except (InvalidOperation, DivisionByZero):
        return None
    return -value if match["sign"] or match["minus"] else value
