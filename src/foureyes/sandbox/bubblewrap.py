"""The sandbox: Linux's namespaces, set up by bubblewrap.

A program sees the system's libraries and Python's, for reading, and an empty folder in memory; no other file, no environment,
no network nor a socket to reach one by, no process but its own, no device but null, zero and random. It has no rights and can gain none. Time, memory,
processes, files and output are bounded. What this does not keep out is a fault of the kernel itself: for programs that may
hold one, use a virtual machine.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Final

from foureyes.errors import ConfigError
from foureyes.sandbox import inside
from foureyes.sandbox.outcome import ProgramLimits, ProgramOutcome, ProgramRun
from foureyes.sandbox.syscalls import syscall_filter

__all__ = ["Sandbox"]

_LINKS: Final = ("/bin", "/lib", "/lib64", "/lib32", "/sbin")
_INSIDE: Final = "/run/inside.py"
_SPARE_S: Final = 1.0
"""More than a program's own time that Python and the sandbox may take to start."""

_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_FILES: Final = 32
"""Open at once in each process: each may be one in memory."""

_SIGNALLED: Final = 128
"""Statuses from here on are signals."""

_USERS: Final = range(1 << 30, 1 << 31)
"""Users that no system has: a program of root's gets one of its own, so that its processes are counted alone."""

_REPORT_BYTES: Final = 300
_RAISED: Final = "raised:"
_ENDS: Final[Mapping[str, tuple[ProgramOutcome, str]]] = {
    "passed": ("passed", ""),
    "exit": ("exited", ""),
    "memory": ("memory", "MemoryError"),
}


class Sandbox:
    """Runs programs, each in a sandbox of its own. May be used from several threads at once.

    A program and what tests it run in one process: one that sets out to look as if it had passed can. What it cannot do is
    reach anything outside.

    Args:
        limits: of every program.

    Raises:
        ConfigError: this machine has no sandbox that works; nothing is run then.

    Example:
        >>> sandbox = Sandbox()  # doctest: +SKIP
        >>> sandbox.run("assert sum([1, 2]) == 3").outcome, sandbox.run("assert 1 == 2").error  # doctest: +SKIP
        ('passed', 'AssertionError')
    """

    def __init__(self, limits: ProgramLimits | None = None) -> None:
        self._limits = limits or ProgramLimits()
        found = shutil.which("bwrap") if sys.platform == "linux" else None
        if found is None:
            raise ConfigError("running programs needs Linux with bubblewrap; install it: apt install bubblewrap")
        self._bubblewrap = found
        self._filter = syscall_filter()
        self._arguments = list(_arguments(self._limits, is_root=os.geteuid() == 0))
        probe = self.run("pass")
        if not probe.passed:
            raise ConfigError(
                f"the sandbox does not work on this machine: {probe.output.strip()[:300] or probe.outcome}"
            )

    def run(self, program: str) -> ProgramRun:
        """Runs a program to its end, or to that of its limits.

        Args:
            program: Python source; what tests it stands at its end.
        """
        word = secrets.token_hex(16)
        reading, writing = os.pipe()
        with (
            os.fdopen(reading, "rb") as report,
            _memory_file(self._filter) as allowed,
            _memory_file(_sent(self._settings(word, writing), program)) as sent,
        ):
            try:
                started = time.monotonic()
                process = subprocess.Popen(  # noqa: S603 - a fixed command and no shell; the program is on standard input
                    [self._bubblewrap, "--seccomp", str(allowed.fileno()), *self._arguments],
                    stdin=sent,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=(writing, allowed.fileno()),
                    env={},
                    start_new_session=True,
                )
            finally:
                os.close(writing)
            with process:
                output, cut = _watched(process, self._limits)
            said = report.read(_REPORT_BYTES).decode(errors="replace")
        outcome, error = (cut, "") if cut is not None else _ending(said, word, process.returncode)
        return ProgramRun(outcome, error, output.decode(errors="replace"), time.monotonic() - started)

    def _settings(self, word: str, report: int) -> dict[str, Any]:
        limits, is_root = self._limits, os.geteuid() == 0
        return {
            "word": word,
            "report": report,
            "user": secrets.choice(_USERS) if is_root else None,
            "limits": {
                "RLIMIT_AS": limits.memory_bytes,
                "RLIMIT_CPU": math.ceil(limits.seconds + _SPARE_S) + 1,  # should nobody be there to end it
                "RLIMIT_NPROC": limits.processes
                + (0 if is_root else 1),  # the sandbox's first process is its user's too
                "RLIMIT_FSIZE": limits.file_bytes,
                "RLIMIT_NOFILE": _FILES,
                "RLIMIT_CORE": 0,
            },
        }


