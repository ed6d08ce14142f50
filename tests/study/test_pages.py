"""What the documentation says came out of a study stands on the page that the study made."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from foureyes.signals.catalog import signal
from foureyes.study.sections.ranking import glossary_entry

DOCS = Path(__file__).parents[2] / "docs"
STUDIES = sorted((DOCS / "studies").glob("*.toml"))
ROW = re.compile(r"^\| \[(\w+)\]\(studies/\w+\.md\) .*?\| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
COUNT = re.compile(r"\d+")
FIGURE = re.compile(r"\d\.\d{3}\b")


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_every_study_has_its_page_and_all_of_its_claims(study):
    page = study.with_suffix(".md").read_text(encoding="utf-8").replace("\\", "")
    plan = tomllib.loads(study.read_text(encoding="utf-8"))
    assert page.startswith(f"# {plan['title']}\n")
    assert "Unfinished" not in page
    for claim in plan.get("claim", ()):
        assert f"- {claim['says']}: of " in page


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_signals_of_a_page_have_the_names_and_words_of_the_catalogue(study):
    page = study.with_suffix(".md").read_text(encoding="utf-8")
    glossary = next(line for line in page.splitlines() if re.match(r"log_\w+: ", line))
    names = [entry.partition(": ")[0] for entry in glossary.split("; ")]
    assert glossary == "; ".join(glossary_entry(signal(name)) for name in names)
    columns = re.findall(r"^\| [^|]+ \| [\w.-]+\.([a-z]\w+) \| ", page.replace("\\", ""), re.MULTILINE)
    assert set(columns) <= set(names)


def test_figures_that_are_told_stand_on_the_pages():
    said = dict(ROW.findall((DOCS / "prove.md").read_text(encoding="utf-8")))
    assert set(said) >= {study.stem for study in STUDIES}
    for name, words in said.items():
        page = (DOCS / "studies" / f"{name}.md").read_text(encoding="utf-8")
        for figure in FIGURE.findall(words):
            assert figure in page, f"{name}: {figure} is not on its page"


def test_verdicts_on_the_claims_of_the_paper_are_those_of_its_page():
    said = dict(ROW.findall((DOCS / "prove.md").read_text(encoding="utf-8")))["know_when"]
    page = (DOCS / "studies" / "know_when.md").read_text(encoding="utf-8")
    tally = next(line for line in page.splitlines() if line.startswith("- Of "))
    assert COUNT.findall(said) == COUNT.findall(tally)
