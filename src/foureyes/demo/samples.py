"""Sample files to try every verb on: the demo's 240 answers as logs and tables, and a guard's record of some of them.

Everything is invented and our own, see :mod:`foureyes.demo.questions`. Start at :func:`write_samples`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from foureyes.demo.questions import DemoQuestion, load
from foureyes.errors import InputError
from foureyes.guard.ledger_payload import EVENT
from foureyes.ledger import Signer, open_ledger, text_hash
from foureyes.ledger.export import write_export
from foureyes.tables.saving import write_text

__all__ = ["SALT", "SAMPLES", "write_samples"]

SAMPLES: Final[Mapping[str, str]] = {
    "answers.jsonl": "240 answers to 120 questions, each with whether it is right",
    "log.jsonl": "the same answers as a proxy logs them: request and response of OpenAI's chat completions",
    "choices.csv": "the 120 questions with two options, and which of them a person labelled right; 12 labels are mistaken",
    "export.jsonl": "what a guard recorded of 20 answers, as its auditor gets it",
    "tampered.jsonl": "the same, with one verdict changed afterwards",
    "guard.pub": "the guard's public key",
}
"""Names of the files, and what is in each."""

SALT: Final = b"the salt of the samples"
"""What texts in the record are hashed with."""

_MISTAKEN_EVERY: Final = 10
_RECORDED: Final = 10


def write_samples(folder: Path, *, force: bool = False) -> list[Path]:
    """Writes the files of :data:`SAMPLES`.

    Args:
        folder: where; made where it is not there.
        force: replace files of these names.

    Returns:
        Their paths.

    Raises:
        InputError: a file of these names is there, or cannot be written.
    """
    paths = [folder / name for name in SAMPLES]
    there = [path for path in paths if path.exists()]
    if there and not force:
        raise InputError(f"{there[0]} is there; --force replaces it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    questions = load()
    texts = {
        "answers.jsonl": _lines(_answers(questions)),
        "log.jsonl": _lines(_logged(questions)),
        "choices.csv": _table(_choices(questions)),
        **_record(questions[:_RECORDED]),
    }
    for path in paths:
        write_text(path, texts[path.name])
    return paths


def _answers(questions: Sequence[DemoQuestion]) -> Iterator[dict[str, Any]]:
    for question in questions:
        for right, answer in ((True, question.right), (False, question.wrong)):
            yield {"id": question.id, "question": question.prompt, "answer": answer, "right": right}


def _logged(questions: Sequence[DemoQuestion]) -> Iterator[dict[str, Any]]:
    for i, row in enumerate(_answers(questions)):
        asked = {"model": "sample-model", "messages": [{"role": "user", "content": row["question"]}]}
        message = {"role": "assistant", "content": row["answer"]}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        said = {
            "id": f"chatcmpl-{i}",
            "object": "chat.completion",
            "created": 1_760_000_000 + i,
            "model": "sample-model",
        }
        yield {"request": asked, "response": {**said, "choices": [choice]}}


def _choices(questions: Sequence[DemoQuestion]) -> Iterator[dict[str, Any]]:
    """The right option stands under A and B in turn; every tenth label is the other one."""
    for i, question in enumerate(questions):
        first = i % 2 == 0
        options = (question.right, question.wrong) if first else (question.wrong, question.right)
        mistaken = i % _MISTAKEN_EVERY == _MISTAKEN_EVERY // 2
        label = "A" if first != mistaken else "B"
        yield {"question": question.prompt, "A": options[0], "B": options[1], "label": label, "mistaken": int(mistaken)}


def _record(questions: Sequence[DemoQuestion]) -> dict[str, str]:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        signer = Signer.generate("example.com/guard")
        signer.save(place / "ledger.key")
        with open_ledger(f"sqlite:{place / 'ledger.db'}", key_file=place / "ledger.key") as ledger:
            for row in _answers(questions):
                ledger.append(EVENT, _verified(row)).result()
            out = io.BytesIO()
            write_export(ledger, out)
    text = out.getvalue().decode()
    head, found, tail = text.rpartition('"safe":false')
    return {
        "export.jsonl": text,
        "tampered.jsonl": f"{head}{found.replace('false', 'true')}{tail}",
        "guard.pub": str(signer.key),
    }


def _verified(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a guard of one verifier that is always right would record."""
    vote = {"provider": "sample", "model": "verifier", "verdict": "safe" if row["right"] else "unsafe"}
    return {
        "request_id": row["id"] + ("-right" if row["right"] else "-wrong"),
        "tenant": "samples",
        "agent": "sample-model",
        "mode": "enforce",
        "failed_stage": None,
        "prompt_hash": text_hash(row["question"], SALT),
        "response_hash": text_hash(row["answer"], SALT),
        "tool_calls": 0,
        "tools": [],
        "consensus_reached": True,
        "safe": row["right"],
        "agreement_ratio": 1.0,
        "latency_ms": 0.0,
        "configured": 1,
        "asked": 1,
        "unasked": [],
        "votes": [{**vote, "confidence": None, "latency_ms": 0.0}],
    }


def _lines(rows: Iterator[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _table(rows: Iterator[dict[str, Any]]) -> str:
    found = list(rows)
    out = io.StringIO()
    table = csv.DictWriter(out, list(found[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(found)
    return out.getvalue()
