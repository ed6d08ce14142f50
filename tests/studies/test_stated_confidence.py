"""The study of stated confidences: what a verdict is, and that a sure no is a small P(yes)."""

import json

import pytest

from foureyes.report.study import study_markdown
from studies.sample_conditioned.published import SETS
from studies.stated_confidence import CONFIDENCES, read, report_of, verdicts


def row(i, *said):
    return {"label": str(i % 2 == 0), "self_SC": list(said), "perb_SC": list(said)}


def test_a_sure_no_is_a_small_probability_of_yes():
    found = verdicts(row(1, "Guess: Yes\nProbability: 0.8", "Guess: No\nProbability: 0.9"), "self_SC")
    assert (found.wrong, found.agrees, found.stated) == (True, (True, False), (0.8, 0.9))
    said = {name: take(found) for name, take in CONFIDENCES.items()}
    assert said == {
        "share that agrees": 0.5,
        "average confidence": pytest.approx(0.8 / 1.7),
        "mean P(yes)": pytest.approx(0.45),
        "first verdict, P(yes)": pytest.approx(0.8),
    }


@pytest.mark.parametrize("label", [None, "false", "FALSE", "", True])
def test_a_label_that_is_neither_true_nor_false_says_nothing(label):
    assert verdicts({**row(1, "Guess: Yes\nProbability: 0.8"), "label": label}, "self_SC") is None


@pytest.mark.parametrize("probability", ["1.5", "1.2.3", "."])
def test_what_is_no_probability_is_no_verdict(probability):
    assert verdicts(row(1, "Guess: Yes\nProbability: 0.8", f"Guess: No\nProbability: {probability}"), "self_SC") is None


def test_samples_that_all_state_nothing_are_no_verdict():
    assert verdicts(row(1, *["Guess: Yes\nProbability: 0"] * 10), "self_SC") is None
    assert verdicts(row(1, "Guess: Yes\nProbability: 0", "Guess: No\nProbability: 1."), "self_SC") is not None


def test_what_is_no_verdict_is_left_out_and_counted(tmp_path):
    rows = [row(i, f"Guess: {'No' if i % 2 else 'Yes'}\nProbability: 0.9{i % 7}") for i in range(40)]
    (tmp_path / "sac3").mkdir()
    for path in SETS.values():
        (tmp_path / path).write_text(json.dumps([*rows, row(0, "I am sure."), row(0), {**rows[0], "label": None}]))
    sets = read(tmp_path)
    assert [(len(one.told), one.unread, one.unlabelled) for one in sets] == [(40, 3, 1)] * 4
    text = study_markdown(report_of(sets, "COMMAND"))
    assert (
        "does average confidence rank better than the share that agrees? Not decided: +0.000 [+0.000, +0.000]" in text
    )
    assert "40 (3 unread, 1 of them without a label) | 1.000" in text
