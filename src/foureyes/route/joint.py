"""P(correct) of an answer from all that a route knows of it: what the reader saw, the writer's own doubt, and the question.

Logistic regressions on named columns: the reader's signal, the writer's mean surprise at its own tokens, and how much too sure the two
are of answers to questions in such words. Of an answer that lacks one of them, a regression fitted without it decides, and last the
reader's calibrator alone; a missing column never stands in as a number. Whether that is better than the reader alone is decided in
:mod:`foureyes.route.joint_fit`, on rows not seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Calibrator, Combiner
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.cascade.question_router import QuestionRouter, hashed_words
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.signals.catalog import signals
from foureyes.types import Prompt

__all__ = [
    "OWN",
    "QUESTION",
    "JointCalibrator",
    "Known",
    "RouteCalibrator",
    "answer_calibrator",
    "columns_of",
    "confidences_of",
    "question_features",
    "question_text",
    "reader_column",
    "takes_own",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OWN: Final = "own.log_cmp"
QUESTION: Final = "question"
_READER: Final = "reader."

_FORMAT: Final = "foureyes.joint_calibrator"
_VERSION: Final = 1
_LEAST_SURPRISE, _MOST_SURPRISE = 1e-6, 30.0
"""Nats between which a surprise is told apart."""
_LONGEST: Final = 20_000
"""Characters of a question that are looked at, its last."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of N answers of one writer.

    Attributes:
        signal: (N,) what the reader saw.
        own: (N,) the writer's mean surprise at its own tokens, nats, ≥ 0; NaN where it did not say.
        features: (N, D) of the questions; a row of NaN where the question is not known; ``None`` where none is.
    """

    signal: Floats = field(repr=False)
    own: Floats = field(repr=False)
    features: Floats | None = field(default=None, repr=False)

    @property
    def asked(self) -> Flags:
        """(N,) whether the question is known."""
        if self.features is None:
            return np.zeros(len(self.signal), np.bool_)
        return np.asarray(~np.isnan(self.features).any(axis=1), np.bool_)

    def taken(self, rows: Flags) -> Known:
        """Some of the rows."""
        return Known(self.signal[rows], self.own[rows], None if self.features is None else self.features[rows])


@dataclass(frozen=True, slots=True, eq=False)
class JointCalibrator:
    """The reader's calibrator, and regressions on more than its signal.

    Attributes:
        alone: of the reader's signal; its source names the signal and the reader's fingerprint.
        together: the richest first; each takes the reader's signal and some of ``own.log_cmp`` and ``question``.
        question: from a question's features, how much too sure the other columns are; ``None`` where no regression takes it.

    Raises:
        InputError: a regression takes something else, or the question without a router, or was fitted on another reader.
    """

    alone: ScoreCalibrator
    together: tuple[Combiner, ...]
    question: QuestionRouter | None = None

    def __post_init__(self) -> None:
        if not self.together:
            raise InputError("a joint calibrator joins at least two columns; got the reader's signal alone")
        for one in self.together:
            more = set(one.signals) - {self.reader}
            if self.reader not in one.signals or not more or not more <= {OWN, QUESTION}:
                raise InputError(
                    f"a joint calibrator joins {self.reader} with {OWN} and {QUESTION}; got {', '.join(one.signals)}"
                )
            if one.fitted_on.source not in (None, self.alone.fitted_on.source):
                raise InputError(
                    f"a joint calibrator is of one reader; got {self.alone.fitted_on.source} and {one.fitted_on.source}"
                )
            if QUESTION in more and self.question is None:
                raise InputError("a joint calibrator that takes the question needs a router of questions; got none")

    @property
    def reader(self) -> str:
        """The column of the reader's signal."""
        return reader_column(self.alone)

    @property
    def takes_own(self) -> bool:
        """Whether it uses the writer's own log-probabilities."""
        return any(OWN in one.signals for one in self.together)

    @property
    def takes_question(self) -> bool:
        """Whether it looks at the question."""
        return self.question is not None

    def predict_proba(self, known: Known) -> Floats:
        """(N,) P(correct) of answers that were read.

        Args:
            known: of them; no signal may be NaN.

        Raises:
            InputError: a signal is NaN, or the features are not those that were fitted on.
        """
        columns = columns_of(known, self.reader, self.question)
        found = self.alone.predict_proba(known.signal)
        left = np.ones(len(found), np.bool_)
        for one in self.together:
            rows = left & np.all([~np.isnan(columns[name]) for name in one.signals], axis=0)
            if rows.any():
                found[rows] = one.predict_proba({name: columns[name][rows] for name in one.signals})
            left &= ~rows
        return found

    def to_json(self) -> str:
        """As a JSON object that :meth:`from_json` reads back to an equal value."""
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "alone": json.loads(self.alone.to_json()),
            "together": [json.loads(one.to_json()) for one in self.together],
            "question": None if self.question is None else json.loads(self.question.to_json()),
        }
        return json.dumps(document, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> JointCalibrator:
        """Reads what :meth:`to_json` wrote.

        Raises:
            InputError: not such JSON.
        """
        try:
            document = parsed_json(text)
            if (document["format"], document["version"]) != (_FORMAT, _VERSION):
                raise InputError(f"not a joint calibrator: wanted {_FORMAT} version {_VERSION}")
            alone, asked = _alone(json.dumps(document["alone"])), document["question"]
            together = tuple(Combiner.from_json(json.dumps(one)) for one in document["together"])
            question = None if asked is None else QuestionRouter.from_json(json.dumps(asked))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"not a joint calibrator: {error!r:.200}") from error
        return cls(alone, together, question)


