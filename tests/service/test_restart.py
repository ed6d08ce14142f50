"""A restart neither lifts a suspension nor forgets why."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from foureyes.calibration import Threshold
from foureyes.config import NewKey
from foureyes.errors import ConfigError
from tests.service.promised import CONFIGURED, DRIFTED, NAME, PROMISED, Serving, drift

KEPT = CONFIGURED.replace("[monitoring]", '[monitoring]\nstate = "state"')


def suspended(folder: Path) -> NewKey:
    """A run in which drift suspended the promise, from start to stop."""
    serving = Serving(folder, KEPT)
    drift(serving)
    asyncio.run(serving.stop())
    return serving.key


def again(folder: Path, key: NewKey, configured: str = KEPT, threshold: Threshold = PROMISED) -> Serving:
    """The next run."""
    return Serving(folder, configured, key=key, threshold=threshold)


def test_a_suspension_outlives_a_restart_until_it_is_acknowledged(tmp_path: Path) -> None:
    serving = again(tmp_path, suspended(tmp_path))
    assert NAME in serving.alarms()
    assert serving.verify("calm0")["votes"][0]["verdict"] == "abstain"
    assert serving.call("POST", "/v1/monitoring/acknowledge", f'{{"key": "{NAME}"}}'.encode()).status == 200
    assert all(serving.verify(word)["safe"] for word in DRIFTED)
    asyncio.run(serving.stop())


def test_other_windows_begin_anew_and_the_suspension_stays(tmp_path: Path) -> None:
    key = suspended(tmp_path)
    serving = again(tmp_path, key, KEPT.replace("[monitoring]", "[monitoring]\nmost = 50"))
    assert serving.call("GET", "/v1/monitoring").json()["monitor"]["total"] == 0
    assert NAME in serving.alarms()
    assert serving.verify("calm0")["safe"] is False
    asyncio.run(serving.stop())


def test_a_new_threshold_renews_the_promise_over_a_restart(tmp_path: Path) -> None:
    serving = again(tmp_path, suspended(tmp_path), threshold=replace(PROMISED, limit=0.1))
    assert NAME not in serving.alarms()
    assert serving.verify("calm0")["safe"] is True
    asyncio.run(serving.stop())


def test_without_a_folder_a_restart_forgets(tmp_path: Path) -> None:
    serving = again(tmp_path, suspended(tmp_path), CONFIGURED)
    assert serving.verify("calm0")["safe"] is True
    asyncio.run(serving.stop())


def test_a_broken_memory_keeps_the_service_from_starting_and_stays_where_it_is(tmp_path: Path) -> None:
    key = suspended(tmp_path)
    kept = tmp_path / "state" / "acme.json"
    broken = kept.read_bytes()[:-50]
    kept.write_bytes(broken)
    with pytest.raises(ConfigError, match=r"acme.json"):
        again(tmp_path, key)
    assert kept.read_bytes() == broken
