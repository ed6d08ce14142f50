"""Finds known values wherever they stand as words of their own, all of them in one walk over a text.

The walk is that of Aho and Corasick (1975) over words: its time grows with the text, however many values are known.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

from foureyes.privacy.findings import Finding

__all__ = ["KnownValues"]

_SHORTEST: Final = 4  # characters: shorter values are everyday words too often
_WORD: Final = re.compile(r"[^\W_]+|[\W_]")


class KnownValues:
    """Values to be found again.

    Args:
        kinds: what each of them is.

    Example:
        >>> list(KnownValues({"Anna": "PERSON"}).find("Annabel, Susanna and Anna!"))
        [Finding(start=21, end=25, kind='PERSON', score=1.0)]
    """

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._ends: list[tuple[int, str] | None] = [None]  # words and kind of the longest value that ends at a node
        self._shorter: list[int] = [0]  # the node of the longest other beginning of a value that ends here
        for value, kind in kinds.items():
            if len(value) >= _SHORTEST:
                self._add(_WORD.findall(value), kind)
        self._link()

    def find(self, text: str) -> Iterator[Finding]:
        """Every place in a text where a known value stands."""
        if len(self._next) == 1:
            return
        words = _WORD.findall(text)
        places = [0, *accumulate(map(len, words))]
        node = 0
        for index, word in enumerate(words, 1):
            while node and word not in self._next[node]:
                node = self._shorter[node]
            node = self._next[node].get(word, 0)
            if found := self._ends[node]:
                yield Finding(places[index - found[0]], places[index], found[1])

    def _add(self, words: list[str], kind: str) -> None:
        node = 0
        for word in words:
            if word not in self._next[node]:
                self._next[node][word] = len(self._next)
                self._next.append({})
                self._ends.append(None)
                self._shorter.append(0)
            node = self._next[node][word]
        self._ends[node] = self._ends[node] or (len(words), kind)

    def _link(self) -> None:
        waiting = deque(self._next[0].values())
        while waiting:
            node = waiting.popleft()
            for word, child in self._next[node].items():
                shorter = self._shorter[node]
                while shorter and word not in self._next[shorter]:
                    shorter = self._shorter[shorter]
                self._shorter[child] = self._next[shorter].get(word, 0)
                self._ends[child] = self._ends[child] or self._ends[self._shorter[child]]
                waiting.append(child)
