"""The colour scale of surprise: one hue, growing evenly for the eye, clipped at a stated maximum.

Colours are mixed along a straight line in OKLab, where equal steps look equally large, towards one orange. On a page
they start from the paper, light or dark, so that lightness too moves in one direction only and the order survives any
colour blindness and a grey print; the mixing is CSS (``color-mix(in oklab, …)``). The numbers here are for terminals.

Source: B. Ottosson, "A perceptual color space for image processing", 2020 (OKLab and its matrices).
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["CLIP_NATS", "TERMINAL_FROM", "TERMINAL_INK", "TICKS", "strength", "terminal_colour"]

CLIP_NATS: Final = 8.0
"""Surprise at which the scale ends, nats: a token the verifier gave one chance in three thousand."""

TICKS: Final = (0.0, 2.0, 4.0, 6.0, 8.0)
"""Where legends are labelled, nats."""

TERMINAL_FROM: Final = 2.0
"""Surprise below which a terminal shows a token in its own colours, nats."""

TERMINAL_INK: Final = (20, 12, 6)
"""Colour of the letters on every :func:`terminal_colour`."""

# A terminal's background may be black or white and does not say which. Both ends keep away from both, so the scale
# grows in saturation and hardly in lightness.
_PALE: Final = (0.76, 0.02, 60.0)
_STRONG: Final = (0.70, 0.185, 48.0)


def strength(surprise: float) -> float:
    """Place on the colour scale, from 0 (expected) to 1 (:data:`CLIP_NATS` or more).

    Args:
        surprise: −ln p, nats, ≥ 0.

    Example:
        >>> strength(0.0), strength(2.0), strength(50.0)
        (0.0, 0.25, 1.0)
    """
    return min(max(surprise / CLIP_NATS, 0.0), 1.0)


def terminal_colour(surprise: float) -> tuple[int, int, int] | None:
    """Background for a token in a terminal as sRGB bytes, or ``None`` for the terminal's own.

    Letters on it are drawn in :data:`TERMINAL_INK`; the contrast is at least 4.5 to 1 everywhere (WCAG 2.2, 1.4.3).

    Args:
        surprise: −ln p, nats, ≥ 0.

    Example:
        >>> terminal_colour(0.2) is None
        True
        >>> terminal_colour(8.0) == terminal_colour(80.0)
        True
    """
    if surprise < TERMINAL_FROM:
        return None
    share = strength(surprise)
    mixed = tuple(a + (b - a) * share for a, b in zip(_lab(*_PALE), _lab(*_STRONG), strict=True))
    return _srgb(*mixed)


def _lab(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    angle = math.radians(hue)
    return lightness, chroma * math.cos(angle), chroma * math.sin(angle)


def _srgb(lightness: float, a: float, b: float) -> tuple[int, int, int]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _byte(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _byte(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _byte(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _byte(linear: float) -> int:
    clipped = min(max(linear, 0.0), 1.0)
    encoded = 12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055
    return round(255 * encoded)
