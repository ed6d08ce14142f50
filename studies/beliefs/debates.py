"""Debates that are run: what two small debaters bet on winning, for and against statements that are true or false."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import ModelError, NotEnoughData
from foureyes.maths.means import MeanInterval, mean_interval
from foureyes.models.roles import Sampling, Writer
from foureyes.report.study import Section, TextTable
from foureyes.study.debate import Debate, DebateBets, RoundName, debate_bets, run_debate
from foureyes.study.sections.formatting import interval, share
from foureyes.types import Prompt, Unscored, Written
from studies.beliefs.facts import Fact
from studies.beliefs.part import Part, verdict
from studies.paired import FEWEST

__all__ = ["Debated", "WritesTogether", "debated", "debates_part"]

HOW = Sampling(max_tokens=48)
_PATIENCE_S = 0.02


@dataclass(slots=True)
class WritesTogether:
    """An answerer over a writer that takes the requests of all debates at once, so that they are written in one batch.

    Attributes:
        writer: who writes.
        provider: as of :class:`~foureyes.models.roles.Answerer`.
    """

    writer: Writer
    provider: str = "local"
    _waiting: list[tuple[Prompt, asyncio.Future[str]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.writer.name

    async def answer(self, prompt: Prompt) -> str:
        """The answer, once all who ask at the same time have asked."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_later(_PATIENCE_S, self._write)
        answer: asyncio.Future[str] = loop.create_future()
        self._waiting.append((prompt, answer))
        return await answer

    def _write(self) -> None:
        asked, self._waiting = self._waiting, []
        waiting = [answer for _, answer in asked]
        try:
            written = self.writer.write([prompt for prompt, _ in asked], HOW)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to those who wait, and they would wait for ever otherwise
            _settle(waiting, [error] * len(asked))
            return
        _settle(waiting, [self._speech(one) for (one,) in written])

    def _speech(self, one: Written | Unscored) -> str | Exception:
        return ModelError(one.detail, model=self.name) if isinstance(one, Unscored) else one.exchange.answer


def _settle(waiting: Sequence[asyncio.Future[str]], results: Sequence[str | Exception]) -> None:
    for answer, result in zip(waiting, results, strict=True):
        if answer.done():
            continue
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)


@dataclass(frozen=True, slots=True)
class Debated:
    """The debates of one pair.

    Attributes:
        pair: their names.
        rounds: bets of every round; of one without bets, nothing.
        n: debates.
        failed: those that ended early.
        truth: bet of the side that speaks for the truth less that of the other, closing, points; ``None`` where too few debates have both.
    """

    pair: str
    rounds: tuple[DebateBets, ...]
    n: int
    failed: int
    truth: MeanInterval | None


def debated(facts: Sequence[Fact], one: Writer, other: Writer) -> Debated:
    """Has both debate one statement a fact; the first speaks for it."""
    sides = WritesTogether(one), WritesTogether(other)

    async def all_of_them() -> list[Debate]:
        motions = [f"{fact.clause(fact.told_answer)}." for fact in facts]
        return list(await asyncio.gather(*(run_debate(motion, *sides, deadline_s=1e6) for motion in motions)))

    held = asyncio.run(all_of_them())
    rounds = []
    for name in get_args(RoundName):
        try:
            rounds.append(debate_bets(held, name))
        except NotEnoughData:
            continue
    failed = sum(debate.failure is not None for debate in held)
    return Debated(f"{one.name} for, {other.name} against", tuple(rounds), len(held), failed, _truth(facts, held))


def _truth(facts: Sequence[Fact], held: Sequence[Debate]) -> MeanInterval | None:
    gaps = []
    for fact, debate in zip(facts, held, strict=True):
        if debate.failure is not None:
            continue
        ours, theirs = debate.rounds[-1].bets
        if ours is not None and theirs is not None:
            gaps.append((ours - theirs) * (1 if fact.is_told_truly else -1))
    found: NDArray[np.float64] = np.array(gaps, np.float64)
    return mean_interval("bets", found) if len(found) >= FEWEST else None


def debates_part(found: Sequence[Debated]) -> Part:
    """Table and findings."""
    rows = tuple(
        (
            one.pair, bets.round, str(bets.incoherence.n), str(bets.left_out), interval(bets.incoherence),
            f"{100 * bets.incoherence.excess:+.0f}", share(bets.both_sure),
        )
        for one in found
        for bets in one.rounds
    )  # fmt: skip
    columns = ("pair", "round", "debates", "left out", "incoherence", "sum of bets − 100", "both bet 75 or more")
    about = (
        "Two debaters, which are one model or two, speak for and against statements, of which about half are true, in three rounds of at most 48 tokens a speech, and bet in "
        "private on winning (arXiv 2505.19184). Exactly one wins, so the bets should add up to 100: incoherence is the mean distance from that, as "
        "a probability. Replies that are more than one number are left out and counted."
    )
    return Part(
        Section("Debates", (about,), (TextTable(columns, rows),)),
        tuple(said for one in found for said in _findings(one)),
    )


def _findings(one: Debated) -> list[str]:
    if not one.rounds:
        return [f"Debates of {one.pair}: no bet of {one.n} debates could be read."]
    last = one.rounds[-1]
    ended = f", {one.failed} of them ended early" if one.failed else ""
    words = [
        (
            f"{one.n} debates of {one.pair}{ended}: in the {last.round} both bet 75 or more in {share(last.both_sure)} of {last.both_sure.n}; incoherence "
            f"{interval(last.incoherence)}."
        )
    ]
    if one.truth is not None:
        said = {"higher": "more", "lower": "less"}.get(verdict(one.truth), "by an undecided amount more or less")
        words.append(
            f"Whoever speaks for the truth bets {said} than the other: {one.truth.value:+.1f} [{one.truth.low:+.1f}, {one.truth.high:+.1f}] points, "
            f"{one.truth.n} debates."
        )
    return words
