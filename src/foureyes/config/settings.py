"""What can be configured: one class a table of the file, one attribute a key, its limits beside it.

Defaults are for one machine and no outsiders: loopback, no tenants, personal data concealed by its shape. A value that a lower
layer takes as it is (how long a verification may take, what a monitor remembers) is that layer's own class here, so there is
nothing to copy. docs/configuration.md shows every key; :mod:`foureyes.config.load` reads the file. A newcomer starts at
:class:`Settings`.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from pydantic_core import PydanticCustomError

from foureyes.choices import GuardMode, PiiPolicy, ProviderApi, ReasonPolicy, VerdictForm
from foureyes.config.fields import (
    Address,
    ConfigSource,
    ExistingFile,
    FilePath,
    Inline,
    Known,
    SecretValue,
    SettingsTable,
    Text,
    secret,
)
from foureyes.config.gate_settings import GateSettings
from foureyes.config.keys import TENANT_NAME, ApiKey, Keyring, first_repeated
from foureyes.config.secret import Secret
from foureyes.errors import InputError
from foureyes.guard import Timing
from foureyes.guard.reader_judge import SHIPPED_MODELS
from foureyes.http import RequestLimits
from foureyes.http.addresses import fits_a_header, objection
from foureyes.monitoring.settings import MonitorSettings
from foureyes.privacy import COUNTRIES, VaultLimits
from foureyes.privacy.numbering import phone_regions

__all__ = [
    "JudgeVerifier",
    "LedgerSettings",
    "MonitoringSettings",
    "PrivacySettings",
    "RateLimit",
    "ReaderVerifier",
    "ServerSettings",
    "Settings",
    "TelemetrySettings",
    "TenantSettings",
    "Verifier",
    "needs_restart",
]

_PLACE: Final = "{tenant}"
_VAULT_KEY: Final = re.compile(r"([0-9a-fA-F]{2}){32,}")


class ServerSettings(SettingsTable):
    """Where the service listens and what bounds it as a whole.

    Attributes:
        host: an address of this machine.
        port: 0 for any free one.
        max_body_bytes: largest request body.
        body_timeout_s: most seconds for a body to arrive.
        max_in_flight: requests with a key served at once; more are refused, not queued. Half of them are divided among the
            tenants, who can always use their part.
        batch_parallel: items of one batch verified at once.
        max_head_bytes: largest head of a request.
        max_url_bytes: longest address in it.
        max_headers: most headers in it.
        head_timeout_s: most seconds for a head to arrive.
        max_connections: at once; when there are more, the one that has waited longest without a request is closed.
        max_connections_per_address: from one address, or one /64 of IPv6. Behind a proxy all come from one.
        max_half_open: that have not sent the head of a request.
        notice_s: seconds after SIGTERM in which the service still listens and ``/readyz`` says that it is ending.
    """

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8321
    max_body_bytes: Annotated[int, Field(ge=1_000, le=1 << 30)] = 1 << 20
    body_timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = 512
    batch_parallel: Annotated[int, Field(ge=1, le=1_000)] = 8
    max_head_bytes: Annotated[int, Field(ge=1_000, le=1 << 20)] = 1 << 15
    max_url_bytes: Annotated[int, Field(ge=100, le=1 << 16)] = 1 << 13
    max_headers: Annotated[int, Field(ge=10, le=1_000)] = 100
    head_timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    max_connections: Annotated[int, Field(ge=1, le=100_000)] = 2_048
    max_connections_per_address: Annotated[int, Field(ge=1, le=100_000)] = 1_024
    max_half_open: Annotated[int, Field(ge=1, le=100_000)] = 256
    notice_s: Annotated[float, Field(ge=0, le=600)] = 3.0


class PrivacySettings(SettingsTable):
    """How personal data is found and where it is kept.

    Attributes:
        key: of the vaults, 64 hexadecimal digits; needed for files.
        vault: folder with one file a tenant; ``None`` keeps values in memory until the process ends.
        limits: how much a tenant's vault keeps, and for how long.
        min_score: findings below it are left out.
        pipeline: spaCy pipeline for names and places, for tenants whose policy is ``names``.
    """

    key: SecretValue | None = None
    vault: FilePath | None = None
    limits: Annotated[VaultLimits, Inline()] = VaultLimits()
    min_score: Annotated[float, Field(gt=0, le=1)] = 0.4
    pipeline: Text = "en_core_web_sm"

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """Whether vaults can be sealed."""
        match key:
            case "key" if value is not None and not _VAULT_KEY.fullmatch(value.reveal()):
                yield "wanted at least 64 hexadecimal digits, say from: openssl rand -hex 32"
            case "vault" if value is not None and known.get("key", value) is None:
                yield "a vault in files needs a key: name it with key_env or key_file"


class MonitoringSettings(SettingsTable):
    """What is watched and where alarms go.

    Attributes:
        monitor: how much monitors remember, and how often they may be wrong.
        allow_http: let alarms and questions go to another machine over plain http.
        webhook_key: shared with the receiver of alarms, to sign with.
        webhook: address alarms are posted to; ``None`` for none.
        state: folder in which monitors and gates are kept between two runs, one file a tenant; ``None`` forgets them.
        fresh: reference of a clean model, as for ``foureyes check --verifier``, to which the questions of some
            verifications are put afresh, their personal data concealed; ``None`` for none.
        fresh_share: of how many verifications, in (0, 1].
    """

    monitor: Annotated[MonitorSettings, Inline()] = MonitorSettings()
    allow_http: bool = False
    webhook_key: SecretValue | None = None
    webhook: Address | None = None
    state: FilePath | None = None
    fresh: Text | None = None
    fresh_share: Annotated[float, Field(gt=0, le=1)] = 0.05

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """Whether alarms can be signed, and questions sent."""
        match key:
            case "fresh" if value is not None and value.startswith(("http:", "https:")):
                wrong = objection(value.partition("#")[0], allow_http=known.get("allow_http", False))
                yield from [wrong] if wrong else []
            case "webhook_key" if value is not None and _is_short(value):
                yield "wanted at least 16 bytes"
            case "webhook" if value is not None and known.get("webhook_key", value) is None:
                yield "alarms are signed: name a key with webhook_key_env or webhook_key_file"


class TelemetrySettings(SettingsTable):
    """Where traces go.

    Attributes:
        allow_http: let traces go to another machine over plain http.
        endpoint: OTLP over HTTP; ``None`` for nowhere.
        service_name: as they name the service.
    """

    allow_http: bool = False
    endpoint: Address | None = None
    service_name: Text = "foureyes"


def _pairs(options: Any) -> Any:
    """A table whose keys are not ours to know, in order, so that it can be hashed."""
    if isinstance(options, tuple) or options is None:
        return options
    if not isinstance(options, dict) or not all(isinstance(value, str | int | float) for value in options.values()):
        raise ValueError("wanted a table of texts, numbers and flags")
    if not all(math.isfinite(value) for value in options.values() if isinstance(value, float)):
        raise ValueError("nan and inf are no numbers that can be sent")
    return tuple(options.items())


Options: TypeAlias = Annotated[tuple[tuple[str, str | int | float | bool], ...], BeforeValidator(_pairs)]
Names: TypeAlias = Annotated[tuple[Text, ...], BeforeValidator(lambda names: tuple(_texts(names)) if names else ())]
Weight: TypeAlias = Annotated[float, Field(ge=0, le=1e6)]


class JudgeVerifier(SettingsTable):
    """A verifier that is asked in words.

    Attributes:
        kind: tells it from a reader in the file.
        name: by which tenants refer to it.
        api: how it is spoken to; ``openai`` is whatever speaks OpenAI's chat protocol.
        provider, model: by which votes and requests name it.
        weight: of its vote, 0 to 10⁶.
        allow_http: let what is asked go to another machine over plain http.
        base_url: of the server; ``None`` for the provider's own, which only SDKs know.
        key: sent to it and shown to nobody.
        form: how far an ``openai`` server is held to the form of a verdict.
        options: further fields of every request, in the provider's words, instead of its usual ones: see
            :class:`~foureyes.models.chat.protocol.Endpoint`.
        reports_as: further names that the model goes by in its replies. A reply that names another model is no vote.
        limits: how long one question may take with all its attempts, how many of these there are, and how many questions
            are under way at once.
    """

    kind: Literal["judge"] = "judge"
    name: Text
    api: ProviderApi = "openai"
    provider: Text = Field(default_factory=lambda known: known["api"])
    model: Text
    weight: Weight = 1.0
    allow_http: bool = False
    base_url: Address | None = None
    key: SecretValue | None = None
    form: VerdictForm = "words"
    options: Options | None = None
    reports_as: Names = ()
    limits: Annotated[RequestLimits, Inline()] = RequestLimits(timeout_s=10.0)

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """What the API wants."""
        api = known.get("api", "openai")
        match key:
            case "base_url" if value is None and known.get("api") == "openai":
                yield "missing; wanted the server's address up to and including /v1"
            case "key" if value is None and api != "openai":
                yield f"the API of {api} needs a key: name it with key_env or key_file"
            case "key" if value is not None and not fits_a_header(value.reveal()):
                yield "wanted printable ASCII without spaces; got something else, not shown"
            case "provider" | "form" if api != "openai" and value not in (api, "words"):
                yield f"the API of {api} has its own: leave it out"


class ReaderVerifier(SettingsTable):
    """A verifier that reads log-probabilities and is calibrated.

    Attributes:
        kind: tells it from a judge in the file.
        name: by which tenants refer to it.
        allow_http: let texts go to another machine over plain http.
        reader: reference of the model, as for ``foureyes check --verifier``.
        provider, model: by which votes and requests name it.
        weight: of its vote, 0 to 10⁶.
        calibrator: JSON file of ``foureyes calibrate``; ``None`` for what is shipped with a model known by name.
        threshold: JSON file of a promise; ``None`` where ``cut`` is given, or with what is shipped.
        cut: confidence from which on it votes safe, in [0, 1]; ``None`` where a threshold is given.
    """

    kind: Literal["reader"] = "reader"
    name: Text
    allow_http: bool = False
    reader: Text
    provider: Text = "foureyes"
    model: Text = Field(default_factory=lambda known: known["reader"])
    weight: Weight = 1.0
    calibrator: ExistingFile | None = None
    threshold: ExistingFile | None = None
    cut: Annotated[float, Field(ge=0, le=1)] | None = None

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """Where the model is, and what turns what it reads into a vote."""
        match key:
            case "reader" if value.startswith(("http:", "https:")):
                wrong = objection(value.partition("#")[0], allow_http=known.get("allow_http", False))
                yield from [wrong] if wrong else []
            case "calibrator" if value is None and known.get("reader", SHIPPED_MODELS[0]) not in SHIPPED_MODELS:
                yield f"missing; one comes with {', '.join(SHIPPED_MODELS)} only: fit yours, foureyes calibrate"
            case "cut" if not _is_one_way(value, known):
                yield "a calibrator wants a threshold, the file of a promise, or a cut, a confidence of your own"


def _is_one_way(cut: float | None, known: Known) -> bool:
    """Whether a calibrator has one threshold or cut, and what is shipped neither."""
    if not known.keys() >= {"calibrator", "threshold"}:
        return True
    ways = (known["threshold"] is not None) + (cut is not None)
    return ways == (0 if known["calibrator"] is None else 1)


Verifier: TypeAlias = JudgeVerifier | ReaderVerifier


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How much a tenant may ask for.

    Args:
        requests_per_minute: in the long run, > 0; ``None`` for any number.
        burst: requests at once after a pause, ≥ 1.
        requests_per_day: UTC, ≥ 0; ``None`` for any number.

    Raises:
        InputError: a number is outside its range.
    """

    requests_per_minute: float | None = None
    burst: int = 60
    requests_per_day: int | None = None

    def __post_init__(self) -> None:
        rate, day = self.requests_per_minute, self.requests_per_day
        laws = {
            f"requests_per_minute > 0, got {rate}": rate is None or 0 < rate < math.inf,
            f"burst ≥ 1, got {self.burst}": self.burst >= 1,
            f"requests_per_day ≥ 0, got {day}": day is None or day >= 0,
        }
        if broken := [law for law, holds in laws.items() if not holds]:
            raise InputError(f"a rate limit wants {'; '.join(broken)}")


