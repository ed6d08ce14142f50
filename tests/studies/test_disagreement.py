"""The study of disagreement on made-up answers, and on the published ones where they are at hand."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from foureyes.errors import InputError
from studies.disagreement.__main__ import main
from studies.disagreement.answers import family_of, gsm8k_answers
from studies.disagreement.panel import _Drawn
from studies.know_when.published_data import PublishedData

SKILL = {
    "gpt-4o-2024-08-06": 0.85,
    "claude-3-5-sonnet-20240620": 0.8,
    "Qwen2-72B-Instruct": 0.75,
    "Qwen2-7B-Instruct": 0.6,
    "gemma-2-9b-it": 0.6,
    "Meta-Llama-3.1-8B-Instruct": 0.55,
}
N = 240


def write(folder: Path, *, lost: int = 0) -> PublishedData:
    """Six models; a wrong answer is one of three. ``lost`` answers of the first are missing."""
    rng = np.random.default_rng(0)
    path = folder / "zeroeval_gsm8k/answers.jsonl.gz"
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for i in range(N):
            for model, skill in SKILL.items():
                right = bool(rng.random() < skill)
                if model == "gpt-4o-2024-08-06" and i < lost:
                    continue
                final = None if i == 5 and not right else "70" if right else str(71 + int(rng.integers(3)))
                file.write(
                    json.dumps({"id": f"q{i}", "model": model, "final": final, "gold": "70", "correct": right}) + "\n"
                )
    return PublishedData(folder)


def test_disagreement_is_the_share_of_other_answers(tmp_path: Path):
    table = gsm8k_answers(write(tmp_path))
    panel = [3, 4, 5]
    for q in range(12):
        mine = table.said[0, q]
        others = [table.said[m, q] != mine or mine < 0 for m in panel]
        assert table.disagreement(0, panel)[q] == pytest.approx(np.mean(others))


def test_questions_that_not_all_answered_are_counted_and_a_model_with_few_is_left_out(tmp_path: Path):
    table = gsm8k_answers(write(tmp_path / "few", lost=7))
    assert table.said.shape == (6, N - 7)
    assert table.left_out["questions that not every model answered"] == 7
    table = gsm8k_answers(write(tmp_path / "many", lost=100))
    assert table.said.shape == (5, N)
    assert table.left_out["gpt-4o-2024-08-06, a model with under nine tenths of the questions"] == 1


def test_answers_that_do_not_align_are_refused(tmp_path: Path):
    path = tmp_path / "zeroeval_gsm8k/answers.jsonl.gz"
    path.parent.mkdir()
    with gzip.open(path, "wt") as file:
        file.writelines(
            json.dumps({"id": name, "model": name, "final": "1", "gold": "1", "correct": True}) + "\n" for name in "ab"
        )
    with pytest.raises(InputError, match="no two models answered the same questions"):
        gsm8k_answers(PublishedData(tmp_path))


def test_the_page_decides_its_claims_and_names_what_is_missing(tmp_path: Path):
    write(tmp_path / "data")
    page = tmp_path / "disagreement.md"
    main(
        ["--data", str(tmp_path / "data"), "--draws", "60", "--html", str(tmp_path / "p.html"), "--markdown", str(page)]
    )
    text = page.read_text(encoding="utf-8")
    assert text.splitlines()[2].startswith("![")
    assert "mmlu was skipped: mmlu_redux/mmlu_redux_14llm.csv.gz is not in the data folder" in text
    assert "| The disagreement of 3 small models finds wrong answers of better models |" in text
    assert "nan" not in text


def test_a_mean_over_authors_draws_authors():
    counts = np.array([[1, 1], [2, 0], [0, 2], [1, 1]], float)
    areas = [np.full(4, 0.6), np.full(4, 0.8)]
    found = _Drawn(np.ones((3, 4), np.float32), counts).mean(areas)
    assert found.value == pytest.approx(0.7)
    assert 0.6 <= found.low < 0.65
    assert 0.75 < found.high <= 0.8
    only = _Drawn(np.ones((3, 4), np.float32), counts).mean([np.full(4, 0.8)], [1])
    assert (only.value, only.low, only.high) == pytest.approx((0.8, 0.8, 0.8))


def test_families_are_told_by_name():
    names = [
        "Athene-70B",
        "openai_gpt-4-0613",
        "o1-mini-2024-09-12",
        "google_gemini-1.5-pro-001",
        "Yi-1.5-9B-Chat",
        "new-1b",
    ]
    assert [family_of(name) for name in names] == ["Llama", "GPT", "GPT", "Gemini and Gemma", "Yi", "new-1b"]


def test_published_answers_give_the_published_figures():
    data = Path(os.environ.get("FOUREYES_SHARED", "/nowhere")) / "data"
    if not (data / "zeroeval_gsm8k/answers.jsonl.gz").is_file():
        pytest.skip("the published answers are not at hand: set FOUREYES_SHARED")
    table = gsm8k_answers(PublishedData(data))
    panel = [table.models.index(name) for name in ("Qwen2-7B-Instruct", "gemma-2-9b-it", "Meta-Llama-3.1-8B-Instruct")]
    for author, area in (
        ("gpt-4o-2024-08-06", 0.804),
        ("claude-3-5-sonnet-20240620", 0.845),
        ("Qwen2-72B-Instruct", 0.890),
    ):
        a = table.models.index(author)
        assert roc_auc_score(~table.right[a], table.disagreement(a, panel)) == pytest.approx(area, abs=0.002)
