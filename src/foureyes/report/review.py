"""The review page of label issues: item, given label, the experts' labels, and a decision to click for each.

The page is complete in itself. What a person decides stays in the page until it is saved, as the same CSV that
:func:`foureyes.cleaning.review.write_review` writes, decisions filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from foureyes.cleaning.issues import Issue
from foureyes.cleaning.review import review_table
from foureyes.report import page
from foureyes.report.cleaning import CleaningFindings

__all__ = ["review_page"]

_MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class _Vote:
    expert: str
    label: str
    confidence: str


@dataclass(frozen=True, slots=True)
class _Shown:
    row: str
    score: str
    item: str
    given: str
    suggested: str
    votes: list[_Vote]


def review_page(found: CleaningFindings) -> str:
    """The page of the surest issues, at most 2,000 of them.

    Args:
        found: what cleaning found.

    Raises:
        InputError: there are not as many items as rows or names as classes.
    """
    table = list(islice(review_table(found.issues, items=found.items, classes=found.classes), _MOST + 1))
    return page.render(
        "review.html",
        script="review.js",
        issues=[_shown(issue, found) for issue in islice(found.issues, _MOST)],
        n_issues=len(found.issues),
        classes=found.classes,
        table=table,
    )


def _shown(issue: Issue, found: CleaningFindings) -> _Shown:
    def named(label: int) -> str:
        return str(label) if found.classes is None else found.classes[label]

    return _Shown(
        row=str(issue.row),
        score=f"{issue.score:.4g}",
        item="" if found.items is None else str(found.items[issue.row]),
        given=named(issue.given),
        suggested=named(issue.suggested),
        votes=[_Vote(vote.expert, named(vote.label), f"{vote.confidence:.3f}") for vote in issue.votes],
    )
