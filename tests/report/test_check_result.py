"""How surprised a verifier was, against its own expectation."""

from __future__ import annotations

import math

import pytest

from foureyes.errors import ConfigError, ModelRefused, ModelUnavailable
from foureyes.models.roles import Reader
from foureyes.models.scripted import ScriptedReader
from foureyes.report.check_result import CheckResult, SurpriseDegree, check_with, excess_of, peak_of, standout_in
from foureyes.types import Exchange, Scored, Unscored
from tests.report.readings import reading, scored

ASKED = Exchange("Capital of Australia?", "It is Sydney")


@pytest.mark.parametrize(
    ("factor", "degree"),
    [
        (0.5, SurpriseDegree.NOT),
        (0.999, SurpriseDegree.NOT),
        (1.001, SurpriseDegree.HARDLY),
        (1.999, SurpriseDegree.HARDLY),
        (2.001, SurpriseDegree.SURPRISED),
        (9.999, SurpriseDegree.SURPRISED),
        (10.001, SurpriseDegree.VERY),
        (1e9, SurpriseDegree.VERY),
    ],
)
def test_the_degree_follows_how_many_times_less_likely_than_expected(factor: float, degree: SurpriseDegree) -> None:
    row = scored(reading("a b", [1.5 + math.log(factor)] * 2, entropy=[1.0, 2.0]))
    assert excess_of(row).degree is degree
    assert excess_of(row).exact
    assert not excess_of(row).open_ended


def test_bounds_on_the_entropy_give_bounds_on_the_excess_and_the_lower_one_counts() -> None:
    row = scored(reading("a b", [4.0, 4.0], entropy=[1.0, 1.0], entropy_high=[3.5, 3.5]))
    excess = excess_of(row)
    assert (excess.low, excess.high) == (0.5, 3.0)
    assert excess.degree is SurpriseDegree.HARDLY
    assert excess.open_ended
    assert not excess.exact


def test_the_peak_is_the_first_of_the_most_surprising_selected_cells() -> None:
    read = reading("a b c d", [9.0, 3.0, 3.0, 1.0], selected=[False, True, True, True])
    assert peak_of(scored(read)).text == " b"


def test_the_peak_of_a_split_character_is_the_character() -> None:
    read = reading("a 😀", [3.0, 2.0, 2.0], spans=[(0, 1), (1, 6), (2, 6)])
    assert peak_of(scored(read)).text == " 😀"


def test_one_place_stands_out_only_from_an_answer_that_does_not_surprise() -> None:
    calm = [0.1] * 30
    standing_out = scored(reading(" ".join("w" * 31), [*calm, 1.0 + math.log(101)]))
    place = standout_in(standing_out)
    assert place is not None
    assert place.tokens == (30,)
    assert standout_in(scored(reading(" ".join("w" * 31), [*calm, 1.0 + math.log(99)]))) is None
    assert standout_in(scored(reading("w w", [9.0, 9.0]))) is None


def test_asking_a_verifier() -> None:
    reader = ScriptedReader({"Sydney": 0.25}, name="tiny")
    found = check_with("ref", ASKED, open_reader=lambda _: reader, top_k=2)
    assert (found.verifier, found.fingerprint) == ("tiny", reader.fingerprint)
    assert isinstance(found.row, Scored)
    assert [len(token.alternatives) for token in found.row.tokens] == [2, 2, 2]


@pytest.mark.parametrize(
    "error", [ModelUnavailable("no such server", model="m", retryable=True), ModelRefused("no echo", model="m")]
)
def test_a_verifier_that_fails_as_a_whole_could_not_tell(error: Exception) -> None:
    def closed(ref: str) -> Reader:
        raise error

    assert check_with("ref", ASKED, open_reader=closed, top_k=0) == CheckResult(
        "ref", None, Unscored("unavailable", str(error))
    )


def test_a_verifier_nobody_knows_is_the_callers_mistake() -> None:
    def unknown(ref: str) -> Reader:
        raise ConfigError(ref)

    with pytest.raises(ConfigError, match="nonsense"):
        check_with("nonsense", ASKED, open_reader=unknown, top_k=0)
