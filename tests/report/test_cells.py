"""The cells of a reading are its answer, and nothing steers the terminal or the browser."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.report.cells import cells_of, pieces, token_pieces, visible_text
from foureyes.types import Reading
from tests.report.readings import reading

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@st.composite
def odd_readings(draw: st.DrawFn) -> Reading:
    """Any text with any byte spans: inside characters, overlapping, empty, out of order, with gaps."""
    answer = draw(TEXTS)
    edge = st.integers(0, len(answer.encode()))
    spans = draw(st.lists(st.tuples(edge, edge).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=8))
    nll = draw(st.lists(st.floats(0, 50), min_size=len(spans), max_size=len(spans)))
    return reading(answer, nll, spans=spans)


@given(odd_readings())
def test_cells_put_together_are_the_answer_and_hold_every_token_once(read: Reading) -> None:
    cells = cells_of(read)
    assert "".join(cell.text for cell in cells) == read.answer
    assert "".join(cell.lead + cell.body for cell in cells) == read.answer
    assert sorted(token for cell in cells for token in cell.tokens) == list(range(len(read.nll)))
    assert sum(cell.surprise for cell in cells) == pytest.approx(read.nll.sum())


def test_tokens_that_share_a_character_are_one_cell_with_their_joint_surprise() -> None:
    cells = cells_of(reading("a 😀!", [1.0, 2.0, 4.0, 8.0], spans=[(0, 1), (1, 6), (2, 6), (6, 7)]))
    assert [(cell.text, cell.tokens, cell.surprise) for cell in cells] == [
        ("a", (0,), 1.0),
        (" 😀", (1, 2), 6.0),
        ("!", (3,), 8.0),
    ]


def test_characters_no_token_covers_are_cells_without_tokens() -> None:
    cells = cells_of(reading(" ab c ", [1.0, 2.0], spans=[(1, 3), (4, 5)]))
    assert [(cell.text, cell.tokens, cell.selected) for cell in cells] == [
        (" ", (), False),
        ("ab", (0,), True),
        (" ", (), False),
        ("c", (1,), True),
        (" ", (), False),
    ]


def test_a_token_without_characters_joins_the_next_and_the_last_one_joins_the_one_before() -> None:
    cells = cells_of(reading("ab", [1.0, 2.0, 4.0, 8.0], spans=[(0, 0), (0, 1), (1, 2), (2, 2)]))
    assert [(cell.text, cell.tokens) for cell in cells] == [("a", (0, 1)), ("b", (2, 3))]


@pytest.mark.parametrize(("text", "lead", "body"), [(" is", " ", "is"), ("  is ", "  ", "is "), ("   ", "", "   ")])
def test_spaces_before_a_word_are_its_lead_and_spaces_alone_are_a_body(text: str, lead: str, body: str) -> None:
    [cell] = cells_of(reading(text, [1.0], spans=[(0, len(text))]))
    assert (cell.lead, cell.body) == (lead, body)


@given(TEXTS)
def test_no_character_that_acts_comes_through(text: str) -> None:
    for piece in pieces(text):
        if piece.kind == "newline":
            assert piece.text == "\n"
        elif piece.kind == "tab":
            assert piece.text == "\t"
        else:
            assert not [
                c for c in piece.text if c not in "\u200c\u200d" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")
            ]
    assert not [c for c in visible_text(text) if unicodedata.category(c) in ("Cc", "Zl", "Zp")]


@given(TEXTS)
def test_what_can_be_shown_is_shown_as_it_is(text: str) -> None:
    harmless = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp"))
    assert (
        "".join(piece.text for piece in pieces(text) if piece.kind == "text")
        .replace("\u200c", "")
        .replace("\u200d", "")
        == harmless
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x00\x1b\x7f", "␀␛␡"),
        ("a\r\nb\tc", "a␍↵b⇥c"),
        ("\x85\u2028", "⟨U+0085⟩⟨U+2028⟩"),
        ("\u202eevil\u202c", "⟨U+202E⟩evil⟨U+202C⟩"),
        ("\u200b\ufeff\u00ad", "⟨U+200B⟩⟨U+FEFF⟩⟨U+00AD⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("\u200d", "⟨U+200D⟩"),
    ],
)
def test_stand_ins(text: str, shown: str) -> None:
    assert visible_text(text) == shown


def test_a_space_before_a_lone_token_is_seen() -> None:
    assert [(p.text, p.kind) for p in token_pieces("  a b")] == [(" ", "space"), (" ", "space"), ("a b", "text")]
    assert [p.kind for p in token_pieces(" ")] == ["space"]
