"""The words keep to what the numbers carry."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.report.cells import cells_of
from foureyes.report.check_result import CheckResult
from foureyes.report.wording import (
    CAVEAT,
    REFERENCE,
    degree_words,
    entropy,
    finding,
    headline,
    likelihood,
    peak_sentence,
    preferred,
    quotation,
    ranks,
    signal_lines,
    surprise_sentence,
)
from foureyes.types import Unscored
from tests.report.readings import outcome, reading, scored

CALM = outcome(reading("a b", [0.5, 0.5]))
SURPRISED = outcome(reading("a b", [2.0, 2.4]))
STARTLED = outcome(reading(" ".join("w" * 31), [0.1] * 30 + [9.0]))
SILENT = CheckResult("silent", None, Unscored("unavailable"))


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [
        ([SILENT], "No verifier could read this answer."),
        ([CALM], "The verifier was not surprised by this answer."),
        ([CALM, SILENT], "The verifier was not surprised by this answer; 1 other could not tell."),
        ([SILENT, CALM, SILENT], "The verifier was not surprised by this answer; 2 others could not tell."),
        ([SURPRISED, SILENT, CALM], "1 of 2 verifiers was surprised by this answer; 1 other could not tell."),
        ([STARTLED], "The verifier was not surprised by this answer, except at “w”."),
        ([SURPRISED], "The verifier was surprised by this answer."),
        ([CALM, CALM], "No verifier was surprised by this answer."),
        ([CALM, STARTLED], "No verifier was surprised by the whole answer, but 1 of 2 was by one place in it."),
        ([STARTLED, STARTLED], "No verifier was surprised by the whole answer, but both were by one place in it."),
        ([SURPRISED, STARTLED], "1 of 2 verifiers was surprised by this answer."),
        ([SURPRISED, SURPRISED], "Both verifiers were surprised by this answer."),
        ([SURPRISED, SURPRISED, CALM], "2 of 3 verifiers were surprised by this answer."),
        ([SURPRISED] * 3, "All 3 verifiers were surprised by this answer."),
    ],
)
def test_headline(outcomes: list[CheckResult], sentence: str) -> None:
    assert headline(outcomes) == sentence


def test_no_finding_passes_judgement() -> None:
    words = " ".join(headline([o]) for o in (CALM, SURPRISED, STARTLED, SILENT)) + REFERENCE
    assert not re.search(r"wrong|correct|false|true|hallucinat|error", words)
    assert "calibrated" in CAVEAT


def test_surprise_is_compared_with_expectation() -> None:
    assert surprise_sentence(scored(reading("a b", [2.0, 2.4], entropy=[0.5, 1.5]))) == (
        "2.20 nats a token where it expected 1.00: on average a token was 3.3 times less likely than expected."
    )
    assert surprise_sentence(scored(reading("a b", [0.5, 0.5]))) == (
        "0.50 nats a token where it expected 1.00: "
        "on average its tokens were about as likely as it expects of its own words, or likelier."
    )


@given(st.floats(math.log(1.06), 20))
def test_words_and_numbers_agree_on_the_reference_points(excess: float) -> None:
    row = scored(reading("a b", [2.0 + excess] * 2, entropy=[2.0, 2.0]))
    times = float(surprise_sentence(row).split(" was ")[1].split(" times")[0].replace(",", ""))
    degree = "hardly surprised" if times < 2 else "surprised" if times < 10 else "very surprised"
    assert degree_words(row) == degree


def test_an_interval_says_so() -> None:
    row = scored(reading("a b", [4.0, 4.0], entropy=[1.0, 1.0], entropy_high=[3.0, 3.0]))
    assert degree_words(row) == "at least surprised"
    assert "where it expected 1.00–3.00" in surprise_sentence(row)
    assert "at least 2.7 times less likely" in surprise_sentence(row)
    shown = {line.name: line.values[0] for line in signal_lines([row])}
    assert shown["cme"] == "1.00–3.00"
    assert shown["excess"] == "1.00 to 3.00"


def test_the_finding_names_the_place_that_stands_out() -> None:
    assert finding(scored(reading("a b", [0.5, 0.5]))) == "not surprised"
    assert (
        finding(scored(reading(" ".join("w" * 30) + " Tokyo", [0.1] * 30 + [9.0])))
        == "not surprised, except at “Tokyo”"
    )


def test_the_peak_and_what_it_would_have_said() -> None:
    choices = [[("It", 0.9)], [(" was", 0.6), (" is", 0.1)]]
    read = reading("It is", [0.1, math.log(10)], rank=[1, 2], alternatives=choices)
    assert peak_sentence(scored(read)) == "Most surprised at “is” (10%, rank 2); it would rather have said “was” (60%)."


def test_a_peak_that_was_its_first_choice() -> None:
    read = reading("It is", [0.1, 2.0], rank=[1, 1], alternatives=[[("It", 0.9)], [(" is", 0.135)]])
    assert peak_sentence(scored(read)) == "Most surprised at “is” (14%, rank 1), which still was its first choice."
    assert preferred(read, cells_of(read)[1]) is None


def test_without_alternatives_nothing_is_said_about_them() -> None:
    read = reading("It is", [0.1, 2.0])
    assert peak_sentence(scored(read)) == "Most surprised at “is” (14%, rank 2)."
    assert preferred(read, cells_of(read)[1]) == ""


def test_a_split_character_lists_every_token() -> None:
    read = reading(
        "😀", [1.0, 2.0], spans=[(0, 4), (0, 4)], rank=[1, 1200], alternatives=[[("\ufffd", 0.4)], [("x", 0.9)]]
    )
    [cell] = cells_of(read)
    assert ranks(read, cell) == "1, 1,200"
    assert entropy(read, cell) == "1.00, 1.00"
    assert preferred(read, cell) == "“x” (90%)"


@given(st.floats(0, 700))
def test_a_likelihood_is_near_the_truth_and_never_zero_nor_certain_when_it_is_not(surprise: float) -> None:
    words = likelihood(surprise)
    p = math.exp(-surprise)
    if words == ">99.9%":
        assert 0.999 < p < 1
    elif words.endswith("%"):
        assert float(words[:-1]) / 100 == pytest.approx(p, rel=0.051)
        assert words != "0.0%"
        assert words != "100%" or surprise < 1e-12
    elif "^" in words:
        assert float(words.removeprefix("1 in 10^")) == pytest.approx(surprise / math.log(10), abs=0.5)
    else:
        number, _, size = words.removeprefix("1 in ").replace(",", "").partition(" ")
        scale = {"": 1, "million": 1e6, "billion": 1e9}[size]
        assert 1 / (float(number) * scale) == pytest.approx(p, rel=0.06)


def test_quotations_are_one_line_and_short() -> None:
    assert quotation("a\n\u202eb") == "“a↵⟨U+202E⟩b”"
    assert quotation("  ") == "“  ”"
    assert quotation("x" * 200 + "end") == f"“{'x' * 20}…{'x' * 17}end”"


def test_the_table_of_signals() -> None:
    row = scored(reading("a b", [0.0, 4.0], entropy=[0.5, 1.5], rank=[1, 4000]))
    assert [(line.name, *line.values) for line in signal_lines([row])] == [
        ("log_cmp", "2.00"),
        ("cme", "1.00"),
        ("excess", "1.00"),
        ("cmp", "7.4"),
        ("nats_per_byte", "1.333"),
        ("nats_per_root_token", "2.83"),
        ("min_logprob", "−4.00"),
        ("mean_rank", "2,000"),
        ("mean_token_prob", "0.509"),
        ("mean_top1_prob", "0.500"),
        ("mean_logit", "18"),
        ("n_tokens", "2"),
    ]


def test_an_answer_without_any_surprise_can_be_shown() -> None:
    row = scored(reading("a b", [0.0, 0.0], entropy=[0.0, 0.0]))
    assert signal_lines([row])
    assert "about as likely" in surprise_sentence(row)
    assert "100%" in peak_sentence(row)
