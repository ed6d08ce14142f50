"""foureyes cascade between two models, from files to files. Chains are in test_chains.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from foureyes.cascade.curves import Costs, cascade_curve
from foureyes.cascade.policy import Policy
from foureyes.cascade.question_router import QuestionRouter
from foureyes.cascade.routers import AdvantageRouter
from foureyes.cli import main

Rows = Callable[[str, int], Path]
CONFIDENCES = ["--conf", "small", "--conf", "large"]
LABELS = ["--correct", "right_small", "--correct", "right_large"]
WORDS = ["sum", "verb", "river", "king", "atom", "song"]


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
                    "question": f"a {WORDS[int(small[i] * 6)]} of {i}",
                }
                file.write(
                    json.dumps(row | {"right_small": bool(right_small[i]), "right_large": bool(right_large[i])}) + "\n"
                )
        return path

    return write


@pytest.fixture
def router(rows: Rows, tmp_path: Path) -> Path:
    return fitted(rows, tmp_path / "router.json", *CONFIDENCES)


def fitted(rows: Rows, path: Path, *options: str) -> Path:
    assert main(["cascade", "fit", str(rows("a.jsonl", 1)), *options, "-o", str(path)]) == 0
    return path


def columns(path: Path) -> dict[str, np.ndarray]:
    read = [json.loads(line) for i, line in enumerate(path.read_text().splitlines()) if i != 7]
    return {name: np.array([row[name] for row in read]) for name in read[0]}


def curve(router: Path, rows: Path, *more: str) -> int:
    return main(["cascade", "curve", str(router), str(rows), "--conf", "small", *LABELS, *more])


def test_the_router_is_the_librarys(router: Path, rows: Rows) -> None:
    known = columns(rows("a.jsonl", 1))
    assert AdvantageRouter.from_json(router.read_text()) == AdvantageRouter.fit(known["small"], known["large"])


def test_an_order_by_accuracy_needs_labels(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit = [
        "cascade",
        "fit",
        str(rows("a.jsonl", 1)),
        *CONFIDENCES,
        "--order",
        "accuracy",
        "-o",
        str(tmp_path / "r.json"),
    ]
    assert main(fit) == 1
    assert "goes with --correct" in capsys.readouterr().err
    assert main([*fit, *LABELS]) == 0
    assert AdvantageRouter.from_json((tmp_path / "r.json").read_text()).order == "accuracy"


def test_the_curve_is_the_librarys_beside_its_baselines(
    router: Path, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = rows("b.jsonl", 2), tmp_path / "page.html"
    costs = ["--cost", "tokens", "--cost", "40", "--verifier-cost", "1", "--unit", "tokens"]
    capsys.readouterr()
    assert curve(router, path, *costs, "--uncalibrated", "raw", "--html", str(page), "--json") == 0
    found = json.loads(capsys.readouterr().out)["result"]
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
    assert found["curves"]["random"]["apgr_on_cost"] == pytest.approx(0.5)
    assert found["n_left_out"] == 1
    assert found["leads"]["threshold"]["apgr"] == pytest.approx(
        found["curves"]["router"]["apgr"] - found["curves"]["threshold"]["apgr"]
    )
    html = page.read_text()
    assert html.count("<svg") == 1
    assert "uncalibrated" in html
    assert "Is the router ahead of the others?" in html


def test_a_cost_is_a_number_a_field_or_a_price_times_a_field(
    router: Path, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert curve(router, rows("b.jsonl", 2), "--cost", "0.5*tokens", "--cost", "40", "--json") == 0
    first = json.loads(capsys.readouterr().out)["result"]["curves"]["router"]["points"][0]
    assert first["cost"] == pytest.approx(columns(rows("b.jsonl", 2))["tokens"].mean() / 2)


def test_other_routers_are_compared_with_a_learned_one_among_them(
    router: Path, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accuracy = fitted(rows, tmp_path / "by-accuracy.json", *CONFIDENCES, "--order", "accuracy", *LABELS)
    questions = ["--question", "question"]
    learned = fitted(rows, tmp_path / "learned.json", "--order", "learned", *questions, *LABELS)
    assert len(QuestionRouter.from_json(learned.read_text()).weights) == 1024
    against = ["--against", str(accuracy), "--against", str(learned), *questions]
    costs = ["--cost", "1", "--cost", "10", "--verifier-cost", "0.5"]
    capsys.readouterr()
    assert curve(router, rows("b.jsonl", 2), *against, *costs, "--json") == 0
    found = json.loads(capsys.readouterr().out)["result"]
    assert list(found["leads"]) == ["threshold", "by-accuracy", "learned"]
    ends = {name: [line["points"][end]["cost"] for end in (0, -1)] for name, line in found["curves"].items()}
    assert ends["router"] == ends["by-accuracy"] == pytest.approx([1.5, 11.5])
    assert ends["learned"] == ends["random"] == pytest.approx([1, 10])
    assert found["curves"]["learned"]["apgr"] > 0.5
    assert curve(router, rows("b.jsonl", 2), *against) == 0
    assert "router less" in capsys.readouterr().out


def test_a_learned_router_is_refused_on_its_own_rows_and_without_questions(
    router: Path, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = ["--question", "question"]
    learned = fitted(rows, tmp_path / "learned.json", "--order", "learned", *questions, *LABELS)
    against = ["--against", str(learned)]
    assert curve(router, rows("b.jsonl", 2), *against) == 1
    assert "give --question or --features" in capsys.readouterr().err
    third = fitted(lambda _, seed: rows("d.jsonl", seed + 3), tmp_path / "third.json", *CONFIDENCES)
    assert curve(third, rows("a.jsonl", 1), *against, *questions) == 1
    assert "were among those that 'learned' was fitted on" in capsys.readouterr().err
    assert curve(router, rows("b.jsonl", 2), *against, "--question", "tokens") == 1
    assert "must hold texts; got 2 in row 0" in capsys.readouterr().err


def test_a_learned_router_reads_numbers_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        x, conf = rng.normal(size=(500, 4)), rng.random(500)
        large = rng.random(500) < 1 / (1 + np.exp(-3 * x[:, 0]))
        paths.append(tmp_path / f"{seed}.npz")
        np.savez(paths[-1], x=x, conf=conf, big=np.full(500, 0.8), s=rng.random(500) < 0.5, l=large)
    flags = ["--correct", "s", "--correct", "l"]
    learned, plain = tmp_path / "mf.json", tmp_path / "r.json"
    fit = ["cascade", "fit", str(paths[0])]
    assert main([*fit, "--order", "learned", "--features", "x", *flags, "-o", str(learned)]) == 0
    assert main([*fit, "--conf", "conf", "--conf", "big", "-o", str(plain)]) == 0
    capsys.readouterr()
    look = [
        "cascade",
        "curve",
        str(plain),
        str(paths[1]),
        "--conf",
        "conf",
        *flags,
        "--against",
        str(learned),
        "--json",
    ]
    assert main([*look, "--features", "x"]) == 0
    found = json.loads(capsys.readouterr().out)["result"]
    assert found["curves"]["mf"]["over_random"] > 0.07
    assert found["leads"]["mf"]["over_random_high"] < 0
    assert main([*look, "--features", "conf"]) == 1
    assert "lists of numbers" in capsys.readouterr().err


def test_the_rows_of_the_fit_are_refused_unless_asked_for(
    router: Path, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    path = rows("a.jsonl", 1)
    assert curve(router, path) == 1
    assert "were among those that 'router' was fitted on" in capsys.readouterr().err
    assert curve(router, path, "--allow-fitted-rows", "--json") == 0
    assert json.loads(capsys.readouterr().out)["result"]["curves"]["router"]["in_sample"] is True


def test_a_target_gives_a_policy_that_does_on_other_rows_what_the_library_says(
    router: Path, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen_on, policy, out = rows("b.jsonl", 2), tmp_path / "policy.json", tmp_path / "out.jsonl"
    costs = ["--cost", "1", "--cost", "10"]
    policy.write_text("mine")
    chosen = [*costs, "--target-cost", "6", "--policy", str(policy)]
    assert curve(router, chosen_on, *chosen) == 1  # nothing is replaced unasked
    assert policy.read_text() == "mine"
    assert curve(router, chosen_on, *chosen, "--force") == 0
    assert "go to the large model" in capsys.readouterr().out
    simulate = ["cascade", "simulate", str(policy), *CONFIDENCES, "--json"]
    labelled = [*LABELS, *costs]
    assert main([*simulate, str(rows("c.jsonl", 3)), *labelled, "-o", str(out)]) == 0
    numbers = json.loads(capsys.readouterr().out)["result"]
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
    written = out.read_bytes()
    assert main([*simulate, str(chosen_on), "-o", str(out)]) == 1  # nothing is replaced unasked
    assert out.read_bytes() == written


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--policy", "p.json"], "give --target-accuracy or --target-cost"),
        (["--cost", "1"], "--cost goes once with each of 2 models; got 1"),
        (["--verifier-cost", "1"], "--verifier-cost goes with a --cost of each model"),
        (["--cost", "no", "--cost", "2"], "no field 'no'"),
        (["--cost", "2*no", "--cost", "2"], "no field 'no'"),
        (["--cost", "1", "--cost", "-2"], "not negative"),
        (["--target-accuracy", "1"], "no point reaches"),
        (["--correct", "right_small"], "give --correct twice, the small model's first; got 3"),
        (["--against", "none.json"], "cannot read none.json"),
        (["--question", "question"], "read by a learned router: give one with --against"),
        (["--uncalibrated", "foureyes.v.p_true"], "'foureyes.v.p_true' is an uncertainty, of which larger is worse"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    router: Path, rows: Rows, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    assert curve(router, rows("b.jsonl", 2), *more) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "say what to read: --conf FIELD for each model"),
        (["--conf", "small"], "two or more; got 1"),
        (["--conf", "tokens", "--conf", "large"], "must lie in [0, 1]"),
        ([*CONFIDENCES, "--cost", "1", "--cost", "2"], "the costs belong to curve"),
        ([*CONFIDENCES, "--verifier-cost", "1"], "the costs belong to curve"),
        ([*CONFIDENCES, "--question", "question"], "read by --order learned only"),
        (["--order", "learned", "--question", "question", *LABELS, "--abstain", "0.5"], "belong to chains"),
        (["--order", "learned", *LABELS], "give --question or --features, and no --conf"),
        (
            ["--order", "learned", "--question", "question", *LABELS[:2]],
            "give --correct twice, the small model's first; got 1",
        ),
        ([*CONFIDENCES, "--correct", "large"], "must hold true or false"),
    ],
)
def test_what_cannot_be_fitted_is_one_line(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert main(["cascade", "fit", str(rows("a.jsonl", 1)), *options, "-o", str(tmp_path / "r.json")]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
    assert not (tmp_path / "r.json").exists()


def test_a_curve_is_not_called_like_another(
    router: Path, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words in (("oracle.json", "name of another curve"), ("$x$.json", "letters, digits")):
        other = tmp_path / name
        other.write_text(router.read_text())
        assert curve(router, rows("b.jsonl", 2), "--against", str(other)) == 1
        assert words in capsys.readouterr().err


def test_things_that_are_no_router_or_policy_are_refused(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, fake = rows("b.jsonl", 2), tmp_path / "fake.json"
    for text, words in (
        ("{", "is not JSON"),
        ("{}", "neither a router nor a chain"),
        ('{"kind": "x"}', f"{fake}: not a fitted AdvantageRouter"),
        ('{"kind": "cascade_chain"}', f"{fake}: not a fitted chain"),
    ):
        fake.write_text(text)
        assert curve(fake, path) == 1
        assert words in capsys.readouterr().err
    assert main(["cascade", "simulate", str(fake), str(path), "--conf", "small"]) == 1
    assert f"{fake}: not a cascade policy" in capsys.readouterr().err
    assert curve(tmp_path / "none.json", path) == 1


def test_a_router_is_followed_as_data_shift(
    router: Path, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean, shifted, latex = rows("clean.jsonl", 2), tmp_path / "shifted.jsonl", tmp_path / "table.tex"
    turned = [json.loads(line) for line in rows("other.jsonl", 3).read_text().splitlines()]
    for row in turned:
        row["small"] = None if row["small"] is None else 1 - row["small"]
    shifted.write_text("\n".join(map(json.dumps, turned)) + "\n")
    shift = ["cascade", "shift", str(router), str(clean), str(shifted), "--conf", "small", *LABELS]
    capsys.readouterr()
    assert main([*shift, "--json", "--latex", str(latex)]) == 0
    found = json.loads(capsys.readouterr().out)["result"]["files"]
    assert [row["file"] for row in found] == [str(clean), str(shifted)]
    assert [row["n_left_out"] for row in found] == [1, 1]
    assert found[0]["curve"]["apgr"] > 0.6
    assert found[1]["curve"]["apgr"] < 0.45
    known = columns(clean)
    wanted = cascade_curve(
        known["small"], known["right_small"], known["right_large"], AdvantageRouter.from_json(router.read_text())
    )
    assert found[0]["curve"]["apgr"] == wanted.apgr
    assert "shifted.jsonl" in latex.read_text()
    assert main(shift) == 0
    assert "over a threshold" in capsys.readouterr().out
    chain = tmp_path / "chain.json"
    chain.write_text('{"kind": "cascade_chain"}')
    assert main([*shift[:2], str(chain), *shift[3:]]) == 1
    assert f"{chain} holds a cascade chain; shift measures a router of two models" in capsys.readouterr().err
    assert main([*shift[:3], str(tmp_path / "a.jsonl"), *shift[5:]]) == 1
    assert "the router was fitted on 599 rows" in capsys.readouterr().err
    assert main([*shift[:3], str(tmp_path / "a.jsonl"), *shift[5:], "--allow-fitted-rows"]) == 0
    assert "(fitted on)" in capsys.readouterr().out
    assert main([*shift[:-2]]) == 1
    assert "--correct of both; got 1 and 1" in capsys.readouterr().err


def test_answers_of_one_class_are_named(router: Path, rows: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    other = rows("b.jsonl", 2)
    read = [json.loads(line) | {"right_large": True} for line in other.read_text().splitlines()]
    other.write_text("\n".join(map(json.dumps, read)) + "\n")
    capsys.readouterr()
    assert curve(router, other) == 0
    assert "right_large: all 599 answers are right" in capsys.readouterr().err
