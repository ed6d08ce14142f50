"""What the page of ``foureyes view`` is made of. No browser needed."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from foureyes.report.assets import POLICY, SHARED, assets_of, bundled
from foureyes.view.page import assets, exported

PAGE = files("foureyes.view.page")
SCRIPTS = [entry for folder in (PAGE, SHARED) for entry in folder.iterdir() if entry.name.endswith(".js")]
DATA = {"file": {"files": [], "default_sort": "log_cmp"}, "rows": {"rows": []}, "details": {}}


def test_no_text_ever_becomes_markup() -> None:
    assert len(SCRIPTS) > 15
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    assert [script.name for script in SCRIPTS if re.search(forbidden, script.read_text(encoding="utf-8"))] == []
    assert "unsafe" not in POLICY


def test_every_file_that_the_page_and_its_scripts_name_is_there() -> None:
    names = set(re.findall(r'(?:href|src)="page/([^"]+)"', (PAGE / "index.html").read_text(encoding="utf-8")))
    names |= {
        name for script in SCRIPTS for name in re.findall(r'from "\./([^"]+)"', script.read_text(encoding="utf-8"))
    }
    assert names - assets().keys() == set()
    assert len(names) > 15


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", page)
    for entry in PAGE.iterdir():
        if entry.name.endswith((".js", ".css", ".html")):
            assert not re.search(r"https?://", entry.read_text(encoding="utf-8")), entry.name


def test_an_exported_page_names_no_file() -> None:
    page = exported(DATA)
    assert not re.search(r'(?:href|src)="', page.replace('href="#answer"', ""))
    assert "<!-- files -->" not in page
    assert "import {" not in page


def test_data_cannot_end_the_element_that_it_stands_in() -> None:
    page = exported({**DATA, "details": {"0": {"answer": "</script><script>alert(1)</script><!-- data -->"}}})
    assert page.count("</script>") == 2
    assert "alert(1)" in page


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./missing.js";\nb();\n')
    with pytest.raises(FileNotFoundError, match=r"no module missing\.js"):
        bundled("a.js", [tmp_path])


def test_a_script_that_would_end_its_element_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('const text = "</script>";\n')
    with pytest.raises(ValueError, match="must not contain </script"):
        bundled("a.js", [tmp_path])


def test_modules_are_put_together_in_order_and_once(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nimport { c as d } from "./c.js";\nb(d);\n')
    (tmp_path / "b.js").write_text('import { c } from "./c.js";\nexport function b() { return c; }\n')
    (tmp_path / "c.js").write_text("export const c = 1;\n")
    script = bundled("a.js", [tmp_path])
    assert script.count("export") == script.count("import") == 0
    assert script.index("module_c_js = ") < script.index("module_b_js = ") < script.index("module_a_js = ")
    assert "const { c: d } = module_c_js;" in script


def test_a_page_has_its_version(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("{{version}}")
    assert b"{{" not in assets_of(tmp_path)["index.html"].body
