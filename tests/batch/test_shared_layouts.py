"""Real files of every layout, scored: each of the ten answers once, and the prompts that reached the verifier."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from foureyes.batch.job import Job
from foureyes.batch.run import score_file
from foureyes.layouts import read_answers
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Reading, Unscored

SHARED = Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[3] / "shared")) / "data"
LAYOUTS, LOGS = SHARED / "answer_file_layouts", SHARED / "openai_logprob_logs"

pytestmark = pytest.mark.skipif(not LAYOUTS.is_dir(), reason="set FOUREYES_SHARED to the folder that holds data/")

ANSWERS = {"dpo.jsonl": 20, "dpo_conversational.jsonl": 20, "dpo_implicit_prompt.jsonl": 20}
ANSWERS["lm_eval_samples_multiple_choice.jsonl"] = 20


class Listening(ScriptedReader):
    """Remembers what it was given to read."""

    def __init__(self, reader: Reader | None = None) -> None:
        super().__init__()
        self.heard: list[Exchange] = []
        self._reader = reader

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        self.heard += exchanges
        read = super().read if self._reader is None else self._reader.read
        return read(exchanges, top_k=top_k)


def scored(source: Path | list[Path], out: Path, reader: Reader) -> list[dict[str, Any]]:
    score_file(Job(source, out, force=True), lambda: [reader])
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", sorted(path.name for path in LAYOUTS.glob("*.json*") if "scores" not in path.name))
def test_every_answer_of_every_layout_is_scored(name: str, tmp_path: Path) -> None:
    rows = scored(LAYOUTS / name, tmp_path / "out.jsonl", ScriptedReader())
    assert [sorted(row["foureyes"]["scripted"])[:2] for row in rows] == [["cme", "cme_high"]] * ANSWERS.get(name, 10)


def test_a_pair_s_rows_hold_its_fields_and_say_which_answer(tmp_path: Path) -> None:
    before = [json.loads(line) for line in (LAYOUTS / "dpo.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = scored(LAYOUTS / "dpo.jsonl", tmp_path / "out.jsonl", ScriptedReader())
    assert [row["foureyes_answer"] for row in rows] == ["chosen", "rejected"] * 10
    assert [{name: row[name] for name in before[0]} for row in rows[::2]] == before
    assert all(list(row)[-3:] == ["foureyes_answer", "foureyes_correct", "foureyes"] for row in rows)
    assert [row["foureyes_correct"] for row in rows] == [True, False] * 10


@pytest.mark.parametrize(
    "names",
    [
        ["qa_context.jsonl"],
        ["kto.jsonl"],
        ["lm_eval_samples_generate_until.jsonl"],
        ["inspect_ai_log.json"],
        ["promptfoo_results.json"],
        ["openai_evals_log.jsonl"],
        ["langfuse_scores.jsonl", "langfuse_observations.jsonl"],
    ],
)
def test_what_a_layout_says_of_an_answer_is_written_beside_it(names: list[str], tmp_path: Path) -> None:
    rows = scored([LAYOUTS / name for name in names], tmp_path / "out.jsonl", ScriptedReader())
    assert [i for i, row in enumerate(rows) if row["foureyes_correct"] is False] == [0, 3, 6, 9]


@pytest.mark.parametrize(
    "places",
    [
        [LOGS / "openai_batch_input.jsonl", LOGS / "openai_batch_output.jsonl"],
        [LAYOUTS / "langfuse_observations.jsonl", LAYOUTS / "langfuse_scores.jsonl"],
        *([path] for path in sorted(LAYOUTS.glob("*.json*"))),
    ],
    ids=lambda places: places[0].name,
)
def test_a_scored_file_holds_the_answers_that_were_scored(places: list[Path], tmp_path: Path) -> None:
    """Whatever stood apart: the scored file alone is enough to look at it, or to score it again."""
    before = list(read_answers(places))
    scored(places, tmp_path / "out.jsonl", ScriptedReader())
    after = list(read_answers(tmp_path / "out.jsonl"))
    assert len(after) == len(before)
    for one, other in zip(before, after, strict=True):
        assert isinstance(one.exchange, Unscored) or (other.exchange, other.correct) == (one.exchange, one.correct)
        assert isinstance(one.exchange, Unscored) == isinstance(other.exchange, Unscored)


def test_the_authors_own_log_probs_are_read_without_any_model(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    tallies = score_file(Job(LOGS / "openai_chat.jsonl", out), None)
    own = [json.loads(line)["foureyes"]["own"] for line in out.read_text(encoding="utf-8").splitlines()]
    numbers = [row for row in own if "unscored" not in row]
    assert len(own) == tallies.rows
    assert len(numbers) == tallies.by_verifier["own"].scored > 5
    assert all(row["log_g_ppl"] >= 0 and row["g_ent_low"] <= row["g_ent_high"] for row in numbers)
    assert all("line " in row["unscored"]["detail"] for row in own if "unscored" in row)


@pytest.mark.weights
@pytest.mark.parametrize("name", ["qa_context.jsonl", "questions.csv", "dpo.jsonl", "alpaca.jsonl"])
def test_a_real_model_reads_what_the_row_says(name: str, tmp_path: Path) -> None:
    """JSON lines, CSV, pairs and Alpaca: the whole prompt is read, and as many of its tokens as by the library."""
    source = LAYOUTS / name
    if name == "questions.csv":
        source = tmp_path / name
        records = [json.loads(line) for line in (LAYOUTS / "qa_context.jsonl").read_text(encoding="utf-8").splitlines()]
        with source.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, records[0], delimiter=";")
            writer.writeheader()
            writer.writerows(records)
    real = open_reader("smollm2-135m", dtype="float32")
    listening = Listening(real)
    rows = scored(source, tmp_path / "out.jsonl", listening)
    assert len(rows) == len(listening.heard) == ANSWERS.get(name, 10)
    for row, exchange, alone in zip(rows, listening.heard, real.read(listening.heard), strict=True):
        result = row["foureyes"]["scripted"]
        assert isinstance(alone, Reading)
        assert result["n_prompt_tokens"] == alone.n_prompt_tokens
        assert result["log_cmp"] == pytest.approx(alone.mean_nll, abs=1e-3)
        parts = [row.get(field) or "" for field in ("instruction", "input", "context", "question", "prompt")]
        assert exchange.prompt == "\n".join(part for part in parts if part)


def test_standard_input_and_a_packed_file_hold_the_same_rows(tmp_path: Path) -> None:
    import gzip

    content = (LAYOUTS / "alpaca.jsonl").read_bytes()
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(content))
    wanted = scored(LAYOUTS / "alpaca.jsonl", tmp_path / "out.jsonl", ScriptedReader())
    assert scored(tmp_path / "a.jsonl.gz", tmp_path / "out.jsonl", ScriptedReader()) == wanted
    streamed = io.BytesIO()
    score_file(Job(io.BytesIO(content), streamed), lambda: [ScriptedReader()])
    assert [json.loads(line) for line in streamed.getvalue().splitlines()] == wanted
