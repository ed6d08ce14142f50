"""Events that OpenAI's evals record: what was sampled, and in another event whether it matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.fields import answer_of, prompt_of
from foureyes.layouts.making import logged

__all__ = ["event_answers", "is_event", "is_match", "is_sampling"]


def is_event(row: Mapping[str, Any]) -> bool:
    """Whether a row is a line of such a log: an event, its head, or its report."""
    return (
        "event_id" in row
        or (isinstance(row.get("spec"), dict) and "run_config" in row["spec"])
        or "final_report" in row
    )


def is_sampling(row: Mapping[str, Any]) -> bool:
    """Whether a row says what was sampled."""
    return row.get("type") == "sampling" and isinstance(row.get("data"), dict)


def is_match(row: Mapping[str, Any]) -> bool:
    """Whether a row says whether what was sampled is right."""
    return (
        row.get("type") == "match"
        and isinstance(row.get("data"), dict)
        and isinstance(row["data"].get("correct"), bool)
    )


def event_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """Every text that was sampled."""
    if not is_sampling(row):
        raise InputError("a line of the log of an eval that holds no answer")
    data = row["data"]
    sampled = data.get("sampled")
    texts = sampled if isinstance(sampled, list) else [sampled]
    prompt = prompt_of("data.prompt", data.get("prompt"))
    for i, text in enumerate(texts, 1):
        yield logged(prompt, answer_of("data.sampled", text), which=f"sample {i}" if len(texts) > 1 else "")