RouteCalibrator: TypeAlias = ScoreCalibrator | JointCalibrator
"""What makes P(correct) of a writer's answers in a route."""


def answer_calibrator(text: str) -> RouteCalibrator:
    """Reads a calibrator that a route can use, of either form.

    Raises:
        InputError: it is none, or one of several scores.
    """
    try:
        document = parsed_json(text)
    except json.JSONDecodeError as error:
        raise InputError(f"not a calibrator: not JSON at character {error.pos}") from error
    if isinstance(document, dict) and document.get("format") == _FORMAT:
        return JointCalibrator.from_json(text)
    return _alone(text)


def _alone(text: str) -> ScoreCalibrator:
    found = Calibrator.from_json(text)
    if not isinstance(found, ScoreCalibrator):
        raise InputError(f"wanted a calibrator of one score; got one of kind {found.kind}")
    return found


def confidences_of(calibrator: RouteCalibrator, known: Known) -> Floats:
    """(N,) P(correct) of answers that were read, by a calibrator of either form."""
    if isinstance(calibrator, JointCalibrator):
        return calibrator.predict_proba(known)
    return calibrator.predict_proba(known.signal)


def takes_own(calibrator: RouteCalibrator | None) -> bool:
    """Whether a calibrator uses the writer's own log-probabilities."""
    return isinstance(calibrator, JointCalibrator) and calibrator.takes_own


def reader_column(alone: ScoreCalibrator) -> str:
    """The name of the column of the reader's signal."""
    source = alone.fitted_on.source
    return _READER + ("signal" if source is None else source.signal)


def columns_of(known: Known, reader: str, question: QuestionRouter | None) -> Mapping[str, Floats]:
    """What regressions are fitted on and used with: (N,) a name; NaN where it is not known.

    A surprise of u nats is taken as the log-odds against exp(−u): a line in these can be as sure as the signal is, one in nats
    cannot. Signals that are no surprise are taken as they are.
    """
    told = ~np.isnan(known.own)
    columns = {name: np.full(len(known.signal), np.nan) for name in (reader, OWN, QUESTION)}
    columns[reader] = _odds_against(known.signal) if _is_surprise(reader) else known.signal
    columns[OWN][told] = _odds_against(known.own[told])
    if question is not None and known.features is not None and (asked := known.asked).any():
        columns[QUESTION][asked] = question.priority(known.features[asked])
    return columns


def question_text(prompt: Prompt) -> str:
    """What a user asked, in words: a prompt, or the user's turns of a conversation; of these the last 20,000 characters.

    Example:
        >>> from foureyes.types import Message
        >>> question_text((Message("system", "Be brief."), Message("user", "Capital of Australia?")))
        'Capital of Australia?'
    """
    words = prompt if isinstance(prompt, str) else "\n".join(one.content for one in prompt if one.role == "user")
    return words[-_LONGEST:]


def question_features(texts: Sequence[str | None]) -> Floats | None:
    """(N, D) hashed words of questions, a row of NaN for one that is not known; ``None`` where none is."""
    if all(text is None for text in texts):
        return None
    features = hashed_words([text or "" for text in texts])
    features[[text is None for text in texts]] = np.nan
    return features


def _is_surprise(reader: str) -> bool:
    name = reader.removeprefix(_READER)
    return any(one.name == name and one.larger_is == "worse" and one.low == 0 for one in signals())


def _odds_against(surprise: Floats) -> Floats:
    found: Floats = np.log(np.expm1(np.clip(surprise, _LEAST_SURPRISE, _MOST_SURPRISE)))
    return found
