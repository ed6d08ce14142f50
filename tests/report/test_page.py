"""Pages are whole or not there, load nothing, and run one known script."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from foureyes.errors import InputError
from foureyes.report import page

NOBODY = 65534


@pytest.fixture
def without_privileges() -> Iterator[None]:
    """Permissions mean nothing to root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_the_policy_allows_exactly_the_script_that_is_there() -> None:
    html = page.render("base.html")
    [script] = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert "default-src 'none'" in html


def test_nothing_is_loaded_from_anywhere() -> None:
    html = page.render("base.html")
    assert not re.search(
        r"https?:|//[a-z]|\bsrc=|@import|url\(", re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    )


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="headline"):
        page.render("check.html")


def test_a_page_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "é.html"
    page.write(path, "one\n–")
    page.write(path, "two\r\n")
    assert path.read_bytes() == b"two\r\n"
    assert [file.name for file in tmp_path.iterdir()] == ["é.html"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.html").write_text("old")
    (tmp_path / "link.html").symlink_to("real.html")
    page.write(tmp_path / "link.html", "new")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text() == "new"


@pytest.mark.parametrize("where", ["missing/page.html", "file/page.html", "."])
def test_a_place_where_no_page_can_be_is_refused_before_and_after(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        page.require_place_for(tmp_path / where)
    with pytest.raises(InputError, match="cannot write"):
        page.write(tmp_path / where, "page")


@pytest.mark.skipif(os.name != "posix", reason="the null device is a file of the system there")
def test_devices_are_not_replaced() -> None:
    with pytest.raises(InputError, match="not a regular file"):
        page.write(Path(os.devnull), "page")
    assert not Path(os.devnull).is_file()


@pytest.mark.skipif(os.name != "posix", reason="permissions of folders are POSIX's")
@pytest.mark.usefixtures("without_privileges")
def test_a_read_only_folder_is_named() -> None:
    with pytest.raises(
        InputError, match=r"cannot write /foureyes-test\.html: (Permission denied|Read-only file system)"
    ):
        page.write(Path("/foureyes-test.html"), "page")


@pytest.mark.skipif(os.name != "posix", reason="limits on file sizes are POSIX's")
def test_a_full_disk_leaves_the_old_page_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")
    program = (
        "import resource, sys; from pathlib import Path; from foureyes.errors import InputError\n"
        "from foureyes.report import page\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: page.write(Path(sys.argv[1]), 'x' * 100_000)\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot write {path}: File too large\n"
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
