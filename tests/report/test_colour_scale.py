"""The colours are readable and keep their order, for everyone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from foureyes.report.colour_scale import CLIP_NATS, TERMINAL_FROM, TERMINAL_INK, TICKS, strength, terminal_colour

STEPS = np.linspace(TERMINAL_FROM, CLIP_NATS, 25)

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of colour vision deficiency", IEEE TVCG
# 2009, table 1, severity 1.0, for linear sRGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    share = np.array(colour) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def luminance(colour: tuple[int, int, int]) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab: NDArray[np.float64] = to_lab @ np.cbrt(to_cones @ np.clip(rgb, 0, 1))
    return lab


def colour(surprise: float) -> tuple[int, int, int]:
    found = terminal_colour(surprise)
    assert found is not None
    return found


@given(st.floats(TERMINAL_FROM, 1e6))
def test_letters_can_be_read_on_every_colour(surprise: float) -> None:
    assert (luminance(colour(surprise)) + 0.05) / (luminance(TERMINAL_INK) + 0.05) >= 4.5


def test_equal_steps_of_surprise_look_equally_large() -> None:
    steps = [
        np.linalg.norm(oklab(linear(colour(b))) - oklab(linear(colour(a)))) for a, b in itertools.pairwise(STEPS[::6])
    ]
    assert max(steps) / min(steps) < 1.1


@pytest.mark.parametrize("sight", SIGHT)
def test_more_surprise_is_further_from_the_pale_end_in_every_eye(sight: str) -> None:
    seen = [oklab(np.array(SIGHT[sight]) @ linear(colour(surprise))) for surprise in STEPS[::4]]
    distances = [float(np.linalg.norm(lab - seen[0])) for lab in seen]
    assert all(b - a > 0.008 for a, b in itertools.pairwise(distances))


def test_ends() -> None:
    assert terminal_colour(np.nextafter(TERMINAL_FROM, 0)) is None
    assert colour(CLIP_NATS) == colour(1e9)
    assert strength(CLIP_NATS) == 1.0
    assert TICKS[0] == 0.0
    assert TICKS[-1] == CLIP_NATS


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_strength_is_a_share_and_grows_with_surprise(a: float, b: float) -> None:
    assert 0 <= strength(a) <= 1
    assert a > b or strength(a) <= strength(b)
