"""Tokens: the same for the same value, unlike anything a text can hold by accident, hardy on their way."""

import html
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from foureyes.privacy.tokens import LOOKALIKE, canonical, mint, replace_tokens, token_shapes, tokens_in

KEY = bytes(range(32))
KINDS = st.from_regex(r"[A-Z][A-Z0-9_]{0,39}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(KINDS, st.integers(1, 10**6), TEXT)
def test_every_token_is_one_and_nothing_else(kind, number, value):
    token = mint(KEY, kind, number, value)
    assert [(f.start, f.end, f.kind) for f in token_shapes(token)] == [(0, len(token), LOOKALIKE)]
    assert tokens_in(token) == {canonical(token)} == {token}


@given(TEXT, TEXT)
def test_a_tag_depends_on_the_value_and_on_the_key(one, other):
    tags = {mint(key, "PERSON", 1, value) for key in (KEY, KEY[::-1]) for value in {one, other}}
    assert len(tags) == 2 * len({one, other})


@given(KINDS, st.integers(1, 10**6), TEXT)
def test_a_token_comes_unescaped_through_json_and_html(kind, number, value):
    token = mint(KEY, kind, number, value)
    assert token in json.dumps({"text": f"a {token} b"})
    assert html.escape(token) == token
    assert token.isascii()


@given(KINDS, st.integers(1, 99), TEXT, st.randoms(use_true_random=False))
def test_case_does_not_count(kind, number, value, random):
    token = mint(KEY, kind, number, value)
    written = "".join(random.choice((c.lower(), c)) for c in token)
    assert tokens_in(f"…{written}…") == {token}
    assert replace_tokens(f"…{written}…", {token: value}.get) == f"…{value}…"


def test_letters_that_only_fold_to_ascii_are_no_token():
    token = mint(KEY, "KIND", 1, "v")
    assert tokens_in(token.replace("K", "\u212a")) == set()  # the Kelvin sign lowers to k
    assert tokens_in(token.replace("_1_", "_\u0661_")) == set()  # an Arabic one is a digit


def test_what_is_not_known_stays_and_what_is_put_in_is_not_looked_at_again():
    first, second = mint(KEY, "PERSON", 1, "a"), mint(KEY, "PERSON", 2, "b")
    values = {first: f"see {second}", second: "B"}
    assert replace_tokens(f"{first} [PERSON_9_AAAAAAAA] {second}", values.get) == f"see {second} [PERSON_9_AAAAAAAA] B"


@given(st.lists(st.sampled_from(["[", "]", "[EMAIL_1_", "_1_ABCDEFGH]", "[A_1_ABCDEFGH]", "x"]), max_size=12))
def test_tokens_put_into_a_text_form_no_others(parts):
    token = mint(KEY, "PERSON", 1, "v")
    left = [re.sub(r"\[[A-Z_]+_\d+_[A-Z2-7]{8}\]", "", part) for part in parts]
    assert tokens_in(token.join(left)) <= {token}
