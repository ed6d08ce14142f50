"""Programs that do their worst end by their limits, reach nothing, and say how they ended."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.hostile_programs import HOSTILE, HostileProgram, run_hostile
from bench.sandbox import hostile_table
from foureyes.errors import ConfigError, InputError
from foureyes.sandbox import ProgramLimits, ProgramRun, Sandbox
from foureyes.sandbox.syscalls import syscall_filter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

_LONG = ProgramLimits(seconds=120)
_OWN_FILES = Path("/proc/self/fd")


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(_LONG)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda one: one.does)
def test_a_hostile_program_is_contained_and_named(hostile: HostileProgram) -> None:
    [run] = run_hostile((hostile,))
    assert hostile.has_ended(run), run


def test_what_became_of_each_hostile_program_is_shown_and_nothing_else() -> None:
    two = HOSTILE[:2]
    runs = [ProgramRun("memory", "MemoryError", "", 0.1)] * 2
    assert hostile_table(two, runs).splitlines()[2:] == [f"| {one.does} | `memory`, MemoryError |" for one in two]
    with pytest.raises(SystemExit, match=r"ended as .*passed"):
        hostile_table(two, [runs[0], ProgramRun("passed", "", "", 0.1)])


@pytest.mark.parametrize(
    ("program", "error"),
    [("assert 1 == 2", "AssertionError"), ("class Größe(Exception): pass\nraise Größe", "Größe")],
)
def test_what_a_program_raised_is_told_by_its_class(sandbox: Sandbox, program: str, error: str) -> None:
    run = sandbox.run(program)
    assert (run.outcome, run.error) == ("failed", error)


@pytest.mark.parametrize(
    "program",
    [
        "import os\nif os.fork() == 0:\n    raise ValueError\nos.wait()",
        "import asyncio\nassert asyncio.run(asyncio.sleep(0, 3)) == 3",
        "import socket\none, other = socket.socketpair()\none.send(b'x')\nassert other.recv(1) == b'x'",
        "import sys\nassert sys.stdin.read() == ''",
        "from concurrent.futures import ThreadPoolExecutor\nassert list(ThreadPoolExecutor(1).map(abs, [-1])) == [1]",
    ],
    ids=["a child that fails", "asyncio", "a pair of sockets", "standard input", "a thread"],
)
def test_what_programs_need_is_there(sandbox: Sandbox, program: str) -> None:
    run = sandbox.run(program)
    assert run.passed, run


def test_a_program_that_ends_has_passed_and_shows_what_it_printed(sandbox: Sandbox) -> None:
    run = sandbox.run("import sys\nprint('one')\nprint('two', file=sys.stderr)\nassert sum([1, 2]) == 3")
    assert run.passed
    assert sorted(run.output.split()) == ["one", "two"]


def test_a_program_sees_nothing_of_whoever_runs_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOUREYES_SECRET", "hidden")
    run = sandbox.run("import os\nprint(sorted(os.environ), os.listdir('/tmp'), os.getcwd(), os.getuid() != 0)")
    assert "FOUREYES_SECRET" not in run.output
    assert run.output.endswith("[] /tmp True\n")


def test_a_server_of_this_machine_cannot_be_reached(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        run = sandbox.run(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)")
    assert run.error == "PermissionError"


def test_a_socket_of_this_machine_without_a_file_cannot_be_reached(sandbox: Sandbox) -> None:
    """Its name belongs to the network that it was made in, which the sandbox does not share."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(b"\0foureyes " + str(os.getpid()).encode())
        server.listen()
        name = server.getsockname()
        run = sandbox.run(f"import socket\nsocket.socket(socket.AF_UNIX).connect({name!r})")
    assert run.error == "ConnectionRefusedError"


@pytest.mark.parametrize("last", ["print('seen')", "print('seen', flush=True)\nsys.stdout.detach()"])
def test_a_program_may_put_another_output_in_place_of_its_own(sandbox: Sandbox, last: str) -> None:
    run = sandbox.run(f"import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, 'latin-1')\n{last}")
    assert (run.outcome, run.output.strip()) == ("passed", "seen")


def test_nothing_is_left_behind(sandbox: Sandbox) -> None:
    before = set(_OWN_FILES.iterdir())
    for program in ("pass", "import os, time\nif os.fork() == 0: time.sleep(1000)", "raise ValueError"):
        sandbox.run(program)
    assert set(_OWN_FILES.iterdir()) == before
    assert not [line for line in _command_lines() if "/run/inside.py" in line]


def _command_lines() -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(entry) == os.getpid():
            yield (entry / "cmdline").read_text(errors="replace")


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_programs_of_several_threads_keep_apart(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(sandbox.run, [f"print({i})\nassert {i} % 3" for i in range(12)]))
    assert [run.output for run in runs] == [f"{i}\n" for i in range(12)]
    assert [run.passed for run in runs] == [bool(i % 3) for i in range(12)]


def test_where_there_is_no_sandbox_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="apt install bubblewrap"):
        Sandbox()
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no rights >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ConfigError, match="does not work on this machine: no rights"):
        Sandbox()


def test_a_filter_is_there_for_two_kinds_of_processors() -> None:
    assert len(syscall_filter("x86_64")) % 8 == 0
    assert syscall_filter("x86_64") != syscall_filter("aarch64")
    with pytest.raises(ConfigError, match="this machine is riscv64"):
        syscall_filter("riscv64")


def test_limits_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="0 < seconds < ∞, got 0"):
        ProgramLimits(seconds=0)
    with pytest.raises(InputError, match="processes ≥ 1, got 0"):
        ProgramLimits(processes=0)
