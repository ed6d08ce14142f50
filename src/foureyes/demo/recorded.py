"""What was recorded for the demo: answers of a small model, and what a larger one saw in them (``recorded.jsonl``).

The first line of the file is its provenance, with the sha256 of the lines that follow; each of these is an answer or a bug.
``python -m studies.demo_readings`` makes it. Start at :func:`recorded`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.types import Exchange, Scored, Unscored

__all__ = ["AUTHOR", "Answer", "Bug", "Recorded", "Seen", "parse", "recorded"]

AUTHOR: Final = "gemma3-270m"
"""Whose answers are shown: of another family than the reader. Chosen before anything was read."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one model saw in one text of T tokens.

    Attributes:
        ends: (T,) where each token ends in the bytes of the text.
        nll: (T,) surprise, nats.
        entropy: (T,) entropy before the token, nats.
    """

    ends: NDArray[np.int64]
    nll: Floats
    entropy: Floats

    @classmethod
    def of(cls, row: Scored | Unscored) -> Seen | None:
        """What a live reader saw; ``None`` where it could not read."""
        if isinstance(row, Unscored):
            return None
        reading = row.reading
        return cls(reading.spans[:, 1], reading.nll, reading.entropy_low)

    @property
    def surprise(self) -> float:
        """Mean surprise a token, nats: log CMP, or an author's own mean negative log-probability."""
        return float(self.nll.mean())

    @property
    def doubt(self) -> float:
        """Mean entropy a token, nats."""
        return float(self.entropy.mean())


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An answer that an author gave, greedily.

    Attributes:
        id: of the question.
        prompt: the question as it was asked.
        answer: the first line of what was said.
        accepted: the texts of which a right answer gives one.
        right: whether it does.
        own: what the author saw in its own words.
        second: what the second reader saw in them.
    """

    id: str
    prompt: str
    answer: str
    accepted: tuple[str, ...]
    right: bool
    own: Seen
    second: Seen

    @property
    def exchange(self) -> Exchange:
        """Question and answer."""
        return Exchange(self.prompt, self.answer)

    @property
    def question(self) -> str:
        """The question alone, without how long an answer should be."""
        return " ".join(self.prompt.rpartition(" Answer ")[0].split())


@dataclass(frozen=True, slots=True, eq=False)
class Bug:
    """A right program, and the same one with another token in one place.

    Attributes:
        id: a short name.
        prompt: what was asked for.
        program, buggy: both programs.
        start: place of the first character that differs.
        was, now: what stood there, and what stands there instead.
    """

    id: str
    prompt: str
    program: str
    buggy: str
    start: int
    was: str
    now: str

    @property
    def exchanges(self) -> tuple[Exchange, Exchange]:
        """The right program as an answer, then the buggy one."""
        return Exchange(self.prompt, self.program), Exchange(self.prompt, self.buggy)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Everything that was recorded.

    Attributes:
        provenance: ``reader``, ``models`` (name → sha256 of the file that its weights were made from, and licence), ``versions``,
            ``command``, ``seed``. In which arithmetic they were read is not recorded.
        answers: of :data:`AUTHOR`, in the order of the questions.
        bugs: the programs.
    """

    provenance: Mapping[str, Any]
    answers: tuple[Answer, ...]
    bugs: tuple[Bug, ...]

    @property
    def reader(self) -> str:
        """Name of the second reader."""
        return str(self.provenance["reader"])


def recorded() -> Recorded:
    """What comes with the package.

    Raises:
        InputError: the file is not the one that was recorded.

    Example:
        >>> found = recorded()
        >>> found.reader, found.answers[0].answer
        ('qwen2.5-coder-1.5b', 'Sydney')
    """
    return parse(files(__package__).joinpath("recorded.jsonl").read_bytes())


def parse(raw: bytes) -> Recorded:
    """A record from its bytes.

    Args:
        raw: the file.

    Raises:
        InputError: what follows the first line is not what its sha256 says, so numbers may have been changed.
    """
    head, _, rest = raw.partition(b"\n")
    provenance = json.loads(head)
    got = hashlib.sha256(rest).hexdigest()
    if got != provenance["sha256"]:
        raise InputError(f"the demo's record has been changed: wanted sha256 {provenance['sha256']}; got {got}")
    rows = [json.loads(line) for line in rest.decode().splitlines()]
    answers = tuple(_answer(row) for row in rows if "answer" in row)
    return Recorded(provenance, answers, tuple(_bug(row) for row in rows if "program" in row))


def _answer(row: Mapping[str, Any]) -> Answer:
    words = row["id"], row["prompt"], row["answer"], tuple(row["accepted"]), row["right"]
    return Answer(*words, _seen(row["own"]), _seen(row["second"]))


def _bug(row: Mapping[str, Any]) -> Bug:
    start, was, now = row["start"], row["was"], row["now"]
    buggy = row["program"][:start] + now + row["program"][start + len(was) :]
    return Bug(row["id"], row["prompt"], row["program"], buggy, start, was, now)


def _seen(row: Mapping[str, Sequence[float]]) -> Seen:
    return Seen(np.array(row["ends"], dtype=np.int64), np.array(row["nll"]), np.array(row["entropy"]))
