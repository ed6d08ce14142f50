"""Samples for tests: what a writer could have said."""

from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Unscored, Written


def drawn(*said, prompt="q", probabilities=None):
    """One row of samples; ``None`` stands for a sample that failed."""
    return [_sample(prompt, text, probabilities) for text in said]


def _sample(prompt, text, probabilities):
    if text is None:
        return Unscored("unavailable", "gone")
    exchange = Exchange(prompt, text)
    (reading,) = ScriptedReader(probabilities).read([exchange])
    return Written(exchange, None if isinstance(reading, Unscored) else reading, "stop")
