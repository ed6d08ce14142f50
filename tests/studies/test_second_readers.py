"""The study of second readers on made-up logits, and on the published ones where they are at hand."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from foureyes.errors import NotEnoughData
from foureyes.maths.agreement import miss_agreement
from foureyes.study.stored_options import StoredOptions, load_stored_options
from studies.know_when.published_data import PublishedData
from studies.published_study import Settings
from studies.second_readers import doubt, thresholds
from studies.second_readers.__main__ import main
from studies.second_readers.difficulty import _row_areas
from studies.second_readers.doubt import out_of_order
from studies.second_readers.pairs import ReaderPairs, figure_of, measure_pairs, pair_mean, pair_verdicts, weighted_mean
from studies.second_readers.panels import _panel_areas, _Panels
from studies.second_readers.shared_misses import miss_figures, missed_by

SKILL = (0.5, 0.9, 1.3, 1.8, 2.4, 3.0)
N_QUESTIONS, ROTATIONS = 150, 2


def write(folder: Path) -> Path:
    """Logits of six models, the later the better, that find the same questions hard."""
    rng = np.random.default_rng(0)
    n = N_QUESTIONS * ROTATIONS
    gold = rng.integers(0, 4, n)
    question = np.repeat(np.arange(N_QUESTIONS), ROTATIONS)
    hard = np.repeat(rng.normal(size=N_QUESTIONS), ROTATIONS)
    logits = rng.normal(size=(6, n, 6)) * 1.2
    logits[:, :, 4:] -= 4
    logits[:, np.arange(n), gold] += np.array(SKILL)[:, None] - 0.8 * hard
    made = folder / "vlm_mmbench_logits/logits.npz"
    made.parent.mkdir(parents=True)
    np.savez(
        made,
        logits=logits.astype(np.float32),
        gold=gold.astype(np.int8),
        ids=question + 1_000_000 * (np.arange(n) % ROTATIONS),
        models=np.array([f"model-{i}" for i in range(6)]),
        family=np.array(["a", "a", "b", "b", "c", "c"]),
        params_b=np.array([1, 2, 3, 7, 13, np.nan], np.float32),
        l2_category=np.array(["one", "two"])[question % 2],
        category=np.array(["one", "two"])[question % 2],
    )
    return folder


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> StoredOptions:
    folder = write(tmp_path_factory.mktemp("data"))
    return load_stored_options(folder / "vlm_mmbench_logits/logits.npz", same_question="ids % 1000000")


@pytest.fixture(scope="module")
def pairs(options: StoredOptions) -> ReaderPairs:
    return measure_pairs(options, Settings(draws=60))


def test_areas_are_those_of_scikit_learn(pairs: ReaderPairs):
    p = np.exp(pairs.options.log_p)
    for author, reader in ((0, 5), (5, 0), (2, 3)):
        letters = p[author].argmax(axis=1)
        wrong = letters != pairs.options.gold
        surprise = -np.log(p[reader, np.arange(len(wrong)), letters])
        doubt = -(p[reader] * np.log(p[reader])).sum(axis=1)
        assert pairs.cmp[author, reader, 0] == pytest.approx(roc_auc_score(wrong, surprise))
        assert pairs.cme[author, reader, 0] == pytest.approx(roc_auc_score(wrong, doubt))
        assert pairs.own[reader, 0, 0] == pytest.approx(
            roc_auc_score(p[reader].argmax(axis=1) != pairs.options.gold, doubt)
        )


def test_a_mean_over_pairs_is_weighted_by_how_often_both_models_are_drawn(pairs: ReaderPairs):
    chosen = pairs.gap >= 0
    values = np.broadcast_to(np.arange(36.0).reshape(6, 6, 1), pairs.cmp.shape)
    found = pairs.mean(values, chosen)
    assert found.value == pytest.approx(np.arange(36.0).reshape(6, 6)[chosen & ~np.eye(6, dtype=bool)].mean())
    assert found.n == 15
    assert found.low < found.value < found.high


def test_the_page_opens_with_a_picture_and_decides_its_claims(tmp_path: Path):
    write(tmp_path / "data")
    page = tmp_path / "second_readers.md"
    main(
        ["--data", str(tmp_path / "data"), "--draws", "60", "--html", str(tmp_path / "p.html"), "--markdown", str(page)]
    )
    text = page.read_text(encoding="utf-8")
    assert text.splitlines()[2].startswith("![")
    assert (tmp_path / "second_readers-0.svg").is_file()
    assert "| A reader at least as accurate: CMP beats the author's own entropy |" in text
    assert "nan" not in text


def test_what_cannot_be_measured_of_a_pair_is_in_no_mean():
    values = np.full((2, 2, 3), np.nan)
    values[0, 1] = (0.8, 0.6, np.nan)
    values[1, 0] = (0.4, np.nan, np.nan)
    counts, chosen = np.ones((3, 2)), ~np.eye(2, dtype=bool)
    assert pair_mean(values, counts, chosen) == pytest.approx([0.6, 0.6, np.nan], nan_ok=True)
    assert weighted_mean(values[:, ::-1][[0, 1], [0, 1]], counts) == pytest.approx([0.6, 0.6, np.nan], nan_ok=True)
    figure = figure_of(np.array([0.6, 0.5, np.nan, 0.7]), 2, "pairs")
    assert 0.5 < figure.low < figure.high < 0.7
    with pytest.raises(NotEnoughData, match="got nan and 1 draws"):
        figure_of(np.array([np.nan, 0.5]), 2, "pairs")
    assert pair_verdicts(np.array([[np.nan, 0.1, 0.1], [0.2, 0.1, 0.3]])) == "above zero in 1 of 1; holds in 1"


def test_an_author_without_a_wrong_answer_of_one_kind_leaves_the_rest_to_be_said(tmp_path: Path):
    made = write(tmp_path / "data") / "vlm_mmbench_logits/logits.npz"
    with np.load(made) as found:
        arrays = dict(found)
    of_one = np.flatnonzero(arrays["l2_category"] == "one")
    arrays["logits"][4, of_one, arrays["gold"][of_one]] += 50
    arrays["logits"][1, np.arange(len(arrays["gold"])), arrays["gold"]] += 50
    np.savez(made, **arrays)
    page = tmp_path / "second_readers.md"
    main(
        ["--data", str(tmp_path / "data"), "--draws", "60", "--html", str(tmp_path / "p.html"), "--markdown", str(page)]
    )
    text = page.read_text(encoding="utf-8")
    assert "mmbench was skipped" not in text
    assert "model-1 is no author here: its answers are all right, or all wrong" in text
    pairs_of = {kind: int(re.search(rf"\| {kind} \| [^|]*n=(\d+) pairs", text)[1]) for kind in ("one", "two")}
    assert pairs_of["one"] < pairs_of["two"]
    assert "nan" not in text


def test_misses_of_two_readers_are_correlated_as_the_product_correlates_them(pairs: ReaderPairs):
    one, other = np.array([3, 1]), np.array([5, 4])
    found = miss_figures(pairs, 0, one, other)
    missed = missed_by(pairs, 0)
    wrong = ~pairs.options.right[0]
    assert missed.shape == (6, wrong.sum())
    draw = pairs.weights[wrong, 7].astype(int)
    for i, (a, b) in enumerate(zip(one, other, strict=True)):
        for column, times in ((0, np.ones(wrong.sum(), int)), (7, draw)):
            expected = miss_agreement(np.repeat(missed[a], times), np.repeat(missed[b], times), draws=40)
            assert found["rho"][i, column] == pytest.approx(expected.rho, abs=1e-6)
            assert found["rho_share"][i, column] == pytest.approx(expected.rho_share, abs=1e-5)
            assert found["coverage"][i, column] == pytest.approx(expected.coverage, abs=1e-6)


def test_a_reader_flags_as_many_answers_as_are_wrong(pairs: ReaderPairs):
    wrong = ~pairs.options.right[2]
    surprise = pairs.options.surprise(4, 2)
    flagged = np.argsort(-surprise)[: wrong.sum()]
    assert missed_by(pairs, 2)[4].sum() == pytest.approx(wrong.sum() - wrong[flagged].sum(), abs=1)


def test_a_moved_threshold_is_chosen_anew_on_every_draw_of_questions(pairs: ReaderPairs):
    u, wrong = pairs.options.entropy, ~pairs.options.right
    fit = pairs.options.question % 2 == 0
    found = thresholds._moved(u, wrong, pairs)
    for draw in (0, 5):
        times = pairs.weights[:, draw].astype(int)
        for one, other in ((5, 4), (3, 3)):
            kept = np.repeat(u[one, fit], times[fit]), np.repeat(wrong[one, fit], times[fit])
            allowed = [t for t in np.unique(kept[0]) if kept[1][kept[0] <= t].mean() <= 0.05]
            judged = np.repeat(u[other, ~fit], times[~fit]), np.repeat(wrong[other, ~fit], times[~fit])
            accepted = judged[0] <= (max(allowed) if allowed else -np.inf)
            expected = judged[1][accepted].mean() if accepted.any() else np.nan
            assert found[one, other, draw] == pytest.approx(expected, nan_ok=True)


def test_areas_within_rows_draw_authors(pairs: ReaderPairs):
    authors, draw = np.array([0, 1, 3, 4, 5]), 9
    u = np.stack([pairs.options.surprise(2, a) for a in authors])
    found = _row_areas(pairs, authors, u)
    answers = np.repeat(np.arange(5), pairs.models[draw, authors].astype(int))
    areas, weights = [], []
    for row in range(u.shape[1]):
        wrong = ~pairs.options.right[authors[answers], row]
        if wrong.any() and not wrong.all():
            areas.append(roc_auc_score(wrong, u[answers, row]))
            weights.append(pairs.weights[row, draw])
    assert found[draw] == pytest.approx(np.average(areas, weights=weights), abs=1e-5)


def test_the_draw_of_panels_is_in_the_interval(pairs: ReaderPairs):
    panels = _Panels.drawn(6, 60, np.random.default_rng(0))
    assert panels.members.shape == (6, 10, 5)
    assert all(author not in members for author, members in enumerate(panels.members))
    assert (panels.counts.sum(axis=1) == 10).all()
    alone = np.zeros_like(panels.counts)
    alone[:, 3] = 1
    one = _panel_areas(pairs, _Panels(panels.members, alone), 2, voting=False)
    first, second = panels.members[0, 3, :2]
    support = np.exp(-pairs.options.surprise(first, 0)) + np.exp(-pairs.options.surprise(second, 0))
    assert one[0, 0] == pytest.approx(roc_auc_score(~pairs.options.right[0], -support))
    mean = _panel_areas(pairs, panels, 2, voting=False)
    assert not np.allclose(one[0], mean[0])


def test_rows_in_another_order_are_found_out_and_ignorance_is_not_taken_for_it():
    rng = np.random.default_rng(0)
    ease = rng.normal(size=2000)
    right = np.stack([rng.random(2000) < 1 / (1 + np.exp(-2 * ease)) for _ in range(6)])
    right[2] = right[2, rng.permutation(2000)]
    right[4] = rng.random(2000) < 0.25
    assert out_of_order(right) == ([2], [4])


def test_letters_that_were_not_found_and_models_in_another_order_are_named(tmp_path: Path):
    folder = tmp_path / "llm_mcq_confidence"
    folder.mkdir()
    rng = np.random.default_rng(0)
    ease = rng.normal(size=900)
    grade = (rng.random((5, 900)) < 1 / (1 + np.exp(-3 * ease))).astype(np.uint8)
    grade[3] = grade[3, rng.permutation(900)]
    grade[0, :7] = 2
    msp = rng.random((5, 900)).astype(np.float32)
    for task in ("arc", "mmlu", "truthfulqa"):
        names = np.array(["a", "b", "c", "d", "e"])
        np.savez(folder / f"{task}_first_prompt.npz", models=names, grade=grade, msp=msp)
    (chapter,) = doubt.chapters(PublishedData(tmp_path), Settings(draws=60))
    assert list(chapter.warnings[:2]) == [
        "arc: d is left out: it is right on other rows than all others are, so its rows are in another order",
        "arc: answers in which no letter was found, 7 of 3,600, count as wrong",
    ]


def test_missing_data_is_skipped_with_its_reason(tmp_path: Path):
    page = tmp_path / "second_readers.md"
    main(["--data", str(tmp_path), "--draws", "60", "--html", str(tmp_path / "p.html"), "--markdown", str(page)])
    assert "mmbench was skipped: vlm_mmbench_logits/logits.npz is not in the data folder" in page.read_text(
        encoding="utf-8"
    )


def test_data_that_does_not_fit_is_named_and_stops_nothing(tmp_path: Path):
    made = write(tmp_path / "data") / "vlm_mmbench_logits/logits.npz"
    with np.load(made) as found:
        arrays = dict(found)
    np.savez(made, **{**arrays, "gold": arrays["gold"][:-1]})
    page = tmp_path / "second_readers.md"
    main(
        ["--data", str(tmp_path / "data"), "--draws", "60", "--html", str(tmp_path / "p.html"), "--markdown", str(page)]
    )
    text = page.read_text(encoding="utf-8")
    assert "mmbench was skipped: " in text
    assert "do not fit" in text
    assert "language was skipped: llm_mcq_confidence/arc_first_prompt.npz is not in the data folder" in text


def test_published_logits_give_the_published_figures():
    path = Path(os.environ.get("FOUREYES_SHARED", "/nowhere")) / "data/vlm_mmbench_logits/logits.npz"
    if not path.is_file():
        pytest.skip("the published logits are not at hand: set FOUREYES_SHARED")
    found = measure_pairs(load_stored_options(path, same_question="ids % 1000000"), Settings(draws=1))
    chosen = (found.gap >= 0) & found.apart
    assert chosen.sum() == 325
    assert ((found.cmp - found.own)[chosen][:, 0] > 0).sum() == 324
    assert found.cmp[chosen][:, 0].mean() == pytest.approx(0.903, abs=5e-4)
    assert found.own[:, 0, 0].mean() == pytest.approx(0.844, abs=5e-4)
