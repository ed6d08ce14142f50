"""The system calls that a program may not make: those that reach past its limits, and those that faults of kernels were found in.

A filter for Linux's seccomp, in the classic BPF that it takes. Whatever is not named is allowed: what a program can do with it
is bounded by namespaces and limits. Memory that no limit of a process counts (System V's shared memory) cannot be had, nor a
namespace in which a program would be root, nor a socket but those within a machine (AF_UNIX): some families heed no namespace of
networks (AF_VSOCK reaches a virtual machine's host), others open much of the kernel (AF_ALG, its ciphers).
"""

from __future__ import annotations

import platform
import struct
from typing import Final

from foureyes.errors import ConfigError

__all__ = ["syscall_filter"]

_ARCHITECTURES: Final = {
    "x86_64": (0xC000003E, 0),
    "aarch64": (0xC00000B7, 1),
}  # linux/audit.h; column of the table below
_DENIED: Final = {  # name: number on x86_64, number on aarch64 (asm/unistd.h)
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "ptrace": (101, 117),
    "mount": (165, 40),
    "umount2": (166, 39),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "perf_event_open": (298, 241),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
}
_SOCKETS: Final = ((41, 198), (53, 199))
"""socket and socketpair."""
_CLONE: Final = (56, 220)
_CLONE3: Final = (435, 435)
_FIRST_X32: Final = 0x40000000

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_IF_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_REFUSE: Final = 0x00050000 | 1  # with EPERM
_UNKNOWN: Final = 0x00050000 | 38  # with ENOSYS: the C library then uses clone, whose flags can be looked at
_NEW_USER: Final = 0x10000000
_UNIX: Final = 1  # AF_UNIX


def syscall_filter(machine: str | None = None) -> bytes:
    """The filter, as ``bwrap --seccomp`` reads it.

    Args:
        machine: processor, as :func:`platform.machine` names it; ``None`` for this one.

    Raises:
        ConfigError: its system calls are not known here.
    """
    machine = machine or platform.machine()
    if machine not in _ARCHITECTURES:
        raise ConfigError(f"programs are run on {' and '.join(_ARCHITECTURES)} only; this machine is {machine}")
    architecture, column = _ARCHITECTURES[machine]
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        *_where(_IF_EQUAL, architecture, otherwise=_KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_unless(_IF_AT_LEAST, _FIRST_X32, _KILL),
        *_unless(_IF_EQUAL, _CLONE3[column], _UNKNOWN),
        *(step for numbers in _DENIED.values() for step in _unless(_IF_EQUAL, numbers[column], _REFUSE)),
        *(
            step
            for numbers in _SOCKETS
            for step in _looked_at(numbers[column], _where(_IF_EQUAL, _UNIX, otherwise=_REFUSE))
        ),
        *_looked_at(_CLONE[column], _unless(_IF_ANY_BIT, _NEW_USER, _REFUSE)),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _looked_at(number: int, steps: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Steps that look at the first argument of one call, which they refuse or let pass; other calls go by them."""
    return [(_IF_EQUAL, 0, len(steps) + 2, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), *steps, (_RETURN, 0, 0, _ALLOW)]


def _where(test: int, value: int, *, otherwise: int) -> list[tuple[int, int, int, int]]:
    return [(test, 1, 0, value), (_RETURN, 0, 0, otherwise)]


def _unless(test: int, value: int, answer: int) -> list[tuple[int, int, int, int]]:
    return [(test, 0, 1, value), (_RETURN, 0, 0, answer)]
