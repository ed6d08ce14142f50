"""The catalogue of signals: one row for each, which everything that speaks of signals reads.

A row says what a signal is called, which way it points, what it needs, what it costs and where it comes from. The name
is the same in Python, in what ``foureyes score`` writes, in study files and on pages. Signals that come with one reading
also say how they are taken: ``take`` is a function of the reading, from :mod:`foureyes.signals.one_pass`.

A newcomer starts at :func:`signal` (one row by name) and :func:`signals` (all of them). Somebody else's signal of one
reading joins with :func:`register`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.models.roles import Reader
from foureyes.signals import one_pass as reading_signals
from foureyes.signals.knowing import answerless, p_ik, p_true
from foureyes.types import Exchange, Reading, Unscored

__all__ = [
    "LargerIs",
    "Need",
    "Signal",
    "direction",
    "one_pass",
    "register",
    "registered",
    "require_one_pass",
    "require_reader_enough",
    "signal",
    "signals",
]

LargerIs: TypeAlias = Literal["worse", "better"]
"""What a larger value says of the answer: ``"worse"`` for an uncertainty, ``"better"`` for a confidence."""

Need: TypeAlias = Literal["reader", "writer", "samples", "options", "labels", "entailment", "generator"]
"""What a signal is taken with: the verifier as one that reads or writes, answers drawn to the same prompt, the options
of a multiple-choice question, answers known to be right or wrong, a model of entailment, or the model that wrote the
answer."""

Take: TypeAlias = Callable[[Reading], float | None]
Ask: TypeAlias = Callable[[Sequence[Exchange], Reader], list[float | Unscored]]

_CMP: Final = "Gorbett & Jana, arXiv 2603.25450"


@dataclass(frozen=True, slots=True)
class Signal:
    """What one signal is: name, direction, range, needs, cost and source; one row of the catalogue.

    Attributes:
        name: the one name it goes by everywhere.
        title: what it is, in a few words for people.
        unit: of the value; empty for a pure number.
        larger_is: ``"worse"`` for an uncertainty, ``"better"`` for a confidence.
        low, high: ends of its range, ±∞ where there is none.
        needs: what it is taken with.
        call: the function that takes it, below ``foureyes.signals``.
        readings, generations: what one row costs beyond the answer itself; letters stand for the call's parameters.
        source: paper and section or equation.
        take: how it is taken of one reading; ``None`` where one reading is not enough.
        ask: how it is taken of rows by asking the reader once more for each; ``None`` where it is not taken so.
        control: whether it never sees the answer, so that every signal that does has to beat it.

    Raises:
        InputError: the name is not an identifier, or a confidence has no largest value.
    """

    name: str
    title: str
    unit: str
    larger_is: LargerIs
    low: float
    high: float
    needs: tuple[Need, ...]
    call: str
    readings: str
    generations: str
    source: str
    take: Take | None = None
    ask: Ask | None = None
    control: bool = False

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.larger_is not in get_args(LargerIs):
            raise InputError(f"a signal needs an identifier and a direction; got {self.name!r}, {self.larger_is!r}")
        if self.larger_is == "better" and math.isinf(self.high):
            raise InputError(f"{self.name}: a signal of which larger is better needs a largest value; got {self.high}")

    def uncertainty(self, value: float) -> float:
        """The value turned so that larger = more likely wrong: how far it falls short where larger is better.

        Example:
            >>> signal("min_logprob").uncertainty(-3.0), signal("mean_token_prob").uncertainty(0.75)
            (3.0, 0.25)
        """
        return value if self.larger_is == "worse" else self.high - value

    @property
    def short_title(self) -> str:
        """The title up to its first comma, for the head of a column or the axis of a picture."""
        return self.title.partition(",")[0]

    @property
    def caption(self) -> str:
        """The title, with the unit where there is more to say than that it is a number."""
        return f"{self.title}, {self.unit}" if "nats" in self.unit else self.title

    @property
    def span(self) -> str:
        """The range in words: ``"0 … 1"``, ``"from 1"``, ``"any number"``."""
        low, high = (f"{end:g}".replace("-", "−") for end in (self.low, self.high))
        if math.isinf(self.low):
            return "any number" if math.isinf(self.high) else f"up to {high}"
        return f"from {low}" if math.isinf(self.high) else f"{low} … {high}"

    @property
    def cost(self) -> str:
        """What a row costs beyond its answer, in words."""
        parts = [("reading", self.readings), ("generation", self.generations)]
        told = [f"{n} {what}{'' if n == '1' else 's'}" for what, n in parts if n != "0"]
        return " and ".join(told) or "nothing more"

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object; ``low`` and ``high`` are null where the range has no end."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "larger_is": self.larger_is,
            "low": self.low if math.isfinite(self.low) else None,
            "high": self.high if math.isfinite(self.high) else None,
            "needs": list(self.needs),
            "call": self.call,
            "readings": self.readings,
            "generations": self.generations,
            "one_pass": self.take is not None,
            "control": self.control,
            "source": self.source,
        }


def signals() -> tuple[Signal, ...]:
    """Every row, those of one reading first."""
    return tuple(_rows.values())


def one_pass() -> tuple[Signal, ...]:
    """The rows that come with one reading, in the order in which they are written and shown."""
    return tuple(row for row in _rows.values() if row.take is not None)


def signal(name: str) -> Signal:
    """One row by its name.

    Raises:
        InputError: there is none; says which are close.

    Example:
        >>> signal("log_cmp").larger_is, signal("min_logprob").larger_is
        ('worse', 'better')
    """
    if name not in _rows:
        close = difflib.get_close_matches(name, _rows, n=3)
        meant = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(_rows)}"
        raise InputError(f"there is no signal {name!r}; {meant}")
    return _rows[name]


def direction(name: str) -> LargerIs | None:
    """What a larger value of this signal says; ``None`` of one that is not in the catalogue."""
    return _rows[name].larger_is if name in _rows else None


def require_one_pass(names: Sequence[str]) -> None:
    """Refuses names that one reading does not give.

    Raises:
        InputError: no names, one twice, an unknown one, or one that needs more than a reading; says how to take it.
    """
    _require(names, [row.name for row in one_pass()], "one reading")


def require_reader_enough(names: Sequence[str]) -> None:
    """Refuses names that need more than a reader and the row: what ``foureyes score`` cannot write.

    Raises:
        InputError: as for :func:`require_one_pass`.
    """
    _require(names, [row.name for row in signals() if row.take or row.ask], "a row and a reader")


def _require(names: Sequence[str], known: Sequence[str], what: str) -> None:
    for row in map(signal, names):
        if row.name not in known:
            raise InputError(
                f"{row.name} needs more than {what} ({', '.join(row.needs)}): take it with foureyes.signals.{row.call}"
            )
    if not names or len(set(names)) < len(names):
        raise InputError(f"wanted one or more signals, each once; got {', '.join(names) or 'none'}")


def register(row: Signal) -> None:
    """Adds somebody else's signal of one reading: it is then written, shown and calibrated like the others.

    Raises:
        InputError: the name is taken, or the row does not say how to take it.
    """
    if row.take is None:
        raise InputError(f"{row.name}: only a signal of one reading can be registered; it needs a function, take")
    if row.name in _rows or row.name in _FACTS:
        raise InputError(f"there is a signal {row.name!r} already")
    _rows[row.name] = row


@contextmanager
def registered(row: Signal) -> Iterator[None]:
    """:func:`register` for the length of a ``with`` block."""
    register(row)
    try:
        yield
    finally:
        del _rows[row.name]


_FACTS: Final = frozenset(
    {"cme_low", "cme_high", "missing_mass", "n_tokens", "n_prompt_tokens", "n_dropped", "tokens", "unscored"}
)
"""What stands beside the signals in a row of results, so that no signal may be called the same."""


def _of_reading(
    name: str, title: str, unit: str, larger_is: LargerIs, span: tuple[float, float], source: str, take: Take
) -> Signal:
    return Signal(name, title, unit, larger_is, *span, ("reader",), "cross.score", "1", "0", source, take)


def _asked(
    name: str, title: str, needs: tuple[Need, ...], call: str, cost: tuple[str, str], source: str, **more: Any
) -> Signal:
    """A row with a value between 0 and 1, unless ``more`` says otherwise."""
    usual: dict[str, Any] = {"unit": "probability", "larger_is": "worse", "low": 0.0, "high": 1.0}
    return Signal(
        name=name,
        title=title,
        needs=needs,
        call=call,
        readings=cost[0],
        generations=cost[1],
        source=source,
        **{**usual, **more},
    )


_NATS: Final = {"unit": "nats", "high": math.inf}
_FROM_ZERO: Final = (0.0, math.inf)

_ROWS: Final = (
    _of_reading(
        "log_cmp",
        "mean surprise",
        "nats/token",
        "worse",
        _FROM_ZERO,
        f"{_CMP}, CMP",
        reading_signals.log_cmp,
    ),
    _of_reading(
        "cme",
        "mean entropy",
        "nats/token",
        "worse",
        _FROM_ZERO,
        f"{_CMP}, CME",
        reading_signals.cme,
    ),
    _of_reading(
        "excess",
        "surprise beyond what was expected, log_cmp − cme",
        "nats/token",
        "worse",
        (-math.inf, math.inf),
        f"{_CMP}, CMP and CME",
        reading_signals.excess,
    ),
    _of_reading(
        "cmp",
        "perplexity, exp(log_cmp)",
        "",
        "worse",
        (1.0, math.inf),
        f"{_CMP}, CMP",
        reading_signals.cmp,
    ),
    _of_reading(
        "nats_per_byte",
        "surprise per byte, comparable between tokenizers",
        "nats/byte",
        "worse",
        _FROM_ZERO,
        "CMP per byte; Gao et al. 2020, arXiv 2101.00027, §3.1 (bits per byte)",
        reading_signals.nats_per_byte,
    ),
    _of_reading(
        "min_logprob",
        "log-probability of the least likely token",
        "nats",
        "better",
        (-math.inf, 0.0),
        "Manakul et al. 2023, arXiv 2303.08896, §4 (Max(−log p))",
        reading_signals.min_logprob,
    ),
    _of_reading(
        "mean_rank",
        "mean rank of the answer's tokens, 1 = always the first choice",
        "",
        "worse",
        (1.0, math.inf),
        "Gehrmann et al. 2019, arXiv 1906.04043 (rank of the actual token)",
        reading_signals.mean_rank,
    ),
    _of_reading(
        "mean_token_prob",
        "mean probability of the answer's tokens",
        "probability",
        "better",
        (0.0, 1.0),
        "CREW, arXiv 2510.13501, when taken over the final answer",
        reading_signals.mean_token_prob,
    ),
    _of_reading(
        "mean_top1_prob",
        "mean probability of the verifier's own first choices",
        "probability",
        "better",
        (0.0, 1.0),
        "Hendrycks & Gimpel 2017, arXiv 1610.02136 (maximum softmax probability)",
        reading_signals.mean_top1_prob,
    ),
    _asked(
        "p_true",
        "P(True): 1 − the probability that the answer is called true",
        ("reader",),
        "knowing.p_true",
        ("1", "0"),
        "Kadavath et al. 2022, arXiv 2207.05221, §3",
        ask=p_true,
    ),
    _asked(
        "p_ik",
        "P(IK): 1 − the probability that the verifier says it knows the answer",
        ("reader",),
        "knowing.p_ik",
        ("1", "0"),
        "Kadavath et al. 2022, arXiv 2207.05221, §5",
        ask=lambda exchanges, reader: p_ik([exchange.prompt for exchange in exchanges], reader),
        control=True,
    ),
    _asked(
        "answerless",
        "P(True) with the answer withheld",
        ("reader",),
        "knowing.answerless",
        ("1", "0"),
        "Xiao et al. 2025, arXiv 2509.24988",
        ask=lambda exchanges, reader: answerless([exchange.prompt for exchange in exchanges], reader),
        control=True,
    ),
    _asked(
        "relative_confidence",
        "minus the strength among the rows of the same call, compared in pairs",
        ("reader",),
        "relative.relative_confidence",
        ("2 × rounds", "0"),
        "Shrivastava, Kumar & Liang 2025, arXiv 2502.01126",
        unit="log-odds",
        low=-math.inf,
        high=math.inf,
    ),
    _asked(
        "p_option",
        "1 − the share of the chosen option among the options",
        ("reader", "options"),
        "choice.option_distributions",
        ("1", "0"),
        f"{_CMP}: for a one-token answer CMP ranks as this does",
    ),
    _asked(
        "option_entropy",
        "entropy over the options, whatever the answer",
        ("reader", "options"),
        "choice.option_distributions",
        ("1", "0"),
        f"{_CMP}, CME of a one-token answer",
        control=True,
        **_NATS,
    ),
    _asked(
        "v_agree",
        "V-Agree: 1 where the verifier's own answer differs",
        ("writer",),
        "agree.v_agree",
        ("0", "1"),
        f"{_CMP}, the agreement baseline",
        unit="",
    ),
    _asked(
        "verbalised",
        "1 − the confidence that the model states",
        ("writer",),
        "verbal.verbalised",
        ("0", "1"),
        "Xiong et al. 2024, arXiv 2306.13063; Tian et al. 2023, arXiv 2305.14975",
    ),
    _asked(
        "self_consistency",
        "share of the samples that say otherwise",
        ("samples",),
        "samples.self_consistency",
        ("0", "M"),
        "Wang et al. 2023, arXiv 2203.11171",
    ),
    _asked(
        "semantic_entropy",
        "entropy over the meanings of the samples, each counting the same",
        ("samples", "entailment"),
        "meaning.meanings",
        ("at most M (M − 1)", "M"),
        "Farquhar et al. 2024, Nature 630 (discrete)",
        **_NATS,
    ),
    _asked(
        "semantic_entropy_weighted",
        "entropy over the meanings of the samples, weighted by their probability",
        ("samples", "entailment"),
        "meaning.meanings",
        ("at most M (M − 1)", "M"),
        "Farquhar et al. 2024, Nature 630; Kuhn, Gal & Farquhar 2023, arXiv 2302.09664",
        **_NATS,
    ),
    _asked(
        "similarity_gap",
        "how much more a model's samples are like each other than like another model's",
        ("samples",),
        "similarity.similarities",
        ("0", "2 M"),
        "Hamidieh et al. 2026, arXiv 2604.17112 (epistemic)",
        unit="",
        low=-1.0,
    ),
    _asked(
        "similarity_total",
        "1 − how alike a model's samples are to another model's",
        ("samples",),
        "similarity.similarities",
        ("0", "2 M"),
        "Hamidieh et al. 2026, arXiv 2604.17112 (total)",
        unit="",
    ),
    _asked(
        "log_g_ppl",
        "the generator's own mean surprise",
        ("generator",),
        "within.own_signals",
        ("0", "0"),
        f"{_CMP}, G-PPL",
        unit="nats/token",
        high=math.inf,
    ),
    _asked(
        "g_ppl",
        "the generator's perplexity of its own answer, exp(log_g_ppl)",
        ("generator",),
        "within.own_signals",
        ("0", "0"),
        f"{_CMP}, G-PPL",
        unit="",
        low=1.0,
        high=math.inf,
    ),
    _asked(
        "g_ent",
        "the generator's own mean entropy",
        ("generator",),
        "within.own_signals",
        ("0", "0"),
        f"{_CMP}, G-Ent",
        unit="nats/token",
        high=math.inf,
    ),
    _asked(
        "cross_entropy",
        "the verifier's expected surprise at what the generator might have written",
        ("reader", "generator"),
        "divergence.cross_entropy",
        ("2", "0"),
        "Cover & Thomas, Elements of Information Theory, §2.3",
        unit="nats/token",
        high=math.inf,
    ),
    _asked(
        "learned_correctness",
        "1 − P(correct), learnt from past answers: words of question and answer, and signals",
        ("labels",),
        "history.cross_fitted",
        ("0", "0"),
        "Xiao et al. 2025, arXiv 2509.24988",
    ),
    _asked(
        "wording",
        "1 − P(correct), learnt from the words of question and answer alone",
        ("labels",),
        "history.cross_fitted",
        ("0", "0"),
        "Xiao et al. 2025, arXiv 2509.24988",
    ),
    _asked(
        "difficulty",
        "1 − P(correct), learnt from the words of the question alone",
        ("labels",),
        "history.cross_fitted",
        ("0", "0"),
        "Xiao et al. 2025, arXiv 2509.24988 (answerless control)",
        control=True,
    ),
)

_rows: dict[str, Signal] = {row.name: row for row in _ROWS}
