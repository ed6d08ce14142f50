"""The study of second readers on made-up logits, and on the published ones where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from foureyes.study.stored_options import StoredOptions, load_stored_options
from studies.published_study import Settings
from studies.second_readers.__main__ import main
from studies.second_readers.pairs import ReaderPairs, measure_pairs

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
