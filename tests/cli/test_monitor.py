"""``foureyes monitor`` on files as ``foureyes score`` and the service write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foureyes.cli import main


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def scored(n: int, *, poisoned: str | None = "notes", late: float = 0.0, seed: int = 0) -> list[dict[str, Any]]:
    """Answers from four memories; those from the poisoned one surprise, and late ones do whatever they drew on."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        source = ["manual", "wiki", "faq", "notes"][rng.integers(4)]
        mean = 4.0 if source == poisoned else 1.5
        value = max(0.0, rng.normal(mean + (late if i > n // 2 else 0.0), 0.4))
        rows.append(
            {
                "prompt": f"Question {i}?",
                "answer": f"answer {i}",
                "agent_id": f"agent-{i % 3}",
                "session_id": f"chat-{i // 5}",
                "sources": [source, "index"],
                "foureyes": {"reader": {"log_cmp": value}},
            }
        )
    return rows


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["monitor", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["result"]


def test_a_poisoned_memory_is_named_with_the_row_it_was_noticed_at(tmp_path, capsys):
    result = told(capsys, write(tmp_path / "s.jsonl", scored(400)), "--unsafe-above", "3")
    (alarm,) = [alarm for alarm in result["alarms"] if alarm["kind"] == "origin"]
    assert alarm["key"] == "origin:source:notes"
    assert 10 < alarm["row"] < 200
    assert alarm["agent"] == f"agent-{alarm['row'] % 3}"
    assert {row["name"]: row["alarmed"] for row in result["origins"]["source"]["shown"]} == {
        "notes": True,
        "manual": False,
        "wiki": False,
        "faq": False,
        "index": False,
    }


def test_calm_rows_raise_nothing(tmp_path, capsys):
    result = told(capsys, write(tmp_path / "s.jsonl", scored(400, poisoned=None)), "--max-log-cmp", "2")
    assert result["alarms"] == []
    assert result["rolling_log_cmp"]["reader"]["n"] == 381


def test_the_rolling_mean_alarms_where_its_rule_says(tmp_path, capsys):
    rows = [{"foureyes": {"reader": {"log_cmp": 1.0 if i < 50 else 3.0}}} for i in range(100)]
    source = write(tmp_path / "s.jsonl", rows)
    result = told(capsys, source, "--max-log-cmp", "2", "--window", "10", "--persist", "3")
    (alarm,) = [alarm for alarm in result["alarms"] if alarm["kind"] == "threshold"]
    assert alarm["row"] == 50 + 6 - 1 + 2  # six of ten lift the mean above 2; the third such mean
    assert result["rolling_log_cmp"]["reader"]["highest"] == pytest.approx(3.0)


def test_a_reference_says_what_is_normal(tmp_path, capsys):
    source = write(tmp_path / "s.jsonl", scored(300, poisoned=None, late=2.0))
    reference = write(tmp_path / "r.jsonl", scored(300, poisoned=None, seed=1))
    result = told(capsys, source, "--reference", reference)
    drift = [alarm for alarm in result["alarms"] if alarm["key"] == "drift:log_cmp:reader"]
    assert [150 < alarm["row"] < 200 for alarm in drift] == [True]
    assert 1.5 < result["unsafe_above"]["reader"] < 2.5


def test_decisions_of_the_service_are_read_too(tmp_path, capsys):
    def vote(verdict: str) -> dict[str, Any]:
        return {"provider": "p", "model": "m", "verdict": verdict, "confidence": 0.9, "latency_ms": 5.0, "reason": ""}

    rows = []
    for i in range(120):
        bad = i % 4 == 0
        votes = [vote("unsafe" if bad else "safe")]
        decision = {"consensus_reached": True, "safe": not bad, "votes": votes, "latency_ms": 7.0, "enforced": False}
        at = f"2026-11-29T10:{i // 60:02}:{i % 60:02}.000+00:00"
        rows.append({"at": at, "agent_id": "bad" if bad else "good", "sources": [], "verification": decision})
    result = told(capsys, write(tmp_path / "d.jsonl", rows))
    assert "origin:agent:bad" in [alarm["key"] for alarm in result["alarms"]]
    assert result["figures"]["flag_rate"]["k"] == 30
    assert result["figures"]["observed_only"] == 120
    assert result["figures"]["latency_ms"]["median"] == 7.0


def test_a_clean_model_is_asked_afresh_and_what_differs_is_told_by_memory(tmp_path, capsys):
    answers = [("What is the capital of France?", "Paris", "Zanzibar"), ("What is 2 + 2?", "4", "77")]
    rows = [
        {"prompt": question, "answer": answer, "sources": [source], "foureyes": {"reader": {"log_cmp": 1.0}}}
        for question, *both in answers
        for answer, source in zip(both, ("manual", "notes"), strict=True)
    ]
    call = {"id": "c", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    called = {"role": "assistant", "content": None, "tool_calls": [call]}
    rows.append({**rows[0], "answer": called})  # left out: it has no words
    source = write(tmp_path / "s.jsonl", rows)
    result = told(
        capsys, source, "--unsafe-above", "3", "--fresh", "smollm2-135m", "--dtype", "float32", "--fresh-sample", "9"
    )
    assert result["fresh"]["n"] == result["fresh"]["shift"]["n"] == 4
    by_source = {row["name"]: row for row in result["origins"]["source"]["shown"]}
    assert by_source["notes"]["fresh_differs"]["value"] == 1.0
    assert by_source["manual"]["fresh_differs"]["value"] == 0.0
    assert by_source["notes"]["fresh_shift"] > by_source["manual"]["fresh_shift"]


def test_words_for_a_person_name_the_memory_and_hide_what_takes_over_a_terminal(tmp_path, capsys):
    rows = scored(400)
    for row in rows:
        row["sources"] = [source.replace("notes", "no\x1b[2Jtes") for source in row["sources"]]
    assert main(["monitor", write(tmp_path / "s.jsonl", rows), "--unsafe-above", "3"]) == 0
    shown = capsys.readouterr()
    assert "no\\x1b[2Jtes" in shown.out
    assert "\x1b" not in shown.out + shown.err
    assert "ALARM" in shown.out
    assert "no time in the rows" in shown.err


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([{"prompt": "a"}], [], "neither a field 'foureyes'"),
        ([{"foureyes": {"r": {"log_cmp": "high"}}}], [], "row 0: log_cmp must be a number; got 'high'"),
        ([{"foureyes": [1]}], [], "'foureyes' must be an object"),
        ([{"foureyes": {"r": {"log_cmp": -1.0}}}], [], "row 0: log_cmp must be finite and not negative"),
        ([{"foureyes": {"r": {"log_cmp": 1.0}}, "at": "soon"}], [], "row 0"),
        ([{"foureyes": {"r": {"log_cmp": 1.0}}}], ["--agent-field", "who"], "no field 'who'"),
        ([{"foureyes": {"r": {"log_cmp": 1.0}}}], ["--flag-rate", "2"], "share in (0, 1)"),
        ([{"foureyes": {"r": {"log_cmp": 1.0}}}], ["--window", "0"], "log_cmp_window"),
        ([{"foureyes": {"r": {"log_cmp": 1.0}}}], ["--fresh", "m", "--fresh-sample", "0"], "at least 1 row"),
        ([{"foureyes": {"r": {"log_cmp": 1.0}}}], ["--fresh", "m"], "question and an answer"),
        ([{"verification": {"votes": [{"provider": "p", "model": "m", "verdict": "maybe"}]}}], [], "row 0: a verdict"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(tmp_path, capsys, rows, options, words):
    assert main(["monitor", write(tmp_path / "s.jsonl", rows), *options]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert words in error
    assert "Traceback" not in error


def test_rows_that_could_not_be_scored_abstain_or_failed(tmp_path, capsys):
    unread = [
        {"foureyes": {"r": {"unscored": {"reason": reason, "detail": "d"}}}}
        for reason in ("empty_answer", "unavailable")
    ]
    result = told(capsys, write(tmp_path / "s.jsonl", [*unread, {"foureyes": {"r": {"log_cmp": 1.0}}}]))
    (verifier,) = result["verifiers"]
    assert (verifier["votes"], verifier["abstentions"]["k"], verifier["errors"]["k"]) == (3, 1, 1)
