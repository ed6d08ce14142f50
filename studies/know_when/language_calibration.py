"""Calibration of the language models: on the same task, under another prompt, on another task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from studies.know_when.intervals import Floats, mean_over_models
from studies.know_when.language import TASKS, PromptedTask, log_odds, settings
from studies.know_when.published_data import PublishedData
from studies.know_when.values import NO_FIGURE, Cell, Figure, FigureTable, PaperClaim, Question, RunSettings, StudyPart

__all__ = ["relation", "study"]

RELATIONS = ("same task", "other prompt", "other task")
Key = tuple[str, str, int]


def study(store: PublishedData, plan: RunSettings) -> StudyPart:
    """Every calibrator on every task and prompt of its model, on the half of the questions none was fitted on."""
    found = settings(store, plan)
    fitted = {(s.task, s.prompt, m): s.platt(m) for s in found for m in range(len(s.models))}
    measured = [_judged(s, m, fitted, plan) for s in found for m in range(len(s.models))]
    errors = [row for rows in measured for row in rows]
    saved = {name: _saved(errors, name, plan, len(found[0].models)) for name in RELATIONS}
    return StudyPart(
        title="14 language models: calibration",
        claims=_claims(saved, _lost(errors, plan, len(found[0].models)), _mmlu(errors)),
        tables=(
            _by_task(errors, found, plan),
            FigureTable(
                "Where the calibrator comes from: ECE before less ECE after",
                ("fitted on", "mean saving", "smaller ECE in", "of"),
                [(name, saved[name], *_wins(errors, name)) for name in RELATIONS],
            ),
        ),
        notes=(
            (
                "Platt on the log-odds of the letter's probability. (The paper uses the mean raw logit, which the two GPT "
                "models do not give.) Intervals draw the 14 models, not questions: the same 14 are in every row."
            ),
            "Judged on few questions a perfect calibrator has an ECE above zero too: compare columns of a row, not rows.",
        ),
    )


def relation(source: Key, target: Key) -> str:
    """How the rows a calibrator was fitted on relate to those it is judged on."""
    if source[0] != target[0]:
        return "other task"
    return "same task" if source[1] == target[1] else "other prompt"


@dataclass(frozen=True, slots=True)
class Error:
    """The ECE of one model in one setting, before and after a calibrator."""

    relation: str
    task: str
    prompt: str
    model: int
    before: float
    after: float


def _judged(setting: PromptedTask, model: int, fitted: dict[Key, fe.Platt], plan: RunSettings) -> list[Error]:
    """Under every calibrator of the model."""
    right, msp = setting.right[model, setting.test], setting.msp[model, setting.test]
    before = fe.ece(msp, right, bins=plan.bins).value
    target = (setting.task, setting.prompt, model)
    return [
        Error(relation(source, target), *target, before, _after(platt, msp, right, plan))
        for source, platt in fitted.items()
        # Across tasks under the same prompt only, so that one thing changes at a time.
        if source[2] == model and (source[0] == target[0] or source[1] == target[1])
    ]


def _after(platt: fe.Platt, msp: Floats, right: NDArray[np.bool_], plan: RunSettings) -> float:
    return fe.ece(platt.predict_proba(log_odds(msp)), right, bins=plan.bins).value


def _over_models(values: Sequence[float], errors: Sequence[Error], plan: RunSettings, n_models: int) -> Figure:
    members, unit = np.array([[e.model] for e in errors]), f"settings of {n_models} models"
    return mean_over_models(values, members, unit=unit, **plan.bootstrap, n_models=n_models)


def _saved(errors: Sequence[Error], name: str, plan: RunSettings, n_models: int) -> Figure:
    some = [e for e in errors if e.relation == name]
    return _over_models([e.before - e.after for e in some], some, plan, n_models)


def _lost(errors: Sequence[Error], plan: RunSettings, n_models: int) -> Figure:
    """Mean ECE of the task's own calibrator less that of another task's, on the same rows."""
    own = {(e.task, e.prompt, e.model): e.after for e in errors if e.relation == "same task"}
    away = [e for e in errors if e.relation == "other task"]
    values = [own[e.task, e.prompt, e.model] - e.after for e in away]
    return _over_models(values, away, plan, n_models)


def _wins(errors: Sequence[Error], name: str) -> tuple[int, int]:
    better = [e.after < e.before for e in errors if e.relation == name]
    return sum(better), len(better)


def _by_task(errors: Sequence[Error], found: Sequence[PromptedTask], plan: RunSettings) -> FigureTable:
    n_models = len(found[0].models)
    rows: list[tuple[Cell, ...]] = []
    for task in TASKS:
        some = {name: [e for e in errors if e.relation == name and e.task == task] for name in RELATIONS}
        own = some["same task"]
        before = _over_models([e.before for e in own], own, plan, n_models)
        after = [_over_models([e.after for e in some[name]], some[name], plan, n_models) for name in RELATIONS]
        rows.append((task, next(len(s.test) for s in found if s.task == task), before, *after))
    columns = ("task", "questions", "before", *(f"fitted on the {name}" for name in RELATIONS))
    return FigureTable("Mean ECE over models and prompts, other half of the questions", columns, rows)


def _mmlu(errors: Sequence[Error]) -> dict[str, str]:
    """Mean ECE before and after on the task of the paper's figure, by where the calibrator comes from."""
    said = {}
    for name in RELATIONS:
        some = [e for e in errors if e.relation == name and e.task == "mmlu"]
        if some:
            before, after = (float(np.mean([getattr(e, when) for e in some])) for when in ("before", "after"))
            said[name] = f"MMLU, mean ECE {before:.4f} → {after:.4f}"
    return said


def _claims(saved: dict[str, Figure], lost: Figure, levels: dict[str, str]) -> list[PaperClaim]:
    says = {
        "same task": "Calibration lowers the ECE on unseen questions (language models)",
        "other prompt": "A calibrator of the other prompt still lowers it",
        "other task": "A calibrator of another task still lowers it",
    }
    paper = {"same task": "MMLU, Llama-8B, Platt: .1830 → .0901, so .0929"}
    claims = [
        PaperClaim(
            Question.TRANSFER,
            says[name],
            paper.get(name, NO_FIGURE),
            saved[name],
            "ECE saved, mean",
            in_paper_terms=levels.get(name, ""),
        )
        for name in RELATIONS
    ]
    reads = "ECE of the task's own calibrator less that of another task's, mean"
    return [
        *claims,
        PaperClaim(
            Question.TRANSFER, "A calibrator of another task is as good as the task's own", NO_FIGURE, lost, reads
        ),
    ]
