"""A judge's opinion of flagged rows: which class name a verifier would most likely have said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from foureyes.cleaning.issues import Issue
from foureyes.errors import InputError
from foureyes.models.roles import Reader
from foureyes.report.cleaning import CleaningFindings
from foureyes.signals.cross import score
from foureyes.types import Exchange, Scored
from foureyes.view.desk.desk import Judgment

__all__ = ["judged"]

_MOST_OPTIONS: Final = 12


def judged(found: CleaningFindings, reader: Reader, *, most: int) -> Mapping[int, Judgment]:
    """Asks of the surest flagged rows which class they are; rows that the verifier cannot read are left out.

    The verifier reads every class name as the answer to the same question, and the probabilities of the names are made to sum
    to one. With more than twelve classes it chooses among those that somebody named.

    Args:
        found: with items to read, and names of classes.
        reader: the verifier.
        most: rows at most.

    Raises:
        InputError: there are no items or no names, or the verifier could read none.
    """
    items, classes = found.items, found.classes
    if items is None or classes is None:
        raise InputError("--judge reads what --item shows and says --classes by name: give both")
    issues = list(found.issues[:most])
    options = [_options(issue, len(classes)) for issue in issues]
    asked = [
        Exchange(_question(str(items[issue.row]), [classes[label] for label in labels]), classes[option])
        for issue, labels in zip(issues, options, strict=True)
        for option in labels
    ]
    said = iter(score(asked, reader))
    judgments = {}
    for issue, labels in zip(issues, options, strict=True):
        readings = [next(said) for _ in labels]
        nats = [-one.log_cmp * len(one.reading.tokens) if isinstance(one, Scored) else np.nan for one in readings]
        if not np.isnan(nats).any():
            shares = np.exp(np.array(nats) - max(nats))
            best = int(shares.argmax())
            judgments[issue.row] = Judgment(labels[best], float(shares[best] / shares.sum()))
    if issues and not judgments:
        raise InputError(f"{reader.name} could read none of {len(issues)} flagged rows")
    return judgments


def _options(issue: Issue, n_classes: int) -> list[int]:
    if n_classes <= _MOST_OPTIONS:
        return list(range(n_classes))
    return list(dict.fromkeys([issue.given, issue.suggested, *(vote.label for vote in issue.votes)]))


def _question(item: str, names: Sequence[str]) -> str:
    return f"{item}\n\nWhich one of these describes it best: {', '.join(names)}? Answer with the name only."
