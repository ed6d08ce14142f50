"""Runs a study: generators answer, verifiers read, rows come out.

Models are taken one at a time, so that one at a time is in memory:

1. Each generator answers every task; its own signals are taken.
2. Each verifier answers the same questions where that is free or asked for, and takes its signals of every cell.

A model that fails as a whole is named and the others go on. When the budget is spent, what the store holds is still taken,
and the result has its gaps named. Running again goes on where it ended, since nothing that is stored is computed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from foureyes.display import plural
from foureyes.errors import BudgetSpent, InputError, ModelError
from foureyes.models.roles import Reader, Sampling, Writer
from foureyes.signals.catalog import signal
from foureyes.study.cached_models import CachedReader, CachedWriter, LazyModel, RunUsage
from foureyes.study.cells import Cell, GradedAnswer, SignalValues
from foureyes.study.controls import controls
from foureyes.study.plan import STORED, ModelRef, Study
from foureyes.study.signal_functions import (
    OWN_SIGNALS,
    SignalInput,
    logged_signals,
    option_probabilities,
    study_signals,
)
from foureyes.study.store import CallStore, Cost
from foureyes.study.stored_models import StoredModel, option_reading, stored_models
from foureyes.study.tasks.grading import Grade, grade, letter_of, mentions, normalised, number_of
from foureyes.study.tasks.items import PublishedAnswer, TaskItem
from foureyes.study.tasks.loading import Task
from foureyes.types import Exchange, Reading, Unscored, Written

__all__ = ["ModelOpeners", "StudyResults", "run_study"]


@dataclass(frozen=True, slots=True)
class ModelOpeners:
    """How the models of a study are opened.

    Attributes:
        reader, writer: open one by its reference and arithmetic.
        weights: identity of a reference's weights without loading them; ``None`` where only opening can tell.
        can_read: whether a reference can be read with; one behind an API often only writes.
    """

    reader: Callable[[str, str | None], Reader]
    writer: Callable[[str, str | None], Writer]
    weights: Callable[[str], str | None]
    can_read: Callable[[str], bool] = lambda _reference: True


@dataclass(slots=True)
class StudyResults:
    """What a run found.

    Attributes:
        cells: one a task and generator.
        fingerprints: of every model that was used, by its name in the study.
        failures: why a model could not be used, by its name.
        notes: what else a reader of the report should know.
        unfinished: why the run ended early; empty when it did not.
    """

    cells: list[Cell] = field(default_factory=list)
    fingerprints: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unfinished: str = ""


def run_study(
    study: Study, tasks: Sequence[Task], openers: ModelOpeners, store: CallStore, usage: RunUsage
) -> StudyResults:
    """Runs a study.

    Args:
        study: what to do.
        tasks: its questions.
        openers: of models.
        store: of what they said.
        usage: budget and progress.

    Returns:
        Rows, with everything that is missing named.

    Raises:
        InputError: a generator cannot answer any task.
    """
    work = _StudyRun(study, tasks, openers, store, usage)
    usage.steps = len(tasks) * sum(not ref.published for ref in study.generators) * (1 + len(study.verifiers))
    for generator in study.generators:
        with work.noting_failure(generator):
            work.answer(generator)
    usage.steps = usage.done + len(work.results.cells) * len(study.verifiers)
    for verifier in work.verifiers():
        with work.noting_failure(verifier):
            work.verify(verifier)
    work.add_controls()
    if not work.results.cells and not work.results.failures and not work.results.unfinished:
        raise InputError("no generator has an answer to any task: a model cannot be graded on stored verdicts alone")
    return work.results


class _StudyRun:
    """The state of a run: what it works with, and its results so far."""

    def __init__(
        self, study: Study, tasks: Sequence[Task], openers: ModelOpeners, store: CallStore, usage: RunUsage
    ) -> None:
        self._study = study
        self._tasks = tasks
        self._openers = openers
        self._store = store
        self._usage = usage
        self._stored = stored_models(tasks)
        self._items = {task.name: {item.id: item for item in task.items} for task in tasks}
        self.results = StudyResults()

    @contextmanager
    def noting_failure(self, ref: ModelRef) -> Iterator[None]:
        """Notes a model's failure or a spent budget in the results, and lets the run go on with what is left or is stored."""
        try:
            yield
        except ModelError as error:
            self.results.failures[ref.name] = str(error)
        except BudgetSpent as spent:
            self.results.unfinished = str(spent)

    def answer(self, generator: ModelRef) -> None:
        """Adds the generator's cells."""
        if generator.published:
            self.results.cells += _published_answers(generator, self._tasks)
            return
        with self._open(generator) as (reader, writer):
            for task in self._tasks:
                items = [item for item in task.items if item.kind != "judged"]
                with self.noting_failure(generator):
                    if items:
                        self.results.cells.append(self._answered(task.name, generator, items, reader, writer))
                self._usage.done += 1

    def verifiers(self) -> Iterator[ModelRef]:
        """Those of the study; published ones by the names of their models, which do not read themselves.

        Raises:
            InputError: no answers of a published one are there.
        """
        for ref in self._study.verifiers:
            names = [name for name in self._stored if ref.author in ("", name)] if ref.published else []
            if ref.published and not names:
                known = ", ".join(self._stored) or "none"
                raise InputError(f"no task has published answers of {ref.model!r}; there are {known}")
            yield from (ModelRef(name, f"{STORED}:{name}") for name in names) if ref.published else (ref,)

    def verify(self, verifier: ModelRef) -> None:
        """Adds the verifier's columns to every cell."""
        with self._open(verifier) as (reader, writer):
            for i, cell in enumerate(self.results.cells):
                gone = verifier.name in self.results.failures
                if not gone and (cell.generator != verifier.name or self._saw_more(cell)):
                    self.results.cells[i] = self._verified(cell, verifier, reader, writer)
                self._usage.done += 1

    def _saw_more(self, cell: Cell) -> bool:
        """Whether the generator saw more than the question: only then does it learn anything by reading itself."""
        items = self._items[cell.task]
        return any(items[answer.question].changed_prompt is not None for answer in cell.answers)

    def add_controls(self) -> None:
        """Adds the columns that need no model."""
        for i, cell in enumerate(self.results.cells):
            items = [self._items[cell.task][answer.question] for answer in cell.answers]
            found = controls(cell, items, seed=self._study.seed)
            self.results.cells[i] = replace(cell, signals=(*cell.signals, *found))

    def _answered(
        self, task: str, generator: ModelRef, items: Sequence[TaskItem], reader: CachedReader, writer: CachedWriter
    ) -> Cell:
        """Letters are read off where the generator can be read with; it writes everything else."""
        reader.reset()
        writer.reset()
        reads = self._openers.can_read(generator.model)
        choices = [item for item in items if item.kind == "letter" and reads]
        others = [item for item in items if item.kind != "letter" or not reads]
        answers, asked_items, written = _letters(choices, reader)
        for item, several in zip(others, self._write(others, writer), strict=True):
            for one in several:
                answers.append(_free_answer(item, one))
                asked_items.append(item)
                written.append(one)
        cost = reader.spent + writer.spent
        asked = SignalInput(asked_items, [answer.text for answer in answers], reader, writer, written if others else ())
        signals = [_take_signal("own", name, asked) for name in OWN_SIGNALS]
        return Cell(task, generator.name, tuple(answers), tuple(signals), {}, cost)

    def _write(self, items: Sequence[TaskItem], writer: CachedWriter) -> list[list[Written | Unscored]]:
        if not items:
            return []
        how = self._study.writing
        one = Sampling(max_tokens=how.max_tokens)
        many = replace(one, temperature=how.temperature, n=how.samples, seed=self._study.seed)
        return writer.write([item.generator_prompt for item in items], one if how.samples == 1 else many)

    def _verified(self, cell: Cell, verifier: ModelRef, reader: CachedReader, writer: CachedWriter) -> Cell:
        items = [self._items[cell.task][answer.question] for answer in cell.answers]
        texts = [answer.text for answer in cell.answers]
        reads = self._can_read(verifier)
        asked = SignalInput(items, texts, reader, writer, max_tokens=self._study.writing.max_tokens, can_read=reads)
        signals, verified = list(cell.signals), dict(cell.verified or {})
        for name in self._signals_of(verifier, reads=reads):
            with self.noting_failure(verifier):
                if verifier.name not in self.results.failures and _applies(name, items):
                    signals.append(_take_signal(verifier.name, name, asked))
        with self.noting_failure(verifier):
            if verifier.published:
                verified[verifier.name] = self._stored[verifier.author].grades(items)
            elif reads and all(item.kind == "letter" for item in items):
                verified[verifier.name] = _letter_grades(items, reader)
            elif "v_agree" in self._study.signals and all(item.kind != "judged" for item in items):
                verified[verifier.name] = self._free_grades(items, writer)
        return replace(cell, signals=tuple(signals), verified=verified)

    def _signals_of(self, verifier: ModelRef, *, reads: bool) -> list[str]:
        """Those of the study that the verifier can give."""
        without = [name for name in self._study.signals if not reads and "reader" in signal(name).needs]
        if without:
            self._note(f"{verifier.name} can only write: it has no {', '.join(without)}")
        return [name for name in self._study.signals if name not in without]

    def _free_grades(self, items: Sequence[TaskItem], writer: CachedWriter) -> tuple[Grade, ...]:
        said = writer.write([item.prompt for item in items], Sampling(max_tokens=self._study.writing.max_tokens))
        return tuple(_free_answer(item, one).grade for item, (one,) in zip(items, said, strict=True))

    @contextmanager
    def _open(self, ref: ModelRef) -> Iterator[tuple[CachedReader, CachedWriter]]:
        if ref.published:
            with self._opened_stored(self._stored[ref.author]) as both:
                yield both
            return
        weights = self._openers.weights(ref.model)
        reading: LazyModel[Reader] = self._model(ref, weights, "read", self._openers.reader)
        writing: LazyModel[Writer] = self._model(ref, weights, "write", self._openers.writer)
        identity: LazyModel[Reader] | LazyModel[Writer] = reading if self._openers.can_read(ref.model) else writing
        if not identity.known:
            self._usage.require_budget()  # to load a model is work too
        self.results.fingerprints[ref.name] = identity.fingerprint
        self._note_other_weights(ref, identity.fingerprint)
        try:
            yield CachedReader(reading, self._store, self._usage), CachedWriter(writing, self._store, self._usage)
        finally:
            reading.unload()
            writing.unload()

    @contextmanager
    def _opened_stored(self, model: StoredModel) -> Iterator[tuple[CachedReader, CachedWriter]]:
        """A published model; what it says is at hand already and goes into no file."""
        self.results.fingerprints[model.name] = model.fingerprint
        usage = RunUsage(self._usage.clock)
        with CallStore(Path(":memory:")) as memory:
            reading: LazyModel[Reader] = LazyModel(f"{model.name} read", None, lambda: model, memory)
            writing: LazyModel[Writer] = LazyModel(f"{model.name} write", None, lambda: model, memory)
            yield CachedReader(reading, memory, usage), CachedWriter(writing, memory, usage)

    def _can_read(self, ref: ModelRef) -> bool:
        return self._stored[ref.author].can_read if ref.published else self._openers.can_read(ref.model)

    def _model(
        self, ref: ModelRef, weights: str | None, role: str, opened: Callable[[str, str | None], Reader | Writer]
    ) -> LazyModel:  # type: ignore[type-arg]
        return LazyModel(_remembered(ref, role), weights, partial(opened, ref.model, ref.dtype), self._store)

    def _note_other_weights(self, ref: ModelRef, fingerprint: str) -> None:
        for other, n in self._store.of_other_weights(_remembered(ref, "read"), fingerprint).items():
            self._note(
                f"{ref.name}: the store holds {plural(n, 'entry', 'entries')} made with other "
                f"weights ({other}); none was used"
            )

    def _note(self, words: str) -> None:
        if words not in self.results.notes:
            self.results.notes.append(words)


