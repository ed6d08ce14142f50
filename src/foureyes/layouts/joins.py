"""What belongs together and stands apart: requests and outputs of a batch, samples and matches, observations and scores.

Either may come first. A record that waits for its other half is held, at most so many at a time; the oldest then goes on alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.batches import batch_exchange, is_batch_input, is_batch_output, unasked
from foureyes.layouts.events import is_event, is_match, is_sampling
from foureyes.layouts.fields import truth
from foureyes.layouts.langfuse import is_observation, is_score
from foureyes.records.record import Record

__all__ = ["HELD", "Joined", "Joiner", "Pairing", "pairing_of"]

_UNCLEAR: Final = "several requests or answers of a batch have one custom_id; give the files of one batch at a time"

HELD: Final = 50_000
"""Records that may wait for their other half at a time: as many as a batch of OpenAI's has at most."""


_OWN: Final = frozenset({"id", "event_id", "created_at", "createdAt", "updatedAt", "timestamp"})


@dataclass(frozen=True, slots=True)
class Joined:
    """A record that may go on.

    Attributes:
        record: as it stood in its file.
        fields: what is to be read, where that is not what stood there.
        correct: what its other half says, where it says so.
        problem: why both halves together hold no answer.
    """

    record: Record
    fields: Mapping[str, Any] | None = None
    correct: bool | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Pairing:
    """How two kinds of records belong together.

    Attributes:
        answers: whether a record is the half that holds the answer.
        tells: whether it is the half that tells more of it.
        key: what both have in common, given the record and which half it is.
        join: of the record with the answer and the fields of its other half.
        missing: what is said of a record with an answer whose other half is not among those that were given; ``None`` where
            it goes on alone.
    """

    answers: Callable[[Mapping[str, Any]], bool]
    tells: Callable[[Mapping[str, Any]], bool]
    key: Callable[[Mapping[str, Any], bool], Hashable]
    join: Callable[[Record, Mapping[str, Any], str], Joined]
    missing: Callable[[Mapping[str, Any]], str] | None = None


def _batch(record: Record, request: Mapping[str, Any], _: str) -> Joined:
    try:
        return Joined(record, batch_exchange(request, record.fields or {}))
    except InputError as error:
        return Joined(record, problem=str(error))


def _match(record: Record, match: Mapping[str, Any], _: str) -> Joined:
    return Joined(record, correct=match["data"]["correct"])


def _score(record: Record, score: Mapping[str, Any], name: str) -> Joined:
    try:
        return Joined(record, correct=truth(score["value"], name))
    except InputError:  # a grade between right and wrong
        return Joined(record)


_PAIRINGS: Final = (
    Pairing(
        is_batch_output,
        is_batch_input,
        lambda row, _: str(row["custom_id"]),
        _batch,
        unasked,
    ),
    Pairing(
        lambda row: is_event(row) and is_sampling(row),
        lambda row: is_event(row) and is_match(row),
        lambda row, _: (str(row.get("run_id")), str(row.get("sample_id"))),
        _match,
    ),
    Pairing(
        is_observation,
        is_score,
        lambda row, answers: str(row["id"] if answers else row["observationId"]) if "id" in row else None,
        _score,
    ),
)


def pairing_of(row: Mapping[str, Any]) -> Pairing | None:
    """How a record is paired, if it is one of two halves."""
    return next((pairing for pairing in _PAIRINGS if pairing.answers(row) or pairing.tells(row)), None)


@dataclass(slots=True)
class Joiner:
    """Joins the halves of one pairing as they come.

    Args:
        pairing: how.
        label: name of the score that says whether an answer is right.
    """

    pairing: Pairing
    label: str
    _waiting: dict[Hashable, list[Record]] = field(default_factory=dict)
    _told: dict[Hashable, Record] = field(default_factory=dict)
    _used: set[Hashable] = field(default_factory=set)
    _unclear: set[Hashable] = field(default_factory=set)
    _n: int = 0

    def add(self, record: Record) -> list[Joined]:
        """What may go on now that this record is there."""
        row = record.fields or {}
        answers = self.pairing.answers(row)
        key = self.pairing.key(row, answers)
        if not answers:
            return self._tell(key, record, row)
        if key in self._told:
            self._used.add(key)
            return self._joined([record], key)
        self._waiting.setdefault(key, []).append(record)
        self._n += 1
        return self._release(next(iter(self._waiting))) if self._n > HELD else []

    def rest(self) -> list[Joined]:
        """What is left at the end: answers of which nothing more is told, and what tells of no answer."""
        left = [joined for key in list(self._waiting) for joined in self._release(key)]
        missing = self.pairing.missing if self._told else None
        if missing is not None:
            left = [replace(one, problem=missing(one.record.fields or {})) for one in left]
        return [*left, *(Joined(record) for key, record in self._told.items() if key not in self._used)]

    def _tell(self, key: Hashable, record: Record, row: Mapping[str, Any]) -> list[Joined]:
        if is_score(row) and row["name"] != self.label:
            return []  # of something else than right or wrong
        before = self._told.get(key)
        if before is not None and key not in self._used and _differ(before, record):
            self._unclear.add(key)
        elif before is not None and key in self._used:
            self._unclear.discard(key)  # one file after the other, each with its answers
        self._told[key] = record
        waiting = self._waiting.pop(key, [])
        if not waiting:
            return []
        self._used.add(key)
        self._n -= len(waiting)
        if len(waiting) > 1 and not is_score(row):  # nobody says which of the samples matched
            self._unclear.add(key)
        return self._joined(waiting, key)

    def _joined(self, records: list[Record], key: Hashable) -> list[Joined]:
        told = self._told[key].fields or {}
        if key not in self._unclear:
            return [self.pairing.join(one, told, self.label) for one in records]
        unclear = f"{_UNCLEAR}: {key!r:.60}" if is_batch_input(told) else ""
        return [Joined(one, problem=unclear) for one in records]

    def _release(self, key: Hashable) -> list[Joined]:
        waiting = self._waiting.pop(key)
        self._n -= len(waiting)
        return [Joined(record) for record in waiting]


def _differ(one: Record, other: Record) -> bool:
    """Whether two records say different things, but for their own ids."""
    a, b = ({name: value for name, value in (row.fields or {}).items() if name not in _OWN} for row in (one, other))
    return a != b
