"""The demo's sentences, made from its numbers: the same at a terminal and on the page."""

from __future__ import annotations

from foureyes.demo.measures import Comparison, ErrorsFound, Preferred
from foureyes.maths.bounds import clopper_pearson
from foureyes.maths.difference import Difference
from foureyes.maths.random_hits import RandomHits
from foureyes.maths.ranking import Auroc

__all__ = ["area", "beside_chance", "decided", "headline", "liking", "overall", "places"]


def headline(found: Comparison) -> tuple[str, str]:
    """What matters, in two sentences: how many wrong answers the author was sure of, and who finds them.

    Args:
        found: the author's answers.
    """
    sure = found.among_sure
    return (
        f"Of {found.everywhere.n_wrong} wrong answers, {sure.n_wrong} were among the half that the author was surest of.",
        f"Its own doubt finds {sure.own} of these {sure.n_wrong}; a second reader finds {sure.second}.",
    )


def overall(found: Comparison) -> str:
    """The same over all answers, where nothing was picked by the author's doubt."""
    all_of, own, second = found.everywhere, found.everywhere.own, found.everywhere.second
    return (
        f"Of all {all_of.n_wrong} wrong answers among {all_of.n}, own doubt finds {own} and the second reader {second}."
    )


def beside_chance(found: ErrorsFound) -> str:
    """What as many answers picked at random hold of the wrong ones, with the interval of 95 % of picks, and where both signs lie beside it."""
    chance = found.by_chance
    return (
        f"Random picks find {chance.mean:.1f} [{chance.low}, {chance.high}]: own doubt is {_beside(found.own, chance)} that, the reader "
        f"{_beside(found.second, chance)}."
    )


def _beside(hits: int, chance: RandomHits) -> str:
    return "above" if hits > chance.high else "below" if hits < chance.low else "within"


def decided(found: ErrorsFound) -> str:
    """The difference of the two areas with its interval, and what follows from it."""
    return f"{_signed(found.difference)}: {found.verdict}"


def area(found: Auroc) -> str:
    """An area with its interval."""
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def liking(found: Preferred) -> str:
    """In how many programs a reader finds the right one likelier, with an exact interval."""
    if not found.n:
        return f"{found.model}, read now: could read no program"
    low, high = clopper_pearson(found.n_right, found.n)
    undecided = ": undecided" if low <= 0.5 <= high else ""
    return f"{found.model}, read now: in {found.n_right} of {found.n} [{100 * low:.0f}, {100 * high:.0f} %]{undecided}"


def places(found: Comparison, i: int) -> tuple[float, float]:
    """Where one answer stands among all of the author's.

    Returns:
        The share of the other answers of which the author was less sure, and of those that surprised the second reader less.
    """
    others = len(found.answers) - 1
    return int((found.own > found.own[i]).sum()) / others, int((found.second < found.second[i]).sum()) / others


def _signed(found: Difference) -> str:
    value, low, high = (f"{round(x, 2) + 0.0:+.2f}" for x in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"
