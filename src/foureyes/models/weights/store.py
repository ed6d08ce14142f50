"""The cache folder: one folder per converted model, whole or not there at all.

Layout, under :func:`cache_folder`::

    models/gemma3-270m-a5fd3b62230a/      name and first 12 digits of the source's sha256
        config.json  model.safetensors  tokenizer.json  …
        manifest.json                     source, licence, versions; size and sha256 of every file
    models/gemma3-270m-a5fd3b62230a.lock  held while the model is being made
    models/.gemma3-270m-a5fd3b62230a.*    being made; left behind only by a killed process, swept by the next
    digests/                              remembered sha256 of files elsewhere

The rule: a folder is built beside its place, flushed to the disk, and renamed into it. Whoever sees the folder sees all
of it, whenever a process was killed. Building happens under a lock, looking does not need one.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models.weights.digests import fingerprint, sha256
from foureyes.models.weights.folders import MANIFEST, decides_values
from foureyes.models.weights.values import OnStep, Step

__all__ = ["CacheEntry", "File", "Manifest", "cache_folder", "digest_memory", "entries"]

_FORMAT: Final = 1
"""Raised whenever a conversion would give other values than before, so that older folders are not taken for new ones."""


def cache_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where converted weights are kept.

    ``$FOUREYES_CACHE``; else ``foureyes`` under ``$XDG_CACHE_HOME``; else under the system's own place for caches.

    Example:
        >>> cache_folder({"FOUREYES_CACHE": "/data/foureyes"}).as_posix()
        '/data/foureyes'
        >>> cache_folder({"XDG_CACHE_HOME": "/var/cache/me"}).as_posix()
        '/var/cache/me/foureyes'
    """
    if own := environ.get("FOUREYES_CACHE"):
        return Path(own).expanduser().absolute()
    xdg = Path(environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():  # the XDG specification: relative paths are to be ignored
        return xdg / "foureyes"
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "foureyes" / "Cache"
    if platform == "darwin":
        return Path.home() / "Library" / "Caches" / "foureyes"
    return Path.home() / ".cache" / "foureyes"


def digest_memory(cache: Path) -> Path:
    """Where a cache remembers the sha256 of files elsewhere."""
    return cache / "digests"


@dataclass(frozen=True, slots=True)
class File:
    """Size and sha256 that a file had when it was made."""

    n_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a converted model is made of.

    Attributes:
        name: what a person calls the model.
        reference: what a person writes to get it.
        licence: of the weights.
        source_sha256: of the GGUF file that was converted.
        versions: of the packages that converted it.
        files: size and sha256 of every file in the folder but the manifest itself.
    """

    name: str
    reference: str
    licence: str
    source_sha256: str
    versions: Mapping[str, str]
    files: Mapping[str, File]

    @property
    def fingerprint(self) -> str:
        """Identity of weights, configuration and tokenizer together."""
        return fingerprint({name: file.sha256 for name, file in self.files.items() if decides_values(name)})

    @property
    def n_bytes(self) -> int:
        """Size on disk."""
        return sum(file.n_bytes for file in self.files.values())

    def to_json(self) -> str:
        """As a JSON object, for a person to read too."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The manifest that :meth:`to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        content: Any = json.loads(text)
        if not isinstance(content, dict) or content.pop("format", None) != _FORMAT:
            raise ValueError(f"not a manifest of format {_FORMAT}")
        try:
            files = {name: File(**file) for name, file in content.pop("files").items()}
            return cls(**content, files=files)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a manifest: {error}") from error


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A place in the cache for one converted model, filled or not."""

    folder: Path
    model: str
    reference: str

    @property
    def manifest(self) -> Manifest | None:
        """What is in the place; ``None`` when nothing is."""
        try:
            return Manifest.from_json((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise self._damaged(f"{self.folder / MANIFEST} is unreadable ({error})") from error

    def check_sizes(self) -> Manifest | None:
        """The manifest of a filled place all of whose files have the size they should; ``None`` when nothing is there.

        Raises:
            ModelUnavailable: a file is missing or has another size.
        """
        manifest = self.manifest
        for name, file in manifest.files.items() if manifest else ():
            path = self.folder / name
            got = path.stat().st_size if path.is_file() else None
            if got != file.n_bytes:
                what = "is missing" if got is None else f"has {got} bytes"
                raise self._damaged(f"{path} {what}; wanted {file.n_bytes} bytes")
        return manifest

    def check_bytes(self) -> Manifest | None:
        """As :meth:`check_sizes`, and every byte of every file is what it was when it was made.

        Raises:
            ModelUnavailable: a file was changed.
        """
        manifest = self.check_sizes()
        for name, file in manifest.files.items() if manifest else ():
            got = sha256(self.folder / name)
            if got != file.sha256:
                raise self._damaged(f"{self.folder / name} has sha256 {got}; wanted {file.sha256}")
        return manifest

    def _damaged(self, what: str) -> ModelUnavailable:
        return ModelUnavailable(
            f"{what}; mend it with: foureyes models pull --verify {self.reference}", model=self.model
        )

    @contextmanager
    def locked(self, on_step: OnStep) -> Iterator[None]:
        """One process at a time; the lock of a killed process is released by the operating system."""
        lock = FileLock(f"{self.folder}.lock")
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            on_step(Step(self.model, "wait"))
            lock.acquire()
        except OSError as error:
            raise ConfigError(
                f"the cache folder {self.folder.parent} cannot be written ({error.strerror}); "
                "name another in FOUREYES_CACHE"
            ) from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder beside the place, gone afterwards. Call it under the lock: it sweeps up what killed ones left."""
        prefix = f".{self.folder.name}."
        for left_behind in self.folder.parent.glob(f"{prefix}*"):
            shutil.rmtree(left_behind, ignore_errors=True)  # a killed process's child may still be writing in it
        with tempfile.TemporaryDirectory(prefix=prefix, dir=self.folder.parent, ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def fill(self, built: Path, *, licence: str, source_sha256: str, versions: Mapping[str, str]) -> Manifest:
        """Moves a built folder into the place, manifest and all; what was there before is gone. Call it under the lock.

        Args:
            built: the folder, inside :meth:`scratch`.
            licence: of the weights.
            source_sha256: of the GGUF file they were made of.
            versions: of the packages that made them.
        """
        paths = sorted(path for path in built.rglob("*") if path.is_file())
        files = {path.relative_to(built).as_posix(): File(path.stat().st_size, sha256(path)) for path in paths}
        manifest = Manifest(self.model, self.reference, licence, source_sha256, dict(versions), files)
        (built / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        for path in (*paths, built / MANIFEST, built):
            _flush(path)
        if self.folder.exists():
            self.folder.rename(built.parent / "replaced")
        built.rename(self.folder)
        _flush(self.folder.parent)
        return manifest


def entries(cache: Path) -> list[CacheEntry]:
    """The filled places of a cache, sorted by folder name; damaged ones too, but not those without a manifest."""
    found = sorted(path.parent for path in (cache / "models").glob(f"[!.]*/{MANIFEST}"))
    return [CacheEntry(folder, folder.name, str(folder)) for folder in found]


def _flush(path: Path) -> None:
    """Has the operating system put a file or a folder's listing on the disk."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
