"""Small studies with scripted models: everything but the weights is real."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from foureyes.errors import ConfigError
from foureyes.models.roles import Reader, Sampling, Writer
from foureyes.models.scripted import ScriptedReader
from foureyes.study.cached_models import Budget, RunUsage
from foureyes.study.engine import ModelOpeners
from foureyes.types import Exchange, Prompt, Unscored, Written


class CountingReader(ScriptedReader):
    """Counts what it is asked, and may be gone after so many answers."""

    def __init__(self, name: str, *, dies_after: int | None = None) -> None:
        super().__init__(name=name)
        self.asked: list[Exchange] = []
        self._dies_after = dies_after

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0):
        if self._dies_after is not None and len(self.asked) >= self._dies_after:
            raise KeyboardInterrupt
        self.asked += exchanges
        return super().read(exchanges, top_k=top_k)


class ScriptedWriter:
    """Answers from a table, "no idea" otherwise; says nothing where the table has None."""

    def __init__(self, name: str, answers: dict[str, str | None] | None = None) -> None:
        self.name = name
        self.fingerprint = f"scripted-writer:{name}"
        self.asked: list[Prompt] = []
        self._answers = answers or {}
        self._reader = ScriptedReader(name=name)

    def write(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Written | Unscored]]:
        self.asked += prompts
        return [[self._one(prompt, sampling.seed, i) for i in range(sampling.n)] for prompt in prompts]

    def _one(self, prompt: Prompt, seed: int, i: int) -> Written | Unscored:
        said = next((a for question, a in self._answers.items() if question in str(prompt)), "no idea")
        if said is None:
            return Written(Exchange(prompt, ""), None, "stop")
        exchange = Exchange(prompt, said if not i else f"{said} {seed} {i}")
        (reading,) = self._reader.read([exchange])
        return reading if isinstance(reading, Unscored) else Written(exchange, reading, "stop")


class Shop:
    """Scripted models by name, and how often each was opened."""

    def __init__(self) -> None:
        self.readers: dict[str, ScriptedReader] = {}
        self.writers: dict[str, ScriptedWriter] = {}
        self.opened: list[str] = []
        self.only_write: set[str] = set()

    def reader(self, reference: str, _dtype: str | None) -> Reader:
        if reference in self.only_write:
            raise ConfigError(f"{reference} cannot be read with")
        self.opened.append(reference)
        return self.readers.setdefault(reference, CountingReader(reference))

    def writer(self, reference: str, _dtype: str | None) -> Writer:
        self.opened.append(reference)
        return self.writers.setdefault(reference, ScriptedWriter(reference))

    def openers(
        self, weights: Callable[[str], str | None] = lambda reference: f"weights of {reference}"
    ) -> ModelOpeners:
        return ModelOpeners(self.reader, self.writer, weights, lambda reference: reference not in self.only_write)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with forty questions of four options, their layout a user's own."""
    folder = tmp_path / "data"
    folder.mkdir()
    with (folder / "own.jsonl").open("w") as file:
        for i in range(40):
            options = [f"option {i}.{k}" for k in range(4)]
            file.write(json.dumps({"question": f"Question {i}?", "options": options, "answer": i % 4}) + "\n")
    return folder


def ticking() -> Callable[[], float]:
    """A clock that is a quarter of a second later every time."""
    times = iter(range(10**6))
    return lambda: next(times) / 4


def a_usage(**budget: float) -> RunUsage:
    return RunUsage(ticking(), Budget(**budget))  # type: ignore[arg-type]
