"""How many labels are wrong, by what people found in a few of them: an estimate with an interval.

A ranked list says where to look, not how many errors there are: flags may be wrong, and errors that no expert sees are not in it.
So the rows fall into three groups, flagged, below the cut, and contradicted by nobody, and each is judged by a random
choice of its own rows. The interval holds with its probability for any number of checked rows; a group of which none was checked
may be anything.

Start at :func:`estimate_errors`; :func:`audit_order` says which rows to check.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cleaning.issues import Issues
from foureyes.display import Result, plural
from foureyes.errors import InputError
from foureyes.maths.bounds import rate_lower, rate_upper
from foureyes.maths.columns import flags, fraction, same_length

__all__ = ["ErrorEstimate", "Stratum", "audit_order", "audited", "estimate_errors"]

GROUPS: Final = ("flagged", "below the cut", "contradicted by nobody")


@dataclass(frozen=True, slots=True)
class Stratum:
    """One group of rows.

    Attributes:
        name: of the group.
        n_rows: rows in it.
        checked: of them, chosen at random and looked at.
        wrong: of those, labels found wrong.
    """

    name: str
    n_rows: int
    checked: int
    wrong: int


@dataclass(frozen=True, slots=True, repr=False)
class ErrorEstimate(Result):
    """How many labels are wrong.

    Attributes:
        likely: the shares found wrong, each of its group's rows; ``None`` where a group was not looked at.
        low, high: between these with probability ``level`` at least.
        level: of the interval.
        strata: the groups.
    """

    likely: int | None
    low: int
    high: int
    level: float
    strata: tuple[Stratum, ...]

    @property
    def sentence(self) -> str:
        """The estimate in words."""
        checked, wrong = (sum(getattr(s, name) for s in self.strata) for name in ("checked", "wrong"))
        span = f"between {self.low:,} and {self.high:,}, with probability {self.level:g}"
        if not checked:
            return "no row was checked at random, so that any number may be wrong"
        if self.likely is None:
            unseen = " and ".join(s.name for s in self.strata if s.n_rows and not s.checked)
            return f"{wrong} of {plural(checked, 'row')} checked at random are wrong; in all {span}; no row was checked of those {unseen}"
        return f"about {plural(self.likely, 'label')} of {sum(s.n_rows for s in self.strata):,} {'is' if self.likely == 1 else 'are'} wrong: {span}"


def estimate_errors(issues: Issues, rows: ArrayLike, wrong: ArrayLike, *, level: float = 0.95) -> ErrorEstimate:
    """How many labels are wrong in all, by rows that were checked.

    Args:
        issues: what was found.
        rows: (V,) checked rows, each once; within each group of :data:`GROUPS` a random choice.
        wrong: (V,) whether their label turned out wrong.
        level: of the interval, in (0, 1).

    Raises:
        InputError: lengths differ, a row is out of range or named twice.

    Example:
        >>> from foureyes.cleaning import find_label_issues
        >>> labels, probs = np.arange(100) % 2, np.eye(2)[np.arange(100) % 2] * 0.9 + 0.05
        >>> labels[:4] = 1 - labels[:4]
        >>> estimate_errors(find_label_issues(labels, probs), np.arange(100), np.arange(100) < 4).sentence
        'about 4 labels of 100 are wrong: between 4 and 4, with probability 0.95'
    """
    checked, is_wrong = np.asarray(rows), flags("wrong", wrong)
    if checked.ndim != 1 or (checked.size and checked.dtype.kind not in "iu"):
        raise InputError(f"rows must be one integer for each checked row; got {checked.dtype} of shape {checked.shape}")
    same_length(rows=checked, wrong=is_wrong)
    if checked.size and not (checked.min() >= 0 and checked.max() < issues.n_rows):
        raise InputError(f"rows must lie in 0..{issues.n_rows - 1}; got {checked.min()}..{checked.max()}")
    if len(np.unique(checked)) != len(checked):
        raise InputError("rows must name every checked row once; some are named twice")
    group = _groups(issues)
    sizes = np.bincount(group[group >= 0], minlength=len(GROUPS))
    if checked.size and (group[checked] < 0).any():
        raise InputError("rows must have a label; some checked rows have none")
    seen = np.bincount(group[checked], minlength=len(GROUPS)) if checked.size else np.zeros(len(GROUPS), int)
    bad = np.bincount(group[checked], weights=is_wrong, minlength=len(GROUPS)) if checked.size else seen
    strata = [Stratum(name, int(n), int(k), int(w)) for name, n, k, w in zip(GROUPS, sizes, seen, bad, strict=True)]
    return _estimate(strata, level)


def audit_order(issues: Issues, *, seed: int = 0) -> tuple[NDArray[np.intp], ...]:
    """The rows of each group of :data:`GROUPS` in a random order, the same for the same data: check any of them from the front.

    Rows without a label are in none of them.
    """
    group, rng = _groups(issues), np.random.default_rng(seed)
    return tuple(rng.permutation(np.flatnonzero(group == g)) for g in range(len(GROUPS)))


def audited(order: Sequence[NDArray[np.intp]], wrong: Mapping[int, bool], *, level: float = 0.95) -> ErrorEstimate:
    """The estimate from verdicts that came in any order: of each group those count that stand before the first without one.

    Args:
        order: from :func:`audit_order`.
        wrong: row to whether its label is wrong.
        level: of the interval.
    """
    strata = []
    for name, rows in zip(GROUPS, order, strict=True):
        n = next((i for i, row in enumerate(rows) if int(row) not in wrong), len(rows))
        strata.append(Stratum(name, len(rows), n, sum(wrong[row] for row in rows[:n].tolist())))
    return _estimate(strata, level)


def _groups(issues: Issues) -> NDArray[np.int8]:
    """(N,) which group each row is in; -1 for rows without a label."""
    group = np.full(issues.n_rows, 2, np.int8)
    if issues.below is not None:
        group[issues.below.row] = 1
    group[issues.row] = 0
    group[issues.unlabelled] = -1
    return group


def _estimate(strata: Sequence[Stratum], level: float) -> ErrorEstimate:
    """Exact bounds of each group's rate, at a share of what may go wrong each, added up."""
    tail = (1 - fraction("level", level)) / 2 / max(1, sum(s.checked < s.n_rows for s in strata))
    low = sum(_least(s, tail) for s in strata)
    high = sum(_most(s, tail) for s in strata)
    whole = all(s.checked or not s.n_rows for s in strata)
    likely = round(sum(s.n_rows * s.wrong / s.checked for s in strata if s.checked)) if whole else None
    return ErrorEstimate(likely, low, high, level, tuple(strata))


def _least(stratum: Stratum, tail: float) -> int:
    if stratum.checked == stratum.n_rows or not stratum.checked:
        return stratum.wrong
    return max(stratum.wrong, math.ceil(stratum.n_rows * rate_lower(stratum.wrong, stratum.checked, tail) - 1e-9))


def _most(stratum: Stratum, tail: float) -> int:
    if stratum.checked == stratum.n_rows:
        return stratum.wrong
    by_rate = (
        math.floor(stratum.n_rows * rate_upper(stratum.wrong, stratum.checked, tail) + 1e-9)
        if stratum.checked
        else stratum.n_rows
    )
    return min(by_rate, stratum.wrong + stratum.n_rows - stratum.checked)
