"""The functions that take a study's signals: each is given answers and a model, and returns one uncertainty a row.

A verifier sees the question as published and the answer. The generator's own signals, named ``own.…``, see what the
generator saw, poison and pressure included: that is the difference between checking and self-grading. Models come from
:mod:`foureyes.study.cached_models`, so what two signals share is computed once, and each still knows its whole cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.models.roles import Sampling
from foureyes.signals.agree import Match, same_answer
from foureyes.signals.catalog import Signal, one_pass, signal
from foureyes.signals.cross import score, signals_of
from foureyes.signals.entailment import AskedEntailment
from foureyes.signals.knowing import answerless, p_ik, p_true
from foureyes.signals.meaning import meanings
from foureyes.signals.relative import relative_confidence
from foureyes.signals.samples import self_consistency
from foureyes.signals.verbal import verbalised
from foureyes.signals.within import own_signals
from foureyes.study.cached_models import CachedReader, CachedWriter
from foureyes.study.cells import Value
from foureyes.study.tasks.grading import letter_of
from foureyes.study.tasks.items import Kind, TaskItem
from foureyes.types import Exchange, Prompt, Reading, Scored, Unscored, Written

__all__ = ["MATCH", "OWN_SIGNALS", "SignalInput", "logged_signals", "option_probabilities", "study_signals"]

Floats = NDArray[np.float64]

_SAMPLES: Final = 10

MATCH: Final[Mapping[Kind, Match]] = {"letter": "letter", "number": "number", "text": "text", "judged": "text"}


@dataclass(frozen=True, slots=True)
class SignalInput:
    """What a signal is computed from.

    Attributes:
        items: (N,) the question of every row.
        answers: (N,) what was said.
        reader: the model, as one that reads.
        writer: the same, as one that writes.
        written: (N,) how the answers came about, where they are this model's own.
        max_tokens: of an answer that has to be written.
        can_read: whether the model reads at all; one that does not writes its letters, too.
    """

    items: Sequence[TaskItem]
    answers: Sequence[str]
    reader: CachedReader
    writer: CachedWriter
    written: Sequence[Written | Unscored] = ()
    max_tokens: int = 48
    can_read: bool = True

    @property
    def exchanges(self) -> list[Exchange]:
        """Question as published, and answer."""
        return [Exchange(item.prompt, answer) for item, answer in zip(self.items, self.answers, strict=True)]


SignalFunction: TypeAlias = Callable[[SignalInput], list[Value]]
"""One uncertainty, or why there is none, a row."""


def option_probabilities(
    prompts: Sequence[Prompt], items: Sequence[TaskItem], reader: CachedReader
) -> list[Floats | Unscored]:
    """The probability of each option's letter among the letters, for questions put in these words.

    Returns:
        Per question an array that sums to 1, in the order of the options, or why there is none.
    """
    exchanges = [Exchange(p, letter) for p, item in zip(prompts, items, strict=True) for letter in item.letters]
    readings = iter(reader.read(exchanges))
    return [_shares([next(readings) for _ in item.letters]) for item in items]


def _shares(readings: Sequence[Reading | Unscored]) -> Floats | Unscored:
    logprobs = []
    for reading in readings:
        if isinstance(reading, Unscored):
            return reading
        logprobs.append(-float(reading.nll.sum()))
    weights = np.exp(np.array(logprobs) - max(logprobs))
    return np.asarray(weights / weights.sum())


def _scored(take: Callable[[Scored], float | None]) -> Callable[[SignalInput], list[Value]]:
    """A number of one reading."""

    def values(inputs: SignalInput) -> list[Value]:
        _read_letters_together(inputs)
        return [_value(row, take) for row in score(inputs.exchanges, inputs.reader)]

    return values


def _read_letters_together(inputs: SignalInput) -> None:
    """Of a choice all letters are read at once: the same prefill serves every signal."""
    choices = [item for item in inputs.items if item.kind == "letter"]
    if choices:
        option_probabilities([item.prompt for item in choices], choices, inputs.reader)


def _value(row: Scored | Unscored, take: Callable[[Scored], float | None]) -> Value:
    if isinstance(row, Unscored):
        return row
    value = take(row)
    return Unscored("bad_reply", "only bounds on the entropy are known") if value is None else value


def _uncertainty(signal: Signal, row: Scored) -> float | None:
    value = row[signal.name]
    return None if value is None else signal.uncertainty(value)


def _option(inputs: SignalInput) -> list[Value]:
    shares = _shares_of_choices(inputs)
    return [
        share if isinstance(share, Unscored) else _of_letter(share, item, answer)
        for share, item, answer in zip(shares, inputs.items, inputs.answers, strict=True)
    ]


def _of_letter(share: Floats, item: TaskItem, answer: str) -> Value:
    letter = letter_of(answer, item.options)
    if letter is None:
        return Unscored("unparseable", f"no letter in {answer[:80]!r}")
    return 1.0 - float(share[item.letters.index(letter)])


def _shares_of_choices(inputs: SignalInput) -> list[Floats | Unscored]:
    choices = [item for item in inputs.items if item.kind == "letter"]
    found = iter(option_probabilities([item.prompt for item in choices], choices, inputs.reader))
    none = Unscored("bad_row", "the question has no options")
    return [next(found) if item.kind == "letter" else none for item in inputs.items]


def _question(inputs: SignalInput) -> list[Value]:
    """Before any answer is seen: entropy of the options, or of the first word of an answer."""
    return [_entropy(share) for share in _shares_of_choices(inputs)]


def _entropy(share: Floats | Unscored) -> Value:
    if isinstance(share, Unscored):
        return share
    some = share[share > 0]
    return float(-(some * np.log(some)).sum())


def _v_agree(inputs: SignalInput) -> list[Value]:
    reads = [item.kind == "letter" and inputs.can_read for item in inputs.items]
    own = iter(_own_letters(inputs) if any(reads) else ())
    texts = [item.prompt for item, read in zip(inputs.items, reads, strict=True) if not read]
    written = iter(inputs.writer.write(texts, Sampling(max_tokens=inputs.max_tokens)) if texts else [])
    return [
        _agreed(item, answer, next(own) if read else _said(next(written)[0], item))
        for item, answer, read in zip(inputs.items, inputs.answers, reads, strict=True)
    ]


def _own_letters(inputs: SignalInput) -> Iterable[str | Unscored]:
    for item, share in zip(inputs.items, _shares_of_choices(inputs), strict=True):
        if item.kind == "letter":
            yield share if isinstance(share, Unscored) else item.letters[int(share.argmax())]


def _said(written: Written | Unscored, item: TaskItem) -> str | Unscored:
    if isinstance(written, Unscored):
        return written
    said = written.exchange.answer
    return (letter_of(said, item.options) if item.kind == "letter" else None) or said


def _agreed(item: TaskItem, answer: str, own: str | Unscored) -> Value:
    if isinstance(own, Unscored):
        return own
    said = letter_of(answer, item.options) if item.kind == "letter" else answer
    same = None if said is None else same_answer(said, own, MATCH[item.kind])
    if same is None:
        return Unscored("unparseable", f"nothing to compare in {answer[:60]!r} and {own[:60]!r}")
    return 0.0 if same else 1.0


def _of_question_only(
    ask: Callable[[Sequence[Prompt], CachedReader], list[Value]],
) -> Callable[[SignalInput], list[Value]]:
    return lambda inputs: list(ask([item.prompt for item in inputs.items], inputs.reader))


def _relative(inputs: SignalInput) -> list[Value]:
    return list(relative_confidence(inputs.exchanges, inputs.reader))


def _verbalised(inputs: SignalInput) -> list[Value]:
    return list(verbalised(inputs.exchanges, inputs.writer, max_tokens=16))


def _samples(inputs: SignalInput) -> list[list[Written | Unscored]]:
    drawn = Sampling(max_tokens=inputs.max_tokens, temperature=1.0, n=_SAMPLES)
    return inputs.writer.write([item.prompt for item in inputs.items], drawn)


def _self_consistency(inputs: SignalInput) -> list[Value]:
    found: list[Value] = []
    for item, exchange, drawn in zip(inputs.items, inputs.exchanges, _samples(inputs), strict=True):
        found += self_consistency([exchange], [drawn], match=MATCH[item.kind])
    return found


def _semantic_entropy(inputs: SignalInput) -> list[Value]:
    prompts = [item.prompt for item in inputs.items]
    found = meanings(prompts, _samples(inputs), AskedEntailment(inputs.reader))
    return [one if isinstance(one, Unscored) else one.semantic_entropy for one in found]


def _own(take: Callable[[Scored], float | None]) -> Callable[[SignalInput], list[Value]]:
    def values(inputs: SignalInput) -> list[Value]:
        if inputs.written:
            return [_of_written(written, take) for written in inputs.written]
        own = [
            Exchange(item.generator_prompt, answer) for item, answer in zip(inputs.items, inputs.answers, strict=True)
        ]
        return [_value(row, take) for row in score(own, inputs.reader)]

    return values


def _of_written(written: Written | Unscored, take: Callable[[Scored], float | None]) -> Value:
    if isinstance(written, Unscored) or written.reading is None:
        found = own_signals(written)
        return found if isinstance(found, Unscored) else Unscored("bad_reply", "the generator shows no probabilities")
    return _value(signals_of(written.reading), take)


_OWN: Final[Mapping[str, Callable[[Scored], float | None]]] = MappingProxyType(
    {"log_g_ppl": lambda row: row.log_cmp, "g_ent": lambda row: row.cme}
)

_TAKEN: Final[Mapping[str, SignalFunction]] = MappingProxyType(
    {
        "p_option": _option,
        "option_entropy": _question,
        "v_agree": _v_agree,
        "p_true": lambda inputs: list(p_true(inputs.exchanges, inputs.reader)),
        "p_ik": _of_question_only(p_ik),
        "answerless": _of_question_only(answerless),
        "relative_confidence": _relative,
        "verbalised": _verbalised,
        "self_consistency": _self_consistency,
        "semantic_entropy": _semantic_entropy,
        **{name: _own(take) for name, take in _OWN.items()},
    }
)

OWN_SIGNALS: Final = tuple(name for name in _TAKEN if "generator" in signal(name).needs)
"""The generator's signals of its own answer."""


def logged_signals(written: Sequence[Written | Unscored]) -> dict[str, list[Value]]:
    """The generator's signals of answers that were logged with its log-probabilities, by their names."""
    return {name: [_of_written(one, take) for one in written] for name, take in _OWN.items()}


def study_signals() -> dict[str, SignalFunction]:
    """What a study can ask for, by the names of the catalogue: all of one reading, and the others known here."""
    return {**{row.name: _scored(partial(_uncertainty, row)) for row in one_pass()}, **_TAKEN}
