"""Nobody may be fast by doing less: all contenders say the same of the same pairs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from torch.nn import Embedding
from torch.nn.modules.module import register_module_forward_pre_hook

from bench.contenders import LOADERS
from bench.job import ContenderJob
from bench.pairs import TokenPair, save
from bench.ratios import furthest
from bench.session import RunSetting, TimedTask, WorkerFailed, run_cell, started
from foureyes.models import packing
from foureyes.models.head import head
from foureyes.models.transformers import reader


@pytest.fixture(autouse=True)
def sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts back what "nothing shared" and "head converted" replace."""
    for module in (packing, reader):
        monkeypatch.setattr(module, "common_prefix", packing.common_prefix)
    monkeypatch.setattr(head, "best_product", head.best_product)


@pytest.mark.parametrize(
    "name", ["naive", "floor", "foureyes, nothing shared", "foureyes, head converted", "foureyes, apart"]
)
def test_contenders_agree_with_foureyes(name: str, tiny_model: Path, tiny_pairs: list[TokenPair]) -> None:
    job = ContenderJob(tiny_model, "float32")
    ours = LOADERS["foureyes"](job).likelihoods(tiny_pairs)
    assert furthest(LOADERS[name](job).likelihoods(tiny_pairs), ours) < 1e-3


@pytest.mark.parametrize(("name", "in_full"), [("foureyes", False), ("foureyes, nothing shared", True)])
def test_nothing_shared_feeds_every_token(
    name: str,
    in_full: bool,  # noqa: FBT001 - a parameter of the test
    tiny_model: Path,
    tiny_pairs: list[TokenPair],
) -> None:
    fed = []
    hook = register_module_forward_pre_hook(
        lambda module, given: fed.append(given) if isinstance(module, Embedding) else None
    )
    try:
        contender = LOADERS[name](ContenderJob(tiny_model, "float32"))
        fed.clear()  # the probe of a loaded model
        contender.read(tiny_pairs)
    finally:
        hook.remove()
    n_fed = sum(ids.numel() for (ids,) in fed)
    n_tokens = sum(len(pair.fed) for pair in tiny_pairs)
    assert n_fed == n_tokens if in_full else n_fed < 0.8 * n_tokens


def test_the_naive_reading_is_given_the_prompt(tiny_model: Path, tiny_pairs: list[TokenPair]) -> None:
    first, other = tiny_pairs[0], tiny_pairs[2]
    swapped = TokenPair(first.prompt, first.answer, other.prompt_ids, first.answer_ids)
    naive = LOADERS["naive"](ContenderJob(tiny_model, "float32"))
    assert abs(naive.likelihoods([first])[0] - naive.likelihoods([swapped])[0]) > 1e-3


@pytest.fixture
def task(tiny_model: Path, tiny_pairs: list[TokenPair], tmp_path: Path) -> TimedTask:
    save(tiny_pairs, tmp_path / "pairs.json")
    return TimedTask("tiny", tiny_model, "float32", "short", tmp_path / "pairs.json", {})


def test_a_cell_is_read_round_after_round_and_one_failure_stops_nobody_else(task: TimedTask, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho out of memory >&2\nexit 9\n")
    broken.chmod(0o755)
    cell = run_cell(task, ["naive", "floor", "foureyes"], RunSetting(Path(sys.executable), broken, 1, 2, tmp_path))
    assert cell.failures == {"naive": "naive ended with status 9: out of memory"}
    assert [len(runs) for runs in cell.runs.values()] == [2, 2]
    assert all(
        run["seconds"] > 0 and run["reading_peak_bytes"] > 1 << 20 for runs in cell.runs.values() for run in runs
    )
    assert furthest(cell.likelihoods["floor"], cell.likelihoods["foureyes"]) < 1e-3


def test_a_worker_that_ends_early_is_told_from_one_that_answers(task: TimedTask, tmp_path: Path) -> None:
    once = tmp_path / "python"
    once.write_text("#!/bin/sh\necho '{\"load_seconds\": 1}'\n")
    once.chmod(0o755)
    with started("naive", task, RunSetting(once, once, 1, 1, tmp_path)) as worker:
        assert worker.hear() == {"load_seconds": 1}
        with pytest.raises(WorkerFailed, match="ended with status 0: no message"):
            worker.hear()
