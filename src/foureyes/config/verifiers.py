"""From a verifier's settings to something that votes, or that answers."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from foureyes.config.part_cache import PartCache
from foureyes.config.reader_settings import OpenReader, ReaderSettings, opened_reader, reads
from foureyes.config.verifier_settings import JudgeVerifier, ReaderVerifier, Verifier
from foureyes.errors import ConfigError, InputError
from foureyes.models.roles import Answerer, Judge

if TYPE_CHECKING:
    from foureyes.calibration import Threshold
    from foureyes.calibration.calibrator import ScoreCalibrator
    from foureyes.guard.batcher import ReaderBatcher
    from foureyes.guard.reader_judge import Cut, ReaderJudge
    from foureyes.models.chat import ChatModel
    from foureyes.monitoring.promise import Promise

__all__ = ["answerer_of", "batcher_of", "channel_of", "judge_of", "promise_of"]

_READ_AT_ONCE: Final = 128
"""Exchanges of all tenants before one reader: the batch that is read, and the next one."""


def judge_of(verifier: Verifier, cache: PartCache, open_reader: OpenReader) -> Judge:
    """The verifier, new or from the cache. Several that read with one model share it.

    Args:
        verifier: what it is made of. Its name and weight are not; they are the tenant's.
        cache: where it is kept, and the reader that it reads with.
        open_reader: loads a reader by its reference.

    Raises:
        ConfigError: its calibrator or threshold cannot be used, the reader goes by another name than it was given, or an
            extra is not installed.
        ModelError: the reader cannot be loaded.
    """
    if isinstance(verifier, JudgeVerifier):
        return cache.get_or_make(("judge", _connection(verifier)), partial(_judge, verifier))
    batcher = cache.get_or_make(reads(verifier), lambda: batcher_of(verifier, open_reader))
    fitted = tuple(_digest(path) for path in (verifier.calibrator, verifier.threshold))
    made_of = ("reading", verifier.provider, verifier.model, reads(verifier), verifier.cut, fitted)
    return cache.get_or_make(made_of, partial(_reading, verifier, batcher))


def channel_of(verifier: Verifier) -> tuple[Hashable, int]:
    """Names the connection or model that all questions to a verifier share, whoever asks, and how many it takes at once."""
    if isinstance(verifier, JudgeVerifier):
        return ("judge", _connection(verifier)), verifier.limits.concurrency
    return reads(verifier), _READ_AT_ONCE


def answerer_of(verifier: Verifier, cache: PartCache) -> Answerer | None:
    """The verifier as a model that answers in words, new or from the cache; ``None`` for a reader."""
    if not isinstance(verifier, JudgeVerifier):
        return None
    return cache.get_or_make(("answerer_of", _connection(verifier)), partial(_answerer, verifier))


def promise_of(verifier: Verifier) -> Promise | None:
    """What is promised of the answers a verifier lets through; ``None`` where nothing is.

    Raises:
        ConfigError: the threshold cannot be read.
    """
    from foureyes.monitoring.promise import Promise  # noqa: PLC0415 - loads numpy

    if not isinstance(verifier, ReaderVerifier) or verifier.threshold is None:
        return None
    threshold = _threshold(verifier.threshold)
    return None if threshold.in_sample else Promise.of(threshold)


def _chat_model(verifier: JudgeVerifier) -> ChatModel:
    """The model behind a verifier that can be talked to: it judges, and it answers in a council.

    Raises:
        ConfigError: an option sets what is not its to set, or an extra is not installed.
    """
    from foureyes.models.chat import Endpoint  # noqa: PLC0415 - loads numpy
    from foureyes.models.providers import connect  # noqa: PLC0415 - as above

    key = None if verifier.key is None else verifier.key.reveal()
    options = None if verifier.options is None else dict(verifier.options)
    endpoint = Endpoint(
        verifier.model,
        verifier.base_url,
        key,
        verifier.provider,
        options,
        verifier.limits,
        reports_as=verifier.reports_as,
    )
    return connect(verifier.api, endpoint)


def _connection(verifier: JudgeVerifier) -> JudgeVerifier:
    """What a connection depends on: everything but what tenants call the verifier and how much its vote weighs."""
    return verifier.model_copy(update={"name": "", "weight": 0.0})


def _judge(verifier: JudgeVerifier) -> Judge:
    """Anthropic and Google prepare one schema for all requests; other servers are held to what the settings say."""
    from foureyes.models.chat import ChatJudge  # noqa: PLC0415 - loads numpy

    return ChatJudge(_chat_model(verifier), form=verifier.form if verifier.api == "openai" else "schema")


def _answerer(verifier: JudgeVerifier) -> Answerer:
    from foureyes.models.chat import ChatAnswerer  # noqa: PLC0415 - loads numpy

    return ChatAnswerer(_chat_model(verifier))


def batcher_of(settings: ReaderSettings, open_reader: OpenReader) -> ReaderBatcher:
    """One place and one thread for all who read with one model: their requests become one batch. It closes what it opened."""
    from foureyes.guard.batcher import ReaderBatcher  # noqa: PLC0415 - loads numpy

    reader = opened_reader(settings, open_reader)
    return ReaderBatcher(reader, last=getattr(reader, "close", None))


def _reading(verifier: ReaderVerifier, batcher: ReaderBatcher) -> ReaderJudge:
    from foureyes.guard.reader_judge import ReaderJudge, shipped_judge  # noqa: PLC0415 - loads numpy

    try:
        if verifier.calibrator is None:
            judge = shipped_judge(verifier.reader, lambda _: batcher, provider=verifier.provider)
        else:
            calibrator = _calibrator(verifier.calibrator)
            cut = _cut(verifier, calibrator)
            judge = ReaderJudge(batcher, calibrator, cut, provider=verifier.provider)
    except (ConfigError, InputError) as error:
        raise ConfigError(f"[verifiers.{verifier.name}]: {error}") from error
    if judge.name != verifier.model:
        raise ConfigError(
            f"[verifiers.{verifier.name}] model: the reader calls itself {judge.name!r}, by which requests and votes name "
            f"it; wanted that, got {verifier.model!r}"
        )
    return judge


def _calibrator(path: Path) -> ScoreCalibrator:
    from foureyes.calibration import Calibrator, ScoreCalibrator  # noqa: PLC0415 - loads numpy

    found = Calibrator.from_json(_text(path))
    if not isinstance(found, ScoreCalibrator):
        raise ConfigError(f"{path}: wanted a calibrator of one score; got one of kind {found.kind}")
    return found


def _threshold(path: Path) -> Threshold:
    from foureyes.calibration import Threshold  # noqa: PLC0415 - as above

    try:
        return Threshold.from_json(_text(path))
    except InputError as error:
        raise ConfigError(f"{path}: {error}") from error


def _cut(verifier: ReaderVerifier, calibrator: ScoreCalibrator) -> Cut:
    if verifier.threshold is not None:
        found = _threshold(verifier.threshold)
        if found.made_on is not None:
            found.made_on.require(calibrator.identity)
        return found
    if verifier.cut is None:
        raise ConfigError("wanted a threshold or a cut; got neither")
    return verifier.cut


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from error


def _digest(path: Path | None) -> bytes | None:
    return None if path is None else hashlib.sha256(_text(path).encode()).digest()
