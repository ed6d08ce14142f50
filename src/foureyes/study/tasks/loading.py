"""From a task's name to its questions: found in a folder, or on the Hugging Face hub where it can be reached.

A sample of n questions is drawn by each question's own hash under a seed, so that a larger sample holds the smaller one
and nothing that was paid for is lost by asking for more. Records that make no question are counted by their reason.
"""

from __future__ import annotations

import hashlib
import string
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final

from foureyes.errors import ConfigError, InputError
from foureyes.layouts import AnswerReader, FieldMap
from foureyes.layouts.documents import entries
from foureyes.records import Record, records
from foureyes.records.forms import form_of_name
from foureyes.records.streams import checksum
from foureyes.study.stored_options import StoredOptions, load_stored_options
from foureyes.study.tasks.hub import fetch
from foureyes.study.tasks.items import PublishedAnswer, TaskItem
from foureyes.study.tasks.layouts import LAYOUTS, TaskLayout, layout_of, logged_item

__all__ = ["KNOWN", "KnownTask", "Task", "TaskSpec", "load_task"]


@dataclass(frozen=True, slots=True)
class KnownTask:
    """A task known by name.

    Attributes:
        licence: of its data, where it was published.
        folders: what a folder with its files may be called, under the one given with ``--data``.
        repository: on the Hugging Face hub.
        pattern: of the file there.
    """

    licence: str
    folders: tuple[str, ...]
    repository: str
    pattern: str


KNOWN: Final[Mapping[str, KnownTask]] = {
    "mmlu": KnownTask("MIT", ("mmlu", "mmlu_redux"), "cais/mmlu", "all/test-*.parquet"),
    "arc": KnownTask("CC-BY-SA-4.0", ("arc", "arc_challenge_pairs"), "allenai/ai2_arc", "ARC-Challenge/test-*.parquet"),
    "truthfulqa": KnownTask(
        "Apache-2.0", ("truthfulqa",), "truthfulqa/truthful_qa", "multiple_choice/validation-*.parquet"
    ),
    "triviaqa": KnownTask(
        "Apache-2.0",
        ("triviaqa", "triviaqa_popqa_medqa_400"),
        "mandarjoshi/trivia_qa",
        "rc.nocontext/validation-*.parquet",
    ),
    "nq-open": KnownTask(
        "CC-BY-SA-3.0", ("nq-open", "nq_open"), "google-research-datasets/nq_open", "nq_open/validation-*.parquet"
    ),
    "webquestions": KnownTask("CC-BY-4.0", ("webquestions",), "stanfordnlp/web_questions", "data/test-*.parquet"),
    "simpleqa": KnownTask("MIT", ("simpleqa",), "basicv8vc/SimpleQA", "*.csv"),
    "gsm8k": KnownTask("MIT", ("gsm8k", "gsm8k_openai"), "openai/gsm8k", "main/test-*.parquet"),
    "humaneval": KnownTask("MIT", ("humaneval",), "openai/openai_humaneval", "openai_humaneval/test-*.parquet"),
    "mbpp": KnownTask("CC-BY-4.0", ("mbpp",), "google-research-datasets/mbpp", "full/test-*.parquet"),
    "halueval": KnownTask("MIT", ("halueval",), "pminervini/HaluEval", "general/data-*.parquet"),
}


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """Which questions a study wants.

    Attributes:
        name: a known task, or any name where ``file`` is given.
        file: the file, under the folder of the data; found by the task's name when empty.
        limit: most questions; ``None`` for all.
        where: fields a record must have with these values.
        protocols: changes to the questions, each asked beside them; see :mod:`foureyes.study.protocols`.
        layout: the only layout of :mod:`foureyes.layouts` that its records are to have, where they are logs of judged answers.
        map: which fields of such records are meant, as ``--map`` says it: ``"prompt=context+question"``.
        same_question: of stored option logits, the array whose equal values are one question, asked in several ways:
            ``"ids % 1000000"`` for their remainders.
    """

    name: str
    file: str = ""
    limit: int | None = None
    where: tuple[tuple[str, str], ...] = ()
    protocols: tuple[str, ...] = ()
    layout: str = ""
    map: tuple[str, ...] = ()
    same_question: str = ""

    def __post_init__(self) -> None:
        self.reader()
        if self.limit is not None and self.limit < 1:
            raise InputError(f"task {self.name}: a limit is at least 1; got {self.limit}")

    def reader(self) -> AnswerReader:
        """What reads logs of judged answers.

        Raises:
            InputError: no such layout, or a map that is none.
        """
        return AnswerReader(self.layout or None, FieldMap.of(self.map))


