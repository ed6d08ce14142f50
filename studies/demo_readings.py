"""What the demo shows of models that are too large to run in it, made again: ``python -m studies.demo_readings``.

:data:`~foureyes.demo.recorded.AUTHOR` answers every question of :mod:`foureyes.demo.asked`, greedily, at most :data:`MOST_TOKENS` tokens, of
which the first line that says something counts. It reads its own answers, which gives its own doubt, and :data:`READER` reads them. All
answers are kept; which are right is for the accepted texts to say. Of each program in ``demo_programs.jsonl`` the first mutation in the
order of :data:`SEED` that its tests refuse is its bug.

What has been written or read stays in ``--work`` and is not done again, so a run may be stopped at any time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

import foureyes.demo
from foureyes.demo.asked import ShortQuestion, asked
from foureyes.demo.questions import load
from foureyes.demo.recorded import AUTHOR
from foureyes.models.catalog import open_reader, open_writer
from foureyes.models.roles import Sampling
from foureyes.models.weights.known import KNOWN
from foureyes.study.tasks.code import CodeProblem
from foureyes.study.tasks.grading import grade
from foureyes.study.tasks.items import TaskItem
from foureyes.study.tasks.mutations import mutations
from foureyes.types import Exchange, Reading, Unscored

READER: Final = "qwen2.5-coder-1.5b"
MOST_TOKENS: Final = 16
SEED: Final = 0
BATCH: Final = 4
"""Answers written or read before they are kept."""
PROGRAMS: Final = Path(__file__).with_name("demo_programs.jsonl")
RECORD: Final = Path(foureyes.demo.__file__).with_name("recorded.jsonl")
FRACTION: Final = re.compile(r"\d\s?/\s?\d")
NUMBER: Final = re.compile(r"[\d./]+")
LABEL: Final = re.compile(r"^\s*Answer:")

Row = dict[str, Any]


def main() -> None:
    """Writes, reads, and puts together what the package ships."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("out/demo"), help="where results are kept on the way")
    parser.add_argument("--out", type=Path, default=RECORD, help="the record (default: the package's own)")
    parser.add_argument("--reader", default=READER, help="the second reader (default: %(default)s)")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    questions = asked()
    ours = {question.id for question in load()}
    answers = _answers(args.work, args.reader, questions)
    counts = {
        "n_questions": len(questions),
        "n_more": sum(question.id not in ours for question in questions),
        "n_empty": len(questions) - len(answers),
    }
    args.out.write_bytes(whole([*answers, *bugs()], args.reader, counts))


def whole(rows: Sequence[Row], reader: str, counts: Row) -> bytes:
    """The record: its provenance with the sha256 of the rows, then the rows."""
    body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    head = {
        "sha256": hashlib.sha256(body).hexdigest(),
        "command": f"python -m studies.demo_readings --reader {reader}",
        "author": AUTHOR,
        "reader": reader,
        "seed": SEED,
        "most_tokens": MOST_TOKENS,
        **counts,
        "models": {name: {"sha256": KNOWN[name].sha256, "licence": KNOWN[name].licence} for name in (AUTHOR, reader)},
        "versions": {name: version(name) for name in ("torch", "transformers", "gguf", "numpy")},
    }
    return json.dumps(head).encode() + b"\n" + body


def bugs() -> list[Row]:
    """Of each program the first mutation that its tests refuse."""
    return [_bug(json.loads(line)) for line in PROGRAMS.read_text(encoding="utf-8").splitlines()]


def _bug(row: Row) -> Row:
    problem = TaskItem(row["id"], row["prompt"], "code", (row["program"],), problem=CodeProblem(row["tests"]))
    if grade(problem, row["program"]) != "right":
        raise SystemExit(f"{row['id']}: the program does not pass its own tests")
    tried = mutations(row["program"], seed=SEED)
    bug = next(one for one in tried if grade(problem, one.program) == "wrong")
    return {**{k: row[k] for k in ("id", "prompt", "program")}, "start": bug.start, "was": bug.was, "now": bug.now}


