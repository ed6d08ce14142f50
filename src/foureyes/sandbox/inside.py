"""What runs in the sandbox before a program does: it gives up every right, bounds itself, and says how the program ended.

This file is shown to the sandbox alone and started with Python's own library only. The program is sent on standard input
after a line of settings; both are gone from there before it starts. How it ended is told through a pipe, after a word that was sent with the
settings: ``passed``, ``exit``, ``memory``, or ``raised:`` and the class. What says so is taken hold of before the program runs, so that one
which replaces parts of Python changes nothing of it. It all stands in the program's own process: one that searches that for the word finds it.
"""

import json
import os
import resource
import sys


def main() -> None:
    """Runs one program."""
    with open(0, "rb", closefd=False) as sent:
        settings = json.loads(sent.readline())
        source = sent.read()
    report = os.dup(settings["report"])  # which no program that it starts inherits
    os.close(settings["report"])
    _empty_input()
    _bound(settings)
    os.chdir("/tmp")  # noqa: S108 - the sandbox's own
    own_id, end, write, flush = os.getpid, os._exit, os.write, sys.stdout.flush
    first = own_id()
    ended = _run(source)
    if own_id() != first:  # a child that the program made and let run on
        end(1)
    write(report, f"{settings['word']} {ended}\n".encode())
    try:
        sys.stdout.flush()  # which may be another one by now, or none
        flush()
    finally:
        end(0 if ended == "passed" else 1)


def _empty_input() -> None:
    """Puts nothing in place of standard input, which could be rewound and read again."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _bound(settings: dict) -> None:  # type: ignore[type-arg] # of Python 3.11's own library only
    for name, most in settings["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    if (user := settings["user"]) is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def _run(source: bytes) -> str:
    """How it ended: ``passed``, ``exit`` where it ended itself, ``memory``, or ``raised:`` and the class of what it raised."""
    kind, name_of, text, size = type, type.__dict__["__name__"].__get__, str.__str__, len
    leaves, no_memory, anything = SystemExit, MemoryError, BaseException
    try:
        code = compile(source, "program.py", "exec", dont_inherit=True)
        exec(code, {"__name__": "__main__", "__builtins__": __builtins__})  # noqa: S102 - what the sandbox is for
    except leaves as error:
        return "raised:SystemExit" if error.code else "exit"
    except no_memory:
        return "memory"
    except anything as error:  # whatever ends a program, how it ended is told
        name = text(name_of(kind(error)))  # as the class was made, not as it says
        return f"raised:{name if name.isidentifier() and size(name) < 100 else 'Exception'}"
    return "passed"


if __name__ == "__main__":
    main()
