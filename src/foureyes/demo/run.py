"""Reads all answers of the demo with a verifier.

Start here: :func:`read`, once a verifier, then :func:`foureyes.demo.measures.study` of what came out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from foureyes.demo.questions import DemoQuestion
from foureyes.models.roles import Reader
from foureyes.signals.cross import score
from foureyes.types import Scored, Unscored

__all__ = ["Read", "ReadBy", "Row", "read"]

Row: TypeAlias = Scored | Unscored
ReadBy: TypeAlias = Literal["author", "verifier"]


@dataclass(frozen=True, slots=True)
class Read:
    """What one model saw in all answers.

    Attributes:
        verifier: its name.
        fingerprint: of weights, tokenizer, template and arithmetic.
        rows: per question, the right answer's row and the wrong answer's.
        seconds: wall time of the reading, loading excluded.
        by: ``"author"`` for a model in the author's place: its surprise is an author's own doubt.
    """

    verifier: str
    fingerprint: str
    rows: tuple[tuple[Row, Row], ...]
    seconds: float
    by: ReadBy = "verifier"

    @property
    def n_tokens(self) -> int:
        """Tokens of all prompts and answers that were read, a prompt counted once for each of its answers."""
        scored = [row for pair in self.rows for row in pair if isinstance(row, Scored)]
        return sum(row.reading.n_prompt_tokens + len(row.reading.token_ids) for row in scored)

    @property
    def tokens_per_second(self) -> float:
        """Tokens over wall time."""
        return self.n_tokens / self.seconds

    @property
    def pace(self) -> str:
        """The same in words."""
        return f"{self.n_tokens:,} tokens in {self.seconds:.1f} s, {self.tokens_per_second:,.0f} tokens/s"


def read(
    questions: Sequence[DemoQuestion], reader: Reader, *, clock: Callable[[], float], by: ReadBy = "verifier"
) -> Read:
    """Reads both answers to every question.

    Args:
        questions: what to read.
        reader: the verifier.
        clock: seconds since some moment, say ``time.perf_counter``.
        by: whose place it takes.

    Raises:
        ModelUnavailable: the verifier as a whole is gone.

    Example:
        >>> from time import perf_counter
        >>> from foureyes.demo.questions import load
        >>> from foureyes.models.scripted import ScriptedReader
        >>> result = read(load(), ScriptedReader(), clock=perf_counter)
        >>> len(result.rows), result.rows[0][1].reading.answer
        (120, 'Sydney')
    """
    started = clock()
    rows = score([exchange for question in questions for exchange in question.exchanges], reader)
    seconds = clock() - started
    return Read(reader.name, reader.fingerprint, tuple(zip(rows[::2], rows[1::2], strict=True)), seconds, by)
