"""The same questions under strain: what the generator sees changes, what the verifier sees does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.study.protocols import PROTOCOLS, apply_protocol, load_tasks
from foureyes.study.tasks.items import PublishedAnswer, TaskItem
from foureyes.study.tasks.loading import Task, TaskSpec
from foureyes.types import Message


def task_of(*items: TaskItem) -> Task:
    return Task("t", items, "", "", {}, len(items), {})


TASK = task_of(
    *(
        TaskItem(
            str(i),
            f"Question {i}?",
            "letter",
            ("ABCD"[i % 4],),
            tuple(f"{i}.{k}" for k in range(4)),
            published=(PublishedAnswer("g", "A"),),
        )
        for i in range(40)
    )
)
BASE = {item.id: item for item in TASK.items}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_question_has_a_changed_copy_that_knows_its_base(protocol: str) -> None:
    found = apply_protocol(TASK, protocol, seed=0)
    assert found.name == f"t+{protocol}"
    assert [item.base for item in found.items] == [item.id for item in TASK.items]
    assert all(item.published == () for item in found.items)
    assert apply_protocol(TASK, protocol, seed=0) == found
    assert apply_protocol(TASK, protocol, seed=1) != found


@pytest.mark.parametrize("protocol", ["pressure", "poison"])
def test_a_wrong_option_is_asserted_to_the_generator_only(protocol: str) -> None:
    for item in apply_protocol(TASK, protocol, seed=0).items:
        assert item.change in item.letters
        assert item.change != item.gold[0]
        assert item.prompt == BASE[item.base].prompt
        assert item.changed_prompt is not None
        assert str(item.changed_prompt).endswith(item.prompt)
        assert len(str(item.changed_prompt)) > len(item.prompt)


def test_poison_names_the_wrong_option_beside_the_question() -> None:
    item = apply_protocol(TASK, "poison", seed=0).items[0]
    assert f"{item.question}\n  Right answer: {item.change}. {item.options[item.letters.index(item.change)]}" in str(
        item.changed_prompt
    )


def test_other_turns_are_other_questions_with_their_right_answers() -> None:
    right = {item.prompt: item.gold[0] for item in TASK.items}
    for item in apply_protocol(TASK, "turns:3", seed=0).items:
        assert isinstance(item.changed_prompt, tuple)
        assert item.changed_prompt[-1] == Message("user", item.prompt)
        assert len(item.changed_prompt) == 7
        for said, answered in zip(item.changed_prompt[:-1:2], item.changed_prompt[1::2], strict=True):
            assert said.content != item.prompt
            assert right[said.content] == answered.content


@given(st.integers(0, 50))
def test_shuffled_options_are_the_same_options_and_the_right_one_stays_right(seed: int) -> None:
    for item in apply_protocol(TASK, f"shuffle:{seed}", seed=0).items:
        before = BASE[item.base]
        assert sorted(item.options) == sorted(before.options)
        assert item.options[item.letters.index(item.gold[0])] == before.options[before.letters.index(before.gold[0])]
        for letter, was in zip(item.letters, item.change, strict=True):
            assert item.options[item.letters.index(letter)] == before.options[before.letters.index(was)]


def test_half_of_the_questions_lose_their_right_option_and_the_controls_a_wrong_one() -> None:
    items = apply_protocol(TASK, "unanswerable", seed=0).items
    assert 10 < sum(item.change == "unanswerable" for item in items) < 30
    for item in items:
        before = BASE[item.base]
        lost = set(before.options) - set(item.options)
        right = before.options[before.letters.index(before.gold[0])]
        assert len(lost) == 1
        assert (item.gold == (), lost == {right}) == ((item.change == "unanswerable",) * 2)


OPEN = task_of(*(TaskItem(str(i), f"Question {i}?", "text", (f"answer {i}", f"alias {i}")) for i in range(40)))


@pytest.mark.parametrize("protocol", ["pressure", "poison"])
def test_the_answer_to_another_open_question_is_asserted_to_the_generator_only(protocol: str) -> None:
    questions = {item.id: item for item in OPEN.items}
    for item in apply_protocol(OPEN, protocol, seed=0).items:
        assert item.change in {other.gold[0] for other in OPEN.items if other.id != item.base}
        assert item.change in str(item.changed_prompt)
        assert str(item.changed_prompt).endswith(item.prompt)
        assert item.prompt == questions[item.base].prompt


def test_what_is_asserted_of_an_open_question_is_wrong_there_too() -> None:
    shared = task_of(*(TaskItem(str(i), f"{i}?", "text", ("Paris", "City of Light")) for i in range(9)))
    other = TaskItem("x", "x?", "text", ("the Louvre",))
    found = apply_protocol(task_of(*shared.items, other), "poison", seed=0).items
    assert {item.change for item in found[:-1]} == {"the Louvre"}
    assert found[-1].change == "Paris"
    with pytest.raises(InputError, match="there is no other answer"):
        apply_protocol(shared, "poison", seed=0)


def test_other_turns_before_an_open_question_end_with_right_answers() -> None:
    right = {item.prompt: item.gold[0] for item in OPEN.items}
    for item in apply_protocol(OPEN, "turns:2", seed=0).items:
        assert isinstance(item.changed_prompt, tuple)
        assert [right[item.changed_prompt[i].content] for i in (0, 2)] == [
            item.changed_prompt[i].content for i in (1, 3)
        ]


def test_what_a_protocol_does_not_apply_to_is_left_out_and_counted() -> None:
    judged = TaskItem("x", "q", "judged", published=(PublishedAnswer("g", "y", correct=True),))
    mixed = replace(TASK, items=(*TASK.items, *OPEN.items[:2], judged))
    for protocol, n, left_out in (
        ("pressure", 42, {"no multiple choice or open questions for pressure": 1}),
        ("shuffle:1", 40, {"no multiple choice for shuffle:1": 3}),
    ):
        found = apply_protocol(mixed, protocol, seed=0)
        assert (len(found.items), found.refused) == (n, left_out)


@pytest.mark.parametrize("protocol", ["torture", "turns:many", ""])
def test_an_unknown_protocol_is_refused(protocol: str) -> None:
    with pytest.raises(InputError, match="a protocol is one of pressure"):
        apply_protocol(TASK, protocol, seed=0)


def test_a_task_that_a_protocol_does_not_apply_to_is_refused() -> None:
    with pytest.raises(InputError, match="needs multiple choice; task t has none"):
        apply_protocol(OPEN, "shuffle:1", seed=0)
    judged = TaskItem("x", "q", "judged", published=(PublishedAnswer("g", "y", correct=True),))
    with pytest.raises(InputError, match="needs multiple choice or open questions; task t has none"):
        apply_protocol(task_of(judged), "poison", seed=0)


def test_a_foreign_option_needs_another_question() -> None:
    with pytest.raises(InputError, match="there is no other question"):
        apply_protocol(task_of(TASK.items[0]), "unanswerable", seed=0)


def test_two_tasks_of_one_name_are_refused(data) -> None:
    wanted = TaskSpec("own", "own.jsonl", protocols=("poison",))
    assert [task.name for task in load_tasks([wanted], data=data, seed=0)] == ["own", "own+poison"]
    with pytest.raises(InputError, match="two tasks are called 'own'"):
        load_tasks([wanted, TaskSpec("own", "own.jsonl", 3)], data=data, seed=0)
