"""A long text in overlapping windows: nothing up to the overlap is ever cut, whatever its place."""

from hypothesis import given
from hypothesis import strategies as st

from foureyes.privacy import Finding, merge_overlapping
from foureyes.privacy.windows import windows

SIZE, OVERLAP = 40, 12


def seen(length, spans):
    """What a detector reports that sees in each window what of the spans lies in it."""
    for window in windows(length, size=SIZE, overlap=OVERLAP):
        inside = [(max(start, window.start), min(end, window.end)) for start, end in spans]
        yield from window.whole(Finding(start, end, "X") for start, end in inside if start < end)


@given(st.integers(0, 400))
def test_windows_cover_the_text_to_its_last_character(length):
    cut = list(windows(length, size=SIZE, overlap=OVERLAP))
    assert {place for w in cut for place in range(w.start, w.end)} == set(range(length))
    assert all(w.end - w.start <= SIZE for w in cut)
    assert [w.next_start for w in cut[:-1]] == [w.start for w in cut[1:]]


@given(st.integers(1, 400), st.data())
def test_what_is_at_most_as_long_as_the_overlap_is_found_whole(length, data):
    start = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(start + 1, min(length, start + OVERLAP)))
    assert Finding(start, end, "X") in set(seen(length, [(start, end)]))
    assert merge_overlapping(seen(length, [(start, end)])) == [Finding(start, end, "X")]


@given(st.integers(1, 400), st.data())
def test_what_is_longer_is_covered_all_the_same(length, data):
    start = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(start + 1, length))
    assert merge_overlapping(seen(length, [(start, end)])) == [Finding(start, end, "X")]


def test_a_piece_cut_by_the_end_of_a_window_is_left_to_the_next_one():
    first, *_ = windows(100, size=SIZE, overlap=OVERLAP)
    cut_short, whole = Finding(35, 40, "X"), Finding(30, 36, "X")
    assert list(first.whole([cut_short, whole])) == [whole]
