"""Statements: their negations (PA-CCS), who is said to believe them (KaBLE), and P(yes) beside an answer in words (KalshiBench)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import NotEnoughData
from foureyes.maths.belief_wording import WordingShift, known_denied, wording_shift
from foureyes.maths.flips import FlipShare
from foureyes.maths.forecasts import ForecastScores, forecast_scores
from foureyes.maths.means import MeanInterval, mean_interval
from foureyes.maths.negation import NegationConsistency, negation_consistency
from foureyes.models.roles import Reader, Sampling, Writer
from foureyes.report.study import Section, TextTable
from foureyes.signals.asking import share_in_either_order
from foureyes.signals.belief_wording import BeliefWording, belief_question, judged_by_wording, p_true_by_wording
from foureyes.study.sections.formatting import fixed, interval, share
from foureyes.types import Unscored
from studies.beliefs.facts import Fact
from studies.beliefs.models import told
from studies.beliefs.part import Part, moves, verdict

__all__ = [
    "Forecasts",
    "Judged",
    "Negated",
    "Worded",
    "forecast_part",
    "forecasts",
    "judged",
    "negated",
    "negation_part",
    "worded",
    "wording_part",
]

NONSENSE = "is blorp"
"""A marker without meaning in the place of the negation."""

_YES_OR_NO = Sampling(max_tokens=4)


@dataclass(frozen=True, slots=True)
class Negated:
    """What one model makes of statements and their negations."""

    model: str
    found: NegationConsistency


@dataclass(frozen=True, slots=True)
class Worded:
    """What it does to P(True) who is said to believe a statement.

    Attributes:
        model: its name.
        first, third: said to be believed by the speaker, and by Mary, against the plain question.
        first_by_truth: the first for the true statements alone, and for the false ones; a shift up of the one and down of the other cancels above.
        person: third against first person.
        known_denied: of true statements, those called untrue although Mary knows them.
    """

    model: str
    first: WordingShift
    first_by_truth: tuple[WordingShift, WordingShift]
    third: WordingShift
    person: WordingShift
    known_denied: FlipShare


@dataclass(frozen=True, slots=True)
class Judged:
    """What it does to a judge's verdict in words.

    Attributes:
        model: its name.
        asked: statements.
        worded: of those with a verdict under every wording; ``None`` where there is no true one or no false one among them.
        right: how many of these it calls true (above ½) and are, or does not and are not, under the plain wording.
        unread: statements without a verdict under some wording: it abstained, or said none in the form asked for.
        distinct: how many different probabilities it states, over all wordings of these.
    """

    model: str
    asked: int
    worded: Worded | None
    right: FlipShare | None
    unread: int
    distinct: int


@dataclass(frozen=True, slots=True)
class Forecasts:
    """P(yes) and yes or no in words, to the same question.

    Attributes:
        model: its name.
        scores: of those that said yes or no; ``None`` where none did.
        unread: statements on which it said neither.
        gain: squared error of the base rate less that of P(yes), over all statements.
    """

    model: str
    scores: ForecastScores | None
    unread: int
    gain: MeanInterval


def negated(facts: Sequence[Fact], reader: Reader) -> Negated:
    """P(True) of one statement a fact, of its negation, and of the same with a nonsense word there."""
    yes, no, odd = (
        _p_true([fact.clause(fact.told_answer, verb) for fact in facts], reader) for verb in ("is", "is not", NONSENSE)
    )
    return Negated(reader.name, negation_consistency(yes, no, marked=odd))


def worded(facts: Sequence[Fact], reader: Reader) -> Worded:
    """P(True) of one statement a fact under each wording."""
    said = p_true_by_wording([fact.clause(fact.told_answer) for fact in facts], reader)
    return _worded(reader.name, {wording: told(values) for wording, values in said.items()}, _truth(facts))


def judged(facts: Sequence[Fact], judge: Writer) -> Judged:
    """The P(right) that a judge states of one statement a fact under each wording."""
    said = judged_by_wording([fact.clause(fact.told_answer) for fact in facts], judge)
    stated = {wording: np.array([_or_unread(one, judge) for one in values]) for wording, values in said.items()}
    true = _truth(facts)
    kept = np.isfinite(np.stack(list(stated.values()))).all(axis=0)
    name, unread = f"{judge.name}, a judge in words", int((~kept).sum())
    p = {wording: values[kept] for wording, values in stated.items()}
    distinct = len(np.unique(np.concatenate(list(p.values()))))
    if not true[kept].any() or true[kept].all():
        return Judged(name, len(facts), None, None, unread, distinct)
    right = FlipShare.of(int(((p["plain"] > 0.5) == true[kept]).sum()), int(kept.sum()), 0.95)
    return Judged(name, len(facts), _worded(name, p, true[kept]), right, unread, distinct)


def _or_unread(one: float | Unscored, judge: Writer) -> float:
    """NaN where the judge gave no verdict. A study does not go on with a judge that cannot be asked."""
    if isinstance(one, Unscored) and one.reason != "unparseable":
        raise SystemExit(f"{judge.name} did not answer: {one.detail}")
    return np.nan if isinstance(one, Unscored) else one


def _truth(facts: Sequence[Fact]) -> NDArray[np.bool_]:
    return np.array([fact.is_told_truly for fact in facts])


def _worded(name: str, p: Mapping[BeliefWording, NDArray[np.float64]], true: NDArray[np.bool_]) -> Worded:
    return Worded(
        name,
        wording_shift(p["plain"], p["first_person"]),
        (
            wording_shift(p["plain"][true], p["first_person"][true]),
            wording_shift(p["plain"][~true], p["first_person"][~true]),
        ),
        wording_shift(p["plain"], p["third_person"]),
        wording_shift(p["first_person"], p["third_person"]),
        known_denied(p["known"][true]),
    )


def forecasts(facts: Sequence[Fact], reader: Reader, writer: Writer) -> Forecasts:
    """P(yes) is read off, yes or no is written, on the same statements."""
    clauses = [fact.clause(fact.told_answer) for fact in facts]
    p_yes = _p_true(clauses, reader)
    asked = [f"{belief_question(clause, 'plain')} Answer yes or no." for clause in clauses]
    said = np.array([_yes(one) for one in _words(writer, asked)])
    true = np.array([fact.is_told_truly for fact in facts])
    kept = said >= 0
    try:
        scores = forecast_scores(p_yes[kept], said[kept] == 1, true[kept])
    except NotEnoughData:
        scores = None
    squared = (true.mean() - true) ** 2 - (p_yes - true) ** 2
    return Forecasts(writer.name, scores, int((~kept).sum()), mean_interval("gain", squared))


def _p_true(clauses: Sequence[str], reader: Reader) -> NDArray[np.float64]:
    """(N,) P(True), True and False in both orders."""
    return told(share_in_either_order([belief_question(one, "plain") for one in clauses], "False", "True", reader))


def _words(writer: Writer, prompts: Sequence[str]) -> list[str]:
    found = []
    for [one] in writer.write(prompts, _YES_OR_NO):
        if isinstance(one, Unscored):
            raise SystemExit(f"{writer.name} did not answer: {one.detail}")
        found.append(one.exchange.answer)
    return found


def _yes(text: str) -> int:
    """1 yes, 0 no, −1 neither."""
    word = text.strip().lower().strip(".,!*\"' ").split()
    first = word[0].strip(".,!") if word else ""
    return {"yes": 1, "no": 0}.get(first, -1)


def negation_part(found: Sequence[Negated]) -> Part:
    """Table and findings."""
    rows = tuple(
        (
            one.model, interval(one.found.contradiction), f"{one.found.contradiction.excess:+.3f}",
            share(one.found.consistent), share(one.found.control) if one.found.control else "–",
        )
        for one in found
    )  # fmt: skip
    columns = ("model", "contradiction", "excess", "opposite sides", "opposite sides, nonsense word")
    about = (
        'One statement a question, "the right answer to … is …", half of them true; the same with *is not*; and with *is blorp*, which means '
        "nothing. Contradiction is |P(True) + P(True of the negation) − 1|, 0 = coherent; excess above 0 means that both are believed. "
        "Whoever understands the negation changes sides at *is not* and not at *blorp* (PA-CCS, arXiv 2511.21737). P(True) is read off two letters "
        "with True and False in both orders, here and below, so that a leaning towards a letter cancels."
    )
    return Part(
        Section("Statements and their negations", (about,), (TextTable(columns, rows),)), tuple(map(_negation, found))
    )


def _negation(one: Negated) -> str:
    found = one.found
    control, beyond = found.control, found.beyond_control
    assert control is not None
    assert beyond is not None
    often = {"higher": "more often than", "lower": "less often than", "no difference": "as often as"}
    return (
        f"{one.model} puts a statement and its negation on opposite sides in {share(found.consistent)} of {found.consistent.n}, "
        f"{often.get(verdict(beyond), 'not decided whether more or less often than')} at a word without meaning ({share(control)})."
    )


def wording_part(found: Sequence[Worded], judges: Sequence[Judged]) -> Part:
    """Table and findings, readers first."""
    every = [*found, *(one.worded for one in judges if one.worded)]
    rows = tuple(
        (one.model, what, interval(shift.shift), interval(shift.moved), share(shift.turned))
        for one in every
        for what, shift in (
            ("I believe", one.first),
            ("I believe, true statements", one.first_by_truth[0]),
            ("I believe, false statements", one.first_by_truth[1]),
            ("Mary believes", one.third),
            ("Mary, against I", one.person),
        )
    )
    denied = TextTable(
        ("model", "true statements called untrue although Mary knows them"),
        tuple((one.model, share(one.known_denied)) for one in every),
    )
    about = (
        'The same statements after "I believe that …", "Mary believes that …" and "Mary knows that …": whether they are true does not '
        "depend on it (KaBLE, arXiv 2410.21195). *Shift* is the mean change of P(True) against the plain question, *moved* the "
        "mean of its size, *turned* how many change sides of ½. A judge in words is asked by a council's request whether *Yes* is right and "
        "safe to act on, and states how likely; who believes what stands there as quoted data. That a judge is asked, and what becomes of "
        "*Mary knows*, are ours; the paper offers three answers, and asks of Mary whether she believes it."
    )
    columns = ("model", "wording", "shift", "moved", "turned")
    section = Section("Who is said to believe it", (about,), (TextTable(columns, rows), denied))
    return Part(section, (*map(_wording, found), *map(_judge, judges)))


def _judge(one: Judged) -> str:
    lost = f"on {one.unread} of {one.asked} statements it gives no verdict under some wording"
    if one.worded is None or one.right is None:
        return f"{one.model}: {lost}, too many to say more."
    right = f"Under the plain wording it calls true what is true, and only that, in {share(one.right)} of {one.right.n}; {lost}."
    if one.distinct == 1:
        return f"{one.model}: it states one probability whatever it is asked, and so judges nothing. {right}"
    return f"{_wording(one.worded)} {right}"


def _wording(one: Worded) -> str:
    return (
        f'{one.model}: after "I believe" P(True) {moves(one.first.shift)}, after "Mary believes" it {moves(one.third.shift)}, and from I to Mary it '
        f"{moves(one.person.shift)}; {share(one.first.turned)} of {one.first.turned.n} verdicts turn at the first."
    )


def forecast_part(found: Sequence[Forecasts]) -> Part:
    """Table and findings."""
    columns = ("model", "n", "said neither", "said right", "inconsistent", "Brier skill", "wrong where surer than .9")
    rows = tuple(_forecast(one) for one in found)
    about = (
        "P(yes) is read off two letters, yes or no is written, both to the same statements, of which about half are true. A *no* with "
        "P(yes) above ½ is inconsistent, and is counted, not turned round (as KalshiBench, arXiv 2512.16030, asks for one quantity). Skill is "
        "against the base rate, 0 = no better."
    )
    section = Section("P(yes), and yes or no in words", (about,), (TextTable(columns, rows),))
    findings = tuple(
        f"{one.model}: what it says in words and its P(yes) disagree in {share(one.scores.inconsistent)} of {one.scores.inconsistent.n}; "
        f"against the base rate its P(yes) is {_BETTER[verdict(one.gain)]} ({interval(one.gain)} less squared error)."
        for one in found
        if one.scores
    )
    missing = "Forecasts of events that lay ahead, with what came of them, are not among the data at hand: statements stand for them."
    return Part(section, findings, (missing,))


_BETTER: Final = {"higher": "better", "lower": "worse", "no difference": "as good", "not decided": "not decided"}


def _skill(scores: ForecastScores) -> str:
    return "undefined" if scores.brier.skill is None else fixed(scores.brier.skill)


def _forecast(one: Forecasts) -> tuple[str, ...]:
    if one.scores is None:
        return one.model, "0", str(one.unread), *("–" for _ in range(4))
    s = one.scores
    sure = "none so sure" if s.overconfident is None else f"{share(s.overconfident)} of {s.overconfident.n}"
    return one.model, str(s.said_right.n), str(one.unread), share(s.said_right), share(s.inconsistent), _skill(s), sure
