"""Surprise behind samples against plain surprise and word overlap. ``python -m studies.sample_conditioned --data FOLDER``.

Every reading is kept in ``--cache``, so that a run that was stopped goes on and a second one is quick.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from foureyes.maths.ranking import auroc
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from studies.pages import add_pages, command_again, save_pages, study_parser
from studies.sample_conditioned.forms import FREE
from studies.sample_conditioned.judging import JudgedSet, judged
from studies.sample_conditioned.page import OVERLAP, WordsAlone, report_of
from studies.sample_conditioned.published import SETS, SampledAnswer, load, n_unlabelled
from studies.sample_conditioned.readings import PLACES, surprises

NUMBERS: Final = (1, 2, 3, 5, 10)
USUAL: Final = "behind the question"


def main() -> None:
    """Reads, judges, and writes the page."""
    parser = _parser()
    args = parser.parse_args()
    reader = open_reader(args.model)
    sets = {name: load(args.data, name)[:: args.every] for name in SETS}
    by_k = [_judged(sets, k, reader, args.cache) for k in NUMBERS if k <= args.samples]
    few = {name: answers[:: args.places] for name, answers in sets.items()} if args.places else {}
    places = [(place, _judged(few, min(3, args.samples), reader, args.cache, place)) for place in PLACES] if few else []
    others = {name: answers[:: args.others_every] for name, answers in sets.items()}
    readers = [
        (one.name, _judged(others, min(3, args.samples), one, args.cache))
        for one in (reader, *map(open_reader, args.other_model or ()))
    ]
    report = report_of(
        by_k, places, readers if args.other_model else [], _words(args.data), reader.name, command_again(parser, args)
    )
    unlabelled = {name: n_unlabelled(args.data, name) for name in SETS}
    lost = tuple(f"{name}: answers without a label of right or wrong: {n}" for name, n in unlabelled.items() if n)
    report = replace(report, warnings=(*report.warnings, *lost))
    print("\n".join(report.findings))
    save_pages(report, args)


def _judged(
    sets: dict[str, list[SampledAnswer]], k: int, reader: Reader, cache: Path, place: str = USUAL
) -> list[JudgedSet]:
    found = []
    for name, answers in sets.items():
        samples = [answer.own[:k] for answer in answers]
        found.append(judged(name, answers, samples, surprises(answers, samples, reader, cache, place)))
    return found


def _words(data: Path) -> list[WordsAlone]:
    sets = [load(data, name) for name in SETS]
    take = FREE[OVERLAP]
    drawn: dict[str, Callable[[SampledAnswer], Sequence[str]]] = {
        "the same question": lambda answer: answer.own,
        "the question in other words": lambda answer: answer.reworded,
    }
    found = []
    for what, samples in drawn.items():
        for k in NUMBERS:
            areas = [
                auroc([take(one, samples(one)[:k]) for one in answers], wrong=[one.wrong for one in answers])
                for answers in sets
            ]
            found.append(WordsAlone(what, k, tuple(areas)))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = study_parser("sample_conditioned", __doc__)
    parser.add_argument("--model", default="smollm2-135m", help="who reads (default: %(default)s)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth answer (default: all)")
    parser.add_argument("--samples", type=int, default=10, help="samples an answer, 1 to 10 (default: %(default)s)")
    parser.add_argument(
        "--places", type=int, default=0, metavar="N", help="put samples elsewhere for every Nth answer; 0 for none"
    )
    parser.add_argument(
        "--other-model", action="append", help="who reads some of the answers too; more than once for several"
    )
    parser.add_argument(
        "--others-every", type=int, default=4, metavar="N", help="those read every Nth answer (default: %(default)s)"
    )
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/foureyes/studies/sample_conditioned")
    add_pages(parser)
    return parser


if __name__ == "__main__":
    main()
