"""Opens a log by reference: ``sqlite:/path``, ``postgresql://…``, or the path of a SQLite file or an export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from foureyes.errors import InputError
from foureyes.ledger.export import ExportFile
from foureyes.ledger.keys import Signer, VerifierKey
from foureyes.ledger.ledger import Ledger, LedgerOptions
from foureyes.ledger.log import Log
from foureyes.ledger.sqlite import SqliteStore
from foureyes.ledger.store import ReadableStore, Store

__all__ = ["open_ledger", "open_log", "read_signer"]

_SQLITE: Final = "sqlite:"
_POSTGRES: Final = ("postgresql://", "postgres://")
_MAGIC: Final = b"SQLite format 3\x00"


def open_ledger(reference: str, *, key_file: Path | str, options: LedgerOptions | None = None) -> Ledger:
    """Opens a log to write to, or begins one where there is none.

    Args:
        reference: ``sqlite:/path/ledger.db`` or ``postgresql://user@host/database``.
        key_file: holds the private key, made by ``foureyes ledger keygen``; public keys that signed earlier may follow
            it, one a line.
        options: how it is written.

    Raises:
        InputError: the reference or the key file cannot be used.
        ConfigError: an extra is missing, or the database is not durable.
        LedgerTampered: the log's end is not what was signed.
        LedgerOtherKey: it was signed with another key.
        LedgerError: the log cannot be read or written.

    Example:
        >>> ledger = open_ledger("sqlite:/var/lib/foureyes/ledger.db", key_file="ledger.key")      # doctest: +SKIP
        >>> ledger.append("cross_model_verification", {"safe": True}).result().index              # doctest: +SKIP
        0
    """
    signer, former = read_signer(Path(key_file))
    options = options or LedgerOptions()
    options = replace(options, former=(*options.former, *former))
    return Ledger.open(_store(reference), signer=signer, options=options)


def open_log(reference: str, keys: Sequence[VerifierKey]) -> Log:
    """Opens a log to read and verify; no private key is needed.

    Args:
        reference: as for :func:`open_ledger`, or the path of a SQLite file or of an export.
        keys: public keys that may have signed it.

    Raises:
        InputError: there is no log there.
        ConfigError: an extra is missing.
        LedgerError: it cannot be read.
    """
    return Log(_reading(reference), keys)


def read_signer(key_file: Path) -> tuple[Signer, list[VerifierKey]]:
    """The private key in a file, and the public keys after it.

    Raises:
        InputError: there is none; the message tells nothing of the file's content.
    """
    try:
        lines = key_file.read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read a private key from {key_file}: {getattr(error, 'strerror', None) or 'not text'}"
        ) from None
    if not lines:
        raise InputError(f"{key_file} is empty; wanted a private key, made by foureyes ledger keygen")
    return Signer.parse(lines[0]), [VerifierKey.parse(line) for line in lines[1:]]


def _store(reference: str) -> Store:
    if reference.startswith(_POSTGRES):
        return _postgres(reference, create=True)
    if reference.startswith(_SQLITE):
        return SqliteStore(Path(reference.removeprefix(_SQLITE)))
    raise InputError(f"wanted sqlite:/path or postgresql://user@host/database; got {reference}")


def _reading(reference: str) -> ReadableStore:
    if reference.startswith(_POSTGRES):
        return _postgres(reference, create=False)
    path = Path(reference.removeprefix(_SQLITE))
    if reference.startswith(_SQLITE) or _begins_like_sqlite(path):
        return SqliteStore(path, create=False)
    return ExportFile(path)


def _postgres(url: str, *, create: bool) -> Store:
    from foureyes.ledger.postgres import PostgresStore  # noqa: PLC0415 - psycopg is an extra

    return PostgresStore(url, create=create)


def _begins_like_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
