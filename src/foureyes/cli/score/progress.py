"""How far a long run is, for a person at a terminal or for a log.

Words only; what is counted comes from the run. Start at :func:`progress_on`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Display

from foureyes.batch.results import Tallies
from foureyes.cli.words import duration
from foureyes.display import plural

__all__ = ["Pace", "Progress", "progress_on"]

Progress: TypeAlias = Callable[[Tallies, int | None], None]

_LOG_EVERY: Final = 10.0
"""Seconds between two lines where stderr is not a terminal."""


class Pace:
    """How fast rows are scored; rows an earlier run finished don't count.

    Args:
        clock: seconds that only grow, like :func:`time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()

    def start(self) -> None:
        """Starts the clock again, say when the models are loaded."""
        self._started = self._clock()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._clock() - self._started

    def sentence(self, tallies: Tallies, total: int | None) -> str:
        """Rows done, rate, time left.

        Args:
            tallies: the counts so far.
            total: how many rows there are, if known.
        """
        fresh = tallies.rows - tallies.resumed
        rate = fresh / self.seconds if self.seconds > 0 else 0.0
        words = [plural(tallies.rows, "row") if total is None else f"{tallies.rows:,} of {plural(total, 'row')}"]
        if rate > 0:
            words.append(f"{rate:,.1f} rows/s")
            if total is not None:
                words.append(f"{duration((total - tallies.rows) / rate)} left")
        return ", ".join(words)


@contextmanager
def progress_on(stream: TextIO, pace: Pace, *, quiet: bool) -> Iterator[Progress]:
    """Shows progress: a bar on a terminal, now and then a line elsewhere, nothing when quiet."""
    if quiet:
        yield lambda _tallies, _total: None
    elif stream.isatty():
        with _bar(stream, pace) as progress:
            yield progress
    else:
        yield _lines(stream, pace)


@contextmanager
def _bar(stream: TextIO, pace: Pace) -> Iterator[Progress]:
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}", markup=False))
    with Display(*columns, console=Console(file=stream), transient=True) as display:
        task = display.add_task("loading", total=None)
        yield lambda tallies, total: display.update(
            task, completed=tallies.rows, total=total, description=pace.sentence(tallies, total)
        )


def _lines(stream: TextIO, pace: Pace) -> Progress:
    last = 0.0

    def show(tallies: Tallies, total: int | None) -> None:
        nonlocal last
        if pace.seconds - last >= _LOG_EVERY:
            last = pace.seconds
            print(f"foureyes: {pace.sentence(tallies, total)}", file=stream, flush=True)

    return show
