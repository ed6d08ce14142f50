"""A text in plain typography: one character for one, and every finding in it is one in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.privacy import Finding
from foureyes.privacy.folding import FoldedText

TYPOGRAPHIC = st.text(
    st.sampled_from(" \n\t\r-.ab12\u00a0\u2009\u202f\u2011\u2013\u00b7\u200b\ufeff\u00ad\u0301\uff11\uff21\u0663é²\0")
    | st.characters(exclude_categories=["Cs"])
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("plain, as it is - 1.5", "plain, as it is - 1.5"),
        ("a\u00a0b\u202fc\u2009d\u2007e\tf\u3000g", "a b c d e f g"),
        ("a\u2010b\u2011c\u2012d\u2013e\u2014f\u2212g\ufe58h\uff0di", "a-b-c-d-e-f-g-h-i"),
        ("1\u00b72\u20243\uff0e4\u30025", "1.2.3.4.5"),
        ("\uff11\uff12\u0663\U0001d7d2", "1234"),
        ("\uff21\uff20\uff42\uff1a", "A@b:"),
        ("1\u200b2\u2060\ufeff3\u00ad4\u20e35", "12345"),
        ("e\u0301t\u0327", "et"),
        ("a  b \t c", "a b c"),
        ("a \r\n\r\n  b", "a\nb"),
        ("10\u00b2 and 10²", "10\u00b2 and 10²"),
        ("", ""),
        ("\u200b", ""),
        ("เลขบัตร", "เลขบัตร"),
    ],
)
def test_typography_becomes_plain(text, folded):
    assert FoldedText.of(text).text == folded


@given(TYPOGRAPHIC)
def test_each_character_stands_for_one_of_the_text_in_order(text):
    folded = FoldedText.of(text)
    places = [folded.unfold(Finding(i, i + 1, "X")) for i in range(len(folded.text))]
    assert all(place.end == place.start + 1 for place in places)
    assert [place.start for place in places] == sorted({place.start for place in places})
    for place, char in zip(places, folded.text, strict=True):
        assert FoldedText.of(text[place.start]).text in {char, " ", "\n"}


@given(TYPOGRAPHIC)
def test_folding_again_changes_nothing(text):
    once = FoldedText.of(text).text
    assert FoldedText.of(once).text == once