def _ledger_url(url: Any, info: ValidationInfo) -> Any:
    """An address without a password may stand in the file; one with a password is a secret like others."""
    if not isinstance(url, str):
        return secret(url, info)
    if not url.startswith(("sqlite:", "postgresql://", "postgres://")):
        raise ValueError("wanted sqlite:/path or postgresql://…; got something else, not shown")
    if _holds_password(url):
        raise ValueError("it holds a password: name it with url_env or url_file")
    scheme, _, path = url.partition(":")
    folder = info.context.folder if isinstance(info.context, ConfigSource) else Path()
    return Secret(f"{scheme}:{folder / path}" if scheme == "sqlite" else url)


def _holds_password(url: str) -> bool:
    """Whether a database's address has one, before its host or among its options. What cannot be told apart may hold one."""
    try:
        parts = urlsplit(url)
    except ValueError:  # the words of this error quote the address
        return True
    options = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return ":" in parts.netloc.rpartition("@")[0] or any(name.endswith("password") for name in options)


class LedgerSettings(SettingsTable):
    """Where a tenant's record is kept.

    Attributes:
        url: ``sqlite:/path`` or ``postgresql://…``, which may hold a password.
        key_file: private key its checkpoints are signed with.
        witness: file that remembers the newest checkpoint, out of reach of whoever can change the record; ``None`` for
            no such memory.
    """

    may_stand_in_file: ClassVar = frozenset({"url"})

    url: Annotated[Secret, BeforeValidator(_ledger_url)]
    key_file: FilePath
    witness: FilePath | None = None

    def of(self, tenant: str) -> Self:
        """This pattern for one tenant, its name in place of ``{tenant}``."""
        named = {
            "url": Secret(self.url.reveal().replace(_PLACE, tenant)),
            "key_file": Path(str(self.key_file).replace(_PLACE, tenant)),
            "witness": None if self.witness is None else Path(str(self.witness).replace(_PLACE, tenant)),
        }
        return self.model_copy(update=named)


