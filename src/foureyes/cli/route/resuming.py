"""Lets a suspended promise hold again, on a person's word."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os

from foureyes.cli.output import CommandOutput, seen
from foureyes.route.resuming import resume_route

__all__ = ["resume"]


def resume(args: argparse.Namespace, output: CommandOutput) -> None:
    """Resumes the promise of a route that no process serves.

    Raises:
        FoureyesError: it is not suspended, is served, or cannot be recorded.
    """
    by = args.by or _user()
    why = asyncio.run(resume_route(args.route, os.environ, by=by, note=args.note))
    output.give(
        lambda: {"suspended_for": why, "by": by, "suspended": False},
        lambda: print(f"The promise holds again. It had been suspended: {seen(why)}"),
    )


def _user() -> str:
    """Whoever runs this; a number where the system has no name for it, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"user {os.getuid()}"
