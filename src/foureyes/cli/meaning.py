"""What the options of :func:`foureyes.cli.options.add_meaning` say, as a value."""

from __future__ import annotations

import argparse

from foureyes.batch.rows import ReadAs
from foureyes.layouts import FieldMap

__all__ = ["meaning_of"]


def meaning_of(args: argparse.Namespace, final_answer: str | None = None) -> ReadAs:
    """What records mean, as far as it was said.

    Raises:
        InputError: a map that is none, an unknown layout, or a pattern that is none.
    """
    return ReadAs(args.layout, FieldMap.of(args.map), final_answer)
