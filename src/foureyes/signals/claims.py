"""What an answer claims, apart from the words around it.

An answer is cut into sentence-like segments, and each is narrowed to what it claims:

- words of the question that the answer repeats are left out at its ends, where the verifier, having read the question,
  expected them;
- so are words that would be as likely without any question, politeness and formulas in whatever language: a second
  reading, in which the verifier was asked for nothing else (:data:`COURTESY_PROMPT`), tells which;
- so is a whole piece that the question makes less likely, and no word of it much likelier, however unlikely it is.

What is left out this way can carry no claim, for a claim is neither expected by a verifier that doubts it nor likely
where nothing was asked. Nothing is recognised by a list of phrases, and what is not recognised counts as a claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.signals.segments import Segment, split_segments
from foureyes.types import Message, Prompt, Reading

__all__ = [
    "COURTESY_PROMPT",
    "AnswerClaim",
    "ClaimReadings",
    "distinct_claims",
    "narrow_claim",
    "question_words",
    "split_claims",
]

_PHRASES: Final = (
    "The answer is:",
    "Vielen Dank für Ihre Anfrage!",
    "I hope this helps!",
    "La respuesta es:",
    "Please consult an expert.",
    "谢谢！",
    "As an AI language model, I cannot give advice.",
    "Voici la réponse :",
    "Answer:",
    "Спасибо!",
    "Note: this may contain mistakes.",
)
COURTESY_PROMPT: Final[tuple[Message, ...]] = (
    Message("user", "Write a phrase of the kind that people put before or after an answer."),
    *(
        Message(*turn)
        for phrase in _PHRASES
        for turn in (("assistant", phrase), ("user", "Another one, in any language."))
    ),
)
"""The prompt under which courtesies are likely, in any language, and claims are not."""

COURTESY_RATE: Final = 0.7
"""Nats a byte, read under :data:`COURTESY_PROMPT`, up to which words may be courtesy."""

COURTESY_START: Final = 4.0
"""Nats that do not count at the start of a courtesy: which one and in what language is anybody's choice."""

COURTESY_SHARE: Final = 0.65
"""Share of their nats under the question up to which words are courtesy: the question makes a claim likelier."""

COURTESY_WORD: Final = 4.5
"""Nats that a later word of a courtesy may cost in the cheapest of its readings."""

CONTEXT_SHARE: Final = 0.95
"""Share of its nats under the question up to which a whole piece may be context, however unlikely its words are."""

CONTEXT_GAIN: Final = 4.0
"""Nats by which the question may make one word of such a piece likelier: more, and the word claims something."""

EXPECTED: Final = 3.0
"""Nats up to which the verifier expected a token of the repeated question."""

SHORTEST_ECHO: Final = 3
"""Fewest words that count as repeating the question: single ones of it may well be the answer."""

CERTAIN: Final = 0.7
"""Nats up to which even fewer words of the question count as repeated: the verifier thought them likelier than not."""

_WORD: Final = re.compile(r"\w+")
_CUT: Final = re.compile(r"(?<=[:：])(?=\s|[^\W\d_]|[“\"'«*])|(?<=[。！？])|\n+")
_MARKS_BEFORE: Final = re.compile(r"^(?:[>#*_“”\"'«»‘’„:：,;·•–—\s]|-\s)+")
_AFTER: Final = r"[\s*_“”\"«»’.,:;!?…。！？：，；]"
_MARKS_AFTER: Final = re.compile(rf"(?<!{_AFTER}){_AFTER}++$")  # tried once in a run of marks, however long it is


@dataclass(frozen=True, slots=True)
class AnswerClaim:
    """A part of an answer that is judged by itself.

    Attributes:
        start, end: half-open range of characters of the answer.
        text: what stands there.
    """

    start: int
    end: int
    text: str


def split_claims(answer: str, span: tuple[int, int] | None = None) -> list[AnswerClaim]:
    """Cuts an answer at the ends of sentences, lines and after colons, without the marks around each piece.

    Args:
        answer: the whole answer.
        span: half-open range of characters to look at; ``None`` for all.

    Returns:
        The pieces that hold a letter or a digit, in order.

    Example:
        >>> [claim.text for claim in split_claims("Thank you! The answer is: **Sydney**.")]
        ['Thank you', 'The answer is', 'Sydney']
    """
    first, last = span or (0, len(answer))
    segments = split_segments(answer[first:last])
    pieces = (piece for segment in segments for piece in _pieces(segment))
    return [AnswerClaim(first + start, first + end, answer[first + start : first + end]) for start, end in pieces]


def _pieces(segment: Segment) -> Iterator[tuple[int, int]]:
    cuts = [0, *(match.start() for match in _CUT.finditer(segment.text)), len(segment.text)]
    for start, end in pairwise(cuts):
        first, last = _trim(segment.text, start, end)
        words = list(_WORD.finditer(segment.text, first, last))
        if words:
            said_once = _period([word.group().casefold() for word in words])
            yield (
                segment.start + first,
                segment.start + (last if said_once == len(words) else words[said_once - 1].end()),
            )


