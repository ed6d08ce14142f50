"""From one row of a data set to an exchange, without touching a file: what :mod:`foureyes.layouts` reads in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from foureyes.errors import InputError
from foureyes.layouts import AnswerReader, FieldMap
from foureyes.layouts.fields import ANSWER_FIELDS, SPAN_FIELD, TOOLS_FIELD
from foureyes.layouts.plain import PROMPT_FIELDS, REFERENCE_FIELD
from foureyes.records import Record
from foureyes.types import Exchange, Unscored

__all__ = ["Fields", "exchange_of"]


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a row keeps its prompt and its answer.

    Args:
        prompt: name of the field; ``None`` for whichever the row has.
        answer: name of the field; ``None`` for whichever the row has, or the last turn of
            a conversation that ends with the assistant. The prompt's own name asks for that last turn.
        final_answer: pattern of the final answer within the answer, see
            :func:`~foureyes.signals.spans.final_answer_span`. A row's own ``answer_span`` goes first.

    Raises:
        InputError: the pattern is not one.
    """

    prompt: str | None = None
    answer: str | None = None
    final_answer: str | None = None

    def __post_init__(self) -> None:
        self.reader()

    def reader(self) -> AnswerReader:
        """What reads these fields."""
        fields = FieldMap(prompt=() if self.prompt is None else (self.prompt,), answer=self.answer or "")
        return AnswerReader(fields=fields, final_answer=self.final_answer)

    def read_from(self, names: Collection[str], lists: Collection[str]) -> tuple[str, ...]:
        """Those of a table's columns that rows are made from.

        Args:
            names: of all columns.
            lists: those of them that hold lists, and so may hold conversations that end with the answer.

        Raises:
            InputError: the table can hold no prompt, or no answer.
        """
        prompts = [name for name in _wanted(self.prompt, PROMPT_FIELDS) if name in names]
        answers = [name for name in _wanted(self.answer, (*ANSWER_FIELDS, REFERENCE_FIELD)) if name in names]
        if not prompts:
            raise InputError(
                f"no column {_either(_wanted(self.prompt, PROMPT_FIELDS))}; the columns are {_list(names)}"
            )
        if not answers and (self.answer is not None or not set(prompts) & set(lists)):
            raise InputError(
                f"no column {_either(_wanted(self.answer, ANSWER_FIELDS))}; the columns are {_list(names)}"
            )
        return tuple(
            dict.fromkeys([*prompts, *answers, *(name for name in (SPAN_FIELD, TOOLS_FIELD) if name in names)])
        )


def exchange_of(row: Mapping[str, Any], fields: Fields, where: str) -> Exchange | Unscored:
    """Makes an exchange of the first answer in a row.

    Args:
        row: field names and values.
        fields: where the row keeps what.
        where: the row's place, for the message: ``"line 17"``.
    """
    return fields.reader().answers(Record(where, dict(row)))[0].exchange


def _wanted(named: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    return usual if named is None else (named,)


def _either(names: tuple[str, ...]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _list(names: Collection[str]) -> str:
    return ", ".join(repr(name) for name in names) or "none"
