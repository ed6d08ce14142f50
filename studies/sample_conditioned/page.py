"""What came out, in words and tables; every sentence that judges is chosen by its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from foureyes.maths.difference import Difference, paired_difference
from foureyes.maths.ranking import Auroc
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, StudyReport, TextTable
from foureyes.study.sections.formatting import interval
from studies.paired import verdict_of_rows
from studies.sample_conditioned.forms import CONDITIONED, FREE, ONE_READING
from studies.sample_conditioned.judging import JudgedSet

__all__ = ["OVERLAP", "WordsAlone", "report_of"]

OVERLAP: Final = "words that a sample lacks"
PLAIN: Final = "plain surprise, the mean"
LENGTH: Final = "length (control)"

_PREFACE: Final = (
    "An answer is read by a second model once plainly and once behind each of K more answers of its author to the same question, "
    "which stand in the reader's prompt. What the author would say again is made likely by them, what it made up is not. Is "
    "that better than a plain reading, and better than counting the words that the same samples lack, which takes no reading? "
    "SAC3's answers of a chat model to 250 questions of HotpotQA and 250 of Natural Questions, each with ten more answers "
    "(Zhang et al. 2023). AUROC of *wrong*, larger = more likely wrong; intervals are 95 %, questions drawn again. *Of like "
    "length* compares a wrong answer only with right ones of its length. A form is judged on the set that it was not chosen on."
)

_COST: Final = (
    "Every row takes the K samples, which cost K generations. Counting words takes nothing more. Plain surprise takes one reading "
    "and no samples. Surprise behind samples takes K readings more, each as long as question, sample and answer together."
)

_BEYOND: Final = (
    "Cost beyond the K samples themselves, of both sets: characters of the readings behind samples, equal ones once, for each "
    "character of a plain reading."
)


@dataclass(frozen=True, slots=True)
class WordsAlone:
    """What the words of samples alone find on all answers, without a reading.

    Attributes:
        samples: which, in words.
        k: how many an answer.
        areas: AUROC on each set.
    """

    samples: str
    k: int
    areas: tuple[Auroc, ...]


def report_of(
    by_k: Sequence[Sequence[JudgedSet]],
    places: Sequence[tuple[str, Sequence[JudgedSet]]],
    readers: Sequence[tuple[str, Sequence[JudgedSet]]],
    words: Sequence[WordsAlone],
    reader: str,
    command: str,
) -> StudyReport:
    """The page.

    Args:
        by_k: the sets for each number of samples, rising; the last are judged in full.
        places: where a sample stands in the prompt, and some of the answers of each set under it.
        readers: models, and some of the answers of each set as they read them; one model says nothing of another.
        words: what the words of samples find on all answers.
        reader: who read.
        command: that makes it again.
    """
    sets = by_k[-1]
    sections = [
        _forms(sets, reader),
        _numbers(by_k),
        _words(words, [one.name for one in sets]),
        *([_places(places)] if places else []),
        *([_readers(readers, sets)] if readers else []),
    ]
    missing = (
        (
            "Long answers with sentences judged one by one, of which each has samples, are not among the data at hand: the form "
            "for sentences is judged here on whole answers only."
        ),
        "No model of natural language inference and no BERT-score is at hand.",
    )
    return StudyReport(
        "Does an independent answer in the reader's prompt find wrong answers?",
        (_PREFACE, _COST),
        (*_findings(sets), *_of_readers(readers, sets)),
        missing,
        tuple(sections),
        command,
    )


def _findings(sets: Sequence[JudgedSet]) -> list[str]:
    said = []
    for one, other in (sets, sets[::-1]):
        form = other.best
        said.append(
            f"{one.name}, K = {one.k}, {form} (chosen on {other.name}): {interval(one.ranked(form).area)}; plain "
            f"{interval(one.ranked(PLAIN).area)}, {OVERLAP} {interval(one.ranked(OVERLAP).area)}, length alone "
            f"{interval(one.ranked(LENGTH).area)}."
        )
        said.append(f"{one.name}: better than a plain reading? {_told(one.lead(form, PLAIN))}")
        said.append(f"{one.name}: better than {OVERLAP}, with the same samples? {_told(one.lead(form, OVERLAP))}")
    return said


def _told(lead: Difference) -> str:
    words = {
        "holds": "Yes",
        "fails": "No, it is worse",
        "no difference": "There is no difference",
        "not decided": "Not decided",
    }
    verdict = verdict_of_rows(lead.low, lead.high, lead.n_rarer, negligible=0.01)
    return f"{words[verdict]}: {lead.value:+z.3f} [{lead.low:+z.3f}, {lead.high:+z.3f}]."


def _forms(sets: Sequence[JudgedSet], reader: str) -> Section:
    names = [LENGTH, *ONE_READING, *FREE, *CONDITIONED]
    rows = tuple((_label(form), *(cell for one in sets for cell in _cells(one, form))) for form in names)
    columns = tuple(column for one in sets for column in (one.name, "of like length"))
    table = TextTable(("form", *columns), rows, note=f"{reader} reads; K = {sets[0].k} samples of the author.")
    marks = []
    for one, other in (sets, sets[::-1]):
        for form in (LENGTH, PLAIN, OVERLAP, other.best):
            area = one.ranked(form).area
            marks.append(ForestMark(f"{one.name}: {_label(form)}", area.value, area.low, area.high))
    return Section("Which form?", (), (table,), ForestPlot("AUROC of wrong answers", tuple(marks)))


def _label(form: str) -> str:
    return f"behind samples: {form}" if form in CONDITIONED else form


def _cells(one: JudgedSet, form: str) -> tuple[str, str]:
    found = one.ranked(form)
    return interval(found.area), f"{found.of_like_length:.3f}"


def _numbers(by_k: Sequence[Sequence[JudgedSet]]) -> Section:
    first, second = by_k[-1]
    rows = []
    for sets in by_k:
        ours = [interval(one.ranked(form).area) for one, form in zip(sets, _chosen(by_k[-1]), strict=True)]
        words = [interval(one.ranked(OVERLAP).area) for one in sets]
        cost = " and ".join(f"{one.cost:.1f}" for one in sets)
        rows.append((str(sets[0].k), cost, *ours, "none", *words))
    columns = ("K", "cost", first.name, second.name, "cost", *(f"{one.name}, words" for one in (first, second)))
    return Section(
        "How many samples?",
        ("The form chosen on the other set with all samples, beside the words that samples lack.",),
        (TextTable(columns, tuple(rows), note=_BEYOND),),
    )


def _readers(readers: Sequence[tuple[str, Sequence[JudgedSet]]], sets: Sequence[JudgedSet]) -> Section:
    """Each reader by the forms chosen on the other set, with all answers of the first reader."""
    rows = tuple(
        (name, *(cell for one, form in zip(few, _chosen(sets), strict=True) for cell in _reader(one, form)))
        for name, few in readers
    )
    few = readers[0][1]
    columns = tuple(column for one in few for column in (f"{one.name}, plain", "behind samples"))
    n = ", ".join(f"{len(one.wrong)} of {one.name}" for one in few)
    about = f"On {n}, K = {few[0].k}, by the form that the first reader's answers of the other set chose."
    return Section("Which reader?", (about,), (TextTable(("reader", *columns), rows),))


def _reader(one: JudgedSet, form: str) -> tuple[str, str]:
    return interval(one.ranked(PLAIN).area), interval(one.ranked(form).area)


def _of_readers(readers: Sequence[tuple[str, Sequence[JudgedSet]]], sets: Sequence[JudgedSet]) -> list[str]:
    """Whether another reader behind samples ranks better than the first one does, on the same answers."""
    said = []
    for name, few in readers[1:]:
        for one, other, form in zip(readers[0][1], few, _chosen(sets), strict=True):
            lead = paired_difference(other.values[form], one.values[form], one.wrong, groups=one.groups)
            said.append(f"{one.name}: is {name} a better reader behind samples than {readers[0][0]}? {_told(lead)}")
    return said


def _chosen(sets: Sequence[JudgedSet]) -> list[str]:
    first, second = sets
    return [second.best, first.best]


def _words(words: Sequence[WordsAlone], names: Sequence[str]) -> Section:
    rows = tuple((one.samples, str(one.k), *map(interval, one.areas)) for one in words)
    return Section(
        "Words alone, on all answers",
        ("The share of words that a sample lacks, which takes no reading. All samples are the author's.",),
        (TextTable(("samples of", "K", *names), rows),),
    )


def _places(places: Sequence[tuple[str, Sequence[JudgedSet]]]) -> Section:
    rows = tuple(
        (
            place,
            *(interval(one.ranked(form).area) for one in sets for form in ("the mean", "worst 6 tokens of the mean")),
        )
        for place, sets in places
    )
    sets = places[0][1]
    columns = tuple(f"{one.name}, {form}" for one in sets for form in ("the mean", "worst 6 tokens"))
    n = ", ".join(f"{len(one.wrong)} of {one.name}" for one in sets)
    return Section(
        "Where does the sample stand?",
        (f"On {n}, K = {sets[0].k}: too few to decide, enough to see that none is out of the question.",),
        (TextTable(("place", *columns), rows),),
    )
