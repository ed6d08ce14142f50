"""From records to the answers in them: which layout each has, what a user says instead, and the line that says so."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import Layout, LoggedAnswer
from foureyes.layouts.batches import batch_exchange
from foureyes.layouts.documents import decoded, entries
from foureyes.layouts.events import is_event
from foureyes.layouts.field_map import FieldMap
from foureyes.layouts.fields import CORRECT_FIELD, SYSTEM_FIELDS, listed, truth, value_at, with_system, words_in
from foureyes.layouts.joins import Joined, Joiner, pairing_of
from foureyes.layouts.leftovers import prompted
from foureyes.layouts.plain import plain_answer
from foureyes.layouts.table import LAYOUTS, layout_named, layout_of
from foureyes.records.record import Record
from foureyes.signals.cross import with_final_answer
from foureyes.signals.spans import final_answer_span
from foureyes.types import Exchange, Unscored

__all__ = ["ANSWER_FIELD", "REQUEST_FIELD", "RESULT_FIELD", "TRUTH_FIELD", "AnswerReader"]

RESULT_FIELD: Final = "foureyes"
"""Where a scored file keeps what came of a row, beside the row."""

ANSWER_FIELD: Final = "foureyes_answer"
"""Which of several answers in a row a scored row is about: :attr:`~foureyes.layouts.answer.LoggedAnswer.which`."""


TRUTH_FIELD: Final = "foureyes_correct"
"""Whether a scored row's answer is right, where its record says so: :attr:`~foureyes.layouts.answer.LoggedAnswer.correct`."""

REQUEST_FIELD: Final = "foureyes_request"
"""Of a scored row of a batch's output the request, which stood in another file."""

_OURS: Final = (RESULT_FIELD, ANSWER_FIELD, TRUTH_FIELD, REQUEST_FIELD)

_TURNS: Final = (("conversations",), ("conversation",))

_NOTHING: Final[tuple[object, ...]] = (None, "", [], {})


