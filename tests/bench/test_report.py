"""A run's results on the page: what kept its aim, what missed it, what did not finish."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

import bench.report
from bench import sizes
from bench.machine import command_line
from bench.read import _kept, _restored
from bench.report import bounds, render
from bench.session import TimedCell
from bench.targets import ALONE, TARGETS, Results, speed_ratio, steadiness


def run(seconds: float, mib: float = 100) -> dict[str, float]:
    return {"seconds": seconds, "cpu_seconds": 2 * seconds, "reading_peak_bytes": mib * 2**20, "rest_bytes": 50 * 2**20}


def a_cell(model: str = "gemma3-270m", workload: str = "long", **runs: list[dict[str, float]]) -> TimedCell:
    named = {name.replace("_", "-"): each for name, each in runs.items()}
    notes: dict[str, dict[str, Any]] = {name: {"load_seconds": 1.0, "loading_peak_bytes": 2**20} for name in named}
    work = {"pairs": 2, "tokens": 1000, "answer_tokens": 60, "flop": 500}
    cell = TimedCell(model, "bfloat16", workload, work, {**named}, notes)
    if "alone" in cell.runs:
        cell.runs[ALONE], cell.notes[ALONE] = cell.runs.pop("alone"), cell.notes.pop("alone")
    if "ceiling" in cell.notes:
        cell.notes["ceiling"] |= {"flop": 1000, "size": 1024}
    return cell


def results(*cells: TimedCell) -> Results:
    machine = {
        "processor": "p",
        "processors": 2,
        "memory_bytes": 2**34,
        "python": "3",
        "commit": "c",
        "versions": {},
        "rivals": {},
    }
    about = {
        "command": "x",
        "date": "d",
        "quick": False,
        "threads": 2,
        "rounds": 2,
        "load_before": 0.1,
        "load_after": 2.0,
    }
    sizes = [(1_000, 11.0), (10_000, 20.0), (100_000, 110.0)]
    growing = [{"rows": n, "reading_seconds": s - 10, "cpu_seconds": s, "peak_bytes": 2**28} for n, s in sizes]
    return Results(
        about={**about, "machine": machine},
        cells=cells,
        scaling={"tiny": growing},
        start_up={"runs": 5, "seconds": 0.21, "low": 0.2, "high": 0.3, "cpu_seconds": 0.2},
    )


def reached(name: str, cell: TimedCell, processor: str = "p (avx2)") -> str:
    target = next(target for target in TARGETS if target.name == name)
    spread = target.reached(cell)
    return "nothing" if spread is None else f"{spread} {target.met(cell, spread, processor)}"


@pytest.mark.parametrize(("ours", "verdict"), [(4.0, "1.00 True"), (4.4, "0.91 True"), (4.5, "0.89 False")])
def test_speed_against_the_floor(ours: float, verdict: str) -> None:
    cell = a_cell(alone=[run(ours)], floor=[run(4.0)])
    assert reached("speed ÷ floor, same tokens, 512-token prompts", cell) == verdict


@pytest.mark.parametrize(("model", "verdict"), [("gemma3-270m", "2.50 False"), ("smollm2-135m", "2.50 True")])
def test_each_model_has_its_own_aim_against_lm_eval(model: str, verdict: str) -> None:
    cell = a_cell(model, foureyes=[run(2.0)], lm_eval=[run(5.0)])
    assert reached("speed ÷ lm-eval, 512-token prompts", cell) == verdict


@pytest.mark.parametrize(
    ("workload", "words", "ours", "verdict"),
    [
        ("short", "short pairs", 1.7, "2.94 False"),
        ("short", "short pairs", 1.6, "3.12 True"),
        ("long", "512-token prompts", 2.4, "2.08 True"),
        ("long", "512-token prompts", 2.6, "1.92 False"),
    ],
)
def test_with_amx_the_aims_against_lm_eval_are_the_workloads(
    workload: str, words: str, ours: float, verdict: str
) -> None:
    cell = a_cell("smollm2-135m", workload, foureyes=[run(ours)], lm_eval=[run(5.0)])
    assert reached(f"speed ÷ lm-eval, {words}", cell, "p (avx2, amx_bf16)") == verdict


@pytest.mark.parametrize(("dtype", "verdict"), [("bfloat16", "1.05 False"), ("float32", "1.05 True")])
def test_with_amx_more_than_the_floor_is_wanted_of_bfloat16(dtype: str, verdict: str) -> None:
    cell = replace(a_cell(alone=[run(4.0)], floor=[run(4.2)]), dtype=dtype)
    assert reached("speed ÷ floor, same tokens, 512-token prompts", cell, "p (avx2, amx_bf16)") == verdict


PAGE = (Path(__file__).parents[2] / "docs" / "bench.md").read_text()


def test_the_page_that_is_kept_is_the_one_that_is_drawn_word_for_word() -> None:
    drawn = (Path(bench.report.__file__).parent / "page.md").read_text()
    parts = [part for part in re.split(r"\$\w+", drawn) if part.strip()]
    rest = PAGE
    for part in parts:
        _, found, rest = rest.partition(part)
        assert found, f"docs/bench.md has not: {part}"


def test_the_page_that_is_kept_says_no_more_above_the_aims_than_is_drawn() -> None:
    above = render(results(a_cell(foureyes=[run(1.0)]))).partition("## Aims")[0]
    assert PAGE.partition("## Aims")[0].count("\n\n") == above.count("\n\n")


def test_the_aims_of_the_page_that_is_kept_are_those_of_the_program() -> None:
    found = re.search(r"\| processor \| (.*?), \d+ usable", PAGE)
    assert found
    cells = [a_cell("gemma3-270m", workload, foureyes=[run(1.0)]) for workload in ("short", "long")]
    was = results(*cells)
    about = {**was.about, "machine": {**was.about["machine"], "processor": found[1]}}
    table = PAGE.partition("## Aims")[2].partition("\n\n|  | aim | reached |")[0]
    lines = [[one.strip() for one in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")]
    assert lines[0][2:] == ["gemma3-270m bfloat16"]
    aims = {target.name: bounds(target, replace(was, about=about)) for target in TARGETS}
    assert {name: aim for name, aim, _ in lines[2:]} == aims
    for name, aim, told in lines[2:]:
        if aim and told != "–":
            sign, bound = aim.split()
            reached = float(told.split()[0])
            assert (reached <= float(bound) if sign == "≤" else reached >= float(bound)) == told.endswith("✓"), name


def test_a_page_names_the_options_of_which_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    page = sizes.markdown({"answers": [1.0, 2.0, 4.0]}, 0.1, command_line("bench.sizes", ["--rounds", "3"]))
    assert "Made by `python -m bench.sizes --rounds 3`: medians of 3 rounds" in page
    monkeypatch.setattr("sys.argv", ["sizes.py", "--markdown", "a b.md"])
    assert command_line("bench.sizes") == "python -m bench.sizes --markdown 'a b.md'"


def test_memory_is_better_when_it_is_less() -> None:
    cell = a_cell(workload="short", foureyes=[run(1, 390)], lm_eval=[run(1, 1000)])
    assert reached("peak memory ÷ lm-eval, short pairs", cell) == "0.39 True"


def test_memory_of_loading_counts_too_and_memory_to_read_leaves_the_rest_out() -> None:
    cell = a_cell(workload="short", foureyes=[run(1, 300), run(1, 310)], lm_eval=[run(1, 1000)])
    cell.notes["foureyes"]["loading_peak_bytes"] = 500 * 2**20
    assert reached("peak memory ÷ lm-eval, short pairs", cell) == "0.50 False"
    assert reached("memory to read ÷ lm-eval, short pairs", cell) == "0.26 None"


def test_share_of_the_ceiling_compares_rates() -> None:
    cell = a_cell(alone=[run(1.0)], ceiling=[run(1.0)])  # 500 of work and 1000 of products, in a second each
    assert reached("share of the matrix-product ceiling, 512-token prompts", cell) == "0.50 False"


def test_speed_is_the_other_way_round_than_time() -> None:
    cell = a_cell(foureyes=[run(1.0), run(1.0)], lm_eval=[run(2.0), run(4.0)])
    assert str(speed_ratio(cell, "foureyes", "lm-eval")) == "3.00 [2.00, 4.00]"


def test_linear_growth_is_told_from_quadratic() -> None:
    sizes = (1_000, 10_000, 100_000)
    linear = [{"rows": n, "cpu_seconds": 5 + n / 1000} for n in sizes]
    quadratic = [{"rows": n, "cpu_seconds": 5 + n * n / 1e6} for n in sizes]
    assert steadiness(linear, "cpu_seconds") == pytest.approx(1.0)
    assert steadiness(quadratic, "cpu_seconds") == pytest.approx(10.0)
    assert steadiness(linear[:2], "cpu_seconds") is None


def test_the_page_says_what_was_kept_missed_and_unfinished() -> None:
    cell = a_cell(foureyes=[run(1.0, 300)], alone=[run(2.0)], floor=[run(1.0)], ceiling=[run(1.0)])
    cell.failures["lm-eval"] = "lm-eval ended with status -9: no message"
    page = render(results(cell))
    assert "0.50 ✗" in page
    assert "1.00 ✓" in page
    assert "lm-eval did not finish: lm-eval ended with status -9" in page
    assert "nan" not in page.lower()
    assert "$" not in page


def test_a_quick_run_says_that_it_is_one() -> None:
    quick = results(a_cell(foureyes=[run(1.0)]))
    assert "quick run" in render(Results(**{**vars_of(quick), "about": {**quick.about, "quick": True}}))


def test_a_run_that_stops_early_keeps_what_it_has_and_says_so(tmp_path: Path) -> None:
    def steps() -> Iterator[Results]:
        yield results()
        yield results(a_cell(foureyes=[run(1.0)]))
        raise subprocess.CalledProcessError(1, ["foureyes"])

    kept = _kept(steps(), tmp_path / "kept.json")
    assert len(kept.cells) == 1
    assert "stopped early (Command" in render(kept)
    assert len(_restored(json.loads((tmp_path / "kept.json").read_text())).cells) == 1


def vars_of(value: Results) -> dict[str, Any]:
    return {name: getattr(value, name) for name in Results.__slots__}


def test_kept_results_draw_the_same_page_again() -> None:
    fresh = results(a_cell(foureyes=[run(1.0)], lm_eval=[run(2.0), run(3.0)]))
    assert render(_restored(json.loads(json.dumps(asdict(fresh))))) == render(fresh)
