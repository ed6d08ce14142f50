"""One command measures every default and writes one page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from foureyes.report.study import Section, TextTable
from studies.defaults import __main__ as command
from studies.defaults.section import SectionMaker, StudyPlan


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, StudyPlan]]:
    seen: list[tuple[str, StudyPlan]] = []

    def maker(name: str) -> SectionMaker:
        def section(plan: StudyPlan) -> Section:
            seen.append((name, plan))
            return Section(name.title(), ("What was done.",), (TextTable(("way", "figure"), (("ours", "1"),), "All"),))

        return section

    monkeypatch.setattr(command, "_maker", maker)
    return seen


def test_the_page_has_a_part_for_every_verb_and_says_how_it_was_made(
    asked: list[tuple[str, StudyPlan]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "defaults.md"
    monkeypatch.setattr(sys, "argv", ["defaults", "--data", str(tmp_path), "--splits", "3", "--markdown", str(page)])
    command.main()
    text = page.read_text()
    assert [name for name, _ in asked] == ["calibration", "cascade", "cleaning", "promises"]
    assert {plan.splits for _, plan in asked} == {3}
    assert all(f"## {name.title()}\n\nWhat was done.\n" in text for name, _ in asked)
    assert "--seed 0 --draws 1000 --splits 3" in text
    assert "| ours | 1 |" in text


def test_one_verb_alone_is_printed(
    asked: list[tuple[str, StudyPlan]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["defaults", "--data", str(tmp_path), "--only", "promises"])
    command.main()
    assert [name for name, _ in asked] == ["promises"]
    assert "## Promises" in capsys.readouterr().out
