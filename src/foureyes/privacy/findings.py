"""Findings of a detector of personal data, and the rule by which overlapping ones are merged.

The rule: findings that share a character are one span from the first to the last of their characters, so whatever any
detector found is covered. The span takes the kind of its best finding: the highest score, then the longest, then the
first, then the alphabet. Findings that only touch stay apart. Nothing here looks at a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from foureyes.errors import InputError

__all__ = ["Detector", "Finding", "merge_overlapping"]

_KIND: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of personal data in a text: where, of what kind, how surely.

    Args:
        start: its first character, ≥ 0.
        end: one past its last character, > ``start``.
        kind: what it is, in capitals, digits and underscores: ``"EMAIL_ADDRESS"``. It stands in the token.
        score: how sure the detector is, in [0, 1]. Of use among findings only; it is no probability.

    Raises:
        InputError: a value is outside its range.
    """

    start: int
    end: int
    kind: str
    score: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise InputError(f"a finding must be a non-empty range; got {self.start}..{self.end}")
        if not _KIND.fullmatch(self.kind):
            raise InputError(f"a kind is up to 40 capitals, digits and underscores; got {self.kind[:60]!r}")
        if not 0 <= self.score <= 1:
            raise InputError(f"a score must lie in [0, 1]; got {self.score}")


@runtime_checkable
class Detector(Protocol):
    """Finds personal data. Called from several threads at once."""

    def find(self, text: str) -> list[Finding]:
        """Every piece of personal data in the text, in any order; pieces may overlap.

        The whole text is looked at, however long it is.

        Raises:
            PrivacyError: it could not be looked at to its end.
        """
        ...


def merge_overlapping(findings: Iterable[Finding]) -> list[Finding]:
    """Merges findings that overlap into spans to replace, by the rule in the module docstring.

    Returns:
        Disjoint findings in order of their place.

    Example:
        >>> url, email = Finding(0, 30, "URL", 0.6), Finding(8, 23, "EMAIL_ADDRESS", 1.0)
        >>> merge_overlapping([url, email, Finding(30, 40, "PHONE_NUMBER", 0.4)])
        [Finding(start=0, end=30, kind='EMAIL_ADDRESS', score=1.0), \
Finding(start=30, end=40, kind='PHONE_NUMBER', score=0.4)]
    """
    return [_joined(group) for group in _overlapping(findings)]


def _overlapping(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    group: list[Finding] = []
    end = 0
    for finding in sorted(findings, key=lambda f: f.start):
        if group and finding.start >= end:
            yield group
            group = []
        end = max(end, finding.end) if group else finding.end
        group.append(finding)
    if group:
        yield group


def _joined(group: list[Finding]) -> Finding:
    best = min(group, key=lambda f: (-f.score, f.start - f.end, f.start, f.kind))
    return Finding(min(f.start for f in group), max(f.end for f in group), best.kind, best.score)
