"""Panels: own doubt with weaker readers, what each further one brings, and votes against readings of the same panel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from studies.know_when.values import Cell, Figure, FigureTable
from studies.published_study import DecidedClaim, StudyChapter, forest, stated
from studies.second_readers.pairs import (
    Floats,
    ReaderPairs,
    area_if_told,
    drawn_counts,
    figure_of,
    pair_verdicts,
    weighted_mean,
)

__all__ = ["votes_chapter", "weaker_chapter"]

_WEAKER: Final = 8
_PANELS: Final = (1, 2, 3, 5, 8)
_DRAWN: Final = 10
"""Panels of each author, of which as many are drawn again for every draw of the bootstrap."""


def weaker_chapter(pairs: ReaderPairs) -> StudyChapter:
    """Own doubt with the readers that are less accurate than the author, the most accurate of them first."""
    order = np.array([a for a in np.argsort(-pairs.accuracy) if pairs.told[a]])
    authors = order[: len(order) - _WEAKER] if len(order) > _WEAKER else order[:1]
    sizes = range(min(_WEAKER, len(order) - 1) + 1)
    half = np.stack([[_area(pairs, a, _weaker(pairs, a)[:k], own=0.5) for k in sizes] for a in authors])
    own = half[:, 0]
    gains = {f"own doubt and {k}": _over_authors(pairs, half[:, k] - own, authors) for k in sizes[1:]}
    strongest = pairs.options.models[authors[0]]
    found = (
        (
            f"Own doubt with {sizes[-1]} less accurate readers finds the wrong answers of {strongest}, the most accurate author, at "
            f"{stated(figure_of(half[0, -1], 1, ''))} against {stated(figure_of(own[0], 1, ''))} of its own entropy: "
            f"{stated(figure_of(half[0, -1] - own[0], 1, ''))}; over the {len(authors)} authors that have so many less accurate "
            f"readers, {stated(gains[f'own doubt and {sizes[-1]}'])}."
        ),
    )
    notes = (
        (
            "Readers less accurate than the author join in the order of their accuracy, and own doubt counts as much as the panel "
            "together: half the rank of the author's entropy, half that of one less the mean probability that the readers give its answer. "
            "The claims say what comes of counting it as one of many, or not at all. No labels are used, but these forms were compared on "
            "these rows. Intervals draw questions whole, and authors; the readers of an author are fixed."
        ),
    )
    picture = forest(
        "AUROC above the author's own entropy, by the number of less accurate readers beside own doubt", gains, 0.0
    )
    claims = _weaker_claims(pairs, half, authors)
    return StudyChapter(
        "Panels of less accurate readers", found, claims, [_steps(pairs, half, authors)], notes, picture
    )


def _weaker(pairs: ReaderPairs, author: int) -> list[int]:
    order = np.argsort(-pairs.accuracy)
    return [int(r) for r in order if pairs.accuracy[r] < pairs.accuracy[author]]


def _area(pairs: ReaderPairs, author: int, readers: Sequence[int], *, own: float) -> Floats:
    """(D+1,) of a weighted mean of ranks: own entropy, and one less the mean probability that readers give the answer."""
    options = pairs.options
    score = own * _ranks(options.entropy[author])
    if readers:
        score = score + (1 - own) * _ranks(-np.mean([np.exp(-options.surprise(r, author)) for r in readers], axis=0))
    return area_if_told(score, ~options.right[author], pairs.weights)


def _ranks(u: Floats) -> Floats:
    """(N,) twice the mean rank among equals."""
    in_order = np.sort(u)
    found: Floats = (np.searchsorted(in_order, u) + np.searchsorted(in_order, u, side="right")).astype(np.float64)
    return found


def _over_authors(pairs: ReaderPairs, values: Floats, authors: NDArray[np.intp]) -> Figure:
    """The mean of (A, D+1) values over authors, with its interval over questions and authors."""
    n_told = int(np.isfinite(values[:, 0]).sum())
    return figure_of(weighted_mean(values, pairs.models[:, authors]), n_told, "authors")


def _weaker_claims(pairs: ReaderPairs, half: Floats, authors: NDArray[np.intp]) -> list[DecidedClaim]:
    strongest, last, own = pairs.options.models[authors[0]], half.shape[1] - 1, half[:, 0]
    panels = {int(a): _weaker(pairs, int(a))[:last] for a in authors}
    alone = np.stack([_area(pairs, a, panel, own=0.0) for a, panel in panels.items()])
    one_of = np.stack([_area(pairs, a, panel, own=1 / (len(panel) + 1)) for a, panel in panels.items()])
    singles = np.array([pairs.cmp[authors[0], r] for r in _weaker(pairs, int(authors[0]))])
    best = singles[singles[:, 0].argmax()]
    found = [
        DecidedClaim(f"{says}: {strongest}", figure_of(values - own[0], 1, "author"), "AUROC")
        for says, values in (
            ("The best single reader, chosen on these rows, beats own entropy", best),
            ("Own doubt and one weaker reader beat own entropy", half[0, 1]),
            (f"Own doubt and {last} weaker readers beat own entropy", half[0, last]),
        )
    ]
    for says, values in (
        ("Own doubt and one weaker reader beat own entropy", half[:, 1] - own),
        (f"Own doubt and {last} weaker readers beat own entropy", half[:, last] - own),
        (f"{last} weaker readers without own doubt beat own entropy", alone - own),
        (f"With {last} weaker readers, own doubt for half still adds to them", half[:, last] - alone),
        (f"With {last} weaker readers, own doubt for half beats own doubt as one of many", half[:, last] - one_of),
        (f"{last} weaker readers are better than 3", half[:, last] - half[:, min(3, last)]),
    ):
        figure = _over_authors(pairs, values, authors)
        found.append(DecidedClaim(says, figure, "AUROC, mean over authors", pair_verdicts(values)))
    return found


def _steps(pairs: ReaderPairs, half: Floats, authors: NDArray[np.intp]) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for k in range(half.shape[1]):
        step: Cell = _over_authors(pairs, half[:, k] - half[:, k - 1], authors) if k else "–"
        strongest = figure_of(half[0, k], 1, "")
        rows.append((k, _over_authors(pairs, half[:, k], authors), step, strongest))
    columns = ("weaker readers", "own doubt with them", "gain of the last", pairs.options.models[authors[0]])
    return FigureTable("AUROC of wrong answers: own doubt with so many less accurate readers", columns, rows)


def votes_chapter(pairs: ReaderPairs, seed: int) -> StudyChapter:
    """The same readers, once by what they would answer, once by the probability they give the author's answer."""
    m = len(pairs.options.models)
    panels = _Panels.drawn(m, pairs.weights.shape[1] - 1, np.random.default_rng(seed))
    sizes = [k for k in _PANELS if k < m]
    votes = {k: _panel_areas(pairs, panels, k, voting=True) for k in sizes}
    reads = {k: _panel_areas(pairs, panels, k, voting=False) for k in sizes}
    everyone = np.arange(m)
    claims = list(_vote_claims(pairs, votes, reads, sizes))
    rows = [
        (
            k,
            _over_authors(pairs, votes[k], everyone),
            _over_authors(pairs, reads[k], everyone),
            _over_authors(pairs, reads[k] - votes[k], everyone),
        )
        for k in sizes
    ]
    table = FigureTable(
        "AUROC of wrong answers, readers drawn at random", ("readers", "votes", "readings", "readings less votes"), rows
    )
    notes = (
        (
            "A vote is the option a reader holds likeliest, a reading the probability it gives the author's answer: on letters both take "
            "one pass of the prompt, so the same number of readers is the same computing. A vote that has to be written out costs more. "
            f"{_DRAWN} panels were drawn for each author, from all other models. Intervals draw questions, authors and these panels."
        ),
    )
    found = (f"Of the same panel readings beat votes: {claims[0].says.lower()}, {stated(claims[0].difference)}.",)
    return StudyChapter("Votes and readings at equal cost", found, claims, [table], notes)


