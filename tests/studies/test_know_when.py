"""The command: what it prints, what it writes, and what it does without data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studies.know_when import __main__ as know_when
from tests.studies.know_folder import write


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data"))


def test_the_page_and_the_numbers_say_the_same(data, tmp_path, capsys):
    page, numbers = tmp_path / "sub" / "page.md", tmp_path / "numbers.json"
    know_when.main(
        ["--quick", "--data", str(data), "--only", "learned", "--markdown", str(page), "--json", str(numbers)]
    )
    found = json.loads(numbers.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    claim = found["parts"][0]["claims"][0]
    assert claim["verdict"] in capsys.readouterr().out
    assert f"{claim['here']['value']:.4f}" in page.read_text(encoding="utf-8")
    assert found["about"]["draws"] == 100
    assert list(found["files"]) == ["routellm_mmlu/mmlu_correctness.csv.gz"]
    assert found["halvings"] == {}


def test_other_halves_are_tried_and_counted(data, tmp_path):
    numbers = tmp_path / "numbers.json"
    know_when.main(["--data", str(data), "--draws", "100", "--splits", "3", "--only", "shift", "--json", str(numbers)])
    found = json.loads(numbers.read_text(encoding="utf-8"))
    assert {len(figures) for figures in found["halvings"].values()} == {3}
    for claim in found["parts"][0]["claims"]:
        values = [figure["value"] for figure in found["halvings"][claim["says"]]]
        assert claim["pooled"]["value"] == sorted(values)[1]


def test_without_data_every_part_is_skipped_and_says_so(tmp_path, capsys):
    page = tmp_path / "page.md"
    know_when.main(["--quick", "--data", str(tmp_path), "--markdown", str(page)])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("skipped, ") == len(know_when.STUDIES)
    text = page.read_text(encoding="utf-8")
    assert text.count("**Skipped**: ") == len(know_when.STUDIES)
    assert "Of 0 claims 0 hold" in text
