"""Puts a calibrator and its promise into the configuration of a service."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from foureyes.cli.files import in_file
from foureyes.errors import InputError
from foureyes.tables.saving import replacing
from foureyes.toml_edit import with_keys
from foureyes.toml_text import parsed_toml

__all__ = ["Configured", "configured", "require_configurable"]


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

    Raises:
        InputError: options that do not go together, a file without such a reader, or a value that would be replaced unasked.
    """
    if args.configure is None:
        if args.verifier is not None or args.replace:
            raise InputError("--verifier and --replace belong to --configure FILE")
        return
    if args.threshold is None or args.verifier is None:
        raise InputError("--configure FILE wants --verifier NAME, and --threshold FILE, which the service reads")
    if may_be_fitted_rows:
        raise InputError("--allow-fitted-rows makes no promise that a service could keep; leave out --configure")
    configured(args, calibrator)


def configured(args: argparse.Namespace, calibrator: Path) -> Configured:
    """The configuration with this calibrator and ``--threshold`` for ``--verifier``.

    Raises:
        InputError: the file is no TOML, has no such reader, or names other files and ``--replace`` was not given.
    """
    path: Path = args.configure
    before = _text(path)
    with in_file(path):
        told = _reader(parsed_toml(before.encode()), args.verifier)
        values = {
            "calibrator": _seen_from(path, calibrator),
            "threshold": _seen_from(path, args.threshold),
            "cut": None,
        }
        _require_free(told, values, args.verifier, replace=args.replace)
        return Configured(path, before, with_keys(before, ("verifiers", args.verifier), values))


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


def _require_free(told: dict[str, Any], values: dict[str, str | None], name: str, *, replace: bool) -> None:
    other = [f"{key} = {told[key]!r}" for key, value in values.items() if key in told and told[key] != value]
    if other and not replace:
        raise InputError(
            f"[verifiers.{name}] has {' and '.join(other)} already; --replace puts the new ones in their place"
        )


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
