"""One object store, as this program uses it: find, look at, fetch, put, delete. Start at :class:`ObjectStore`.

Every exception of fsspec, of the store's own package and of what that talks with becomes an
:class:`~foureyes.errors.InputError` in one place, :func:`naming`. Their own words are not repeated: a signed address or a key may
stand in them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from foureyes.errors import ConfigError, InputError
from foureyes.storage.addresses import SCHEMES, has_signs, scheme_of

__all__ = ["ObjectStore", "StoredObject", "naming"]

_CHUNK: Final = 1 << 22

_ATTEMPTS: Final = 2
_BOUNDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "s3": {"config_kwargs": {"connect_timeout": 5, "read_timeout": 60, "retries": {"total_max_attempts": 2}}}
}
"""Of attempts and waiting, since two packages each repeat what the other repeated."""

_UNMET: Final = (errno.EINVAL, errno.EBUSY, errno.EIO)
"""What s3fs makes of "there is one already" where a store says it in other words than AWS."""

_MEANINGS: Final[Sequence[tuple[type[Exception], str]]] = (
    (FileNotFoundError, "there is no such object or bucket"),
    (PermissionError, "the store does not allow it with the credentials that are set here"),
    (IsADirectoryError, "it is a folder"),
    (TimeoutError, "the store did not answer in time"),
    (ConnectionError, "the store cannot be reached"),
)
_NAMED: Final[Mapping[str, str]] = {
    "NoCredentialsError": "no credentials are set here, and the store wants some",
    "PartialCredentialsError": "half of the credentials are missing",
    "EndpointConnectionError": "the store cannot be reached",
    "ConnectionClosedError": "the store closed the connection",
    "ClientConnectorError": "the store cannot be reached",
    "GatedRepoError": "the repository wants its terms to be accepted first",
    "RepositoryNotFoundError": "there is no such repository, or it is private and no token is set here",
}
"""By the names of classes of packages that are not loaded here."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a store.

    Attributes:
        address: whole, with its scheme.
        size: in bytes.
        version: the store's own mark of what it holds (an entity tag, a revision); other content has another.
    """

    address: str
    size: int
    version: str


class ObjectStore:
    """The store that an address lies in.

    Args:
        address: of anything in it.

    Raises:
        InputError: its scheme is not known, or credentials stand in it.
        ConfigError: the package that reads it is not installed.
    """

    def __init__(self, address: str) -> None:
        self._scheme = scheme_of(address)
        self._files = _opened(self._scheme)

    @property
    def scheme(self) -> str:
        """Such as ``"s3"``."""
        return self._scheme

    def find(self, pattern: str) -> list[StoredObject]:
        """The objects that an address means, in the order of their names: one, all that fit a pattern, or all in a folder.

        Raises:
            InputError: there is none, or the store refuses.
        """
        path = self._path(pattern)
        with naming(f"cannot read {pattern}"):
            self._files.invalidate_cache()
            if self._files.isfile(path):  # one whose name has signs of a pattern too
                found = {path: self._files.info(path)}
            elif has_signs(path):
                found = self._files.glob(path, detail=True)
            else:
                found = self._files.find(path, detail=True)
        objects = [self._object(info) for _, info in sorted(found.items()) if info["type"] == "file"]
        if not objects:
            raise InputError(f"cannot read {pattern}: there is no such object, and none below it")
        return objects

    def look(self, address: str) -> StoredObject | None:
        """An object; ``None`` where there is none."""
        with naming(f"cannot read {address}"):
            self._files.invalidate_cache()
            try:
                return self._object(self._files.info(self._path(address)))
            except FileNotFoundError:
                return None

    def sizes(self, folder: str) -> dict[str, int]:
        """The objects right in a folder by their names, and their sizes."""
        path = self._path(folder).rstrip("/")
        with naming(f"cannot read {folder}"):
            self._files.invalidate_cache()
            try:
                found = self._files.ls(path, detail=True)
            except FileNotFoundError:
                return {}
        return {info["name"].rpartition("/")[2]: int(info["size"]) for info in found if info["type"] == "file"}

    def fetch(self, address: str, place: Path) -> None:
        """Copies an object to this machine."""
        path = self._path(address)
        with naming(f"cannot read {address}"), self._files.open(path, "rb") as source, place.open("wb") as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)

    @contextmanager
    def opened(self, address: str) -> Iterator[Any]:
        """An object's bytes, as a file that can be searched through."""
        with naming(f"cannot read {address}"), self._files.open(self._path(address), "rb") as source:
            yield source

    def read(self, addresses: Sequence[str]) -> dict[str, bytes]:
        """What small objects hold, by their addresses; fetched at once. Those that are not there are left out."""
        paths = {self._path(address): address for address in addresses}
        if not paths:
            return {}
        with naming(f"cannot read {addresses[0]}"):
            found = self._files.cat(list(paths), on_error="return")
            if not isinstance(found, dict):
                found = dict.fromkeys(paths, found)
            for content in found.values():
                if isinstance(content, Exception) and not isinstance(content, FileNotFoundError):
                    raise content
        return {paths[path]: content for path, content in found.items() if isinstance(content, bytes)}

    def put(self, place: Path, address: str) -> None:
        """Copies a file of this machine; the object appears once all of it is there."""
        with naming(f"cannot write {address}"):
            self._files.put_file(str(place), self._path(address))

    def write(self, address: str, content: bytes) -> None:
        """Writes a small object."""
        with naming(f"cannot write {address}"):
            self._files.pipe_file(self._path(address), content)

    def create(self, address: str, content: bytes) -> bool:
        """Writes a small object unless there is one; of several who try at once, the store lets one.

        Returns:
            Whether it was written.
        """
        with naming(f"cannot write {address}"):
            try:
                self._files.pipe_file(self._path(address), content, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _UNMET or self.look(address) is None:
                    raise
                return False
        return True

    def delete(self, addresses: Sequence[str]) -> None:
        """Deletes objects; one that is gone already is no error."""
        for address in addresses:
            with naming(f"cannot delete {address}"):
                try:
                    self._files.rm_file(self._path(address))
                except FileNotFoundError:
                    continue

    def _path(self, address: str) -> str:
        return str(self._files._strip_protocol(address))  # noqa: SLF001 - fsspec's documented way is a class's private name

    def _object(self, info: Mapping[str, Any]) -> StoredObject:
        version = next((info[key] for key in ("ETag", "etag", "md5Hash", "blob_id", "created") if info.get(key)), "")
        return StoredObject(f"{self._scheme}://{info['name'].lstrip('/')}", int(info["size"] or 0), str(version))


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turns whatever a store's package raises into an error that names the address and quotes nobody."""
    try:
        yield
    except (InputError, ConfigError):
        raise
    except Exception as error:  # noqa: BLE001 - three packages' trees, and those of what they talk with
        raise InputError(f"{what}: {_reason(error)}") from None  # a foreign message may hold a signed address


def _reason(error: Exception) -> str:
    for one in (
        error,
        error.__cause__,
    ):  # the hub's file system says "not found" of what it may not show, because of an error that knows
        named = next((kind.__name__ for kind in type(one).__mro__ if kind.__name__ in _NAMED), None)
        if named is not None:
            return _NAMED[named]
    for known, words in _MEANINGS:
        if isinstance(error, known):
            return words
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return os.strerror(error.errno)  # its own strerror is the server's message
    return f"the store's package failed with {type(error).__name__}"


def _opened(scheme: str) -> Any:
    if scheme in {"gs", "gcs"}:
        # or gcsfs asks over gRPC of what kind each bucket is, and says on stderr that it may not
        os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    try:
        import fsspec  # noqa: PLC0415 - an extra

        kind = fsspec.get_filesystem_class(scheme)
    except ImportError:
        wanted = SCHEMES[scheme]
        how = wanted if wanted == "gcsfs" else "'foureyes[remote]'"
        raise ConfigError(f"{scheme}:// needs {wanted}: pip install {how}") from None
    with naming(f"cannot use {scheme}://"):
        files = kind(use_listings_cache=False, **_BOUNDS.get(scheme, {}))
    if scheme == "s3":
        files.retries = _ATTEMPTS
    return files
