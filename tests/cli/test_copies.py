"""``calibrate apply`` and ``clean`` into a folder of shards: the rows of a run over all rows at once, whoever does the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from foureyes.cli import main

ROOT = Path(__file__).parents[2]
CLEAN = ("--label", "label", "--probs", "p", "--classes", "cat,dog,cow")
APPLY = ("--score", "foureyes.v.log_cmp")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """300 rows with a score, each tenth without, and labels of which each tenth is wrong."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 300)
    given = np.where(np.arange(300) % 10 == 0, (true + 1) % 3, true)
    probs = rng.dirichlet(np.ones(3), 300) * 0.2
    probs[np.arange(300), true] += 0.8
    score = rng.normal(2, 1, 300)
    with (tmp_path / "rows.jsonl").open("w") as file:
        for i in range(300):
            seen = {"unscored": {"reason": "empty_answer"}} if i % 10 == 9 else {"log_cmp": score[i]}
            row = {"text": f"item {i}", "label": ("cat", "dog", "cow")[given[i]], "p": probs[i].tolist()}
            file.write(json.dumps({**row, "foureyes": {"v": seen}, "right": bool(score[i] < 2)}) + "\n")
    fit = ["calibrate", "fit", str(tmp_path / "rows.jsonl"), *APPLY, "--correct", "right", "--kind", "platt"]
    assert main([*fit, "-o", str(tmp_path / "c.json")]) == 0
    return tmp_path


def asked(place: Path, verb: str, *more: str) -> list[str]:
    rows = str(place / "rows.jsonl")
    head = ["clean", rows, *CLEAN] if verb == "clean" else ["calibrate", "apply", str(place / "c.json"), rows, *APPLY]
    return [*head, *more]


def joined(folder: Path) -> bytes:
    shards = sorted(folder.glob("shard-*.jsonl"))
    assert len(shards) == 5
    return b"".join(path.read_bytes() for path in shards)


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("apply", ()),
        ("apply", ("--flag-rate", "0.1")),
        ("clean", ()),
        ("clean", ("--method", "confident_learning")),
        ("clean", ("--keep-top", "0.5", "--action", "drop")),
        ("clean", ("--action", "relabel")),
    ],
)
def test_shards_hold_what_one_copy_holds(
    place: Path, capsys: pytest.CaptureFixture[str], verb: str, options: tuple[str, ...]
) -> None:
    said = []
    for out, more in ((f"{place}/one.jsonl", ()), (f"{place}/out/", ("--rows-per-shard", "70"))):
        capsys.readouterr()
        assert main(asked(place, verb, "-o", out, *options, *more, "--json")) == 0
        told = json.loads(capsys.readouterr().out)["result"]
        said.append(told | {"output": ""})
    assert said[0] == said[1]
    assert joined(place / "out") == (place / "one.jsonl").read_bytes()


@pytest.mark.parametrize("verb", ["apply", "clean"])
def test_a_cluster_writes_the_same_bytes(place: Path, verb: str) -> None:
    if (
        "CI" not in os.environ and find_spec("ray") is None
    ):  # Ray's first import settles how a process asks for tokens ever after
        pytest.skip("ray is not installed")
    for out, engine in (("local", "local"), ("spread", "ray")):
        command = [
            sys.executable,
            "-m",
            "foureyes",
            *asked(place, verb, "-o", f"{place}/{out}/", "--rows-per-shard", "70"),
        ]
        settings = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(
            [*command, "--engine", engine], capture_output=True, text=True, check=False, env=settings, timeout=600
        )
        assert done.returncode == 0, done.stderr
    assert joined(place / "spread") == joined(place / "local")


