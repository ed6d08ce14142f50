"""How long a worker may take over rows: longer the more there is to read, and never less than half an hour by itself."""

from __future__ import annotations

import pytest

from foureyes.batch.window import WindowLimits
from foureyes.batch.workers.patience import Patience
from foureyes.errors import InputError
from foureyes.types import Exchange, Unscored

HALF_AN_HOUR = 1800


def test_a_slow_processor_has_a_second_for_every_four_characters() -> None:
    limits = WindowLimits()
    piece = [Exchange(chr(0x4E00 + i) * 60, "a" * 60) for i in range(limits.reading // 120)]
    tokens = sum(len(row.prompt) + len(row.answer) for row in piece) / 4
    assert Patience().seconds_for(piece) == HALF_AN_HOUR + tokens
    assert Patience().seconds_for([Exchange("q" * 400_000, "a")]) > 24 * 3600


def test_what_prompts_share_is_read_once_and_what_cannot_be_read_takes_no_time() -> None:
    shared = [Exchange("q" * 4000, "a" * 4), Exchange("q" * 4000, "b" * 4)]
    assert Patience().seconds_for(shared) == HALF_AN_HOUR + 1002
    assert Patience().seconds_for([Unscored("bad_row", "no JSON")]) == HALF_AN_HOUR


def test_every_verifier_and_every_signal_that_asks_again_has_its_own_time() -> None:
    rows = [Exchange("q" * 40, "")]
    assert Patience().seconds_for(rows, ("log_cmp", "cme"), verifiers=2) == HALF_AN_HOUR + 20
    assert Patience().seconds_for(rows, ("log_cmp", "p_true")) == HALF_AN_HOUR + 30


def test_a_number_that_is_given_holds_for_any_rows() -> None:
    assert Patience(60.0).seconds_for([Exchange("q" * 400_000, "a")], ("p_true",), verifiers=3) == 60.0


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_no_number_of_seconds(seconds: float) -> None:
    with pytest.raises(InputError, match="wanted a number of seconds above 0"):
        Patience(seconds)
