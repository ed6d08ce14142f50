"""Whether a reader is as good as the author, on the labelled rows, and what to do then."""

from __future__ import annotations

import numpy as np
import pytest

from foureyes.study.cells import Cell, GradedAnswer, SignalValues
from foureyes.study.store import Cost
from foureyes.study.verifier_choice import reader_skill

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
    assert reader_skill(cell(0.9, 0.5), "r", n_labels=1) is None
    assert reader_skill(cell(0.9, 0.5), "other", n_labels=N) is None
