"""What stays of a prompt that is cut to fit: its two ends, which hold what no message says.

In front stand the start token and what a chat template writes before the first message: headers, tools, a system prompt of
its own. Behind stands what it writes after the last. Both are found by comparing the prompt with others that differ only in
what is said first or last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.types import Message, Prompt

__all__ = ["kept_ends", "without_middle"]

Ints = NDArray[np.int64]

_OTHERS: Final = ("7", "Zebra")
"""No text begins, or ends, like both."""


def kept_ends(ids: Ints, ids_of: Callable[[Prompt], Ints], prompt: Prompt) -> tuple[int, int]:
    """How many tokens of a prompt stand before anything that its messages say, and how many after all of it.

    Args:
        ids: tokens of the prompt.
        ids_of: tokens of another one.
        prompt: what was made into the ids.
    """
    firsts, lasts = ([_saying(prompt, at, words) for words in _OTHERS] for at in (0, -1))
    head = min(_common(ids, ids_of(other)) for other in firsts)
    foot = min(_common(ids[::-1], ids_of(other)[::-1]) for other in lasts)
    return head, min(foot, len(ids) - head)


def without_middle(ids: Ints, head: int, n: int) -> Ints:
    """The ids without ``n`` of them behind the first ``head``."""
    return np.concatenate([ids[:head], ids[head + n :]])


def _saying(prompt: Prompt, at: int, words: str) -> Prompt:
    """The prompt with other words in its first or last message."""
    if isinstance(prompt, str):
        return words
    turns = list(prompt)
    turns[at] = Message(turns[at].role, words)
    return tuple(turns)


def _common(a: Ints, b: Ints) -> int:
    """How many ids two begin with that are the same."""
    n = min(len(a), len(b))
    differ = np.flatnonzero(a[:n] != b[:n])
    return int(differ[0]) if len(differ) else n
