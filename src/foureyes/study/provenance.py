"""The manifest of a run: data, models, versions, machine, cost, and what failed."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from foureyes import __version__
from foureyes.errors import InputError
from foureyes.study.cached_models import RunUsage
from foureyes.study.engine import StudyResults
from foureyes.study.plan import Study
from foureyes.study.tasks.loading import Task

__all__ = ["StudyManifest", "TaskSource", "describe_machine", "manifest_of", "package_versions"]

_PACKAGES: Final = ("numpy", "torch", "transformers", "tokenizers")


@dataclass(frozen=True, slots=True)
class TaskSource:
    """Where the questions of a task come from.

    Attributes:
        name, layout, licence: of the task.
        n_items: questions of the sample.
        n_records: records in the files.
        checksums: sha256 by file name.
        refused: records that make no question, by reason.
    """

    name: str
    layout: str
    licence: str
    n_items: int
    n_records: int
    checksums: Mapping[str, str]
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StudyManifest:
    """Where the numbers of a study come from.

    Attributes:
        study: name of the study file.
        seed: of samples and intervals.
        tasks: where questions come from.
        fingerprints: weights and arithmetic of every model, by its name.
        versions: of foureyes and what computes for it.
        machine: in words.
        computed: tokens and seconds of the last run, beside what the store held.
        failures, notes, unfinished: as of :class:`~foureyes.study.engine.StudyResults`.
    """

    study: str
    seed: int
    tasks: tuple[TaskSource, ...]
    fingerprints: Mapping[str, str]
    versions: Mapping[str, str]
    machine: str
    computed: Mapping[str, float]
    failures: Mapping[str, str]
    notes: tuple[str, ...]
    unfinished: str

    def save(self, path: Path) -> None:
        """Writes it.

        Raises:
            InputError: it cannot be written.
        """
        try:
            path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: Path) -> StudyManifest:
        """Reads what :meth:`save` wrote.

        Raises:
            InputError: it cannot be read, or is something else.
        """
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            tasks = tuple(TaskSource(**task) for task in found.pop("tasks"))
            return cls(tasks=tasks, notes=tuple(found.pop("notes")), **found)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}; was the study run?") from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is not the manifest of a study: {error}") from error


def manifest_of(
    name: str, study: Study, tasks: Sequence[Task], results: StudyResults, usage: RunUsage
) -> StudyManifest:
    """The manifest of a run."""
    return StudyManifest(
        study=name,
        seed=study.seed,
        tasks=tuple(_source(task) for task in tasks),
        fingerprints=results.fingerprints,
        versions=package_versions(),
        machine=describe_machine(),
        computed={**asdict(usage.cost), "n_computed": usage.n_computed, "n_cached": usage.n_cached},
        failures=results.failures,
        notes=tuple(results.notes),
        unfinished=results.unfinished,
    )


def _source(task: Task) -> TaskSource:
    return TaskSource(
        task.name, task.layout, task.licence, len(task.items), task.n_records, task.checksums, task.refused
    )


def package_versions() -> dict[str, str]:
    """Versions of foureyes, of Python and of what computes for them."""
    found = {"foureyes": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def describe_machine() -> str:
    """Processor, how many of them this process may use, and the system."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {processors} processors, {platform.system()}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
