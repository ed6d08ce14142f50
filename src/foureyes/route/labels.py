"""Which answers in a route's log were right: told by a person, by outcomes posted back, or by agreement with the strongest writer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from foureyes.errors import InputError
from foureyes.route.log_reading import RouteLogContent
from foureyes.route.log_records import LoggedRequest

__all__ = ["AnswerLabel", "Labels", "agreement_labels", "labels_of", "outcome_labels"]

Labels: TypeAlias = Mapping[tuple[str, str], bool]
"""Whether a writer's answer was right, by request and writer."""


@dataclass(frozen=True, slots=True)
class AnswerLabel:
    """Whether one answer is right.

    Attributes:
        id: of the request.
        correct: whether it is.
        writer: whose answer; ``None`` means the one that was returned.
    """

    id: str
    correct: bool
    writer: str | None = None


def labels_of(labels: Iterable[AnswerLabel], requests: Sequence[LoggedRequest]) -> Labels:
    """Labels by request and writer.

    Args:
        labels: in any order.
        requests: of the log.

    Raises:
        InputError: a request that is not in the log, an answer labelled twice, a writer that was not asked, or a request of
            which nothing was returned; the message counts them and names the first.
    """
    known = {request.id: request for request in requests}
    found: dict[tuple[str, str], bool] = {}
    faults: dict[str, list[str]] = {}
    for label in labels:
        request = known.get(label.id)
        writer = _writer(label, request)
        if request is None:
            faults.setdefault("not in the log", []).append(label.id)
        elif writer is None:
            faults.setdefault("of requests of which nothing was returned: say whose answer it is", []).append(label.id)
        elif writer not in request.asked:
            faults.setdefault("of writers that were not asked", []).append(f"{label.id}, {writer}")
        elif (label.id, writer) in found:
            faults.setdefault("of answers that are labelled twice", []).append(f"{label.id}, {writer}")
        else:
            found[label.id, writer] = label.correct
    if faults:
        said = "; ".join(f"{len(ids):,} {what} ({ids[0]:.80})" for what, ids in faults.items())
        raise InputError(f"labels that cannot be used: {said}")
    return found


def outcome_labels(content: RouteLogContent) -> Labels:
    """The outcomes that were posted back, by request and writer.

    Raises:
        InputError: outcomes that fit no answer in the log.
    """
    told = (AnswerLabel(outcome.id, outcome.correct, outcome.writer) for outcome in content.outcomes.values())
    return labels_of(told, content.requests)


def agreement_labels(requests: Iterable[LoggedRequest], strongest: str) -> Labels:
    """Takes the strongest writer's answer for right, and every other that equals it but for case, spaces and final marks.

    It is of use where answers are short, or calls of tools: free text hardly ever agrees. What is promised on such labels is
    agreement with the strongest writer, not that answers are right.

    Args:
        requests: of the log.
        strongest: the writer's name.
    """
    found: dict[tuple[str, str], bool] = {}
    for request in requests:
        asked = request.asked
        reference = asked[strongest].answer if strongest in asked else None
        if reference is None:
            continue
        for writer, stage in asked.items():
            if stage.answer is not None:
                found[request.id, writer] = stage.answer == reference
    return found


def _writer(label: AnswerLabel, request: LoggedRequest | None) -> str | None:
    if label.writer is not None or request is None:
        return label.writer
    returned = request.returned
    return None if returned is None else returned.writer
