"""The options and the command that the studies share."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from foureyes.report.study import StudyReport
from studies.pages import add_pages, command_again, save_pages, study_parser


def parser():
    made = study_parser("some_study", "What?")
    made.add_argument("--only", action="append")
    made.add_argument("--n-draws", type=int, default=1000)
    made.add_argument("--quick", action="store_true")
    made.add_argument("--cache", default="here")
    add_pages(made)
    return made


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ([], ""),
        (["--n-draws", "1000", "--cache", "there"], ""),
        (
            ["--n-draws", "60", "--only", "one", "--only", "two", "--quick"],
            " --only one --only two --n-draws 60 --quick",
        ),
    ],
)
def test_the_command_has_what_was_asked_for_and_what_is_not_the_default(given, options, tmp_path):
    made = parser()
    args = made.parse_args(["--data", str(tmp_path), "--markdown", str(tmp_path / "page.md"), *given])
    assert command_again(made, args) == (
        f"python -m studies.some_study --data DATA{options} --markdown docs/studies/some_study.md"
    )


def test_pages_go_where_they_were_asked_to_go(tmp_path, capsys):
    args = parser().parse_args(
        ["--data", ".", "--html", str(tmp_path / "new/p.html"), "--markdown", str(tmp_path / "p.md")]
    )
    save_pages(StudyReport("What?", (), (), (), (), "COMMAND"), args)
    assert (tmp_path / "new/p.html").is_file()
    assert "COMMAND" in (tmp_path / "p.md").read_text(encoding="utf-8")
    assert str(tmp_path / "p.md") in capsys.readouterr().err


def test_every_study_that_has_a_page_takes_where_to_put_it():
    """Each study's page in the documents can be written by its own command."""
    folder = Path(__file__).parents[2]
    pages = [page.stem for page in (folder / "docs/studies").glob("*.md") if not page.with_suffix(".toml").exists()]
    assert "rank_wrong" in pages
    for name in pages:
        module = folder / "studies" / name
        source = (module / "__main__.py" if module.is_dir() else module.with_suffix(".py")).read_text(encoding="utf-8")
        assert any(said in source for said in ("add_pages(", "run_published(", '"--markdown"')), name


def test_make_studies_makes_the_pages_by_the_commands_that_they_state():
    folder = Path(__file__).parents[2]
    made = (folder / "Makefile").read_text(encoding="utf-8").replace("$(DATA)", "DATA")
    pages = [page for page in (folder / "docs/studies").glob("*.md") if not page.with_suffix(".toml").exists()]
    stated = {
        page.stem: re.findall(r"`(python -m studies\.[^`]* --markdown [^`]*)`", page.read_text("utf-8"))
        for page in pages
    }
    assert {"option_orders", "programs", "route", "defaults"} <= set(stated)
    assert [name for name, found in stated.items() if not found or f"$(BIN)/{found[0]}\n" not in made] == []
