"""An application says whether it can follow what replicas share."""

from __future__ import annotations

import asyncio
from io import StringIO

from bench.asgi import call
from foureyes.config import Keyring
from foureyes.config.parts import Parts, TenantParts
from foureyes.guard import Council, CouncilMember, Guard
from foureyes.models.scripted import ScriptedJudge
from foureyes.service.app import create_app
from foureyes.service.app_state import Instruments
from foureyes.service.event_json import encode
from foureyes.service.logs import open_log
from foureyes.service.wire.health import NOT_READY
from foureyes.shared_state.journal import EventBatch, Place
from foureyes.shared_state.store import SharedStore
from tests.service.journal_events import verified
from tests.shared_state.conftest import postgres_url, store

__all__ = ["postgres_url", "store"]

RAW = encode(verified("v"), texts=False)


def ready(store: SharedStore, event: bytes) -> dict[str, str]:
    """What is not ready in an application that reads this event."""
    store.load("acme")
    store.turn("acme", Place(), EventBatch([event]))
    tenant = TenantParts(Guard(Council([CouncilMember(ScriptedJudge("safe", name="a"))])))
    app = create_app(Parts(Keyring(()), {"acme": tenant}, shared=store), Instruments(log=open_log(StringIO())))

    async def scene() -> dict[str, str]:
        state = app.state.foureyes
        await state.sharing.follow(state.shared_tenants)
        reply = await call(app, "GET", "/readyz")
        await state.sharing.close(state.shared_tenants)
        assert (reply.status == 200) == reply.json()["ready"]
        missing: dict[str, str] = reply.json()["not_ready"]
        return missing

    return asyncio.run(scene())


def test_it_is_ready_when_it_can_read_what_others_wrote(store: SharedStore) -> None:
    assert ready(store, RAW) == {}


def test_it_is_not_ready_when_a_newer_version_wrote_it(store: SharedStore) -> None:
    newer = RAW.replace(b'"format":1', b'"format":2')
    assert ready(store, newer) == {"version": NOT_READY["version"]}


def test_a_broken_row_of_one_tenant_keeps_no_other_from_being_served(store: SharedStore) -> None:
    assert ready(store, b"broken") == {}
