"""The command: what it prints, what it writes, and what it does without data."""

from __future__ import annotations

from pathlib import Path

import pytest

from studies.know_when import __main__ as know_when
from tests.studies.know_folder import write


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data"))


def done(data: Path, out: Path, *options: str) -> str:
    """The Markdown of a run."""
    page = out / "new" / "page.md"
    files = ["--data", str(data), "--html", str(out / "page.html"), "--markdown", str(page)]
    know_when.main([*files, *options])
    assert (out / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    return page.read_text(encoding="utf-8").replace("\\", "")


def test_what_is_printed_stands_on_the_page(data, tmp_path, capsys):
    page = done(data, tmp_path, "--quick", "--only", "question_routers")
    verdict, _, claim = capsys.readouterr().out.partition(" ")
    says, _, figure = claim.strip().partition(": ")
    assert f"| {says} |" in page
    assert f" {figure.partition(' (')[0]} rows | APGR above 0.5 | {verdict} | {verdict} in 1 |" in page
    assert "100 draws, 15 bins, one halving" in page
    assert "| routellm_mmlu/mmlu_correctness.csv.gz |" in page
    assert (tmp_path / "new" / "page-0.svg").exists()


def test_other_halves_are_tried_and_counted(data, tmp_path):
    page = done(data, tmp_path, "--draws", "100", "--splits", "3", "--only", "cifar10_shift")
    counted = [line.rsplit("|", 2)[1] for line in page.splitlines() if line.startswith(("| Calibration", "| The conf"))]
    assert [sum(int(part.rsplit(" ", 1)[1]) for part in cell.strip().split(", ")) for cell in counted] == [3, 3]


def test_without_data_every_part_is_skipped_and_says_so(tmp_path, capsys):
    page = done(tmp_path, tmp_path, "--quick")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("skipped, ") == page.count(" was skipped: ") == len(know_when.PARTS)
