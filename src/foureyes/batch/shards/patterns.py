"""Whether a path fits a pattern, part by part. Start at :func:`fits`."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

__all__ = ["fits"]


def fits(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether the parts of a path fit those of a pattern; ``**`` stands for any number of parts.

    Example:
        >>> fits(["a", "b", "c.jsonl"], ["a", "**", "*.jsonl"]), fits(["a"], ["a", "b"])
        (True, False)
    """
    if not patterns:
        return not names
    first, rest = patterns[0], patterns[1:]
    if first == "**":
        return any(fits(names[i:], rest) for i in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], first) and fits(names[1:], rest)
