"""Answers what the page asks: the files, rows in order, one row in full, a decision. No HTTP here.

Start at :class:`Viewer`; :mod:`foureyes.view.api` describes every answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

from foureyes.errors import InputError
from foureyes.report.heat import heat_scale
from foureyes.view.detail import detail_of
from foureyes.view.joining import Joints
from foureyes.view.labels import Label, LabelDecision, Labels
from foureyes.view.listing import Listing, ShownVerifier
from foureyes.view.questions import RowsQuestion
from foureyes.view.viewed_file import ViewedFile, label_word

__all__ = ["NoSuchRow", "Viewer"]

_TELL_S: Final = 5.0


class NoSuchRow(InputError):
    """A file, verifier or row that is not there."""


class Viewer:
    """Files that are looked at together.

    Args:
        files: at least one.
        labels: of all of them.
        default_sort: the signal that rows are sorted by unless the page asks for another.
    """

    def __init__(self, files: Sequence[ViewedFile], labels: Labels, default_sort: str) -> None:
        self._files, self._labels, self._default = list(files), labels, default_sort
        self._joints = Joints()
        self._listing = Listing(self._joints)

    def start(self) -> None:
        """Begins to index, in the background."""
        for file in self._files:
            file.index.start()

    def read_to_end(self, tell: Callable[[str], None]) -> None:
        """Waits until every file was read to its end; needs :meth:`start`.

        Args:
            tell: is told now and then how far it is.

        Raises:
            InputError: a file cannot be read.
        """
        for file in self._files:
            while not file.index.wait(_TELL_S):
                tell(f"{file.name}: {file.index.progress:.0%} indexed")
            if file.index.error:
                raise InputError(file.index.error)

    def close(self) -> None:
        """Ends what runs in the background."""
        self._listing.close()
        for file in self._files:
            file.index.close()

    def file(self) -> dict[str, Any]:
        """All files, their verifiers and labels."""
        self._labels.refresh()
        ready = len(self._files) > 1 and all(file.index.caught_up for file in self._files)
        joined = self._joints.how(self._files[0], self._files[1]) if ready else None
        return {
            "files": [file.to_dict() for file in self._files],
            "sidecar": str(self._labels.path),
            "sidecar_notes": self._sidecar_notes(),
            "default_sort": self._default,
            "joined": joined,
            "scale": heat_scale(),
        }

    def rows(self, asked: RowsQuestion) -> dict[str, Any]:
        """Some rows of a file, in order.

        Raises:
            NoSuchRow: there is no such file or verifier.
            InputError: there is no such signal.
        """
        self._labels.refresh()
        beside = None if asked.beside is None else self._part(*asked.beside)
        return self._listing.rows(asked, self._part(asked.file, asked.verifier), beside, self._default)

    def row(self, file_number: int, row: int, other_number: int | None = None) -> dict[str, Any]:
        """One row in full, and the same answer in another file.

        Raises:
            NoSuchRow: there is no such file or row.
        """
        self._labels.refresh()
        file = self._file(file_number)
        told = self._detail(file, row)
        if other_number is not None:
            other = self._file(other_number)
            found = int(self._joints.rows(file, other)[row])
            told["others"] = [] if found < 0 else [self._detail(other, found)]
        return told

    def page_data(self, limit: int) -> dict[str, Any]:
        """What a page without a server holds: the worst rows of the first file and verifier, in full."""
        rows = self.rows(RowsQuestion(limit=limit))
        details = {str(row["row"]): self.row(0, row["row"]) for row in rows["rows"]}
        return {"file": self.file(), "rows": rows, "details": details}

    def label(self, told: object) -> dict[str, Any]:
        """Saves a decision.

        Raises:
            InputError: it is not as it should be, or cannot be saved.
            NoSuchRow: there is no such file or row.
        """
        if not isinstance(told, Mapping) or told.keys() != {"file", "row", "label"}:
            raise InputError("wanted an object with file, row and label")
        number, row, label = told["file"], told["row"], told["label"]
        if type(number) is not int or type(row) is not int:
            raise InputError("file and row must be whole numbers")
        if label is not None and label not in get_args(Label):
            raise InputError(f"label must be one of {', '.join(get_args(Label))} or null; got {label!r:.40}")
        file = self._file(number)
        self._require_row(file, row)
        which = file.index.rows([row])[0].answer.which
        self._labels.add(LabelDecision(file.name, row, which, file.key(row), label, file.index.reader.given))
        return {"mine": label_word(int(file.mine()[row])), "labels": file.to_dict()["labels"]}

    def _detail(self, file: ViewedFile, row: int) -> dict[str, Any]:
        self._require_row(file, row)
        labels = {"label": label_word(int(file.index.columns["label"][row])), "mine": label_word(int(file.mine()[row]))}
        [found] = file.index.rows([row], tokens=True)
        told = detail_of(found)
        for verifier in told["verifiers"]:
            for signal in verifier["signals"]:
                signal["worse"] = file.worse_than(verifier["name"], signal["name"], signal["value"])
        return {"row": row, **told, **labels}

    def _file(self, number: int) -> ViewedFile:
        if not 0 <= number < len(self._files):
            raise NoSuchRow(f"no file {number}; there are {len(self._files)}")
        return self._files[number]

    def _part(self, file_number: int, number: int) -> ShownVerifier:
        file = self._file(file_number)
        names = list(file.index.verifiers)
        if not 0 <= number < len(names) and (names or number):
            raise NoSuchRow(f"no verifier {number} in {file.name}; there are {len(names)}")
        return ShownVerifier(file, names[number] if names else "")

    @staticmethod
    def _require_row(file: ViewedFile, row: int) -> None:
        if not 0 <= row < file.index.columns.rows:
            raise NoSuchRow(f"no row {row} in {file.name}; {file.index.columns.rows} are indexed")

    def _sidecar_notes(self) -> list[str]:
        notes = []
        if self._labels.broken:
            notes.append(f"{self._labels.broken} lines of the sidecar are no decisions and were passed over")
        if self._labels.conflicts:
            notes.append(
                f"{self._labels.conflicts} rows were called right at one time and wrong at another; the last counts"
            )
        if all(file.index.caught_up for file in self._files):
            strange = len(self._labels.last) - max(file.matched() for file in self._files)
            if strange > 0:
                notes.append(f"{strange} decisions are about other answers than those of this file; is it its sidecar?")
        return notes
