"""``--device`` of ``foureyes score``: one, several, all."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from foureyes.batch.workers.patience import Patience
from foureyes.cli.score import devices, work
from foureyes.cli.score.devices import devices_of
from foureyes.cli.score.options import configure
from foureyes.cli.score.work import score
from foureyes.errors import ConfigError, InputError
from foureyes.models.scripted import ScriptedReader


def test_names_in_their_order_with_commas_between_them() -> None:
    assert devices_of("cuda:1, cpu,cuda:0") == ["cuda:1", "cpu", "cuda:0"]
    assert devices_of("cpu,cpu") == ["cpu", "cpu"]


def test_all_means_every_graphics_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "graphics_devices", lambda: ["cuda:0", "cuda:1"])
    assert devices_of("all") == ["cuda:0", "cuda:1"]


def test_all_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "graphics_devices", list)
    with pytest.raises(ConfigError, match="finds none here"):
        devices_of("all")


@pytest.mark.parametrize("told", ["", ",", "cpu,", "cuda:", "cuda:x", "GPU 1", "all,cpu:"])
def test_what_is_no_name_of_a_device(told: str) -> None:
    with pytest.raises(InputError, match="--device wants"):
        devices_of(told)


def test_ray_chooses_devices_by_itself() -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    args = parser.parse_args(["in", "-o", "out.jsonl", "--engine", "ray", "--device", "cuda:0,cuda:1"])
    output: Any = None
    opened: Any = None
    with pytest.raises(InputError, match="takes all devices of every node"):
        score(args, output, opened)


def scored(*options: str) -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    output: Any = None
    opened: Any = None
    score(parser.parse_args(["in", "-o", "out.jsonl", *options]), output, opened)


def test_a_time_to_read_in_is_of_workers() -> None:
    with pytest.raises(InputError, match="--read-timeout is of workers: it goes with several devices"):
        scored("--read-timeout", "60", "--device", "cpu")
    with pytest.raises(InputError, match="wanted a number of seconds above 0 that a worker may read; got 0"):
        scored("--read-timeout", "0", "--device", "cpu,cpu")


def test_all_devices_may_be_one_which_a_time_to_read_in_gives_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "graphics_devices", lambda: ["cuda:0"])
    monkeypatch.setattr(work, "DevicesEngine", lambda _open, found, **_: found)

    def engine_of(*options: str) -> Any:
        parser = argparse.ArgumentParser()
        configure(parser)
        args = parser.parse_args(["in", "-o", "out.jsonl", "--device", "all", *options])
        opened = [ScriptedReader()]
        return work._engine(args, devices_of("all"), lambda _: opened, Patience(args.read_timeout), lambda _: None)

    assert engine_of("--read-timeout", "60") == ["cuda:0"]
    assert list(engine_of().fingerprints) == ["scripted"]
    monkeypatch.setattr(work, "_scoring", lambda args: pytest.fail(f"taken: {args.device}", pytrace=False))
    with pytest.raises(pytest.fail.Exception, match="taken: all"):
        scored("--read-timeout", "60", "--device", "all")
