import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.signals.similarity import ngram_similarity, similarities, word_similarity
from tests.signals.drawn import drawn


@pytest.mark.parametrize("measure", [ngram_similarity, word_similarity])
@given(one=st.text(max_size=30), other=st.text(max_size=30))
def test_similarities_are_symmetric_within_0_and_1_and_1_for_equals(measure, one, other):
    value = measure(one, other)
    assert 0 <= value <= 1
    assert measure(other, one) == pytest.approx(value)
    assert measure(one, one) == pytest.approx(1)


@pytest.mark.parametrize(
    ("one", "other", "grams", "words"),
    [
        ("Canberra", "Canberra!", 1.0, 1.0),
        ("São Paulo", "sao paulo", 1.0, 1.0),
        ("abc", "xyz", 0.0, 0.0),
        ("...", "?!", 0.0, 0.0),
        ("a", "a", 1.0, 1.0),
        ("a", "b", 0.0, 0.0),
        ("", "word", 0.0, 0.0),
    ],
)
def test_by_hand(one, other, grams, words):
    assert ngram_similarity(one, other) == pytest.approx(grams)
    assert word_similarity(one, other) == pytest.approx(words)


def test_closer_wordings_are_more_alike():
    close, far = (ngram_similarity("The capital is Canberra.", text) for text in ("It is Canberra", "Sydney, I think"))
    assert close > far > 0 or far == 0


def same(one, other):
    return float(one == other)


def test_the_gap_by_hand():
    own, others = drawn("a", "a", "b"), drawn("a", "c")
    (row,) = similarities([own], [others], similarity=same)
    assert row.intra == pytest.approx(1 / 3)
    assert row.inter == pytest.approx(2 / 6)
    assert row.similarity_gap == pytest.approx(0)
    assert row.similarity_total == pytest.approx(2 / 3)


def test_a_confident_error_shows_in_the_gap_only():
    (row,) = similarities([drawn("Sydney", "Sydney", "Sydney")], [drawn("Canberra", "Canberra")])
    assert row.intra == pytest.approx(1)
    assert row.similarity_gap > 0.8
    (fine,) = similarities([drawn("Canberra", "Canberra")], [drawn("Canberra", "It is Canberra")])
    assert fine.similarity_gap < 0.2


@pytest.mark.parametrize(
    ("own", "others", "reason"),
    [
        (("a",), ("a", "b"), "empty_answer"),
        (("a", "b"), (None, None), "unavailable"),
        (("a", "b", None, None), ("a",), "unavailable"),
        (("a", "b"), ("", " "), "empty_answer"),
    ],
)
def test_too_few_samples_are_no_number(own, others, reason):
    (row,) = similarities([drawn(*own)], [drawn(*others)])
    assert row.reason == reason


def test_one_bad_row_leaves_the_others_alone():
    rows = similarities([drawn("a", "a"), drawn()], [drawn("a"), drawn("a")], similarity=same)
    assert rows[0].similarity_gap == 0
    assert rows[1].reason == "empty_answer"


def test_what_is_no_comparison():
    with pytest.raises(InputError, match="same prompts; got 1 and 2 rows"):
        similarities([drawn("a", "a")], [drawn("a"), drawn("b")])
    for wrong in (1.5, -0.2, float("nan")):
        with pytest.raises(InputError, match=r"similarity must lie in \[0, 1\]; got"):
            similarities([drawn("a", "a")], [drawn("a")], similarity=lambda *_, w=wrong: w)
