"""A study file: what is asked of which models, on which tasks, within which budget.

::

    title = "Does cross-model perplexity beat the generator's own entropy?"
    seed = 0
    generators = ["smollm2-135m", "stored"]
    verifiers = ["gemma3-270m", {name = "gemma, float32", model = "gemma3-270m", dtype = "float32"}]
    signals = ["log_cmp", "cme", "v_agree"]

    [[task]]
    name = "mmlu"
    limit = 500

    [[claim]]
    says = "CMP finds wrong answers better than the generator's own entropy"
    better = "log_cmp"
    than = "own.g_ent"

``"stored"`` stands for whatever answers were published with a task; ``"stored:NAME"`` for those of one published model. As
verifiers they read by the option probabilities that were published, and without them vote by their answers.
Everything else that may be written is a field of a class below. Start at :func:`load_study`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from foureyes.errors import InputError
from foureyes.study.cached_models import Budget
from foureyes.study.controls import CONTROLS
from foureyes.study.signal_functions import study_signals
from foureyes.study.tasks.loading import TaskSpec
from foureyes.toml_text import LARGEST_TOML, parsed_toml

__all__ = ["ONE_READING", "Claim", "ModelRef", "Published", "SignalColumn", "Study", "Update", "Writing", "load_study"]

STORED: Final = "stored"

ONE_READING: Final = ("log_cmp", "cme", "min_logprob", "mean_rank", "mean_top1_prob", "mean_token_prob")
"""Signals of one reading that are taken by default, and combined as one set."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model of a study.

    Attributes:
        name: what the report calls it.
        model: what names it to the catalog.
        dtype: arithmetic; ``None`` for the fastest of the processor.
        pooled: of published answers, whether those of all models are one set: several answers a question.
    """

    name: str
    model: str
    dtype: str | None = None
    pooled: bool = False

    @property
    def published(self) -> bool:
        """Whether it stands for published answers."""
        return self.model == STORED or self.model.startswith(f"{STORED}:")

    @property
    def author(self) -> str:
        """The one published model that it stands for; empty for all of them."""
        return self.model.removeprefix(STORED).removeprefix(":") if self.published else ""


@dataclass(frozen=True, slots=True)
class Writing:
    """How free answers are written.

    Attributes:
        max_tokens: of one answer.
        samples: answers a question; 1 writes greedily, more are drawn at ``temperature``.
        temperature: of drawn answers.
    """

    max_tokens: int = 48
    samples: int = 1
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.samples < 1 or self.temperature <= 0:
            raise InputError(
                f"writing wants max_tokens and samples of at least 1 and a temperature above 0; got {self}"
            )


@dataclass(frozen=True, slots=True)
class SignalColumn:
    """A signal of a model.

    Attributes:
        model: name of a verifier, ``"own"`` for the generator, ``"*"`` for each verifier in turn.
        signal: its name.

    Example:
        >>> SignalColumn.of("own.g_ent"), SignalColumn.of("log_cmp")
        (SignalColumn(model='own', signal='g_ent'), SignalColumn(model='*', signal='log_cmp'))
    """

    model: str
    signal: str

    @classmethod
    def of(cls, text: str) -> SignalColumn:
        """From ``MODEL.SIGNAL``, or ``SIGNAL`` for that of every verifier.

        Raises:
            InputError: the signal is not known.
        """
        model, dot, signal = text.rpartition(".")
        known = study_signals()
        if signal not in known and (model, signal) not in {("control", name) for name in CONTROLS}:
            raise InputError(f"no study takes the signal {signal!r} in {text!r}; known are {', '.join(known)}")
        return cls(model if dot else "*", signal)


@dataclass(frozen=True, slots=True)
class Published:
    """Somebody else's figures on a claim.

    Attributes:
        of: what they were measured of, and where they stand.
        better, than: the AUROC of each side.
    """

    of: str
    better: float
    than: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A difference that the study decides: does one set of signals rank wrong answers better than another?

    Sets of several columns are combined by a logistic fit, cross-validated by question.

    Attributes:
        says: the claim in words.
        better, than: the columns of each side.
        published: what others found.
        tasks, generators: to which it is put; all when empty.
    """

    says: str
    better: tuple[SignalColumn, ...]
    than: tuple[SignalColumn, ...]
    published: tuple[Published, ...] = ()
    tasks: tuple[str, ...] = ()
    generators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """Two versions of a model, both among the generators or both among the verifiers: what breaks from one to the other?"""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Study:
    """What a study file says.

    Attributes:
        title: of the report.
        preface: what a reader should know before, in Markdown paragraphs.
        generators, verifiers: the models.
        tasks: the questions.
        signals: what is taken of every answer, beside the generator's own.
        claims: what is decided.
        updates: pairs of versions to compare.
        labels: numbers of labelled rows for the curve of what a combination needs; none when empty.
        writing: how free answers are written.
        budget: what may be spent.
        seed: of samples and intervals.
    """

    title: str
    generators: tuple[ModelRef, ...]
    verifiers: tuple[ModelRef, ...]
    tasks: tuple[TaskSpec, ...]
    signals: tuple[str, ...] = ONE_READING
    preface: str = ""
    claims: tuple[Claim, ...] = ()
    updates: tuple[Update, ...] = ()
    labels: tuple[int, ...] = ()
    writing: Writing = field(default_factory=Writing)
    budget: Budget = field(default_factory=Budget)
    seed: int = 0

    def __post_init__(self) -> None:
        for what, models in (("generator", self.generators), ("verifier", self.verifiers)):
            names = [model.name for model in models]
            if not names or len(set(names)) < len(names):
                raise InputError(f"a study needs {what}s with names of their own; got {', '.join(names) or 'none'}")
        if not self.tasks:
            raise InputError("a study needs at least one [[task]]; got none")


