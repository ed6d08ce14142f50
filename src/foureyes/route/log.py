"""Keeps what a route did in a file that grows to a bound: for learning, for reports, and for outcomes posted back.

A record is one line, written with one call and so whole or cut at its end, never mixed with another. It is in the hands of the
operating system at once: it survives the end of the process, and a loss of power only with ``durable=True``, which waits for the
disk each time. A file that would exceed its bound is renamed (``route.jsonl.1``, ``.2`` …) and the oldest is deleted.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from foureyes.calibration import Source
from foureyes.errors import InputError
from foureyes.ledger.entry import text_hash
from foureyes.route.log_reading import parts_of, read_part
from foureyes.route.log_records import LoggedOutcome, LoggedRequest, logged_request, record_text
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.route.roles import OutcomeKnown, OutcomeUnkept

__all__ = ["JsonlRouteLog", "lock_log", "salt_beside"]

_LEAST: Final = 1 << 16
_SALT_BYTES: Final = 32


class JsonlRouteLog:
    """A route's log as JSON lines. One process writes it; any number may read.

    Args:
        path: the file; its folder must be there.
        source: the signal that the reader takes, and its fingerprint.
        salt: secret, for hashes of texts; at least 16 bytes.
        texts: keep conversations and answers in words too. They may hold personal data.
        max_bytes: of one file, at least 64 KiB.
        files: how many older files are kept beside it, ≥ 0.
        durable: wait for the disk at every record.

    Raises:
        InputError: the file cannot be opened, another process writes it, or a value is outside its range.
    """

    def __init__(
        self,
        path: Path,
        *,
        source: Source,
        salt: bytes,
        texts: bool = False,
        max_bytes: int = 64 << 20,
        files: int = 4,
        durable: bool = False,
    ) -> None:
        if max_bytes < _LEAST or files < 0 or len(salt) < 16:
            got = f"{max_bytes:,} bytes, {files} files, a salt of {len(salt)} bytes"
            raise InputError(f"a log wants max_bytes ≥ {_LEAST:,}, files ≥ 0 and a salt of 16 bytes; got {got}")
        self._path, self._source, self._salt, self._texts = path, source, salt, texts
        self._max_bytes, self._files, self._durable = max_bytes, files, durable
        self._guard = _locked(path)
        self._file = _opened(path)
        self._known: dict[str, _Known] = {}
        self._learn_ids()

    async def keep(self, request: RouteRequest, answer: RoutedAnswer) -> None:
        """Keeps one routed request.

        Raises:
            InputError: the disk refuses it.
        """
        record = logged_request(
            request, answer, source=self._source, text_hash=lambda text: text_hash(text, self._salt), texts=self._texts
        )
        self._append(record_text(record))
        self._known.setdefault(record.id, _Known(_stated(record)))
        if self._durable:
            await asyncio.to_thread(os.fsync, self._file)

    def outcome(
        self, request_id: str, *, correct: bool, writer: str | None = None, at: float | None = None
    ) -> float | None:
        """Keeps whether an answer turned out right. Said once it stays: a second word on it is refused, not preferred.

        Args:
            request_id: of the routed answer.
            correct: whether it was right.
            writer: whose answer; ``None`` means the one that was returned.
            at: when that was told, in seconds since 1970; now if ``None``.

        Returns:
            P(correct) that was stated of the answer, where it was returned as good enough; otherwise ``None``.

        Raises:
            OutcomeKnown: its outcome is known.
            OutcomeUnkept: the disk refuses it.
            InputError: the log holds no such request (any more).
        """
        known = self._known.get(request_id)
        if known is None:
            raise InputError(f"no request {request_id!r:.80} in {self._path.name}, or it has been rotated out of it")
        if writer in known.told:
            raise OutcomeKnown(f"the outcome of {request_id!r:.80} is known already; the first one stays")
        moment = time.time() if at is None else at
        try:
            self._append(record_text(LoggedOutcome(request_id, correct, moment, writer)))
        except InputError as error:
            raise OutcomeUnkept(str(error)) from error
        known.told.add(writer)
        if self._durable:
            os.fsync(self._file)
        return known.stated if writer is None else None

    def close(self) -> None:
        """Brings all to the disk, and lets another process write."""
        os.fsync(self._file)
        os.close(self._file)
        os.close(self._guard)

    def _append(self, line: str) -> None:
        data = line.encode()
        try:
            if os.fstat(self._file).st_size + len(data) > self._max_bytes:
                self._rotate()
            if os.write(self._file, data) != len(data):
                os.write(self._file, b"\n")  # the rest did not fit: a cut line, which readers count
                raise InputError(f"cannot write {self._path}: the disk took a part of a record only")
        except OSError as error:
            raise InputError(f"cannot write {self._path}: {error.strerror or error}") from error

    def _rotate(self) -> None:
        os.fsync(self._file)
        os.close(self._file)
        older = [self._path, *(_numbered(self._path, i) for i in range(1, self._files + 1))]
        for place in reversed(range(len(older))):
            if older[place].exists() and place + 1 < len(older):
                older[place].replace(older[place + 1])
            else:
                older[place].unlink(missing_ok=True)
        self._file = _opened(self._path)
        self._learn_ids()

    def _learn_ids(self) -> None:
        """Which requests can get an outcome, and which have one; bounded by what the files hold."""
        self._known = {}
        for record in _records(self._path):
            if isinstance(record, LoggedRequest):
                self._known.setdefault(record.id, _Known(_stated(record)))
            elif record.id in self._known:
                self._known[record.id].told.add(record.writer)


@dataclass(slots=True)
class _Known:
    """What has to be remembered of a request until its outcome is told."""

    stated: float | None
    told: set[str | None] = field(default_factory=set)


def _stated(record: LoggedRequest) -> float | None:
    return record.confidence if record.enforced and record.action == "answer" else None


def salt_beside(path: Path) -> bytes:
    """The salt that lies beside a log, made when there is none: ``route.jsonl.salt``, readable by its owner only.

    Raises:
        InputError: it cannot be read or made, or is too short.
    """
    place = path.with_name(path.name + ".salt")
    try:
        try:
            file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            salt = place.read_bytes()
        else:
            salt = secrets.token_bytes(_SALT_BYTES)
            os.write(file, salt)
            os.close(file)
    except OSError as error:
        raise InputError(f"cannot use {place}: {error.strerror or error}") from error
    if len(salt) < 16:
        raise InputError(f"{place} holds {len(salt)} bytes; a salt has at least 16")
    return salt


def _records(path: Path) -> Iterator[LoggedRequest | LoggedOutcome]:
    for part in parts_of(path):
        yield from read_part(part, lambda _why: None)  # readers count what is broken


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _locked(path: Path) -> int:
    try:
        guard = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(guard)
        raise InputError(f"{path} is written by another process: one log, one writer") from error
    return guard


@contextmanager
def lock_log(path: Path) -> Iterator[None]:
    """Keeps every other process from writing a log meanwhile.

    Raises:
        InputError: one writes it now.
    """
    guard = _locked(path)
    try:
        yield
    finally:
        os.close(guard)


def _opened(path: Path) -> int:
    """Opened to append; behind a last line that was cut, a new line is begun."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            os.write(file, b"\n")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    return file
