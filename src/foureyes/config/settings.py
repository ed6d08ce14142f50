"""What can be configured: one class a table of the file, one attribute a key, its limits beside it.

Here are the file as a whole and its tenants; tables of their own modules are those of the service
(:mod:`foureyes.config.service_settings`), of verifiers and of the gate.

Defaults are for one machine and no outsiders: loopback, no tenants, personal data concealed by its shape. A value that a lower
layer takes as it is (how long a verification may take, what a monitor remembers) is that layer's own class here, so there is
nothing to copy. docs/configuration.md shows every key; :mod:`foureyes.config.load` reads the file. A newcomer starts at
:class:`Settings`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)

from foureyes.choices import GuardMode, PiiPolicy, ReasonPolicy, SegmentPolicy
from foureyes.config.fields import (
    Inline,
    Known,
    SecretValue,
    SettingsTable,
    is_short,
    texts,
)
from foureyes.config.gate_settings import GateSettings
from foureyes.config.keys import TENANT_NAME, ApiKey, Keyring, first_repeated
from foureyes.config.ledger_settings import TENANT_PLACE, LedgerSettings
from foureyes.config.named_verifiers import NamedVerifier, named_verifiers, told
from foureyes.config.route_settings import ServiceRoute
from foureyes.config.service_settings import MonitoringSettings, PrivacySettings, ServerSettings, TelemetrySettings
from foureyes.config.shared_state_settings import SharedStateSettings
from foureyes.config.verifier_settings import Verifier
from foureyes.errors import InputError
from foureyes.guard import Timing
from foureyes.monitoring.settings import MonitorSettings
from foureyes.privacy import COUNTRIES, VaultLimits
from foureyes.privacy.numbering import phone_regions

__all__ = ["LedgerSettings", "RateLimit", "Settings", "TenantSettings", "needs_restart"]


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


class TenantSettings(SettingsTable):
    """Everything about one tenant.

    Attributes:
        name: letters, digits, ``-`` and ``_``.
        keys: its API keys, as hashes.
        verifiers: asked about every answer, each with its own provider and model. None, where the file has routes and
            no verifiers, or the tenant's list is empty: it may ask the routes, and the guard finds nothing safe.
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
        segments: how the segments of a response are checked: ``compared`` by a model, or by ``words`` alone.
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
    segments: SegmentPolicy = "compared"
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
        if source is not None and source.has_routes and (names == [] or not (names or source.named)):
            return ()
        return names if source is None else tuple(named_verifiers(names or source.named, source))

    @field_validator("countries", "phone_regions", mode="before")
    @classmethod
    def _in_order(cls, countries: Any) -> Any:
        return tuple(sorted(set(texts(countries)))) if isinstance(countries, list) else countries

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
            case "salt" if value is not None and is_short(value):
                yield "wanted at least 16 bytes, say from: openssl rand -hex 16"


class Settings(SettingsTable):
    """Everything that can be configured.

    Attributes:
        server, privacy, monitoring, telemetry: of the service as a whole.
        shared_state: what replicas know together of their tenants; ``None`` where each process knows its own.
        verifiers: all that there are, by name.
        ledger: the pattern for every tenant's own; ``None`` for none.
        gate: of every tenant that has none of its own.
        tenants: by name, in the order of the file.
        routes: that tenants may ask, by name.
    """

    server: ServerSettings = ServerSettings()
    privacy: PrivacySettings = PrivacySettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    shared_state: SharedStateSettings | None = None
    verifiers: Mapping[str, NamedVerifier] = {}
    ledger: LedgerSettings | None = None
    gate: GateSettings = GateSettings()
    tenants: Mapping[str, TenantSettings] = {}
    routes: Mapping[str, ServiceRoute] = {}

    @field_validator("verifiers", "tenants", mode="before")
    @classmethod
    def _aretold(cls, tables: Any, info: ValidationInfo) -> Any:
        """Each its name, and a tenant the gate and the ledger of the pattern, unless it has its own."""
        if not isinstance(tables, dict):
            return tables
        known = info.data if info.field_name == "tenants" else {}
        gate = {"gate": known["gate"]} if "gate" in known else {}
        pattern: LedgerSettings | None = known.get("ledger")
        ledgers = {name: {} if pattern is None else {"ledger": pattern.of(name)} for name in tables}
        return {name: told(name, table, gate | ledgers[name]) for name, table in tables.items()}

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """What tenants must be to one another, and that routes are for some that there are."""
        if (
            key == "shared_state"
            and value is not None
            and known.get("monitoring", MonitoringSettings()).state is not None
        ):
            yield "replicas share what [monitoring] state would keep for one process: leave one of them out"
        if key == "routes" and "tenants" in known:
            for name, route in value.items():
                if strangers := sorted(set(route.tenants or ()) - set(known["tenants"])):
                    yield f"{name}: no tenant is called {', '.join(strangers)}; there are {', '.join(known['tenants'])}"
        if key in ("verifiers", "tenants") and (other := [name for name, one in value.items() if one.name != name]):
            yield f"{other[0]} is called by the name of its table; it has no key for another"
        if key != "tenants":
            return
        ledgers = [tenant.ledger for tenant in value.values() if tenant.ledger is not None]
        for part in LedgerSettings.model_fields:
            if first_repeated(found for ledger in ledgers if (found := getattr(ledger, part)) is not None):
                yield f"no two share a record: each needs its own {part} of a ledger, say with {TENANT_PLACE} in it"
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
        ("shared_state", old.shared_state, new.shared_state, SharedStateSettings.model_fields),
        ("monitoring", old.monitoring.monitor, new.monitoring.monitor, [f.name for f in fields(MonitorSettings)]),
    ]
    if old.privacy.vault is None and new.privacy.vault is None:
        pairs.append(("privacy", old.privacy.limits, new.privacy.limits, [f.name for f in fields(VaultLimits)]))
    return tuple(
        f"[{table}] {key}"
        for table, before, after, keys in pairs
        for key in keys
        if getattr(before, key, None) != getattr(after, key, None)
    )


def _keyring(tenants: Iterable[TenantSettings]) -> Keyring:
    return Keyring(tuple(key for tenant in tenants for key in tenant.keys))