@dataclass(frozen=True, slots=True, eq=False)
class _Panels:
    """Panels of every author, and how often each is drawn.

    Attributes:
        members: (M, P, K) of each author's panels, in the order in which they join.
        counts: (M, P, D+1) how often a panel is drawn; once each first.
    """

    members: NDArray[np.intp]
    counts: Floats

    @classmethod
    def drawn(cls, n_models: int, draws: int, rng: np.random.Generator) -> _Panels:
        """Panels of all sizes up to the largest, from the models that are not the author."""
        others = [np.delete(np.arange(n_models), author) for author in range(n_models)]
        members = [[rng.permutation(rest)[: max(_PANELS)] for _ in range(_DRAWN)] for rest in others]
        return cls(np.array(members), np.stack([drawn_counts(_DRAWN, draws, rng).T for _ in others]))


def _panel_areas(pairs: ReaderPairs, panels: _Panels, k: int, *, voting: bool) -> Floats:
    """(M, D+1) mean over an author's panels as they are drawn, each cut to its first k."""
    found = []
    for author, (members, counts) in enumerate(zip(panels.members, panels.counts, strict=True)):
        wrong = ~pairs.options.right[author]
        supports = (_support(pairs, author, panel[:k], voting=voting) for panel in members)
        areas = np.stack([area_if_told(-support, wrong, pairs.weights) for support in supports])
        found.append(weighted_mean(areas, counts.T))
    return np.array(found)


def _support(pairs: ReaderPairs, author: int, panel: NDArray[np.intp], *, voting: bool) -> Floats:
    options = pairs.options
    if voting:
        found: Floats = (options.letters[panel] == options.letters[author]).mean(axis=0)
        return found
    return np.asarray(np.mean([np.exp(-options.surprise(int(r), author)) for r in panel], axis=0))


def _vote_claims(
    pairs: ReaderPairs, votes: dict[int, Floats], reads: dict[int, Floats], sizes: Sequence[int]
) -> Iterator[DecidedClaim]:
    everyone = np.arange(len(pairs.options.models))
    contests = [
        (
            f"{k} readings beat {k} votes".replace("1 readings beat 1 votes", "One reading beats one vote"),
            reads[k] - votes[k],
        )
        for k in sizes
    ]
    contests += [(f"One reading beats {k} votes", reads[1] - votes[k]) for k in sizes[1:4]]
    for says, values in contests:
        yield DecidedClaim(
            says, _over_authors(pairs, values, everyone), "AUROC, mean over authors", pair_verdicts(values)
        )
