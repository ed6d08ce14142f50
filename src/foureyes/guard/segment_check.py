"""Fine-grained checking: finds the sentences of a response that independent answers contradict.

1. The response is cut into sentence-like segments (:mod:`foureyes.signals.segments`).
2. Verifiers answer the prompt, and the prompt in other words, without having seen the response.
3. A comparer says of each segment and each answer: accurate, contradictory or neutral, with the answer's words as evidence.
4. The evidence is folded into one label a segment, by a rule stated at :func:`combine_labels`.

Beside the label each segment has the share of its words that the independent answers lack, which costs nothing and is all
that there is without a comparer.

:func:`correct_segments` then rewrites the flagged segments; every other byte of the response stays what it was.

The rule that holds throughout: a comparison that failed is no evidence. A segment that no answer was compared with is
``neutral`` and unchecked, never accurate. A newcomer starts at :func:`check_segments`.

Source: FINCH-ZK, arXiv 2508.14314. Differences: prompts are reworded by templates, all segments are compared with an answer
in one request, and evidence must be a passage of the answer.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from foureyes.errors import InputError, ModelError
from foureyes.guard.answering import ask_answerer
from foureyes.guard.comparison import (
    SegmentComparison,
    SegmentLabel,
    comparison_prompt,
    correction_prompt,
    parse_comparison,
    parse_correction,
)
from foureyes.guard.deadline import DeadlineRunner, TaskFailure
from foureyes.guard.rephrasing import N_PHRASINGS, rephrase
from foureyes.models.judging import MalformedReply, new_code
from foureyes.models.roles import Answerer
from foureyes.signals.overlap import share_unsupported
from foureyes.signals.segments import Segment, split_segments
from foureyes.types import Exchange

__all__ = [
    "CorrectedResponse",
    "IndependentAnswer",
    "SegmentCheckLimits",
    "SegmentEvidence",
    "SegmentFinding",
    "SegmentReport",
    "check_segments",
    "combine_labels",
    "correct_segments",
]


@dataclass(frozen=True, slots=True)
class SegmentCheckLimits:
    """Limits of a segment check: wordings asked, and seconds each stage may take.

    Args:
        wordings: how many wordings of the prompt each verifier answers, 1 … 5; the first is the prompt itself.
        answer_s: most seconds for all answers together, > 0.
        compare_s: most seconds for all comparisons together, > 0; also for all corrections.

    Raises:
        InputError: a number outside its range.
    """

    wordings: int = 2
    answer_s: float = 30.0
    compare_s: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.wordings <= N_PHRASINGS:
            raise InputError(f"wordings must be from 1 to {N_PHRASINGS}; got {self.wordings}")
        if not (0 < self.answer_s < math.inf and 0 < self.compare_s < math.inf):
            raise InputError(f"wanted times above 0; got {self.answer_s} and {self.compare_s}")


@dataclass(frozen=True, slots=True)
class IndependentAnswer:
    """An answer given without having seen the response.

    Attributes:
        provider, model: whose.
        wording: number of the wording it answers.
        text: what was said.
    """

    provider: str
    model: str
    wording: int
    text: str


@dataclass(frozen=True, slots=True)
class SegmentEvidence:
    """What one independent answer says of a segment.

    Attributes:
        answer: its number in :attr:`SegmentReport.answers`.
        label: accurate, contradictory or neutral.
        quote: the passage that shows it; empty for neutral.
    """

    answer: int
    label: SegmentLabel
    quote: str


@dataclass(frozen=True, slots=True)
class SegmentFinding:
    """A segment's label and the evidence behind it.

    Attributes:
        segment: where it stands.
        label: the evidence folded.
        evidence: one a comparison that succeeded.
        unsupported: share of its words that an independent answer lacks, on average over the answers, in [0, 1]; ``None``
            without answers or words. A rank and no verdict: the higher, the sooner a person should look.
    """

    segment: Segment
    label: SegmentLabel
    evidence: tuple[SegmentEvidence, ...]
    unsupported: float | None = None

    @property
    def flagged(self) -> bool:
        """Whether independent answers contradict it."""
        return self.label == "contradictory"

    @property
    def checked(self) -> bool:
        """Whether it was compared with any answer at all."""
        return bool(self.evidence)


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """The findings of a segment check.

    Attributes:
        findings: one a segment, in order.
        answers: the independent answers that came.
        missing: why others did not, and which comparisons failed.
    """

    findings: tuple[SegmentFinding, ...]
    answers: tuple[IndependentAnswer, ...]
    missing: tuple[str, ...]

    @property
    def flagged(self) -> tuple[SegmentFinding, ...]:
        """The segments that are contradicted."""
        return tuple(finding for finding in self.findings if finding.flagged)

    @property
    def ranked(self) -> tuple[SegmentFinding, ...]:
        """The segments by the words that independent answers lack, the least supported first; those without a share last."""
        return tuple(
            sorted(self.findings, key=lambda one: -1.0 if one.unsupported is None else one.unsupported, reverse=True)
        )

    @property
    def checked(self) -> bool:
        """Whether every segment was compared with an answer. Otherwise nothing flagged means nothing."""
        return all(finding.checked for finding in self.findings)


@dataclass(frozen=True, slots=True)
class CorrectedResponse:
    """A response with its flagged segments rewritten.

    Attributes:
        text: the response; outside the segments of ``replaced`` byte for byte the original.
        replaced: numbers of the segments that were rewritten.
        missing: why others were not, by number.
    """

    text: str
    replaced: tuple[int, ...]
    missing: tuple[tuple[int, str], ...]


async def check_segments(
    exchange: Exchange,
    answerers: Sequence[Answerer],
    comparer: Answerer | None,
    *,
    plan: SegmentCheckLimits | None = None,
    codes: Callable[[], str] = new_code,
) -> SegmentReport:
    """Checks a response segment by segment.

    Args:
        exchange: the prompt and the response; personal data already concealed.
        answerers: who answers independently, at least one. Only the prompt is shown to them.
        comparer: who compares; may be one of them. With ``None`` nobody is asked to: every segment stays neutral and
            unchecked, and has the share of its words that the answers lack.
        plan: how much, how long.
        codes: gives each request its code.

    Returns:
        The findings, after ``answer_s + compare_s`` at the latest. Failures are listed, not raised; of an exchange
        with a part that cannot be read nobody is asked, and no segment counts as checked.

    Raises:
        InputError: nobody to ask.
    """
    if not answerers:
        raise InputError("fine-grained checking needs somebody who answers independently; got nobody")
    plan, runner, cut = plan or SegmentCheckLimits(), DeadlineRunner(), split_segments(exchange.answer)
    if not cut:
        return SegmentReport((), (), ())
    if exchange.unread:
        return SegmentReport(_findings(cut, ()), (), tuple(f"nobody here can read {part}" for part in exchange.unread))
    asked = list(itertools.product(answerers, range(plan.wordings)))
    works = [ask_answerer(answerer, rephrase(exchange.prompt, wording)) for answerer, wording in asked]
    came = await runner.gather(_ends(plan.answer_s), works, "an answerer")
    answers = [
        IndependentAnswer(who.provider, who.name, wording, text)
        for (who, wording), text in zip(asked, came, strict=True)
        if not isinstance(text, TaskFailure)
    ]
    comparisons = [_compare(exchange, cut, answer.text, comparer, codes()) for answer in answers if comparer]
    rows = await runner.gather(_ends(plan.compare_s), comparisons, "a comparer")
    texts = [answer.text for answer in answers]
    missing = (*(() if comparer else (_NOBODY_COMPARES,)), *_missing(asked, came, rows))
    return SegmentReport(_findings(cut, rows, texts), tuple(answers), missing)


_NOBODY_COMPARES: Final = "nobody compares: segments have no label, only the share of their words that the answers lack"


def combine_labels(evidence: Sequence[SegmentEvidence]) -> SegmentLabel:
    """Combines the labels of several comparisons of one segment into one.

    Contradictory if at least as many answers contradict as support, and one does; accurate if more support; neutral if no
    answer speaks of it.

    Example:
        >>> combine_labels([SegmentEvidence(0, "accurate", "a"), SegmentEvidence(1, "contradictory", "b"), SegmentEvidence(2, "neutral", "")])
        'contradictory'
    """
    support = sum(e.label == "accurate" for e in evidence)
    against = sum(e.label == "contradictory" for e in evidence)
    if against and against >= support:
        return "contradictory"
    return "accurate" if support else "neutral"


async def correct_segments(
    exchange: Exchange,
    report: SegmentReport,
    editor: Answerer,
    *,
    plan: SegmentCheckLimits | None = None,
    codes: Callable[[], str] = new_code,
) -> CorrectedResponse:
    """Rewrites the flagged segments and nothing else.

    Args:
        exchange: the one that was checked.
        report: what was found.
        editor: who rewrites, one segment a request, shown the passages that contradict it.
        plan: how long (``compare_s``).
        codes: gives each request its code.

    Returns:
        The response, after ``compare_s`` at the latest. A segment whose correction failed stays, and is listed.

    Raises:
        InputError: the report is not about this response.
    """
    if any(exchange.answer[f.segment.start : f.segment.end] != f.segment.text for f in report.findings):
        raise InputError("the report is about another response")
    wanted = [number for number, finding in enumerate(report.findings) if finding.flagged]
    works = [_edit(exchange, report.findings[number], editor, codes()) for number in wanted]
    came = await DeadlineRunner().gather(_ends((plan or SegmentCheckLimits()).compare_s), works, "an editor")
    texts = {number: text for number, text in zip(wanted, came, strict=True) if not isinstance(text, TaskFailure)}
    missing = [
        (number, text.reason) for number, text in zip(wanted, came, strict=True) if isinstance(text, TaskFailure)
    ]
    return CorrectedResponse(_splice(exchange.answer, report.findings, texts), tuple(texts), tuple(missing))


async def _compare(
    exchange: Exchange, cut: Sequence[Segment], answer: str, comparer: Answerer, code: str
) -> list[SegmentComparison]:
    reply = await ask_answerer(comparer, comparison_prompt(exchange, cut, answer, code))
    try:
        return parse_comparison(reply, code, len(cut), answer)
    except MalformedReply as error:
        raise ModelError(str(error), model=comparer.name, summary=str(error)) from error


async def _edit(exchange: Exchange, finding: SegmentFinding, editor: Answerer, code: str) -> str:
    quotes = [evidence.quote for evidence in finding.evidence if evidence.label == "contradictory"]
    reply = await ask_answerer(editor, correction_prompt(exchange, finding.segment, quotes, code))
    try:
        return parse_correction(reply, code, finding.segment)
    except MalformedReply as error:
        raise ModelError(str(error), model=editor.name, summary=str(error)) from error


def _ends(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def _findings(
    cut: Sequence[Segment], rows: Sequence[list[SegmentComparison] | TaskFailure], answers: Sequence[str] = ()
) -> tuple[SegmentFinding, ...]:
    found: list[SegmentFinding] = []
    for place, segment in enumerate(cut):
        evidence = tuple(
            SegmentEvidence(number, row[place].label, row[place].quote)
            for number, row in enumerate(rows)
            if not isinstance(row, TaskFailure)
        )
        unsupported = share_unsupported(segment.text, answers)
        found.append(SegmentFinding(segment, combine_labels(evidence), evidence, unsupported))
    return tuple(found)


def _missing(
    asked: Sequence[tuple[Answerer, int]],
    came: Sequence[str | TaskFailure],
    rows: Sequence[list[SegmentComparison] | TaskFailure],
) -> tuple[str, ...]:
    silent = [
        f"{who.provider} {who.name}, wording {wording}: {text.reason}"
        for (who, wording), text in zip(asked, came, strict=True)
        if isinstance(text, TaskFailure)
    ]
    return (
        *silent,
        *(f"comparison with answer {i}: {row.reason}" for i, row in enumerate(rows) if isinstance(row, TaskFailure)),
    )


def _splice(text: str, findings: Sequence[SegmentFinding], replacements: dict[int, str]) -> str:
    parts, done = [], 0
    for number, replacement in sorted(replacements.items()):
        segment = findings[number].segment
        parts += [text[done : segment.start], replacement]
        done = segment.end
    return "".join([*parts, text[done:]])
