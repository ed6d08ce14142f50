"""The study of ranks: what is read, and that length is taken out."""

import gzip
import json

import numpy as np
import pytest

from foureyes.models.scripted import ScriptedReader
from foureyes.report.study import study_markdown
from studies.rank_wrong import SIGNALS, _gsm8k, _halueval, _sac3, like_length, report_of, table


def written(folder):
    unlabelled = {"question": "q", "generated_answer": "word", "label": "false"}
    sac3 = [
        {"question": f"q{i}", "generated_answer": ["odd word" if i % 3 else "word"], "label": str(i % 3 == 0)}
        for i in range(60)
    ]
    gsm8k = [
        {"question": f"q{i}", "ground_truth": "", "6b": {"is_correct": bool(i % 2), "solution": "2 + 2 = <<2+2=4>>4"}}
        for i in range(60)
    ]
    halueval = [
        {"ID": str(i), "user_query": "q", "chatgpt_response": "word word", "hallucination": ("yes", "no")[i % 2]}
        for i in range(60)
    ]
    for name in ("sac3", "gsm8k_openai", "halueval"):
        (folder / name).mkdir()
    for name in ("hotpotQA", "nq_open"):
        (folder / f"sac3/{name}_250_eval_labeled-SC.json").write_text(json.dumps([*sac3, unlabelled]))
    for name, rows in (
        ("gsm8k_openai/example_model_solutions.jsonl.gz", gsm8k),
        ("halueval/general_data.json.gz", halueval),
    ):
        with gzip.open(folder / name, "wt") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_the_published_rows_are_read_with_their_labels(tmp_path):
    folder = written(tmp_path)
    sac3 = list(_sac3(folder / "sac3/nq_open_250_eval_labeled-SC.json"))
    assert (sac3[0].exchange.answer, sac3[0].wrong, sac3[1].wrong) == ("word", False, True)
    (first, second, *_) = _gsm8k(folder / "gsm8k_openai/example_model_solutions.jsonl.gz")
    assert (first.exchange.answer, first.wrong, second.wrong) == ("2 + 2 = 4", True, False)
    assert next(_halueval(folder / "halueval/general_data.json.gz")).wrong
    assert sac3[-1] is None


def test_every_set_is_ranked_by_every_signal(tmp_path):
    reader = ScriptedReader({"odd": 0.01, "word": 0.5}, name="scripted")
    made = table(written(tmp_path), reader, 60)
    assert [row[2] for row in made.rows] == list(SIGNALS) * 4
    assert [row[0] for row in made.rows[:: len(SIGNALS)]] == [
        "SAC3, HotpotQA (1 without a label)", "SAC3, NQ (1 without a label)", "GSM8K, 6 B and 175 B", "HaluEval, general"
    ]  # fmt: skip
    by = {row[2]: row for row in made.rows[: len(SIGNALS)]}
    assert by["the sum"][3].startswith("1.00")
    assert by["log_cmp, the mean"][5] == "100%"


def test_the_page_names_the_best_signal_of_every_set_and_its_command(tmp_path):
    reader = ScriptedReader({"odd": 0.01, "word": 0.5}, name="scripted")
    made = report_of(table(written(tmp_path), reader, 60), "scripted", "COMMAND")
    assert made.findings[1].startswith("SAC3, NQ (1 without a label): highest AUROC 1.00 [0.83, 1.00] by ")
    assert "Command: `COMMAND`" in study_markdown(made)


def test_length_alone_tells_nothing_among_answers_of_like_length():
    length = np.repeat([1.0, 9.0], 100)
    wrong = np.concatenate([np.arange(100) % 10 == 0, np.arange(100) % 10 > 0])
    assert like_length(length, wrong, length) == 0.5
    assert like_length(wrong + 0.0, wrong, length) == 1.0


def test_answers_of_no_like_length_end_the_run():
    with pytest.raises(SystemExit, match="more rows"):
        like_length(np.arange(4.0), np.array([True, True, False, False]), np.arange(4.0))
