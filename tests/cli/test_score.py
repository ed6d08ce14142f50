"""``foureyes score`` as a process: killed, starved of disk, interrupted, piped, and with real code underneath."""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from foureyes.cli.score.options import configure
from foureyes.cli.score.work import sharding_of

SCRIPTED = Path(__file__).with_name("scripted_score.py")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full, tmpfs and users as on Linux")


def lines(n: int) -> str:
    rows = [{"id": i, "prompt": f"Question {i}?", "answer": f"answer number {i}"} for i in range(n)]
    return "".join(json.dumps(row) + "\n" for row in rows)


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(SCRIPTED), "score", *map(str, arguments)]


def run(*arguments: object, verifier: str = "v", **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments, "--verifier", verifier), capture_output=True, text=True, check=False, timeout=120, **options
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "in.jsonl").write_text(lines(40))
    return tmp_path


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A disk of its own, which only root can make."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# ------------------------------------------------------------------------------------------------ what it says


def test_a_run_says_what_became_of_the_rows_and_exits_0(place):
    (place / "in.jsonl").write_text(lines(3) + "broken\n")
    done = run(place / "in.jsonl", "-o", place / "out.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    how, head, verdict, why = done.stderr.splitlines()
    assert how == "read as prompt and answer, 3 rows; prompt = prompt; answer = answer"
    assert head.startswith("4 rows in ")
    assert verdict == "  v: 3 scored, 9 answer tokens, 6 prompt tokens"
    assert why == "    1 unscored, bad_row: line 4: not JSON: Expecting value at character 0"
    assert [row.get("id") for row in read(place / "out.jsonl")] == [0, 1, 2, None]


def test_of_many_rows_five_are_named_to_be_looked_at_first(place):
    (place / "in.jsonl").write_text(lines(20) + json.dumps({"prompt": "q", "answer": "a b c d e f g h i"}) + "\n")
    done = run(place / "in.jsonl", "-o", place / "out.jsonl", "--signal", "nats_per_root_token")
    *_, head, first, second, _, _, _ = done.stderr.splitlines()
    assert head == "to look at first, by nats_per_root_token of v:"
    assert first.startswith("  line 21: ")
    assert first.endswith(", a b c d e f g h i")
    assert second.startswith("  line ")
    values = [row["foureyes"]["v"]["nats_per_root_token"] for row in read(place / "out.jsonl")]
    assert first.startswith(f"  line 21: {max(values):.1f},")


def test_rows_that_could_not_be_scored_are_counted_by_cause_each_with_its_first(place):
    (place / "in.jsonl").write_text(lines(1) + 'broken\n{"prompt": "q"}\n{"prompt": "r"}\n{"answer": "a"\n')
    done = run(place / "in.jsonl", "-o", place / "out.jsonl")
    how, _, _, *causes = done.stderr.splitlines()
    assert how == "read as prompt and answer, 3 rows, 2 of them unread; prompt = prompt; answer = answer"
    assert [cause[:46] for cause in causes] == [
        "    2 unscored, bad_row: line 2: not JSON: Exp",
        "    2 unscored, bad_row: line 3: wanted a fiel",
    ]


def test_json_puts_the_summary_on_stdout_and_quiet_nothing_on_stderr(place):
    done = run(place / "in.jsonl", "-o", place / "out.jsonl", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout)["result"]
    counted = {"scored": 40, "unscored": {}, "causes": [], "tokens": 120, "prompt_tokens": 80}
    assert {**summary["verifiers"]["v"], "worst": []} == {**counted, "worst": []}
    assert summary["read_as"] == "read as prompt and answer, 40 rows; prompt = prompt; answer = answer"
    assert (summary["rows"], summary["resumed_rows"], summary["output"]) == (40, 0, str(place / "out.jsonl"))
    assert summary["seconds"] > 0


def test_no_row_that_could_be_scored_is_an_error_and_the_rows_are_there(place):
    (place / "in.jsonl").write_text('{"remark": "q"}\n{"remark": "r"}\n')
    done = run(place / "in.jsonl", "-o", place / "out.jsonl", "-q")
    assert done.returncode == 1
    assert done.stderr.startswith("foureyes: no row could be scored: line 1: wanted a field 'prompt', 'messages' or")
    assert len(read(place / "out.jsonl")) == 2


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (["-o", "out.jsonl"], 2, "required: IN"),
        (["in.jsonl", "--verifier", "v"], 2, "required: -o/--out"),
        (["in.jsonl", "-o", "out.jsonl", "--verifier", "v", "--verifier", "v"], 1, "--verifier v is given twice"),
        (
            ["in.jsonl", "-", "-o", "out.jsonl", "--verifier", "v"],
            1,
            "- stands for standard input, which is read alone",
        ),
        (["in.jsonl", "-o", "out.jsonl"], 1, "in.jsonl holds no log-probabilities of its answers' tokens"),
        (["in.jsonl", "-o", "out.jsonl", "--map", "prompt", "--verifier", "v"], 1, "a map wants WHAT=FIELD"),
        (["in.jsonl", "-o", "out.jsonl", "--layout", "nobody-s", "--verifier", "v"], 1, "a layout is one of"),
        (["in.jsonl", "-o", "-", "--json", "--verifier", "v"], 1, "--json prints the summary on stdout"),
        (["-", "-o", "out.jsonl", "--resume", "--verifier", "v"], 1, "--resume needs an input that can be read again"),
        (["in.jsonl", "-o", "out.jsonl", "--window", "0", "--verifier", "v"], 1, "at least one row"),
        (["in.jsonl", "-o", "out.jsonl", "--final-answer", "(", "--verifier", "v"], 1, "not a regular expression"),
        (["missing.jsonl", "-o", "out.jsonl", "--verifier", "v"], 1, "missing.jsonl: no such file"),
        (["in.jsonl", "-o", "/sys/out.jsonl", "--verifier", "v"], 1, "cannot write /sys/out.jsonl.part"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(place, arguments, status, why):
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, cwd=place)
    assert done.returncode == status
    assert why in done.stderr
    assert status == 2 or len(done.stderr.splitlines()) == 1


@LINUX
def test_a_read_only_disk_is_said_in_one_line(place):
    with mounted(place / "disk", "ro") as disk:
        done = run(place / "in.jsonl", "-o", disk / "out.jsonl")
    assert done.returncode == 1
    assert done.stderr == f"foureyes: cannot write {disk / 'out.jsonl.part'}: Read-only file system\n"


# ------------------------------------------------------------------------------------------------ pipes


def test_stdin_to_stdout(place):
    done = run("-", "-o", "-", input=lines(5))
    assert done.returncode == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == list(range(5))
    assert "5 rows in" in done.stderr


def test_a_reader_that_goes_away_is_no_error(place):
    (place / "in.jsonl").write_text(lines(20_000))
    with subprocess.Popen(
        command(place / "in.jsonl", "-o", "-", "-q", "--verifier", "v"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@LINUX
def test_a_full_disk_behind_stdout_is_said_in_one_line(place):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(place / "in.jsonl", "-o", "-", "--verifier", "v"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "foureyes: cannot write standard output: No space left on device\n"


@LINUX
def test_a_named_pipe_is_read_once(place):
    script = f'{sys.executable} {SCRIPTED} score <(cat in.jsonl) -o out.jsonl --format jsonl --verifier v -q "$@"'
    done = subprocess.run(["bash", "-c", script, "bash"], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(read(place / "out.jsonl")) == 40
    again = subprocess.run(
        ["bash", "-c", script, "bash", "--resume"], cwd=place, capture_output=True, text=True, check=False
    )
    assert "--resume needs an input that can be read again" in again.stderr


# ------------------------------------------------------------------------------------------------ stopping and going on


def size(journal: Path) -> int:
    return journal.stat().st_size if journal.exists() else 0


def killed_at_random(arguments: list[str], random_: random.Random, longest: float, *, grown: Path | None) -> bool:
    """Starts the command, kills it after a while, or a while after a file has grown; whether it was still running."""
    before = size(grown) if grown else 0
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while grown and size(grown) <= before and process.poll() is None:
        time.sleep(0.001)
    time.sleep(random_.uniform(0, longest / 10 if grown else longest))
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_killed_ten_times_at_random_moments_it_writes_what_an_undisturbed_run_writes(place, suffix):
    (place / "in.jsonl").write_text(lines(1200) + "broken\n")
    whole, out = place / f"whole.{suffix}", place / f"out.{suffix}"
    options = ["--window", "8", "--tokens", "--verifier", "v:0.003", "--verifier", "w"]
    started = time.monotonic()
    assert subprocess.run(command(place / "in.jsonl", "-o", whole, "-q", *options), check=False).returncode == 0
    longest = (time.monotonic() - started) / 3
    resume = command(place / "in.jsonl", "-o", out, "-q", "--resume", "--force", *options)
    dice, kills = random.Random(suffix), 0  # noqa: S311 - not for secrets
    journal, progress = out.with_name(out.name + ".part") / "journal", [0]
    while kills < 10:
        kills += killed_at_random(resume, dice, longest, grown=None if kills % 2 else journal)
        progress.append(size(journal))
    assert any(after > before > 0 for before, after in pairwise(progress))  # some were killed on their way
    assert subprocess.run(resume, check=False).returncode == 0
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in place.iterdir()) == ["in.jsonl", out.name, whole.name]


def test_a_folder_of_shards_is_killed_and_gone_on_with_by_the_same_command(place):
    (place / "data").mkdir()
    for i in range(2):
        (place / "data" / f"{i}.jsonl").write_text(lines(12) + "broken\n")
    options = [place / "data", "-o", f"{place}/out/", "--window", "4", "--resume"]
    with subprocess.Popen(command(*options, "-q", "--verifier", "v:0.1")) as process:
        while not (place / "out" / "shard-00000.jsonl").exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.kill()
    done = run(*options, "--json", verifier="v:0.1")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)["result"]
    assert (summary["rows"], summary["verifiers"]["v"]["scored"]) == (26, 24)
    assert [sorted(cause) for cause in summary["verifiers"]["v"]["causes"]] == [["first", "reason", "rows"]]
    assert len(read(place / "out" / "shard-00001.jsonl")) == 13


@pytest.mark.parametrize(
    "more", [["--dtype", "float16"], ["--truncate", "left"], ["--template-arg", "a=1"], ["--verifier", "w"]]
)
def test_a_folder_of_shards_depends_on_how_its_readers_are_opened(more):
    parser = argparse.ArgumentParser()
    configure(parser)
    plain = ["in.jsonl", "-o", "out/", "--verifier", "v"]
    assert sharding_of(parser.parse_args(plain)).readers != sharding_of(parser.parse_args([*plain, *more])).readers


def test_killed_inside_a_window_it_loses_a_piece_and_not_the_window(place):
    """Twelve rows of one window in six pieces, each of which takes longer than results may wait for the disk."""
    (place / "in.jsonl").write_text(
        "".join(json.dumps({"id": i, "prompt": chr(97 + i) * 4000, "answer": "yes"}) + "\n" for i in range(12))
    )
    whole, out = place / "whole.jsonl", place / "out.jsonl"
    assert run(place / "in.jsonl", "-o", whole, "-q", verifier="v:0.01").returncode == 0
    journal = place / "out.jsonl.part" / "journal"
    with subprocess.Popen(command(place / "in.jsonl", "-o", out, "-q", "--verifier", "v:1.1")) as process:
        while not journal.exists() or journal.read_bytes().count(b"\n") < 3:  # the manifest, and two pieces
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    again = run(place / "in.jsonl", "-o", out, "--resume", verifier="v:0.01")
    assert "\n12 rows (4 of them finished before) in " in again.stderr
    assert out.read_bytes() == whole.read_bytes()


def test_interrupted_it_says_what_is_kept(place):
    arguments = command(place / "in.jsonl", "-o", place / "out.jsonl", "--window", "4", "--verifier", "v:0.2")
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    journal = place / "out.jsonl.part" / "journal"
    while not journal.exists() or journal.stat().st_size < 5000:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.startswith("foureyes: interrupted; ")
    assert f"finished rows are kept in {place / 'out.jsonl.part'}; --resume goes on from there" in errors
    assert len(errors.splitlines()) == 1


def test_a_dying_server_stops_the_run_and_finished_rows_are_kept(place):
    done = run(place / "in.jsonl", "-o", place / "out.jsonl", "--window", "4", verifier="v:dies:3")
    assert done.returncode == 1
    assert done.stderr == (
        f"foureyes: v: connection refused; 12 finished rows are kept in {place / 'out.jsonl.part'}; "
        "--resume goes on from there\n"
    )
    assert not (place / "out.jsonl").exists()
    again = run(place / "in.jsonl", "-o", place / "out.jsonl", "--window", "4", "--resume")
    assert again.returncode == 0
    assert "\n40 rows (12 of them finished before) in " in again.stderr


def starved() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_no_room_for_the_file_keeps_the_finished_rows(place, suffix):
    whole, out = place / f"whole.{suffix}", place / f"out.{suffix}"
    assert run(place / "in.jsonl", "-o", whole, "--window", "4").returncode == 0
    done = run(place / "in.jsonl", "-o", out, "--window", "4", preexec_fn=starved)
    assert done.returncode == 1
    assert f"cannot write {out}.part/" in done.stderr
    assert "File too large" in done.stderr
    assert "finished rows are kept" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not out.exists()
    again = run(place / "in.jsonl", "-o", out, "--window", "4", "--resume")
    assert again.returncode == 0
    assert " of them finished before)" in again.stderr
    assert out.read_bytes() == whole.read_bytes()


@LINUX
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_full_disk_keeps_the_finished_rows(place, suffix):
    with mounted(place / "disk", "size=24k") as disk:
        done = run(place / "in.jsonl", "-o", disk / f"out.{suffix}", "--window", "4")
        assert done.returncode == 1
        assert "No space left on device" in done.stderr
        assert "finished rows are kept" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert [path.name for path in disk.iterdir()] == [f"out.{suffix}.part"]
        subprocess.run(["mount", "-o", "remount,size=10m", disk], check=True)
        again = run(place / "in.jsonl", "-o", disk / f"out.{suffix}", "--window", "4", "--resume")
        assert again.returncode == 0, again.stderr
        assert " of them finished before)" in again.stderr
        assert [path.name for path in disk.iterdir()] == [f"out.{suffix}"]


def test_two_processes_do_not_write_the_same_file(place):
    arguments = command(place / "in.jsonl", "-o", place / "out.jsonl", "--window", "1", "-q", "--verifier", "v:60")
    with subprocess.Popen(arguments) as first:
        while not (place / "out.jsonl.part" / "journal").exists():
            assert first.poll() is None
            time.sleep(0.01)
        second = run(place / "in.jsonl", "-o", place / "out.jsonl", "--force")
        first.kill()
    assert second.returncode == 1
    assert second.stderr == f"foureyes: another process is writing {place / 'out.jsonl'}\n"


# ------------------------------------------------------------------------------------------------ with a real model


def real(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "foureyes", "score", *map(str, arguments)]


def test_a_real_model_killed_while_it_reads_comes_to_the_same_bytes(place, tiny_model):
    (place / "in.jsonl").write_text(lines(200).replace("Question", "A long question " * 15))
    options = ["-q", "--tokens", "--verifier", tiny_model]
    whole, out = place / "whole.jsonl", place / "out.jsonl"
    assert subprocess.run(real(place / "in.jsonl", "-o", whole, *options), check=False).returncode == 0
    journal = place / "out.jsonl.part" / "journal"
    with subprocess.Popen(real(place / "in.jsonl", "-o", out, *options)) as process:
        while not journal.exists() or journal.stat().st_size < 50_000:
            assert process.poll() is None
            time.sleep(0.001)
        process.kill()
    assert not out.exists()
    assert subprocess.run(real(place / "in.jsonl", "-o", out, "--resume", *options), check=False).returncode == 0
    assert out.read_bytes() == whole.read_bytes()
    assert [row["id"] for row in read(out)] == list(range(200))


def test_an_unknown_verifier_leaves_nothing_behind(place):
    done = subprocess.run(
        real(place / "in.jsonl", "-o", place / "out.jsonl", "--verifier", "no-such-model"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in place.iterdir()] == ["in.jsonl"]


@pytest.mark.weights
def test_the_file_has_the_numbers_the_library_gives(place):
    import foureyes as fe

    pairs = [("What is the capital of Australia?", "The capital of Australia is Canberra."), ("2 + 2 = ?", "It is 5.")]
    (place / "in.jsonl").write_text("".join(json.dumps({"prompt": q, "answer": a}) + "\n" for q, a in pairs))
    arguments = real(
        place / "in.jsonl", "-o", place / "out.jsonl", "-q", "--verifier", "smollm2-135m", "--dtype", "float32"
    )
    assert subprocess.run(arguments, check=False).returncode == 0
    rows = fe.score([fe.Exchange(q, a) for q, a in pairs], fe.open_reader("smollm2-135m", dtype="float32"))
    for row, written in zip(rows, read(place / "out.jsonl"), strict=True):
        assert isinstance(row, fe.Scored)
        result = written["foureyes"]["smollm2-135m"]
        assert result["log_cmp"] == pytest.approx(row.log_cmp, abs=1e-4)
        assert result["cme"] == pytest.approx(row.cme, abs=1e-4)
        assert result["n_tokens"] == row.n_tokens
