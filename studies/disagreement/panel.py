"""The disagreement of small models as a score of a large model's answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.resampled_auroc import Weights, resampled_auroc, row_weights, stratified_auroc
from studies.disagreement.answers import AnswerTable, family_of
from studies.know_when.values import Cell, Figure, FigureTable
from studies.published_study import DecidedClaim, Settings, StudyChapter, forest, stated
from studies.second_readers.pairs import Floats, drawn_counts, figure_of, pair_mean, pair_verdicts, weighted_mean

__all__ = ["Panel", "families_chapter", "panel_chapter"]

_CHANCE: Final = 0.5
_LEAST: Final = 20
"""Authors with fewer wrong answers are left out of means and picture."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Who judges, and whom.

    Attributes:
        title: of the chapter.
        members: the panel, the order in which they join.
        shown: authors in the picture; all that have enough wrong answers where empty.
    """

    title: str
    members: tuple[str, ...]
    shown: tuple[str, ...] = ()


def panel_chapter(table: AnswerTable, panel: Panel, settings: Settings) -> StudyChapter:
    """AUROC of the panel's disagreement for every author that is better than all of the panel and not of it."""
    rng = np.random.default_rng(settings.seed)
    weights = row_weights(np.arange(table.said.shape[1]), settings.draws, rng)
    members = [table.models.index(name) for name in panel.members]
    authors, few = _authors(table, members)
    drawn = _Drawn(weights, drawn_counts(len(authors), settings.draws, rng))
    areas = {table.models[a]: _area(table, a, members, weights) for a in authors}
    shown = {name: figure_of(areas[name], 1, "") for name in (panel.shown or areas) if name in areas}
    found = (
        f"The disagreement of {_listed(panel.members)} finds wrong answers of "
        + "; ".join(f"{name} at {stated(one)}" for name, one in list(shown.items())[:3])
        + f". Mean over the {len(areas)} more accurate authors: {stated(drawn.mean(list(areas.values())))}.",
    )
    claims = list(_claims(table, members, authors, drawn))
    warnings = [f"{panel.title}: {why}: {count}" for why, count in table.left_out.items()]
    warnings += [f"{panel.title}: {name}, an author with under {_LEAST} wrong answers, is left out" for name in few]
    picture = forest("AUROC of wrong answers by the panel's disagreement", shown, _CHANCE)
    notes = (
        (
            f"The panel is {_listed(panel.members)}. An answer's uncertainty is the share of the panel that gave another one. Authors are all models that "
            "are more accurate than each of the panel, those of their families too; the claims say what leaving those out changes. Intervals draw "
            "questions; those of means draw authors too. The panel is fixed."
        ),
    )
    return StudyChapter(
        panel.title,
        found,
        claims,
        [_author_table(table, authors, members, areas), _growth(table, members, authors, drawn)],
        notes,
        picture,
        warnings,
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]


def _authors(table: AnswerTable, members: Sequence[int]) -> tuple[list[int], list[str]]:
    """Models more accurate than all members, the most accurate first, and those with too few wrong answers."""
    accuracy = table.right.mean(axis=1)
    better = [int(a) for a in np.argsort(-accuracy, kind="stable") if accuracy[a] > accuracy[list(members)].max()]
    n_wrong = (~table.right).sum(axis=1)
    return [a for a in better if n_wrong[a] >= _LEAST], [table.models[a] for a in better if n_wrong[a] < _LEAST]


def _area(table: AnswerTable, author: int, members: Sequence[int], weights: Weights) -> Floats:
    return resampled_auroc(table.disagreement(author, members), wrong=~table.right[author], weights=weights)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """How often each row is drawn, (N, D+1), and each of A authors, (D+1, A)."""

    rows: Weights
    authors: Floats

    def mean(self, areas: Sequence[Floats], of: Sequence[int] | None = None) -> Figure:
        """The mean of areas over all authors, or over those with these places, with its interval over rows and authors."""
        counts = self.authors if of is None else self.authors[:, list(of)]
        return figure_of(weighted_mean(np.asarray(areas), counts), len(areas), "authors")


def _claims(
    table: AnswerTable, members: Sequence[int], authors: Sequence[int], drawn: _Drawn
) -> Iterator[DecidedClaim]:
    whole = np.array([_area(table, a, members, drawn.rows) for a in authors])
    best = np.array([[_area(table, a, [m], drawn.rows) for m in members] for a in authors])
    names = f"{len(members)} small models"
    yield DecidedClaim(
        f"The disagreement of {names} finds wrong answers of better models",
        drawn.mean(list(whole - _CHANCE)),
        "AUROC less 0.5, mean over authors",
        pair_verdicts(whole - _CHANCE),
    )
    yield DecidedClaim(
        f"All {len(members)} find more than one of them, mean over which",
        drawn.mean(list(whole - best.mean(axis=1))),
        "AUROC, mean over authors",
        pair_verdicts(whole - best.mean(axis=1)),
    )
    strangers = {a: [m for m in members if family_of(table.models[m]) != family_of(table.models[a])] for a in authors}
    kin = [i for i, a in enumerate(authors) if 0 < len(strangers[a]) < len(members)]
    if kin:
        others = np.array([_area(table, authors[i], strangers[authors[i]], drawn.rows) for i in kin])
        yield DecidedClaim(
            "A relative on the panel is worth its place",
            drawn.mean(list(whole[kin] - others), kin),
            "AUROC with less without the author's family, mean over authors with one",
            pair_verdicts(whole[kin] - others),
        )
    hard = np.array([_within(table, a, members, drawn.rows) for a in authors])
    yield DecidedClaim(
        "With difficulty taken out disagreement is above chance",
        drawn.mean(list(hard - _CHANCE)),
        "AUROC less 0.5 among questions that equally many other models get wrong",
        pair_verdicts(hard - _CHANCE),
    )


