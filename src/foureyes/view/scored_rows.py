"""What a row of a scored file holds: an answer, and what every verifier said of it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from foureyes.batch.results import FACTS
from foureyes.batch.window import RAW_FIELD
from foureyes.errors import InputError
from foureyes.layouts import FieldMap, LoggedAnswer
from foureyes.layouts.reading import ANSWER_FIELD, RESULT_FIELD, AnswerReader
from foureyes.records import Record
from foureyes.types import Exchange, Unscored, text_of

__all__ = ["RowReader", "ScoredRow", "answer_key", "is_number", "numbers_of"]

_BESIDE: Final = frozenset(FACTS) - {"n_tokens"} | {"g_ent_low", "g_ent_high"}
"""Numbers beside the signals."""

_NUMBERS: Final = (float, int)
_LARGEST: Final = sys.float_info.max


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """One row.

    Attributes:
        record: as it stands in the file.
        answer: the prompt, the answer, and what the row says of it.
        results: what each verifier said, by its name; empty where the row has no such field.
        problem: why there is nothing to show; empty where there is.
    """

    record: Record
    answer: LoggedAnswer
    results: Mapping[str, Mapping[str, Any]]
    problem: str = ""

    @property
    def exchange(self) -> Exchange | None:
        """Prompt and answer, where they can be read."""
        return self.answer.exchange if isinstance(self.answer.exchange, Exchange) else None


class RowReader:
    """Makes rows of records: which prompt, which answer, by the layout of the log.

    Args:
        layout: name of the only layout; empty for the one that each record fits.
        fields: which fields are meant, where the user says so, as :meth:`~foureyes.layouts.FieldMap.of` takes them.

    Attributes:
        given: layout and fields in words, for :meth:`again`; none where the user said nothing.

    Raises:
        InputError: there is no such layout, or the fields are not said as they should be.
    """

    def __init__(self, layout: str = "", fields: Sequence[str] = ()) -> None:
        self._reader = AnswerReader(layout or None, FieldMap.of(fields))
        self.given = tuple([f"layout={layout}"] * bool(layout) + [f"map={word}" for word in fields])

    @classmethod
    def again(cls, given: Sequence[str]) -> RowReader:
        """One that reads as the one that has these words.

        Raises:
            InputError: they are none.

        Example:
            >>> RowReader.again(["map=prompt=context+question"]).given
            ('map=prompt=context+question',)
        """
        layouts = [word.removeprefix("layout=") for word in given if word.startswith("layout=")]
        fields = [word.removeprefix("map=") for word in given if word.startswith("map=")]
        if len(layouts) > 1 or len(layouts) + len(fields) < len(given):
            raise InputError(f"not a way to read rows: {list(given)!r:.80}")
        return cls("".join(layouts), fields)

    def row(self, record: Record) -> ScoredRow:
        """The row of a record."""
        answers = self._reader.answers(record)
        if record.fields is None:
            return ScoredRow(record, answers[0], {}, record.problem)
        if RAW_FIELD in record.fields:
            return ScoredRow(record, answers[0], {}, "a line of the input that was no JSON object")
        results = record.fields.get(RESULT_FIELD)
        if not isinstance(results, dict) or not all(isinstance(one, dict) for one in results.values()):
            return ScoredRow(record, answers[0], {}, f"no field {RESULT_FIELD!r} with what verifiers said")
        return ScoredRow(record, answers[0], results, _problem(answers, record.place))


def _problem(answers: Sequence[LoggedAnswer], place: str) -> str:
    if len(answers) > 1:
        return f"{len(answers)} answers in it, and no {ANSWER_FIELD!r} that says which was scored"
    exchange = answers[0].exchange
    return exchange.detail.removeprefix(f"{place}: ") if isinstance(exchange, Unscored) else ""


def is_number(value: object) -> bool:
    """Whether a value of a row is a number that a float holds.

    Example:
        >>> [is_number(value) for value in (1.5, 10**400, True, "1", None)]
        [True, False, False, False, False]
    """
    return type(value) in _NUMBERS and -_LARGEST <= value <= _LARGEST  # type: ignore[operator] # it is a number


def numbers_of(result: Mapping[str, Any]) -> dict[str, float]:
    """The signals of one verifier, and ``n_tokens``: everything that is a number and not a fact beside it.

    Example:
        >>> numbers_of({"log_cmp": 1.5, "cme": None, "n_tokens": 3, "n_dropped": 0})
        {'log_cmp': 1.5, 'n_tokens': 3.0}
    """
    return {name: float(value) for name, value in result.items() if is_number(value) and name not in _BESIDE}


def answer_key(row: ScoredRow) -> int:
    """64 bits of a hash of prompt, answer and which of several it is; 0 where they cannot be read."""
    exchange = row.exchange
    if exchange is None:
        return 0
    text = "\x00".join((text_of(exchange.prompt), exchange.answer, row.answer.which))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") or 1
