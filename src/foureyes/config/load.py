"""From a file and the environment to :class:`~foureyes.config.settings.Settings`: the file as a whole.

The file says everything but secrets; those it names, by the environment variable or the file they are in. All mistakes of a
file are reported together, and no settings come out of a file with one. docs/configuration.md shows every key; verifiers
and tenants have modules of their own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from foureyes.config.settings import (
    MonitoringSettings,
    PrivacySettings,
    ReaderVerifier,
    ServerSettings,
    Settings,
    TelemetrySettings,
)
from foureyes.config.table import FLAG, TEXT, Problems, Table, number, whole
from foureyes.config.tenants import read_tenants
from foureyes.config.verifiers import read_verifiers
from foureyes.errors import ConfigError
from foureyes.http.addresses import objection

__all__ = ["VARIABLE", "load"]

VARIABLE: Final = "FOUREYES_CONFIG"
"""Environment variable that names the file where no path is given."""

_LARGEST_FILE: Final = 4 << 20
_DAY_S: Final = 86_400.0


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Reads the configuration.

    Args:
        path: the TOML file; ``None`` for the one that :data:`VARIABLE` names, or for defaults where it names none.
        environ: the environment, in which secrets may be.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has mistakes: each with its table, its key, what was got
            and what was wanted. Secrets are in no message.

    Example:
        >>> load(None, {}).server.host
        '127.0.0.1'
    """
    if path is None and not environ.get(VARIABLE):
        return Settings()
    path = Path(environ[VARIABLE]) if path is None else path
    problems = Problems(str(path), path.parent, environ)
    root = Table(_document(path), "", problems)
    server, privacy = _server(root.table("server")), _privacy(root.table("privacy"))
    monitoring, telemetry = _monitoring(root.table("monitoring")), _telemetry(root.table("telemetry"))
    verifiers = read_verifiers(root)
    tenants = read_tenants(root, verifiers)
    root.done()
    problems.check()
    read = [verifier for verifier in verifiers.values() if isinstance(verifier, ReaderVerifier)]
    fitted = [file for verifier in read for file in (verifier.calibrator, verifier.threshold) if file]
    return Settings(server, tenants, privacy, monitoring, telemetry, (path, *problems.files, *fitted))


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if len(raw) > _LARGEST_FILE:
        raise ConfigError(f"{path} is larger than {_LARGEST_FILE} bytes, which no configuration is")
    try:
        return tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        said = error if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8 text, or nested too deeply"
        raise ConfigError(f"{path} is not TOML: {said}") from error


def _server(table: Table) -> ServerSettings:
    usual = ServerSettings()
    server = ServerSettings(
        host=table.take("host", TEXT, usual.host),
        port=table.take("port", whole(0, 65_535), usual.port),
        max_body_bytes=table.take("max_body_bytes", whole(1_024, 1 << 30), usual.max_body_bytes),
        body_timeout_s=table.take("body_timeout_s", number(0, 600, above=True), usual.body_timeout_s),
        max_in_flight=table.take("max_in_flight", whole(1, 100_000), usual.max_in_flight),
        batch_parallel=table.take("batch_parallel", whole(1, 1_000), usual.batch_parallel),
    )
    table.done()
    return server


def _privacy(table: Table) -> PrivacySettings:
    usual = PrivacySettings()
    privacy = PrivacySettings(
        vault=table.path("vault"),
        key=table.secret("key"),
        ttl_s=table.take("ttl_s", number(0, 3_660 * _DAY_S, above=True), usual.ttl_s),
        max_sessions=table.take("max_sessions", whole(1, 10**8), usual.max_sessions),
        max_values=table.take("max_values", whole(1, 10**6), usual.max_values),
        min_score=table.take("min_score", number(0, 1, above=True), usual.min_score),
        pipeline=table.take("pipeline", TEXT, usual.pipeline),
    )
    if privacy.vault is not None and privacy.key is None:
        table.wrong("vault", "a vault in files needs a key: name it with key_env or key_file")
    if privacy.key is not None and _bytes(privacy.key.reveal()) < 32:
        table.wrong("key", "wanted at least 64 hexadecimal digits, say from: openssl rand -hex 32")
    table.done()
    return privacy


def _monitoring(table: Table) -> MonitoringSettings:
    usual = MonitoringSettings()
    share = number(0, 1, above=True)
    monitoring = MonitoringSettings(
        window_size=table.take("window_size", whole(1, 100_000), usual.window_size),
        window_s=table.take("window_s", number(0, 366 * _DAY_S, above=True), usual.window_s),
        bucket_s=table.take("bucket_s", number(0, _DAY_S, above=True), usual.bucket_s),
        buckets=table.take("buckets", whole(1, 10_000), usual.buckets),
        alpha=table.take("alpha", share, usual.alpha),
        run_length=table.take("run_length", number(1, 1e12, above=True), usual.run_length),
        max_error_rate=table.take("max_error_rate", share, usual.max_error_rate),
        max_disagreement=table.maybe("max_disagreement", share),
        max_flag_rate=table.maybe("max_flag_rate", share),
        webhook=_address(table, "webhook"),
        webhook_key=table.secret("webhook_key"),
        state=table.path("state"),
    )
    if monitoring.webhook is not None and monitoring.webhook_key is None:
        table.wrong("webhook", "alarms are signed: name a key with webhook_key_env or webhook_key_file")
    if monitoring.webhook_key is not None and len(monitoring.webhook_key.reveal().encode()) < 16:
        table.wrong("webhook_key", "wanted at least 16 bytes")
    table.done()
    return monitoring


def _telemetry(table: Table) -> TelemetrySettings:
    usual = TelemetrySettings()
    telemetry = TelemetrySettings(_address(table, "endpoint"), table.take("service_name", TEXT, usual.service_name))
    table.done()
    return telemetry


def _address(table: Table, key: str) -> str | None:
    allow_http = table.take("allow_http", FLAG, default=False)
    url = table.maybe(key, TEXT)
    if url is not None and (wrong := objection(url, allow_http=allow_http)):
        table.wrong(key, wrong)
    return url


def _bytes(digits: str) -> int:
    """How many bytes hexadecimal digits stand for; 0 for anything else."""
    try:
        return len(bytes.fromhex(digits))
    except ValueError:
        return 0
