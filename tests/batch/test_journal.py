"""The journal: whatever byte a kill stops at, what was finished before it is found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foureyes.batch.journal import Journal, difference
from foureyes.batch.window import Result

MANIFEST = {"input": {"size": 3, "sha256": "é"}, "verifiers": ["v"]}
WINDOWS: list[list[Result]] = [
    [{"v": {"log_cmp": 0.1}}, {"v": {"log_cmp": 1e-300}}],
    [{"v": {"unscored": {"reason": "span"}}}],
    [],
]


def written(path: Path, windows: list[list[Result]] = WINDOWS, *, end: bool = False) -> bytes:
    journal = Journal(path)
    journal.begin(MANIFEST)
    for window in windows:
        journal.append(window)
    if end:
        journal.end()
    journal.close()
    return path.read_bytes()


def reopened(path: Path) -> tuple[Any, list[list[Result]], bool]:
    journal = Journal(path)
    found = (journal.manifest, list(journal.finished()), journal.ended)
    journal.close()
    return found


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    written(tmp_path / "j")
    assert reopened(tmp_path / "j") == (MANIFEST, WINDOWS, False)


def test_an_ended_journal_says_so(tmp_path: Path) -> None:
    written(tmp_path / "j", end=True)
    assert reopened(tmp_path / "j") == (MANIFEST, WINDOWS, True)


def test_a_new_journal_has_nothing(tmp_path: Path) -> None:
    assert reopened(tmp_path / "j") == (None, [], False)


def test_torn_at_any_byte_it_keeps_every_whole_record_and_goes_on(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole", end=True)
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        path = tmp_path / "torn"
        path.write_bytes(whole[:cut])
        records = sum(end <= cut for end in ends)
        manifest, windows, ended = reopened(path)
        assert manifest == (MANIFEST if records else None)
        assert windows == WINDOWS[: max(records - 1, 0)]
        assert ended is False
        written(path, WINDOWS[len(windows) :], end=True)
        assert path.read_bytes() == whole


@pytest.mark.parametrize("spoil", [lambda b: b ^ 1, lambda _: 0])
def test_an_altered_byte_is_not_believed(tmp_path: Path, spoil: Callable[[int], int]) -> None:
    whole = written(tmp_path / "whole")
    second = whole.index(b"\n") + 1
    for at in range(second, len(whole)):
        path = tmp_path / "altered"
        path.write_bytes(whole[:at] + bytes([spoil(whole[at])]) + whole[at + 1 :])
        _, windows, _ = reopened(path)
        assert windows == WINDOWS[: whole[second:at].count(b"\n")]


def test_rows_are_counted_over_all_runs(tmp_path: Path) -> None:
    written(tmp_path / "j")
    journal = Journal(tmp_path / "j")
    assert journal.rows == 3
    journal.append([{"v": {}}])
    assert journal.rows == 4
    assert list(journal.finished()) == WINDOWS  # those of earlier runs only
    journal.close()


@pytest.mark.parametrize(
    ("then", "now", "wanted"),
    [
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1}, {"a": 2}, "a was 1 and is 2"),
        ({"a": {"b": {"c": "x"}}}, {"a": {"b": {"c": "y"}}}, 'a.b.c was "x" and is "y"'),
        ({"a": {"x": 1}}, {"a": {"y": 1}}, "a.x was 1 and is null"),
        ({}, {"a": ["v"]}, 'a was null and is ["v"]'),
        ({"a": {"x": 1}}, {"a": None}, 'a was {"x": 1} and is null'),
    ],
)
def test_says_what_differs(then: dict[str, Any], now: dict[str, Any], wanted: Any) -> None:
    assert difference(then, now) == wanted
