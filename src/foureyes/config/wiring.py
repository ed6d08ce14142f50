"""From settings to the parts of a service: councils, guards, vaults and ledgers.

What a part is made of is a frozen value, so a part whose settings did not change is the same part: :func:`build` takes over
from the parts before whatever it can, and a change of one tenant's quorum loads no weights and reopens no ledger. What is no
longer used is closed by :meth:`~foureyes.config.parts.Parts.close`, when the caller knows that nobody works with it any more.

Everything heavy or optional is imported where it is made.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from foureyes.config.part_cache import PartCache
from foureyes.config.parts import Parts, TenantParts
from foureyes.config.reader_settings import OpenReader
from foureyes.config.service_settings import MonitoringSettings, PrivacySettings
from foureyes.config.settings import LedgerSettings, Settings, TenantSettings
from foureyes.config.shared_state_settings import SharedStateSettings
from foureyes.config.verifier_settings import Verifier
from foureyes.config.verifiers import answerer_of, channel_of, judge_of, promise_of
from foureyes.errors import ConfigError, FoureyesError
from foureyes.guard import Council, CouncilMember, Guard, QuorumRule
from foureyes.guard.nobody import Nobody
from foureyes.guard.shared_judge import SharedJudge
from foureyes.guard.shares import TenantShares
from foureyes.guard.vault_concealer import VaultConcealer
from foureyes.models import catalog

if TYPE_CHECKING:
    from foureyes.ledger import Json, Ledger
    from foureyes.models.roles import Judge
    from foureyes.monitoring.promise import PromiseWatch
    from foureyes.monitoring.sinks import AlarmSink
    from foureyes.privacy import Detector, Vault
    from foureyes.shared_state.store import SharedStore
    from foureyes.signals.fresh import CleanModel

__all__ = ["LedgerRecorder", "build"]


def build(settings: Settings, *, before: Parts | None = None, open_reader: OpenReader = catalog.open_reader) -> Parts:
    """Makes the parts.

    Args:
        settings: what :func:`foureyes.config.load` gave.
        before: parts in force, to take over what did not change; they stay as they are.
        open_reader: loads readers.

    Raises:
        ConfigError: a part cannot be made of its settings, or an extra is not installed.
        ModelError: a reader cannot be loaded.
        PrivacyError, LedgerError, StateError: a vault, a ledger or what replicas share cannot be opened. Whatever was opened
            before it is closed again.
    """
    cache = PartCache(before.cached if before is not None else {})
    try:
        tenants = {name: _tenant(tenant, settings, cache, open_reader) for name, tenant in settings.tenants.items()}
        alarms = _alarms(settings.monitoring, cache)
        shared = None if settings.shared_state is None else _shared_state(settings.shared_state, cache)
        clean = _clean_model(settings.monitoring.fresh, cache, open_reader)
        if settings.monitoring.state is not None:
            _folder(settings.monitoring.state, "[monitoring] state")
    except FoureyesError:
        _close_made(cache)
        raise
    monitoring = settings.monitoring
    return Parts(
        settings.keyring,
        tenants,
        settings.server,
        monitoring.monitor,
        alarms,
        monitoring.state,
        shared,
        clean_model=clean,
        fresh_share=monitoring.fresh_share,
        cached=cache.parts,
    )


def _close_made(cache: PartCache) -> None:
    """Closes what was made for nothing. Judges hold nothing before their first question, and close in a loop only."""
    for part in cache.made.values():
        if hasattr(part, "close") and not hasattr(part, "aclose"):
            part.close()


def _tenant(tenant: TenantSettings, settings: Settings, cache: PartCache, open_reader: OpenReader) -> TenantParts:
    watches = _watches(tenant, settings.monitoring.monitor.alpha, cache)
    members = [
        CouncilMember(
            _held_to_promise(
                _shared(judge_of(verifier, cache, open_reader), verifier, tenant, settings, cache), watches
            ),
            verifier.weight,
        )
        for verifier in tenant.verifiers
    ]
    council = Council(
        members or [CouncilMember(Nobody())], QuorumRule(tenant.quorum), deadline_s=tenant.timing.deadline_s
    )
    ledger = _ledger(tenant.ledger, cache) if tenant.ledger is not None else None
    vault = detector = concealer = None
    if tenant.pii != "off":
        what = ("concealer", tenant.name, tenant.pii, tenant.countries, tenant.phone_regions, settings.privacy)
        vault, detector = _vault(tenant.name, settings.privacy, cache), _detector(tenant, settings.privacy, cache)
        concealer = cache.get_or_make(what, partial(VaultConcealer, vault, detector))
    guard = Guard(
        council,
        concealer=concealer,
        recorder=None if ledger is None else LedgerRecorder(ledger, _salt(tenant), tenant.ledger_reasons == "clear"),
        timing=tenant.timing,
        mode=tenant.mode,
    )
    return TenantParts(
        guard,
        ledger,
        vault,
        detector,
        concealer,
        answerers=[one for verifier in tenant.verifiers if (one := answerer_of(verifier, cache)) is not None],
        segments=tenant.segments,
        watches=tuple(watches.values()),
        rate=tenant.rate,
        gate=tenant.gate.policy,
        show_texts=tenant.show_texts,
    )


def _shared(judge: Judge, verifier: Verifier, tenant: TenantSettings, settings: Settings, cache: PartCache) -> Judge:
    """A judge that no tenant can keep from the others. Whoever waits, waits here: a pool of connections is slow with a queue."""
    channel, at_once = channel_of(verifier)
    n = sum(any(channel_of(one)[0] == channel for one in other.verifiers) for other in settings.tenants.values())
    shares = cache.get_or_make(("shares", channel, n), lambda: TenantShares(lambda: at_once, lambda: n))
    return SharedJudge(judge, shares, tenant.name)


def _watches(tenant: TenantSettings, alpha: float, cache: PartCache) -> dict[str, PromiseWatch]:
    """A tenant's own watches, as what they see is that tenant's answers, by the verifiers' names.

    A threshold's file does not tell the confidences it was chosen on, so a watch learns them from the first that come. The
    alpha of one that exists stays: it is a chance over its whole life.
    """
    from foureyes.monitoring.promise import PromiseWatch  # noqa: PLC0415 - loads numpy

    found = {f"{verifier.provider}/{verifier.model}": promise_of(verifier) for verifier in tenant.verifiers}
    return {
        name: cache.get_or_make(
            ("watch", tenant.name, name, promise), partial(PromiseWatch, promise, (), name=name, alpha=alpha)
        )
        for name, promise in found.items()
        if promise is not None
    }


def _held_to_promise(judge: Judge, watches: Mapping[str, PromiseWatch]) -> Judge:
    """A judge, held to its promise where it made one."""
    from foureyes.monitoring.suspendable_judge import SuspendableJudge  # noqa: PLC0415 - loads numpy

    watch = watches.get(f"{judge.provider}/{judge.name}")
    return judge if watch is None else SuspendableJudge(judge, watch)


@dataclass(frozen=True, slots=True)
class LedgerRecorder:
    """A ledger as the guard and routes want it, its texts hashed with one salt.

    Attributes:
        ledger: where entries go.
        salt: of hashes of texts.
        clear_reasons: whether the words of verifiers' reasons are kept too.
    """

    ledger: Ledger
    salt: bytes = field(repr=False)
    clear_reasons: bool = False

    def text_hash(self, tenant: str, text: str) -> str:  # noqa: ARG002 - the guard's protocol; this record has one tenant
        """A hash of a text under the salt."""
        from foureyes.ledger import text_hash  # noqa: PLC0415 - needs an extra

        return text_hash(text, self.salt)

    def append(self, event: str, payload: Mapping[str, Json]) -> Future[Any]:
        """Appends an entry; see :class:`~foureyes.guard.protocols.Recorder`."""
        return self.ledger.append(event, payload)


def _ledger(ledger: LedgerSettings, cache: PartCache) -> Ledger:
    from foureyes.ledger import LedgerOptions, Witness, open_ledger  # noqa: PLC0415 - needs an extra

    options = LedgerOptions(witness=None if ledger.witness is None else Witness(ledger.witness))
    return cache.get_or_make(
        ledger, lambda: open_ledger(ledger.url.reveal(), key_file=ledger.key_file, options=options)
    )


def _salt(tenant: TenantSettings) -> bytes:
    if tenant.salt is None:
        raise ConfigError(f"[tenants.{tenant.name}] salt: the ledger's hashes of texts need one")
    return tenant.salt.reveal().encode()


def _vault(tenant: str, privacy: PrivacySettings, cache: PartCache) -> Vault:
    from foureyes.privacy import Vault  # noqa: PLC0415 - needs an extra

    key = None if privacy.key is None else bytes.fromhex(privacy.key.reveal())
    path = None if privacy.vault is None else _folder(privacy.vault, "[privacy] vault") / f"{tenant}.db"
    # A vault in memory would lose its values by being made anew: its bounds change with the next process.
    what = ("vault", tenant, path, privacy.key, privacy.limits if path is not None else None)
    return cache.get_or_make(what, lambda: Vault.open(path, key=key, tenant=tenant, limits=privacy.limits))


def _folder(path: Path, what: str) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{what}: cannot make the folder {path}: {error.strerror or error}") from error
    return path


def _detector(tenant: TenantSettings, privacy: PrivacySettings, cache: PartCache) -> Detector:
    from foureyes.privacy import NamesDetector, PatternDetector, ProcessDetector  # noqa: PLC0415 - loads Presidio

    what = ("patterns", tenant.countries, tenant.phone_regions, privacy.min_score)
    make = partial(
        PatternDetector, countries=tenant.countries, phone_regions=tenant.phone_regions, min_score=privacy.min_score
    )
    patterns: Detector = cache.get_or_make(what, lambda: ProcessDetector(make))
    match tenant.pii:
        case "patterns":
            return patterns
        case "names":
            names = ("names", privacy.pipeline, what)
            return cache.get_or_make(names, lambda: NamesDetector(privacy.pipeline, patterns=patterns))
        case "off":
            raise ConfigError(f"[tenants.{tenant.name}] pii is off; nothing is looked for")
        case _:
            assert_never(tenant.pii)


def _alarms(monitoring: MonitoringSettings, cache: PartCache) -> tuple[AlarmSink, ...]:
    url, key = monitoring.webhook, monitoring.webhook_key
    if url is None or key is None:
        return ()
    from foureyes.monitoring.webhook import Webhook  # noqa: PLC0415 - loads httpx

    what = ("webhook", url, key)
    return (cache.get_or_make(what, lambda: Webhook(url, secret=key.reveal().encode(), clock=time.time)),)


def _shared_state(shared: SharedStateSettings, cache: PartCache) -> SharedStore:
    from foureyes.shared_state.store import SharedStore  # noqa: PLC0415 - needs an extra

    # What tenants follow, they follow until the process ends: another place needs another process.
    return cache.get_or_make("shared state", lambda: SharedStore(shared.url.reveal(), answer_s=shared.timeout_s))


def _clean_model(reference: str | None, cache: PartCache, open_reader: OpenReader) -> CleanModel | None:
    if reference is None:
        return None
    from foureyes.signals.fresh import CleanModel  # noqa: PLC0415 - loads numpy

    def opened() -> CleanModel:
        readable = catalog.can_read(reference)
        return CleanModel(catalog.open_writer(reference), open_reader(reference) if readable else None)

    return cache.get_or_make(("clean model", reference), opened)
