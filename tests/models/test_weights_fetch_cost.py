"""What fetching models takes, told before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from foureyes.models.weights import KNOWN, SMALL_PAIR, STANDARD_PAIR
from foureyes.models.weights.converted import Converted
from foureyes.models.weights.fetch_cost import FetchCost, fetch_cost
from foureyes.models.weights.values import ignore_step


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "not" / "yet" / "there"
    monkeypatch.setenv("FOUREYES_CACHE", str(folder))
    return folder


def test_of_what_is_not_here(cache: Path) -> None:
    cost = fetch_cost([STANDARD_PAIR.author, STANDARD_PAIR.reader])
    assert [model.name for model in cost.models] == ["qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"]
    assert (cost.cache, cost.download_bytes) == (cache, 491_400_064 + 1_117_320_768)
    assert cost.disk_bytes == 2 * (630_167_424 + 1_777_088_000)
    assert cost.peak_disk_bytes == cost.disk_bytes + 1_117_320_768
    assert cost.free_bytes > 0


def test_the_peak_is_not_always_the_last_ones() -> None:
    models = KNOWN["qwen2.5-coder-1.5b"], KNOWN["smollm2-135m"]
    cost = FetchCost(models, Path(), 0)
    assert cost.peak_disk_bytes == 2 * models[0].parameters + models[0].n_bytes > cost.disk_bytes


def test_small_ones_cost_less_of_everything() -> None:
    small, standard = (fetch_cost([pair.author, pair.reader]) for pair in (SMALL_PAIR, STANDARD_PAIR))
    assert small.download_bytes < standard.download_bytes / 4
    assert small.peak_disk_bytes < standard.peak_disk_bytes / 4
    assert small.memory_bytes < standard.memory_bytes
    assert 1 <= small.minutes < standard.minutes


def test_what_is_here_or_has_no_known_name_costs_nothing(cache: Path, tmp_path: Path) -> None:
    entry = Converted.of_packages(KNOWN["smollm2-135m"], cache).entry
    with entry.locked(ignore_step), entry.scratch() as scratch:
        (scratch / "built").mkdir()
        (scratch / "built" / "config.json").write_text("{}")
        entry.fill(scratch / "built", licence="Apache-2.0", source_sha256="ab" * 32, versions={})
    cost = fetch_cost(["smollm2-135m", str(tmp_path), "http://127.0.0.1:9/v1"])
    assert (cost.models, cost.peak_disk_bytes, cost.memory_bytes, cost.fits) == ((), 0, 0, True)


def test_it_fits_exactly_or_not() -> None:
    models = (KNOWN["smollm2-135m"],)
    need = FetchCost(models, Path(), 0).peak_disk_bytes
    assert FetchCost(models, Path(), need).fits
    assert not FetchCost(models, Path(), need - 1).fits
