"""Rows of the output: one for every answer of every record, or for the reason why none can be read.

Start at :class:`Answering`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from foureyes.batch.json_text import dump, splice, without
from foureyes.batch.pieces import text_size
from foureyes.batch.window import RAW_FIELD
from foureyes.layouts import FieldMap, LoggedAnswer
from foureyes.layouts.reading import ANSWER_FIELD, RESULT_FIELD, TRUTH_FIELD, AnswerReader
from foureyes.records import Record

__all__ = ["TAKEN", "AnsweredRow", "Answering", "ReadAs", "checked"]

TAKEN: Final = f"it has a field {RESULT_FIELD!r} already; --overwrite-field replaces it"


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What records mean, as far as a user says it.

    Args:
        layout: the only layout there is to be, by its name; ``None`` for the one that each record fits.
        fields: fields that hold what, where the layout is not to say.
        final_answer: pattern of the final answer within the answer, see
            :func:`~foureyes.signals.spans.final_answer_span`.

    Raises:
        InputError: no such layout, or the pattern is not one.
    """

    layout: str | None = None
    fields: FieldMap = field(default_factory=FieldMap)
    final_answer: str | None = None

    def __post_init__(self) -> None:
        self.reader()

    def reader(self) -> AnswerReader:
        """One that has read nothing yet."""
        return AnswerReader(self.layout, self.fields, self.final_answer)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        fields = {**asdict(self.fields), "prompt": list(self.fields.prompt)}
        return {"layout": self.layout, "fields": fields, "final_answer": self.final_answer}


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """A record, and one of its answers.

    Attributes:
        index: of the record, from 0.
        record: with its fields.
        answer: one of those in it.
    """

    index: int
    record: Record
    answer: LoggedAnswer

    @property
    def added(self) -> dict[str, Any]:
        """What is written beside the fields: which of several answers, and whether it is right, where that is known."""
        said = {ANSWER_FIELD: self.answer.which or None, TRUTH_FIELD: self.answer.correct}
        fields = self.record.fields or {}
        return {name: value for name, value in said.items() if value is not None and name not in fields}

    @property
    def text(self) -> str:
        """A JSON object with the record's fields as they are written in the file, where it holds JSON."""
        record = self.record
        if record.fields is None:
            return dump({RAW_FIELD: record.text or ""})
        text = dump(record.fields) if record.text is None else record.text
        for name, value in self.added.items():
            text = splice(text, name, dump(value))
        return text

    @property
    def fields(self) -> dict[str, Any]:
        """The same as a mapping."""
        found: dict[str, Any] = json.loads(self.text) if self.record.fields is None else self.record.fields
        return found | self.added

    @property
    def size(self) -> int:
        """Characters it keeps in memory, about."""
        return len(self.record.text or "") or text_size(self.answer.exchange)


def checked(record: Record, *, overwrite: bool) -> Record:
    """The record without a field that has the result's name, or one that has no room for a result.

    Args:
        record: any.
        overwrite: whether that field may go.
    """
    if record.fields is None or RESULT_FIELD not in record.fields:
        return record
    if not overwrite:
        return Record(record.place, None, TAKEN, dump(record.fields) if record.text is None else record.text)
    fields = {name: value for name, value in record.fields.items() if name != RESULT_FIELD}
    return replace(record, fields=fields, text=None if record.text is None else without(record.text, RESULT_FIELD))


class Answering:
    """Rows of records, one for every answer; an answer whose other half comes later in the file comes later too.

    Args:
        records: of the input.
        reader: finds the answers.
    """

    def __init__(self, records: Iterable[Record], reader: AnswerReader) -> None:
        self._records, self._reader = records, reader
        self._waiting: dict[str, int] = {}  # places of records, and their indices
        self._taken = 0

    @property
    def oldest(self) -> int:
        """Index of the first record whose answers may be still to come."""
        return next(iter(self._waiting.values()), self._taken)

    def rows(self) -> Iterator[AnsweredRow]:
        """All rows, lazily."""
        before = ""
        for record, answer in self._reader.answers_of(self._noted()):
            if record.place != before:
                self._waiting.pop(before, None)
            before = record.place
            yield AnsweredRow(self._waiting.get(before, self._taken - 1), record, answer)  # or an entry of the last one

    def _noted(self) -> Iterator[Record]:
        for record in self._records:
            self._waiting[record.place] = self._taken
            self._taken += 1
            yield record
