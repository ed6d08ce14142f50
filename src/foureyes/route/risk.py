"""Which answers are risky, so that a council is asked about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from foureyes.errors import InputError
from foureyes.route.outcome import Candidate
from foureyes.types import Exchange, text_of

__all__ = ["TOOL_CALLS", "RiskRule", "is_risky"]


@dataclass(frozen=True, slots=True)
class RiskRule:
    """Fits an answer where everything it states does.

    Args:
        tool: a tool that is called, by name, ``*`` and ``?`` allowed.
        prompt: a regular expression found in the conversation.
        answer: a regular expression found in the answer.
        confidence_below: P(correct) below this, or none.

    Raises:
        InputError: nothing is stated, an expression is none, or a number lies outside (0, 1].

    Example:
        >>> rule = RiskRule(tool="wire_*")
    """

    tool: str | None = None
    prompt: str | None = None
    answer: str | None = None
    confidence_below: float | None = None

    def __post_init__(self) -> None:
        if (self.tool, self.prompt, self.answer, self.confidence_below) == (None,) * 4:
            raise InputError("a rule of risk wants tool, prompt, answer or confidence_below; got none")
        for name, pattern in (("prompt", self.prompt), ("answer", self.answer)):
            try:
                re.compile(pattern or "")
            except re.error as error:
                raise InputError(f"{name} must be a regular expression: {error}; got {pattern!r}") from error
        if self.confidence_below is not None and not 0 < self.confidence_below <= 1:
            raise InputError(f"confidence_below must lie in (0, 1]; got {self.confidence_below}")

    def fits(self, exchange: Exchange, candidate: Candidate) -> bool:
        """Whether an answer is risky by this rule."""
        below, confidence = self.confidence_below, candidate.confidence
        return (
            (self.tool is None or any(fnmatchcase(call.name, self.tool) for call in candidate.turn.calls))
            and (self.prompt is None or re.search(self.prompt, text_of(exchange.prompt)) is not None)
            and (self.answer is None or re.search(self.answer, exchange.answer) is not None)
            and (below is None or not isinstance(confidence, float) or confidence < below)
        )


TOOL_CALLS: Final = RiskRule(tool="*")
"""Whatever calls a tool."""


def is_risky(exchange: Exchange, candidate: Candidate, risks: Iterable[RiskRule]) -> bool:
    """Whether one of the rules fits."""
    return any(rule.fits(exchange, candidate) for rule in risks)
