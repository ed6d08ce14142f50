"""foureyes cascade with three models and with abstention, from files to files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foureyes.cascade.chain_curves import Chain
from foureyes.cascade.mixture import PolicyMix
from foureyes.cascade.policy import Policy
from foureyes.cli import main

NAMES = ("tiny", "middle", "huge")
SKILLS = (0.5, 0.7, 0.9)


def each(option: str, values: tuple[Any, ...]) -> list[str]:
    return [word for value in values for word in (option, str(value))]


CONF = each("--conf", NAMES)
CORRECT = each("--correct", tuple(f"{name}_right" for name in NAMES))
COST = [*each("--cost", (1, 5, 25)), "--verifier-cost", "0.5"]

Rows = Callable[[str, int], Path]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """Three models of growing skill that know when they know."""

    def write(name: str, seed: int) -> Path:
        rng = np.random.default_rng(seed)
        columns: dict[str, Any] = {}
        for model, skill in zip(NAMES, SKILLS, strict=True):
            columns[model] = rng.beta(4 * skill, 4 * (1 - skill), 1500)
            columns[f"{model}_right"] = rng.random(1500) < columns[model]
        path = tmp_path / name
        np.savez(path, **columns)
        return path

    return write


def fit(rows: Rows, path: Path, *more: str) -> Path:
    assert main(["cascade", "fit", str(rows("a.npz", 1)), *CONF, *COST, *more, "-o", str(path)]) == 0
    return path


def curve(chain: Path, rows: Path, *more: str) -> int:
    return main(["cascade", "curve", str(chain), str(rows), *CONF, *CORRECT, *COST, *more])


def test_a_chain_is_measured_beside_its_models_and_a_coin(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain, page = fit(rows, tmp_path / "chain.json"), tmp_path / "page.html"
    capsys.readouterr()
    assert curve(chain, rows("b.npz", 2), "--unit", "cents", "--json", "--html", str(page)) == 0
    found = json.loads(capsys.readouterr().out)["result"]
    assert found["models"] == list(NAMES)
    assert [model["cost"] for model in found["alone"]] == [1, 5, 25]
    assert found["points"][0]["cost"] == pytest.approx(1.5)
    assert found["points"][0]["stopped"] == [1, 0, 0]
    assert max(found["over_mixture"]) > 0.02
    assert found["oracle"]["accuracy"] > max(point["accuracy"] for point in found["points"])
    html = page.read_text()
    assert html.count("<svg") == 1
    assert "tiny → middle → huge" in html
    assert "costs are in cents." in html
    assert curve(chain, rows("b.npz", 2)) == 0
    assert "over coin" in capsys.readouterr().out


def test_the_file_is_the_librarys_chain(rows: Rows, tmp_path: Path) -> None:
    known = np.load(rows("a.npz", 1))
    path = fit(rows, tmp_path / "chain.json", *CORRECT)
    wanted = Chain.fit(
        [known[name] for name in NAMES], [1.5, 5.5, 25], correct=[known[f"{name}_right"] for name in NAMES]
    )
    assert Chain.from_json(path.read_text()) == wanted


def test_a_chain_may_abstain_in_the_end_and_a_target_then_counts_answers(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = fit(rows, tmp_path / "chain.json", "--abstain", "0.8")
    policy, page = tmp_path / "policy.json", tmp_path / "page.html"
    target = ["--target-accuracy", "0.93", "--of", "answers", "--policy", str(policy)]
    capsys.readouterr()
    assert curve(chain, rows("b.npz", 2), *target, "--html", str(page), "--json") == 0
    chosen = json.loads(capsys.readouterr().out)["result"]["chosen"]
    assert chosen["accuracy_answered"] == pytest.approx(0.93)
    assert chosen["answered"] < 1
    assert "What abstaining buys" in page.read_text()
    mix = PolicyMix.from_json(policy.read_text())
    assert "abstain" in mix.second.gates[-1].actions
    simulate = ["cascade", "simulate", str(policy), *CONF, *CORRECT, *COST]
    assert main([*simulate, str(rows("c.npz", 3)), "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)["result"]
    assert numbers["accuracy_answered"] == pytest.approx(0.93, abs=0.03)
    assert numbers["cost"] == pytest.approx(chosen["cost"], rel=0.05)
    assert main([*simulate, str(rows("b.npz", 2))]) == 1
    assert "was chosen on 1,500 rows, and these 1,500 are" in capsys.readouterr().err
    assert curve(chain, rows("b.npz", 2), *target[:4]) == 0
    assert "← target" in capsys.readouterr().out


def test_two_models_may_keep_the_surest_answer(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = [*CONF[:4], *COST[:4]]
    chain, policy, out = tmp_path / "chain.json", tmp_path / "policy.json", tmp_path / "out.npz"
    assert main(["cascade", "fit", str(rows("a.npz", 1)), *two, "--keep", "surest", "-o", str(chain)]) == 0
    target = ["--target-cost", "100", "--policy", str(policy)]
    assert main(["cascade", "curve", str(chain), str(rows("b.npz", 2)), *two, *CORRECT[:4], *target]) == 0
    assert Policy.from_json(policy.read_text()).keep == "surest"
    assert main(["cascade", "simulate", str(policy), str(rows("c.npz", 3)), *CONF[:4], "-o", str(out)]) == 0
    done, known = np.load(out), np.load(tmp_path / "c.npz")
    asked_both = done["stage"] == 1
    assert asked_both.mean() > 0.5
    assert (done["model"] == (asked_both & (known["middle"] >= known["tiny"]))).all()


def test_one_model_that_may_abstain_is_a_chain_too(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, one = tmp_path / "one.json", ["--conf", "tiny", "--cost", "1"]
    assert main(["cascade", "fit", str(rows("a.npz", 1)), *one, "--abstain", "0.6", "-o", str(path)]) == 0
    capsys.readouterr()
    assert main(["cascade", "curve", str(path), str(rows("b.npz", 2)), *one, "--correct", "tiny_right", "--json"]) == 0
    (point,) = json.loads(capsys.readouterr().out)["result"]["points"]
    assert point["answered"] < 0.6
    assert point["accuracy_answered"] > 0.7


def test_the_rows_of_the_fit_are_refused_unless_asked_for(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = fit(rows, tmp_path / "chain.json")
    assert curve(chain, rows("a.npz", 1)) == 1
    assert "the chain was fitted on 1,500 rows" in capsys.readouterr().err
    assert curve(chain, rows("a.npz", 1), "--allow-fitted-rows", "--json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["result"]["in_sample"] is True
    assert "say nothing about new rows" in shown.err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--order", "threshold"], "a chain has one order, unimodal; got --order threshold"),
        (["--cost", "1"], "once with each of 3 models; got 4"),
        (["--correct", "tiny_right"], "a column for each of 3 models; got 1"),
        (["--abstain", "1.5"], "abstain must be worth"),
        (["--bins", "0"], "bins must be at least 1; got 0"),
    ],
)
def test_what_cannot_be_fitted_is_one_line(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    out = ["-o", str(tmp_path / "chain.json")]
    assert main(["cascade", "fit", str(rows("a.npz", 1)), *CONF, *COST, *more, *out]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([*CONF, *CORRECT], "give --cost for each of 3 models"),
        ([*CONF[:4], *CORRECT, *COST], "this chain asks 3 models; got confidences of 2"),
        ([*CONF, *CORRECT[:4], *COST], "a column for each of 3 models; got 2"),
        ([*CONF, *CORRECT, *COST, "--uncalibrated", "tiny"], "for routers between two models; got a chain"),
        ([*CONF, *CORRECT, *COST, "--target-cost", "1"], "no policy costs 1 or less; the cheapest costs 1.5"),
        ([*CONF, *CORRECT, *COST, "--target-accuracy", "1"], "no policy reaches an accuracy of 1"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    chain = fit(rows, tmp_path / "chain.json")
    assert main(["cascade", "curve", str(chain), str(rows("b.npz", 2)), *more]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_a_chain_without_costs_is_not_fitted(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cascade", "fit", str(rows("a.npz", 1)), *CONF, "-o", str(tmp_path / "c.json")]) == 1
    assert "give --cost for each of 3 models" in capsys.readouterr().err


def test_costs_without_outcomes_count_nothing(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "policy.json"
    assert curve(fit(rows, tmp_path / "c.json"), rows("b.npz", 2), "--target-cost", "9", "--policy", str(policy)) == 0
    assert main(["cascade", "simulate", str(policy), str(rows("c.npz", 3)), *CONF, *COST]) == 1
    assert "give --correct for each model too" in capsys.readouterr().err
