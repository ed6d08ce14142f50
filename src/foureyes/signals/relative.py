"""Relative confidence: of two answers at a time, which is the verifier surer of?

Models are poor at saying how sure they are, and better at saying of which of two things they are surer. Many such
comparisons make a tournament, and its Bradley-Terry strengths a confidence on one scale.

Strengths are relative to the other rows of the same call. Rows scored in different calls cannot be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bradley_terry import Strengths, bradley_terry, rings
from foureyes.models.roles import Reader
from foureyes.signals.asking import share_of_second, two_options
from foureyes.types import Exchange, Unscored, text_of

__all__ = ["About", "relative_confidence"]

About: TypeAlias = Literal["answers", "questions"]


def relative_confidence(
    exchanges: Sequence[Exchange], reader: Reader, *, about: About = "answers", rounds: int = 4, seed: int = 0
) -> list[float | Unscored]:
    """Lets the verifier compare rows two at a time and turns its preferences into one number a row.

    Every pair is read both ways round and the two preferences averaged, so that a liking for "A" cancels out.

    Args:
        exchanges: prompts and answers, at least two.
        reader: the verifier that is asked.
        about: compare question with answer, or the questions alone ("which could you answer correctly?"), which is a
            control.
        rounds: each compares every row with two others: about 2 × ``rounds`` prefills of two rows each, a row.
        seed: of the draw of pairs.

    Returns:
        Per exchange minus its strength in log-odds, an uncertainty of mean about 0; or :class:`Unscored` for a row
        that is empty or could not be compared with most of the others.

    Raises:
        InputError: an unknown kind of comparison, no rounds.
        NotEnoughData: fewer than two exchanges.

    Source: Shrivastava, Kumar & Liang 2025, arXiv 2502.01126.
    """
    if about not in get_args(About):
        raise InputError(f"about must be one of {', '.join(get_args(About))}; got {about!r}")
    if len(exchanges) < 2:
        raise NotEnoughData(f"a comparison needs at least two exchanges; got {len(exchanges)}", needed=2)
    players = [exchange for exchange in exchanges if _is_there(exchange, about)]
    rows = iter(_tournament(players, reader, about, rounds=rounds, seed=seed) if len(players) > 1 else [_ALONE])
    return [next(rows) if _is_there(exchange, about) else _NOTHING_TO_COMPARE for exchange in exchanges]


_NOTHING_TO_COMPARE = Unscored("empty_answer", "nothing to compare: the answer, or the question, is empty")
_ALONE = Unscored("unavailable", "there is no other row to compare this one with")


def _is_there(exchange: Exchange, about: About) -> bool:
    return bool(exchange.answer.strip() if about == "answers" else text_of(exchange.prompt).strip())


def _tournament(
    exchanges: Sequence[Exchange], reader: Reader, about: About, *, rounds: int, seed: int
) -> list[float | Unscored]:
    first, second = rings(len(exchanges), rounds=rounds, seed=seed)
    pairs = [(exchanges[i], exchanges[j]) for i, j in zip(first, second, strict=True)]
    forth = share_of_second([_question(one, other, about) for one, other in pairs], reader)
    back = share_of_second([_question(other, one, about) for one, other in pairs], reader)
    shares = [_share_of_first(there, again) for there, again in zip(forth, back, strict=True)]
    told = np.array([not isinstance(share, Unscored) for share in shares], dtype=np.bool_)
    won = np.array([share for share in shares if not isinstance(share, Unscored)], dtype=np.float64)
    strengths = bradley_terry(first[told], second[told], won, n_players=len(exchanges))
    return _rows(strengths, first, second, shares)


def _share_of_first(forth: float | Unscored, back: float | Unscored) -> float | Unscored:
    """The first row's share, from the share of the second option in both orders."""
    if isinstance(forth, Unscored):
        return forth
    return back if isinstance(back, Unscored) else (1 - forth + back) / 2


def _rows(
    strengths: Strengths, first: NDArray[np.intp], second: NDArray[np.intp], shares: Sequence[float | Unscored]
) -> list[float | Unscored]:
    """Minus the strength in the largest component; elsewhere the failure that cut the row off."""
    largest = strengths.component == 0
    compared = largest & (largest.sum() > 1)
    failures: dict[int, Unscored] = {}
    for pair, share in zip(np.stack([first, second], axis=1).tolist(), shares, strict=True):
        if isinstance(share, Unscored):
            failures |= {row: share for row in pair if row not in failures}
    # Rings are connected: a row that is cut off was cut off by a failure, its own or that of a row it hangs on.
    return [
        -float(strengths.value[row]) if compared[row] else failures.get(row) or next(iter(failures.values()))
        for row in range(len(compared))
    ]


def _question(one: Exchange, other: Exchange, about: About) -> str:
    if about == "questions":
        asked = "Which of the two could you answer correctly with more confidence?"
        shown = [f"Question {n}: {text_of(e.prompt)}" for n, e in ((1, one), (2, other))]
        return two_options("\n\n".join([*shown, asked]), "Question 1", "Question 2")
    asked = "Of which of the two answers are you more confident that it is correct?"
    shown = [f"Question {n}: {text_of(e.prompt)}\nAnswer {n}: {e.answer}" for n, e in ((1, one), (2, other))]
    return two_options("\n\n".join([*shown, asked]), "Answer 1", "Answer 2")
