"""Words for numbers and findings of a check, the same on a terminal and on a page.

The rule that holds throughout: a verifier is *surprised*, an answer is never called wrong. Without calibration nothing
here is a probability that the answer is correct, and :data:`CAVEAT` says so wherever a finding is shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from foureyes.display import plural
from foureyes.report.cells import HeatCell, visible_text
from foureyes.report.check_result import (
    PLACE_FACTOR,
    REFERENCE_FACTORS,
    CheckResult,
    SurpriseDegree,
    SurpriseExcess,
    excess_of,
    peak_of,
    standout_in,
)
from foureyes.signals.catalog import Signal, one_pass
from foureyes.types import Reading, Scored

__all__ = [
    "CAVEAT",
    "REFERENCE",
    "SignalLine",
    "degree_words",
    "entropy",
    "excess_words",
    "finding",
    "headline",
    "likelihood",
    "peak_sentence",
    "preferred",
    "quotation",
    "ranks",
    "shown",
    "shown_value",
    "signal_lines",
    "surprise_sentence",
    "surprise_words",
]

CAVEAT: Final = (
    "Surprise is not a verdict: an answer that surprises can be right, and one that does not can be wrong. "
    "Nothing here is a calibrated probability."
)
REFERENCE: Final = (
    "The words compare the surprise with the verifier’s own entropy, the surprise it expected: hardly surprised above "
    f"it, surprised from {REFERENCE_FACTORS[1]:g} times less likely than expected, very surprised from "
    f"{REFERENCE_FACTORS[2]:g}; a single place stands out from {PLACE_FACTOR:g}."
)

_DEGREES: Final = {
    SurpriseDegree.NOT: "not surprised",
    SurpriseDegree.HARDLY: "hardly surprised",
    SurpriseDegree.SURPRISED: "surprised",
    SurpriseDegree.VERY: "very surprised",
}
_LARGE: Final = ((1e9, " billion"), (1e6, " million"))
_QUOTE_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One line of the table of signals.

    Attributes:
        name: of the signal, as everywhere.
        meaning: what it is, and its unit.
        values: one a verifier, as text.
    """

    name: str
    meaning: str
    values: list[str]


def signal_lines(rows: Sequence[Scored]) -> list[SignalLine]:
    """The table of signals: all that the catalogue takes of one reading, and how many tokens the answer had."""
    lines = [
        SignalLine(
            signal.name,
            signal.caption,
            [shown(signal, row) for row in rows],
        )
        for signal in one_pass()
    ]
    return [*lines, SignalLine("n_tokens", "tokens of the answer", [str(row.n_tokens) for row in rows])]


def shown(signal: Signal, row: Scored) -> str:
    """A signal's value as text: an interval where only bounds on the entropy are known."""
    if signal.name == "cme":
        return _interval(row.cme_low, row.cme_high)
    if signal.name == "excess":
        return _excess(excess_of(row))
    return shown_value(signal, row[signal.name])


def shown_value(signal: Signal, value: float | None) -> str:
    """A number as text, by the unit of its signal."""
    if value is None:
        return "could not tell"
    if signal.unit in ("probability", "nats/byte"):
        return f"{value:.3f}"
    return _signed(value) if "nats" in signal.unit else _significant(value)


def headline(outcomes: Sequence[CheckResult]) -> str:
    """The finding over all verifiers in one sentence.

    Example:
        >>> from foureyes.types import Unscored
        >>> headline([CheckResult("tiny", None, Unscored("unavailable"))])
        'No verifier could read this answer.'
    """
    rows = [outcome.row for outcome in outcomes if isinstance(outcome.row, Scored)]
    if not rows:
        return "No verifier could read this answer."
    silent = len(outcomes) - len(rows)
    rest = f"; {plural(silent, 'other')} could not tell." if silent else "."
    return f"{_of_one(rows[0]) if len(rows) == 1 else _of_several(rows)}{rest}"


def degree_words(row: Scored) -> str:
    """How surprised the verifier was by the whole: ``"very surprised"``, ``"at least hardly surprised"``."""
    return excess_words(excess_of(row))


def excess_words(excess: SurpriseExcess) -> str:
    """The same of the excess alone."""
    return f"at least {_DEGREES[excess.degree]}" if excess.open_ended else _DEGREES[excess.degree]


def finding(row: Scored) -> str:
    """How surprised the verifier was, with the place that stands out if the whole did not surprise."""
    return degree_words(row) + _except_for(row)


def surprise_sentence(row: Scored) -> str:
    """Surprise against expectation, in a sentence with both numbers."""
    return surprise_words(row.log_cmp, row.cme_low, row.cme_high)


def surprise_words(log_cmp: float, cme_low: float, cme_high: float) -> str:
    """The same of the numbers alone, where the reading is not at hand.

    Example:
        >>> surprise_words(0.9, 1.1, 1.1)
        '0.90 nats a token where it expected 1.10: on average its tokens were about as likely as it expects of its own words, or likelier.'
    """
    excess = SurpriseExcess(log_cmp - cme_high, log_cmp - cme_low)
    said = f"{log_cmp:.2f} nats a token where it expected {_interval(cme_low, cme_high)}"
    if excess.low < math.log(1.05):
        return f"{said}: on average its tokens were about as likely as it expects of its own words, or likelier."
    at_least = "" if excess.exact else "at least "
    return f"{said}: on average a token was {at_least}{_times(excess.low)} less likely than expected."


