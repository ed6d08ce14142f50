"""Splits a long text into overlapping windows, so that no detector meets a limit of its library.

A window begins ``overlap`` characters before the one before it ends. What is at most ``overlap`` long lies whole in at
least one window, and a finding that the end of a window may have cut short is left to the next one, which sees all of
it. Longer findings are kept in pieces, which overlap and are joined again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from foureyes.privacy.findings import Finding

__all__ = ["TextWindow", "windows"]


@dataclass(frozen=True, slots=True)
class TextWindow:
    """A piece of a text: characters ``start`` to ``end``; the next window begins at ``next_start``.

    The last window has no next one: its ``next_start`` is ``end``, and nothing in it counts as cut short.
    """

    start: int
    end: int
    next_start: int

    def whole(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings that the next window does not see better. Places count from the text's beginning."""
        last = self.next_start == self.end
        return (f for f in findings if last or f.end < self.end or f.start < self.next_start)


def windows(length: int, *, size: int, overlap: int) -> Iterator[TextWindow]:
    """Splits a text of ``length`` characters into windows; ``size`` must exceed ``overlap``.

    Example:
        >>> [(w.start, w.end) for w in windows(250, size=100, overlap=20)]
        [(0, 100), (80, 180), (160, 250)]
    """
    start = 0
    while start + size < length:
        yield TextWindow(start, start + size, start + size - overlap)
        start += size - overlap
    if length:
        yield TextWindow(start, length, length)
