"""The requests of a log that a policy can be learnt from: every writer's answer is known, and whether it is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Source
from foureyes.display import plural
from foureyes.errors import InputError, NotEnoughData
from foureyes.route.joint import Known, question_features, question_text
from foureyes.route.labels import Labels
from foureyes.route.log_records import LoggedRequest, LoggedStage
from foureyes.turns import openai_chat

__all__ = ["LearningRows", "learning_rows", "of_route", "one_source", "without_repeats"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class LearningRows:
    """Columns of the requests that count, one a writer, the cheapest first.

    Attributes:
        writers: names.
        source: the signal, and the reader's fingerprint.
        ids: (N,) of the requests.
        signals: (N,) a writer; NaN where the reader could not tell, so that the answer is never returned as good.
        correct: (N,) a writer; false where there was no answer.
        costs: (N,) a writer, reading included.
        own: (N,) a writer, its mean surprise at its own tokens, nats; NaN where it did not say.
        features: (N, D) of the questions, a row of NaN where the log holds no words of it; ``None`` where it holds none.
        unit: of the costs: ``""`` for the route's currency, ``"calls"`` where prices are not known.
        left_out: requests that do not count, in words, with how many.
    """

    writers: tuple[str, ...]
    source: Source
    ids: tuple[str, ...]
    signals: tuple[Floats, ...]
    correct: tuple[Flags, ...]
    costs: tuple[Floats, ...]
    own: tuple[Floats, ...]
    features: Floats | None
    unit: str
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.ids)

    def taken(self, rows: Flags) -> LearningRows:
        """Some of the rows."""
        return LearningRows(
            self.writers,
            self.source,
            tuple(np.array(self.ids, dtype=object)[rows].tolist()),
            tuple(column[rows] for column in self.signals),
            tuple(column[rows] for column in self.correct),
            tuple(column[rows] for column in self.costs),
            tuple(column[rows] for column in self.own),
            None if self.features is None else self.features[rows],
            self.unit,
            self.left_out,
        )

    def known(self, place: int) -> Known:
        """What is known of the answers of one writer."""
        return Known(self.signals[place], self.own[place], self.features)

    def halves(self, seed: int) -> tuple[LearningRows, LearningRows]:
        """A random half to fit calibrators on, and the other to choose and to promise on."""
        first = np.zeros(len(self), np.bool_)
        first[np.random.default_rng(seed).permutation(len(self))[: len(self) // 2]] = True
        return self.taken(first), self.taken(~first)


def of_route(requests: Sequence[LoggedRequest], route: str) -> list[LoggedRequest]:
    """The requests of one route.

    Raises:
        InputError: the log holds none of it; the message says of which routes it does.
    """
    found = [request for request in requests if request.route == route]
    if not found:
        held = Counter(request.route for request in requests)
        said = ", ".join(f"{name!r:.60} ({n:,})" for name, n in held.most_common(5))
        raise InputError(f"the log holds no request of route {route!r:.60}; it is of {said}")
    return found


def one_source(requests: Iterable[LoggedRequest]) -> Source:
    """The signal and the reader that all of them were read with.

    Raises:
        InputError: they were read in different ways; the message counts each.
    """
    held = Counter(request.source for request in requests)
    if len(held) > 1:
        said = "; ".join(f"{n:,} × {source}" for source, n in held.most_common(5))
        raise InputError(f"signals of different readings do not compare: {said}. Take the later ones with --since")
    return next(iter(held))


def without_repeats(requests: Iterable[LoggedRequest]) -> list[LoggedRequest]:
    """The first request of each question: the same one again says nothing new."""
    found: dict[str, LoggedRequest] = {}
    for request in requests:
        found.setdefault(request.question, request)
    return list(found.values())


def learning_rows(requests: Sequence[LoggedRequest], labels: Labels, writers: Sequence[str]) -> LearningRows:
    """Selects what a policy can be learnt from.

    A request counts where the route only watched, or drew it to ask everyone, and every writer was asked; of a question that was asked again, the first
    that is labelled for every writer. Where a route decides, the later writers are asked
    about doubtful questions only, and what they do there says nothing about the others.

    Args:
        requests: of one route.
        labels: whether a writer's answer was right, by request and writer.
        writers: the route's, the cheapest first.

    Raises:
        InputError: signals of different readings; no request counts, or those that do were picked by a policy.
        NotEnoughData: none of them is labelled for every writer.
    """
    source = one_source(requests)
    left_out: Counter[str] = Counter()
    stayed = [request for request in requests if request.action != "cancelled"]
    left_out["given up by the caller"] = len(requests) - len(stayed)
    watched = [request for request in stayed if not request.enforced or request.everyone]
    left_out["decided by the route, so that not every writer was asked"] = len(stayed) - len(watched)
    complete = [request for request in watched if set(writers) <= request.asked.keys()]
    _require_complete(watched, writers)
    left_out["not answered by every writer, though all were to be asked"] = len(watched) - len(complete)
    labelled = [request for request in complete if all(_is_known(request, labels, writer) for writer in writers)]
    single = without_repeats([*labelled, *complete])
    left_out["the same question again"] = len(complete) - len(single)
    rows = without_repeats(labelled)
    left_out["without a label for every writer"] = len(single) - len(rows)
    if not rows:
        raise NotEnoughData(
            f"no request is labelled for each of {', '.join(writers)}: {len(labels):,} labels, {len(single):,} requests. A label "
            "names its writer, or is of the answer that was returned"
        )
    costs, unit = _costs(rows, writers)
    return LearningRows(
        writers=tuple(writers),
        source=source,
        ids=tuple(request.id for request in rows),
        signals=tuple(_column([request.asked[writer].signal for request in rows]) for writer in writers),
        correct=tuple(np.array([labels.get((one.id, writer), False) for one in rows], np.bool_) for writer in writers),
        costs=costs,
        own=tuple(_column([one.asked[writer].own for one in rows]) for writer in writers),
        features=question_features([_words(one) for one in rows]),
        unit=unit,
        left_out={why: n for why, n in left_out.items() if n},
    )


def _require_complete(watched: Sequence[LoggedRequest], writers: Sequence[str]) -> None:
    if not watched:
        raise InputError(
            "the route decided every request in this log, so its later writers were asked about doubtful questions only, and what "
            "they would have answered to the others is not known: run it with shadow = true and without a policy for a while, or with "
            "ask_all, a share of requests for which every writer is asked"
        )
    shadowed = [request for request in watched if not request.enforced]
    missing = Counter(writer for request in shadowed for writer in writers if writer not in request.asked)
    if missing:
        said = ", ".join(f"{writer} in {n:,}" for writer, n in missing.most_common())
        raise InputError(
            f"of {plural(len(shadowed), 'request')} that were only watched, writers were not asked: {said}. Where a policy said "
            "whom to ask, the rest says nothing about the others: watch without a policy (shadow = true, no promise, no policy)"
        )


def _is_known(request: LoggedRequest, labels: Labels, writer: str) -> bool:
    return (request.id, writer) in labels or request.asked[writer].answer is None


def _column(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _words(request: LoggedRequest) -> str | None:
    """What was asked, where the log keeps texts that can be read."""
    if request.texts is None:
        return None
    try:
        return question_text(openai_chat.messages(request.texts))
    except InputError:
        return None


def _costs(rows: Sequence[LoggedRequest], writers: Sequence[str]) -> tuple[tuple[Floats, ...], Literal["", "calls"]]:
    """What each request cost with each writer; where that is never known, a call is what counts."""
    paid = [np.array([_paid(row.asked[writer]) for row in rows], np.float64) for writer in writers]
    if any(np.isnan(column).all() for column in paid):
        return tuple(np.ones(len(rows)) for _ in writers), "calls"
    return tuple(np.where(np.isnan(column), np.nanmean(column), column) for column in paid), ""


def _paid(stage: LoggedStage) -> float:
    paid = stage.paid
    return np.nan if paid is None else paid
