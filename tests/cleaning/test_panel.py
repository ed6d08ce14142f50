import csv
import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.cleaning.labels import find_label_issues
from foureyes.cleaning.panel import letter_indices, letter_probs, panel_probs
from foureyes.errors import InputError

SAID = st.lists(st.sampled_from(["A", "b", "(C)", " D. ", "", None, "E", "I do not know"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("said", "option"),
    [("A", 0), ("d", 3), (" B. ", 1), ("(c)", 2), ("E", -1), ("", -1), (None, -1), ("Because", -1), ("A or B", -1)],
)
def test_a_letter_is_taken_and_nothing_is_looked_for_in_longer_text(said, option):
    assert letter_indices([said], 4).tolist() == [option]


@given(SAID, st.integers(0, 100))
def test_every_row_is_a_distribution_that_names_the_letter_or_nothing(said, seed):
    sure = np.random.default_rng(seed).uniform(0.3, 1, len(said))
    chosen = letter_indices(said, 4)
    for probs in (letter_probs(said, 4), letter_probs(said, 4, confidences=sure)):
        np.testing.assert_allclose(probs.sum(axis=1), 1)
        assert (probs[chosen < 0] == 0.25).all()
        assert (probs.argmax(axis=1)[chosen >= 0] == chosen[chosen >= 0]).all()
    np.testing.assert_allclose(letter_probs(said, 4, confidences=sure).max(axis=1)[chosen >= 0], sure[chosen >= 0])


def test_a_panel_is_the_mean_of_those_who_answered():
    letters: dict[str, list[str | None]] = {"a": ["A", "B", None], "b": ["B", "B", ""], "c": [None, "C", "E"]}
    sure = {"a": [0.7, 0.7, 0.1], "b": [0.4, 1.0, 0.9], "c": [0.9, 1.0, 0.9]}
    np.testing.assert_allclose(
        panel_probs(letters, 4), np.array([[1 / 2, 1 / 2, 0, 0], [0, 2 / 3, 1 / 3, 0], [0.25, 0.25, 0.25, 0.25]])
    )
    weighted = panel_probs(letters, 4, confidences=sure)
    np.testing.assert_allclose(weighted[0], [(0.7 + 0.2) / 2, (0.1 + 0.4) / 2, (0.1 + 0.2) / 2, (0.1 + 0.2) / 2])


def test_silence_never_contradicts_a_label():
    told = letter_probs(["B", "B", "B"], 4)
    silent = letter_probs(["B", "", None], 4)
    assert find_label_issues([0, 0, 0], [told, silent], method="basic").row.tolist() == [0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: letter_indices(["A"], 27), "2 to 26 options"),
        (lambda: letter_probs(["A", "B"], 4, confidences=[0.5]), "same length; got letters 2, confidences 1"),
        (lambda: letter_probs(["A"], 4, confidences=[1.5]), r"confidences must lie in \[0, 1\]"),
        (lambda: panel_probs({}, 4), "at least one model"),
        (lambda: panel_probs({"a": ["A"], "b": ["A", "B"]}, 4), "same length; got a 1, b 2"),
        (lambda: panel_probs({"a": ["A"]}, 4, confidences={"b": [0.5]}), r"same models as letters.*\['a', 'b'\]"),
    ],
)
def test_bad_panels_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_panel_of_llms_puts_wrong_keys_of_mmlu_first(shared_data):
    """MMLU-Redux: of the answer keys that 14 models contradict most surely, most were annotated as wrong or unsound."""
    with gzip.open(shared_data / "mmlu_redux" / "mmlu_redux_14llm.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["given_answer"] in {"A", "B", "C", "D"}]
    models = [
        name for name in rows[0] if name.split("_")[0] in {"anthropic", "meta", "openai", "qwen", "google", "writer"}
    ]
    probs = panel_probs({name: [row[name] for row in rows] for name in models}, 4)
    keys = letter_indices([row["given_answer"] for row in rows], 4)
    issues = find_label_issues(keys, probs, method="calibrated", keep_top=1.0)
    unsound = np.array([row["error_type"] != "ok" for row in rows])
    assert unsound[issues[:100].row].mean() > 0.5 > 5 * unsound.mean()
    assert unsound[issues[:100].row].mean() > unsound[issues[-100:].row].mean() + 0.2
