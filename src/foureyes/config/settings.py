"""What can be configured, as frozen values. What each one is called in TOML stands in :mod:`foureyes.config.load`.

Defaults are for one machine and no outsiders: loopback, no tenants, personal data concealed by its shape. A newcomer starts
at :class:`Settings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from foureyes.config.keys import ApiKey, Keyring
from foureyes.config.secret import Secret
from foureyes.models.weights.reference import Api

__all__ = [
    "Api",
    "Form",
    "JudgeVerifier",
    "LedgerSettings",
    "Mode",
    "MonitoringSettings",
    "Pii",
    "PrivacySettings",
    "ReaderVerifier",
    "ServerSettings",
    "Settings",
    "TelemetrySettings",
    "TenantLimits",
    "TenantSettings",
    "Verifier",
    "needs_restart",
]

Form: TypeAlias = Literal["words", "schema", "exact"]
Mode: TypeAlias = Literal["enforce", "observe"]
Pii: TypeAlias = Literal["off", "patterns", "names"]


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the service listens and what bounds it as a whole.

    Attributes:
        host: an address of this machine.
        port: 0 for any free one.
        max_body_bytes: largest request body.
        body_timeout_s: most seconds for a body to arrive.
        max_in_flight: requests served at once; more are refused.
        batch_parallel: items of one batch verified at once.
        batch_items: most items in one batch.
    """

    host: str = "127.0.0.1"
    port: int = 8321
    max_body_bytes: int = 1 << 20
    body_timeout_s: float = 10.0
    max_in_flight: int = 512
    batch_parallel: int = 8


@dataclass(frozen=True, slots=True)
class JudgeVerifier:
    """A verifier that is asked in words.

    Attributes:
        name: by which tenants refer to it.
        provider, model: by which votes and requests name it.
        weight: of its vote, 0 to 10⁶.
        api: how it is spoken to; ``openai`` is whatever speaks OpenAI's chat protocol.
        base_url: of the server; ``None`` for the provider's own, which only SDKs know.
        key: sent to it and shown to nobody.
        form: how far an ``openai`` server is held to the form of a verdict.
        options: further fields of every request to an ``openai`` server, instead of greedy decoding and 512 tokens.
        timeout_s: for one attempt.
        attempts: most times it is asked.
        concurrency: most questions under way.
    """

    name: str
    provider: str
    model: str
    weight: float = 1.0
    api: Api = "openai"
    base_url: str | None = None
    key: Secret | None = None
    form: Form = "words"
    options: tuple[tuple[str, str | int | float | bool], ...] | None = None
    timeout_s: float = 10.0
    attempts: int = 2
    concurrency: int = 64


@dataclass(frozen=True, slots=True)
class ReaderVerifier:
    """A verifier that reads log-probabilities and is calibrated.

    Attributes:
        name, provider, model, weight: as for a judge.
        reader: reference of the model, as for ``foureyes check --verifier``.
        calibrator: JSON file of ``foureyes calibrate``; ``None`` for what is shipped with a model known by name.
        threshold: JSON file of a promise; ``None`` where ``cut`` is given, or with what is shipped.
        cut: confidence from which on it votes safe, in [0, 1]; ``None`` where a threshold is given.
    """

    name: str
    provider: str
    model: str
    reader: str
    weight: float = 1.0
    calibrator: Path | None = None
    threshold: Path | None = None
    cut: float | None = None


