"""How published records become questions: one function a layout, chosen by the fields that a record has.

A layout takes a record and its place in the file and returns an :class:`TaskItem`; what it raises (a missing field, a letter
beyond the options) makes that record a counted refusal and not the end of the run. Layouts are tried in the order of
:data:`LAYOUTS`: those that ask for more fields come first. A user's own rows have the layouts at the end; what fits none is read
as a log of answers with verdicts.
"""

from __future__ import annotations

import ast
import json
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts import LoggedAnswer
from foureyes.records import Record
from foureyes.study.tasks.code import CodeProblem
from foureyes.study.tasks.items import PublishedAnswer, TaskItem
from foureyes.types import Exchange, Message, Reading, Unscored, text_of

__all__ = ["LAYOUTS", "TaskLayout", "layout_of", "logged_item"]

_REDUX_OWN: Final = frozenset(
    {"subject", "question", "choices", "given_answer", "error_type", "corrected_answer"}
    | {"routellm_mixtral_correct", "routellm_gpt4_1106_correct"}
)


@dataclass(frozen=True, slots=True)
class TaskLayout:
    """A way to lay out records.

    Attributes:
        name: what it is called in a report.
        fields: which a record must have.
        item: makes a question of a record and its number in the file.
        licence: of what is published in this layout, where it is not the task's own.
    """

    name: str
    fields: frozenset[str]
    item: Callable[[Mapping[str, Any], str], TaskItem]
    licence: str = ""


def layout_of(record: Mapping[str, Any]) -> TaskLayout | None:
    """The first layout whose fields a record has; ``None`` for records of other kinds, such as logs with verdicts."""
    return next((layout for layout in LAYOUTS if layout.fields <= record.keys()), None)


def logged_item(record: Record, answers: Sequence[LoggedAnswer]) -> TaskItem:
    """A question of answers that somebody logged and judged, in any layout of :mod:`foureyes.layouts`.

    Args:
        record: what they stood in.
        answers: all of one prompt.

    Raises:
        InputError: none can be read, or the record says of none whether it is right.
    """
    read = [answer for answer in answers if isinstance(answer.exchange, Exchange)]
    judged = [answer for answer in read if answer.correct is not None]
    if not judged:
        unread = next((str(answer.exchange) for answer in answers if isinstance(answer.exchange, Unscored)), "")
        raise InputError(unread or "no answer of which the record says whether it is right")
    published = tuple(_published(record, answer) for answer in judged)
    [prompt, *others] = dict.fromkeys(_asked(answer) for answer in judged)
    if others:
        raise InputError("the answers of one record have prompts of their own")
    return TaskItem(str((record.fields or {}).get("id", record.place)), prompt, "judged", published=published)


def _asked(answer: LoggedAnswer) -> str:
    """The prompt as one text; a question without turns before it is itself."""
    prompt = answer.exchange.prompt if isinstance(answer.exchange, Exchange) else ""
    return prompt[0].content if len(prompt) == 1 and isinstance(prompt[0], Message) else text_of(prompt)


def _published(record: Record, answer: LoggedAnswer) -> PublishedAnswer:
    said = answer.exchange.answer if isinstance(answer.exchange, Exchange) else ""
    model = answer.author.model if isinstance(answer.author, Reading) else (record.fields or {}).get("model")
    name = model if isinstance(model, str) and model else "published"
    return PublishedAnswer(name, said, correct=answer.correct, own=answer.author)


def _mmlu(record: Mapping[str, Any], n: str) -> TaskItem:
    options = tuple(record["choices"])
    return TaskItem(n, record["question"], "letter", (_letter(record["answer"], options),), options)


def _mmlu_redux(record: Mapping[str, Any], n: str) -> TaskItem:
    """Human corrections are not used: an error other than a wrong key does not say which letter is right."""
    options = tuple(json.loads(record["choices"]))
    published = tuple(PublishedAnswer(name, letter or "") for name, letter in record.items() if name not in _REDUX_OWN)
    return TaskItem(n, record["question"], "letter", (record["given_answer"],), options, published=published)


def _arc(record: Mapping[str, Any], n: str) -> TaskItem:
    choices = record["choices"]
    options = tuple(choices["text"])
    return TaskItem(
        n, record["question"], "letter", (string.ascii_uppercase[choices["label"].index(record["answerKey"])],), options
    )


def _truthful_choice(record: Mapping[str, Any], n: str) -> TaskItem:
    """The right option stands first in the published file; options are sorted by their text instead."""
    choices = record["mc1_targets"]
    right = choices["choices"][choices["labels"].index(1)]
    options = tuple(sorted(choices["choices"]))
    return TaskItem(n, record["question"], "letter", (string.ascii_uppercase[options.index(right)],), options)


def _truthful(record: Mapping[str, Any], n: str) -> TaskItem:
    right = tuple(dict.fromkeys([record["best_answer"], *record["correct_answers"]]))
    published = [PublishedAnswer("published", text, correct=True) for text in right[:1]]
    published += [PublishedAnswer("published", text, correct=False) for text in record["incorrect_answers"][:1]]
    return TaskItem(n, record["question"], "text", right, published=tuple(published))


