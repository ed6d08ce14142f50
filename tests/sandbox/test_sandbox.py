"""Programs that do their worst end by their limits, reach nothing, and say how they ended."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from foureyes.errors import ConfigError, InputError
from foureyes.sandbox import ProgramLimits, Sandbox
from foureyes.sandbox.syscalls import syscall_filter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

_BRIEF = ProgramLimits(seconds=1)
_LONG = ProgramLimits(seconds=120)
_OWN_FILES = Path("/proc/self/fd")
_LIBRARY = "import ctypes, os\nlibrary = ctypes.CDLL(None, use_errno=True)\n"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(_LONG)


_HOSTILE = {
    "a false assertion": ("assert 1 == 2", "failed", "AssertionError"),
    "no Python": ("def (", "failed", "SyntaxError"),
    "exit before the tests": ("import sys; sys.exit(0)\nassert False", "exited", ""),
    "a silent end before the tests": ("import os; os._exit(0)\nassert False", "exited", ""),
    "exit with a status": ("raise SystemExit(3)", "failed", "SystemExit"),
    "memory, in pieces": ("kept = [bytearray(50_000_000) for _ in range(1000)]", "memory", "MemoryError"),
    "memory, at once": ("'a' * 10**11", "memory", "MemoryError"),
    "memory, in files without a name": (
        "import os\nfor i in range(1000):\n    os.write(os.memfd_create(str(i)), b'x' * (15 << 20))",
        "failed",
        "OSError",
    ),
    "memory, of System V": (_LIBRARY + "assert library.shmget(0, 100 << 20, 0o1600) == -1", "passed", ""),
    "a full disk": (
        "for i in range(100):\n    with open(f'/tmp/{i}', 'wb') as file:\n        file.write(b'x' * (4 << 20))",
        "failed",
        "OSError",
    ),
    "processes without end": ("import os\nwhile True:\n    os.fork()", "failed", "BlockingIOError"),
    "threads without end": (
        "import threading, time\nfor _ in range(1000):\n    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "failed",
        "RuntimeError",
    ),
    "printing without end": ("while True:\n    print('x' * 1000)", "output", ""),
    "secrets of the machine": ("open('/etc/shadow').read()", "failed", "FileNotFoundError"),
    "processes of the machine": ("import os; os.listdir('/proc')", "failed", "FileNotFoundError"),
    "a file outside": ("open('/outside', 'w')", "failed", "OSError"),
    "a device": ("open('/dev/made', 'w')", "failed", "OSError"),
    "Python's own library": ("import json\nopen(json.__file__, 'a')", "failed", None),
    "the network": ("import socket; socket.create_connection(('192.0.2.1', 53), 5)", "failed", "OSError"),
    "ending every process": ("import os; os.kill(-1, 9)", "failed", "ProcessLookupError"),
    "a crash": ("import ctypes; ctypes.string_at(0)", "killed", ""),
    "calls without end": ("def call(): call()\ncall()", "failed", "RecursionError"),
    "being root": ("import os; os.setuid(0)", "failed", None),
    "being root elsewhere": (_LIBRARY + "assert library.unshare(0x10000000) == -1", "passed", ""),
    "a traced process": (_LIBRARY + "assert library.ptrace(0, 0, 0, 0) == -1", "passed", ""),
    "more memory by law": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))", "failed", "ValueError"
    ),
    "a child that goes on": ("import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)", "passed", ""),
    "a child that fails": ("import os\nif os.fork() == 0:\n    raise ValueError\nos.wait()", "passed", ""),
    "an exception of a strange name": ("raise type('passed\\nx', (Exception,), {})", "failed", "Exception"),
    "a surrogate": ("x = '\ud800'", "failed", "SyntaxError"),
}  # fmt: skip


@pytest.mark.parametrize("what", _HOSTILE)
def test_a_hostile_program_is_contained_and_named(sandbox: Sandbox, what: str) -> None:
    program, outcome, error = _HOSTILE[what]
    run = sandbox.run(program)
    assert run.outcome == outcome, run
    assert error is None or run.error == error


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "import time; time.sleep(1000)",
        "import os, time; os.close(1); os.close(2); time.sleep(1000)",
        "import signal, time\nfor s in (1, 2, 15, 24): signal.signal(s, signal.SIG_IGN)\nwhile True: pass",
        "'x'.join(['a'] * 10).replace('', '') or 0\nimport re; re.match('(a+)+b', 'a' * 60)",
    ],
)
def test_whoever_takes_too_long_is_ended(program: str) -> None:
    assert Sandbox(_BRIEF).run(program).outcome == "timeout"


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
    assert run.error == "ConnectionRefusedError"


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
