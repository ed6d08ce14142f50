"""The study of routing measures what it says: costs are paid, ties are coins, and a second run asks no model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studies.route import cache, live
from studies.route.cache import kept, rows_of
from studies.route.curves import BUDGETS, accuracies, at_cost, leads
from studies.route.live import asked, is_right, stated
from studies.route.own import live_setting
from studies.route.page import Part, other_halves, report_of
from studies.route.rules import LEARNED, LOGPROB, OWN, RANDOM, READER, READER_RAW, VERIFY, rules_of
from studies.route.setting import Rule, Setting, halves


def setting_of(n: int = 2000, *, reading: float = 0.0) -> Setting:
    """A reader that sees more than the small writer knows of itself."""
    rng = np.random.default_rng(0)
    ease = rng.normal(size=n)
    small, large = rng.random(n) < 1 / (1 + np.exp(-2 * ease)), rng.random(n) < 0.9
    surprise = np.exp(-0.7 * ease + 0.3 * rng.normal(size=n))
    own = -np.exp(-0.2 * ease + rng.normal(size=n))
    groups = np.arange(n)
    fit = halves(groups, 0)
    rules = rules_of(small, fit, own=own, reader=(surprise, reading))
    return Setting("made up", "small", "large", (small, large), groups, (1.0, 10.0), rules, fit)


def test_a_random_rule_lies_on_the_line_between_the_writers() -> None:
    setting = setting_of()
    weights = (~setting.fit).astype(float)
    found = accuracies(setting, setting.rules[RANDOM], weights)
    small, large = (float(weights @ right / weights.sum()) for right in setting.right)
    assert found == pytest.approx(np.linspace(small, large, BUDGETS))


def test_a_reader_that_sees_more_is_ahead_and_an_order_alike_is_not() -> None:
    found = leads(setting_of(), READER)
    assert found[LOGPROB].clear
    assert found[RANDOM].clear
    assert (found[READER_RAW].low, found[READER_RAW].high) == (0.0, 0.0)  # a line keeps the order
    assert found[OWN].value == pytest.approx(found[LOGPROB].value, abs=0.02)  # but for what the clamp ties


def test_reading_is_paid_for() -> None:
    free, dear = (setting_of(reading=price) for price in (0.0, 5.0))
    weights = (~free.fit).astype(float)
    assert accuracies(free, free.rules[READER], weights).mean() > accuracies(dear, dear.rules[READER], weights).mean()
    budgets = np.linspace(1.0, 10.0, BUDGETS)
    found = accuracies(dear, dear.rules[READER], weights)
    assert (found[budgets < 6.0] == found[0]).all()  # what does not pay for reading asks the small writer


def test_accuracy_at_a_cost() -> None:
    setting = setting_of()
    oracle = Setting(
        **{
            **{name: getattr(setting, name) for name in Setting.__slots__},
            "rules": {RANDOM: Rule(setting.right[0].astype(float) - setting.right[1])},
        }
    )
    found = at_cost(oracle, RANDOM, 0.6)
    assert found.low < found.value < found.high
    assert found.value > 1  # asking the large writer only where it helps beats it


def test_the_page_judges_by_figures() -> None:
    report = report_of([Part("Made up", "Numbers.", (setting_of(),), READER)], [], "a command")
    said = " ".join(report.findings)
    assert f"Made up, {READER} against {LOGPROB}: +" in said
    assert ", ahead." in said
    dear = report_of([Part("Made up", "Numbers.", (setting_of(reading=7.0),), READER)], [], "a command")
    assert ", behind." in " ".join(dear.findings)


def test_other_halves_are_counted_by_their_intervals() -> None:
    setting = setting_of()
    learned = {**setting.rules, LEARNED: setting.rules[READER]}
    said = other_halves("Made up", {3: [replace(setting, rules=learned)], 4: [replace(setting, rules=learned)]})
    assert said.startswith("Made up with its questions halved in other ways (seeds 3, 4): ")
    assert f"{LEARNED} less {LOGPROB}: +" in said
    assert said.count("ahead in 2 of 2") == 2
    assert (
        f"{LEARNED} less {READER}: +0.00 points [+0.00, +0.00], +0.00 points [+0.00, +0.00], not decided in 2 of 2"
        in said
    )


def test_what_was_made_is_kept(tmp_path: Path) -> None:
    path, made = tmp_path / "rows.jsonl", []

    def make(ids: Any) -> list[dict[str, Any]]:
        made.extend(ids)
        return [{"n": len(one)} for one in ids]

    def numbers(asked: dict[str, object], batch: int = 8) -> list[tuple[str, int]]:
        return [(row["id"], row["n"]) for row in kept(path, asked, make, batch=batch)]

    assert numbers({"a": 1, "bb": 1}, batch=1) == [("a", 1), ("bb", 2)]
    path.write_text(path.read_text(encoding="utf-8")[:-4], encoding="utf-8")
    assert numbers({"bb": 1, "a": 1, "ccc": 1}) == [("bb", 2), ("a", 1), ("ccc", 3)]
    assert made == ["a", "bb", "bb", "ccc"]


def test_a_row_that_was_made_of_something_else_is_made_anew(tmp_path: Path) -> None:
    path, made = tmp_path / "rows.jsonl", []

    def make(ids: Any) -> list[dict[str, Any]]:
        made.extend(ids)
        return [{"n": len(made)} for _ in ids]

    for prompt in ("one", "another", "one"):
        [row] = kept(path, {"a": ("weights", prompt)}, make)
    assert made == ["a", "a"]
    assert row["n"] == 1, "what was made of the first is there still"
    assert rows_of(path, {"a": ("other weights", "one")}) == {}


def test_an_answer_is_right_by_the_option_that_it_chooses() -> None:
    question = {"prompt": "Which?", "options": ["this", "that"], "gold": "B"}
    assert all(is_right(question, answer) for answer in ("B", "Answer: B", "that"))
    assert not any(is_right(question, answer) for answer in ("A", "Answer: A", "Both of them", "All are"))


@pytest.mark.parametrize(
    ("reply", "confidence"),
    [
        ('{"confidence": 0.8, "reason": "4 of 5"}', 0.8),
        ("0.25", 0.25),
        ('Sure. {"confidence": 1', 1.0),
        ("about 7", None),
        ("fine", None),
    ],
)
def test_a_stated_confidence_is_found(reply: str, confidence: float | None) -> None:
    assert stated(reply) == confidence


def test_answers_written_here_make_a_setting_of_every_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What models made is read from the cache, so none is loaded."""
    monkeypatch.setattr(cache, "digest_of", lambda _: "made by hand")
    monkeypatch.setattr(live, "weights_of", str)
    folder = tmp_path / "arc_challenge_pairs"
    folder.mkdir()
    rows = [
        {"question": f"Which {i}?", "answer": f"{word} {i}", "label": label}
        for i in range(80)
        for word, label in (("this", 1), ("that", 0))
    ]
    (folder / "arc_challenge.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    questions = asked(tmp_path, 60, 0)
    assert {row["gold"] for row in questions.values()} == {"A", "B"}
    rng = np.random.default_rng(0)

    def put(name: str, make: Any) -> None:
        lines = [json.dumps({"id": one, "of": "made by hand", **make(i)}) + "\n" for i, one in enumerate(questions)]
        (tmp_path / f"arc-{name}.jsonl").write_text("".join(lines), encoding="utf-8")

    def answered(i: int) -> dict[str, Any]:
        said = "Answer: B" if i % 3 else "A"
        return {"answer": said, "mean_logprob": None if i == 5 else -float(rng.random()), "n_tokens": 1}

    put("written-qwen2.5-coder-0.5b", answered)
    put("written-qwen2.5-coder-1.5b", answered)
    put("verified-qwen2.5-coder-0.5b", lambda i: {"reply": "", "confidence": None if i % 7 == 0 else 0.8})
    put("read-qwen2.5-coder-0.5b-gemma3-270m", lambda i: {"log_cmp": None if i == 8 else float(rng.random())})
    setting = live_setting(tmp_path, tmp_path, 60)
    assert {VERIFY, LOGPROB, READER, OWN, RANDOM} <= setting.rules.keys()
    assert setting.rules[VERIFY].score.tolist().count(0.0) == 9  # a reply without a confidence is none
    assert setting.notes == (
        "read by gemma3-270m",
        "1 left out: the small writer shows no log-prob",
        "1 left out: the reader could not read",
        "9 self-verifications state nothing",
    )
    assert all(len(rule.score) == 58 for rule in setting.rules.values())
    golds = [row["gold"] for i, row in enumerate(questions.values()) if i not in {5, 8}]
    said = ["B" if i % 3 else "A" for i in range(60) if i not in {5, 8}]
    assert setting.right[0].tolist() == [gold == one for gold, one in zip(golds, said, strict=True)]
    assert setting.rules[VERIFY].cost > setting.rules[READER].cost > 0
    report = report_of([Part("Here", "Words.", (setting,), READER)], [], "a command")
    assert f"{READER} against {VERIFY}" in " ".join(report.findings)