def peak_sentence(row: Scored) -> str:
    """Where the verifier was most surprised, and what it would have said there instead."""
    cell = peak_of(row)
    where = f"Most surprised at {quotation(cell.text)} ({likelihood(cell.surprise)}, rank {ranks(row.reading, cell)})"
    instead = preferred(row.reading, cell)
    if instead is None:
        return f"{where}, which still was its first choice."
    return f"{where}; it would rather have said {instead}." if instead else f"{where}."


def preferred(reading: Reading, cell: HeatCell) -> str | None:
    """What the verifier would rather have said, with its likelihood.

    Where several tokens share the cell, the first of them that was not its first choice decides.

    Returns:
        ``None`` if it would have said just this; empty if no alternatives were kept.
    """
    token = next((t for t in cell.tokens if reading.rank[t] > 1), None)
    if token is None:
        return None
    if not reading.alternatives:
        return ""
    best = reading.alternatives[token][0]
    return f"{quotation(best.text)} ({likelihood(-best.logprob)})"


def quotation(text: str) -> str:
    r"""Text as a quotation on one line, without spaces around it, long ones shortened in the middle.

    Example:
        >>> quotation(" Canberra\n")
        '“Canberra↵”'
    """
    line = visible_text(text.strip(" ") or text)
    half = _QUOTE_LENGTH // 2
    return f"“{line if len(line) <= _QUOTE_LENGTH else f'{line[:half]}…{line[-half:]}'}”"


def likelihood(surprise: float) -> str:
    """A probability in words, from its surprise so that none is too small to tell.

    Args:
        surprise: −ln p, nats, ≥ 0.

    Example:
        >>> [likelihood(-math.log(p)) for p in (1, 0.9999, 0.614, 0.0123, 0.0004, 1e-7)]
        ['100%', '>99.9%', '61%', '1.2%', '1 in 2,500', '1 in 10 million']
    """
    percent = 100 * math.exp(-surprise)
    if percent > 99.95:
        return "100%" if surprise < 1e-12 else ">99.9%"
    if percent >= 0.1:
        return f"{percent:.{_decimals(percent)}f}%"
    if surprise > math.log(1e12):
        return f"1 in 10^{surprise / math.log(10):.0f}"
    return f"1 in {_count(math.exp(surprise))}"


def ranks(reading: Reading, cell: HeatCell) -> str:
    """Rank of a cell's token, or of each where several share it: ``"44"``, ``"3, 1"``."""
    return ", ".join(f"{reading.rank[t]:,}" for t in cell.tokens)


def entropy(reading: Reading, cell: HeatCell) -> str:
    """Entropy at a cell's token, or at each where several share it, nats: ``"1.20"``, ``"1.20–1.45"``."""
    return ", ".join(_interval(float(reading.entropy_low[t]), float(reading.entropy_high[t])) for t in cell.tokens)


def _of_one(row: Scored) -> str:
    return f"The verifier was {degree_words(row)} by this answer{_except_for(row)}"


def _of_several(rows: Sequence[Scored]) -> str:
    surprised = sum(excess_of(row).degree >= SurpriseDegree.SURPRISED for row in rows)
    in_part = sum(standout_in(row) is not None for row in rows)
    if surprised:
        return f"{_of(surprised, len(rows), ' verifiers').capitalize()} surprised by this answer"
    if in_part:
        return f"No verifier was surprised by the whole answer, but {_of(in_part, len(rows))} by one place in it"
    return "No verifier was surprised by this answer"


def _except_for(row: Scored) -> str:
    place = standout_in(row)
    return f", except at {quotation(place.text)}" if place else ""


def _of(count: int, total: int, noun: str = "") -> str:
    if count == total:
        return f"{'both' if total == 2 else f'all {total}'}{noun} were"
    return f"{count} of {total}{noun} {'was' if count == 1 else 'were'}"


def _times(excess: float) -> str:
    """Rounded down, so that no number reaches a reference point that the words beside it say was not reached."""
    factor = math.exp(excess)
    shown = f"{math.floor(10 * factor) / 10:.1f}".removesuffix(".0") if factor < 10 else f"{_round(factor):,.0f}"
    return f"{shown} times"


def _interval(low: float, high: float) -> str:
    return f"{low:.2f}" if low == high else f"{low:.2f}–{high:.2f}"


def _excess(excess: SurpriseExcess) -> str:
    return _signed(excess.low) if excess.exact else f"{_signed(excess.low)} to {_signed(excess.high)}"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _count(value: float) -> str:
    for size, name in _LARGE:
        if value >= size:
            return f"{_significant(value / size).removesuffix('.0')}{name}"
    return f"{_round(value):,.0f}"


def _decimals(percent: float) -> int:
    """For two significant figures, and three where 99% is not 100%."""
    return 2 if percent < 0.995 else 1 if percent < 9.95 or percent >= 99 else 0


def _significant(value: float) -> str:
    """Two significant figures, thousands apart."""
    return f"{value:.1f}" if value < 9.95 else f"{_round(value):,.0f}"


def _round(value: float) -> float:
    return round(value, 1 - math.floor(math.log10(value)))
