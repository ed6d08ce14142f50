"""What does the disagreement of small models say of a large one's answers? ``python -m studies.disagreement --data DIR``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from studies.disagreement.answers import gsm8k_answers, mmlu_letters
from studies.disagreement.panel import Panel, families_chapter, panel_chapter
from studies.know_when.published_data import PublishedData
from studies.published_study import PublishedStudy, Settings, StudyChapter, run_published

__all__ = ["STUDY", "main"]

_SMALL: Final = Panel(
    "GSM8K: a panel of three models of 7 to 9 B",
    ("Qwen2-7B-Instruct", "gemma-2-9b-it", "Meta-Llama-3.1-8B-Instruct"),
    (
        "gpt-4o-2024-08-06",
        "claude-3-5-sonnet-20240620",
        "Llama-3.1-405B-Instruct-Turbo",
        "Mistral-Large-2",
        "deepseek-chat",
        "gemini-1.5-pro",
        "Qwen2-72B-Instruct",
        "gpt-4o-mini-2024-07-18",
    ),
)
_LETTERS: Final = 3


def gsm8k(store: PublishedData, settings: Settings) -> Sequence[StudyChapter]:
    """Written-out answers: numbers."""
    table = gsm8k_answers(store)
    return [panel_chapter(table, _SMALL, settings), families_chapter(table, "GSM8K: the same wrong number", settings)]


def mmlu(store: PublishedData, settings: Settings) -> Sequence[StudyChapter]:
    """Letters: the least accurate models, of three families, on the others."""
    table = mmlu_letters(store)
    accuracy = table.right.mean(axis=1)
    weakest = sorted(range(len(table.models)), key=lambda m: float(accuracy[m]))[:_LETTERS]
    panel = Panel(
        "MMLU-Redux: the three least accurate of fourteen large models", tuple(table.models[m] for m in weakest)
    )
    return [
        panel_chapter(table, panel, settings),
        families_chapter(table, "MMLU-Redux: the same wrong letter", settings),
    ]


STUDY: Final = PublishedStudy(
    "disagreement",
    "What does the disagreement of small models say of a large one's answers?",
    (
        (
            "Where a model shows no probabilities, what is left is whether others say the same. Answers of 39 models to GSM8K, to 405 B and "
            "GPT-4o, and letters of 14 models to MMLU-Redux were published; nobody reads anything here, and one written answer of each panel "
            "member is the cost."
        ),
    ),
    {"gsm8k": gsm8k, "mmlu": mmlu},
)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the study."""
    run_published(STUDY, argv)


if __name__ == "__main__":
    main()
