"""Files are whole or not there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foureyes.errors import InputError
from foureyes.tables.saving import require_place, write_text

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


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "é.html"
    write_text(path, "one\n–")
    write_text(path, "two\r\n")
    assert path.read_bytes() == b"two\r\n"
    assert [file.name for file in tmp_path.iterdir()] == ["é.html"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.html").write_text("old")
    (tmp_path / "link.html").symlink_to("real.html")
    write_text(tmp_path / "link.html", "new")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text() == "new\n"


@pytest.mark.parametrize("where", ["missing/page.html", "file/page.html", "."])
def test_a_place_where_no_file_can_be_is_refused_before_and_after(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        require_place(tmp_path / where)
    with pytest.raises(InputError, match="cannot write"):
        write_text(tmp_path / where, "text")


@pytest.mark.skipif(os.name != "posix", reason="the null device is a file of the system there")
def test_devices_are_not_replaced() -> None:
    with pytest.raises(InputError, match="not a regular file"):
        write_text(Path(os.devnull), "text")
    assert not Path(os.devnull).is_file()


@pytest.mark.skipif(os.name != "posix", reason="permissions of folders are POSIX's")
@pytest.mark.usefixtures("without_privileges")
def test_a_read_only_folder_is_named() -> None:
    with pytest.raises(
        InputError, match=r"cannot write /foureyes-test\.html: (Permission denied|Read-only file system)"
    ):
        write_text(Path("/foureyes-test.html"), "text")


@pytest.mark.skipif(os.name != "posix", reason="limits on file sizes are POSIX's")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.html"
    path.write_text("old")
    program = (
        "import resource, sys; from pathlib import Path; from foureyes.errors import InputError\n"
        "from foureyes.tables import write_text\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: write_text(Path(sys.argv[1]), 'x' * 100_000)\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot write {path}: File too large\n"
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["file.html"]
