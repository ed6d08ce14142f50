"""Does an independent answer make this one more likely? A verifier's surprise with a sample in its prompt.

What the author would say again is made likely by another answer of its own; what it made up is not. So each of K samples
of the same prompt is put before the verifier in turn, and the answer is read as one more answer to the question. One
reading without a sample is the plain CMP; K readings with one are what this signal adds, and the K samples have to be
written first. Where word overlap with the same samples (:func:`foureyes.signals.overlap.unsupported_words`) does as well, it
costs no reading at all.

A newcomer starts at :func:`sample_conditioned_cmp`.
"""

from __future__ import annotations

from dataclasses import replace

from foureyes.types import Exchange, Message

__all__ = ["with_sample"]

_NEXT = "Here is another answer:"


def with_sample(exchange: Exchange, sample: str) -> Exchange:
    r"""The same answer to the same prompt, behind an independent answer that stands in the prompt.

    Example:
        >>> with_sample(Exchange("Capital of Australia?", "Canberra"), "It is Canberra.").prompt
        'Capital of Australia?\n\nIt is Canberra.\n\nHere is another answer:'
    """
    before = f"{sample}\n\n{_NEXT}"
    if isinstance(exchange.prompt, str):
        return replace(exchange, prompt=f"{exchange.prompt}\n\n{before}")
    return replace(exchange, prompt=(*exchange.prompt, Message("user", before)))
