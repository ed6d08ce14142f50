"""Words that samples lack."""

import pytest

from foureyes.errors import InputError
from foureyes.signals.overlap import share_unsupported, unsupported_words
from foureyes.types import Exchange, Unscored, Written


def drawn(*texts):
    return [Written(Exchange("q", text), None, "stop") for text in texts]


def test_the_share_is_a_mean_over_samples():
    rows = unsupported_words(
        [Exchange("q", "It was 1815, in Vienna.")], [drawn("In Vienna it was 1815.", "1814: Paris")]
    )
    assert rows == [pytest.approx((0 + 1) / 2)]


def test_a_short_piece_of_a_long_text_is_supported_whatever_else_the_text_says():
    assert share_unsupported("Born in 1815.", ["He was born, as we know, in 1815, and died in 1898."]) == 0


def test_case_accents_and_punctuation_do_not_matter_but_digits_do():
    assert share_unsupported("SÃO PAULO, 12", ["sao paulo 12!"]) == 0
    assert share_unsupported("São Paulo, 13", ["sao paulo 12!"]) == pytest.approx(1 / 3)


def test_nothing_to_look_for_or_in():
    assert share_unsupported("…", ["a"]) is None
    assert share_unsupported("a", []) is None
    rows = unsupported_words([Exchange("q", "?!"), Exchange("q", "a")], [drawn("a"), drawn(" ")])
    assert [row.reason for row in rows if isinstance(row, Unscored)] == ["empty_answer", "empty_answer"]
    with pytest.raises(InputError, match="1 exchanges need a row of samples each; got 0"):
        unsupported_words([Exchange("q", "a")], [])