def test_issues_of_shards_are_found_without_a_copy(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for more in ((), ("--rows-per-shard", "70")):
        capsys.readouterr()
        assert main(asked(place, "clean", *more, "--json")) == 0
        said.append(json.loads(capsys.readouterr().out)["result"]["issues"])
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("-o", "{}/one.jsonl", "--engine", "ray"), "end OUT with a /"),
        (("-o", "{}/one.jsonl", "--rows-per-shard", "5"), "end OUT with a /"),
        (("-o", "{}/out/", "--address", "auto"), "goes with --engine ray"),
        (("-o", "ftp://host/out/"), "ftp://"),
        (("-o", "{}/"), "wants a folder of its own"),
        (("-o", "{}/out/", "--rows-per-shard", "0"), "at least one row a shard"),
    ],
)
def test_options_that_do_not_go_together(
    place: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], what: str
) -> None:
    more = [option.format(place) for option in options]
    try:
        status = main(asked(place, "clean", *more))
    except SystemExit as end:
        status = int(str(end.code))
    assert status in {1, 2}
    assert what in capsys.readouterr().err


KILLED = """
import os, signal, sys
from foureyes.batch.shards.places import DiskFolder
from foureyes.cli import main

step, last = sys.argv[1], int(sys.argv[2])
done, calls = getattr(DiskFolder, step), []

def counted(*arguments, **options):
    calls.append(step)
    return done(*arguments, **options) if len(calls) < last else os.kill(os.getpid(), signal.SIGKILL)

setattr(DiskFolder, step, counted)
main(sys.argv[3:])
"""


def killed(arguments: list[str], step: str, time: int) -> None:
    child = [sys.executable, "-c", KILLED, step, str(time), *arguments]
    settings = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(child, capture_output=True, text=True, check=False, env=settings)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("verb", ["apply", "clean"])
@pytest.mark.parametrize(("step", "time", "whole"), [("keep", 2, 1), ("publish", 2, 1), ("say_whole", 1, 5)])
def test_a_run_that_was_killed_says_so_and_is_gone_on_with_to_the_same_bytes(
    place: Path, capsys: pytest.CaptureFixture[str], verb: str, step: str, time: int, whole: int
) -> None:
    asking = asked(place, verb, "-o", f"{place}/out/", "--rows-per-shard", "70")
    killed(asking, step, time)
    mark = place / "out/.foureyes/unfinished"
    assert mark.exists()
    before = {path: path.stat().st_mtime_ns for path in (place / "out").glob("shard-*")}
    assert len(before) == whole
    assert main(["clean", f"{place}/out", *CLEAN]) == 1
    assert "out/ is what a run has not finished" in capsys.readouterr().err
    assert main(asking) == 1
    assert "--resume goes on with it, --force throws them away" in capsys.readouterr().err
    assert main([*asking, "--resume"]) == 0
    assert main(asked(place, verb, "-o", f"{place}/one.jsonl")) == 0
    assert joined(place / "out") == (place / "one.jsonl").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not mark.exists()
    assert list((place / "out/.foureyes/work").iterdir()) == []


def test_going_on_begins_a_run_that_was_never_begun_and_leaves_one_that_is_whole(place: Path) -> None:
    asking = asked(place, "apply", "-o", f"{place}/out/", "--rows-per-shard", "70", "--resume")
    seen = []
    for _ in range(2):
        assert main(asking) == 0
        joined(place / "out")
        seen.append({path: path.stat().st_mtime_ns for path in (place / "out").glob("shard-*")})
    assert seen[0] == seen[1]


def other_calibrator(place: Path) -> None:
    fit = ["calibrate", "fit", f"{place}/rows.jsonl", *APPLY, "--correct", "right", "--kind", "isotonic", "--force"]
    assert main([*fit, "-o", f"{place}/c.json"]) == 0


def other_rows(place: Path) -> None:
    with (place / "rows.jsonl").open("a") as file:
        file.write(json.dumps({"text": "late", "foureyes": {"v": {"log_cmp": 1.0}}}) + "\n")


def no_other(_: Path) -> None:
    """All is as it was."""


