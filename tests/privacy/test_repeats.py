"""Known values found again as words of their own, by one walk over the text."""

from hypothesis import given
from hypothesis import strategies as st

from foureyes.privacy import Finding, merge_overlapping
from foureyes.privacy.repeats import KnownValues

WORDS = st.text(st.sampled_from("ab1. _é"), max_size=12)


def one_by_one(values, text):
    """The same by looking for each value at each place."""
    for value in values:
        for start in range(len(text)):
            end = start + len(value)
            if len(value) >= 4 and text[start:end] == value and not (inside(text, start) or inside(text, end)):
                yield Finding(start, end, "X")


def inside(text, place):
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


@given(st.lists(WORDS, max_size=5), st.lists(WORDS, max_size=12).map("".join))
def test_the_walk_finds_what_looking_everywhere_finds(values, text):
    found = merge_overlapping(KnownValues(dict.fromkeys(values, "X")).find(text))
    assert found == merge_overlapping(one_by_one(values, text))


def test_values_that_overlap_are_all_found():
    known = KnownValues({"one two": "A", "two three": "B", "three": "C"})
    assert [(f.start, f.end) for f in known.find("one two three")] == [(0, 7), (4, 13)]


def test_many_long_values_that_nearly_match_take_one_walk():
    known = KnownValues({"a." * n + "b": "X" for n in range(200, 700)})
    assert list(known.find("a." * 100_000)) == []
