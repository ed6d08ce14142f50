"""What is known by name or was converted on this machine, for a person who asks what there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foureyes.errors import ModelUnavailable
from foureyes.models.weights.converted import Converted
from foureyes.models.weights.known import KNOWN, NOT_STATED, KnownModel
from foureyes.models.weights.store import CacheEntry, cache_folder, entries

__all__ = ["Listed", "listing"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One model.

    Attributes:
        name: what a person calls it.
        reference: what a person writes to get it.
        licence: of the weights.
        folder: where it is; ``None`` when it is not on this machine.
        n_bytes: size on disk; ``None`` when it is not on this machine or damaged.
        problem: what is wrong with what is there, if anything is.
        known: the table's entry, for models known by name.
    """

    name: str
    reference: str
    licence: str
    folder: Path | None
    n_bytes: int | None
    problem: str | None
    known: KnownModel | None


def listing() -> list[Listed]:
    """Models known by name first, in the table's order; then what else was converted on this machine.

    Sizes are checked, bytes are not. What the hub's client has downloaded is its own affair.
    """
    cache = cache_folder()
    named = {Converted.of_packages(known, cache).entry.folder: known for known in KNOWN.values()}
    known = [_listed(Converted.of_packages(known, cache).entry, known) for known in named.values()]
    return known + [_listed(entry, None) for entry in entries(cache) if entry.folder not in named]


def _listed(entry: CacheEntry, known: KnownModel | None) -> Listed:
    licence = known.licence if known else NOT_STATED
    try:
        manifest = entry.check_sizes()
    except ModelUnavailable as error:
        return Listed(entry.model, entry.reference, licence, entry.folder, None, str(error), known)
    if manifest is None:
        return Listed(entry.model, entry.reference, licence, None, None, None, known)
    return Listed(manifest.name, manifest.reference, manifest.licence, entry.folder, manifest.n_bytes, None, known)