def _named_verifiers(names: Any, source: ConfigSource) -> Iterator[Verifier]:
    """Those of these names; those whose own table is wrong are left out, as that is a mistake already."""
    for name in _texts(names):
        if name in source.verifiers:
            yield source.verifiers[name]
        elif name not in source.named:
            near = difflib.get_close_matches(name, source.named, n=1) or source.named
            raise ValueError(f"no verifier is called {name!r}; there are {', '.join(near) or 'none'}")


def _texts(values: Any) -> Sequence[str]:
    if not isinstance(values, list | tuple) or not values or not all(isinstance(value, str) for value in values):
        raise PydanticCustomError("texts", "wanted a list of texts, at least one")
    return values


class TenantSettings(SettingsTable):
    """Everything about one tenant.

    Attributes:
        name: letters, digits, ``-`` and ``_``.
        keys: its API keys, as hashes.
        verifiers: asked about every answer, each with its own provider and model.
        quorum: least number of them that must say safe or unsafe, and that a request may ask; ``None`` for a majority.
        timing: most seconds from a request to its decision, and of these kept back for the ledger.
        mode: ``observe`` marks decisions as not enforced; it changes nothing else.
        rate: how much it may ask for.
        pii: how personal data is looked for; ``off`` shows verifiers the texts as they are.
        countries: whose identifiers are looked for.
        phone_regions: whose phone numbers are known without a country code, by ISO 3166; ``None`` for those of ``countries``.
        ledger: its record; ``None`` for none.
        salt: for hashes of texts in the ledger; needed where there is one.
        ledger_reasons: whether the ledger keeps verifiers' reasons as ``hashed``, or in ``clear`` words too, which may quote
            prompt and answer with personal data concealed.
        gate: what its agents' records must show.
        show_texts: whether the dashboard's feed keeps texts. For demonstrations.
    """

    name: str
    keys: Annotated[tuple[Annotated[ApiKey, Inline()], ...], Field(strict=False)] = ()
    verifiers: tuple[Verifier, ...] = ()
    quorum: Annotated[int, Field(ge=1, le=1_000)] | None = None
    timing: Annotated[Timing, Inline()] = Timing()
    mode: GuardMode = "enforce"
    rate: Annotated[RateLimit, Inline()] = RateLimit()
    pii: PiiPolicy = "patterns"
    countries: tuple[str, ...] = ("uk", "us")
    phone_regions: tuple[str, ...] | None = None
    ledger: LedgerSettings | None = None
    salt: SecretValue | None = None
    ledger_reasons: ReasonPolicy = "hashed"
    gate: GateSettings = GateSettings()
    show_texts: bool = False

    @field_validator("keys", mode="before")
    @classmethod
    def _are_its_own(cls, rows: Any, info: ValidationInfo) -> Any:
        own = {"tenant": info.data.get("name", "?")}
        return [own | row if isinstance(row, dict) else row for row in rows] if isinstance(rows, list) else rows

    @field_validator("verifiers", mode="before")
    @classmethod
    def _by_name(cls, names: Any, info: ValidationInfo) -> Any:
        source = info.context
        return names if source is None else tuple(_named_verifiers(names or source.named, source))

    @field_validator("countries", "phone_regions", mode="before")
    @classmethod
    def _in_order(cls, countries: Any) -> Any:
        return tuple(sorted(set(_texts(countries)))) if isinstance(countries, list) else countries

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """What values must be to one another."""
        n = len(known.get("verifiers", ()))
        match key:
            case "name" if not TENANT_NAME.fullmatch(value):
                yield f"a tenant's name is up to 64 letters, digits, - and _; got {value[:80]!r}"
            case "keys" if any(entry.tenant != known.get("name", entry.tenant) for entry in value):
                yield "a key belongs to the tenant of its table"
            case "verifiers" if twice := first_repeated((one.provider, one.model) for one in value):
                yield f"each needs its own provider and model; two are {' '.join(twice)}"
            case "quorum" if value is not None and 0 < n < value:
                yield f"{value} of {n} verifiers can never vote: nothing would be safe"
            case "countries" if others := sorted(set(value) - set(COUNTRIES)):
                yield f"wanted a list with some of {', '.join(COUNTRIES)}; got {', '.join(others)}"
            case "phone_regions" if value and (others := sorted(set(value) - phone_regions())):
                yield f"wanted a list of ISO 3166 codes in small letters, such as fr; got {', '.join(others)}"
            case "salt" if value is None and known.get("ledger") is not None:
                yield "the ledger's hashes of texts need a salt: name it with salt_env or salt_file"
            case "salt" if value is not None and _is_short(value):
                yield "wanted at least 16 bytes, say from: openssl rand -hex 16"