def _remembered(ref: ModelRef, role: str) -> str:
    return f"{ref.model} {ref.dtype or 'default'} {role}"


def _published_answers(generator: ModelRef, tasks: Sequence[Task]) -> list[Cell]:
    """Cells of the answers that were published with the tasks, one a model that gave them."""
    only = generator.author
    rows: dict[tuple[str, str], list[tuple[GradedAnswer, Written | Unscored]]] = {}
    for task in tasks:
        for item in task.items:
            for published in item.published:
                if only in ("", published.generator):
                    answer = _answer(item, published.text, stated=published.correct)
                    name = generator.name if generator.pooled else published.generator
                    rows.setdefault((task.name, name), []).append((answer, _as_written(item, published)))
    if only and not rows:
        raise InputError(f"no task has published answers of {only!r}")
    return [
        Cell(task, name, tuple(answer for answer, _ in answers), _own_signals([own for _, own in answers]), {})
        for (task, name), answers in rows.items()
    ]


def _as_written(item: TaskItem, published: PublishedAnswer) -> Written | Unscored:
    """A published answer as its author wrote it, where it is known what that saw of its words."""
    own = option_reading(published, item, published.text) if published.option_log_p else published.own
    if isinstance(own, Reading):
        return Written(Exchange(item.prompt, published.text), own, "stop")
    return own or Unscored("bad_reply", "the log holds no log-probabilities of this answer")


