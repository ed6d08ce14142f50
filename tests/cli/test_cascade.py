"""foureyes cascade, from files to files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from foureyes.cascade.curves import Costs, cascade_curve
from foureyes.cascade.policy import Policy
from foureyes.cascade.routers import AdvantageRouter
from foureyes.cli import main

Rows = Callable[[str, int], Path]
LABELS = ["--small-correct", "right_small", "--large-correct", "right_large"]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """Two models that know how sure they are; the large one is better, row 7 lacks a confidence."""

    def write(name: str, seed: int) -> Path:
        rng = np.random.default_rng(seed)
        small, large = rng.beta(2, 1.2, 600), rng.beta(5, 1, 600)
        right_small, right_large = rng.random(600) < small, rng.random(600) < large
        path = tmp_path / name
        with path.open("w") as file:
            for i in range(600):
                row = {
                    "small": None if i == 7 else small[i],
                    "large": large[i],
                    "raw": small[i] ** 2,
                    "tokens": i % 9 + 2,
                }
                file.write(
                    json.dumps(row | {"right_small": bool(right_small[i]), "right_large": bool(right_large[i])}) + "\n"
                )
        return path

    return write


@pytest.fixture
def router(rows: Rows, tmp_path: Path) -> Path:
    path = tmp_path / "router.json"
    confidences = ["--small-conf", "small", "--large-conf", "large"]
    assert main(["cascade", "fit", str(rows("a.jsonl", 1)), *confidences, "-o", str(path)]) == 0
    return path


def columns(path: Path) -> dict[str, np.ndarray]:
    read = [json.loads(line) for i, line in enumerate(path.read_text().splitlines()) if i != 7]
    return {name: np.array([row[name] for row in read]) for name in read[0]}


def curve(router: Path, rows: Path, *more: str) -> int:
    return main(["cascade", "curve", str(router), str(rows), "--small-conf", "small", *LABELS, *more])


def test_the_router_is_the_librarys(router: Path, rows: Rows) -> None:
    known = columns(rows("a.jsonl", 1))
    assert AdvantageRouter.from_json(router.read_text()) == AdvantageRouter.fit(known["small"], known["large"])


def test_an_order_by_accuracy_needs_labels(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit = ["cascade", "fit", str(rows("a.jsonl", 1)), "--small-conf", "small", "--large-conf", "large"]
    fit += ["--order", "accuracy", "-o", str(tmp_path / "r.json")]
    assert main(fit) == 1
    assert "goes with --small-correct" in capsys.readouterr().err
    assert main([*fit, *LABELS]) == 0
    assert AdvantageRouter.from_json((tmp_path / "r.json").read_text()).order == "accuracy"


def test_the_curve_is_the_librarys_beside_its_baselines(
    router: Path, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = rows("b.jsonl", 2), tmp_path / "page.html"
    costs = ["--small-cost", "tokens", "--large-cost", "40", "--verifier-cost", "1", "--unit", "tokens"]
    capsys.readouterr()
    assert curve(router, path, *costs, "--uncalibrated", "raw", "--html", str(page), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    known = columns(path)
    wanted = cascade_curve(
        known["small"],
        known["right_small"],
        known["right_large"],
        AdvantageRouter.from_json(router.read_text()),
        costs=Costs(known["tokens"], 40, 1),
    )
    assert list(found["curves"]) == ["random", "oracle", "router", "threshold", "uncalibrated"]
    assert found["curves"]["router"]["apgr"] == wanted.apgr
    assert found["curves"]["router"]["apgr_on_cost"] == wanted.apgr_on_cost
    assert found["curves"]["router"]["points"][0]["cut"] is None
    assert found["n_left_out"] == 1
    html = page.read_text()
    assert html.count("<svg") == 1
    assert "uncalibrated" in html


def test_the_rows_of_the_fit_are_refused_unless_asked_for(
    router: Path, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    path = rows("a.jsonl", 1)
    assert curve(router, path) == 1
    assert "the router was fitted on" in capsys.readouterr().err
    assert curve(router, path, "--allow-fitted-rows", "--json") == 0
    assert json.loads(capsys.readouterr().out)["curves"]["router"]["in_sample"] is True


def test_a_target_gives_a_policy_that_does_on_other_rows_what_the_library_says(
    router: Path, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen_on, policy, out = rows("b.jsonl", 2), tmp_path / "policy.json", tmp_path / "out.jsonl"
    target = ["--small-cost", "1", "--large-cost", "10", "--target-cost", "6", "--policy", str(policy)]
    assert curve(router, chosen_on, *target) == 0
    assert "escalate" in capsys.readouterr().out
    simulate = ["cascade", "simulate", str(policy), "--conf", "small", "--conf", "large", "--json"]
    labelled = ["--correct", "right_small", "--correct", "right_large", "--cost", "1", "--cost", "10"]
    assert main([*simulate, str(rows("c.jsonl", 3)), *labelled, "-o", str(out)]) == 0
    numbers = json.loads(capsys.readouterr().out)
    known = columns(tmp_path / "c.jsonl")
    done = Policy.from_json(policy.read_text()).simulate([known["small"], known["large"]])
    after = [json.loads(line) for line in out.read_text().splitlines()]
    assert after[7]["stage"] is None
    assert [row["stage"] for i, row in enumerate(after) if i != 7] == done.stage.tolist()
    assert numbers["accuracy"] == np.where(done.stage == 0, known["right_small"], known["right_large"]).mean()
    assert numbers["cost"] == pytest.approx(1 + 10 * done.stage.mean())
    assert 4 < numbers["cost"] < 8
    assert main([*simulate, str(chosen_on), *labelled]) == 1
    assert "was chosen on 599 rows" in capsys.readouterr().err
    assert main([*simulate, str(chosen_on), *labelled, "--allow-fitted-rows"]) == 0
    assert main([*simulate, str(chosen_on)]) == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--policy", "p.json"], "give --target-accuracy or --target-cost"),
        (["--small-cost", "1"], "costs go together"),
        (["--small-cost", "no", "--large-cost", "2"], "no field 'no'"),
        (["--small-cost", "1", "--large-cost", "-2"], "not negative"),
        (["--target-accuracy", "1"], "no point reaches"),
        (["--small-conf", "tokens"], "must lie in [0, 1]"),
        (["--small-correct", "large"], "must hold true or false"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    router: Path, rows: Rows, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    assert curve(router, rows("b.jsonl", 2), *more) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_things_that_are_no_router_or_policy_are_refused(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, fake = rows("b.jsonl", 2), tmp_path / "fake.json"
    fake.write_text("{}")
    assert curve(fake, path) == 1
    assert "not a fitted AdvantageRouter" in capsys.readouterr().err
    assert main(["cascade", "simulate", str(fake), str(path), "--conf", "small"]) == 1
    assert "not a cascade policy" in capsys.readouterr().err
    assert curve(tmp_path / "none.json", path) == 1
