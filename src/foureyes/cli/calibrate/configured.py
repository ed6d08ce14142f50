"""Puts a calibrator and its promise into the configuration of a service, or of a route."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final, TypeAlias

from foureyes.calibration import Calibrator, Threshold
from foureyes.cli.files import in_file
from foureyes.errors import InputError
from foureyes.guard.reader_judge import READER_SIGNAL
from foureyes.tables.saving import replacing
from foureyes.toml_edit import with_keys
from foureyes.toml_text import parsed_toml

__all__ = ["Configured", "Made", "configured", "require_configurable"]

Made: TypeAlias = tuple[Calibrator, Threshold]

_USUAL_SIGNAL: Final = "log_cmp"  # of a route's reader that names none


@dataclass(frozen=True, slots=True)
class Configured:
    """A change of a configuration, not yet written.

    Attributes:
        path: of the file.
        before, after: its text.
    """

    path: Path
    before: str
    after: str

    @property
    def diff(self) -> str:
        """What changes, as ``diff -u`` shows it; empty where nothing does."""
        lines = self.before.splitlines(), self.after.splitlines()
        return "\n".join(unified_diff(*lines, f"{self.path} as it is", f"{self.path} as it becomes", lineterm=""))

    def write(self) -> None:
        """Puts it in force, whole or not at all.

        Raises:
            InputError: the file changed in the meantime, or cannot be written.
        """
        if _text(self.path) != self.before:
            raise InputError(f"{self.path} changed while this ran; nothing was written to it")
        with replacing(self.path) as part:
            part.write_bytes(self.after.encode())
            part.chmod(self.path.stat().st_mode)


def require_configurable(args: argparse.Namespace, calibrator: Path, *, may_be_fitted_rows: bool = False) -> None:
    """Finds out before the work whether the configuration could be changed.

    Args:
        args: of the command line.
        calibrator: its file, which need not be there yet.
        may_be_fitted_rows: whether the promise may be made on rows that were fitted on.

    Raises:
        InputError: options that do not go together, a file without such a table, or a value that would be replaced unasked.
    """
    if args.configure is None:
        if args.verifier is not None or args.writer is not None or args.replace:
            raise InputError("--verifier, --writer and --replace belong to --configure FILE")
        return
    if args.threshold is None or (args.verifier is None) == (args.writer is None):
        raise InputError(
            "--configure FILE wants --threshold FILE, and --verifier NAME of a service or --writer NAME of a route"
        )
    if may_be_fitted_rows:
        raise InputError("--allow-fitted-rows makes no promise that a service could keep; leave out --configure")
    configured(args, calibrator, None)


def configured(args: argparse.Namespace, calibrator: Path, made: Made | None) -> Configured:
    """The configuration with this calibrator and its promise for ``--verifier`` or ``--writer``.

    Args:
        args: of the command line.
        calibrator: its file.
        made: the calibrator and the promise; ``None`` where they are not made yet.

    Raises:
        InputError: the file is no TOML, has no such table, names other values and ``--replace`` was not given, or reads
            another signal than was fitted.
    """
    path: Path = args.configure
    before = _text(path)
    with in_file(path):
        document = parsed_toml(before.encode())
        if args.writer is not None:
            return Configured(path, before, _route(document, before, args, calibrator, made))
        told = _reader(document, args.verifier)
        values = {
            "calibrator": _seen_from(path, calibrator),
            "threshold": _seen_from(path, args.threshold),
            "cut": None,
        }
        _require_free(told, values, f"[verifiers.{args.verifier}]", replace=args.replace)
        _require_signal(made, READER_SIGNAL, f"[verifiers.{args.verifier}]")
        return Configured(path, before, with_keys(before, ("verifiers", args.verifier), values))


def _route(document: dict[str, Any], text: str, args: argparse.Namespace, calibrator: Path, made: Made | None) -> str:
    """With the calibrator and the cut of a writer: a route has no thresholds, but cuts."""
    place, told = _writer(document, args.writer)
    route, reader = document.get("route", {}), document.get("reader", {})
    if rival := [key for key in ("policy", "promise") if key in route]:
        raise InputError(
            f"[route] has a {' and a '.join(rival)}, which decide in place of cuts: foureyes route learn makes others"
        )
    signal = reader.get("signal", _USUAL_SIGNAL)
    _require_signal(made, signal, "[reader]")
    values = {"calibrator": _seen_from(args.configure, calibrator), "cut": None if made is None else made[1].cut}
    _require_free(told, values, f"[[writers]] {args.writer}", replace=args.replace)
    return text if made is None else with_keys(text, ("writers",), values, place=place)


def _writer(document: dict[str, Any], name: str) -> tuple[int, dict[str, Any]]:
    writers = document.get("writers")
    tables = [one for one in writers if isinstance(one, dict)] if isinstance(writers, list) else []
    names = [str(one.get("name", one.get("model", "?"))) for one in tables]
    if names.count(name) != 1:
        raise InputError(f"wanted one of [[writers]] with the name {name}; got {', '.join(names) or 'none'}")
    return names.index(name), tables[names.index(name)]


def _reader(document: dict[str, Any], name: str) -> dict[str, Any]:
    verifiers = document.get("verifiers", {})
    told = verifiers.get(name) if isinstance(verifiers, dict) else None
    if not isinstance(told, dict):
        there = ", ".join(verifiers) if isinstance(verifiers, dict) and verifiers else "none"
        raise InputError(f"no [verifiers.{name}]; got {there}")
    if told.get("kind") != "reader":
        raise InputError(
            f'[verifiers.{name}] is of kind {told.get("kind")!r}: only a "reader" has a calibrator and a threshold'
        )
    return told


def _require_signal(made: Made | None, signal: str, table: str) -> None:
    """On another scale a calibrator is wrong without a sign of it."""
    if made is None:
        return
    source = made[0].fitted_on.source
    if source is None or source.signal.rpartition(".")[2] != signal:
        raise InputError(
            f"{table} reads {signal}; got a calibrator of {source or 'scores of no stated source'}: "
            f"foureyes score --signal {signal} writes the scores to fit on"
        )


def _require_free(told: dict[str, Any], values: Mapping[str, str | float | None], table: str, *, replace: bool) -> None:
    other = [f"{key} = {told[key]!r}" for key, value in values.items() if key in told and told[key] != value]
    if other and not replace:
        raise InputError(f"{table} has {' and '.join(other)} already; --replace puts the new ones in their place")


def _seen_from(configuration: Path, file: Path) -> str:
    """How the configuration names a file: relative to itself, or whole where it is on another drive."""
    try:
        return Path(os.path.relpath(file.resolve(), configuration.resolve().parent)).as_posix()
    except ValueError:
        return file.resolve().as_posix()


def _text(path: Path) -> str:
    """With the line ends that it has."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from error