@pytest.mark.parametrize(
    ("change", "options", "what"),
    [
        (
            other_calibrator,
            (),
            "the values of the column 'confidence' are others than they were: other options, another calibrator",
        ),
        (no_other, ("--field", "p_right"), "the columns that are added were confidence and are p_right"),
        (no_other, ("--flag-rate", "0.1"), "the columns that are added were confidence and are confidence, flagged"),
        (no_other, ("--rows-per-shard", "60"), "rows_per_shard was 70 and is 60"),
        (other_rows, (), "rows.jsonl.size was "),
    ],
)
def test_a_run_that_would_make_something_else_does_not_go_on(
    place: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path], None], options: tuple[str, ...], what: str
) -> None:
    asking = asked(place, "apply", "-o", f"{place}/out/", "--rows-per-shard", "70")
    killed(asking, "publish", 2)
    before = {path: path.read_bytes() for path in (place / "out").glob("shard-*")}
    change(place)
    capsys.readouterr()
    assert main([*asking, *options, "--resume"]) == 1
    said = capsys.readouterr().err
    assert f"cannot resume {place}/out/: " in said
    assert what in said
    assert "--force without --resume starts again" in said
    assert {path: path.read_bytes() for path in (place / "out").glob("shard-*")} == before


def test_a_run_that_dropped_other_rows_does_not_go_on(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asking = asked(place, "clean", "-o", f"{place}/out/", "--rows-per-shard", "70", "--action", "drop")
    killed([*asking, "--keep-top", "0.5"], "publish", 2)
    assert main([*asking, "--keep-top", "0.1", "--resume"]) == 1
    assert "the rows that are kept are others than they were" in capsys.readouterr().err


def test_a_run_that_goes_on_writes_the_review_anew_unless_somebody_worked_on_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review = place / "review.csv"
    asking = asked(place, "clean", "-o", f"{place}/out/", "--rows-per-shard", "70", "--review", str(review))
    killed(asking, "publish", 2)
    whole = review.read_text()
    review.write_text(whole.partition("\n")[0] + "\n")  # of a run that was killed while it wrote
    assert main([*asking, "--resume"]) == 0
    assert review.read_text() == whole
    joined(place / "out")
    head, _, rest = whole.partition("\n")
    first, _, others = rest.partition("\n")
    assert first.endswith(",,")
    decided = f"{head}\n{first[:-1]}keep,\n{others}"
    review.write_text(decided)
    (place / "out/shard-00001.jsonl").unlink()
    capsys.readouterr()
    assert main([*asking, "--resume"]) == 1
    assert f"{review} holds decisions, which would be lost" in capsys.readouterr().err
    assert review.read_text() == decided
    assert not (place / "out/shard-00001.jsonl").exists()


def test_a_review_that_is_there_is_told_of_before_the_input_is_read(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "review.csv").write_text("mine")
    (place / "rows.jsonl").unlink()
    assert main(asked(place, "clean", "--review", f"{place}/review.csv")) == 1
    assert "review.csv: File exists" in capsys.readouterr().err
    assert main(asked(place, "clean", "--review", f"{place}/none/review.csv")) == 1
    assert "wanted a folder" in capsys.readouterr().err
    assert (place / "review.csv").read_text() == "mine"


@pytest.mark.parametrize("out", [("-o", "{}/one.jsonl"), ()])
def test_only_a_folder_can_be_gone_on_with(
    place: Path, capsys: pytest.CaptureFixture[str], out: tuple[str, ...]
) -> None:
    assert main(asked(place, "clean", *(one.format(place) for one in out), "--resume")) == 1
    assert "--resume goes on with a folder of shards: end OUT with a /; got" in capsys.readouterr().err
    assert not (place / "one.jsonl").exists()


def test_a_field_that_is_taken_changes_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(asked(place, "apply", "-o", f"{place}/out/", "--field", "text")) == 1
    assert "has a field 'text' already" in capsys.readouterr().err
    assert main(asked(place, "apply", "-o", f"{place}/out/", "--rows-per-shard", "70")) == 0
    assert main(asked(place, "apply", "-o", f"{place}/out/")) == 1
    assert "--force throws them away" in capsys.readouterr().err