@dataclass(frozen=True, slots=True)
class Task:
    """Questions, and where they come from.

    Attributes:
        name: of the task.
        items: the questions of the sample, in the order of the file.
        licence: of the data.
        layout: how it was laid out.
        checksums: sha256 of every file read, by its name.
        n_records: records in the files.
        refused: records that make no question, by reason.
    """

    name: str
    items: tuple[TaskItem, ...]
    licence: str
    layout: str
    checksums: Mapping[str, str]
    n_records: int
    refused: Mapping[str, int]


def load_task(wanted: TaskSpec, *, data: Path | None, seed: int) -> Task:
    """Reads a task's questions.

    Args:
        wanted: which.
        data: a folder with data; ``None`` to ask the hub.
        seed: of the sample.

    Raises:
        InputError: no such file, a layout that is not known, no record that makes a question, or two questions with
            one id.
        ConfigError: an unknown task without a file, or an extra is not installed.
        ModelUnavailable: the hub cannot be reached.
    """
    known = KNOWN.get(wanted.name)
    paths = [_file(wanted, data)] if wanted.file else _known_files(wanted, known, data)
    taken, refused, layout, n = _stored_items(paths, wanted) if wanted.file.endswith(".npz") else _items(paths, wanted)
    if not taken:
        why = "; ".join(f"{count} × {reason}" for reason, count in refused.most_common(3)) or "there are no records"
        raise InputError(f"task {wanted.name}: no record of {', '.join(map(str, paths))} makes a question: {why}")
    items = _sample(_merge_judged(taken, wanted.name), wanted.limit, seed)
    checksums = {path.name: checksum(path) for path in paths}
    stated = (known.licence if known else "") or "not stated"
    licence, name = (layout.licence or stated, layout.name) if isinstance(layout, TaskLayout) else (stated, layout)
    return Task(wanted.name, items, licence, name, checksums, n, dict(refused))


def _file(wanted: TaskSpec, data: Path | None) -> Path:
    path = (data or Path()) / wanted.file
    if not path.is_file():
        raise InputError(f"task {wanted.name}: no file {path}")
    return path


def _known_files(wanted: TaskSpec, known: KnownTask | None, data: Path | None) -> list[Path]:
    """Files of a known task: the only one in its folder, or the hub's."""
    if known is None:
        raise ConfigError(f"unknown task {wanted.name!r}; known are {', '.join(KNOWN)}, and any with a file")
    if data is None:
        return fetch(known.repository, known.pattern)
    folders = [data / folder for folder in known.folders if (data / folder).is_dir()]
    if not folders:
        raise InputError(f"task {wanted.name}: wanted a folder {' or '.join(known.folders)} in {data}; there is none")
    files = [path for path in sorted(folders[0].iterdir()) if _holds_records(path)]
    if len(files) != 1:
        names = " or ".join(f'file = "{path.relative_to(data).as_posix()}"' for path in files)
        raise InputError(
            f"task {wanted.name}: {folders[0]} holds {len(files)} files of records, wanted one"
            + (f"; name it in [[task]]: {names}" if names else "")
        )
    return files


def _holds_records(path: Path) -> bool:
    return path.is_file() and form_of_name(path) is not None


def _items(paths: Sequence[Path], wanted: TaskSpec) -> tuple[list[TaskItem], Counter[str], TaskLayout | str, int]:
    """Questions, refusals by reason, the layout or how a log was read, records."""
    where = dict(wanted.where)
    first = next((record.fields for record in _wanted(paths, where) if record.fields is not None), {})
    layout = None if wanted.layout or wanted.map else layout_of(first)
    if layout is None:
        return _logged_items(paths, wanted.reader(), where, first)
    taken: list[TaskItem] = []
    refused: Counter[str] = Counter()
    n = 0
    for n, record in enumerate(_wanted(paths, {}), 1):
        if record.fields is None:
            refused[record.problem] += 1
        elif _is_wanted(record, where):
            _add_item(record.fields, layout, str(n - 1), taken, refused)
    return taken, refused, layout, n


