"""What the demo shows of models that are too large to run in it, made again: ``python -m studies.demo_readings``.

:data:`~foureyes.demo.recorded.AUTHOR` answers every question of :mod:`foureyes.demo.asked`, greedily, at most :data:`MOST_TOKENS` tokens, of
which the first line that says something counts. It reads its own answers, which gives its own doubt, and :data:`READER` reads them. All
answers are kept; which are right is for the accepted texts to say. Of each program in ``demo_programs.jsonl`` the first mutation in the
order of :data:`SEED` that its tests refuse is its bug.

What has been written or read stays in ``--work`` and is not done again unless the weights or what they were asked have changed, so a run
may be stopped at any time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

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
from foureyes.types import Exchange, Reading, Unscored, Written
from studies.route.cache import Row, kept, weights_of

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


def main() -> None:
    """Writes, reads, and puts together what the package ships."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("out/demo"), help="where results are kept on the way")
    parser.add_argument("--out", type=Path, default=RECORD, help="the record (default: the package's own)")
    parser.add_argument(
        "--reader",
        default=READER,
        choices=sorted(KNOWN),
        metavar="NAME",
        help="the second reader (default: %(default)s)",
    )
    args = parser.parse_args()
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
    by_id = {question.id: question for question in questions}
    how = Sampling(max_tokens=MOST_TOKENS)
    writer = cache(partial(open_writer, AUTHOR))

    def write(ids: Sequence[str]) -> list[Row]:
        written = writer().write([by_id[one].prompt for one in ids], how)
        return [_said(one, answer) for one, (answer,) in zip(ids, written, strict=True)]

    of = {question.id: (weights_of(AUTHOR), question.prompt, how) for question in questions}
    return kept(work / f"answers-{AUTHOR}.jsonl", of, write, batch=BATCH)


def _said(question: str, one: Written | Unscored) -> Row:
    if isinstance(one, Unscored):
        raise SystemExit(f"{AUTHOR} could not answer {question}: {one}")
    return {"answer": first_line(one.exchange.answer)}


def read_answers(work: Path, model: str, questions: Sequence[ShortQuestion]) -> list[Row]:
    """What a model saw in the author's answers; those that it has not read yet are read."""
    answers = {row["id"]: row["answer"] for row in write_answers(work, questions)}
    exchanges = {question.id: Exchange(question.prompt, answers[question.id]) for question in questions}

    reader = cache(partial(open_reader, model))

    def read(ids: Sequence[str]) -> list[Row]:
        return [seen(one) for one in reader().read([exchanges[one] for one in ids])]

    of = {one: (weights_of(model), exchange) for one, exchange in exchanges.items()}
    return kept(work / f"{model}-on-{AUTHOR}.jsonl", of, read, batch=BATCH)


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


if __name__ == "__main__":
    main()
