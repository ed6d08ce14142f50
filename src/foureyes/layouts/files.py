"""The answers of a file, or of rows in memory, for programs. Start at :func:`read_answers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.field_map import FieldMap
from foureyes.layouts.reading import AnswerReader
from foureyes.records import Form, records
from foureyes.records.reading import Source

__all__ = ["Answers", "read_answers"]


class Answers(Iterator[LoggedAnswer]):
    """Answers, read as they are taken, once.

    Args:
        source: where they are.
        reader: what their records mean.
        form: of the files, where their names are not to say.
    """

    def __init__(self, source: Source, reader: AnswerReader, form: Form | None) -> None:
        self._reader = reader
        self._found = reader.answers_of(records(source, form=form))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> LoggedAnswer:
        return next(self._found)[1]

    @property
    def said(self) -> str:
        """How those so far were read: ``"read as Alpaca, 500 rows; prompt = instruction + input; answer = output"``."""
        return self._reader.said()


def read_answers(
    source: Source,
    *,
    layout: str | None = None,
    map: Mapping[str, str] | None = None,  # noqa: A002 - called as on the command line
    final_answer: str | None = None,
    form: Form | None = None,
) -> Answers:
    r"""Reads the answers of a log or a data set, whatever its format and layout.

    Args:
        source: a path, a pattern such as ``"logs/*.jsonl"``, a list of paths, an open binary stream, a data frame of
            pandas or polars, a table of pyarrow, a data set of Hugging Face, or an iterable of mappings.
        layout: the only layout there is to be, by its name; ``None`` for the one that each record fits.
        map: which field is meant, where the layout is not to say: ``{"prompt": "context+question", "answer": "reply"}``.
        final_answer: pattern of the final answer within the answer, see
            :func:`~foureyes.signals.spans.final_answer_span`.
        form: of the files, such as ``"csv"``, where their names are not to say.

    Returns:
        The answers, which :func:`foureyes.score` takes as they are. What cannot be read is among them, and its ``exchange``
        says why.

    Raises:
        InputError: no such file or layout, or a map that is none. Damage of a file comes up while answers are taken.

    Example:
        >>> answers = read_answers([{"instruction": "Translate.", "input": "Hund", "output": "dog"}])
        >>> next(answers).exchange
        Exchange(prompt='Translate.\nHund', answer='dog', answer_span=None, turn=None, tools=())
        >>> answers.said
        'read as Alpaca, 1 row; prompt = instruction + input; answer = output'
    """
    fields = FieldMap.of([f"{what}={field}" for what, field in (map or {}).items()])
    return Answers(source, AnswerReader(layout, fields, final_answer), form)