def _stored_items(paths: Sequence[Path], wanted: TaskSpec) -> tuple[list[TaskItem], Counter[str], str, int]:
    """Questions of published option logits, which come without their words."""
    [path] = paths
    stored = load_stored_options(path, same_question=wanted.same_question)
    items = [_stored_item(stored, row) for row in range(len(stored.gold))]
    return items, Counter(stored.left_out), "stored option logits", len(items) + sum(stored.left_out.values())


def _stored_item(stored: StoredOptions, row: int) -> TaskItem:
    letters = string.ascii_uppercase[: stored.log_p.shape[2]]
    published = tuple(
        PublishedAnswer(name, letters[int(log_p.argmax())], option_log_p=tuple(log_p.tolist()))
        for name, log_p in zip(stored.models, stored.log_p[:, row], strict=True)
    )
    return TaskItem(
        str(stored.ids[row]),
        f"Question {stored.ids[row]}, whose words were not published",
        "letter",
        (letters[stored.gold[row]],),
        tuple(f"option {letter}" for letter in letters),
        published=published,
        same_as=f"question {stored.question[row]}",
    )


def _wanted(paths: Sequence[Path], where: Mapping[str, str]) -> Iterator[Record]:
    found = (record for path in paths for record in records(path))
    return (record for record in chain.from_iterable(map(entries, found)) if _is_wanted(record, where))


def _is_wanted(record: Record, where: Mapping[str, str]) -> bool:
    fields = record.fields
    return fields is None or all(str(fields.get(field)) == value for field, value in where.items())


def _logged_items(
    paths: Sequence[Path], reader: AnswerReader, where: Mapping[str, str], first: Mapping[str, Any]
) -> tuple[list[TaskItem], Counter[str], str, int]:
    """The same of logs and data sets of judged answers."""
    taken: list[TaskItem] = []
    refused: Counter[str] = Counter()
    for _, together in groupby(reader.answers_of(_wanted(paths, where)), key=lambda pair: id(pair[0])):
        pairs = list(together)
        record = pairs[0][0]
        try:
            taken.append(logged_item(record, [answer for _, answer in pairs]))
        except InputError as error:
            refused[str(error).replace(f"{record.place}: ", "")] += 1
    if first and not taken:
        known = "; ".join(f"{layout.name}: {', '.join(sorted(layout.fields))}" for layout in LAYOUTS)
        why = next(iter(refused), "there are none")
        raise InputError(f"fields {', '.join(first)} fit no known layout ({known}), nor one of judged answers: {why}")
    return taken, refused, reader.said(), sum(1 for _ in _wanted(paths, {}))


def _add_item(
    record: Mapping[str, Any], layout: TaskLayout, n: str, taken: list[TaskItem], refused: Counter[str]
) -> None:
    missing = sorted(layout.fields - record.keys())
    if missing:
        refused[f"no field {', '.join(missing)}"] += 1
        return
    try:
        taken.append(layout.item(record, n))
    except InputError as error:
        refused[str(error)] += 1
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        refused[f"not laid out as {layout.name}: {type(error).__name__} {error}"] += 1


def _merge_judged(items: Sequence[TaskItem], task: str) -> list[TaskItem]:
    """Judged records of one question become one question with several answers."""
    merged: dict[str, TaskItem] = {}
    for item in items:
        key = f"?{item.question}" if item.kind == "judged" else item.id
        if key in merged and item.kind != "judged" and not _same_question(merged[key], item):
            raise InputError(f"task {task}: two questions have the id {item.id!r}")
        merged[key] = replace(merged[key], published=merged[key].published + item.published) if key in merged else item
    return list(merged.values())


def _same_question(one: TaskItem, other: TaskItem) -> bool:
    """Whether two records are answers of two models to one question."""
    authors = {published.generator for published in one.published}
    new = {published.generator for published in other.published}
    return bool(authors and new) and not authors & new and (one.question, one.gold) == (other.question, other.gold)


def _sample(items: Sequence[TaskItem], limit: int | None, seed: int) -> tuple[TaskItem, ...]:
    if limit is None or limit >= len(items):
        return tuple(items)
    chosen = {item.id for item in sorted(items, key=lambda item: _draw_key(item, seed))[:limit]}
    return tuple(item for item in items if item.id in chosen)


def _draw_key(item: TaskItem, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{item.id}\0{item.question}".encode()).digest()
