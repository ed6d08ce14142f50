"""A fresh reading: the same question is put to a clean model, and the given answer is held against the one it gives.

Whoever answered may have drawn on a memory that is poisoned. A clean model has no memory: it sees the question only. What
it answers itself, and how much more the given answer surprises it than its own, shows how far the memory has carried the
answer. See :func:`fresh_shifts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foureyes.models.roles import Reader, Sampling, Writer
from foureyes.signals.agree import Match, same_answer
from foureyes.signals.cross import score
from foureyes.types import Exchange, Scored, Unscored

__all__ = ["CleanModel", "FreshShift", "fresh_shifts"]


@dataclass(frozen=True, slots=True)
class FreshShift:
    """One answer beside the one that a clean model gives to the same question.

    Attributes:
        answer: the clean model's own.
        differs: whether it says something else; ``None`` where the two could not be compared.
        given, own: log_cmp of the given answer and of its own, nats a token; ``None`` where it does not read.
    """

    answer: str
    differs: bool | None
    given: float | None
    own: float | None

    @property
    def shift(self) -> float | None:
        """``given`` − ``own``: above 0 = the given answer surprises the clean model more than its own."""
        return None if self.given is None or self.own is None else self.given - self.own


@dataclass(frozen=True, slots=True)
class CleanModel:
    """A model without memory, as one that writes and, where it can, as one that reads.

    Args:
        writer: answers.
        reader: reads both answers; ``None`` where it cannot.
    """

    writer: Writer
    reader: Reader | None = None

    def shift(self, exchange: Exchange) -> FreshShift | Unscored:
        """One answer beside its own; see :func:`fresh_shifts`."""
        (found,) = fresh_shifts([exchange], self.writer, self.reader)
        return found

    def close(self) -> None:
        """Closes what can be closed."""
        for part in (self.writer, self.reader):
            if (close := getattr(part, "close", None)) is not None:
                close()


def fresh_shifts(
    exchanges: Sequence[Exchange],
    writer: Writer,
    reader: Reader | None,
    *,
    match: Match = "text",
    max_tokens: int = 64,
) -> list[FreshShift | Unscored]:
    """Lets a clean model answer every prompt greedily, and read both answers without any context but the prompt.

    Args:
        exchanges: questions as they were put, without retrieved context or memory, and the answers given.
        writer: the clean model.
        reader: the same model as one that reads, or another clean one; ``None`` leaves the shift out.
        match: when two answers say the same, see :func:`~foureyes.signals.agree.same_answer`.
        max_tokens: longest answer of the clean model.

    Returns:
        Per exchange a :class:`FreshShift`, or ``Unscored`` where the clean model gave no answer.

    Raises:
        ModelUnavailable: the model as a whole is gone.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader, ScriptedWriter
        >>> asked = [Exchange("Capital of Australia?", "Sydney")]
        >>> reader = ScriptedReader({"Canberra": 0.5, "Sydney": 0.25})
        >>> [found] = fresh_shifts(asked, ScriptedWriter({"Capital of Australia?": "Canberra"}), reader)
        >>> found.answer, found.differs, round(found.shift, 3)
        ('Canberra', True, 0.693)
    """
    written = writer.write([exchange.prompt for exchange in exchanges], Sampling(max_tokens=max_tokens))
    own = [first for first, *_ in written]
    pairs = [(e, w.exchange) for e, w in zip(exchanges, own, strict=True) if not isinstance(w, Unscored)]
    read = iter([] if reader is None else score([one for pair in pairs for one in pair], reader))
    found: list[FreshShift | Unscored] = []
    for exchange, answer in zip(exchanges, own, strict=True):
        if isinstance(answer, Unscored):
            found.append(answer)
            continue
        given, ours = (None, None) if reader is None else (_log_cmp(next(read)), _log_cmp(next(read)))
        said = answer.exchange.answer
        found.append(FreshShift(said, _differs(exchange.answer, said, match), given, ours))
    return found


def _log_cmp(row: Scored | Unscored) -> float | None:
    return row.log_cmp if isinstance(row, Scored) else None


def _differs(given: str, own: str, match: Match) -> bool | None:
    same = same_answer(given, own, match)
    return None if same is None else not same
