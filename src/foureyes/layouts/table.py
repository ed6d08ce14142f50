"""The layouts that are known, most particular first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import Layout
from foureyes.layouts.plain import plain_answers

__all__ = ["LAYOUTS", "PLAIN", "layout_named", "layout_of"]

PLAIN: Final = Layout(
    "plain",
    "prompt and answer",
    "prompt = prompt, messages or input; answer = answer, response, completion, output or the last turn",
    lambda _: True,
    plain_answers,
)

LAYOUTS: Final = (PLAIN,)
"""The first that fits a record is its layout; the last one fits every record."""


def layout_of(row: Mapping[str, Any]) -> Layout:
    """The layout of a record, by its fields."""
    return next(layout for layout in LAYOUTS if layout.fits(row))


def layout_named(name: str) -> Layout:
    """The layout that ``--layout`` names.

    Raises:
        InputError: there is none of that name.
    """
    for layout in LAYOUTS:
        if layout.name == name:
            return layout
    raise InputError(f"a layout is one of {', '.join(layout.name for layout in LAYOUTS)}; got {name!r:.40}")
