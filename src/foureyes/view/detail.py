"""One row in full: the conversation, and what every verifier saw in the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from foureyes.batch.results import PART_FACTS
from foureyes.errors import InputError
from foureyes.layouts.reading import RESULT_FIELD
from foureyes.report import wording
from foureyes.report.check_result import SurpriseDegree, SurpriseExcess
from foureyes.report.heat import as_pairs, heat_of
from foureyes.report.wording import shown_value
from foureyes.signals.catalog import signal as catalogued
from foureyes.types import Prompt, Scored
from foureyes.view.scored_rows import ScoredRow, is_number, numbers_of
from foureyes.view.token_reading import reading_of

__all__ = ["detail_of"]

_FIELD_LENGTH: Final = 2000
_SURPRISE: Final = (("log_cmp", "cme_low", "cme_high"), ("log_g_ppl", "g_ent_low", "g_ent_high"))
"""Mean surprise and bounds on what was expected: of a verifier, and of the author at its own words."""


def detail_of(row: ScoredRow) -> dict[str, Any]:
    """Everything of a row."""
    exchange = row.exchange
    answer = exchange.answer if exchange else ""
    return {
        "where": row.record.place,
        "which": row.answer.which,
        "prompt": _turns(exchange.prompt) if exchange else [],
        "answer": answer,
        "answer_pieces": as_pairs(answer),
        "problem": row.problem,
        "fields": _fields(row),
        "verifiers": [_verifier(name, result, answer) for name, result in row.results.items()],
    }


def _turns(prompt: Prompt) -> list[dict[str, Any]]:
    if isinstance(prompt, str):
        return [_turn("prompt", prompt)]
    return [_turn(turn.role, turn.content) for turn in prompt]


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "text": text, "pieces": as_pairs(text)}


def _fields(row: ScoredRow) -> dict[str, str]:
    fields = row.record.fields or {}
    return {name: _text(value) for name, value in fields.items() if name != RESULT_FIELD}


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _FIELD_LENGTH else f"{text[:_FIELD_LENGTH]}…"


def _verifier(name: str, result: Mapping[str, Any], answer: str) -> dict[str, Any]:
    unscored = _unscored(result.get("unscored"))
    told: dict[str, Any] = {
        "name": name,
        "unscored": unscored,
        "signals": [_signal(signal, value) for signal, value in numbers_of(result).items()],
        "parts": _parts(result.get("parts")),
        "heat": None,
        "no_heat": "",
        "finding": "could not tell" if unscored else "",
        "loud": False,
        "sentence": "",
    }
    if unscored:
        return told
    return told | _sentence(result) | _heat(name, result, answer)


def _unscored(told: object) -> dict[str, str] | None:
    if told is None:
        return None
    why = told if isinstance(told, Mapping) else {"reason": told}
    return {name: _text(why[name]) if name in why else "" for name in ("reason", "detail")}


def _parts(told: object) -> list[dict[str, Any]]:
    """Parts of an answer, as far as they are what ``foureyes score`` writes."""
    parts = [part for part in told if isinstance(part, Mapping)] if isinstance(told, list) else []
    kinds = {name: (int, float) if kind is float else kind for name, kind in PART_FACTS.items()}
    return [
        {name: part[name] for name in PART_FACTS}
        for part in parts
        if all(isinstance(part.get(name), kind) for name, kind in kinds.items()) and is_number(part["nats"])
    ]


def _signal(name: str, value: float) -> dict[str, Any]:
    if name == "n_tokens":
        return {"name": name, "title": "tokens of the answer", "value": value, "shown": f"{value:,.0f}"}
    try:
        found = catalogued(name)
    except InputError:
        return {"name": name, "title": name, "value": value, "shown": f"{value:.3g}"}
    return {"name": name, "title": found.title, "value": value, "shown": shown_value(found, value)}


def _sentence(result: Mapping[str, Any]) -> dict[str, Any]:
    for names in _SURPRISE:
        numbers = [float(result[name]) for name in names if is_number(result.get(name))]
        if len(numbers) == len(names):
            return _compared(*numbers)
    return {}


def _compared(log_cmp: float, low: float, high: float) -> dict[str, Any]:
    excess = SurpriseExcess(log_cmp - high, log_cmp - low)
    return {
        "finding": wording.excess_words(excess),
        "loud": excess.degree >= SurpriseDegree.SURPRISED,
        "sentence": wording.surprise_words(log_cmp, low, high),
    }


def _heat(name: str, result: Mapping[str, Any], answer: str) -> dict[str, Any]:
    if not isinstance(result.get("tokens"), Mapping):
        how = f"foureyes score --verifier {name} --tokens"
        return {"no_heat": f"The file says nothing of single tokens; score it with them: {how}"}
    try:
        reading = reading_of(name, answer, result)
    except InputError as error:
        return {"no_heat": f"What the file says of single tokens cannot be shown: {error}"}
    row = Scored(name, numbers_of(result), reading)
    return {
        "heat": heat_of(reading),
        "finding": wording.finding(row),
        "sentence": f"{wording.surprise_sentence(row)} {wording.peak_sentence(row)}",
    }
