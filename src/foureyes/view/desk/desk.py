"""Answers what the page of the cleaning desk asks: rows in order, one row in full, a vote, the files to take home. No HTTP here.

Start at :class:`Desk`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.cleaning.counting import audit_order, audited
from foureyes.cleaning.issues import Issue
from foureyes.cleaning.votes import CATEGORIES, LabelVote, row_key
from foureyes.errors import InputError
from foureyes.report.cleaning import CleaningFindings
from foureyes.view.desk.ballot import Ballot
from foureyes.view.desk.pictures import Pictures
from foureyes.view.viewer import NoSuchRow

__all__ = ["Desk", "Judgment"]

_SHORT: Final = 200
_LONG: Final = 20_000
_SAMPLE: Final = 300
_MOST_CLASSES: Final = 2000

SHOWS: Final = ("all", "open", "decided")


@dataclass(frozen=True, slots=True)
class Judgment:
    """What a judge who was asked about a flagged row holds most probable.

    Attributes:
        label: a class index.
        probability: among the classes it was asked about.
    """

    label: int
    probability: float


class Desk:
    """Suspect labels, and what people said of them.

    Args:
        name: of the data.
        found: what cleaning found.
        labels: (N,) class indices as given; -1 for rows without.
        ballot: where votes go.
        pictures: of the rows.
        judge: name of who was asked, empty for nobody.
        judgments: row to what the judge says.
    """

    def __init__(
        self,
        name: str,
        found: CleaningFindings,
        labels: NDArray[np.intp],
        ballot: Ballot,
        *,
        pictures: Pictures | None = None,
        judge: str = "",
        judgments: Mapping[int, Judgment] | None = None,
    ) -> None:
        self.name, self._found, self._labels, self.ballot = name, found, labels, ballot
        self.pictures, self._judge, self._judgments = pictures, judge, dict(judgments or {})
        self._listed = found.issues.whole
        self._place = {row: i for i, row in enumerate(self._listed.row.tolist())}
        self._audit = audit_order(found.issues)
        self._sample = list(_in_turn(self._audit, _SAMPLE))

    def about(self) -> dict[str, Any]:
        """The data, its classes and what was found."""
        issues = self._found.issues
        classes = self._found.classes
        return {
            "name": self.name,
            "classes": list(classes or map(str, range(issues.n_classes)))[:_MOST_CLASSES],
            "n_classes": issues.n_classes,
            "n_rows": issues.n_rows,
            "n_flagged": len(issues),
            "n_listed": len(self._listed),
            "n_sample": len(self._sample),
            "findings": list(issues.findings),
            "experts": list(issues.experts),
            "categories": [{"name": name, "meaning": meaning} for name, meaning in CATEGORIES.items()],
            "pictures": self.pictures is not None,
            "judge": self._judge,
            "sidecar": str(self.ballot.path),
        }

    def rows(self, order: str, show: str, offset: int, limit: int) -> dict[str, Any]:
        """Some rows of a list, and how far the work is.

        Args:
            order: ``"list"``, the surest first, or ``"sample"``, a random choice that the estimate is made of.
            show: one of :data:`SHOWS`.
            offset: of the first.
            limit: how many.

        Raises:
            InputError: another order or choice.
        """
        if order not in ("list", "sample") or show not in SHOWS:
            raise InputError(
                f"order is list or sample, show one of {', '.join(SHOWS)}; got {order!r:.20} and {show!r:.20}"
            )
        votes = self._votes()
        rows = self._listed.row.tolist() if order == "list" else self._sample
        fits = [row for row in rows if show == "all" or (self._decided(row, votes) == (show == "decided"))]
        shown = fits[offset : offset + limit]
        return {"total": len(fits), "rows": [self._short(row, votes) for row in shown], **self._progress(votes)}

    def row(self, row: int) -> dict[str, Any]:
        """One row in full.

        Raises:
            NoSuchRow: there is no such row, or it has no label.
        """
        self._require(row)
        votes = self._votes()
        issue = self._issue(row)
        judgment = self._judgments.get(row)
        return {
            **self._short(row, votes),
            "item": self._item(row)[:_LONG],
            "votes": [] if issue is None else [self._said(issue, i) for i in range(len(issue.votes))],
            "judge": None
            if judgment is None
            else {"label": self._class(judgment.label), "probability": judgment.probability},
        }

    def vote(self, told: object) -> dict[str, Any]:
        """Saves a vote, as ``{"file": 0, "row": …, "label": null or {"decision", "label", "category", "note"}}``.

        Raises:
            InputError: it is none, or cannot be saved.
            NoSuchRow: there is no such row.
        """
        if not isinstance(told, Mapping) or told.keys() != {"file", "row", "label"} or type(told["row"]) is not int:
            raise InputError("wanted an object with file, row and label")
        row, said = told["row"], told["label"] or {}
        self._require(row)
        if not isinstance(said, Mapping) or said.keys() - {"decision", "label", "category", "note"}:
            raise InputError("a vote has decision, label, category and note")
        vote = LabelVote.from_dict({"decision": None, **said, "row": row, "key": self._key(row)})
        if vote.label is not None and self._index(vote.label) is None:
            raise InputError(f"no class is called {vote.label!r:.60}")
        self.ballot.add(vote)
        votes = self._votes()
        return {"mine": self._mine(row, votes), **self._progress(votes)}

    def decisions_csv(self) -> str:
        """Every vote, one a line."""
        out = io.StringIO()
        table = csv.writer(out)
        table.writerow(["row", "given", "decision", "new_label", "category", "note"])
        for row, vote in sorted(self._votes().items()):
            table.writerow(
                [
                    row,
                    self._class(int(self._labels[row])),
                    vote.decision or "",
                    vote.label or "",
                    vote.category or "",
                    vote.note,
                ]
            )
        return out.getvalue()

    def labels_csv(self) -> str:
        """The labels of all rows that are kept, corrected where somebody said so."""
        out = io.StringIO()
        table = csv.writer(out)
        table.writerow(["row", "label", "given", "decision"])
        votes = self._votes()
        for row, label in enumerate(self._labels.tolist()):
            vote = votes.get(row)
            if vote is None or vote.decision != "drop":
                given = "" if label < 0 else self._class(label)
                new = vote.label if vote is not None and vote.label is not None else given
                table.writerow([row, new, given, (vote and vote.decision) or ""])
        return out.getvalue()

    def _votes(self) -> dict[int, LabelVote]:
        """Votes about these rows; those about other data in the same file are passed over."""
        self.ballot.refresh()
        return {row: vote for row, vote in self.ballot.votes.items() if self._known(row) and vote.key == self._key(row)}

    def _progress(self, votes: Mapping[int, LabelVote]) -> dict[str, Any]:
        wrong = {row: vote.wrong for row, vote in votes.items() if vote.wrong is not None}
        estimate = audited(self._audit, wrong)
        flagged = self._found.issues.row.tolist()
        strange = len(self.ballot.votes) - len(votes)
        notes = [f"{self.ballot.broken} lines of {self.ballot.path.name} are no votes and were passed over"] * bool(
            self.ballot.broken
        )
        notes += [f"{strange} votes in {self.ballot.path.name} are about other rows or labels than these"] * bool(
            strange
        )
        return {
            "decided": len(wrong),
            "wrong": sum(wrong.values()),
            "flagged_decided": sum(row in wrong for row in flagged),
            "sample_decided": sum(row in wrong for row in self._sample),
            "estimate": {
                "sentence": estimate.sentence,
                "likely": estimate.likely,
                "low": estimate.low,
                "high": estimate.high,
            },
            "notes": notes,
            "version": self.ballot.version,
        }

    def _short(self, row: int, votes: Mapping[int, LabelVote]) -> dict[str, Any]:
        issue, item = self._issue(row), self._item(row)
        return {
            "row": row,
            "place": None if issue is None else self._place[row] + 1,
            "flagged": issue is not None and self._place[row] < len(self._found.issues),
            "given": self._class(int(self._labels[row])),
            "suggested": None if issue is None else self._class(issue.suggested),
            "lead": None if issue is None else -issue.score,
            "item": item[:_SHORT] + (" …" if len(item) > _SHORT else ""),
            "picture": self.pictures is not None and self.pictures.has(row),
            "mine": self._mine(row, votes),
        }

    def _said(self, issue: Issue, i: int) -> dict[str, Any]:
        vote = issue.votes[i]
        weights = self._found.issues.weights
        return {
            "expert": vote.expert,
            "label": self._class(vote.label),
            "confidence": vote.confidence,
            "counts": not weights or weights[i] > 0,
        }

    def _mine(self, row: int, votes: Mapping[int, LabelVote]) -> dict[str, Any] | None:
        vote = votes.get(row)
        return (
            None if vote is None else {name: getattr(vote, name) for name in ("decision", "label", "category", "note")}
        )

    def _decided(self, row: int, votes: Mapping[int, LabelVote]) -> bool:
        return row in votes and votes[row].decision is not None

    def _issue(self, row: int) -> Issue | None:
        place = self._place.get(row)
        return None if place is None else self._listed[place]

    def _item(self, row: int) -> str:
        return "" if self._found.items is None else str(self._found.items[row])

    def _key(self, row: int) -> str:
        return row_key(row, self._class(int(self._labels[row])))

    def _class(self, label: int) -> str:
        return str(label) if self._found.classes is None else self._found.classes[label]

    def _index(self, name: str) -> int | None:
        names: Sequence[str] = self._found.classes or tuple(map(str, range(self._found.issues.n_classes)))
        return names.index(name) if name in names else None

    def _known(self, row: int) -> bool:
        return 0 <= row < len(self._labels) and self._labels[row] >= 0

    def _require(self, row: int) -> None:
        if not self._known(row):
            raise NoSuchRow(f"no row {row} with a label; there are {len(self._labels)} rows")


def _in_turn(groups: Sequence[NDArray[np.intp]], most: int) -> Iterator[int]:
    """Rows of the groups in turn, each group in its order."""
    longest = max(map(len, groups))
    given = 0
    for i in range(longest):
        for group in groups:
            if i < len(group) and given < most:
                given += 1
                yield int(group[i])
        if given >= most:
            return
