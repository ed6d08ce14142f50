"""Whether what was aimed at came out: ahead of both of semantic-router's rules, and nearly the large writer at less than half its cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from studies.route.curves import Lead, at_cost, pooled
from studies.route.rules import LOGPROB, VERIFY
from studies.route.setting import Setting

__all__ = ["BUDGET", "SHARE", "Measured", "aims", "points"]

SHARE = 0.95
BUDGET = 0.40
_HAIR = 0.0005
"""As a lower end, within what a bootstrap of a few hundred draws is off by."""


class Measured(Protocol):
    """Settings of one kind, and the rule of ours among them."""

    @property
    def title(self) -> str:
        """Of the data."""
        ...

    @property
    def settings(self) -> tuple[Setting, ...]:
        """In order."""
        ...

    @property
    def of(self) -> str:
        """The rule of ours."""
        ...


def aims(parts: Sequence[Measured]) -> list[str]:
    """A sentence for each aim and each kind of data that can tell."""
    said = []
    for rival in (LOGPROB, VERIFY):
        able = [(part, _with(part, rival)) for part in parts if _with(part, rival)]
        said += [_ahead(part, settings, rival) for part, settings in able] or [
            f"Aim: ahead of {rival} at equal cost. Not measured: no data here hold it."
        ]
    return [*said, *(_cheap(part) for part in parts)]


def _with(part: Measured, rival: str) -> list[Setting]:
    """Settings in which the rule of ours and the rival order questions by different things."""
    return [
        one
        for one in part.settings
        if rival in one.rules
        and not np.array_equal(np.argsort(one.rules[rival].score), np.argsort(one.rules[part.of].score))
    ]


def _ahead(part: Measured, settings: list[Setting], rival: str) -> str:
    lead = pooled(settings, part.of, rival)
    n = int((~settings[0].fit).sum())
    verdict = (
        "not met" if lead.low <= 0 else "met" if lead.low >= _HAIR else "met by a hair, which other halves may not show"
    )
    return (
        f"Aim: ahead of {rival} at equal cost, with the interval above 0. {part.title}, {part.of}: {points(lead)} over "
        f"{n:,} answers that judge: {verdict}."
    )


def _cheap(part: Measured) -> str:
    """The mean share over the settings, drawn together only where they are one; otherwise how many reach it."""
    tried = [at_cost(one, part.of, BUDGET) for one in part.settings]
    there = sum(one.value >= SHARE for one in tried)
    clearly = sum(one.low >= SHARE for one in tried)
    mean = float(np.mean([one.value for one in tried]))
    verdict = "met" if clearly == len(tried) else "met in the mean, not for sure" if mean >= SHARE else "not met"
    return (
        f"Aim: {SHARE:.0%} of the large writer's accuracy at {BUDGET:.0%} of its cost. {part.title}, {part.of}: {mean:.1%} on average "
        f"over the settings; {there} of {len(tried)} reach it, {clearly} with the whole interval: {verdict}."
    )


def points(lead: Lead) -> str:
    """In points of accuracy."""
    return f"{100 * lead.value:+.2f} points [{100 * lead.low:+.2f}, {100 * lead.high:+.2f}]"
