"""Prompts that are kept until their answer comes: never more than agreed, never longer, and never the wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.service.prompt_memory import PromptMemory, RememberedPrompt
from foureyes.types import Message, Reasoning, ToolCall, ToolDefinition, ToolResult


def prompt(text: str) -> RememberedPrompt:
    return RememberedPrompt((Message("user", text),))


def test_a_prompt_is_kept_for_its_time_and_not_longer() -> None:
    memory = PromptMemory(seconds=10)
    memory.remember("a", prompt("x"), at=0)
    assert memory.recall("a", at=9.9) == prompt("x")
    with pytest.raises(InputError, match="too long ago"):
        memory.recall("a", at=10)
    assert len(memory) == 0


def test_the_same_prompt_again_is_kept_for_longer() -> None:
    memory = PromptMemory(seconds=10)
    memory.remember("a", prompt("x"), at=0)
    memory.remember("b", prompt("x"), at=5)
    memory.remember("a", prompt("x"), at=8)
    assert memory.recall("a", at=17) == prompt("x")
    with pytest.raises(InputError):
        memory.recall("b", at=17)


def test_another_prompt_under_a_name_in_use_makes_it_doubtful_for_good() -> None:
    memory = PromptMemory()
    for text in ("x", "y", "x"):
        memory.remember("a", prompt(text), at=0)
    with pytest.raises(InputError, match="two different requests"):
        memory.recall("a", at=1)
    tools = RememberedPrompt(prompt("x").messages, (ToolDefinition("pay"),))
    memory.remember("b", prompt("x"), at=0)
    memory.remember("b", tools, at=0)
    with pytest.raises(InputError, match="two different requests"):
        memory.recall("b", at=1)


def test_the_oldest_makes_room() -> None:
    memory = PromptMemory(most=2)
    for name in "abc":
        memory.remember(name, prompt(name), at=0)
    with pytest.raises(InputError):
        memory.recall("a", at=0)
    assert memory.recall("c", at=0) == prompt("c")


def test_one_that_is_larger_than_everything_is_refused() -> None:
    memory = PromptMemory(most_characters=110)
    memory.remember("a", prompt("x" * 10), at=0)
    with pytest.raises(InputError, match="may have 110 characters to be remembered; got 111"):
        memory.remember("a", prompt("x" * 11), at=0)


def test_every_string_and_every_object_counts() -> None:
    call = Message.of("assistant", ["On it.", ToolCall("pay", '{"amount": 5}', "c" * 50), Reasoning("Why?")])
    parts = 3 * 100 + len("On it.") + len('pay{"amount": 5}') + 50 + len("Why?")
    assert RememberedPrompt((call,)).size == 100 + len(call.content) + parts
    assert RememberedPrompt((), (ToolDefinition("pay", "Pays.", '{"a": 1}'),)).size == 100 + 3 + 5 + 8
    result = Message.of("tool", [ToolResult("", "c" * 1000, "n" * 1000)])
    assert RememberedPrompt((result,)).size > 2000


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 30), st.integers(0, 5)), max_size=60))
def test_the_bounds_hold_whatever_comes(steps: list[tuple[str, int, int]]) -> None:
    memory, at = PromptMemory(most=3, most_characters=240, seconds=7), 0
    for name, size, later in steps:
        at += later
        memory.remember(name, prompt("x" * size), at=at)
        kept = [kept.prompt.size for kept in memory._kept.values()]
        assert len(kept) <= 3
        assert memory._characters == sum(kept) <= 240
        assert all(kept.until > at for kept in memory._kept.values())
