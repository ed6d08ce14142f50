import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.signals.samples import self_consistency, usable
from foureyes.types import Exchange, Unscored
from tests.signals.drawn import drawn


@pytest.mark.parametrize(
    ("answer", "said", "match", "expected"),
    [
        ("B", ("B", "(B)", "The answer is B.", "C"), "letter", 0.25),
        ("42", ("42", "6 × 7 = 42", "$42.00", "41"), "number", 0.25),
        ("Canberra", ("It is Canberra.", "canberra", "Sydney", "Perth"), "text", 0.5),
        ("B", ("A", "A"), "letter", 1.0),
        ("B", ("B",), "letter", 0.0),
        ("B", ("B", "no idea", "A", "B"), "letter", pytest.approx(1 / 3)),  # no letter: left out
        ("B", ("B", None, "", "A", "B"), "letter", pytest.approx(1 / 3)),  # failed or empty: left out
    ],
)
def test_it_is_the_share_that_says_something_else(answer, said, match, expected):
    assert self_consistency([Exchange("q", answer)], [drawn(*said)], match=match) == [expected]


@given(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=20), st.sampled_from("ABCD"))
def test_it_lies_between_0_and_1_and_the_order_of_samples_is_nothing(said, answer):
    there, back = (
        self_consistency([Exchange("q", answer)], [drawn(*row)], match="letter")[0] for row in (said, said[::-1])
    )
    assert there == back == (len(said) - said.count(answer)) / len(said)


@pytest.mark.parametrize(
    ("answer", "said", "reason"),
    [
        ("", ("B", "B"), "empty_answer"),
        ("no letter here", ("B", "B"), "unparseable"),
        ("B", ("no idea", "dunno", "B"), "unparseable"),
        ("B", ("no idea", "B"), "unparseable"),  # half is not more than half
        ("B", (None, None, "B"), "unavailable"),
        ("B", ("", " ", "B"), "empty_answer"),
        ("B", (), "empty_answer"),
    ],
)
def test_too_little_evidence_is_no_number(answer, said, reason):
    (row,) = self_consistency([Exchange("q", answer)], [drawn(*said)], match="letter")
    assert isinstance(row, Unscored)
    assert row.reason == reason
    assert row.detail


def test_one_bad_row_leaves_the_others_alone():
    rows = self_consistency(
        [Exchange("q", "A"), Exchange("q", ""), Exchange("q", "A")],
        [drawn("A"), drawn("A"), drawn("B")],
        match="letter",
    )
    assert [rows[0], rows[2]] == [0.0, 1.0]
    assert isinstance(rows[1], Unscored)


def test_every_exchange_needs_its_samples():
    with pytest.raises(InputError, match="2 exchanges need a row of samples each; got 1"):
        self_consistency([Exchange("q", "A")] * 2, [drawn("A")])


def test_usable_samples_are_kept_in_order_and_the_first_failure_is_named():
    kept = usable(drawn("a", "", "b", "c"))
    assert [sample.exchange.answer for sample in kept] == ["a", "b", "c"]
    lost = usable(drawn("a", None, None))
    assert lost.reason == "unavailable"
    assert lost.detail == (
        "1 of 3 samples have words; wanted more than half, and at least 2; the first that failed: unavailable: gone"
    )
    assert usable(drawn("a")).reason == "empty_answer"
