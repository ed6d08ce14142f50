"""Files as their publishers lay them out; what is missing or broken is counted."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from foureyes.errors import ConfigError, InputError
from foureyes.study.tasks.code import CodeProblem
from foureyes.study.tasks.items import PublishedAnswer, TaskItem
from foureyes.study.tasks.layouts import LAYOUTS, layout_of
from foureyes.study.tasks.loading import TaskSpec, load_task
from foureyes.types import Reading

RECORDS = {
    "MMLU": (
        {"question": "2+2?", "subject": "maths", "choices": ["3", "4"], "answer": 1},
        TaskItem("0", "2+2?", "letter", ("B",), options=("3", "4")),
    ),
    "MMLU-Redux with LLM letters": (
        {
            "subject": "maths",
            "question": "2+2?",
            "choices": '["3", "4"]',
            "given_answer": "B",
            "error_type": "ok",
            "corrected_answer": "",
            "routellm_mixtral_correct": "0",
            "gpt": "A",
            "llama": "",
        },
        TaskItem(
            "0",
            "2+2?",
            "letter",
            ("B",),
            options=("3", "4"),
            published=(PublishedAnswer("gpt", "A"), PublishedAnswer("llama", "")),
        ),
    ),
    "ARC": (
        {"id": "x", "question": "2+2?", "choices": {"text": ["3", "4"], "label": ["1", "2"]}, "answerKey": "2"},
        TaskItem("0", "2+2?", "letter", ("B",), options=("3", "4")),
    ),
    "TruthfulQA, one right option": (
        {"question": "q?", "mc1_targets": {"choices": ["yes", "no"], "labels": [1, 0]}, "mc2_targets": {}},
        TaskItem("0", "q?", "letter", ("B",), options=("no", "yes")),
    ),
    "TruthfulQA, free answers": (
        {"question": "q?", "best_answer": "yes", "correct_answers": ["yes", "sure"], "incorrect_answers": ["no"]},
        TaskItem(
            "0",
            "q?",
            "text",
            ("yes", "sure"),
            published=(
                PublishedAnswer("published", "yes", correct=True),
                PublishedAnswer("published", "no", correct=False),
            ),
        ),
    ),
    "TriviaQA": (
        {
            "question": "q?",
            "question_id": "t",
            "question_source": "",
            "answer": {"value": "Yes", "aliases": ["Yes", "Aye"]},
        },
        TaskItem("0", "q?", "text", ("Yes", "Aye")),
    ),
    "TriviaQA with aliases": (
        {"qid": "t", "dataset": "triviaqa", "question": "q?", "gold_answer": "Yes", "aliases": ["Aye"]},
        TaskItem("0", "q?", "text", ("Yes", "Aye")),
    ),
    "WebQuestions": ({"qId": "w", "qText": "q?", "answers": ["Yes"]}, TaskItem("0", "q?", "text", ("Yes",))),
    "SimpleQA": ({"problem": "q?", "answer": "Yes", "metadata": ""}, TaskItem("0", "q?", "text", ("Yes",))),
    "SimpleQA, table": (
        {"question": "q?", "answer": "Yes", "topic": "t", "answer_type": "a"},
        TaskItem("0", "q?", "text", ("Yes",)),
    ),
    "GSM8K solutions": (
        {
            "question": "q?",
            "ground_truth": "2+2=4\nA: 4",
            "6b": {"is_correct": False, "solution": "5"},
        },
        TaskItem("0", "q?", "number", ("4",), published=(PublishedAnswer("6b", "5", correct=False),)),
    ),
    "HaluEval, general": (
        {"ID": "1", "user_query": "q?", "chatgpt_response": "r", "hallucination": "yes", "hallucination_spans": []},
        TaskItem("0", "q?", "judged", published=(PublishedAnswer("chatgpt", "r", correct=False),)),
    ),
    "HaluEval, QA": (
        {"knowledge": "k", "question": "q?", "right_answer": "r", "hallucinated_answer": "w"},
        TaskItem(
            "0",
            "q?",
            "text",
            ("r",),
            context="k",
            published=(
                PublishedAnswer("published", "r", correct=True),
                PublishedAnswer("published", "w", correct=False),
            ),
        ),
    ),
    "SAC3": (
        {"question": "q?", "right_answer": "['r']", "generated_answer": ["g"], "label": "True", "self_evaluations": []},
        TaskItem("0", "q?", "text", ("r",), published=(PublishedAnswer("gpt-3.5", "g", correct=True),)),
    ),
    "pairs of right and wrong": (
        {"question": "q?", "answer": "r", "label": 1},
        TaskItem("0", "q?", "judged", ("r",), brief=True, published=(PublishedAnswer("published", "r", correct=True),)),
    ),
    "own, multiple choice": (
        {"question": "q?", "options": ["x", "yy"], "answer": "yy"},
        TaskItem("0", "q?", "letter", ("B",), options=("x", "yy")),
    ),
    "own, stored answers": (
        {"id": "7", "question": "q?", "response": "r", "correct": False, "generator": "g"},
        TaskItem("7", "q?", "judged", published=(PublishedAnswer("g", "r", correct=False),)),
    ),
    "HumanEval": (
        {
            "task_id": "H/0",
            "prompt": "def f(x):\n",
            "entry_point": "f",
            "canonical_solution": "  return x",
            "test": "T",
        },
        TaskItem(
            "H/0",
            "Complete this Python function. Answer with the whole function in one code block.\n\n```python\ndef f(x):\n```",
            "code",
            ("def f(x):\n  return x",),
            problem=CodeProblem("T\n\ncheck(f)", "f", "def f(x):\n"),
        ),
    ),
    "answers of models": (
        {"id": "q7", "model": "m", "final": "4.0", "gold": "4", "correct": True, "question": "2+2?"},
        TaskItem("q7", "2+2?", "number", ("4",), published=(PublishedAnswer("m", "4.0", correct=True),)),
    ),
    "MBPP": (
        {"task_id": 2, "text": "Add.", "code": "a\r\nb", "test_list": ["A", "B"], "test_setup_code": "S"},
        TaskItem(
            "2",
            "You are an expert Python programmer, and here is your task: Add. Your code should pass these tests:\n\nA\nB\n\n"
            "Answer with the code in one code block.",
            "code",
            ("a\nb",),
            problem=CodeProblem("S\nA\nB"),
        ),
    ),
    "own, programs": (
        {"question": "q?", "tests": "assert f(1)", "entry_point": "f"},
        TaskItem("0", "q?", "code", problem=CodeProblem("assert f(1)", "f")),
    ),
    "GSM8K, NQ-open, own": ({"question": "q?", "answer": "so\n#### 4"}, TaskItem("0", "q?", "number", ("4",))),
}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_layout_is_recognised_and_read(layout) -> None:
    record, item = RECORDS[layout.name]
    assert layout_of(record) is layout
    assert layout.item(record, "0") == item


@pytest.mark.parametrize(
    ("record", "kind", "gold"),
    [
        ({"question": "q?", "answer": ["a", "b"]}, "text", ("a", "b")),
        ({"question": "q?", "answer": 4}, "number", ("4",)),
        ({"question": "q?", "answer": "4", "kind": "number"}, "number", ("4",)),
    ],
)
def test_a_users_own_questions(record, kind, gold) -> None:
    layout = layout_of(record)
    assert layout is not None
    item = layout.item(record, "0")
    assert (item.kind, item.gold) == (kind, gold)


def test_published_answers_of_a_few_words_are_asked_for_as_such() -> None:
    record = {"question": "Why?", "answer": "dry palms", "label": 1}
    layout = layout_of(record)
    assert layout is not None
    pair = layout.item(record, "0")
    assert pair.prompt == "Why?\nAnswer with a few words."
    assert replace(pair, brief=False).prompt == "Why?"


def write(path: Path, *records: object) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
    return path


GOOD = {"question": "2+2?", "options": ["3", "4"], "answer": 1}


def test_what_makes_no_question_is_counted_by_its_reason(tmp_path: Path) -> None:
    write(
        tmp_path / "own.jsonl",
        GOOD,
        {"question": "2+2?", "answer": 1},
        {"question": "2+2?", "options": ["3", "4"], "answer": 2},
        {"question": "2+2?", "options": ["3"], "answer": 0},
        {"question": "  ", "options": ["3", "4"], "answer": 0},
        {"question": "2+2?", "options": None, "answer": 0},
        "{torn",
        "[]",
    )
    task = load_task(TaskSpec("own", "own.jsonl"), data=tmp_path, seed=0)
    assert (len(task.items), task.n_records) == (1, 8)
    assert sum(task.refused.values()) == 7
    assert task.refused["no field options"] == 1
    assert task.refused["the right option must be among 0 … 1; got 2"] == 1
    assert task.refused["a multiple-choice question has 2 to 26 options; got 1"] == 1
    assert task.refused["wanted a JSON object; got list"] == 1
    assert any(reason.startswith("not laid out as own, multiple choice: TypeError") for reason in task.refused)


def test_a_file_without_a_question_is_refused_with_the_reasons(tmp_path: Path) -> None:
    write(tmp_path / "own.jsonl", {**GOOD, "answer": 9}, {**GOOD, "answer": 8})
    with pytest.raises(InputError, match=r"no record of .* makes a question: 1 × the right option must be among"):
        load_task(TaskSpec("own", "own.jsonl"), data=tmp_path, seed=0)


def test_an_unknown_layout_names_its_fields_and_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path / "own.jsonl", {"foo": 1})
    with pytest.raises(InputError, match=r"fields foo fit no known layout .*ARC: answerKey, choices, question"):
        load_task(TaskSpec("own", "own.jsonl"), data=tmp_path, seed=0)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (TaskSpec("own", "none.jsonl"), "no file .*none.jsonl"),
        (TaskSpec("mmlu"), "wanted a folder mmlu or mmlu_redux"),
        (TaskSpec("own", "own.txt"), "cannot tell what .*own.txt is"),
        (TaskSpec("own", "torn.json.gz"), "cannot read .*torn.json.gz"),
    ],
)
def test_what_cannot_be_found_or_read_is_named(tmp_path: Path, wanted: TaskSpec, why: str) -> None:
    (tmp_path / "own.txt").write_text("")
    (tmp_path / "torn.json.gz").write_bytes(gzip.compress(b"[" * 1000)[:-9])
    with pytest.raises(InputError, match=why):
        load_task(wanted, data=tmp_path, seed=0)


def test_an_unknown_task_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown task 'own'; known are mmlu"):
        load_task(TaskSpec("own"), data=tmp_path, seed=0)


def test_two_files_in_a_tasks_folder_are_not_chosen_between(tmp_path: Path) -> None:
    (tmp_path / "arc").mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / "arc" / name, GOOD)
    (tmp_path / "arc" / "SOURCE.md").write_text("")
    with pytest.raises(
        InputError,
        match=r"holds 2 files of records, wanted one; name it in \[\[task\]\]: file = \".*a.jsonl\" or file = \".*b.jsonl\"",
    ):
        load_task(TaskSpec("arc"), data=tmp_path, seed=0)


@pytest.mark.parametrize("suffix", ["jsonl", "json", "json.gz", "parquet"])
def test_a_file_may_be_json_lines_a_list_compressed_or_parquet(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"own.{suffix}"
    if suffix == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist([GOOD, GOOD]), path)
    elif suffix == "jsonl":
        write(path, GOOD, GOOD)
    else:
        text = json.dumps([GOOD, GOOD]).encode()
        path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    task = load_task(TaskSpec("own", path.name), data=tmp_path, seed=0)
    assert [item.gold for item in task.items] == [("B",), ("B",)]
    assert set(task.checksums) == {path.name}


def test_a_larger_sample_holds_the_smaller_one_and_another_seed_draws_another(tmp_path: Path) -> None:
    write(tmp_path / "own.jsonl", *({**GOOD, "question": f"{i}?"} for i in range(200)))

    def ids(limit: int, seed: int = 0) -> list[str]:
        return [item.id for item in load_task(TaskSpec("own", "own.jsonl", limit), data=tmp_path, seed=seed).items]

    assert set(ids(20)) < set(ids(50))
    assert ids(50) == sorted(ids(50), key=int)
    assert set(ids(50)) != set(ids(50, seed=1))
    assert len(ids(1000)) == 200


def test_rows_can_be_picked_by_a_field(tmp_path: Path) -> None:
    write(tmp_path / "own.jsonl", {**GOOD, "set": "x"}, {**GOOD, "set": "y"}, {**GOOD, "set": "x"})
    task = load_task(TaskSpec("own", "own.jsonl", where=(("set", "x"),)), data=tmp_path, seed=0)
    assert [item.id for item in task.items] == ["0", "2"]


def test_judged_answers_to_one_question_come_together(tmp_path: Path) -> None:
    write(
        tmp_path / "own.jsonl",
        {"question": "q?", "answer": "r", "label": 1},
        {"question": "p?", "answer": "r", "label": 1},
        {"question": "q?", "answer": "w", "label": 0},
    )
    task = load_task(TaskSpec("own", "own.jsonl"), data=tmp_path, seed=0)
    assert [[s.correct for s in item.published] for item in task.items] == [[True, False], [True]]


def test_two_questions_with_one_id_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "own.jsonl", {**GOOD, "id": "x"}, {**GOOD, "id": "x"})
    with pytest.raises(InputError, match="two questions have the id 'x'"):
        load_task(TaskSpec("own", "own.jsonl"), data=tmp_path, seed=0)


@pytest.mark.parametrize(
    ("kind", "gold", "options", "why"),
    [
        ("letter", ("C",), ("x", "y"), "wanted the right letter among A, B; got C"),
        ("letter", ("A", "B"), ("x", "y"), "wanted the right letter"),
        ("text", (), (), "needs what is right"),
        ("text", (" ",), (), "needs what is right"),
        ("number", (), (), "needs what is right"),
    ],
)
def test_parts_that_make_no_question_are_refused(kind, gold, options, why) -> None:
    with pytest.raises(InputError, match=why):
        TaskItem("1", "q", kind, gold, options)


def test_logs_and_data_sets_with_verdicts_make_questions(tmp_path: Path) -> None:
    write(
        tmp_path / "kto.jsonl",
        {"prompt": "2+2?", "completion": " 4", "label": True},
        {"prompt": "2+2?", "completion": "5", "label": False},
        {"prompt": "3+3?", "completion": "6", "label": True},
        {"prompt": "3+3?", "completion": "6"},
        "{torn",
    )
    task = load_task(TaskSpec("own", "kto.jsonl"), data=tmp_path, seed=0)
    assert [(item.question, item.kind, item.published) for item in task.items] == [
        (
            "2+2?",
            "judged",
            (PublishedAnswer("published", "4", correct=True), PublishedAnswer("published", "5", correct=False)),
        ),
        ("3+3?", "judged", (PublishedAnswer("published", "6", correct=True),)),
    ]
    assert task.n_records == 5
    assert task.refused["no answer of which the record says whether it is right"] == 1
    assert sum(task.refused.values()) == 2
    assert task.layout.startswith("read as judged completions (KTO), 3 rows; prompt = prompt; answer = completion")


def test_both_answers_of_a_preference_belong_to_one_question(tmp_path: Path) -> None:
    write(tmp_path / "dpo.jsonl", {"prompt": "2+2?", "chosen": "4", "rejected": "5"})
    [item] = load_task(TaskSpec("own", "dpo.jsonl"), data=tmp_path, seed=0).items
    assert [(answer.text, answer.correct) for answer in item.published] == [("4", True), ("5", False)]


def test_a_document_of_inspect_makes_questions() -> None:
    folder = Path(__file__).parents[1] / "layouts" / "written"
    task = load_task(TaskSpec("own", "inspect.json"), data=folder, seed=0)
    [answer] = task.items[0].published
    assert (answer.generator, answer.text, answer.correct) == ("mockllm/model", "It is closed.", True)
    assert isinstance(answer.own, Reading)
    assert answer.own.nll.tolist() == [0.5, 0.25, 0.125]
    assert (len(task.items), task.n_records) == (3, 4)


def test_a_map_says_what_rows_of_ones_own_mean(tmp_path: Path) -> None:
    row = {"question": "q?", "passage": "p", "reply": "r", "answer": "gold", "human": {"verdict": "no"}}
    write(tmp_path / "own.jsonl", row)
    spec = TaskSpec("own", "own.jsonl", map=("prompt=passage+question", "answer=reply", "label=human.verdict"))
    [item] = load_task(spec, data=tmp_path, seed=0).items
    assert (item.question, item.published) == ("p\nq?", (PublishedAnswer("published", "r", correct=False),))


@pytest.mark.parametrize("spec", [{"layout": "excel"}, {"map": ("prompt",)}])
def test_a_layout_or_a_map_that_is_none_is_refused_at_once(spec) -> None:
    with pytest.raises(InputError, match=r"a layout is one of|a map wants WHAT=FIELD"):
        TaskSpec("own", "own.jsonl", **spec)
