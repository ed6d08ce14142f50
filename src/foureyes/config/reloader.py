"""The configuration of a running process: looked at again, put in force as a whole or not at all.

A broken file changes nothing: the settings in force stay, and what is wrong with the file is kept for whoever asks whether
the process is ready. A file counts as changed when its bytes are, so neither the grain of a file system's clock nor an editor that
keeps times can hide a change; the files that hold secrets, calibrators and thresholds are watched like the
configuration itself. Call :meth:`Reloader.check` every few seconds, on SIGHUP, or both.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path

from foureyes.config.load import load_with_files
from foureyes.config.settings import Settings
from foureyes.errors import ConfigError

__all__ = ["Reloader"]


class Reloader:
    """Settings that follow their file.

    Args:
        path: the TOML file.
        environ: the environment, as when the process began: a process cannot see changes to it.

    Raises:
        ConfigError: the file is broken to begin with.
    """

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ
        self._lock = threading.Lock()
        self._error: ConfigError | None = None
        self._settings, self._files = load_with_files(path, environ)
        self._seen = _digest(self._files)

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._settings

    @property
    def error(self) -> ConfigError | None:
        """What is wrong with the files as they were last seen; ``None`` if nothing is. Holds no secrets."""
        return self._error

    def check(self) -> bool:
        """Looks at the files, and puts what they say in force if they changed and are right.

        Returns:
            Whether parts made of the settings before are out of date.
        """
        with self._lock:
            if self._error is None and _digest(self._files) == self._seen:
                return False
            return self._read()

    def _read(self) -> bool:
        before = self._seen
        try:
            fresh, files = load_with_files(self._path, self._environ)
            seen = _digest(files)
            settled = load_with_files(self._path, self._environ) == (fresh, files)
        except ConfigError as error:
            self._error = error
            return False
        self._error = None
        self._settings, self._files = fresh, files
        self._seen = seen if settled else b""  # written to while it was read: look again at the next check
        return self._seen != before


def _digest(files: tuple[Path, ...]) -> bytes:
    """Of what the files hold; a file that cannot be read differs from every one that can."""
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(b"+" + hashlib.sha256(file.read_bytes()).digest())
        except OSError:
            digest.update(b"-")
    return digest.digest()