def _period(words: Sequence[str]) -> int:
    """How many words are said before they are only said again; all of them where they are not."""
    sizes = (size for size in range(1, len(words) // 2 + 1) if len(words) % size == 0)
    return next((size for size in sizes if words[size:] == words[:-size]), len(words))


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    before = _MARKS_BEFORE.search(piece)
    after = _MARKS_AFTER.search(piece)
    begin = before.end() if before else 0
    return start + begin, start + max(begin, after.start() if after else len(piece))


def distinct_claims(claims: Sequence[AnswerClaim]) -> list[AnswerClaim]:
    """The claims without those that only say again what an earlier one said."""
    found: dict[str, AnswerClaim] = {}
    for claim in claims:
        found.setdefault(" ".join(_WORD.findall(claim.text.casefold())) or claim.text, claim)
    return list(found.values())


def question_words(prompt: Prompt) -> tuple[str, ...]:
    """The words of what was last said to the model, in small letters and in their order."""
    text = prompt if isinstance(prompt, str) else prompt[-1].content if prompt else ""
    return tuple(_WORD.findall(text.casefold()))


@dataclass(frozen=True, slots=True)
class ClaimReadings:
    """How one piece of an answer was read.

    Attributes:
        whole: the whole answer, under its prompt.
        alone: the piece as if it were the answer, under the same prompt.
        courtesy: the piece under :data:`COURTESY_PROMPT`.
    """

    whole: Reading
    alone: Reading
    courtesy: Reading


def narrow_claim(claim: AnswerClaim, readings: ClaimReadings, asked: Sequence[str]) -> AnswerClaim | None:
    """Leaves out the repeated question and the courtesies at the ends of a claim.

    Args:
        claim: a piece of the answer.
        readings: of it.
        asked: the words of the question, in their order.

    Returns:
        The claim that is left, or ``None`` where all of it is context.
    """
    words = [match.span() for match in _WORD.finditer(claim.text)]
    if not words:  # nothing but marks: no context that could be told from a claim
        return claim
    said = [claim.text[start:end].casefold() for start, end in words]
    if readings.whole.answer[claim.end : claim.end + 1] in ("?", "？") and _stands_in(asked, said):
        return None
    standing = _word_costs(claim, words, readings.whole, offset=len(readings.whole.answer[: claim.start].encode()))
    costs = np.stack(
        [standing, _word_costs(claim, words, readings.alone), _word_costs(claim, words, readings.courtesy)]
    )
    if _could_stand_anywhere(claim.text, costs):
        return None
    first, last = _without_echo([word in asked for word in said], standing)
    first = _without_courtesy(claim.text, words[:last], costs, first)
    if first >= last:
        return None
    begin = words[first][0] if first else 0
    end = words[last - 1][1] if last < len(words) else len(claim.text)
    return AnswerClaim(claim.start + begin, claim.start + end, claim.text[begin:end])


def _stands_in(asked: Sequence[str], said: Sequence[str]) -> bool:
    """Whether these words are a run of the question's words."""
    return f" {' '.join(said)} " in f" {' '.join(asked)} "


def _could_stand_anywhere(text: str, costs: NDArray[np.float64]) -> bool:
    """Whether the question makes a piece less likely and no word of it much likelier; never with a digit."""
    _, alone, courtesy = costs
    if any(character.isdigit() for character in text):
        return False
    return bool(courtesy.sum() <= CONTEXT_SHARE * alone.sum() and (courtesy - alone).max() <= CONTEXT_GAIN)


def _without_echo(repeated: Sequence[bool], costs: NDArray[np.float64]) -> tuple[int, int]:
    """Which words are left, as a half-open range, when expected repetitions of the question go at both ends.

    The first word of a repetition may surprise: nobody has to begin one.
    """
    if all(repeated) and (costs <= CERTAIN).all():
        return 0, 0
    expected = [said and cost <= EXPECTED for said, cost in zip(repeated, costs, strict=True)]
    first = 0
    while first < len(expected) and (expected[first] or (first == 0 and repeated[0])):
        first += 1
    if first < SHORTEST_ECHO:
        first = 0
    last = len(expected)
    while last > first and expected[last - 1]:
        last -= 1
    if first < last < len(expected) and repeated[last - 1]:
        last -= 1
    return first, last if len(expected) - last >= SHORTEST_ECHO else len(expected)


def _without_courtesy(text: str, words: Sequence[tuple[int, int]], costs: NDArray[np.float64], first: int) -> int:
    """The first word that is left when the longest courtesy before it goes."""
    left = first
    for place in range(first, len(words)):
        end = words[place][1]
        if any(character.isdigit() for character in text[words[place][0] : end]):
            break
        if place > first and costs[:, place].min() > COURTESY_WORD:
            break
        _, alone, courtesy = costs[:, first : place + 1].sum(axis=1)
        room = COURTESY_START + COURTESY_RATE * len(text[words[first][0] : end].encode())
        if courtesy <= min(room, COURTESY_SHARE * alone):
            left = place + 1
    return left


def _word_costs(
    claim: AnswerClaim, words: Sequence[tuple[int, int]], reading: Reading, *, offset: int = 0
) -> NDArray[np.float64]:
    """Nats of each word: of the tokens that touch it and end before the next."""
    byte = np.cumsum([0, *(len(character.encode()) for character in claim.text)]) + offset
    starts = np.array([byte[start] for start, _ in words])
    ends = np.array([byte[end] for _, end in words])
    owner = np.searchsorted(starts, reading.spans[:, 1] - 1, side="right") - 1
    counted = (owner >= 0) & (reading.spans[:, 0] < ends[np.maximum(owner, 0)]) & (reading.spans[:, 1] <= byte[-1] + 1)
    costs: NDArray[np.float64] = np.zeros(len(words))
    np.add.at(costs, owner[counted], reading.nll[counted])
    return costs
