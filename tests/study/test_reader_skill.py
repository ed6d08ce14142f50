"""Whether a reader is as good as the author, on the labelled rows, and what to do then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foureyes.study.cells import Cell, GradedAnswer, SignalValues
from foureyes.study.store import Cost
from foureyes.study.verifier_choice import LEVEL_GAP, advice_of, choose, reader_skill

N = 200


def cell(reader: float, author: float) -> Cell:
    """Both are right on that share of the questions, the author on the first ones, the reader on the last."""
    answers = tuple(GradedAnswer(str(i), "A", "right" if i < author * N else "wrong") for i in range(N))
    grades = tuple("right" if i >= N - round(reader * N) else "wrong" for i in range(N))
    signal = SignalValues("r", "log_cmp", tuple(np.linspace(0, 1, N).tolist()), Cost())
    return Cell("t", "g", answers, (signal,), {"r": grades})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("reader", "author", "says"),
    [
        (0.9, 0.5, "the author on 50.0%: its surprise is the better signal"),
        (0.5, 0.9, "the author on 90.0%: put the author's own doubt beside it where that is known"),
        (0.7, 0.7, "which does not decide who reads better: put the author's own doubt beside it where that is known"),
    ],
)
def test_a_reader_at_least_as_good_reads_alone_and_a_worse_one_beside_own_doubt(
    reader: float, author: float, says: str
):
    found = reader_skill(cell(reader, author), "r", n_labels=N)
    assert found is not None
    assert (found.accuracy, found.author, found.n) == (reader, author, N)
    assert found.advice.startswith(f"r is right on {reader:.1%} of 200 labelled questions, ")
    assert found.advice.endswith(says)


def test_nothing_is_said_without_labels_or_answers():
    assert reader_skill(cell(0.9, 0.5), "r", n_labels=0) is None
    assert reader_skill(cell(0.9, 0.5), "other", n_labels=N) is None


def test_two_questions_on_which_both_are_alike_decide_nothing():
    answers = tuple(GradedAnswer(str(i), "A", "right") for i in range(2))
    both = Cell("t", "g", answers, (SignalValues("r", "log_cmp", (0.1, 0.2), Cost()),), {"r": ("right", "right")})
    found = reader_skill(both, "r", n_labels=2)
    assert found is not None
    assert "which does not decide who reads better" in found.advice


def test_rows_of_one_question_are_one_witness():
    """A hundred forms of four questions decide no more than four questions do."""
    answers = tuple(GradedAnswer(str(i), "A", "wrong", same_as=str(i % 4)) for i in range(400))
    signal = SignalValues("r", "log_cmp", tuple(np.linspace(0, 1, 400).tolist()), Cost())
    found = reader_skill(Cell("t", "g", answers, (signal,), {"r": ("right",) * 400}), "r", n_labels=400)
    assert found is not None
    assert found.n == 4
    assert (found.accuracy, found.author) == (1.0, 0.0)
    assert found.low < 0.5
    alone = tuple(GradedAnswer(str(i), "A", "wrong") for i in range(400))
    apart = reader_skill(Cell("t", "g", alone, (signal,), {"r": ("right",) * 400}), "r", n_labels=400)
    assert apart is not None
    assert apart.low > 0.9


def test_level_is_where_the_page_of_published_readers_has_it():
    page = Path(__file__).parents[2] / "docs/studies/second_readers.md"
    said = f"Reading and own doubt are level where the reader is {-LEVEL_GAP:.3f} less accurate than the author"
    assert said in page.read_text(encoding="utf-8")


def weak(*, own: bool = True) -> Cell:
    """Two readers that know little, one of them with a plus in its name, and an author whose own doubt knows as much, each of another half."""
    rng = np.random.default_rng(1)
    n = 1200
    wrong = rng.random(n) < 0.4
    columns = {
        ("command-r+", "log_cmp"): rng.normal(size=n) + wrong,
        ("w", "log_cmp"): rng.normal(size=n) + wrong,
        ("own", "g_ent"): rng.normal(size=n) + wrong,
    }
    signals = tuple(
        SignalValues(model, name, tuple(values.tolist()), Cost())
        for (model, name), values in columns.items()
        if own or model != "own"
    )
    answers = tuple(GradedAnswer(str(i), "A", "wrong" if bad else "right") for i, bad in enumerate(wrong))
    grades = ("wrong",) * n
    return Cell("t", "g", answers, signals, {"command-r+": grades, "w": grades})  # type: ignore[dict-item]


def test_own_doubt_with_several_readers_is_a_candidate_and_its_members_are_known():
    found = choose(weak(), n_labels=1200)
    assert {one.name for one in found.evidence} == {
        "command-r+", "w", "own doubt", "command-r++w", "command-r++own doubt", "w+own doubt", "own doubt+command-r++w",
    }  # fmt: skip
    assert found.chosen == "own doubt+command-r++w"
    assert found.members == ("own doubt", "command-r+", "w")
    assert choose(weak(own=False), n_labels=1200).members == ("command-r+", "w")


def test_where_no_verifier_reads_better_own_doubt_with_several_is_advised():
    skills = [reader_skill(weak(), name, n_labels=1200) for name in ("command-r+", "w")]
    readers, several = [skill for skill in skills if skill], choose(weak(), n_labels=1200)
    said = advice_of(readers, several)
    assert len(said) == 3
    assert said[-1].endswith("use own doubt with one to three of them")
    better = reader_skill(cell(0.9, 0.5), "r", n_labels=N)
    assert better is not None
    assert len(advice_of([better], several)) == 1
    assert advice_of([], several) == []
    assert advice_of(readers, choose(weak(own=False), n_labels=1200))[-1].endswith("several small models disagree")
    assert len(advice_of(readers, replace(several, chosen="w", members=("w",)))) == 2, "the labels decided"
