"""Where rows go: OUT appears once and whole, nothing finished is thrown away unasked, one process at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foureyes.batch.output import FileOutput, Found, refusal
from foureyes.errors import InputError

OUT = Path("o.jsonl")


@pytest.mark.parametrize(
    ("found", "resume", "force", "wanted"),
    [
        (Found(out=False, unfinished=False, ended=False), False, False, None),
        (Found(out=True, unfinished=False, ended=False), False, False, "o.jsonl exists; --force replaces it"),
        (Found(out=True, unfinished=False, ended=False), True, False, "o.jsonl exists; --force replaces it"),
        (Found(out=True, unfinished=False, ended=False), False, True, None),
        (Found(out=False, unfinished=True, ended=False), False, False, "o.jsonl.part holds an unfinished run"),
        (Found(out=False, unfinished=True, ended=False), True, False, None),
        (Found(out=False, unfinished=True, ended=False), False, True, None),
        (Found(out=True, unfinished=True, ended=False), True, False, "o.jsonl exists; --force replaces it"),
        (Found(out=True, unfinished=True, ended=False), True, True, None),
        (Found(out=True, unfinished=True, ended=True), True, False, None),  # killed between its rename and its tidying
        (Found(out=True, unfinished=True, ended=True), False, False, "o.jsonl.part holds an unfinished run"),
    ],
)
def test_what_may_start(found: Found, *, resume: bool, force: bool, wanted: Any) -> None:
    why = refusal(OUT, found, resume=resume, force=force)
    assert why == wanted if wanted is None else why is not None and why.startswith(wanted)


def output(out: Path, *, resume: bool = False, force: bool = False) -> FileOutput:
    return FileOutput(out, resume=resume, force=force, repeatable=True)


def test_a_refusal_leaves_nothing_behind(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    out.write_text("precious\n")
    with pytest.raises(InputError, match="exists"), output(out):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["o.jsonl"]


def test_a_run_that_finished_nothing_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), output(tmp_path / "o.jsonl"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


class Nowhere:
    """A sink for rows that nobody looks at."""

    def write(self, window: Any, results: Any) -> None:
        pass

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def interrupted(run: FileOutput) -> None:
    rows: Any = None
    run.begin({"format": 1}, lambda _: Nowhere())
    run.keep([{}])
    run.write(rows, [])
    raise KeyboardInterrupt


def no_sink(_: Any) -> Any:
    raise OSError("no space left")


def test_a_run_by_force_that_fails_once_it_threw_the_earlier_one_away_leaves_nothing_behind(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    with pytest.raises(KeyboardInterrupt), output(out) as earlier:
        interrupted(earlier)
    assert (tmp_path / "o.jsonl.part" / "journal").stat().st_size > 0
    with pytest.raises(InputError, match="no space left"), output(out, force=True) as forced:
        forced.begin({"format": 1}, no_sink)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_never_write_the_same_output(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    second = (
        "import sys; from pathlib import Path; from foureyes.batch.output import FileOutput\n"
        "with FileOutput(Path(sys.argv[1]), resume=True, force=True, repeatable=True): pass"
    )
    with output(out):
        rival = subprocess.run([sys.executable, "-c", second, str(out)], capture_output=True, text=True, check=False)
        assert "another process is writing" in rival.stderr
        assert (tmp_path / "o.jsonl.part" / "journal").exists()
    assert subprocess.run([sys.executable, "-c", second, str(out)], check=False).returncode == 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "o.jsonl.part").write_text("somebody else's file")
    with pytest.raises(InputError, match=r"cannot write .*o\.jsonl\.part"), output(tmp_path / "o.jsonl"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    if os.geteuid() == 0:
        pytest.skip("permissions do not bind root; for root there is the read-only disk in tests/cli/test_score.py")
    with pytest.raises(InputError, match="Permission denied"), output(folder / "o.jsonl"):
        pass