def _remembered(table: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """A verifier, kept for the tenants that ask for it by name."""
    verifier = read(table)
    if isinstance(info.context, ConfigSource):
        info.context.verifiers[verifier.name] = verifier
    return verifier


def _told(name: str, table: Any, own: Mapping[str, Any]) -> Any:
    return {"name": name, **own} | table if isinstance(table, dict) else table


class Settings(SettingsTable):
    """Everything that can be configured.

    Attributes:
        server, privacy, monitoring, telemetry: of the service as a whole.
        verifiers: all that there are, by name.
        ledger: the pattern for every tenant's own; ``None`` for none.
        gate: of every tenant that has none of its own.
        tenants: by name, in the order of the file.
    """

    server: ServerSettings = ServerSettings()
    privacy: PrivacySettings = PrivacySettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    verifiers: Mapping[
        str, Annotated[Annotated[Verifier, Field(discriminator="kind")], WrapValidator(_remembered)]
    ] = {}
    ledger: LedgerSettings | None = None
    gate: GateSettings = GateSettings()
    tenants: Mapping[str, TenantSettings] = {}

    @field_validator("verifiers", "tenants", mode="before")
    @classmethod
    def _are_told(cls, tables: Any, info: ValidationInfo) -> Any:
        """Each its name, and a tenant the gate and the ledger of the pattern, unless it has its own."""
        if not isinstance(tables, dict):
            return tables
        known = info.data if info.field_name == "tenants" else {}
        gate = {"gate": known["gate"]} if "gate" in known else {}
        pattern: LedgerSettings | None = known.get("ledger")
        ledgers = {name: {} if pattern is None else {"ledger": pattern.of(name)} for name in tables}
        return {name: _told(name, table, gate | ledgers[name]) for name, table in tables.items()}

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:  # noqa: ARG003 - asks nothing else
        """What tenants must be to one another."""
        if key in ("verifiers", "tenants") and (other := [name for name, one in value.items() if one.name != name]):
            yield f"{other[0]} is called by the name of its table; it has no key for another"
        if key != "tenants":
            return
        ledgers = [tenant.ledger for tenant in value.values() if tenant.ledger is not None]
        for part in LedgerSettings.model_fields:
            if first_repeated(found for ledger in ledgers if (found := getattr(ledger, part)) is not None):
                yield f"no two share a record: each needs its own {part} of a ledger, say with {_PLACE} in it"
        _keyring(value.values())

    @property
    def keyring(self) -> Keyring:
        """Every tenant's keys."""
        return _keyring(self.tenants.values())


def needs_restart(old: Settings, new: Settings) -> tuple[str, ...]:
    """What changed that only a new process can apply, by its place in the file.

    A socket and a tracer are opened once; a monitor keeps the windows it was built with; and a vault in memory would lose its
    values by being made anew.
    """
    pairs: list[tuple[str, object, object, Iterable[str]]] = [
        ("server", old.server, new.server, ("host", "port")),
        ("telemetry", old.telemetry, new.telemetry, TelemetrySettings.model_fields),
        ("monitoring", old.monitoring.monitor, new.monitoring.monitor, [f.name for f in fields(MonitorSettings)]),
    ]
    if old.privacy.vault is None and new.privacy.vault is None:
        pairs.append(("privacy", old.privacy.limits, new.privacy.limits, [f.name for f in fields(VaultLimits)]))
    return tuple(
        f"[{table}] {key}"
        for table, before, after, keys in pairs
        for key in keys
        if getattr(before, key) != getattr(after, key)
    )


def _keyring(tenants: Iterable[TenantSettings]) -> Keyring:
    return Keyring(tuple(key for tenant in tenants for key in tenant.keys))


def _is_short(key: Secret) -> bool:
    return len(key.reveal().encode()) < 16
