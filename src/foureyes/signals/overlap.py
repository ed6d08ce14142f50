"""Which words of an answer do independent answers not use? The cheapest check against samples: no reading at all.

A figure or a name that the author makes up comes out otherwise the next time. What is known comes again in the same words,
so the share of an answer's words that a sample lacks tells one from the other, of a sentence of a long answer as of a short
one. It sees wording, not meaning: an answer in other words than its samples looks unsupported.

A newcomer starts at :func:`unsupported_words`.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from foureyes.errors import InputError
from foureyes.signals.agree import plain_words
from foureyes.signals.samples import Samples, usable
from foureyes.types import Exchange, Unscored

__all__ = ["share_unsupported", "unsupported_words"]


def unsupported_words(exchanges: Sequence[Exchange], samples: Sequence[Samples]) -> list[float | Unscored]:
    """The share of an answer's words that a sample does not use, on average over the samples.

    Args:
        exchanges: prompts and the answers under scrutiny.
        samples: what was drawn to each prompt, by the generator as a rule.

    Returns:
        Per exchange a number in [0, 1], 0 where every sample uses all of its words, or :class:`Unscored`.

    Raises:
        InputError: not one row of samples an exchange.

    Example:
        >>> from foureyes.types import Written
        >>> drawn = [Written(Exchange("Capital?", said), None, "stop") for said in ("Canberra.", "It is Canberra.")]
        >>> unsupported_words([Exchange("Capital?", "It is Sydney")], [drawn])
        [0.6666666666666666]
    """
    if len(samples) != len(exchanges):
        raise InputError(f"{len(exchanges)} exchanges need a row of samples each; got {len(samples)}")
    return [_of_samples(e.answer, drawn) for e, drawn in zip(exchanges, samples, strict=True)]


def share_unsupported(text: str, others: Sequence[str]) -> float | None:
    """The same of a piece of text and independent texts; ``None`` where it has no words, or there are no others.

    Example:
        >>> share_unsupported("Canberra is a city.", ["A city: Canberra."])
        0.25
    """
    words = plain_words(text)
    if not words or not others:
        return None
    return fmean(sum(word not in used for word in words) / len(words) for used in map(set, map(plain_words, others)))


def _of_samples(answer: str, drawn: Samples) -> float | Unscored:
    kept = usable(drawn, least=1)
    if isinstance(kept, Unscored):
        return kept
    share = share_unsupported(answer, [sample.exchange.answer for sample in kept])
    if share is None:
        return Unscored("empty_answer", f"no words to look for in the answer {answer[:80]!r}")
    return share