class AnswerReader:
    """Reads the answers of records, each by its own layout, and counts the layouts.

    Args:
        layout: the only layout there is to be, by its name; ``None`` for the one that each record fits.
        fields: fields that a user names; they go before those of the layout.
        final_answer: pattern of the final answer within the answer, see
            :func:`~foureyes.signals.spans.final_answer_span`. A row's own ``answer_span`` goes first.

    Raises:
        InputError: no such layout, or the pattern is not one.

    Example:
        >>> reader = AnswerReader()
        >>> [found.exchange.answer for found in reader.answers(Record("line 1", {"prompt": "Capital?", "answer": "Sydney"}))]
        ['Sydney']
    """

    def __init__(
        self, layout: str | None = None, fields: FieldMap | None = None, final_answer: str | None = None
    ) -> None:
        self._layout = None if layout is None else layout_named(layout)
        self._fields = fields or FieldMap()
        self._final_answer = final_answer
        self._rows: Counter[Layout] = Counter()
        self._unread: Counter[Layout] = Counter()
        self._seen: defaultdict[Layout, set[str]] = defaultdict(set)
        if final_answer is not None:
            final_answer_span("", final_answer)

    def answers(self, record: Record) -> list[LoggedAnswer]:
        """The answers of a record, at least one; what cannot be read is an ``Unscored`` that says why and where.

        Of a document that holds records, those of all of them; what stands apart is not joined: see :meth:`answers_of`.
        """
        inner = list(entries(record))
        if inner == [record]:
            return self._answers(record)
        found = [(entry, answer) for entry in inner for answer in self._answers(entry)]
        named = [replace(answer, which=", ".join(filter(None, (entry.place, answer.which)))) for entry, answer in found]
        return named or [_bad(record, "there is no answer in it")]

    def answers_of(self, records: Iterable[Record]) -> Iterator[tuple[Record, LoggedAnswer]]:
        """The answers of a file or of several, each with its record, and with what belongs together joined.

        An answer whose other half comes later comes later too. The heads and reports of logs, and what was joined to an
        answer, come to nothing; everything else has at least one answer, as in :meth:`answers`.
        """
        joiners: dict[int, Joiner] = {}
        for record in chain.from_iterable(map(entries, records)):
            row = record.fields or {}
            pairing = None if RESULT_FIELD in row else pairing_of(row)  # what was scored was joined before
            if pairing is not None:
                joiner = joiners.setdefault(id(pairing), Joiner(pairing, self._fields.label or CORRECT_FIELD))
                for joined in joiner.add(record):
                    yield from self._joined(joined)
            elif RESULT_FIELD in row or not is_event(row):
                yield from ((record, answer) for answer in self._answers(record))
        for joiner in joiners.values():
            for joined in joiner.rest():
                yield from self._joined(joined)

    def said(self) -> str:
        """One line that says how the records so far were read."""
        return "; and ".join(self._said(layout, n) for layout, n in self._rows.items()) or "no rows were read"

    def _said(self, layout: Layout, n: int) -> str:
        fields = self._fields
        named = {"prompt": " + ".join(fields.prompt)}
        named |= {what: getattr(fields, what) for what in ("answer", "system", "tools", "label")}
        parts = [f"{what} = {name}" for what, name in named.items() if name]
        for part in layout.reads.split("; "):
            what, _, names = part.partition(" = ")
            seen = _seen(names, self._seen[layout])
            parts += [f"{what} = {seen}"] if seen and not named.get(what) else []
        rows, unread = f"{n} {'row' if n == 1 else 'rows'}", self._unread[layout]
        if unread == n and layout is LAYOUTS[-1] and not any(named.values()):
            return f"of no layout that is known, {rows}"
        unsaid = f", {unread} of them unread" if unread and layout.reads else ""
        return "; ".join([f"read as {layout.title}, {rows}{unsaid}", *parts])

    def _joined(self, joined: Joined) -> Iterator[tuple[Record, LoggedAnswer]]:
        """The answers of a record with its other half, which also says whether they are right."""
        if joined.problem:
            yield joined.record, _bad(joined.record, joined.problem)
            return
        record = joined.record if joined.fields is None else _with_request(joined.record, joined.fields["request"])
        for answer in self._answers(record, labelled=False):
            yield record, answer if joined.correct is None else replace(answer, correct=joined.correct)

    def _answers(self, record: Record, *, labelled: bool = True) -> list[LoggedAnswer]:
        if record.fields is None:
            return [_bad(record, record.problem)]
        row = {name: value for name, value in record.fields.items() if name not in _OURS}
        try:
            if REQUEST_FIELD in record.fields:
                row = batch_exchange({"body": record.fields[REQUEST_FIELD]}, row)
            found = [self._told(answer, record) for answer in self._read(decoded(row), labelled=labelled)]
            meant = _meant(found, record.fields.get(ANSWER_FIELD)) or [_bad(record, "there is no answer in it")]
            return [_judged(answer, record.fields.get(TRUTH_FIELD)) for answer in meant]
        except InputError as error:
            return [_bad(record, str(error))]
        except RecursionError:
            return [_bad(record, "lists or objects in it are nested too deeply to be read")]

    def _read(self, row: Mapping[str, Any], *, labelled: bool) -> list[LoggedAnswer]:
        layout = self._layout or layout_of(row)
        if self._layout is not None and not layout.fits(row):
            raise InputError(
                f"wanted {layout.title}; it has the layout {layout_of(row).name!r}: the fields are {listed(row)}"
            )
        self._rows[layout] += 1
        self._seen[layout].update(name for name, value in row.items() if value not in _NOTHING)
        try:
            return self._found(row, layout, labelled=labelled)
        except InputError:
            self._unread[layout] += 1
            raise

    def _found(self, row: Mapping[str, Any], layout: Layout, *, labelled: bool) -> list[LoggedAnswer]:
        found, label = self._by_fields(row, layout), self._fields.label
        if not label or not labelled:
            return found
        right = truth(value_at(row, label), label)
        return [replace(answer, correct=right) for answer in found]

    def _by_fields(self, row: Mapping[str, Any], layout: Layout) -> list[LoggedAnswer]:
        fields = self._fields
        if fields.answer or fields.tools or (fields.prompt and not _answers_apart(layout, fields.prompt)):
            return [plain_answer(row, fields)]
        if not fields.system:
            return list(layout.answers(prompted(row, fields.prompt) if fields.prompt else row))
        apart = {name: value for name, value in row.items() if name not in (fields.system, *SYSTEM_FIELDS)}
        words = words_in(row, fields.system)
        found = layout.answers(prompted(apart, fields.prompt) if fields.prompt else apart)
        return [_after(words, answer) for answer in found]

    def _told(self, answer: LoggedAnswer, record: Record) -> LoggedAnswer:
        exchange = answer.exchange
        if isinstance(exchange, Unscored):
            return replace(answer, exchange=replace(exchange, detail=f"{record.place}: {exchange.detail}"))
        if exchange.unread:
            detail = f"{record.place}: cannot read {', '.join(exchange.unread)}"
            return replace(answer, exchange=Unscored("unread_part", detail))
        return replace(answer, exchange=self._with_final_answer(exchange))

    def _with_final_answer(self, exchange: Exchange) -> Exchange | Unscored:
        if self._final_answer is None or exchange.answer_span is not None or not exchange.answer:
            return exchange
        return with_final_answer(exchange, self._final_answer)


