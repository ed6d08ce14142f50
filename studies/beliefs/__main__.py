"""Belief, statement and confidence, one measure after another. ``python -m studies.beliefs --data FOLDER``.

What models say is kept in ``--cache``, so that a run that was stopped goes on; ``--only`` makes some measures and no page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from foureyes.report.study import StudyReport
from foureyes.study.store import CallStore
from studies.beliefs.authors import authors, authors_part
from studies.beliefs.checkpoints import gap_part, trained
from studies.beliefs.debates import debated, debates_part
from studies.beliefs.facts import facts
from studies.beliefs.growing import growing_part, grown
from studies.beliefs.models import Models
from studies.beliefs.part import Part
from studies.beliefs.pressure import pressed_part, under_pressure
from studies.beliefs.second_sample import gains, gains_part
from studies.beliefs.statements import (
    forecast_part,
    forecasts,
    judged,
    negated,
    negation_part,
    worded,
    wording_part,
)
from studies.beliefs.steps import chains, read_steps, steps_part
from studies.beliefs.words import phrased, words_part
from studies.pages import add_pages, command_again, save_pages, study_parser
from studies.sample_conditioned.published import SETS, load

SMALL: Final = "smollm2-135m"
MIDDLE: Final = "qwen2.5-coder-0.5b"
ASKED: Final = (SMALL, MIDDLE)
JUDGES: Final = (MIDDLE,)
CHAINS: Final = 80
DEBATES: Final = 15
EVERY_ANSWER: Final = 4
EVERY_JUDGED: Final = 2
EVERY_QUESTION: Final = 8

_PREFACE: Final = (
    "Measures that other people's papers define, each run once on what is at hand: the 120 questions of the demo as facts, published "
    "answers, and models of 0.1 and 0.5 B. Models this small say little about large ones; that the measures work, and what they show here, is what this page "
    "is for. Intervals are 95 %, questions (or solutions, debates) drawn anew; each sentence is decided by its interval."
)

Made = Callable[[Path, Models], Part]


def _steps(data: Path, models: Models) -> Part:
    of = chains(data, CHAINS)
    return steps_part([read_steps(of, models.reader(name)) for name in ASKED])


def _gains(data: Path, models: Models) -> Part:
    reader = models.reader(SMALL)
    return gains_part([gains(name, load(data, name)[::EVERY_ANSWER], reader) for name in SETS])


def _debates(_data: Path, models: Models) -> Part:
    writer = models.writer(MIDDLE)
    return debates_part([debated(facts()[:: len(facts()) // DEBATES], writer, writer)])


def _wording(_data: Path, models: Models) -> Part:
    judges = [judged(facts()[::EVERY_JUDGED], models.writer(name)) for name in JUDGES]
    return wording_part([worded(facts(), models.reader(name)) for name in ASKED], judges)


MEASURES: Final[Mapping[str, Made]] = {
    "pressure": lambda _, models: pressed_part([under_pressure(facts(), models.reader(name)) for name in ASKED]),
    "negation": lambda _, models: negation_part([negated(facts(), models.reader(name)) for name in ASKED]),
    "wording": _wording,
    "forecasts": lambda _, models: forecast_part(
        [forecasts(facts(), models.reader(name), models.writer(name)) for name in ASKED]
    ),
    "steps": _steps,
    "second-sample": _gains,
    "context": lambda _, models: growing_part(grown(facts(), models.reader(MIDDLE), every=2)),
    "checkpoints": lambda _, models: gap_part(trained(facts(), models.store.path.parent)),
    "debates": _debates,
    "words": lambda data, _: words_part(phrased(data)),
    "authors": lambda data, _: authors_part(authors(data, EVERY_QUESTION)),
}


def report_of(parts: Mapping[str, Part], command: str, skipped: Sequence[str] = ()) -> StudyReport:
    """The page, with what was not run by name."""
    left_out = (f"Built and not run for this page: {', '.join(skipped)}.",) if skipped else ()
    return StudyReport(
        "Belief, statement and confidence",
        (_PREFACE,),
        tuple(said for part in parts.values() for said in part.findings),
        (*left_out, *(said for part in parts.values() for said in part.missing)),
        tuple(part.section for part in parts.values()),
        command,
    )


def main() -> None:
    """Asks, and writes the page."""
    parser = study_parser("beliefs", __doc__)
    parser.add_argument("--only", action="append", choices=MEASURES, help="make these and no page")
    parser.add_argument("--skip", action="append", choices=MEASURES, default=[], help="leave these out, and say so")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/foureyes/studies/beliefs", metavar="FOLDER")
    add_pages(parser)
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    parts = {}
    with CallStore(args.cache / "store.sqlite") as store:
        for name in args.only or [one for one in MEASURES if one not in args.skip]:
            parts[name] = MEASURES[name](args.data, Models(store))
            print("\n".join(parts[name].findings), flush=True)
    if args.only:
        return
    save_pages(report_of(parts, command_again(parser, args), args.skip), args)


if __name__ == "__main__":
    main()
