"""The page of ``foureyes check``: the answer as a heat map, once per verifier, with what each would have said instead.

Everything the template shows is worked out here and handed over as text and shares of one; the template decides only
where it stands.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from foureyes.display import plural
from foureyes.report import page, wording
from foureyes.report.cells import HeatCell, Piece, cells_of, pieces, token_pieces, visible_text
from foureyes.report.check_result import CheckResult, SurpriseDegree, excess_of
from foureyes.report.colour_scale import CLIP_NATS, TICKS, strength
from foureyes.types import Exchange, PartSpan, Reading, Scored, Unscored

__all__ = ["check_page"]

_PLACES: Final = 3
"""How many of the most surprising places are listed under each heat map."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of the verifier's likeliest tokens: its text, its probability in words and as a bar, whether it was said."""

    pieces: list[Piece]
    likelihood: str
    share: str
    said: bool


@dataclass(frozen=True, slots=True)
class _Card:
    """What is told about one cell."""

    key: str
    pieces: list[Piece]
    likelihood: str
    surprise: str
    rank: str
    entropy: str
    shared_by: int
    choices: list[_Choice]


@dataclass(frozen=True, slots=True)
class _Spot:
    """A cell in the heat map: spaces before it, its pieces, its place on the colour scale, its card."""

    lead: str
    pieces: list[Piece]
    strength: str
    card: _Card | None


@dataclass(frozen=True, slots=True)
class _Place:
    """One line of the list of most surprising places."""

    text: str
    likelihood: str
    instead: str | None


@dataclass(frozen=True, slots=True)
class _PartLine:
    """One line of the list of parts: what it is, its words, its surprise and its place on the colour scale."""

    path: str
    pieces: list[Piece]
    surprise: str
    strength: str


@dataclass(frozen=True, slots=True)
class _Map:
    """One verifier's section."""

    verifier: str
    finding: str
    loud: bool
    compared: str
    spots: list[_Spot]
    places: list[_Place]
    parts: list[_PartLine]


@dataclass(frozen=True, slots=True)
class _Silence:
    """The section of a verifier that could not tell."""

    verifier: str
    reason: str
    detail: str


def check_page(exchange: Exchange, outcomes: Sequence[CheckResult]) -> str:
    """The page of one check as HTML.

    Args:
        exchange: the prompt and the answer that were read.
        outcomes: one per verifier.

    Returns:
        A whole document, self-contained; the same for the same arguments.
    """
    scored = [(outcome.verifier, outcome.row) for outcome in outcomes if isinstance(outcome.row, Scored)]
    return page.render(
        "check.html",
        headline=wording.headline(outcomes),
        turns=_turns(exchange),
        answer=pieces(exchange.answer),
        maps=[_section(outcome, f"v{i}") for i, outcome in enumerate(outcomes)],
        ticks=[_tick(nats) for nats in TICKS],
        signals=wording.signal_lines([row for _, row in scored]),
        scored=[visible_text(name) for name, _ in scored],
        caveat=wording.CAVEAT,
        reference=wording.REFERENCE,
        clip=f"{CLIP_NATS:g}",
        sources=[_source(outcome) for outcome in outcomes],
    )


def _turns(exchange: Exchange) -> list[tuple[str, list[Piece]]]:
    if isinstance(exchange.prompt, str):
        return [("Prompt", pieces(exchange.prompt))]
    return [(message.role.capitalize(), pieces(message.content)) for message in exchange.prompt]


def _section(outcome: CheckResult, key: str) -> _Map | _Silence:
    if isinstance(outcome.row, Unscored):
        return _Silence(visible_text(outcome.verifier), outcome.row.reason, visible_text(outcome.row.detail))
    reading = outcome.row.reading
    cells = cells_of(reading)
    keys = (f"{key}c{i}" for i in count())
    return _Map(
        verifier=visible_text(outcome.verifier),
        finding=wording.finding(outcome.row),
        loud=excess_of(outcome.row).degree >= SurpriseDegree.SURPRISED,
        compared=wording.surprise_sentence(outcome.row),
        spots=[_spot(reading, cell, key) for cell, key in zip(cells, keys, strict=False)],
        places=_places(reading, cells),
        parts=[_part_line(reading, part) for part in reading.parts],
    )


def _part_line(reading: Reading, part: PartSpan) -> _PartLine:
    """A part as strong as its most surprising token; a long text would hide that in a mean."""
    shared = reading.tokens_of(part)
    nats = reading.surprise_of(part)
    return _PartLine(
        path=visible_text(part.path),
        pieces=pieces(reading.answer[slice(*part.span)]),
        surprise="not read by itself" if nats is None else f"{nats:.2f}",
        strength=f"{strength(float(reading.nll[shared].max())) if shared.any() else 0:.3f}",
    )


def _spot(reading: Reading, cell: HeatCell, key: str) -> _Spot:
    return _Spot(
        lead=cell.lead,
        pieces=pieces(cell.body),
        strength=f"{strength(cell.surprise):.3f}" if cell.selected else "0",
        card=_card(reading, cell, key) if cell.tokens else None,
    )


def _card(reading: Reading, cell: HeatCell, key: str) -> _Card:
    return _Card(
        key=key,
        pieces=token_pieces(cell.text),
        likelihood=wording.likelihood(cell.surprise),
        surprise=f"{cell.surprise:.2f} nats, {cell.surprise / math.log(2):.2f} bits",
        rank=wording.ranks(reading, cell),
        entropy=f"{wording.entropy(reading, cell)} nats",
        shared_by=len(cell.tokens),
        choices=_choices(reading, cell.tokens[0]),
    )


def _choices(reading: Reading, token: int) -> list[_Choice]:
    """The likeliest tokens there; with one token per cell, the one that was said is marked."""
    if not reading.alternatives:
        return []
    return [
        _Choice(
            pieces=token_pieces(alternative.text),
            likelihood=wording.likelihood(-alternative.logprob),
            share=f"{math.exp(alternative.logprob):.4f}",
            said=place == reading.rank[token],
        )
        for place, alternative in enumerate(reading.alternatives[token], start=1)
    ]


def _places(reading: Reading, cells: Sequence[HeatCell]) -> list[_Place]:
    eligible = [cell for cell in cells if cell.selected]
    return [
        _Place(
            text=wording.quotation(cell.text),
            likelihood=wording.likelihood(cell.surprise),
            instead=wording.preferred(reading, cell),
        )
        for cell in heapq.nlargest(_PLACES, eligible, key=lambda cell: cell.surprise)
    ]


def _tick(nats: float) -> tuple[str, str, str]:
    more = "+" if nats == CLIP_NATS else ""
    return f"{strength(nats):.3f}", f"{nats:g}{more}", wording.likelihood(nats)


def _source(outcome: CheckResult) -> tuple[str, str | None, str]:
    fingerprint = outcome.fingerprint and visible_text(outcome.fingerprint)
    return visible_text(outcome.verifier), fingerprint, _how_it_read(outcome.row)


def _how_it_read(row: Scored | Unscored) -> str:
    if isinstance(row, Unscored):
        return "could not tell"
    cut = f", {row.reading.n_dropped:,} cut from its left" if row.reading.n_dropped else ""
    return f"read {plural(row.reading.n_prompt_tokens, 'token')} of prompt{cut}"
