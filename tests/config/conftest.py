"""A folder to write configurations into."""

from __future__ import annotations

from pathlib import Path

import pytest

from foureyes.config import load
from tests.config.whole import ENVIRON


class Folder:
    """A folder with a configuration in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "foureyes.toml"
        (path / "platt.json").write_text("{}")
        (path / "cut.json").write_text("{}")

    def write(self, text: str) -> Path:
        """The file, with this text in it."""
        self.file.write_text(text, encoding="utf-8")
        return self.file

    def load(self, text, environ=ENVIRON):
        """The settings that this text gives."""
        return load(self.write(text), environ)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