def _answers_apart(layout: Layout, prompt: Sequence[str]) -> bool:
    """Whether the answers of a layout stand where they stand whatever a map says of the prompt."""
    return layout.name == "preference" or (layout.name == "sharegpt" and tuple(prompt) in _TURNS)


def _after(words: str, answer: LoggedAnswer) -> LoggedAnswer:
    """An answer to a prompt that begins with what the system says."""
    exchange = answer.exchange
    if isinstance(exchange, Unscored):
        return answer
    return replace(answer, exchange=replace(exchange, prompt=with_system(exchange.prompt, words)))


def _bad(record: Record, why: str) -> LoggedAnswer:
    return LoggedAnswer(Unscored("bad_row", f"{record.place}: {why}"))


def _with_request(record: Record, request: object) -> Record:
    """A batch's output with its request beside it, so that whoever reads the row needs no second file."""
    fields = {**(record.fields or {}), REQUEST_FIELD: request}
    if record.text is None:
        return replace(record, fields=fields)
    said = json.dumps({REQUEST_FIELD: request}, ensure_ascii=False)
    return replace(record, fields=fields, text=f"{record.text[:-1].rstrip()}, {said[1:]}")


def _judged(answer: LoggedAnswer, correct: object) -> LoggedAnswer:
    """The answer of a scored row with what was said of it then, where its fields say nothing of it now."""
    return replace(answer, correct=correct) if answer.correct is None and isinstance(correct, bool) else answer


def _meant(found: list[LoggedAnswer], which: object) -> list[LoggedAnswer]:
    """Of the answers of a scored row the one that was scored."""
    if which is None:
        return found
    meant = [answer for answer in found if answer.which == which]
    if not meant:
        raise InputError(f"{ANSWER_FIELD!r} names an answer that is not in the row: {which!r:.80}")
    return meant


def _seen(names: str, seen: set[str]) -> str:
    """Of the fields that a layout reads those that some row has; words that are no field's name stay where no field is left."""
    sums = [[name for name in one.split(" | ") if name in seen or " " in name] for one in names.split(" + ")]
    fields = [[name for name in one if " " not in name] or one[:1] for one in sums if one]
    if any(name in seen for one in fields for name in one):
        fields = [[name for name in one if name in seen] for one in fields]
    return " + ".join(" or ".join(one) for one in fields if one)
