"""What a model on this machine sees, now, in the recorded answers and programs. Start at :func:`read_live`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from foureyes.demo.recorded import Recorded, Seen
from foureyes.models.roles import Reader
from foureyes.signals.cross import score
from foureyes.types import Scored

__all__ = ["LiveRead", "read_live"]


@dataclass(frozen=True, slots=True, eq=False)
class LiveRead:
    """What one model saw.

    Attributes:
        model: its name.
        fingerprint: of weights, tokenizer, template and arithmetic.
        answers: in each recorded answer; ``None`` where it could not read it.
        bugs: in each right program and in the same one with a bug.
        n_tokens: of prompts and answers that were read.
        seconds: wall time of the reading, loading excluded.
    """

    model: str
    fingerprint: str
    answers: tuple[Seen | None, ...]
    bugs: tuple[tuple[Seen | None, Seen | None], ...]
    n_tokens: int
    seconds: float

    @property
    def pace(self) -> str:
        """How much was read, and how fast, in words."""
        return f"{self.n_tokens:,} tokens in {self.seconds:.1f} s, {self.n_tokens / self.seconds:,.0f} tokens/s"


def read_live(record: Recorded, reader: Reader, *, clock: Callable[[], float]) -> LiveRead:
    """Reads the recorded answers and the programs.

    Args:
        record: what came with the package.
        reader: the model.
        clock: seconds since some moment, say ``time.perf_counter``.

    Raises:
        ModelUnavailable: the model as a whole is gone.
    """
    answers = [answer.exchange for answer in record.answers]
    programs = [exchange for bug in record.bugs for exchange in bug.exchanges]
    started = clock()
    rows = score([*answers, *programs], reader)
    seconds = clock() - started
    n_tokens = sum(r.reading.n_prompt_tokens + len(r.reading.token_ids) for r in rows if isinstance(r, Scored))
    seen = [Seen.of(row) for row in rows]
    pairs = tuple(zip(seen[len(answers) :: 2], seen[len(answers) + 1 :: 2], strict=True))
    return LiveRead(reader.name, reader.fingerprint, tuple(seen[: len(answers)]), pairs, n_tokens, seconds)
