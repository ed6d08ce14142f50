"""What a program may use, and how its run ended."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from foureyes.errors import InputError

__all__ = ["ProgramLimits", "ProgramOutcome", "ProgramRun"]

ProgramOutcome: TypeAlias = Literal[
    "passed",  # it ran to its end
    "failed",  # it raised, or called exit with something else than 0
    "exited",  # it ended itself before its end: what should have been run after it was not
    "timeout",  # it took too long
    "memory",  # it wanted more memory than it may have
    "output",  # it printed more than it may
    "killed",  # it crashed, or the system ended it
]


@dataclass(frozen=True, slots=True)
class ProgramLimits:
    """What a program may use.

    Args:
        seconds: of wall-clock time after a second for the start, > 0.
        memory_bytes: of address space for each of its processes, ≥ 64 MiB: Python itself takes some 30.
        processes: processes and threads at once, itself included, ≥ 1.
        output_bytes: printed, standard output and error together, ≥ 0.
        file_bytes: of files in its temporary folder, which is memory, ≥ 4,096.

    Raises:
        InputError: a value is outside its range.
    """

    seconds: float = 10.0
    memory_bytes: int = 512 << 20
    processes: int = 4
    output_bytes: int = 64 << 10
    file_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        laws = {
            f"0 < seconds < ∞, got {self.seconds}": 0 < self.seconds < math.inf,
            f"memory_bytes ≥ {64 << 20}, got {self.memory_bytes}": self.memory_bytes >= 64 << 20,
            f"processes ≥ 1, got {self.processes}": self.processes >= 1,
            f"output_bytes ≥ 0, got {self.output_bytes}": self.output_bytes >= 0,
            f"file_bytes ≥ 4096, got {self.file_bytes}": self.file_bytes >= 4096,
        }
        if broken := [law for law, holds in laws.items() if not holds]:
            raise InputError(f"limits of a program want {'; '.join(broken)}")


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """How a program's run ended.

    Attributes:
        outcome: in a word.
        error: class of the exception that ended it, ``AssertionError`` say; empty where none did.
        output: what it printed, both streams, as far as it was allowed to; bytes that are not UTF-8 are replaced.
        seconds: it took, the start of Python and of the sandbox included.
    """

    outcome: ProgramOutcome
    error: str
    output: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it ran to its end."""
        return self.outcome == "passed"
