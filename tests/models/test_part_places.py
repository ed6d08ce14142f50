"""Where values stand in a text that a template made of a call."""

import json

from foureyes.models.part_places import places_of
from foureyes.types import ToolCall, render_parts


def found(arguments, text=None):
    call = ToolCall("pay", json.dumps(arguments))
    text = text or f"<call>{render_parts([call]).text}</call>"
    places = places_of([call], text)
    assert places is not None
    return [text[slice(*place.span)] for place in places], [place.span for place in places]


def test_items_of_a_list_are_found_one_behind_the_other():
    said, spans = found({"n": [1, 2, 1], "to": [{"n": 1}, {"n": 2}], "deep": [[3, 1], [1]]})
    assert said == ["pay", "1", "2", "1", "1", "2", "3", "1", "1"]
    assert spans == sorted(spans)


def test_the_earliest_form_counts_and_of_two_at_one_place_the_longer():
    assert found({"to": "a<b"}, 'pay {"to": "a\\u003cb"} "a<b"')[0] == ["pay", '"a\\u003cb"']
    assert found({"to": "a"}, 'pay to "a" a')[0] == ["pay", '"a"']
    assert found({"to": " a"}, "pay to a")[0] == ["pay", " a"]


def test_a_list_of_very_many_values_is_looked_through_once():
    said, _ = found({"a<b": [1] * 200_000})
    assert len(said) == 200_001
