"""A heat map as data, for a page that draws it itself: what each stretch of the answer says and what its card tells.

The words and the cutting are those of the check page; nothing here is markup.
"""

from __future__ import annotations

import math
from typing import Any, TypedDict

from foureyes.report import wording
from foureyes.report.cells import HeatCell, cells_of, pieces
from foureyes.report.colour_scale import CLIP_NATS, TICKS, strength
from foureyes.types import Reading

__all__ = ["HeatSpot", "as_pairs", "heat_of", "heat_scale"]


class HeatSpot(TypedDict, total=False):
    """One cell of a heat map. A stretch that no token covers has ``lead``, ``pieces`` and ``n`` alone.

    Attributes:
        lead: spaces before it, drawn without colour.
        pieces: [kind, text] each, as :class:`~foureyes.report.cells.Piece`.
        n: its length in characters, the spaces included; lengths add up to the answer.
        nats: its surprise.
        strength: its place on the colour scale, from 0 to 1; 0 where the signals leave it out.
        likelihood, surprise, rank, entropy: for its card, in words.
        shared_by: how many tokens share it.
    """

    lead: str
    pieces: list[list[str]]
    n: int
    nats: float
    strength: float
    likelihood: str
    surprise: str
    rank: str
    entropy: str
    shared_by: int


def heat_of(reading: Reading) -> list[HeatSpot]:
    """The answer of a reading in cells, in order.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> from foureyes.types import Exchange
        >>> reading = ScriptedReader().read([Exchange("Capital of Australia?", "It is Sydney.")])[0]
        >>> [(spot["lead"], spot["pieces"], spot["rank"]) for spot in heat_of(reading)][1]
        (' ', [['text', 'is']], '2')
    """
    return [_spot(reading, cell) for cell in cells_of(reading)]


def heat_scale() -> list[dict[str, Any]]:
    """The ticks of the colour scale: ``strength``, ``nats`` and ``likelihood``, in words.

    Example:
        >>> heat_scale()[-1]["nats"]
        '8+'
    """
    return [
        {
            "strength": strength(nats),
            "nats": f"{nats:g}{'+' if nats == CLIP_NATS else ''}",
            "likelihood": wording.likelihood(nats),
        }
        for nats in TICKS
    ]


def as_pairs(text: str) -> list[list[str]]:
    r"""Text in pieces that can be shown, [kind, text] each: see :class:`~foureyes.report.cells.Piece`.

    Example:
        >>> as_pairs("a\tb")
        [['text', 'a'], ['tab', '\t'], ['text', 'b']]
    """
    return [[piece.kind, piece.text] for piece in pieces(text)]


def _spot(reading: Reading, cell: HeatCell) -> HeatSpot:
    spot: HeatSpot = {
        "lead": cell.lead,
        "pieces": as_pairs(cell.body),
        "n": len(cell.text),
    }
    return {**spot, **_card(reading, cell)} if cell.tokens else spot


def _card(reading: Reading, cell: HeatCell) -> HeatSpot:
    return {
        "nats": cell.surprise,
        "strength": round(strength(cell.surprise), 3) if cell.selected else 0.0,
        "likelihood": wording.likelihood(cell.surprise),
        "surprise": f"{cell.surprise:.2f} nats, {cell.surprise / math.log(2):.2f} bits",
        "rank": wording.ranks(reading, cell),
        "entropy": f"{wording.entropy(reading, cell)} nats",
        "shared_by": len(cell.tokens),
    }
