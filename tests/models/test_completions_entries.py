"""A document is read an entry at a time, and comes to what reading it at once comes to."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.models.completions.entries import decoded

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def as_it_is(_, decode):
    return decode()


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
@given(value=values, inner=values)
def test_what_is_taken_as_it_is_makes_the_whole_document(ascii_only, indent, value, inner):
    document = {"é": value, "list": [value, {"deep": [inner, value, "👍"]}], "tail": inner}
    content = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    for place in (["list", 1, "deep"], ["list"], ["é"], [], ["list", 0, "deep"], ["nowhere", 3]):
        try:
            whole = json.loads(content)
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                decoded(content, place, as_it_is)
        else:
            assert decoded(content, place, as_it_is) == whole


def test_entries_are_replaced_in_their_order_and_need_not_be_decoded():
    taken = []

    def take(i, decode):
        taken.append(i)
        return decode()["p"] if i % 2 else None

    content = b'{"a": {"b": [ {"p": 0} , {"p": 1},{"p": 2}, {"p": "\\u00e9\xc3\xa9"} ] , "c": 5}}'
    assert decoded(content, ["a", "b"], take) == {"a": {"b": [None, 1, None, "éé"], "c": 5}}
    assert taken == [0, 1, 2, 3]


def test_what_is_no_list_there_is_decoded_as_it_is():
    assert decoded(b'{"a": {"b": {"c": 1}}}', ["a", "b"], as_it_is) == {"a": {"b": {"c": 1}}}
    assert decoded(b'{"a": null}', ["a", 0], as_it_is) == {"a": None}


@given(st.data())
def test_a_document_that_is_broken_anywhere_is_none(data):
    content = json.dumps({"choices": [{"p": [None, {"1": {"logprob": -0.5}}], "q": "x"}], "r": 1}).encode()
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ValueError, match=r"."):
        decoded(content[:cut], ["choices", 0, "p"], as_it_is)


@pytest.mark.parametrize(
    "content", [b"", b"{} x", b'{"a" 1}', b'{"a": [1 2]}', b"{1: 2}", b"\xff", b'{"a": [1,]}', b'{"a": 1,}']
)
def test_what_is_no_json_is_refused(content):
    with pytest.raises(ValueError, match=r"."):
        decoded(content, ["a"], as_it_is)


def test_a_reply_is_not_held_as_dicts():
    """Of 1.8 kB of JSON a token; all of it as Python's objects takes several times that."""
    shown = {str(i): {"logprob": -0.123456789 * i, "rank": i, "decoded_token": f"token{i}"} for i in range(1, 22)}
    content = json.dumps({"choices": [{"prompt_logprobs": [None, *[shown] * 500]}]}).encode()
    place = ["choices", 0, "prompt_logprobs"]

    def peak(read):
        tracemalloc.start()
        try:
            read()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    entry = peak(lambda: json.loads(json.dumps(shown)))
    assert peak(lambda: decoded(content, place, lambda *_: None)) < len(content) + 500 * 64 + 2 * entry
    assert peak(lambda: json.loads(content)) > 3 * len(content)