def _own_signals(written: Sequence[Written | Unscored]) -> tuple[SignalValues, ...]:
    """The author's own signals, where the log of any answer holds them."""
    if not any(isinstance(one, Written) for one in written):
        return ()
    return tuple(SignalValues("own", name, tuple(values), Cost()) for name, values in logged_signals(written).items())


def _letters(
    items: Sequence[TaskItem], reader: CachedReader
) -> tuple[list[GradedAnswer], list[TaskItem], list[Written | Unscored]]:
    """The likeliest letter of every choice; where it cannot be told, an empty answer."""
    shares = option_probabilities([item.generator_prompt for item in items], items, reader) if items else []
    answers = []
    for item, share in zip(items, shares, strict=True):
        letter = "" if isinstance(share, Unscored) else item.letters[int(share.argmax())]
        answers.append(_answer(item, letter))
    return answers, list(items), []


def _letter_grades(items: Sequence[TaskItem], reader: CachedReader) -> tuple[Grade, ...]:
    shares = option_probabilities([item.prompt for item in items], items, reader)
    return tuple(
        "unparseable" if isinstance(share, Unscored) else grade(item, item.letters[int(share.argmax())])
        for item, share in zip(items, shares, strict=True)
    )


def _free_answer(item: TaskItem, said: Written | Unscored) -> GradedAnswer:
    return _answer(item, "" if isinstance(said, Unscored) else said.exchange.answer)