Verifier: TypeAlias = JudgeVerifier | ReaderVerifier


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """How much a tenant may ask for.

    Attributes:
        per_minute: requests a minute in the long run; ``None`` for any number.
        burst: requests at once after a pause.
        per_day: requests a day (UTC); ``None`` for any number.
    """

    per_minute: float | None = None
    burst: int = 60
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where a tenant's record is kept.

    Attributes:
        url: ``sqlite:/path`` or ``postgresql://…``, which may hold a password.
        key_file: private key its checkpoints are signed with.
        witness: file that remembers the newest checkpoint, out of reach of whoever can change the record; ``None`` for
            no such memory.
    """

    url: Secret
    key_file: Path
    witness: Path | None = None


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """Everything about one tenant.

    Attributes:
        name: letters, digits, ``-`` and ``_``.
        keys: its API keys, as hashes.
        verifiers: asked about every answer, each with its own provider and model.
        quorum: least number of them that must say safe or unsafe.
        deadline_s: most seconds from a request to its decision.
        record_s: of these kept back for the ledger.
        mode: ``observe`` marks decisions as not enforced; it changes nothing else.
        limits: how much it may ask for.
        pii: how personal data is looked for; ``off`` shows verifiers the texts as they are.
        countries: whose identifiers are looked for.
        salt: for hashes of texts in the ledger; needed where there is one.
        ledger: its record; ``None`` for none.
        show_texts: whether the dashboard's feed keeps texts. For demonstrations.
    """

    name: str
    keys: tuple[ApiKey, ...] = ()
    verifiers: tuple[Verifier, ...] = ()
    quorum: int = 1
    deadline_s: float = 15.0
    record_s: float = 3.0
    mode: Mode = "enforce"
    limits: TenantLimits = field(default_factory=TenantLimits)
    pii: Pii = "patterns"
    countries: tuple[str, ...] = ("uk", "us")
    salt: Secret | None = None
    ledger: LedgerSettings | None = None
    show_texts: bool = False


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """How personal data is found and where it is kept.

    Attributes:
        vault: folder with one file a tenant; ``None`` keeps values in memory until the process ends.
        key: of the vaults, 64 hexadecimal digits; needed for files.
        ttl_s: seconds after its last use at which a conversation is deleted.
        max_sessions: most conversations of a tenant.
        max_values: most values of a conversation.
        min_score: findings below it are left out.
        pipeline: spaCy pipeline for names and places, for tenants whose policy is ``names``.
    """

    vault: Path | None = None
    key: Secret | None = None
    ttl_s: float = 86_400.0
    max_sessions: int = 100_000
    max_values: int = 10_000
    min_score: float = 0.4
    pipeline: str = "en_core_web_sm"


@dataclass(frozen=True, slots=True)
class MonitoringSettings:
    """What is watched and where alarms go.

    Attributes:
        window_size, window_s, bucket_s, buckets, alpha, run_length, max_error_rate, max_disagreement, max_flag_rate: of
            :class:`foureyes.monitoring.settings.MonitorSettings`.
        webhook: address alarms are posted to; ``None`` for none.
        webhook_key: shared with the receiver, to sign with.
        state: folder in which monitors and gates are kept between two runs, one file a tenant; ``None`` forgets them.
    """

    window_size: int = 1000
    window_s: float = 3600.0
    bucket_s: float = 60.0
    buckets: int = 120
    alpha: float = 0.01
    run_length: float = 10_000.0
    max_error_rate: float = 0.05
    max_disagreement: float | None = None
    max_flag_rate: float | None = None
    webhook: str | None = None
    webhook_key: Secret | None = None
    state: Path | None = None


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """Where traces go.

    Attributes:
        endpoint: OTLP over HTTP; ``None`` for nowhere.
        service_name: as they name the service.
    """

    endpoint: str | None = None
    service_name: str = "foureyes"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured.

    Attributes:
        server, privacy, monitoring, telemetry: of the service as a whole.
        tenants: by name, in the order of the file.
        files: every file that was read, the configuration first: what a reloader watches.
    """

    server: ServerSettings = field(default_factory=ServerSettings)
    tenants: tuple[TenantSettings, ...] = ()
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    monitoring: MonitoringSettings = field(default_factory=MonitoringSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
    files: tuple[Path, ...] = ()

    @property
    def keyring(self) -> Keyring:
        """Every tenant's keys."""
        return Keyring(tuple(key for tenant in self.tenants for key in tenant.keys))

    def tenant(self, name: str) -> TenantSettings | None:
        """The tenant of a name."""
        return next((tenant for tenant in self.tenants if tenant.name == name), None)


_FIXED: Final = ("host", "port")


def needs_restart(old: Settings, new: Settings) -> tuple[str, ...]:
    """What changed that only a new process can apply, by its place in the file."""
    moved = tuple(f"[server] {key}" for key in _FIXED if getattr(old.server, key) != getattr(new.server, key))
    return (*moved, "[telemetry]") if old.telemetry != new.telemetry else moved
