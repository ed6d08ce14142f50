r"""Exports a log as one file of lines, which :mod:`foureyes.ledger.verify_export` checks offline.

::

    {"foureyes_ledger":1,"origin":"example.com/guard","size":2,"keys":["example.com/guard+1c5f3a07+AR…"]}
    {"checkpoint":"example.com/guard\n2\n…"}
    {"checkpoint":"example.com/guard\n1\n…"}
    {"checkpoint":"example.com/guard\n2\n…"}
    {"v":1,"index":0,"previous":"…",…}
    {"v":1,"index":1,"previous":"…",…}

The checkpoints come first, the newest before all others, so that no beginning of an export passes for a whole one, and again behind
them, where versions before this one look for it; then the entries, each with the very bytes that were hashed. The keys are a hint as to which key to ask somebody trustworthy for: a
forger would put his own there.

Line ends may have become those of Windows on the way, and a byte order mark may stand before the first: neither is part of
an entry. A file that was recoded to UTF-16 is refused: its bytes are not those that were hashed.
"""

from __future__ import annotations

import codecs
import json
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import dropwhile, islice
from pathlib import Path
from typing import IO, Any, Final

from foureyes.errors import InputError
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.keys import split_note
from foureyes.ledger.log import Log
from foureyes.ledger.store import ReadableStore, View
from foureyes.maths.merkle import TILE, Frontier, leaf_hash

__all__ = ["FORMAT", "ExportFile", "write_export"]

FORMAT: Final = 1

_STRIDE: Final = 256


def write_export(log: Log, out: IO[bytes]) -> int:
    """Writes a log as it is now.

    Args:
        log: to write.
        out: takes the lines.

    Returns:
        How many entries were written.

    Raises:
        LedgerTampered: the log's head is not signed. Anything else is for whoever verifies the export.
        InputError: it cannot be written.
    """
    notes = log.checkpoints()
    head = Checkpoint.opened(notes[-1], log.keys)
    header = {"foureyes_ledger": FORMAT, "origin": head.origin, "size": head.size, "keys": [str(k) for k in log.keys]}
    try:
        out.write(_line(header))
        newest_first = notes if len(notes) == 1 else [notes[-1], *notes]
        out.writelines(_line({"checkpoint": note}) for note in newest_first)
        out.writelines(entry + b"\n" for entry in log.raw(0, head.size))
    except BrokenPipeError:
        raise  # whoever was reading went away: no error of ours
    except OSError as error:
        raise InputError(f"cannot write the export: {error.strerror or error}") from error
    return head.size


class ExportFile(ReadableStore):
    """An export, read like a log. Only the places of some of its lines are held in memory.

    Args:
        path: of the file.

    Raises:
        InputError: there is no such file, or it is no export.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._opened() as file:
            begin = file.readline()
            if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise InputError(f"{path} is in UTF-16, as PowerShell writes it for >: export with -o FILE instead")
            header = _object(begin)
            if header.get("foureyes_ledger") != FORMAT:
                raise InputError(f"{path} is not the export of a ledger, format {FORMAT}")
            self._first_note = file.tell()

    @contextmanager
    def snapshot(self) -> Iterator[View]:
        """The file as it is."""
        with self._opened() as file:
            yield _View(file, self._first_note)

    def read_witness(self) -> None:
        """None: an export stands for itself."""

    def close(self) -> None:
        """Nothing is held."""

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        try:
            with self._path.open("rb") as file:
                yield file
        except OSError as error:
            raise InputError(f"cannot read {self._path}: {error.strerror or error}") from error


class _View(View):
    def __init__(self, file: IO[bytes], first_note: int) -> None:
        self._file, self._first_note = file, first_note

    def head(self) -> str | None:
        notes = list(self.checkpoints())
        return notes[-1] if notes else None

    def checkpoints(self) -> Iterator[str]:
        """The smallest first, each once, in whatever order they stand."""
        yield from sorted(dict.fromkeys(self._notes()), key=lambda note: Checkpoint.parse(split_note(note)[0]).size)

    def _notes(self) -> Iterator[str]:
        for _, line in self._lines(self._first_note):
            note = _object(line).get("checkpoint")
            if not isinstance(note, str):
                return
            yield note

    def entries(self, start: int, stop: int | None = None) -> Iterator[bytes]:
        stride, within = divmod(start, _STRIDE)
        if stride >= len(self._places):
            return
        lines = self._lines(self._places[stride])
        for _, line in islice(lines, within, None if stop is None else max(within, stop - stride * _STRIDE)):
            yield line

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        return [self._nodes[level, place] for place in range(start, stop) if (level, place) in self._nodes]

    def _lines(self, place: int) -> Iterator[tuple[int, bytes]]:
        """Places and lines from a place on. It goes back to where it was, so that several of these can take turns."""
        self._file.seek(place)
        while line := self._file.readline():
            following = self._file.tell()
            yield place, line.removesuffix(b"\n").removesuffix(b"\r")
            place = self._file.seek(following)

    @cached_property
    def _places(self) -> array[int]:
        """Where every 256th entry begins."""
        lines = dropwhile(lambda placed: "checkpoint" in _object(placed[1]), self._lines(self._first_note))
        return array("q", (place for place, _ in islice(lines, 0, None, _STRIDE)))

    @cached_property
    def _nodes(self) -> dict[tuple[int, int], bytes]:
        edge, made, entries = Frontier(), dict[tuple[int, int], bytes](), self.entries(0)
        while batch := [leaf_hash(entry) for entry in islice(entries, TILE)]:
            edge, nodes = edge.extended(batch)
            made |= {(node.level, node.position): node.hash for node in nodes}
        return made


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    """The object on a line; an empty one where there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
