"""What outlives a restart: agents' records and monitors, and nothing half written."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from foureyes.errors import ConfigError
from foureyes.guard.gate import ActionOutcome, AgentGate
from foureyes.monitoring import Monitor
from foureyes.service.app import create_app
from foureyes.service.persistence import StateStore
from tests.service.house import House, open_house

__all__ = ["open_house"]


async def lived(app: object) -> None:
    """From start to stop."""
    async with app.router.lifespan_context(app):  # type: ignore[attr-defined] - a FastAPI application
        pass


def test_records_and_figures_outlive_a_restart(house: House) -> None:
    parts = replace(house.state.parts, state=house.folder)
    first = create_app(parts)
    for _ in range(40):
        first.state.foureyes.tenant("acme").gate.report("agent-7", ActionOutcome(correct=True))
    asyncio.run(lived(first))
    second = create_app(parts)
    assert second.state.foureyes.tenant("acme").gate.decide("agent-7").action == "allow"
    assert second.state.foureyes.tenant("acme").monitor.snapshot(0.0)["total"] == 0


def test_without_a_store_everything_begins_anew(house: House) -> None:
    asyncio.run(lived(create_app(house.state.parts)))
    assert list(house.folder.glob("*.json")) == []


def test_a_broken_file_stops_the_service_from_starting(house: House) -> None:
    (house.folder / "acme.json").write_text('{"gate": "{}"')
    with pytest.raises(ConfigError, match="move it away to begin anew"):
        create_app(replace(house.state.parts, state=house.folder))


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    store.save("acme", AgentGate(), Monitor())
    before = (tmp_path / "acme.json").read_bytes()
    (tmp_path / "acme.new").mkdir()
    with pytest.raises(ConfigError, match="cannot save what is known of acme"):
        store.save("acme", AgentGate(), Monitor())
    assert (tmp_path / "acme.json").read_bytes() == before
