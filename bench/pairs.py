"""What every contender is given: the same prompts and answers, as text and as the same token ids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["TokenPair", "load", "save", "spread"]


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A prompt and an answer, and the token ids that foureyes makes of them with the model's own tokenizer."""

    prompt: str
    answer: str
    prompt_ids: tuple[int, ...]
    answer_ids: tuple[int, ...]

    @property
    def ids(self) -> list[int]:
        """Prompt and answer."""
        return [*self.prompt_ids, *self.answer_ids]

    @property
    def fed(self) -> list[int]:
        """What a network needs to be fed: the last token predicts nothing that is scored."""
        return self.ids[:-1]


def save(pairs: Iterable[TokenPair], path: Path) -> None:
    """Writes pairs as JSON."""
    path.write_text(json.dumps([asdict(pair) for pair in pairs]), encoding="utf-8")


def load(path: Path) -> list[TokenPair]:
    """The pairs that :func:`save` wrote."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [TokenPair(r["prompt"], r["answer"], tuple(r["prompt_ids"]), tuple(r["answer_ids"])) for r in rows]


def spread(pairs: Sequence[TokenPair], n: int) -> list[TokenPair]:
    """About n of the pairs, evenly spaced."""
    return list(pairs[:: max(1, len(pairs) // n)][:n])
