"""Reading on several devices, which are processes of this machine: what is lost is read again, in the same bytes."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from foureyes.batch.devices.engine import DevicesEngine
from foureyes.batch.job import Job
from foureyes.batch.run import score_with
from foureyes.errors import ConfigError, InputError, ModelUnavailable
from foureyes.models.roles import Reader
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Reading, Unscored
from tests.batch.workers.runs import N_ROWS, as_local, finished, kept, readings, started, until, write

TWO = ("--device", "cpu,cpu")


class Endless(ScriptedReader):
    """Reads as long as anybody waits."""

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        threading.Event().wait()
        return super().read(exchanges, top_k=top_k)


def opened(name: str, device: str) -> list[Reader]:
    """On one device, other weights than on the others; no row is read before that is known."""
    return [Endless(name=name if device == "cpu" else f"{name}-{device}")]


def refusing(_device: str) -> list[Reader]:
    raise ModelUnavailable("no such weights", model="x")


def test_processes_killed_midway_change_no_byte(place: Path) -> None:
    (place / "seen/hold").touch()
    run = started(place, "--device", "cpu,cuda")  # names, no more: watched readers need no device
    until(run, lambda: len(readings(place)) == 2)
    os.kill(readings(place)["cuda"], signal.SIGKILL)
    (place / "seen/hold").unlink()
    status, told = finished(run)
    assert status == 0, told
    assert (place / "out.jsonl").read_bytes() == as_local(place)
    assert "Traceback" not in told


def test_rows_that_end_their_process_come_out_unscored_and_alone(place: Path) -> None:
    write(place, {7: "poison", 390: "crash"})
    status, told = finished(started(place, *TWO))
    assert status == 0, told
    rows = [json.loads(line) for line in (place / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == list(range(N_ROWS))
    unscored = {row["id"]: row["foureyes"]["x"]["unscored"] for row in rows if "unscored" in row["foureyes"]["x"]}
    assert {i: (one["reason"], one["detail"].rsplit(": ", 2)[-1]) for i, one in unscored.items()} == {
        7: ("unavailable", "its process was ended by SIGKILL"),
        390: ("unavailable", "of no kind that is known"),
    }
    local = [json.loads(line) for line in as_local(place).splitlines()]
    assert [row for row in rows if row["id"] not in unscored] == [row for row in local if row["id"] not in unscored]


def test_a_row_that_hangs_comes_out_unscored_and_alone_and_its_process_is_replaced(place: Path) -> None:
    write(place, {7: "hang"})
    status, told = finished(started(place, *TWO, "--read-timeout", "3"))
    assert status == 0, told
    rows = [json.loads(line) for line in (place / "out.jsonl").read_text().splitlines()]
    unscored = {row["id"]: row["foureyes"]["x"]["unscored"] for row in rows if "unscored" in row["foureyes"]["x"]}
    assert list(unscored) == [7]
    assert unscored[7]["reason"] == "unavailable"
    assert unscored[7]["detail"].endswith("while reading this row: it was still reading after 3 s")
    local = [json.loads(line) for line in as_local(place).splitlines()]
    assert [row for row in rows if row["id"] != 7] == [row for row in local if row["id"] != 7]


@pytest.mark.parametrize(("device", "times"), [("broken", 6), ("full", 2)])
def test_a_device_that_cannot_read_is_left_to_itself(place: Path, device: str, times: int) -> None:
    (place / "seen/hold").touch()  # so that rows last until the device is given up
    run = started(place, "--device", f"cpu,{device}")
    until(run, lambda: [path.read_text() for path in (place / "seen").glob("opened-*")].count(device) == times)
    (place / "seen/hold").unlink()
    status, told = finished(run)
    assert status == 0, told
    assert (place / "out.jsonl").read_bytes() == as_local(place)


def test_interrupted_and_resumed_by_one_process_ends_in_the_same_bytes(place: Path) -> None:
    write(place, {390: "pause"})
    (place / "seen/pause").touch()
    small = ("--window", "50")
    run = started(place, *TWO, *small)
    until(run, lambda: kept(place).count("\n") > 3)
    os.killpg(run.pid, signal.SIGINT)
    status, told = finished(run)
    assert status != 0
    assert "Traceback" not in told
    (place / "seen/pause").unlink()
    status, told = finished(started(place, *small, "--resume"))
    assert status == 0, told
    assert "finished before" in told
    assert (place / "out.jsonl").read_bytes() == as_local(place)


def test_a_run_that_is_killed_leaves_no_process_behind(place: Path) -> None:
    (place / "seen/hold").touch()
    run = started(place, "--device", "cpu,cuda")
    until(run, lambda: len(readings(place)) == 2)
    workers = list(readings(place).values())
    run.kill()
    run.wait()
    assert all(ended(pid) for pid in workers)


def ended(pid: int) -> bool:
    """Waits until a process is gone, or only waits to be noticed."""
    status = Path(f"/proc/{pid}/status")
    while True:
        try:
            if "State:\tZ" in status.read_text():
                return True
        except OSError:
            return True


def test_devices_that_would_see_something_else_are_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, {})
    with pytest.raises(ConfigError, match=r"has another x(-cuda)? than the workers before"):
        score_with(
            Job(tmp_path / "in.jsonl", tmp_path / "out.jsonl"),
            lambda: DevicesEngine(partial(opened, "x"), ["cpu", "cuda"]),
        )


def test_verifiers_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no such weights"):
        DevicesEngine(refusing, ["cpu", "cpu"])


def test_no_device_and_what_cannot_be_pickled() -> None:
    with pytest.raises(InputError, match="at least one device"):
        DevicesEngine(refusing, [])
    with pytest.raises(ConfigError, match="can be pickled"):
        DevicesEngine(lambda _device: [], ["cpu", "cpu"])
