"""Published files through the hub's real client, from a hub on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import disable_progress_bars

from foureyes.errors import InputError, ModelRefused, ModelUnavailable
from foureyes.study.tasks.hub import fetch
from foureyes.study.tasks.loading import TaskSpec, load_task
from tests.models.hub_simulator import Hub, serving

ROWS = [{"question": f"{i}?", "subject": "s", "choices": ["3", "4"], "answer": 1} for i in range(5)]


def point_at(url: str, patch: pytest.MonkeyPatch, cache: Path) -> None:
    """What HF_ENDPOINT and HF_HUB_CACHE would have set; the client reads them when it is imported."""
    patch.setattr(constants, "ENDPOINT", url)
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
    patch.setattr(constants, "HF_HUB_CACHE", str(cache))
    disable_progress_bars()


def test_a_known_task_is_fetched_read_and_summed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    files = {"all/test-0.parquet": (tmp_path / "t.parquet").read_bytes(), "all/dev-0.parquet": b"", "README.md": b""}
    with serving(Hub(files)) as hub:
        point_at(hub.url, monkeypatch, tmp_path / "cache")
        task = load_task(TaskSpec("mmlu"), data=None, seed=0)
    assert [item.gold for item in task.items] == [("B",)] * 5
    assert list(task.checksums) == ["test-0.parquet"]
    assert not any("dev-0" in asked for asked in hub.asked)


def test_a_data_set_without_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Hub({"other.json": json.dumps(ROWS).encode()})) as hub:
        point_at(hub.url, monkeypatch, tmp_path / "cache")
        with pytest.raises(InputError, match=r"data set cais/mmlu has no file all/test-\*"):
            fetch("cais/mmlu", "all/test-*.parquet")


def test_a_refusal_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Hub({}, refusal=(403, "GatedRepo"))) as hub:
        point_at(hub.url, monkeypatch, tmp_path / "cache")
        with pytest.raises(ModelRefused, match="cais/mmlu") as caught:
            fetch("cais/mmlu", "*")
    assert caught.value.__notes__ == ["give a folder with the data's files with --data"]


def test_a_hub_that_cannot_be_reached_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at("http://127.0.0.1:9", monkeypatch, tmp_path / "cache")
    with pytest.raises(ModelUnavailable, match="cais/mmlu"):
        fetch("cais/mmlu", "*")
