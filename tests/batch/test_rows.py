"""Which columns of a table rows are made from."""

from __future__ import annotations

from typing import Any

import pytest

from foureyes.batch.rows import Fields
from foureyes.errors import InputError


@pytest.mark.parametrize(
    ("names", "lists", "fields", "wanted"),
    [
        (["id", "prompt", "answer"], [], Fields(), ("prompt", "answer")),
        (["messages"], ["messages"], Fields(), ("messages",)),
        (["input", "target", "answer_span"], ["answer_span"], Fields(), ("input", "target", "answer_span")),
        (["q", "a", "prompt"], [], Fields("q", "a"), ("q", "a")),
        (["chat"], ["chat"], Fields("chat", "chat"), ("chat",)),
    ],
)
def test_picks_the_columns_of_a_table(names: list[str], lists: list[str], fields: Fields, wanted: Any) -> None:
    assert fields.read_from(names, lists) == wanted


@pytest.mark.parametrize(
    ("names", "fields", "why"),
    [
        (["text"], Fields(), "no column 'prompt', 'messages' or 'input'; the columns are 'text'"),
        (["prompt"], Fields(), "no column 'answer', 'response', 'completion' or 'output'"),
        (["prompt", "answer"], Fields(answer="reply"), "no column 'reply'"),
        (["prompt", "answer"], Fields(prompt="question"), "no column 'question'"),
    ],
)
def test_refuses_a_table_without_the_columns(names: list[str], fields: Fields, why: str) -> None:
    with pytest.raises(InputError, match=why):
        fields.read_from(names, [])
