"""Verbalised confidence: the model is asked how sure it is, and its words are taken strictly.

A number is believed only when it stands where it was asked for and says one thing. "0.9", "90%" and "9/10" are 0.9;
"85" alone is not a probability, "0.8-0.9" is two, "hardly correct" is none, and a reply that says two different things
says nothing. All these are ``Unscored("unparseable")``: a confidence guessed from words that were not understood has
turned whole rankings round.

What comes out is 1 − the stated probability, an uncertainty. A newcomer starts at :func:`verbalised`; the strict
reading is :func:`stated_probability`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.models.roles import Sampling, Writer
from foureyes.signals.agree import Match, same_answer
from foureyes.types import Exchange, Unscored, Written, text_of

__all__ = ["Style", "stated_guesses", "stated_probability", "verbalised"]

Style: TypeAlias = Literal["vanilla", "reasoned", "guesses"]

_DECIMAL: Final = re.compile(r"[01]?\.\d+|[01](?:\.0*)?")
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*(?:%|percent)", re.IGNORECASE)
_RATIO: Final = re.compile(r"(\d{1,4})\s*(?:/|out of)\s*(\d{1,4})", re.IGNORECASE)
_STATED: Final = re.compile(r"^[\s*_#>\-]*(?:probability|confidence)[\s*_]*[:=](.*)$", re.IGNORECASE | re.MULTILINE)
_GUESS: Final = re.compile(r"^[\s*_#>\-]*([GP])(\d{1,2})[\s*_]*[:=](.*)$", re.MULTILINE)
_DRESSING: Final = " \t\r\n*_`"


def verbalised(
    exchanges: Sequence[Exchange],
    writer: Writer,
    *,
    style: Style = "vanilla",
    match: Match = "text",
    n_guesses: int = 4,
    max_tokens: int = 256,
) -> list[float | Unscored]:
    """Asks a model how likely the answer is to be right.

    - ``"vanilla"``: it is shown question and answer and states a probability, nothing else.
    - ``"reasoned"``: it thinks first, and ends with a line ``Probability: …``.
    - ``"guesses"``: it is shown the question only, and gives its best guesses with a probability each. The answer gets
      the probability of the first guess that says the same; an answer that is not among them gets what they leave over.

    Args:
        exchanges: prompts and the answers under scrutiny.
        writer: who is asked, the verifier or the generator itself.
        style: how it is asked.
        match: what makes a guess the same as the answer; for ``"guesses"`` only.
        n_guesses: how many are asked for; for ``"guesses"`` only.
        max_tokens: longest reply.

    Returns:
        Per exchange 1 − P(correct) in [0, 1], or :class:`Unscored`.

    Raises:
        InputError: an unknown style, or fewer than two guesses.

    Source: Xiong et al. 2024, arXiv 2306.13063 (vanilla, chain of thought, top-k); Tian et al. 2023, arXiv 2305.14975
    (the wording of guesses and probabilities).
    """
    if style not in get_args(Style):
        raise InputError(f"style must be one of {', '.join(get_args(Style))}; got {style!r}")
    if n_guesses < 2:
        raise InputError(f"n_guesses must be at least 2; got {n_guesses}")

    def guessed(exchange: Exchange, reply: str) -> float | Unscored:
        return _chance_among(exchange.answer, reply, match)

    heard = guessed if style == "guesses" else _probability_in
    kept = [exchange for exchange in exchanges if exchange.answer.strip()]
    replies = iter(
        writer.write([_asked(exchange, style, n_guesses) for exchange in kept], Sampling(max_tokens=max_tokens))
    )
    return [_uncertainty(e, next(replies)[0], heard) if e.answer.strip() else _NOTHING_TO_JUDGE for e in exchanges]


def stated_probability(reply: str) -> float | Unscored:
    r"""The one probability that a reply states.

    Looked for in the lines that begin with ``Probability:`` or ``Confidence:``; where there is none, the whole reply
    must be a value. A value is a decimal from 0 to 1, a percentage, or ``n/m`` or ``n out of m`` with n ≤ m, with
    nothing around it but emphasis and a full stop.

    Returns:
        P(correct) in [0, 1], or ``Unscored("unparseable")``.

    Example:
        >>> stated_probability("It fits.\n**Probability:** 90%"), stated_probability("9/10")
        (0.9, 0.9)
        >>> print(stated_probability("hardly correct"))
        unparseable: wanted one probability between 0 and 1; got 'hardly correct'
    """
    lines = [line.group(1) for line in _STATED.finditer(reply)] or [reply]
    values = {_value(line) for line in lines}
    if len(values) == 1 and (value := values.pop()) is not None:
        return value
    return Unscored("unparseable", f"wanted one probability between 0 and 1; got {_shortened(reply)!r}")


def stated_guesses(reply: str) -> list[tuple[str, float]] | Unscored:
    r"""The guesses of a reply in the form ``G1: …`` / ``P1: …``, each with its probability, in order.

    Every guess needs a probability and every probability a guess, no number may occur twice, and all must be
    understood: half a distribution is none. A last guess whose probability was cut off makes the reply unparseable.

    Example:
        >>> stated_guesses("G1: Canberra\nP1: 0.7\nG2: Sydney\nP2: 0.2")
        [('Canberra', 0.7), ('Sydney', 0.2)]
    """
    wanted = "wanted guesses G1, G2, … with probabilities P1, P2, …"
    found = [(kind, int(number), text.strip(_DRESSING)) for kind, number, text in _GUESS.findall(reply)]
    guesses = {number: text for kind, number, text in found if kind == "G" and text}
    chances = {number: _value(text) for kind, number, text in found if kind == "P"}
    complete = guesses.keys() == chances.keys() and len(guesses) + len(chances) == len(found)
    stated = [(guesses[n], p) for n, p in sorted(chances.items()) if p is not None] if complete else []
    if not stated or len(stated) != len(chances):
        return Unscored("unparseable", f"{wanted}; got {_shortened(reply)!r}")
    return stated


_NOTHING_TO_JUDGE = Unscored("empty_answer", "the answer is empty; wanted one to be more or less sure of")


def _asked(exchange: Exchange, style: Style, n_guesses: int) -> str:
    question = text_of(exchange.prompt)
    if style == "guesses":
        return _for_guesses(question, n_guesses)
    shown = (
        f"{question}\n\nProposed answer: {exchange.answer}\n\nHow likely is it that the proposed answer is correct?\n"
    )
    if style == "vanilla":
        return f"{shown}Give the probability between 0 and 1 only, no other words."
    return f"{shown}Think step by step. Then end with one line of the form\nProbability: <a number between 0 and 1>"


def _for_guesses(question: str, n: int) -> str:
    return (
        f"{question}\n\nGive your {n} best guesses and the probability, between 0 and 1, that each is "
        "correct. Give only the guesses and probabilities, each as short as possible, in this form:\n"
        "G1: <first guess>\nP1: <its probability>\nG2: <second guess>\nP2: <its probability>\nand so on."
    )


def _uncertainty(
    exchange: Exchange, reply: Written | Unscored, heard: Callable[[Exchange, str], float | Unscored]
) -> float | Unscored:
    if isinstance(reply, Unscored):
        return reply
    confidence = heard(exchange, reply.exchange.answer)
    return confidence if isinstance(confidence, Unscored) else 1 - confidence


def _probability_in(exchange: Exchange, reply: str) -> float | Unscored:
    del exchange
    return stated_probability(reply)


def _chance_among(answer: str, reply: str, match: Match) -> float | Unscored:
    if same_answer(answer, answer, match) is None:
        return Unscored("unparseable", f"no {match} to compare in the answer {answer[:80]!r}")
    stated = stated_guesses(reply)
    if isinstance(stated, Unscored):
        return stated
    hits = [p for guess, p in stated if same_answer(answer, guess, match)]
    return hits[0] if hits else max(0.0, 1 - sum(p for _, p in stated))


def _value(text: str) -> float | None:
    """A probability that is the whole text, but for emphasis and one full stop."""
    bare = text.strip(_DRESSING).removesuffix(".").strip(_DRESSING)
    if _DECIMAL.fullmatch(bare):
        value = float(bare)
    elif found := _PERCENT.fullmatch(bare):
        value = float(found.group(1)) / 100
    elif (found := _RATIO.fullmatch(bare)) and int(found.group(2)):
        value = int(found.group(1)) / int(found.group(2))
    else:
        return None
    return value if value <= 1 else None


def _shortened(reply: str) -> str:
    return reply if len(reply) <= 120 else f"{reply[:60]} … {reply[-50:]}"
