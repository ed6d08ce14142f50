"""What people decided about answers, in a file of its own beside the scored one: one JSON line a decision, the last one wins.

Several pages may write to the same file at once: a line is one append, made under a lock, and on the disk before the page is
told so. A line says which row it is about and holds a hash of prompt and answer, so that a decision is never taken for one
about another answer: not after the rows were scored again, and not when the file belongs to other rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from filelock import FileLock

from foureyes.batch.disk import reading, writing
from foureyes.errors import InputError
from foureyes.models.weights.store import cache_folder

__all__ = ["Label", "LabelDecision", "Labels", "sidecar_of"]

Label: TypeAlias = Literal["right", "wrong", "unsure"]


@dataclass(frozen=True, slots=True)
class LabelDecision:
    """What somebody said of one answer.

    Attributes:
        file: name of the scored file, for people.
        row: number of the row, from 0.
        which: of several answers in one record, which; empty where there is one.
        answer: hash of prompt and answer, 16 hex digits.
        label: what was said; ``None`` where it was taken back.
        read: how the user said that rows are to be read; :attr:`~foureyes.view.scored_rows.RowReader.given`.
    """

    file: str
    row: int
    which: str
    answer: str
    label: Label | None
    read: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> LabelDecision:
        """From a line's object.

        Raises:
            InputError: it is none.
        """
        try:
            read = tuple(str(word) for word in told.get("read", ()))
            made = cls(told["file"], told["row"], told["which"], told["answer"], told["label"], read)
            legal = type(made.row) is int and made.row >= 0 and int(made.answer, 16) >= 0
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a decision: {error}") from error
        if not legal or made.label not in (None, *get_args(Label)):
            raise InputError(f"not a decision: row {made.row!r:.40}, label {made.label!r:.40}")
        return made

    def to_dict(self) -> dict[str, Any]:
        """As a line has it."""
        return {
            "file": self.file,
            "row": self.row,
            "which": self.which,
            "answer": self.answer,
            "label": self.label,
            **({"read": list(self.read)} if self.read else {}),
        }


def sidecar_of(path: Path) -> Path:
    """Where decisions about the rows of a file are kept unless the user says otherwise.

    Example:
        >>> sidecar_of(Path("scored.jsonl")).as_posix()
        'scored.labels.jsonl'
    """
    return path.with_name(f"{path.stem}.labels.jsonl")


class Labels:
    """The decisions in a sidecar.

    Args:
        path: of the sidecar; it need not be there yet.

    Attributes:
        last: the last decision about each row, by row number and hash.
        broken: lines that are none.
        version: goes up with every decision.
        conflicts: rows that were called right at one time and wrong at another.

    Raises:
        InputError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: dict[tuple[int, str], LabelDecision] = {}
        self.broken = 0
        self.version = 0
        self._seen: dict[tuple[int, str], set[str]] = {}
        self._end = 0
        self._reading = threading.Lock()
        self.refresh()

    @property
    def conflicts(self) -> int:
        """Rows that were called right at one time and wrong at another."""
        with self._reading:
            return sum({"right", "wrong"} <= seen for seen in self._seen.values())

    def refresh(self) -> bool:
        """Takes up what others wrote since.

        Returns:
            Whether there was something.
        """
        with self._reading:
            return self._refresh()

    def _refresh(self) -> bool:
        with reading(self.path):
            size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._end:  # somebody cleaned it up
            self.last, self._seen, self.broken, self._end = {}, {}, 0, 0
        if size == self._end:
            return False
        for raw in self._lines():
            self._take(raw)
        self.version += 1
        return True

    def add(self, decision: LabelDecision) -> None:
        """Saves a decision: when this returns, it is on the disk.

        Raises:
            InputError: it cannot be written.
        """
        told = {**decision.to_dict(), "at": datetime.now(UTC).isoformat(timespec="seconds")}
        line = json.dumps(told, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
        with writing(self.path), self._lock(), self.path.open("ab") as file:
            file.write(self._gap() + line)
            file.flush()
            os.fsync(file.fileno())
        self.refresh()

    def _lock(self) -> FileLock:
        """In the cache, so that nothing is left beside the user's files."""
        folder = cache_folder() / "view"
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(os.fsencode(self.path.resolve())).hexdigest()[:24]
        return FileLock(folder / f"{name}.lock")

    def _gap(self) -> bytes:
        """A line end after a line that a crash cut, so that the next one is not lost with it."""
        if not self.path.stat().st_size:
            return b""
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return b"" if file.read(1) == b"\n" else b"\n"

    def _lines(self) -> Iterator[bytes]:
        """Whole lines that were not read yet."""
        with reading(self.path), self.path.open("rb") as file:
            file.seek(self._end)
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                self._end += len(raw)
                yield raw

    def _take(self, raw: bytes) -> None:
        if not raw.strip():
            return
        try:
            told = json.loads(raw)
            decision = LabelDecision.from_dict(told if isinstance(told, dict) else {})
        except (ValueError, RecursionError, InputError):
            self.broken += 1
            return
        key = decision.row, decision.answer
        seen = self._seen.setdefault(key, set())
        if decision.label is None:
            self.last.pop(key, None)
            seen.clear()
        else:
            self.last[key] = decision
            seen.add(decision.label)
