"""The study of programs: rows kept and not made again, doubts over the code, and what is said of cascade and choice."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader, ScriptedWriter
from foureyes.report.study import study_markdown
from foureyes.study.tasks.code import CodeProblem
from foureyes.study.tasks.items import TaskItem
from studies.programs import rows as made
from studies.programs import stored
from studies.programs.__main__ import LARGE, READERS, SMALL, report_of
from studies.programs.cascade import Cascade, calibration_section
from studies.programs.choosing import choosing_section
from studies.programs.doubts import Doubts, doubts_of, left_out
from studies.programs.rows import SAMPLES, Workshop
from studies.route import cache

_N = 40


@pytest.fixture(autouse=True)
def weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights are fetched to know which they are."""
    monkeypatch.setattr(made, "weights_of", str)


def items() -> dict[str, TaskItem]:
    problem = CodeProblem("assert f(1) == 1")
    return {str(i): TaskItem(str(i), f"Write f, {i}.", "code", problem=problem) for i in range(_N)}


def program(right: object, surprise: float) -> dict[str, object]:
    return {"text": "x", "right": bool(right), "cut": False, "nll": [9.0, surprise, surprise], "code": [0, 1, 1]}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Rows as a run leaves them: the small writer knows a little when it is wrong, the large reader well."""
    monkeypatch.setattr(cache, "digest_of", lambda _: "made by hand")
    rng = np.random.default_rng(0)
    right = rng.random((_N, 1 + SAMPLES)) < 0.5
    noise = rng.normal(size=right.shape)
    own, read = np.exp(0.5 * ~right + noise), np.exp(3.0 * ~right + noise)
    blind = np.exp(rng.normal(size=right.shape))

    def keep(name: str, field: str, of: list[list[dict[str, object]]]) -> None:
        lines = [json.dumps({"id": str(i), "of": "made by hand", field: several}) for i, several in enumerate(of)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")

    def each(values, columns: slice) -> list[list[dict[str, object]]]:
        return [
            [program(r, float(v)) for r, v in zip(right[i, columns], values[i, columns], strict=True)]
            for i in range(_N)
        ]

    for name, columns in (("written", slice(0, 1)), ("sampled", slice(1, None))):
        keep(f"{name}-{SMALL}", "programs", each(own, columns))
        for reader, values in zip(READERS, (blind, read), strict=True):
            keep(f"read-{name}-{SMALL}-by-{reader}", "readings", each(values, columns))
    keep(f"written-{LARGE}", "programs", [[program(rng.random() < 0.8, 1.0)] for _ in range(_N)])
    return Workshop(tmp_path, items(), 0)


def test_doubts_are_over_the_code_of_programs_that_all_have_read(shop: Workshop) -> None:
    rows, seen = shop.written(SMALL), shop.read(LARGE, f"written-{SMALL}", shop.written(SMALL))
    del seen["3"]
    seen["5"]["readings"][0]["nll"] = None
    found = doubts_of(rows, {LARGE: seen})
    assert (len(found.right), "3" in found.ids, 4 in found.problems) == (_N - 2, False, False)
    np.testing.assert_allclose(
        found.values["own: mean"], [rows[found.ids[n]]["programs"][0]["nll"][1] for n in found.problems]
    )
    assert (found.length == 1).all()


def test_the_page_tells_a_reader_that_knows_from_one_that_does_not(shop: Workshop) -> None:
    page = study_markdown(report_of(shop, "command"))
    above = next(line for line in page.splitlines() if line.startswith("- Cascade: surely above"))
    assert f"{LARGE}: mean" in above
    assert "smollm2" not in above.split("below")[0]
    assert f"Best of several by {LARGE}: mean: +0." in page
    assert "better; beside the author's own +0." in page
    assert "| published, MBPP, other models | 0.6897 |" in page
    assert "| published, GSM8K, which is another task, other models | 0.7593 |" in page
    assert f"Greedy programs cut off at 192 tokens: {SMALL} 0 of 40, of which 0 right; {LARGE} 0 of 40" in page
    assert "Left out" not in page
    assert "wanted 10" not in page


def test_a_perfect_reader_solves_what_can_be_solved(shop: Workshop) -> None:
    found = doubts_of(shop.sampled(SMALL), {})
    perfect = {**found.values, "perfect": (~found.right).astype(float)}
    section, _ = choosing_section(replace(found, values=perfect))
    by = {row[0]: row for row in section.tables[0].rows}
    assert by["perfect"][1] == by["one that is right, if there is any"][1]
    assert float(by["a random one"][1]) == pytest.approx(found.right.mean(), abs=0.001)
    assert by["perfect"][4].startswith("1.000")


def test_problems_without_a_sample_that_was_read_are_left_out_and_named(shop: Workshop) -> None:
    rows = shop.sampled(SMALL)
    for program in [*rows["1"]["programs"], rows["2"]["programs"][0]]:
        program["nll"] = None
    rows["3"]["programs"][0] |= {"cut": True, "right": True}
    found = doubts_of(rows, {})
    section, _ = choosing_section(found)
    solvable = [any(one["right"] for one in row["programs"] if one["nll"]) for row in rows.values() if row != rows["1"]]
    shown = {row[0]: row[1] for row in section.tables[0].rows}
    assert shown["one that is right, if there is any"] == f"{np.mean(solvable):.3f}"
    assert section.tables[0].note.startswith("39 problems, 3 to 4 samples each, ")
    assert ", 1 of 155 cut off at the limit of tokens, of which 1 right." in section.tables[0].note
    assert left_out(found, "the choice") == [
        "Left out of the choice, as not every reader read them: 5 of 160 programs, of 2 problems (1, 2)."
    ]


def test_what_was_not_written_or_read_stands_on_the_page(shop: Workshop) -> None:
    for name in (f"written-{LARGE}", f"sampled-{SMALL}", f"read-written-{SMALL}-by-{LARGE}"):
        path = shop.folder / f"{name}.jsonl"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[2:]))
    page = study_markdown(report_of(shop, "command"))
    assert f"- No program of {LARGE} for 2 of 40 problems, as the time was over: 0, 1." in page
    assert f"- No program of {SMALL}, samples for 2 of 40 problems" in page
    assert "Left out" not in page, "of the problems that both wrote, all were read"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    page = study_markdown(report_of(shop, "command"))
    assert "Left out of the cascade, as not every reader read them: 1 of 38 programs, of 1 problem (2)." in page


def doubted(values: list[float], right: list[bool]) -> Cascade:
    n = len(values)
    flags = np.array(right, np.bool_)
    some = Doubts(
        np.arange(n), flags, ~flags & False, np.ones(n), {"own": np.array(values)}, tuple(map(str, range(n))), ()
    )
    return Cascade(some, np.ones(n, np.bool_))


def test_scores_of_calibrators_have_intervals() -> None:
    rng = np.random.default_rng(0)
    right = rng.random(60) < 0.5
    rows = calibration_section(doubted(list(np.exp(rng.normal(size=60) - right)), list(right))).tables[0].rows
    assert [row[2] for row in rows] == ["log-odds-platt", "platt", "beta", "histogram", "isotonic"]
    for row in rows:
        for cell in row[3:]:
            value, low, high = (float(part) for part in cell.replace("[", "").replace("]", "").replace(",", "").split())
            assert low <= value <= high
            assert low < high


def test_only_a_doubt_that_points_the_other_way_is_called_so() -> None:
    right = [i % 3 == 0 for i in range(60)]
    turned = calibration_section(doubted([0.5 + one + 0.01 * (i % 7) for i, one in enumerate(right)], right))
    assert [row[2] for row in turned.tables[0].rows] == ["none: less doubted, less often right"]
    with pytest.raises(InputError, match="must lie in \\[0, 1\\]"):
        calibration_section(doubted([-0.5 - 0.01 * (i % 7) for i in range(60)], right))


def test_without_enough_programs_nothing_is_claimed(tmp_path: Path) -> None:
    page = study_markdown(report_of(Workshop(tmp_path, items(), 0), "command"))
    assert "No cascade: wanted 10 programs" in page
    assert "No choice among samples" in page
    assert "What came out" not in page


def test_published_programs_are_read_and_judged_by_their_verdicts(shop: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "humaneval_completions_2023"
    folder.mkdir()
    of = {str(i): shop.sampled(SMALL)[str(i)]["programs"] for i in range(_N)}
    with gzip.open(folder / "completions.jsonl.gz", "wt") as file:
        for i in range(_N):
            for k, writer in enumerate([*stored.WRITERS, stored.LARGE]):
                right = of[str(i)][k]["right"] if k < SAMPLES else i % 4 > 0
                row = {"task_id": str(i), "model": writer, "completion": "x" * (i + k + 1), "passed": right}
                file.write(json.dumps(row) + "\n")
    programs = stored.published_programs(tmp_path, stored.WRITERS)
    assert [program["right"] for program in programs["7"]["programs"]] == [program["right"] for program in of["7"]]
    (tmp_path / f"read-stored-by-{READERS[0]}.jsonl").write_text(
        (tmp_path / f"read-sampled-{SMALL}-by-{LARGE}.jsonl").read_text()
    )
    page = study_markdown(
        report_of(shop, "command", (shop, programs, stored.published_programs(tmp_path, (stored.LARGE,))))
    )
    said = [line for line in page.splitlines() if line.startswith("- Published programs, 40 problems. ")]
    assert len(said) == 2
    assert "smollm2-135m: mean: +0." in said[0]
    assert "better; beside the shortest +0." in said[0]
    assert "surely above a random one by smollm2-135m: mean" in said[1]
    assert "| published, MBPP, which is another task, other models | 0.6897 |" in page
    assert "“gpt3” (by its score GPT-3.5-turbo) 75.0%" in page


def test_programs_are_written_run_read_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ScriptedWriter({"Write f, 1.": "```python\ndef f(x): return x\n```"}, otherwise="def f(x): return 2")
    monkeypatch.setattr(made, "_writer", lambda _: writer)
    monkeypatch.setattr(made, "_reader", lambda name: ScriptedReader({}, name=name))
    shop = Workshop(tmp_path, {one: items()[one] for one in ("0", "1")}, 60)
    rows = shop.written("w")
    assert {one: row["programs"][0]["right"] for one, row in rows.items()} == {"0": False, "1": True}
    [read] = shop.read("r", "written-w", rows)["1"]["readings"]
    assert (sum(read["code"]), len(read["code"])) == (4, 6)
    monkeypatch.setattr(made, "_writer", lambda _: pytest.fail("it was kept"))
    assert shop.written("w") == rows
    assert Workshop(tmp_path, items(), 0).written("w") == rows, "no time: what is there"
