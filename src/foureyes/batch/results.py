"""What is written for one row, and what is counted over all of them. No files here.

Start at :func:`result_of`. The same names and shapes go into JSONL and into Parquet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self, TypeAlias

from foureyes.batch.window import Result
from foureyes.display import cause_of
from foureyes.layouts import LoggedAnswer
from foureyes.signals.one_pass import cmp
from foureyes.signals.within import own_of
from foureyes.types import Exchange, PartSpan, Reading, Scored, Unscored

__all__ = [
    "FACTS",
    "OWN",
    "OWN_FACTS",
    "PART_FACTS",
    "RANK",
    "TOKEN_ARRAYS",
    "UNSCORED",
    "Columns",
    "RowTally",
    "Tallies",
    "WorstRow",
    "own_result_of",
    "result_of",
]

FACTS: Final[Mapping[str, type]] = {
    "cme_low": float,
    "cme_high": float,
    "missing_mass": float,
    "n_tokens": int,
    "n_prompt_tokens": int,
    "n_dropped": int,
}
"""How the answer was read, beside the signals of a scored row: see :class:`~foureyes.types.Scored`."""

TOKEN_ARRAYS: Final[Mapping[str, type]] = {
    "text": str,
    "id": int,
    "start": int,
    "end": int,
    "nll": float,
    "entropy_low": float,
    "entropy_high": float,
    "missing_mass": float,
    "rank": int,
    "top1": float,
    "selected": bool,
}
"""Arrays under ``tokens``, one entry per token of the answer; see :class:`~foureyes.types.Reading`."""

Cause: TypeAlias = tuple[str, str]
"""Why rows are unscored: the reason, and what of it they have in common."""

_MOST_CAUSES: Final = 50

OWN: Final = "own"
"""What the author of an answer goes by in results: what its own log-probabilities in the log say."""

OWN_FACTS: Final[Mapping[str, type]] = {
    "log_g_ppl": float,
    "g_ppl": float,
    "g_ent": float,
    "g_ent_low": float,
    "g_ent_high": float,
    "missing_mass": float,
    "n_tokens": int,
    "model": str,
}
"""Fields under :data:`OWN`: the author's signals by their names in the catalogue (``g_ppl`` is ``None`` beyond what a float
holds), bounds on ``g_ent``, which is ``None`` where only they are known, the mean probability that the log does not show, tokens, and what the log calls the author."""

RANK: Final = "nats_per_root_token"
"""The signal by which the rows to look at first are found, where it is written."""

_N_WORST: Final = 5

PART_FACTS: Final[Mapping[str, type]] = {"part": int, "path": str, "text": str, "nats": float, "n_tokens": int}
"""Fields of each entry under ``parts``, of a turn with parts: which part (from 0), what of it (``"text"``, ``"name"``,
``"arguments.amount"``), as it was read, its surprise −ln p and its tokens."""

UNSCORED: Final[Mapping[str, type]] = {"reason": str, "detail": str, "got": int, "limit": int}
"""Fields under ``unscored``; those that say nothing are left out."""


def result_of(row: Scored | Unscored, *, signals: Sequence[str] | None = None, tokens: bool = False) -> dict[str, Any]:
    """What one verifier adds to one row.

    Args:
        row: its score, or why there is none.
        signals: which, by their names; all that came with the reading when ``None``.
        tokens: add the arrays behind the numbers.

    Returns:
        The signals by their names, the fields of :data:`FACTS`, ``parts`` where the answer is more than text, and ``tokens``
        when asked for; or ``unscored`` alone.
        Finite throughout; a signal that this reading cannot tell is ``None``.

    Example:
        >>> result_of(Unscored("empty_answer", "nothing to read"))
        {'unscored': {'reason': 'empty_answer', 'detail': 'nothing to read'}}
    """
    if isinstance(row, Unscored):
        return {"unscored": row.to_dict()}
    reading = row.reading
    facts = (row.cme_low, row.cme_high, row.missing_mass, row.n_tokens, reading.n_prompt_tokens, reading.n_dropped)
    chosen = row.signals if signals is None else {name: row[name] for name in signals}
    result: dict[str, Any] = {**chosen, **dict(zip(FACTS, facts, strict=True))}
    if reading.parts:
        result["parts"] = [_part_facts(reading, part) for part in reading.parts]
    return result | {"tokens": _token_arrays(reading)} if tokens else result


def own_result_of(answer: LoggedAnswer, place: str, *, tokens: bool = False) -> dict[str, Any]:
    """What the author's own log-probabilities say of an answer.

    Args:
        answer: with what the log shows of its author.
        place: of the row, for the message.
        tokens: add the arrays behind the numbers.

    Returns:
        The fields of :data:`OWN_FACTS`, and ``tokens`` when asked for; or ``unscored`` alone.
    """
    author, exchange = answer.author, answer.exchange
    if isinstance(exchange, Unscored):
        return {"unscored": exchange.to_dict()}
    if author is None:
        author = Unscored("bad_reply", "the log holds no log-probabilities of this answer")
    if isinstance(author, Unscored):
        return {"unscored": replace(author, detail=f"{place}: {author.detail}").to_dict()}
    reading = _narrowed(author, exchange)
    own, (low, high) = own_of(reading), reading.mean_entropy
    facts = (
        *(own.log_g_ppl, cmp(reading), own.g_ent, low, high),
        *(float(reading.missing_mass[reading.selected].mean()), own.n_tokens, reading.model),
    )
    result = dict(zip(OWN_FACTS, facts, strict=True))
    return result | {"tokens": _token_arrays(reading)} if tokens else result


def _narrowed(author: Reading, exchange: Exchange) -> Reading:
    """The reading with the final answer's tokens selected, where one is asked for."""
    if exchange.answer_span is None or not exchange.answer.endswith(author.answer):
        return author
    passed = len(exchange.answer) - len(author.answer)
    start, end = (len(author.answer[: max(0, edge - passed)].encode()) for edge in exchange.answer_span)
    touched = (author.spans[:, 0] < end) & (author.spans[:, 1] > start)
    return replace(author, selected=touched) if touched.any() else author


