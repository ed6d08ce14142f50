"""A whole service in this process: real guard, ledger, vault, monitor and gate; only the verifiers follow a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Self

import pytest

from bench.asgi import Reply, call
from foureyes.choices import KeyScope
from foureyes.config import Keyring, ServerSettings, new_key
from foureyes.config.keys import NewKey
from foureyes.config.parts import Parts, TenantParts
from foureyes.guard import Council, CouncilMember, Guard, Timing
from foureyes.ledger import Ledger, Signer
from foureyes.ledger.sqlite import SqliteStore
from foureyes.models.roles import Judge
from foureyes.models.scripted import ScriptedJudge
from foureyes.privacy import PatternDetector, Vault
from foureyes.service.app import create_app
from foureyes.service.app_state import Instruments
from foureyes.service.logs import open_log
from foureyes.types.votes import VoteVerdict

SCOPES: tuple[KeyScope, ...] = ("verify", "route", "report", "audit", "resume", "admin")


class House:
    """Parts of a service that tests can look into, and change before they call it."""

    def __init__(self, folder: Path, verdicts: Sequence[VoteVerdict] = ("safe", "safe", "unsafe")) -> None:
        self.folder = folder
        self._log = StringIO()
        self.now = 1_800_000_000.0
        self.keys: dict[str, NewKey] = {scope: new_key("acme", {scope}) for scope in SCOPES}
        self.ledger = Ledger.open(SqliteStore(folder / "ledger.db"), signer=Signer.generate("example.com/acme"))
        self.vault = Vault.open()
        self.judges: list[Judge] = [ScriptedJudge(v, name=name) for v, name in zip(verdicts, "abcdefgh", strict=False)]
        self.parts = self._parts()
        self.app: Any = create_app(
            self.parts, Instruments(log=open_log(self._log), clock=lambda: self.now, wall_clock=lambda: self.now)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()
        self.vault.close()

    @property
    def state(self) -> Any:
        return self.app.state.foureyes

    def change(
        self, *, server: ServerSettings | None = None, judges: Sequence[Judge] | None = None, **tenant: Any
    ) -> None:
        """Puts other parts in force, as a reload would."""
        self.judges = list(judges or self.judges)
        tenant.setdefault("guard", self.guard())
        changed = replace(self.state.parts.tenants["acme"], **tenant)
        self.state.replace(
            replace(self.state.parts, tenants={"acme": changed}, server=server or self.state.parts.server)
        )

    def guard(self, *, council_s: float = 5.0, **options: Any) -> Guard:
        """A guard of the judges, whose council has so many seconds."""
        options.setdefault("recorder", Recording(self.ledger))
        council = Council([CouncilMember(judge) for judge in self.judges], deadline_s=council_s)
        return Guard(council, timing=Timing(1.6 * council_s, 0.4 * council_s), **options)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "admin",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request with the key of a scope; ``None`` for no key."""
        return asyncio.run(self.acall(method, path, body, key=key, headers=headers))

    async def acall(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "admin",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {} if key is None else {"authorization": f"Bearer {self.keys[key].presented}"}
        if body is not None:
            sent["content-type"] = "application/json"
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return await call(self.app, method, path, raw, {**sent, **(headers or {})})

    @property
    def log(self) -> StringIO:
        return self._log

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def _parts(self) -> Parts:
        keyring = Keyring(tuple(key.stored for key in self.keys.values()), clock=lambda: self.now)
        tenant = TenantParts(self.guard(), ledger=self.ledger, vault=self.vault, detector=detector())
        return Parts(keyring, {"acme": tenant})


@cache
def detector() -> PatternDetector:
    """Made once: compiling all its patterns takes a while."""
    return PatternDetector()


class Recording:
    """A ledger under one salt."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.clear_reasons = False

    def text_hash(self, _: str, text: str) -> str:
        from foureyes.ledger import text_hash

        return text_hash(text, b"a salt of sixteen bytes")

    def append(self, event: str, payload: Mapping[str, Any]) -> Any:
        return self._ledger.append(event, payload)


@pytest.fixture(name="house")
def open_house(tmp_path: Path) -> Iterator[House]:
    """One tenant with three scripted verifiers, a ledger, a vault and keys of every scope."""
    with House(tmp_path) as house:
        yield house
