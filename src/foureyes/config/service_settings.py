"""What can be configured of the service as a whole: where it listens, personal data, monitoring, traces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field

from foureyes.config.fields import Address, FilePath, Inline, Known, SecretValue, SettingsTable, Text, is_short
from foureyes.http.addresses import objection
from foureyes.monitoring.settings import MonitorSettings
from foureyes.privacy import VaultLimits

__all__ = ["MonitoringSettings", "PrivacySettings", "ServerSettings", "TelemetrySettings"]

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
            case "webhook_key" if value is not None and is_short(value):
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