def _part_facts(reading: Reading, part: PartSpan) -> dict[str, Any]:
    shown = (part.part, part.path, reading.answer[slice(*part.span)])
    return dict(zip(PART_FACTS, (*shown, reading.surprise_of(part), int(reading.tokens_of(part).sum())), strict=True))


def _token_arrays(reading: Reading) -> dict[str, list[Any]]:
    return {
        "text": [token.text for token in reading.tokens],
        "id": reading.token_ids.tolist(),
        "start": reading.spans[:, 0].tolist(),
        "end": reading.spans[:, 1].tolist(),
        "nll": reading.nll.tolist(),
        "entropy_low": reading.entropy_low.tolist(),
        "entropy_high": reading.entropy_high.tolist(),
        "missing_mass": reading.missing_mass.tolist(),
        "rank": reading.rank.tolist(),
        "top1": reading.top1.tolist(),
        "selected": reading.selected.tolist(),
    }


@dataclass(frozen=True, slots=True)
class Columns:
    """What stands under ``foureyes`` in every row.

    Attributes:
        verifiers: by their names in the results.
        signals: of each.
        own: whether the authors' own log-probabilities are there.
        tokens: whether the arrays are.
    """

    verifiers: tuple[str, ...]
    signals: tuple[str, ...]
    own: bool
    tokens: bool


@dataclass(frozen=True, slots=True)
class WorstRow:
    """A row to look at first.

    Attributes:
        place: where it stands in the input.
        value: of the signal :data:`RANK`.
        answer: its text.
    """

    place: str
    value: float
    answer: str


