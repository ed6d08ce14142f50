"""The numbers of the headline, made again from the rows without the code that makes them."""

import json
import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from foureyes.demo import words
from foureyes.demo.measures import DemoResults, compare, measure, preferred, search
from foureyes.demo.recorded import recorded
from foureyes.errors import NotEnoughData
from foureyes.types import Unscored
from studies.demo_readings import RECORD
from tests.demo.verifiers import answer, live, seen

ROWS = [json.loads(line) for line in RECORD.read_text(encoding="utf-8").splitlines()[1:]]


def test_the_headline_is_what_the_rows_say(found: DemoResults) -> None:
    rows = [row for row in ROWS if "answer" in row]
    own = [sum(row["own"]["entropy"]) / len(row["own"]["entropy"]) for row in rows]
    second = [sum(row["second"]["nll"]) / len(row["second"]["nll"]) for row in rows]
    sure = sorted(range(len(rows)), key=lambda i: own[i])[: len(rows) // 2]
    wrong = [i for i in sure if not rows[i]["right"]]
    by_own = sorted(sure, key=lambda i: -own[i])[: len(wrong)]
    by_second = sorted(sure, key=lambda i: -second[i])[: len(wrong)]
    counts = [sum(not row["right"] for row in rows), len(wrong)]
    counts += [len(wrong), len(set(by_own) & set(wrong)), len(wrong), len(set(by_second) & set(wrong))]
    first, then = words.headline(found.main)
    assert [int(n) for n in re.findall(r"\d+", first)] == counts[:2]
    assert [int(n) for n in re.findall(r"\d+", then)] == [counts[3], counts[2], counts[5]]


def test_what_random_picks_find_stands_beside_what_was_found(found: DemoResults) -> None:
    sure = found.main.among_sure
    rng = np.random.default_rng(0)
    wrong = found.main.wrong[found.main.sure]
    drawn = [int(rng.permutation(wrong)[: sure.n_wrong].sum()) for _ in range(4000)]
    chance = sure.by_chance
    assert (chance.low, chance.high) == pytest.approx(tuple(np.quantile(drawn, (0.025, 0.975))), abs=1)
    assert chance.mean == pytest.approx(np.mean(drawn), abs=0.2)
    assert chance.low <= sure.own <= chance.high < sure.second
    assert words.beside_chance(sure) == (
        f"Random picks find 36.4 [{chance.low}, {chance.high}]: own doubt is within that, the reader above."
    )


def test_a_sign_that_finds_less_than_random_picks_is_said_to() -> None:
    wrong = np.arange(80) % 2 == 1
    backwards = search(-wrong.astype(float), wrong.astype(float), wrong)
    assert words.beside_chance(backwards).endswith("own doubt is below that, the reader above.")


def test_areas_are_those_of_scikit_learn(found: DemoResults) -> None:
    main = found.main
    for sign in main.signs:
        assert sign.everywhere.value == pytest.approx(roc_auc_score(main.wrong, sign.values))
        assert sign.sure.value == pytest.approx(roc_auc_score(main.wrong[main.sure], sign.values[main.sure]))
    difference = main.everywhere.difference
    assert (difference.one, difference.other) == pytest.approx(
        (roc_auc_score(main.wrong, main.second), roc_auc_score(main.wrong, main.own))
    )


@pytest.mark.parametrize(
    ("seeing", "verdict"),
    [
        (lambda right: 0.1 if right else 5.0, "the second reader is better"),
        (lambda right: 5.0 if right else 0.1, "own doubt is better"),
        (lambda _: 1.0, "undecided"),
    ],
)
def test_the_verdict_follows_the_interval(seeing: object, verdict: str) -> None:
    rng = np.random.default_rng(0)
    wrong = np.arange(80) % 2 == 1
    second = np.array([seeing(not flag) for flag in wrong])  # type: ignore[operator]
    assert search(rng.permutation(80) / 80, second, wrong).verdict == verdict


def test_few_wrong_answers_are_undecided_whatever_the_interval() -> None:
    wrong = np.arange(40) >= 34
    found = search(np.tile([1.0, 2.0], 20), wrong.astype(float), wrong)
    assert found.difference.low > 0
    assert found.verdict == "undecided"


def test_half_of_the_answers_are_sure_and_the_surest_wrong_ones_come_first() -> None:
    answers = [answer(i, right=i % 3 > 0, doubt=float(i), surprise=float(-i % 5)) for i in range(41)]
    found = compare(answers, "reader")
    assert found.sure.sum() == 20
    assert found.sure_and_wrong() == [0, 3, 6, 9, 12, 15, 18]


def test_too_few_wrong_answers_are_an_error() -> None:
    answers = [answer(i, right=i > 1, doubt=float(i), surprise=1.0) for i in range(30)]
    with pytest.raises(NotEnoughData, match="got 28 and 2"):
        compare(answers, "reader")


def test_a_tie_between_programs_prefers_neither_and_what_was_not_read_counts_nowhere() -> None:
    pairs = [(seen(1.0), seen(2.0)), (seen(1.0), seen(1.0)), (seen(2.0), seen(1.0)), (None, seen(1.0))]
    found = preferred("m", pairs)
    assert (found.n_right, found.n) == (1, 3)


def test_what_a_live_model_could_not_read_is_left_out_of_its_area_only() -> None:
    first = recorded().answers[0].answer
    found = measure(recorded(), [live({first: Unscored("unavailable")})])
    unread = np.array([one.answer == first for one in found.main.answers])
    sign = found.main.signs[-1]
    assert (np.isnan(sign.values) == unread).all()
    assert sign.everywhere.n_wrong == (found.main.wrong & ~unread).sum()
