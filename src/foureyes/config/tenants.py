"""The tables ``[tenants.NAME]``, their keys, and ``[ledger]``, which is the pattern for every tenant's own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from foureyes.config.keys import TENANT_NAME, ApiKey, Keyring, Right
from foureyes.config.secret import Secret
from foureyes.config.settings import LedgerSettings, TenantLimits, TenantSettings, Verifier
from foureyes.config.table import FLAG, MOMENT, TEXT, TEXTS, Kind, Table, number, one_of, several_of, whole
from foureyes.errors import InputError
from foureyes.privacy import COUNTRIES

__all__ = ["read_tenants"]

_PLACE: Final = "{tenant}"
_COUNTRIES: Final[Kind[frozenset[str]]] = several_of(*COUNTRIES)
_SCOPES: Final[Kind[frozenset[Right]]] = several_of("verify", "audit", "admin")


def read_tenants(root: Table, verifiers: Mapping[str, Verifier]) -> tuple[TenantSettings, ...]:
    """Every tenant, in the order of the file; mistakes go to the table's problems."""
    shared = root.table("ledger")
    pattern = _ledger(shared)
    tenants = tuple(_tenant(name, table, verifiers, pattern) for name, table in root.tables("tenants"))
    ledgers = [tenant.ledger for tenant in tenants if tenant.ledger is not None]
    for key in ("url", "key_file", "witness"):
        named = [value for ledger in ledgers if (value := getattr(ledger, key)) is not None]
        if len(set(named)) < len(named):
            shared.wrong(key, f"tenants do not share a record: each needs its own {key}, say with {_PLACE} in it")
    try:
        Keyring(tuple(key for tenant in tenants for key in tenant.keys))
    except InputError as error:
        root.wrong("tenants", str(error))
    return tenants


def _tenant(
    name: str, table: Table, verifiers: Mapping[str, Verifier], pattern: LedgerSettings | None
) -> TenantSettings:
    usual = TenantSettings(name)
    if not TENANT_NAME.fullmatch(name):
        table.wrong("name", f"a tenant's name is up to 64 letters, digits, - and _; got {name[:80]!r}")
    countries = table.take("countries", _COUNTRIES, frozenset(usual.countries))
    own = _ledger(table.table("ledger")) if table.has("ledger") else None
    tenant = TenantSettings(
        name,
        keys=_keys(name, table),
        verifiers=_chosen(table, verifiers),
        quorum=table.take("quorum", whole(1, 1_000), usual.quorum),
        deadline_s=table.take("deadline_s", number(0, 600, above=True), usual.deadline_s),
        record_s=table.take("record_s", number(0, 600, above=True), usual.record_s),
        mode=table.take("mode", one_of("enforce", "observe"), usual.mode),
        limits=_limits(table),
        pii=table.take("pii", one_of("off", "patterns", "names"), usual.pii),
        countries=tuple(sorted(countries)),
        salt=table.secret("salt"),
        ledger=own or _for_tenant(pattern, name),
        show_texts=table.take("show_texts", FLAG, default=False),
    )
    _check(tenant, table)
    table.done()
    return tenant


def _check(tenant: TenantSettings, table: Table) -> None:
    """What values must be to one another."""
    names = [(verifier.provider, verifier.model) for verifier in tenant.verifiers]
    if not names:
        table.wrong("verifiers", "a tenant needs at least one verifier; got none")
    elif tenant.quorum > len(names):
        table.wrong("quorum", f"{tenant.quorum} of {len(names)} verifiers can never vote: nothing would be safe")
    if twice := next((name for name in names if names.count(name) > 1), None):
        table.wrong("verifiers", f"each needs its own provider and model; two are {twice[0]} {twice[1]}")
    if tenant.record_s >= tenant.deadline_s:
        table.wrong("record_s", f"wanted less than deadline_s, {tenant.deadline_s:g}; got {tenant.record_s:g}")
    if tenant.ledger is not None and tenant.salt is None:
        table.wrong("salt", "the ledger's hashes of texts need a salt: name it with salt_env or salt_file")
    if tenant.salt is not None and len(tenant.salt.reveal().encode()) < 16:
        table.wrong("salt", "wanted at least 16 bytes, say from: openssl rand -hex 16")


def _chosen(table: Table, verifiers: Mapping[str, Verifier]) -> tuple[Verifier, ...]:
    chosen = table.take("verifiers", TEXTS, tuple(verifiers))
    for name in chosen:
        if name not in verifiers:
            near = difflib.get_close_matches(name, verifiers, n=1) or list(verifiers)
            table.wrong("verifiers", f"no verifier is called {name!r}; there are {', '.join(near) or 'none'}")
    return tuple(verifiers[name] for name in chosen if name in verifiers)


def _limits(table: Table) -> TenantLimits:
    usual = TenantLimits()
    return TenantLimits(
        per_minute=table.maybe("requests_per_minute", number(0, 1e9, above=True)),
        burst=table.take("burst", whole(1, 10**6), usual.burst),
        per_day=table.maybe("requests_per_day", whole(0, 10**12)),
    )


def _keys(tenant: str, table: Table) -> tuple[ApiKey, ...]:
    found: list[ApiKey] = []
    for row in table.rows("keys"):
        values = (
            row.need("id", TEXT),
            row.need("sha256", TEXT),
            row.need("scopes", _SCOPES),
        )
        valid = (row.maybe("not_before", MOMENT), row.maybe("expires", MOMENT))
        row.done()
        try:
            found.append(ApiKey(tenant, *values, *valid))
        except InputError as error:
            row.problems.note(f"[[{row.name}]]", str(error))
    return tuple(found)


def _ledger(table: Table) -> LedgerSettings | None:
    url, key_file, witness = _url(table), table.path("key_file"), table.path("witness")
    table.done()
    if url is not None and key_file is not None:
        return LedgerSettings(url, key_file, witness)
    if url is not None or key_file is not None or witness is not None:
        table.wrong("key_file" if key_file is None else "url", "missing; a ledger needs url and key_file")
    return None


def _url(table: Table) -> Secret | None:
    """An address without a password may stand in the file; one with a password is a secret like others."""
    if not table.has("url"):
        return table.secret("url")
    url = table.need("url", TEXT)
    if not url.startswith(("sqlite:", "postgresql://", "postgres://")):
        table.wrong("url", "wanted sqlite:/path or postgresql://…; got something else, not shown")
    elif ":" in urlsplit(url).netloc.rpartition("@")[0]:
        table.wrong("url", "it holds a password: name it with url_env or url_file")
    scheme, _, path = url.partition(":")
    return Secret(f"{scheme}:{table.problems.folder / path}" if scheme == "sqlite" else url)


def _for_tenant(pattern: LedgerSettings | None, tenant: str) -> LedgerSettings | None:
    if pattern is None:
        return None
    url = Secret(pattern.url.reveal().replace(_PLACE, tenant), source=pattern.url.source)
    witness = None if pattern.witness is None else _named(pattern.witness, tenant)
    return replace(pattern, url=url, key_file=_named(pattern.key_file, tenant), witness=witness)


def _named(path: Path, tenant: str) -> Path:
    return Path(str(path).replace(_PLACE, tenant))