@dataclass(slots=True)
class RowTally:
    """What became of one verifier's rows.

    Attributes:
        scored: rows with numbers.
        unscored: rows without, by reason.
        causes: rows without, by reason and by what each says is the matter with it.
        first: what the first row of each of these said, and where it stands.
        tokens: answer tokens the signals were taken over.
        prompt_tokens: prompt tokens read.
        worst: the few rows whose :data:`RANK` is largest, the largest first.
    """

    scored: int = 0
    unscored: Counter[str] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)
    first: dict[Cause, str] = field(default_factory=dict)
    tokens: int = 0
    prompt_tokens: int = 0
    worst: list[WorstRow] = field(default_factory=list)

    def add(self, result: Mapping[str, Any], place: str, answer: str) -> None:
        """Counts one row's :func:`result_of` or :func:`own_result_of`."""
        if "unscored" in result:
            self._miss(result["unscored"], place)
            return
        self.scored += 1
        self.tokens += result["n_tokens"]
        self.prompt_tokens += result.get("n_prompt_tokens", 0)
        if (value := result.get(RANK)) is not None:
            rows = [*self.worst, WorstRow(place, value, answer)]
            self.worst = sorted(rows, key=lambda row: -row.value)[:_N_WORST]

    def to_dict(self, *, whole: bool = False) -> dict[str, Any]:
        """As a JSON object.

        Args:
            whole: with what :meth:`from_dict` wants beside what a person is told.
        """
        causes = [
            {"reason": cause[0], **({"what": cause[1]} if whole else {}), "rows": n, "first": self.first[cause]}
            for cause, n in self.causes.most_common()
        ]
        return {
            "scored": self.scored,
            "unscored": dict(self.unscored),
            "causes": causes,
            "tokens": self.tokens,
            "prompt_tokens": self.prompt_tokens,
            "worst": [asdict(row) for row in self.worst],
        }

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        """The way back from a whole :meth:`to_dict`."""
        causes = {(cause["reason"], cause["what"]): cause for cause in told["causes"]}
        return cls(
            told["scored"],
            Counter(told["unscored"]),
            Counter({name: cause["rows"] for name, cause in causes.items()}),
            {name: cause["first"] for name, cause in causes.items()},
            told["tokens"],
            told["prompt_tokens"],
            [WorstRow(**row) for row in told["worst"]],
        )

    def include(self, other: RowTally) -> None:
        """Counts what another tally counted, as coming after."""
        self.scored += other.scored
        self.unscored += other.unscored
        for cause, n in other.causes.items():
            self._count(cause, n, other.first[cause])
        self.tokens += other.tokens
        self.prompt_tokens += other.prompt_tokens
        self.worst = sorted([*self.worst, *other.worst], key=lambda row: -row.value)[:_N_WORST]

    def _count(self, cause: Cause, n: int, first: str) -> None:
        if cause not in self.causes and len(self.causes) >= _MOST_CAUSES:
            cause = cause[0], "others"
        self.causes[cause] += n
        self.first.setdefault(cause, first)

    def _miss(self, unscored: Mapping[str, Any], place: str) -> None:
        reason = unscored["reason"]
        detail = unscored.get("detail", reason)
        self.unscored[reason] += 1
        cause = reason, cause_of(detail.removeprefix(f"{place}: "))
        self._count(cause, 1, detail if detail.startswith(place) else f"{place}: {detail}")


@dataclass(slots=True)
class Tallies:
    """What became of all rows, per verifier.

    Attributes:
        by_verifier: in the order the verifiers were given; the authors themselves, :data:`OWN`, come last.
        rows: seen so far.
        resumed: those of them that an earlier run had finished.
        read_as: how the input was read, in one line.
    """

    by_verifier: dict[str, RowTally]
    rows: int = 0
    resumed: int = 0
    read_as: str = ""

    def add(
        self, results: Sequence[Result], places: Sequence[str], answers: Sequence[LoggedAnswer], *, resumed: bool
    ) -> None:
        """Counts some rows.

        Args:
            results: of each.
            places: of each, in the input.
            answers: what was read in each.
            resumed: whether an earlier run had finished them.
        """
        for result, place, answer in zip(results, places, answers, strict=True):
            text = answer.exchange.answer if isinstance(answer.exchange, Exchange) else ""
            self.rows += 1
            self.resumed += resumed
            for verifier, fields in result.items():
                self.by_verifier.setdefault(verifier, RowTally()).add(fields, place, text)

    def include(self, other: Tallies) -> None:
        """Counts what another run counted, as coming after."""
        self.rows += other.rows
        self.resumed += other.resumed
        for name, tally in other.by_verifier.items():
            self.by_verifier.setdefault(name, RowTally()).include(tally)

    @property
    def scored_any(self) -> bool:
        """Whether at least one row has numbers from at least one verifier."""
        return any(tally.scored for tally in self.by_verifier.values())

    def to_dict(self, *, whole: bool = False) -> dict[str, Any]:
        """As a JSON object; ``whole`` as for :meth:`RowTally.to_dict`."""
        verifiers = {name: tally.to_dict(whole=whole) for name, tally in self.by_verifier.items()}
        return {"read_as": self.read_as, "rows": self.rows, "resumed_rows": self.resumed, "verifiers": verifiers}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        """The way back from a whole :meth:`to_dict`."""
        verifiers = {name: RowTally.from_dict(tally) for name, tally in told["verifiers"].items()}
        return cls(verifiers, told["rows"], told["resumed_rows"], told["read_as"])