def _answers(work: Path, reader: str, questions: Sequence[ShortQuestion]) -> list[Row]:
    """The author's answers, graded, with both readings; those without a word are left out."""
    answers = write_answers(work, questions)
    readings = (read_answers(work, model, questions) for model in (AUTHOR, reader))
    return [
        {
            "id": question.id,
            "prompt": question.prompt,
            "answer": answer["answer"],
            "accepted": question.accepted,
            "right": is_right(question, answer["answer"]),
            "own": _numbers(own),
            "second": _numbers(second),
        }
        for question, answer, own, second in zip(questions, answers, *readings, strict=True)
        if answer["answer"]
    ]


def is_right(question: ShortQuestion, answer: str) -> bool:
    """Whether an answer gives an accepted text, or, where numbers are accepted, ends on one; a fraction left undivided is none."""
    numbers = [text for text in question.accepted if NUMBER.fullmatch(text)]
    texts = tuple(text for text in question.accepted if text not in numbers)
    if FRACTION.search(answer) and not FRACTION.search(question.accepted[0]):
        numbers = []
    items = [TaskItem(question.id, question.prompt, "number", (text,)) for text in numbers]
    items += [TaskItem(question.id, question.prompt, "text", texts)] if texts else []
    return any(grade(item, answer) == "right" for item in items)


def _numbers(row: Row) -> Row:
    if "unscored" in row:
        raise SystemExit(f"{row['id']} could not be read: {row['unscored']}")
    return {name: row[name] for name in ("ends", "nll", "entropy")}


def write_answers(work: Path, questions: Sequence[ShortQuestion]) -> list[Row]:
    """The author's answers, in the order of the questions; those that are missing are written."""

    def write(todo: Sequence[int]) -> Iterator[Row]:
        writer = open_writer(AUTHOR)
        for batch in _batches(questions, todo):
            written = writer.write([question.prompt for question in batch], Sampling(max_tokens=MOST_TOKENS))
            for question, (one,) in zip(batch, written, strict=True):
                if isinstance(one, Unscored):
                    raise SystemExit(f"{AUTHOR} could not answer {question.id}: {one}")
                yield {"id": question.id, "answer": first_line(one.exchange.answer)}

    return _continued(work / f"answers-{AUTHOR}.jsonl", [question.id for question in questions], write)


def read_answers(work: Path, model: str, questions: Sequence[ShortQuestion]) -> list[Row]:
    """What a model saw in the author's answers; those that it has not read yet are read."""
    answers = {row["id"]: row["answer"] for row in write_answers(work, questions)}

    def read(todo: Sequence[int]) -> Iterator[Row]:
        reader = open_reader(model)
        for batch in _batches(questions, todo):
            exchanges = [Exchange(question.prompt, answers[question.id]) for question in batch]
            for question, reading in zip(batch, reader.read(exchanges), strict=True):
                yield {"id": question.id, **seen(reading)}

    return _continued(work / f"{model}-on-{AUTHOR}.jsonl", [question.id for question in questions], read)


def first_line(text: str) -> str:
    """The first line of what was written that says something besides "Answer:"; empty if there is none."""
    lines = (LABEL.sub("", line).strip() for line in text.splitlines())
    return next((line for line in lines if line), "")


def seen(reading: Reading | Unscored) -> Row:
    """A reading as it is kept: where each token ends in the answer's bytes, its surprise and the entropy before it, nats."""
    if isinstance(reading, Unscored):
        return {"unscored": reading.to_dict()}
    numbers = {"nll": reading.nll, "entropy": reading.entropy_low}
    return {"ends": reading.spans[:, 1].tolist()} | {name: np.round(v, 4).tolist() for name, v in numbers.items()}


def _continued(file: Path, ids: Sequence[str], make: Callable[[Sequence[int]], Iterable[Row]]) -> list[Row]:
    """Rows of a file that grows by a row an id, in the order of the ids; ``make`` gets the places of those that are missing."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = {row["id"]: row for row in map(json.loads, lines)}
    todo = [i for i, name in enumerate(ids) if name not in rows]
    if todo:
        with file.open("a", encoding="utf-8") as out:
            for row in make(todo):
                rows[row["id"]] = row
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                out.flush()
    return [rows[name] for name in ids]


def _batches(questions: Sequence[ShortQuestion], places: Sequence[int]) -> Iterator[Sequence[ShortQuestion]]:
    for first in range(0, len(places), BATCH):
        yield [questions[i] for i in places[first : first + BATCH]]


if __name__ == "__main__":
    main()