def _trivia(record: Mapping[str, Any], n: str) -> TaskItem:
    answer = record["answer"]
    return TaskItem(n, record["question"], "text", tuple(dict.fromkeys([answer["value"], *answer["aliases"]])))


def _aliases(record: Mapping[str, Any], n: str) -> TaskItem:
    return TaskItem(n, record["question"], "text", tuple(dict.fromkeys([record["gold_answer"], *record["aliases"]])))


def _web(record: Mapping[str, Any], n: str) -> TaskItem:
    return TaskItem(n, record["qText"], "text", tuple(record["answers"]))


def _simple(record: Mapping[str, Any], n: str) -> TaskItem:
    return TaskItem(n, record.get("problem", record.get("question")), "text", (record["answer"],))


def _gsm8k(record: Mapping[str, Any], n: str) -> TaskItem:
    return TaskItem(n, record["question"], "number", (_after_hashes(record["answer"]),))


def _gsm8k_solutions(record: Mapping[str, Any], n: str) -> TaskItem:
    gold = record["ground_truth"].rpartition("A:")[2].strip()
    published = tuple(
        PublishedAnswer(name, said["solution"], correct=bool(said["is_correct"]))
        for name, said in record.items()
        if isinstance(said, dict) and {"solution", "is_correct"} <= said.keys()
    )
    return TaskItem(n, record["question"], "number", (gold,), published=published)


def _human_eval(record: Mapping[str, Any], _: str) -> TaskItem:
    """Asked for as a whole function; what follows its head counts as well."""
    head, name = record["prompt"], record["entry_point"]
    tests = f"{record['test']}\n\ncheck({name})"
    asked = f"Complete this Python function. Answer with the whole function in one code block.\n\n```python\n{head.strip()}\n```"
    gold = (head + record["canonical_solution"],) if record.get("canonical_solution") else ()
    return TaskItem(str(record["task_id"]), asked, "code", gold, problem=CodeProblem(tests, name, head))


def _mbpp(record: Mapping[str, Any], _: str) -> TaskItem:
    """Asked as in its paper, with its tests; what sets them up uses the answer, so it comes after it."""
    shown = "\n".join(record["test_list"])
    asked = f"You are an expert Python programmer, and here is your task: {record.get('text') or record['prompt']}"
    asked = f"{asked} Your code should pass these tests:\n\n{shown}\n\nAnswer with the code in one code block."
    tests = "\n".join(filter(None, (record.get("test_setup_code"), shown))) if shown else ""
    before = "\n".join(record.get("test_imports") or ())
    gold = (record["code"].replace("\r\n", "\n"),) if record.get("code") else ()
    return TaskItem(str(record["task_id"]), asked, "code", gold, problem=CodeProblem(tests, before=before))


def _own_code(record: Mapping[str, Any], n: str) -> TaskItem:
    problem = CodeProblem(record["tests"], record.get("entry_point") or "", record.get("head") or "")
    return TaskItem(str(record.get("id", n)), record["question"], "code", problem=problem)


def _stored_number(record: Mapping[str, Any], _: str) -> TaskItem:
    """One answer a record, as ZeroEval's; the question may stand in another file."""
    published = PublishedAnswer(record["model"], record["final"] or "", correct=_yes(record["correct"]))
    question = record.get("question") or f"Question {record['id']}, whose words are not in this file"
    return TaskItem(str(record["id"]), question, "number", (str(record["gold"]),), published=(published,))


def _halueval(record: Mapping[str, Any], n: str) -> TaskItem:
    published = PublishedAnswer("chatgpt", record["chatgpt_response"], correct=_no(record["hallucination"]))
    return TaskItem(n, record["user_query"], "judged", published=(published,))


def _halueval_qa(record: Mapping[str, Any], n: str) -> TaskItem:
    right = PublishedAnswer("published", record["right_answer"], correct=True)
    wrong = PublishedAnswer("published", record["hallucinated_answer"], correct=False)
    return TaskItem(
        n, record["question"], "text", (record["right_answer"],), context=record["knowledge"], published=(right, wrong)
    )


def _sac3(record: Mapping[str, Any], n: str) -> TaskItem:
    """The stored samples are of the same model as the stored answer."""
    gold, answer = _listed(record["right_answer"]), _listed(record["generated_answer"])
    published = PublishedAnswer("gpt-3.5", answer[0] if answer else "", correct=_yes(record["label"]))
    return TaskItem(n, record["question"], "text", gold, published=(published,))


def _pair(record: Mapping[str, Any], n: str) -> TaskItem:
    """One answer a record; records of one question are put together afterwards."""
    correct = _yes(record["label"])
    gold = (record["answer"],) if correct else ()
    published = PublishedAnswer("published", record["answer"], correct=correct)
    return TaskItem(n, record["question"], "judged", gold, brief=True, published=(published,))


def _own_choice(record: Mapping[str, Any], n: str) -> TaskItem:
    options = tuple(record["options"])
    return TaskItem(
        str(record.get("id", n)), record["question"], "letter", (_letter(record["answer"], options),), options
    )


