"""Rows out as JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from foureyes.batch.json_text import dump, splice
from foureyes.batch.window import RESULT_FIELD, Result, RowWindow

__all__ = ["JsonlSink"]


class JsonlSink:
    """Writes rows as JSON lines.

    Args:
        write: takes all the bytes it is given, or raises.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def write(self, window: RowWindow, results: Sequence[Result]) -> None:
        """Writes a window's rows with their results."""
        rows = zip(window.texts(), results, strict=True)
        self._write("".join(f"{splice(text, RESULT_FIELD, dump(result))}\n" for text, result in rows).encode())

    def close(self) -> None:
        """Nothing is held back."""

    def abandon(self) -> None:
        """Nothing is held back."""
