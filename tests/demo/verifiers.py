"""Records and readings whose numbers are known, so that what the demo should find is known too."""

from __future__ import annotations

import numpy as np

from foureyes.demo.live import LiveRead, read_live
from foureyes.demo.measures import DemoResults, measure
from foureyes.demo.recorded import Answer, Seen, recorded
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Unscored


def seen(surprise: float, entropy: float = 1.0) -> Seen:
    return Seen(np.array([1]), np.array([surprise]), np.array([entropy]))


def answer(i: int, *, right: bool, doubt: float, surprise: float) -> Answer:
    words = f"q{i}", f"Question {i}? Answer with one word.", "x", ("y",)
    return Answer(*words, right, seen(doubt, doubt), seen(surprise))


def live(failures: dict[str, Unscored] | None = None, name: str = "the-live-one") -> LiveRead:
    """A scripted reader's reading of what was recorded, in two seconds."""
    return read_live(recorded(), ScriptedReader(name=name, failures=failures or {}), clock=iter([1.0, 3.0]).__next__)


def shown() -> DemoResults:
    """What was recorded, and a scripted reader beside it."""
    return measure(recorded(), [live()])