def _own_stored(record: Mapping[str, Any], n: str) -> TaskItem:
    name = str(record.get("generator", "stored"))
    published = PublishedAnswer(name, record["response"] or "", correct=_yes(record["correct"]))
    return TaskItem(str(record.get("id", n)), record["question"], "judged", published=(published,))


def _own_answers(record: Mapping[str, Any], n: str) -> TaskItem:
    """``answer`` or ``answers``; numbers are graded as numbers, texts as texts unless ``kind`` says otherwise."""
    given = record["answer"]
    gold = tuple(map(str, given)) if isinstance(given, list) else () if given is None else (str(given),)
    kind: Any = record.get("kind") or ("number" if isinstance(given, int | float) else "text")
    if kind not in ("number", "text"):
        raise InputError(f"kind must be number or text; got {kind!r}")
    return TaskItem(str(record.get("id", n)), record["question"], kind, gold, context=record.get("context") or "")


def _answers_hashed(record: Mapping[str, Any], n: str) -> TaskItem:
    answer = record["answer"]
    return _gsm8k(record, n) if isinstance(answer, str) and "####" in answer else _own_answers(record, n)


def _letter(given: Any, options: tuple[str, ...]) -> str:
    if isinstance(given, str) and given in options and len(given) > 1:
        return string.ascii_uppercase[options.index(given)]
    if isinstance(given, int) and not isinstance(given, bool):
        if not 0 <= given < len(options):
            raise InputError(f"the right option must be among 0 … {len(options) - 1}; got {given}")
        return string.ascii_uppercase[given]
    return str(given)


def _after_hashes(text: str) -> str:
    found = text.rpartition("####")
    if not found[1]:
        raise InputError("wanted the result after ####; there is no ####")
    return found[2].strip()


def _listed(value: Any) -> tuple[str, ...]:
    """A list, or text that is one as Python prints it, or just text."""
    if isinstance(value, list):
        return tuple(map(str, value))
    if value.startswith("[") and value.endswith("]"):
        try:
            return tuple(map(str, ast.literal_eval(value)))
        except (SyntaxError, ValueError):
            return (value,)
    return (value,)


def _yes(value: Any) -> bool:
    truths = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    said = str(value).strip().lower()
    if said not in truths:
        raise InputError(f"wanted true or false; got {value!r}")
    return truths[said]


def _no(value: Any) -> bool:
    return not _yes(value)


LAYOUTS: Final = (
    TaskLayout(
        "MMLU-Redux with LLM letters",
        frozenset({"question", "choices", "given_answer", "error_type"}),
        _mmlu_redux,
        "CC-BY-4.0",
    ),
    TaskLayout("TruthfulQA, one right option", frozenset({"question", "mc1_targets"}), _truthful_choice),
    TaskLayout(
        "TruthfulQA, free answers",
        frozenset({"question", "best_answer", "correct_answers", "incorrect_answers"}),
        _truthful,
    ),
    TaskLayout("ARC", frozenset({"question", "choices", "answerKey"}), _arc),
    TaskLayout("MMLU", frozenset({"question", "choices", "answer", "subject"}), _mmlu),
    TaskLayout("GSM8K solutions", frozenset({"question", "ground_truth"}), _gsm8k_solutions, "MIT"),
    TaskLayout("HumanEval", frozenset({"task_id", "prompt", "entry_point", "test"}), _human_eval, "MIT"),
    TaskLayout("answers of models", frozenset({"id", "model", "final", "gold", "correct"}), _stored_number),
    TaskLayout("MBPP", frozenset({"task_id", "test_list", "code"}), _mbpp, "CC-BY-4.0"),
    TaskLayout("own, programs", frozenset({"question", "tests"}), _own_code),
    TaskLayout("HaluEval, general", frozenset({"user_query", "chatgpt_response", "hallucination"}), _halueval),
    TaskLayout("SAC3", frozenset({"question", "right_answer", "generated_answer", "label"}), _sac3, "Apache-2.0"),
    TaskLayout(
        "HaluEval, QA", frozenset({"knowledge", "question", "right_answer", "hallucinated_answer"}), _halueval_qa, "MIT"
    ),
    TaskLayout(
        "TriviaQA with aliases",
        frozenset({"question", "gold_answer", "aliases"}),
        _aliases,
        "MIT; questions under their own",
    ),
    TaskLayout("TriviaQA", frozenset({"question", "question_id", "question_source", "answer"}), _trivia),
    TaskLayout("WebQuestions", frozenset({"qText", "answers"}), _web),
    TaskLayout("SimpleQA", frozenset({"problem", "answer"}), _simple),
    TaskLayout("SimpleQA, table", frozenset({"question", "answer", "topic", "answer_type"}), _simple),
    TaskLayout("pairs of right and wrong", frozenset({"question", "answer", "label"}), _pair),
    TaskLayout("own, multiple choice", frozenset({"question", "options", "answer"}), _own_choice),
    TaskLayout("own, stored answers", frozenset({"question", "response", "correct"}), _own_stored),
    TaskLayout("GSM8K, NQ-open, own", frozenset({"question", "answer"}), _answers_hashed),
)
