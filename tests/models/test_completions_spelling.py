"""Byte ranges of tokens from how vocabularies write them."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.models.spelling import clip, spans_by_spelling, spans_by_text
from tests.servers.simulator import SPECIAL, ToyModel

texts = st.text(min_size=1, max_size=30)
cuts = st.lists(st.integers(0, 200), max_size=12)


def cut(raw, places):
    edges = sorted({0, len(raw), *(p % (len(raw) + 1) for p in places)})
    return [raw[a:b] for a, b in pairwise(edges)]


def byte_level(raw):
    model = ToyModel()
    return "".join(model.piece(len(SPECIAL) + byte) for byte in raw)


def whole_characters(text, start, end):
    raw = text.encode()
    while start > 0 and raw[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(raw) and raw[end] & 0xC0 == 0x80:
        end += 1
    return start, end


@given(text=texts, places=cuts)
def test_byte_level_tokens_cover_the_bytes_they_were_cut_at_rounded_to_characters(text, places):
    parts = cut(text.encode(), places)
    spans = spans_by_spelling([byte_level(part) for part in parts], text)
    place, wanted = 0, []
    for part in parts:
        wanted.append(whole_characters(text, place, place + len(part)))
        place += len(part)
    assert spans == wanted


@given(text=texts, places=cuts)
def test_sentencepiece_tokens_cover_the_characters_they_write(text, places):
    parts = cut(text, places)
    pieces = ["▁" + parts[0].replace(" ", "▁"), *(part.replace(" ", "▁") for part in parts[1:])]
    spans = spans_by_spelling(pieces, text)
    assert spans is not None
    assert b"".join(text.encode()[a:b] for a, b in spans) == text.encode()


def test_sentencepiece_writes_what_it_does_not_know_byte_by_byte():
    assert spans_by_spelling(["▁Hi", "▁", "<0xF0>", "<0x9F>", "<0x91>", "<0x8B>"], "Hi 👋") == [
        (0, 2),
        (2, 3),
        (3, 7),
        (3, 7),
        (3, 7),
        (3, 7),
    ]


def test_a_text_that_holds_the_mark_for_a_space_is_read_all_the_same():
    assert spans_by_spelling(["a", "▁", "b"], "a▁b") == [(0, 1), (1, 4), (4, 5)]


@given(text=texts, form=st.sampled_from(["NFC", "NFKC"]))
def test_a_normalising_tokenizer_covers_the_text_as_it_was_written(text, form):
    normal = unicodedata.normalize(form, text)
    spans = spans_by_spelling([byte_level(character.encode()) for character in normal], text)
    assert spans is not None
    assert min(a for a, _ in spans) == 0
    assert max(b for _, b in spans) == len(text.encode())
    assert all(a <= b for a, b in spans)
    assert spans == sorted(spans)


def test_composing_covers_the_letter_and_its_accent():
    assert spans_by_spelling(["Ã©", "t", "Ã©"], "e\u0301te\u0301") == [(0, 3), (3, 4), (4, 7)]


def test_special_tokens_are_written_as_they_are():
    assert spans_by_spelling(["<|im_end|>", "Ġ", "<｜end｜>"], "<|im_end|> <｜end｜>") == [(0, 10), (10, 11), (11, 22)]


@pytest.mark.parametrize("pieces", [["Syd"], ["Sydney", "!"], ["sydney"], []])
def test_tokens_that_do_not_spell_the_text_have_no_place_in_it(pieces):
    assert spans_by_spelling(pieces, "Sydney") is None


def test_decoded_tokens_are_found_where_they_stand():
    assert spans_by_text(["Hi", " \ufffd", "\ufffd", " there"], "Hi 👋 there") == [(0, 2), (2, 7), (2, 7), (7, 13)]


def test_white_space_that_decoding_swallows_goes_to_the_next_token():
    assert spans_by_text(["Hi", "there"], "Hi there") == [(0, 2), (2, 8)]


@pytest.mark.parametrize("tokens", [["Hi"], ["there"], ["Hi", "you"], []])
def test_decoded_tokens_that_leave_words_out_have_no_place(tokens):
    assert spans_by_text(tokens, "Hi there") is None


@given(text=st.text(min_size=1, max_size=30).filter(lambda t: "\ufffd" not in t), places=cuts)
def test_decoded_tokens_cover_the_whole_text(text, places):
    parts = [part.decode(errors="replace") for part in cut(text.encode(), places)]
    spans = spans_by_text(parts, text)
    if spans is not None:
        covered = {i for a, b in spans for i in range(a, b)}
        rest = bytes(b for i, b in enumerate(text.encode()) if i not in covered)
        assert not rest.decode().strip()
        assert spans == sorted(spans)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["", "", ""], "Paris is it"),
        (["\ufffd"], "Paris"),
        (["Hi", "\ufffd"], "Hi everybody"),
        (["", "", ""], "巴黎是的"),
        (["\ufffd", "\ufffd"], "👋👋"),
    ],
)
def test_parts_of_characters_stand_for_no_words(tokens, text):
    assert spans_by_text(tokens, text) is None


def test_a_prefix_is_taken_off_the_front():
    assert clip([(0, 1), (0, 7), (7, 9)], 1) == [(0, 0), (0, 6), (6, 8)]
