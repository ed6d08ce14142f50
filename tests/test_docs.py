"""What the pages say of the code is so."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from foureyes.config.load import load_route

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])


def imported(page: Path) -> list[tuple[str, str]]:
    """(module, name) of every import of ours in a page's Python blocks."""
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    nodes = [node for block in blocks for node in ast.walk(ast.parse(block))]
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("foureyes")]
    return [(str(node.module), alias.name) for node in froms for alias in node.names]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_imports_is_there(page: Path) -> None:
    missing = [
        f"{module}.{name}" for module, name in imported(page) if not hasattr(importlib.import_module(module), name)
    ]
    assert not missing


@pytest.mark.weights
def test_answers_of_any_layout_are_read_and_scored_as_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "score.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    exec(compile(block, "docs/score.md", "exec"), {})  # noqa: S102 - ours
    said, surprises = capsys.readouterr().out.splitlines()
    assert f"print(answers.said)  # {said}" in block
    assert all(surprise > 0 for surprise in ast.literal_eval(surprises))


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: page.name)
def test_a_link_between_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: page.name)
def test_a_module_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"`((?:foureyes|bench|studies|tools)(?:\.[a-z_]+)+)`", page.read_text(encoding="utf-8")))
    assert [name for name in named if not is_there(name)] == []


def is_there(name: str) -> bool:
    """Whether this is a module, or something in one."""
    place = ROOT / ("src" if name.startswith("foureyes") else ".") / name.replace(".", "/")
    if place.is_dir() or place.with_suffix(".py").exists():
        return True
    module = name.rpartition(".")[0]
    return "." in name and hasattr(importlib.import_module(module), name.rpartition(".")[2])


APART = {
    "bench.gpu": "wants a graphics card",
    "bench.compat": "is a part of bench.decisions",
    "bench.door_fairness": "is a part of bench.door",
    "bench.privacy": "checks, and is run for privacy's own figures",
    "bench.privacy_fuzz": "goes on as long as it is let",
}
"""Benches that make bench does not run, and why."""


def test_every_bench_that_a_page_names_is_run_by_make_bench() -> None:
    named = {name for page in PAGES for name in re.findall(r"python -m (bench\.[a-z_]+)", page.read_text())}
    run = set(re.findall(r"-m (bench\.[a-z_]+)", (ROOT / "Makefile").read_text()))
    assert named - run == APART.keys() & named
    assert not run & APART.keys()


@pytest.mark.weights
def test_a_route_of_two_models_of_this_process_answers_as_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "route.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    block = block.replace("qwen2.5-coder-0.5b", "smollm2-135m")  # of the models that make test has pulled
    exec(compile(block, "docs/route.md", "exec"), {})  # noqa: S102 - ours
    assert re.fullmatch(r"answer \['small'(, 'large')?\] None\n", capsys.readouterr().out)


def test_the_files_of_routes_on_the_page_are_routes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "route.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "platt.json").write_text("{}")
    (tmp_path / "route.toml").write_text("\n".join(blocks), encoding="utf-8")
    settings = load_route(tmp_path / "route.toml", {"OPENAI_API_KEY": "sk-123"})
    assert [writer.name for writer in settings.writers] == ["small", "large"]
    assert settings.council is not None
    assert [rule.tool for rule in settings.council.when] == ["wire_*", None]


def test_a_frame_is_flagged_as_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "clean.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    exec(compile(block, "docs/clean.md", "exec"), {})  # noqa: S102 - ours
    assert f"# {capsys.readouterr().out.strip()}" in block


def test_a_classifier_becomes_decisions_as_the_page_shows(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "vision.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/vision.md", "exec"), {})  # noqa: S102 - ours
    assert capsys.readouterr().out.startswith("Ece(")
    assert (tmp_path / "val.npz").is_file()
