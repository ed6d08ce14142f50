"""Where a folder of shards lies: on this machine, or on an object store. Start at :func:`open_folder`."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Final

from foureyes.batch.disk import reading, sync_folder, write_whole, writing
from foureyes.batch.shards.folder import CLAIM, OWN, ShardFolder
from foureyes.batch.shards.patterns import fits, without_ups
from foureyes.errors import InputError
from foureyes.models.weights.store import cache_folder
from foureyes.records.folders import UNFINISHED
from foureyes.storage.addresses import has_signs, is_remote, joined

__all__ = ["DiskFolder", "StoredFolder", "open_folder"]

_EXAMPLES: Final = tuple(f"shard-00000.{suffix}" for suffix in ("jsonl", "parquet", "json", "csv", "arrow", "npz"))
"""Names such as shards have."""

_PROBE: Final = "may-be-deleted"


def open_folder(out: str, work: Path | None = None) -> ShardFolder:
    """The folder at a path or an address.

    Args:
        out: where.
        work: folder of this machine, in which a store's folder gets one for what is being made; one in the cache where ``None``.

    Raises:
        InputError: the address cannot be used, or ``work`` is given and there is none.
        ConfigError: the package that reads it is not installed.
    """
    if not is_remote(out):
        if work is not None:
            raise InputError(f"--work is for an OUT on an object store; what is being made for {out} lies in it")
        return DiskFolder(Path(out))
    name = hashlib.sha256(out.rstrip("/").encode()).hexdigest()[:24]
    return StoredFolder(out, (work or cache_folder() / "score") / name)


class DiskFolder(ShardFolder):
    """A folder of this machine, which is made where it is missing."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}/", path / OWN / "work")
        self._path = path

    def holds(self, place: str) -> bool:
        """By the names, and by where links lead."""
        if is_remote(place):
            return False
        path, own = Path(place), self._path.resolve()
        return path.resolve().is_relative_to(own) or path.parent.resolve().is_relative_to(own)

    def read_by(self, source: str) -> bool:
        """By the names, and by where links lead; a pattern that fits a folder means what is in that."""
        if is_remote(source):
            return False
        path = Path(source)
        if path.exists():
            return path.is_dir() and self._path.resolve().is_relative_to(path.resolve())
        places = [folder / name for folder in _written_and_resolved(self._path) for name in _EXAMPLES]
        return any(
            fits(above.parts, pattern.parts)
            for pattern in _written_and_resolved(path)
            for place in places
            for above in (place, *place.parents)
        )

    def publish(self, place: Path, name: str) -> None:
        """One rename."""
        with writing(self._path / name):
            place.replace(self._path / name)
            sync_folder(self._path)

    def _claim(self, *, by_force: bool) -> None:
        """The lock is claim enough."""

    def _let_go(self) -> None:
        """There is nothing to give back."""

    def _read(self, names: list[str]) -> dict[str, bytes]:
        found = {}
        for name in names:
            path = self._path / OWN / name
            with reading(path):
                if path.exists():
                    found[name] = path.read_bytes()
        return found

    def _write(self, name: str, content: bytes) -> None:
        path = self._path / OWN / name
        with writing(path):
            path.parent.mkdir(exist_ok=True)
        write_whole(path, content)

    def _sizes(self, folder: str | None) -> dict[str, int]:
        path = self._path if folder is None else self._path / OWN / folder
        with reading(path):
            if not path.exists():
                return {}
            return {one.name: one.stat().st_size for one in path.iterdir() if one.is_file()}

    def _delete(self, names: list[str]) -> None:
        for name in names:
            with writing(self._path / name):
                (self._path / name).unlink(missing_ok=True)


class StoredFolder(ShardFolder):
    """A folder of an object store: names that begin alike."""

    def __init__(self, address: str, work: Path) -> None:
        from foureyes.storage.store import ObjectStore  # noqa: PLC0415 - an extra

        super().__init__(joined(address, ""), work)
        self._store = ObjectStore(address)
        if self._store.scheme == "hf":
            raise InputError(
                f"{address}: hf:// is read from; write the shards elsewhere, and push them when they are whole"
            )
        self._place = work / CLAIM
        self._token = b""

    def holds(self, place: str) -> bool:
        """By the beginning of the name."""
        return _plain(place).startswith(_plain(self.name))

    def read_by(self, source: str) -> bool:
        """By the beginning of the name, or by the pattern."""
        pattern = _plain(source).split("/")
        return is_remote(source) and (
            _plain(self.name).startswith(_plain(joined(source, "")))
            or any(fits(_plain(joined(self.name, name)).split("/"), pattern) for name in _EXAMPLES)
        )

    def publish(self, place: Path, name: str) -> None:
        """An upload; stores show an object when all of it is there."""
        self._store.put(place, joined(self.name, name))
        with writing(place):
            place.unlink()

    def _claim(self, *, by_force: bool) -> None:
        self._require_deleting()
        with reading(self._place):
            self._token = self._place.read_bytes() if self._place.exists() else b""
        if not self._token:
            self._token = secrets.token_hex(16).encode()
            write_whole(self._place, self._token)
        address = self._address(CLAIM)
        if self._store.create(address, self._token) or self._is_ours():  # this machine's own, of a run that was killed
            return
        if not by_force:
            raise InputError(
                f"another run is writing {self.name}; if it is dead, --resume --force goes on without what it had not finished"
            )
        self._store.write(address, self._token)

    def _require_deleting(self) -> None:
        """Finds out before the work whether objects may be deleted: at its end the mark and the claim are, or it never ends."""
        probe = self._address(_PROBE)
        self._store.write(probe, b"Written and deleted when a run begins, to see whether it may delete.\n")
        try:
            self._store.delete([probe])
        except InputError as error:
            raise InputError(
                f"{error}; a run deletes its claim and {UNFINISHED}, so it wants the right to delete objects in {self.name} "
                "(s3:DeleteObject, storage.objects.delete)"
            ) from error

    def _let_go(self) -> None:
        with suppress(
            InputError
        ):  # what goes wrong here must not hide why the run ended; the same machine finds its own again
            if self._is_ours():  # or another machine took it by force
                self._store.delete([self._address(CLAIM)])

    def _is_ours(self) -> bool:
        address = self._address(CLAIM)
        return self._store.read([address]).get(address) == self._token

    def _read(self, names: list[str]) -> dict[str, bytes]:
        addresses = {self._address(name): name for name in names}
        return {addresses[address]: content for address, content in self._store.read(list(addresses)).items()}

    def _write(self, name: str, content: bytes) -> None:
        self._store.write(self._address(name), content)

    def _sizes(self, folder: str | None) -> dict[str, int]:
        return self._store.sizes(self.name if folder is None else self._address(folder))

    def _delete(self, names: list[str]) -> None:
        self._store.delete([joined(self.name, name) for name in names])

    def _address(self, name: str) -> str:
        return joined(joined(self.name, OWN), name)


def _written_and_resolved(path: Path) -> set[Path]:
    """A path or pattern as it is written, and with links followed as far as it is no pattern; both from the root and without ``..``."""
    parts = path.absolute().parts
    plain = list(takewhile(lambda part: not has_signs(part), parts))
    return {Path(*without_ups(parts)), Path(*without_ups([*Path(*plain).resolve().parts, *parts[len(plain) :]]))}


def _plain(address: str) -> str:
    """An address in the one way to write its scheme."""
    scheme, _, rest = address.partition("://")
    return f"{scheme.lower().replace('gcs', 'gs')}://{rest}"
