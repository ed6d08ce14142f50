"""Runs Python programs that nobody has read, cut off from the machine: no network, no files, bounded time, memory and output.

Whether a program that a model wrote passes its tests is known by running both, and such a program may do anything. So each
runs in a sandbox of the operating system's own making (bubblewrap, Linux); where there is none, nothing is run. Start at
:class:`~foureyes.sandbox.bubblewrap.Sandbox`.
"""

from foureyes.sandbox.bubblewrap import Sandbox
from foureyes.sandbox.outcome import ProgramLimits, ProgramOutcome, ProgramRun

__all__ = ["ProgramLimits", "ProgramOutcome", "ProgramRun", "Sandbox"]
