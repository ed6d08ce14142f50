"""From settings to what works with a route: its log, its ledger, its council, its concealer and its queue."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from foureyes.config.part_cache import PartCache
from foureyes.config.reader_settings import OpenReader
from foureyes.config.route_settings import RouteFile, RouteSettings
from foureyes.config.verifiers import judge_of
from foureyes.errors import ConfigError
from foureyes.guard import Council, CouncilMember, QuorumRule
from foureyes.route.parts import RouteParts
from foureyes.route.person_queue import SqlitePersonQueue
from foureyes.route.reader import CalibratedReader
from foureyes.route.risk import TOOL_CALLS, RiskRule
from foureyes.route.roles import PromiseKeeper, RouteLog

if TYPE_CHECKING:
    from foureyes.guard.protocols import Recorder
    from foureyes.ledger import Ledger
    from foureyes.route.concealing import BodyConcealer

__all__ = ["Closers", "file_text", "locked_log", "parts_of", "recorder_of"]


class _Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closable)
Closers: TypeAlias = list[Callable[[], object]]


def parts_of(
    settings: RouteFile,
    reader: CalibratedReader,
    keeper: PromiseKeeper | None,
    cache: PartCache | None,
    open_reader: OpenReader,
) -> RouteParts:
    """Opens what a route works with. What comes of a service's cache is not closed with the route: others may work with it.

    Args:
        settings: of the route.
        reader: its own.
        keeper: watches its promise.
        cache: of a service: of judges and their readers, of ledgers and of logs, which one at a time can write; ``None`` where
            they are the route's own.
        open_reader: loads those.

    Raises:
        ConfigError, InputError: a part cannot be made of its settings.
    """
    closers: Closers = []
    try:
        return _opened(settings, reader, keeper, (cache, open_reader), closers)
    except BaseException:
        RouteParts(closers=tuple(closers)).discard()
        raise


def _opened(
    settings: RouteFile,
    reader: CalibratedReader,
    keeper: PromiseKeeper | None,
    models: tuple[PartCache | None, OpenReader],
    closers: Closers,
) -> RouteParts:
    route = settings.route
    if (keep := getattr(keeper, "close", None)) is not None:
        closers.append(keep)
    council, risks = _council(settings, *models, closers)
    log = _log(route, reader, models[0], closers)
    recorder, concealer = recorder_of(settings, models[0], closers), _concealer(route, closers)
    return RouteParts(
        log=log,
        recorder=recorder,
        council=council,
        risks=risks,
        concealer=concealer,
        queue=None if route.queue is None else SqlitePersonQueue(route.queue, limit=route.queue_limit),
        keeper=keeper,
        closers=tuple(closers),
    )


def _council(
    settings: RouteFile, cache: PartCache | None, open_reader: OpenReader, closers: Closers
) -> tuple[Council | None, tuple[RiskRule, ...]]:
    council = settings.council
    if council is None:
        return None, ()
    known = PartCache({}) if cache is None else cache
    members = [CouncilMember(judge_of(one, known, open_reader), one.weight) for one in council.verifiers]
    if cache is None:
        closers += [close for one in members if (close := getattr(one.judge, "aclose", None)) is not None]
    risks = [RiskRule(one.tool, one.prompt, one.answer, one.confidence_below) for one in council.when]
    return Council(members, QuorumRule(council.quorum), deadline_s=council.deadline_s), tuple(risks) or (TOOL_CALLS,)


def _log(route: RouteSettings, reader: CalibratedReader, cache: PartCache | None, closers: Closers) -> RouteLog | None:
    path = route.log
    if path is None:
        return None
    from foureyes.calibration import Source  # noqa: PLC0415 - beside what needs it
    from foureyes.route.log import JsonlRouteLog, salt_beside  # noqa: PLC0415 - needs an extra

    source = Source(reader.signal, reader.fingerprint)

    def opened() -> JsonlRouteLog:
        return JsonlRouteLog(path, source=source, salt=salt_beside(path), texts=route.log_texts)

    return _kept(("route log", path, source, route.log_texts), opened, cache, closers)


@contextmanager
def locked_log(path: Path | None) -> Iterator[None]:
    """Keeps every other process from writing a route's log meanwhile.

    Raises:
        InputError: one writes it now.
    """
    if path is None:
        yield
        return
    from foureyes.route.log import lock_log  # noqa: PLC0415 - needs an extra

    with lock_log(path):
        yield


def recorder_of(settings: RouteFile, cache: PartCache | None, closers: Closers) -> Recorder | None:
    """The ledger of a route; ``None`` where it keeps none. See :func:`parts_of`."""
    ledger, salt = settings.ledger, settings.route.salt
    if ledger is None or salt is None:
        return None
    from foureyes.config.wiring import LedgerRecorder  # noqa: PLC0415 - beside what needs it
    from foureyes.ledger import LedgerOptions, Witness, open_ledger  # noqa: PLC0415 - needs an extra

    options = LedgerOptions(witness=None if ledger.witness is None else Witness(ledger.witness))

    def opened() -> Ledger:
        return open_ledger(ledger.url.reveal(), key_file=ledger.key_file, options=options)

    return LedgerRecorder(_kept(ledger, opened, cache, closers), salt.reveal().encode())


def _concealer(route: RouteSettings, closers: Closers) -> BodyConcealer | None:
    if route.pii == "off":
        return None
    from foureyes.privacy import NamesDetector, PatternDetector, ProcessDetector  # noqa: PLC0415 - loads Presidio
    from foureyes.route.concealing import BodyConcealer  # noqa: PLC0415 - as above

    patterns = ProcessDetector(partial(PatternDetector, countries=route.countries))
    concealer = BodyConcealer(patterns if route.pii == "patterns" else NamesDetector(patterns=patterns))
    closers += [concealer.close, patterns.close]
    return concealer


def _kept(what: Hashable, make: Callable[[], C], cache: PartCache | None, closers: Closers) -> C:
    """A part of the cache, or the route's own."""
    if cache is not None:
        return cache.get_or_make(what, make)
    made = make()
    closers.append(made.close)
    return made


def file_text(path: Path) -> str:
    """The text of a file that settings name.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from error
