"""Data sets as their own tools lay them out: what becomes prompt, answer and verdict, and what is refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from foureyes.layouts import AnswerReader, FieldMap, LoggedAnswer
from foureyes.layouts.table import LAYOUTS
from foureyes.records import Record
from foureyes.types import Exchange, Message, Reading, Reasoning, Role, ToolCall, ToolDefinition, ToolResult, Unscored

ROLES: tuple[Role, ...] = ("user", "assistant", "system")


def answers(row: dict[str, Any]) -> list[LoggedAnswer]:
    return AnswerReader().answers(Record("line 7", row))


def only(row: dict[str, Any]) -> Exchange:
    [found] = answers(row)
    assert isinstance(found.exchange, Exchange), found.exchange
    return found.exchange


def why(row: dict[str, Any]) -> str:
    [found] = answers(row)
    assert isinstance(found.exchange, Unscored)
    assert found.exchange.detail.startswith("line 7: ")
    return f"{found.exchange.reason}: {found.exchange.detail}"


U, A, S = (partial(Message, role) for role in ROLES)


@pytest.mark.parametrize(
    ("row", "prompt"),
    [
        ({"instruction": "Sum up.", "input": "Text.", "output": "a"}, "Sum up.\nText."),
        ({"instruction": "Sum up.", "input": "", "output": "a"}, "Sum up."),
        ({"instruction": "Sum up.", "context": "Text.", "response": "a", "category": "qa"}, "Sum up.\nText."),
        (
            {"instruction": "And?", "output": "a", "system": "Brief.", "history": [["Hi", "Hello"]]},
            (S("Brief."), U("Hi"), A("Hello"), U("And?")),
        ),
        ({"question": "q", "context": "c", "answer": "a"}, "c\nq"),
        ({"question": "q", "contexts": ["c", "d"], "response": "a"}, "c\nd\nq"),
        ({"question": "q", "system_prompt": "s", "response": "a", "id": "x"}, (S("s"), U("q"))),
        ({"user_input": "q", "retrieved_contexts": ["c", "d"], "response": "a", "reference": "r"}, "c\nd\nq"),
        ({"prompt": "q", "completion": " a"}, "q"),
        (
            {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]},
            (U("q"),),
        ),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}, (U("q"),)),
        (
            {
                "conversation": [
                    {"role": "user", "content": "q", "language": "English", "country": "Norway", "toxic": False},
                    {"role": "assistant", "content": "a", "language": "English", "turn_identifier": 7},
                ]
            },
            (U("q"),),
        ),
        ({"prompt": "q\nA. x\nB. y", "choices": ["x", "y"], "question": "q", "answer": "a"}, "q\nA. x\nB. y"),
        (
            {"conversations": [{"from": "user", "value": "q"}, {"from": "chatgpt", "value": "a"}], "system": "s"},
            (S("s"), U("q")),
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "Hello", "weight": 0},
                    {"role": "user", "content": "q"},
                    {"role": "assistant", "content": "a", "weight": 1},
                ],
                "prompt": "Hi",
            },
            (U("Hi"), A("Hello"), U("q")),
        ),
    ],
)
def test_joins_what_belongs_to_the_prompt(row: dict[str, Any], prompt: Any) -> None:
    exchange = only(row)
    assert (exchange.prompt, exchange.answer) == (prompt, "a")


@pytest.mark.parametrize(
    ("row", "prompt"),
    [
        ({"knowledge": "k", "question": "q", "right_answer": "a"}, "k\nq"),
        ({"instruction": "i", "input": "x", "right_answer": "a"}, "i\nx"),
        ({"prompt": "q", "system": "s", "right_answer": "a"}, (S("s"), U("q"))),
        (
            {
                "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}],
                "system": "s",
                "right_answer": "a",
            },
            (S("s"), U("q")),
        ),
    ],
)
def test_a_map_of_the_answer_leaves_the_prompt_to_the_layout(row: dict[str, Any], prompt: Any) -> None:
    [found] = AnswerReader(fields=FieldMap(answer="right_answer")).answers(Record("line 1", row))
    assert isinstance(found.exchange, Exchange), found.exchange
    assert (found.exchange.prompt, found.exchange.answer) == (prompt, "a")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "q", "right_answer": "a"}, "wanted a field 'answer', 'response', 'completion' or 'output'"),
        ({"instruction": "i", "input": "x", "context": "c", "output": "a"}, "both 'input' and 'context'"),
        ({"instruction": "i", "output": "a", "documents": ["d"]}, "'documents' belongs to a prompt"),
        ({"instruction": "i", "output": "a", "images": ["a.png"]}, "'images' belongs to a prompt"),
        ({"instruction": "i", "output": "a", "response": "b"}, "both 'response' and 'output'"),
        ({"instruction": "i", "output": "a", "history": ["Hi"]}, "'history' must be a list of pairs of texts"),
        ({"question": "q", "context": {"title": ["t"]}, "answer": "a"}, "'context' must be text; got dict"),
        ({"question": "q", "context": "c", "knowledge": "k", "answer": "a"}, "--map prompt=knowledge+context"),
        ({"question": "q", "choices": ["x", "y"], "answer": "a"}, "'choices' belongs to a prompt"),
        ({"prompt": "q", "answer": "a", "chat_history": [["p", "r"]]}, "'chat_history' belongs to a prompt"),
        ({"question": "q", "answer": "gold", "prediction": "a"}, "both 'answer' and 'prediction' are there"),
        ({"instruction": "q", "output": "gold", "model_output": "a"}, "both 'output' and 'model_output' are there"),
        ({"prompt": "q", "answer": "gold", "generated_text": "a"}, "both 'answer' and 'generated_text' are there"),
        ({"prompt": "q", "completion": "a", "System Prompt": "s"}, "'System Prompt' belongs to a prompt"),
        ({"question": "q", "answer": "a", "retrieved_docs": ["d"]}, "'retrieved_docs' belongs to a prompt"),
        ({"user_input": "q", "response": "a", "tools": [{"nam": "f"}]}, "tools"),
        ({"question": "q", "choices": ["x", "y"], "answer": 1}, "'choices' belongs to a prompt"),
        ({"question": "q", "answer": "a", "answers": {"text": ["a"]}, "response": "b"}, "both 'answer' and 'response'"),
        ({"prompt": "q", "completion": "a", "context": "c"}, "--map prompt=context+prompt"),
        ({"messages": [{"role": "user", "content": "q"}]}, "wanted a field 'answer'"),
        ({"conversations": [{"from": "human", "value": "q"}]}, "must end with a turn of the assistant"),
        ({"conversations": [{"from": "narrator", "value": "q"}]}, "conversations[0].from must be one of human"),
        ({"conversations": []}, "must end with a turn of the assistant"),
        ({"conversations": [{"from": "gpt"}]}, "conversations[0].value must be text"),
        ({"prompt": "q", "answer": "a", "image": "a.png"}, "--map prompt=prompt reads the row without it"),
        (
            {"prompt": "q", "answer": "a", "chat_history": [{"role": "user", "content": "x"}]},
            "'chat_history' belongs to",
        ),
        ({"prompt": "q", "answer": "a", "options": {"A": "x"}}, "--map prompt=prompt reads the row without it"),
        ({"user_input": "q", "retrieved_contexts": [1], "response": "a"}, "'retrieved_contexts' must be text"),
    ],
)
def test_refuses_and_says_what_to_give(row: dict[str, Any], said: str) -> None:
    assert said in why(row)


def test_reads_calls_and_results_of_sharegpt() -> None:
    call = '{"name": "opens", "arguments": {"day": "Sunday"}}'
    turns = [("human", "When?"), ("function_call", call), ("observation", "closed"), ("gpt", "Never.")]
    tools = '[{"name": "opens", "description": "Hours", "parameters": {"type": "object"}}]'
    exchange = only({"conversations": [{"from": who, "value": said} for who, said in turns], "tools": tools})
    assert isinstance(exchange.prompt, tuple)
    assert exchange.prompt[1].parts == (ToolCall("opens", '{"day": "Sunday"}'),)
    assert exchange.prompt[2].parts == (ToolResult("closed", name="opens"),)
    assert exchange.tools == (ToolDefinition("opens", "Hours", '{"type": "object"}'),)


def test_names_a_call_that_cannot_be_read() -> None:
    turns = [("human", "When?"), ("function_call", "opens(Sunday)"), ("gpt", "Never.")]
    found = why({"conversations": [{"from": who, "value": said} for who, said in turns]})
    assert found == "unread_part: line 7: cannot read malformed function_call in message 2"


CHOSEN, REJECTED = {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}
ASKED = {"role": "user", "content": "q"}


@pytest.mark.parametrize(
    ("row", "prompt"),
    [
        ({"prompt": "q", "chosen": "a", "rejected": " b"}, "q"),
        ({"prompt": [ASKED], "chosen": [CHOSEN], "rejected": [REJECTED]}, (U("q"),)),
        ({"chosen": [ASKED, CHOSEN], "rejected": [ASKED, REJECTED]}, (U("q"),)),
        ({"prompt": "q", "chosen": [ASKED, CHOSEN], "rejected": [ASKED, REJECTED], "score_chosen": 8.0}, (U("q"),)),
        (
            {"prompt": "q", "chosen": [ASKED, CHOSEN], "rejected": [ASKED, REJECTED], "messages": [ASKED, CHOSEN]},
            (U("q"),),
        ),
        ({"system": "s", "question": "q", "chosen": "a", "rejected": "b"}, (S("s"), U("q"))),
        ({"instruction": "i", "input": "x", "chosen": "a", "rejected": "b"}, "i\nx"),
        (
            {
                "conversations": [{"from": "human", "value": "q"}],
                "chosen": {"from": "gpt", "value": "a"},
                "rejected": {"from": "gpt", "value": "b"},
            },
            (U("q"),),
        ),
        (
            {"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: b"},
            (U("q"),),
        ),
    ],
)
def test_both_sides_of_a_preference_are_answers(row: dict[str, Any], prompt: Any) -> None:
    sides = answers(row)
    assert [(side.which, side.correct) for side in sides] == [("chosen", True), ("rejected", False)]
    said = [(side.exchange.prompt, side.exchange.answer) for side in sides if isinstance(side.exchange, Exchange)]
    assert said == [(prompt, "a"), (prompt, "b")]


def test_a_preference_without_a_prompt_says_so() -> None:
    assert "have no prompt, neither beside them nor within both" in why({"chosen": "a", "rejected": "b"})


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"prompt": "q", "completion": "a", "label": True}, True),
        ({"question": "q", "answer": "a", "label": 0}, False),
        ({"question": "q", "answer": "a", "label": "wrong"}, False),
        ({"question": "q", "answer": "a", "label": "yes"}, None),
        ({"question": "Which?", "answer": "A", "label": "C"}, None),
        ({"question": "q", "answer": "a", "label": "False"}, False),
        ({"question": "q", "answer": "a", "label": 2}, None),
        ({"question": "q", "answer": "a", "label": "geography"}, None),
        ({"question": "q", "response": "a", "correct": False, "label": 1}, False),
        ({"prompt": "q", "answer": "a", "correct": 1}, True),
        ({"prompt": "q", "answer": "a", "label": 1}, None),
    ],
)
def test_reads_the_verdict_of_a_row(row: dict[str, Any], wanted: Any) -> None:
    [found] = answers(row)
    assert found.correct is wanted


def test_tells_thoughts_from_words() -> None:
    exchange = only({"prompt": "Is 91 prime?", "answer": "<think>\n7 * 13\n</think>\n\nNo."})
    assert exchange.turn is not None
    assert exchange.turn.parts == (Reasoning("7 * 13"), "No.")
    assert exchange.answer_span is not None
    assert exchange.answer[slice(*exchange.answer_span)] == "No."


def test_thoughts_alone_are_no_answer() -> None:
    assert why({"prompt": "q", "answer": "<think>\nLet me see"}).startswith("empty_answer: line 7: ")


def test_says_how_it_read_two_layouts_in_one_file() -> None:
    reader = AnswerReader()
    for row in [{"instruction": "i", "input": "x", "output": "a"}, {"prompt": "q", "answer": "a"}] * 2:
        reader.answers(Record("line 1", row))
    assert reader.said() == (
        "read as Alpaca, 2 rows; prompt = instruction + input; answer = output; "
        "and read as prompt and answer, 2 rows; prompt = prompt; answer = answer"
    )


def test_a_scored_row_names_its_answer() -> None:
    row = {"prompt": "q", "chosen": "a", "rejected": "b", "foureyes": {"log_cmp": 1.0}, "foureyes_answer": "rejected"}
    [found] = answers(row)
    assert found.which == "rejected"
    assert "names an answer that is not in the row" in why({**row, "foureyes_answer": "third"})


def test_every_layout_that_can_be_asked_for_stands_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text(encoding="utf-8")
    assert [layout.name for layout in LAYOUTS if f"`{layout.name}`" not in page] == ["openai-chunks", "no-answer"]


CHAT = '[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]'


@pytest.mark.parametrize(
    ("row", "prompt"),
    [
        ({"messages": CHAT, "answer": "", "system": ""}, (U("q"),)),
        ({"conversations": '[{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]'}, (U("q"),)),
        ({"request": '{"prompt": "q"}', "response": '{"choices": [{"text": "a"}]}'}, "q"),
        ({"prompt": "q", "messages": "", "answer": "a", "response": ""}, "q"),
        ({"question": "q", "context": "", "answer": "a", "input": "", "label": "1"}, "q"),
    ],
)
def test_tables_hold_everything_as_text_and_empty_cells(row: dict[str, Any], prompt: Any) -> None:
    exchange = only(row)
    assert (exchange.prompt, exchange.answer) == (prompt, "a")


def test_an_answer_may_be_json_text() -> None:
    assert only({"prompt": "As JSON.", "response": '{"open": false}'}).answer == '{"open": false}'


def test_json_text_that_is_cut_is_named() -> None:
    assert "'messages' holds JSON that cannot be read" in why({"messages": CHAT[:-9]})


TURNS = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
SAID = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]


@pytest.mark.parametrize(
    ("row", "by", "prompts"),
    [
        ({"conversations": TURNS, "context": "c"}, "system=context", [(S("c"), U("q"))]),
        ({"conversations": TURNS, "context": "c"}, "prompt=conversations", [(U("q"),)]),
        ({"messages": SAID, "context": "c"}, "system=context", [(S("c"), U("q"))]),
        ({"messages": SAID, "documents": ["c", "d"]}, "system=documents", [(S("c\nd"), U("q"))]),
        ({"prompt": "q", "documents": ["c", "d"], "answer": "a"}, "prompt=documents+prompt", ["c\nd\nq"]),
        ({"question": "q", "retrieved_contexts": ["c"], "answer": "a"}, "prompt=retrieved_contexts+question", ["c\nq"]),
        ({"prompt": "q", "context": "c", "chosen": "a", "rejected": "b"}, "prompt=context+prompt", ["c\nq", "c\nq"]),
        ({"prompt": "q", "context": "c", "chosen": "a", "rejected": "b"}, "prompt=prompt", ["q", "q"]),
    ],
)
def test_the_maps_that_a_refusal_names_read_the_row(row: dict[str, Any], by: str, prompts: list[Any]) -> None:
    refused = why(row) if "chosen" not in row else str(answers(row)[0].exchange)
    assert f"--map {by}" in refused
    found = AnswerReader(fields=FieldMap.of([by])).answers(Record("line 7", row))
    assert [answer.exchange.prompt for answer in found if isinstance(answer.exchange, Exchange)] == prompts
    assert all(answer.correct == (answer.which == "chosen") for answer in found if answer.which)


def test_what_nobody_knows_is_not_said_to_be_read_as_something() -> None:
    reader = AnswerReader()
    reader.answers(Record("line 2", {"Frage": "q", "Antwort": "a"}))
    reader.answers(Record("line 3", {"instruction": "q", "output": "a"}))
    reader.answers(Record("line 4", {"instruction": "q", "output": "a", "images": ["a.png"]}))
    assert reader.said() == (
        "of no layout that is known, 1 row; "
        "and read as Alpaca, 2 rows, 1 of them unread; prompt = instruction; answer = output"
    )


def test_a_document_that_is_one_list_is_that_list() -> None:
    row = {"data": [{"prompt": "q", "answer": "a"}, {"prompt": "q", "answer": "b"}]}
    found = AnswerReader().answers(Record("the document", row))
    assert [(one.which, one.exchange.answer) for one in found if isinstance(one.exchange, Exchange)] == [
        ("entry 1 of data", "a"),
        ("entry 2 of data", "b"),
    ]


def test_completions_may_hold_log_probs_too() -> None:
    logprobs = {"tokens": ["a", " b"], "token_logprobs": [-1.0, -0.5]}
    [found] = answers({"prompt": "q", "completion": "a b", "logprobs": logprobs})
    assert isinstance(found.author, Reading)
    assert len(found.author.selected) == 2


@pytest.mark.parametrize("field", ["history", "documents", "answer", "messages", "tools", "correct"])
def test_a_row_that_is_nested_too_deeply_ends_no_run(field: str) -> None:
    deep: list[Any] = ["x"]
    for _ in range(900):
        deep = [deep]
    records = [
        Record("line 1", {"prompt": "q", "answer": "a", field: deep}),
        Record("line 2", {"prompt": "q", "answer": "a"}),
    ]
    found = [answer.exchange for _, answer in AnswerReader().answers_of(records)]
    assert [isinstance(one, Exchange) for one in found] == [False, True]
