"""Signals from one verifier's reading of another model's answer, one prefill and no generation.

:func:`score` gives all that the catalogue takes of one reading; :mod:`foureyes.signals.knowing` asks the verifier in words.
The same statistics of a generator's reading of its own answer are the within-model baselines
(:mod:`foureyes.signals.within`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from foureyes.errors import InputError, ModelError
from foureyes.models.roles import Reader
from foureyes.signals.catalog import one_pass
from foureyes.signals.spans import final_answer_span
from foureyes.types import Exchange, Reading, Scored, Unscored

__all__ = ["Answered", "score", "score_panel", "signals_of", "with_final_answer"]


class Answered(Protocol):
    """Whatever holds an answer to be read: one of a log, or one that was just written."""

    @property
    def exchange(self) -> Exchange | Unscored:
        """Prompt and answer, or why they cannot be read."""
        ...


def score(
    exchanges: Iterable[Exchange | Unscored | Answered],
    reader: Reader,
    *,
    top_k: int = 0,
    final_answer: str | None = None,
) -> list[Scored | Unscored]:
    """Reads every answer once and sums up what the verifier saw.

    ``log_cmp = −(1/T) Σ_t ln p_v(y_t | x, y_<t)`` over the T answer tokens in the verifier's own tokens: 0 when the
    verifier would have said exactly this, ln V (10-12 for usual vocabularies) when it guesses blindly. ``cme`` is the
    mean entropy of its distributions at the same positions: how unsure it would have been whatever the answer.

    Args:
        exchanges: prompts and answers, as :func:`foureyes.read_answers` gives them, too; what is unscored already stays so.
        reader: the verifier.
        top_k: how many alternatives to keep at each token, 0 for none.
        final_answer: take the signals only over the final answer, found by this pattern
            (see :func:`~foureyes.signals.spans.final_answer_span`); answers without one come out ``Unscored("span")``.

    Returns:
        One :class:`Scored` or :class:`Unscored` per exchange, in order.

    Raises:
        InputError: a row is not an ``Exchange``, or the reader is a name.
        ModelUnavailable: the verifier as a whole is gone.
        ModelError: it did not return one reading per answer.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> rows = score([Exchange("Capital of Australia?", "Sydney")], ScriptedReader({"Sydney": 0.25}))
        >>> round(rows[0].cmp, 6)
        4.0

    Source: Gorbett & Jana, arXiv 2603.25450, equations for CMP and CME.
    """
    wanted = [_exchange(row, place) for place, row in enumerate(exchanges)]
    if isinstance(reader, str):
        raise InputError(f"reader must be a Reader, which open_reader opens by name; got {reader!r}")
    if final_answer is not None:
        wanted = [with_final_answer(e, final_answer) if isinstance(e, Exchange) else e for e in wanted]
    readable = [e for e in wanted if isinstance(e, Exchange)]
    readings = reader.read(readable, top_k=top_k) if readable else []
    if len(readings) != len(readable):
        raise ModelError(
            f"{reader.name} returned {len(readings)} readings of {len(readable)} answers", model=reader.name
        )
    rest = iter(readings)
    return [signals_of(next(rest)) if isinstance(e, Exchange) else e for e in wanted]


def _exchange(row: object, place: int) -> Exchange | Unscored:
    found = getattr(row, "exchange", row)
    if not isinstance(found, Exchange | Unscored):
        raise InputError(f"exchanges must be a sequence of Exchange; got {type(row).__name__} at row {place}")
    return found


def score_panel(
    exchanges: Iterable[Exchange | Answered], readers: Mapping[str, Reader], *, final_answer: str | None = None
) -> dict[str, list[Scored | Unscored]]:
    """Several verifiers read every answer; results by verifier, each in the order of ``exchanges``."""
    wanted = list(exchanges)
    return {name: score(wanted, reader, final_answer=final_answer) for name, reader in readers.items()}


def with_final_answer(exchange: Exchange, pattern: str) -> Exchange | Unscored:
    """The same exchange with its span set to the final answer, or why that cannot be."""
    span = final_answer_span(exchange.answer, pattern)
    if span is None:
        return Unscored("span", f"no final answer matching {pattern!r} in the answer")
    return replace(exchange, answer_span=span)


def signals_of(reading: Reading | Unscored) -> Scored | Unscored:
    """The signals of one reading, by the catalogue; an ``Unscored`` passes through."""
    if isinstance(reading, Unscored):
        return reading
    taken = {row.name: row.take(reading) for row in one_pass() if row.take is not None}
    return Scored(reading.model, taken, reading)