def _arguments(limits: ProgramLimits, *, is_root: bool) -> Iterator[str]:
    """What bubblewrap is told, the command that it runs last."""
    yield from (f"--unshare-{what}" for what in ("ipc", "pid", "net", "uts", "cgroup-try"))
    yield from ("--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox")
    if not is_root:
        yield from ("--unshare-user", "--disable-userns", "--cap-drop", "ALL")
    else:  # the program's user is set inside, as root's own processes are not counted
        yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
    shown = list(_readable())
    for folder in dict.fromkeys(str(parent) for path in (*shown, _INSIDE, *_DEVICES) for parent in _parents(path)):
        yield from ("--perms", "0755", "--dir", folder)
    for path in shown:
        yield from ("--ro-bind", path, path)
    for link in (Path(path) for path in _LINKS if Path(path).is_symlink()):
        yield from ("--symlink", str(link.readlink()), str(link))
    yield from ("--ro-bind", inside.__file__, _INSIDE)
    for device in _DEVICES:
        yield from ("--dev-bind", device, device)
    yield from ("--perms", "1777", "--size", str(limits.file_bytes), "--tmpfs", "/tmp")  # noqa: S108 - the sandbox's own
    yield from ("--remount-ro", "/")
    yield from ("--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8", "--")  # noqa: S108
    yield from (_python(), "-I", "-S", "-B", _INSIDE)


def _parents(path: str) -> list[PurePath]:
    """Folders that lead to a path, the outermost first, the root left out."""
    return list(PurePath(path).parents)[-2::-1]


def _readable() -> Iterator[str]:
    """The system's libraries and Python."""
    prefix = os.path.realpath(sys.base_prefix)
    folders = ["/usr/lib", "/usr/lib64", "/usr/lib32", "/etc/ld.so.cache"]
    folders += [path for path in _LINKS if not Path(path).is_symlink()]
    folders += [_python(), sysconfig.get_path("stdlib")] if prefix == "/usr" else [prefix]
    yield from (folder for folder in folders if Path(folder).exists())


def _python() -> str:
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _sent(settings: Mapping[str, Any], program: str) -> bytes:
    return json.dumps(settings).encode() + b"\n" + program.encode(errors="surrogatepass")


def _memory_file(content: bytes) -> BinaryIO:
    """A file in memory, which needs nobody who feeds it."""
    file = os.fdopen(os.memfd_create("sandbox"), "w+b")
    file.write(content)
    file.seek(0)
    return file


def _watched(process: subprocess.Popen[bytes], limits: ProgramLimits) -> tuple[bytes, ProgramOutcome | None]:
    """What a process printed, and what it was ended for, if it was."""
    ends, output, pipe = time.monotonic() + limits.seconds + _SPARE_S, bytearray(), process.stdout
    assert pipe is not None
    cut: ProgramOutcome | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while cut is None:
            if not selector.select(max(0.0, ends - time.monotonic())):
                cut = "timeout"
            elif not (piece := os.read(pipe.fileno(), 1 << 16)):
                break
            elif len(output) + len(piece) > limits.output_bytes:
                cut, output = "output", output + piece[: limits.output_bytes - len(output)]
            else:
                output += piece
    cut = _ended(process, cut, ends)
    return bytes(output), cut


def _ended(process: subprocess.Popen[bytes], cut: ProgramOutcome | None, ends: float) -> ProgramOutcome | None:
    """Waits for the end of a process that closed its output, or brings it about: with it ends all that it started."""
    if cut is None:
        try:
            process.wait(max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            cut = "timeout"
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return cut


def _ending(said: str, word: str, status: int) -> tuple[ProgramOutcome, str]:
    """How a program ended by itself, from what was reported before its end."""
    told, _, end = said.partition("\n")[0].partition(" ")
    if secrets.compare_digest(told.encode(), word.encode()):
        if end.startswith(_RAISED):
            return "failed", end.removeprefix(_RAISED)
        if end in _ENDS:
            return _ENDS[end]
    if status == _SIGNALLED + signal.SIGXCPU:
        return "timeout", ""
    return ("exited" if status < _SIGNALLED else "killed"), ""
