"""Several answers drawn to one prompt, and how far they agree with the answer under scrutiny.

What is drawn is paid for once: a writer's samples (``writer.write(prompts, Sampling(n=10, temperature=1.0, …))``) feed
this signal, :mod:`foureyes.signals.meaning` and :mod:`foureyes.signals.similarity` alike. A sample without words, or one
that failed, is no evidence for either side and is left out; when that is more than half of them, the row is unscored.

A newcomer starts at :func:`self_consistency`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from foureyes.errors import InputError
from foureyes.signals.agree import Match, same_answer
from foureyes.types import Exchange, Unscored, Written

__all__ = ["Samples", "self_consistency", "usable"]

Samples: TypeAlias = Sequence[Written | Unscored]
"""What was drawn to one prompt, in order."""


def self_consistency(
    exchanges: Sequence[Exchange], samples: Sequence[Samples], *, match: Match = "text"
) -> list[float | Unscored]:
    """The share of samples that do not say what the answer says.

    Args:
        exchanges: prompts and the answers under scrutiny.
        samples: what was drawn to each prompt, by the generator as a rule.
        match: what has to be the same, see :func:`~foureyes.signals.agree.same_answer`. A sample in which no letter or
            number can be found is left out.

    Returns:
        Per exchange a number in [0, 1], 0 when all samples agree with the answer, or :class:`Unscored`.

    Raises:
        InputError: not one row of samples an exchange.

    Example:
        >>> drawn = [Written(Exchange("6 × 7?", said), None, "stop") for said in ("42", "It is 42.", "48", "42")]
        >>> self_consistency([Exchange("6 × 7?", "42")], [drawn], match="number")
        [0.25]

    Source: Wang et al. 2023, arXiv 2203.11171; as a confidence: Xiong et al. 2024, arXiv 2306.13063.
    """
    if len(samples) != len(exchanges):
        raise InputError(f"{len(exchanges)} exchanges need a row of samples each; got {len(samples)}")
    return [_disagreeing(e.answer, drawn, match) for e, drawn in zip(exchanges, samples, strict=True)]


def usable(samples: Samples, *, least: int = 2) -> list[Written] | Unscored:
    """The samples that have words, if they are more than half of what was drawn and at least ``least``.

    Returns:
        Them, in order, or why there are too few: the reason of the first failure, or ``"empty_answer"``.
    """
    kept = [s for s in samples if isinstance(s, Written) and s.exchange.answer.strip()]
    if len(kept) >= least and 2 * len(kept) > len(samples):
        return kept
    failures = [s for s in samples if isinstance(s, Unscored)]
    detail = f"{len(kept)} of {len(samples)} samples have words; wanted more than half, and at least {least}"
    if not failures:
        return Unscored("empty_answer", detail, got=len(kept), limit=least)
    return Unscored(failures[0].reason, f"{detail}; the first that failed: {failures[0]}", got=len(kept), limit=least)


def _disagreeing(answer: str, samples: Samples, match: Match) -> float | Unscored:
    if same_answer(answer, answer, match) is None:
        detail = f"no {match} to compare in the answer {answer[:80]!r}"
        return Unscored("unparseable" if answer.strip() else "empty_answer", detail)
    kept = usable(samples, least=1)
    if isinstance(kept, Unscored):
        return kept
    verdicts = [same_answer(answer, sample.exchange.answer, match) for sample in kept]
    told = [same for same in verdicts if same is not None]
    if 2 * len(told) <= len(samples):
        detail = f"a {match} was found in {len(told)} of {len(samples)} samples; wanted more than half"
        return Unscored("unparseable", detail, got=len(told))
    return told.count(False) / len(told)
