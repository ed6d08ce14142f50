"""Published answers of many models to the same questions, put side by side; what does not align is counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.study.tasks.grading import number_of
from studies.know_when.published_data import PublishedData

__all__ = ["AnswerTable", "family_of", "gsm8k_answers", "mmlu_letters"]

_NONE: Final = -1

_FAMILIES: Final = (
    ("Llama", "llama|athene"),
    ("GPT", "gpt|o1-"),
    ("Claude", "claude"),
    ("DeepSeek", "deepseek"),
    ("Gemini and Gemma", "gemini|gemma"),
    ("Mistral", "mistral|mixtral"),
    ("Qwen", "qwen"),
    ("Yi", "^yi-"),
    ("Command", "command"),
    ("Reka", "reka"),
    ("Phi", "phi"),
    ("Palmyra", "palmyra"),
)
_NOT_ASKED: Final = ("openai_", "anthropic_", "google_", "meta_", "qwen_", "writer_", "mistralai_")


@dataclass(frozen=True, slots=True, eq=False)
class AnswerTable:
    """Answers of M models to N questions.

    Attributes:
        models: M names.
        said: (M, N) number of the answer among those given to its question, equal numbers for equal answers; −1 for none.
        right: (M, N) whether it is right; no answer is not.
        left_out: questions and answers that are not here, by reason.
    """

    models: tuple[str, ...]
    said: NDArray[np.intp]
    right: NDArray[np.bool_]
    left_out: Mapping[str, int]

    def disagreement(self, author: int, panel: Sequence[int]) -> NDArray[np.float64]:
        """(N,) share of a panel whose answer is not the author's; a model without an answer agrees with nobody."""
        same = (self.said[list(panel)] == self.said[author]) & (self.said[author] != _NONE)
        found: NDArray[np.float64] = 1.0 - same.mean(axis=0)
        return found


def family_of(model: str) -> str:
    """The family of a model by its name; its own name where none is known.

    Example:
        >>> family_of("Athene-70B"), family_of("openai_gpt-4o-2024-05-13")
        ('Llama', 'GPT')
    """
    name = model.lower()
    for owner in _NOT_ASKED:
        name = name.removeprefix(owner)
    return next((family for family, pattern in _FAMILIES if re.search(pattern, name)), model)


_SAME: Final = ("Llama-3.1-405B-Inst@sambanova", "Meta-Llama-3.1-405B-Instruct@hyperbolic")
"""Other providers of a model that is there already."""


def gsm8k_answers(store: PublishedData) -> AnswerTable:
    """Thirty-nine models on the test questions of GSM8K, one provider of each; equal numbers are equal answers."""
    records = [row for row in store.rows("zeroeval_gsm8k/answers.jsonl.gz") if row["model"] not in _SAME]
    judged = [row for row in records if isinstance(row["correct"], bool)]
    table = _aligned((str(row["id"]), str(row["model"]), _number(row["final"]), row["correct"]) for row in judged)
    unjudged = len(records) - len(judged)
    left_out = {**table.left_out, **({"answers that nothing calls right or wrong": unjudged} if unjudged else {})}
    return replace(table, left_out=left_out)


def mmlu_letters(store: PublishedData) -> AnswerTable:
    """Fourteen models on MMLU-Redux, without the questions that people found in error."""
    records = store.rows("mmlu_redux/mmlu_redux_14llm.csv.gz")
    known = list(records[0]) if records else []
    models = [name for name in known if name.startswith(_NOT_ASKED)]
    sound = [(str(n), record) for n, record in enumerate(records) if record["error_type"] == "ok"]
    table = _aligned(
        (n, model, record[model] or None, record[model] == record["given_answer"])
        for n, record in sound
        for model in models
    )
    faulty = len(records) - len(sound)
    left_out = {**table.left_out, **({"questions that people found in error": faulty} if faulty else {})}
    return AnswerTable(table.models, table.said, table.right, left_out)


def _number(text: Any) -> str | None:
    """A number in one spelling, or the text as it is where there is none."""
    found = number_of(text) if isinstance(text, str) else None
    return (None if text is None else str(text)) if found is None else str(found.normalize())


def _aligned(rows: Iterable[tuple[str, str, str | None, bool]]) -> AnswerTable:
    """Answers by model and question; a model that answered under nine in ten questions is left out, then questions with gaps."""
    given: dict[str, dict[str, tuple[str | None, bool]]] = {}
    left_out: Counter[str] = Counter()
    for question, model, answer, right in rows:
        answers = given.setdefault(model, {})
        if question in answers:
            left_out[f"second answers of {model} to one question"] += 1
            continue
        answers[question] = answer, right
    questions = list(dict.fromkeys(question for answers in given.values() for question in answers))
    short = [model for model, answers in given.items() if len(answers) < 0.9 * len(questions)]
    for model in short:
        left_out[f"{model}, a model with under nine tenths of the questions"] += 1
    models = [model for model in given if model not in short]
    kept = [question for question in questions if all(question in given[model] for model in models)]
    if len(models) < 2 or not kept:
        raise InputError(
            f"no two models answered the same questions; got {len(given)} models, {len(questions)} questions"
        )
    if len(kept) < len(questions):
        left_out["questions that not every model answered"] += len(questions) - len(kept)
    table = [[given[model][question] for question in kept] for model in models]
    none = sum(answer is None for row in table for answer, _ in row)
    if none:
        left_out["answers in which none was found (kept, never right, agreeing with nobody)"] += none
    verdicts = np.array([[is_right for _, is_right in row] for row in table], np.bool_)
    return AnswerTable(tuple(models), _numbered(table), verdicts, dict(left_out))


def _numbered(table: Sequence[Sequence[tuple[str | None, bool]]]) -> NDArray[np.intp]:
    columns = []
    for column in zip(*table, strict=True):
        numbers: dict[str, int] = {}
        columns.append([_NONE if said is None else numbers.setdefault(said, len(numbers)) for said, _ in column])
    return np.array(columns, np.intp).T
