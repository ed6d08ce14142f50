"""The study of vision models: questions by kind, one rotation each, and what a temperature of home does elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from foureyes.report.study import study_markdown
from studies.vision import HOME, LARGE, Fitted, kinds, n_broken, report_of

_NAMES = ["small", "middle", LARGE]
_SIZES = np.array([1.0, np.nan, 34.0])


def data(n: int = 240):
    """Logits that are twice too sure, worse on the kind "elsewhere"; every question also in a rotation."""
    rng = np.random.default_rng(0)
    gold, where = rng.integers(0, 4, n), np.arange(n) % 2 == 1
    skill = np.array([1.0, 1.5, 3.0])[:, None, None] * np.where(where, 0.5, 1.0)[None, :, None]
    logits = 2 * (skill * np.eye(6)[gold] + rng.gumbel(size=(3, n, 6)))
    logits[0, 0, 2] = np.nan
    kind = np.where(where, "elsewhere", HOME)
    both = {"logits": (logits, 1), "gold": (gold, 0), "l2_category": (kind, 0)}
    twice = {name: np.concatenate([values, values], axis=axis) for name, (values, axis) in both.items()}
    return {**twice, "ids": np.concatenate([np.arange(n), np.arange(n) + 1_000_000])}


def test_a_question_counts_once_and_only_with_all_its_options() -> None:
    home, away = kinds(data())
    assert (home.name, away.name) == (HOME, "elsewhere")
    assert (home.logits.shape, away.logits.shape) == ((3, 119, 4), (3, 120, 4))
    assert home.right.mean() > away.right.mean()


def test_what_is_judged_was_not_fitted_on_and_too_sure_models_are_cooled() -> None:
    found = list(kinds(data()))
    fitted = Fitted.of(_NAMES, _SIZES, found, 0)
    assert len(fitted.fit.gold) + len(fitted.judged[0].gold) == len(found[0].gold)
    assert fitted.pair == (0, 2)
    assert all(one.temperature > 1.3 for one in fitted.warm)
    page = study_markdown(report_of(fitted, "command"))
    assert "Of the 1 other kinds, a temperature fitted at home surely saves Brier score on 1 and loses on 0." in page
    assert "**small → llava-v1.6-34b**" in page
    assert "not corruptions" in page
    assert "Questions left out" not in page
    assert "whether a temperature helps is decided by the Brier score" in page
    named = study_markdown(report_of(replace(fitted, n_broken=n_broken(data())), "command"))
    assert "Questions left out, since a logit of some model is no number: 1." in named


def test_a_router_that_keeps_the_order_of_confidence_is_said_to_be_a_threshold() -> None:
    page = study_markdown(report_of(Fitted.of(_NAMES, _SIZES, list(kinds(data())), 0), "command"))
    gains = re.findall(r"\| ([+−]0\.\d{3}) \\\[[^|]*\] \|$", page, re.MULTILINE)
    assert len(gains) == 2
    assert ("the same as a threshold" in page) is (set(gains) == {"+0.000"})


def test_the_half_is_the_seeds() -> None:
    found = list(kinds(data()))
    first, again, other = (Fitted.of(_NAMES, _SIZES, found, seed) for seed in (0, 0, 1))
    assert first.warm[0].temperature == again.warm[0].temperature != pytest.approx(other.warm[0].temperature)
