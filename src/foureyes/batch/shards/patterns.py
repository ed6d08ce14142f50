"""Patterns of paths, part by part. Start at :func:`fits`."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

__all__ = ["fits", "without_ups"]


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


def without_ups(patterns: Sequence[str]) -> list[str]:
    """The parts of a pattern from the root, without ``..``, so that names which fit the one fit the other.

    Below ``**``, which is any depth, one up is any depth below one up.

    Example:
        >>> without_ups(["/", "a", "..", "b", "*", "..", "c"]), without_ups(["/", "a", "b", "**", "..", "c"])
        (['/', 'b', 'c'], ['/', 'a', '**', 'c'])
    """
    kept: list[str] = []
    for part in patterns:
        if part != "..":
            kept.append(part)
            continue
        gone = len(kept) - (2 if kept[-1] == "**" else 1)
        if gone > 0:
            del kept[gone]
    return kept
