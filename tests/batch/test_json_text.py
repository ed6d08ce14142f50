"""JSON objects as text: fields go in and out, and the text of the others stays."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from foureyes.batch.json_text import splice, without

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=6)
STYLES = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": None, "ensure_ascii": False}])


@given(OBJECTS.filter(lambda row: "foureyes" not in row), STYLES)
def test_a_result_is_added_after_the_row_as_it_stands(row: dict[str, Any], style: dict[str, Any]) -> None:
    text = json.dumps(row, **style)
    with_result = splice(text, "foureyes", '{"v": {}}')
    assert with_result.startswith(text[:-1])
    assert list(json.loads(with_result).items()) == [*row.items(), ("foureyes", {"v": {}})]


@given(OBJECTS, OBJECTS, JSON, STYLES)
def test_a_field_is_dropped_and_the_others_keep_their_text(
    before: dict[str, Any], after: dict[str, Any], value: Any, style: dict[str, Any]
) -> None:
    both = {**before, **after}
    both.pop("foureyes", None)
    text = json.dumps({**before, "foureyes": value, **after}, **style)
    assert json.loads(without(text, "foureyes")) == both


def test_every_foureyes_field_goes_and_nothing_else() -> None:
    text = '{ "a" : 1.50 , "foureyes" : {"x": [1, "}"]}, "a":2e5,"foureyes":null }'
    assert without(text, "foureyes") == '{"a" : 1.50, "a":2e5}'
    assert without('{"foureyes": 1}', "foureyes") == "{}"
