"""What runs in the sandbox before a program does: it gives up every right, bounds itself, and says how the program ended.

This file is shown to the sandbox alone and started with Python's own library only. The program is sent on standard input
after a line of settings. How it ended is told through a pipe whose number the program never learns from here; what could be
found out anyway is worth nothing without the word that was sent with the settings.
"""

import json
import os
import resource
import sys


def main() -> None:
    """Runs one program."""
    settings = json.loads(sys.stdin.buffer.readline())
    source = sys.stdin.buffer.read()
    report = os.dup(settings["report"])  # which no program that it starts inherits
    os.close(settings["report"])
    _bound(settings)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    os.chdir("/tmp")  # noqa: S108 - the sandbox's own
    first = os.getpid()
    ended = _run(source)
    if os.getpid() != first:  # a child that the program made and let run on
        os._exit(1)
    os.write(report, f"{settings['word']} {ended}\n".encode())
    sys.stdout.flush()
    os._exit(0 if ended == "passed" else 1)


def _bound(settings: dict) -> None:  # type: ignore[type-arg] # of Python 3.11's own library only
    for name, most in settings["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    if (user := settings["user"]) is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def _run(source: bytes) -> str:
    """How it ended: ``passed``, or the class of what it raised."""
    try:
        code = compile(source, "program.py", "exec", dont_inherit=True)
        exec(code, {"__name__": "__main__", "__builtins__": __builtins__})  # noqa: S102 - what the sandbox is for
    except SystemExit as error:
        return "SystemExit" if error.code else "exit"
    except BaseException as error:  # noqa: BLE001 - whatever ends a program, how it ended is told
        name = type(error).__name__
        return name if name.isidentifier() and len(name) < 100 else "Exception"
    return "passed"


if __name__ == "__main__":
    main()