def load_study(path: Path) -> Study:
    """Reads a study file.

    Raises:
        InputError: it cannot be read, is not TOML, or says something that makes no study; the message names the place.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_TOML + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        found = parsed_toml(raw)
    except InputError as error:
        raise InputError(f"{path} is not TOML: {error}") from error
    try:
        return _study(found)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _study(found: Mapping[str, Any]) -> Study:
    parts: dict[str, Any] = dict(found)
    made: dict[str, Any] = {
        "generators": _each(parts.pop("generators", []), _model, "generators"),
        "verifiers": _each(parts.pop("verifiers", []), _model, "verifiers"),
        "tasks": _each(parts.pop("task", []), _wanted, "task"),
        "claims": _each(parts.pop("claim", []), _claim, "claim"),
        "updates": _each(parts.pop("update", []), partial(_built, Update), "update"),
        "writing": _built(Writing, parts.pop("writing", {}), "writing"),
        "budget": _built(Budget, parts.pop("budget", {}), "budget"),
    }
    if "signals" in parts:
        made["signals"] = _each(parts.pop("signals"), lambda name, _: SignalColumn.of(name).signal, "signals")
    made["labels"] = tuple(parts.pop("labels", ()))
    return _built(Study, {**parts, **made}, "study")


Made = TypeVar("Made")


def _each(given: object, make: Callable[[Any, str], Made], where: str) -> tuple[Made, ...]:
    if not isinstance(given, list):
        raise InputError(f"{where} must be a list; got {given!r}")
    return tuple(make(entry, f"{where} {i}") for i, entry in enumerate(given, start=1))


def _model(given: Any, where: str) -> ModelRef:
    if isinstance(given, str):
        return ModelRef(given, given)
    return _built(ModelRef, {"name": given.get("model", ""), **given} if isinstance(given, dict) else given, where)


def _wanted(given: Any, where: str) -> TaskSpec:
    if isinstance(given, str):
        return TaskSpec(given)
    if isinstance(given, dict) and isinstance(given.get("where"), dict):
        given = {**given, "where": tuple((name, str(value)) for name, value in given["where"].items())}
    for several in ("protocols", "map"):
        if isinstance(given, dict) and several in given:
            given = {**given, several: tuple(_listed(given[several]))}
    return _built(TaskSpec, given, where)


def _claim(given: Any, where: str) -> Claim:
    if not isinstance(given, dict):
        raise InputError(f"{where} must be a table; got {given!r}")
    sides = {name: tuple(SignalColumn.of(text) for text in _listed(given.get(name))) for name in ("better", "than")}
    if not all(sides.values()):
        raise InputError(f"{where} needs better and than, each a signal or a list of them")
    scope = {name: tuple(_listed(given[name])) for name in ("tasks", "generators") if name in given}
    published = _each(given.get("published", []), partial(_built, Published), f"published of {where}")
    return _built(Claim, {**given, **sides, **scope, "published": published}, where)


def _listed(given: Any) -> Sequence[str]:
    return [given] if isinstance(given, str) else list(given or [])


def _built(kind: Callable[..., Made], given: Any, where: str) -> Made:
    if not isinstance(given, dict):
        raise InputError(f"{where} must be a table; got {given!r}")
    known = [part.name for part in fields(kind)]  # type: ignore[arg-type]  # dataclasses all
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InputError(f"{where} has no {', '.join(unknown)}; it may have {', '.join(known)}")
    try:
        return kind(**given)
    except TypeError as error:
        raise InputError(f"{where}: {error}") from error
