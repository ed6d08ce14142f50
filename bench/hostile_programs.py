"""Programs that do their worst in the sandbox, and how each has to end: its tests run them, and ``python -m bench.sandbox`` shows what came out.

A program that is refused what it wants raises; so none of these has passed that was kept from something.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from foureyes.sandbox import ProgramLimits, ProgramOutcome, ProgramRun, Sandbox

__all__ = ["HOSTILE", "HostileProgram", "run_hostile"]

_PATIENT: Final = ProgramLimits(seconds=120)
_BRIEF: Final = ProgramLimits(seconds=1)


@dataclass(frozen=True, slots=True)
class HostileProgram:
    """A program, and its end.

    Attributes:
        does: what it does, as "a program that …" goes on.
        program: Python.
        outcome: how it ends.
        error: class of the exception that ends it; ``None`` where that depends on the system.
    """

    does: str
    program: str
    outcome: ProgramOutcome
    error: str | None = ""

    def has_ended(self, run: ProgramRun) -> bool:
        """Whether a run of it ended as it has to."""
        return run.outcome == self.outcome and self.error in (None, run.error)


def run_hostile(programs: tuple[HostileProgram, ...]) -> list[ProgramRun]:
    """How each ends, one after another; those that take all the time there is get little."""
    return [_sandbox(_BRIEF if one.outcome == "timeout" else _PATIENT).run(one.program) for one in programs]


@cache
def _sandbox(limits: ProgramLimits) -> Sandbox:
    return Sandbox(limits)


def _called(name: str, arguments: str) -> str:
    """A program that makes a call of the C library, and raises what the system says of it."""
    return (
        "import ctypes, os\nlibrary = ctypes.CDLL(None, use_errno=True)\n"
        f"if library.{name}({arguments}) == -1:\n    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))"
    )


_TO_EVERY_FILE: Final = "import os\nfor number in range(3, 32):\n    try:\n        os.write(number, b'%s')\n    except OSError:\n        pass\n"
_WORD_OF_FRAMES: Final = (
    "import os, sys\nframe = sys._getframe()\nwhile 'settings' not in frame.f_locals:\n    frame = frame.f_back\n"
    "told = frame.f_locals\nos.write(told['report'], f\"{told['settings']['word']} passed\\n\".encode())\nraise ValueError"
)

_TAKES_TOO_MUCH: Final = (
    HostileProgram(
        "takes memory, in pieces", "kept = [bytearray(50_000_000) for _ in range(1000)]", "memory", "MemoryError"
    ),
    HostileProgram("takes memory, at once", "'a' * 10**11", "memory", "MemoryError"),
    HostileProgram(
        "takes memory, in files without a name",
        "import os\nfor i in range(1000):\n    os.write(os.memfd_create(str(i)), b'x' * (15 << 20))",
        "failed",
        "OSError",
    ),
    HostileProgram("takes memory of System V", _called("shmget", "0, 100 << 20, 0o1600"), "failed", "PermissionError"),
    HostileProgram(
        "raises its own limit of memory",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))",
        "failed",
        "ValueError",
    ),
    HostileProgram(
        "fills its folder",
        "for i in range(100):\n    with open(f'/tmp/{i}', 'wb') as file:\n        file.write(b'x' * (4 << 20))",
        "failed",
        "OSError",
    ),
    HostileProgram("forks without end", "import os\nwhile True:\n    os.fork()", "failed", "BlockingIOError"),
    HostileProgram(
        "starts threads without end",
        "import threading, time\nfor _ in range(1000):\n    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "failed",
        "RuntimeError",
    ),
    HostileProgram("calls itself without end", "def call(): call()\ncall()", "failed", "RecursionError"),
    HostileProgram("prints without end", "while True:\n    print('x' * 1000)", "output"),
    HostileProgram("loops", "while True: pass", "timeout"),
    HostileProgram("sleeps", "import time; time.sleep(1000)", "timeout"),
    HostileProgram(
        "closes its output and sleeps", "import os, time; os.close(1); os.close(2); time.sleep(1000)", "timeout"
    ),
    HostileProgram(
        "ignores signals and loops",
        "import signal\nfor s in (1, 2, 15, 24): signal.signal(s, signal.SIG_IGN)\nwhile True: pass",
        "timeout",
    ),
    HostileProgram("matches a pattern that never ends", "import re; re.match('(a+)+b', 'a' * 60)", "timeout"),
    HostileProgram(
        "leaves a child behind", "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)", "passed"
    ),
)

_REACHES_OUT: Final = (
    HostileProgram("reads /etc/shadow", "open('/etc/shadow').read()", "failed", "FileNotFoundError"),
    HostileProgram("lists /proc", "import os; os.listdir('/proc')", "failed", "FileNotFoundError"),
    HostileProgram("reads the environment", "import os; os.environ['PATH']", "failed", "KeyError"),
    HostileProgram("writes a file outside its folder", "open('/outside', 'w')", "failed", "OSError"),
    HostileProgram("makes a device", "open('/dev/made', 'w')", "failed", "OSError"),
    HostileProgram("writes to Python's library", "import json\nopen(json.__file__, 'a')", "failed", None),
    HostileProgram(
        "connects to the network",
        "import socket; socket.create_connection(('192.0.2.1', 53), 5)",
        "failed",
        "PermissionError",
    ),
    *(
        HostileProgram(
            f"opens a socket {family}", f"import socket; socket.socket({number}, {kind})", "failed", "PermissionError"
        )
        for family, number, kind in (
            ("to the host of a virtual machine (AF_VSOCK)", 40, 1),
            ("to the kernel's ciphers (AF_ALG)", 38, 5),
            ("to the kernel's settings (AF_NETLINK)", 16, 3),
            ("of packets (AF_PACKET)", 17, 3),
            ("of the internet (AF_INET6)", 10, 2),
        )
    ),
    HostileProgram("ends every process", "import os; os.kill(-1, 9)", "failed", "ProcessLookupError"),
    HostileProgram("becomes root", "import os; os.setuid(0)", "failed", "PermissionError"),
    HostileProgram(
        "makes a namespace where it would be root", _called("unshare", "0x10000000"), "failed", "PermissionError"
    ),
    HostileProgram("lets itself be traced", _called("ptrace", "0, 0, 0, 0"), "failed", "PermissionError"),
    HostileProgram("crashes", "import ctypes; ctypes.string_at(0)", "killed"),
)

_LOOKS_PASSED: Final = (
    HostileProgram("exits before its tests", "import sys; sys.exit(0)\nassert False", "exited"),
    HostileProgram("exits in its tests", "def check():\n    raise SystemExit\ncheck()\nassert False", "exited"),
    HostileProgram("exits with a status", "raise SystemExit(3)", "failed", "SystemExit"),
    HostileProgram("ends its process before its tests", "import os; os._exit(0)\nassert False", "exited"),
    HostileProgram(
        "ends its process from a thread",
        "import os, threading\nthreading.Thread(target=os._exit, args=(0,)).start()\nthreading.Event().wait()",
        "exited",
    ),
    HostileProgram(
        "wants to end its process at exit",
        "import atexit, os\natexit.register(os._exit, 0)\nassert False",
        "failed",
        "AssertionError",
    ),
    HostileProgram(
        "raises a class that is called “passed”", "class passed(Exception): pass\nraise passed", "failed", "passed"
    ),
    HostileProgram("raises a class that is called “exit”", "class exit(Exception): pass\nraise exit", "failed", "exit"),
    HostileProgram(
        "raises a class that is called “MemoryError”",
        "class MemoryError(Exception): pass\nraise MemoryError",
        "failed",
        "MemoryError",
    ),
    HostileProgram(
        "raises a class whose name has two lines", "raise type('passed\\nx', (Exception,), {})", "failed", "Exception"
    ),
    HostileProgram(
        "raises a class that gives another name",
        "class Named(type):\n    __name__ = property(lambda self: 'passed')\nclass Odd(Exception, metaclass=Named): pass\nraise Odd",
        "failed",
        "Odd",
    ),
    HostileProgram(
        "replaces the functions that tell its end",
        "import builtins, os\nwrite = os.write\nos.write = lambda file, said: write(file, said.split(b' ')[0] + b' passed\\n')\n"
        "builtins.type = lambda _: int\nassert False",
        "failed",
        "AssertionError",
    ),
    HostileProgram(
        "replaces the class of all exceptions",
        "import builtins\nbuiltins.BaseException = builtins.SystemExit = ZeroDivisionError\nassert False",
        "failed",
        "AssertionError",
    ),
    HostileProgram(
        "replaces len", "import builtins\nbuiltins.len = lambda _: 1000\nassert False", "failed", "AssertionError"
    ),
    HostileProgram(
        "writes “passed” to every open file and ends its process",
        _TO_EVERY_FILE % "passed\\n" + "os._exit(0)",
        "exited",
    ),
    HostileProgram(
        "reads again what it was sent, to tell its end itself",
        "import json, os\nword = json.loads(os.pread(0, 10_000, 0).split(b'\\n')[0])['word']\n"
        + (_TO_EVERY_FILE % "X").replace("b'X'", "f'{word} passed\\n'.encode()"),
        "failed",
        "JSONDecodeError",
    ),
    HostileProgram("searches its own process for the word that tells its end, and tells it", _WORD_OF_FRAMES, "passed"),
    HostileProgram("is no Python", "def (", "failed", "SyntaxError"),
    HostileProgram("holds half a character", "x = '\ud800'", "failed", "SyntaxError"),
)

HOSTILE: Final = (*_TAKES_TOO_MUCH, *_REACHES_OUT, *_LOOKS_PASSED)