def _within(table: AnswerTable, author: int, members: Sequence[int], weights: Weights) -> Floats:
    """(D+1,) area over pairs of rows that equally many models, outside of panel and author, get wrong."""
    outside = np.delete(np.arange(len(table.models)), [author, *members])
    errors = (~table.right[outside]).sum(axis=0)
    u, wrong = table.disagreement(author, members), ~table.right[author]
    return stratified_auroc(u, wrong=wrong, strata=errors, weights=weights)


def _author_table(
    table: AnswerTable, authors: Sequence[int], members: Sequence[int], areas: dict[str, Floats]
) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for a in authors:
        wrong, split = ~table.right[a], table.disagreement(a, members)
        alone = split == 1.0
        rows.append(
            (
                table.models[a],
                float(table.right[a].mean()),
                int(wrong.sum()),
                figure_of(areas[table.models[a]], 1, ""),
                f"{(wrong & alone).sum()} of {wrong.sum()}",
                f"{alone.mean():.1%}",
                f"{(wrong & (split == 0)).sum()}",
            )
        )
    columns = (
        "author",
        "accuracy",
        "wrong",
        "AUROC",
        "wrong where nobody agrees",
        "of all answers",
        "wrong where all agree",
    )
    return FigureTable("Every author", columns, rows)


def _growth(table: AnswerTable, members: Sequence[int], authors: Sequence[int], drawn: _Drawn) -> FigureTable:
    """By how many members of the panel there are, in their order."""
    rows: list[tuple[Cell, ...]] = []
    before: NDArray[np.float64] | None = None
    for k in range(1, len(members) + 1):
        areas = np.array([_area(table, a, members[:k], drawn.rows) for a in authors])
        rows.append(
            (
                k,
                table.models[members[k - 1]],
                drawn.mean(list(areas)),
                "–" if before is None else drawn.mean(list(areas - before)),
            )
        )
        before = areas
    return FigureTable("By the size of the panel", ("models", "last to join", "AUROC", "gain of the last"), rows)


def families_chapter(table: AnswerTable, title: str, settings: Settings) -> StudyChapter:
    """Shared errors within and across families; models are drawn as well as questions."""
    rng = np.random.default_rng(settings.seed)
    weights = row_weights(np.arange(table.said.shape[1]), settings.draws, rng).astype(np.float64)
    m = len(table.models)
    counts = drawn_counts(m, settings.draws, rng)
    family = np.array([family_of(name) for name in table.models])
    kin = (family[:, None] == family) & ~np.eye(m, dtype=np.bool_)
    across = ~kin & ~np.eye(m, dtype=np.bool_)
    same = _same_wrong(table, weights)
    sides = [pair_mean(same, counts, chosen) for chosen in (kin, across)]
    differs = sides[0] - sides[1]
    figures = [figure_of(side, int(chosen.sum()), "pairs") for side, chosen in zip(sides, (kin, across), strict=True)]
    claim = DecidedClaim(
        "Two of a family give the same wrong answer more often",
        figure_of(differs, int(kin.sum()), "pairs within"),
        "share of the same answer where both are wrong, within less across",
    )
    rows: list[tuple[Cell, ...]] = [("within a family", figures[0]), ("across families", figures[1])]
    columns = ("pairs", "same answer where both are wrong")
    found = (
        f"{title}: where both are wrong two models say the same in {stated(figures[0])} within a family and in {stated(figures[1])} across families.",
    )
    return StudyChapter(
        title,
        found,
        [claim],
        [FigureTable("Wrong answers that two models share", columns, rows)],
        ("Families by the models' names.",),
    )


def _same_wrong(table: AnswerTable, weights: Floats) -> Floats:
    """(M, M, D+1) share of equal answers where both are wrong and gave one."""
    wrong = ~table.right & (table.said >= 0)
    found = np.zeros((len(wrong), len(wrong), weights.shape[1]))
    for a in range(len(wrong)):
        both = wrong[a] & wrong
        n_both = both @ weights
        agree = (both & (table.said == table.said[a])) @ weights
        found[a] = np.divide(agree, n_both, out=np.full_like(agree, np.nan), where=n_both > 0)
    return found