def _answer(item: TaskItem, text: str, *, stated: bool | None = None) -> GradedAnswer:
    verdict, truth = grade(item, text, stated=stated), item.gold[0] if item.gold else ""
    choice = "" if verdict == "unparseable" else _choice(item, text)
    return GradedAnswer(item.id, text, verdict, choice, truth, item.base, item.change, item.same_as)


def _choice(item: TaskItem, text: str) -> str:
    if item.kind == "letter":
        return letter_of(text, item.options) or ""
    if item.kind == "number":
        found = number_of(text)
        return "" if found is None else str(found.normalize())
    return _said(item, text) if item.kind == "text" else text.strip()


def _said(item: TaskItem, text: str) -> str:
    """One text for all ways to say the right answer, one for the wrong answer a protocol asserted; else the answer itself."""
    if mentions(text, item.gold):
        return item.gold[0]
    return item.change if item.change and mentions(text, (item.change,)) else normalised(text)


def _applies(name: str, items: Sequence[TaskItem]) -> bool:
    """Whether a signal can be taken of these questions at all."""
    if name in OWN_SIGNALS:
        return False
    if "options" in signal(name).needs:
        return all(item.kind == "letter" for item in items)
    return name != "v_agree" or all(item.kind != "judged" for item in items)


def _take_signal(model: str, name: str, asked: SignalInput) -> SignalValues:
    asked.reader.reset()
    asked.writer.reset()
    values = study_signals()[name](asked)
    came_with_the_answer = name in OWN_SIGNALS
    return SignalValues(
        model, name, tuple(values), Cost() if came_with_the_answer else asked.reader.spent + asked.writer.spent
    )
