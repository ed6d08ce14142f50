"""A restart neither lifts a suspension nor forgets why."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench.asgi import call
from foureyes.calibration import Threshold
from foureyes.config import NewKey, Reloader, new_key
from foureyes.errors import ConfigError, LedgerError, LedgerTampered
from foureyes.guard.gate import ActionOutcome, AgentGate
from foureyes.ledger import Signer
from foureyes.monitoring import Monitor
from foureyes.service.configured import ConfiguredService
from foureyes.service.maintenance import maintain, maintain_forever
from foureyes.service.persistence import StateStore
from tests.service.promised import CALM, CONFIGURED, DRIFTED, NAME, PROMISED, Serving, drift

KEPT = CONFIGURED.replace("[monitoring]", '[monitoring]\nstate = "state"')

RECORDED = """
[monitoring]
state = "state"

[verifiers.nobody]
kind = "judge"
provider = "nowhere"
model = "nobody"
base_url = "http://127.0.0.1:1/v1"

[ledger]
url = "sqlite:{tenant}.db"
key_file = "{tenant}.key"
witness = "{tenant}.seen"

[tenants.acme]
pii = "off"
salt_env = "SALT"
"""
OTHER = "[tenants.other]\npii = 'off'\nsalt_env = 'SALT'\n"


def suspended(folder: Path) -> NewKey:
    """A run in which drift suspended the promise, from start to stop."""
    serving = Serving(folder, KEPT)
    drift(serving)
    asyncio.run(serving.stop())
    return serving.key


def again(folder: Path, key: NewKey, configured: str = KEPT, threshold: Threshold = PROMISED) -> Serving:
    """The next run."""
    return Serving(folder, configured, key=key, threshold=threshold)


def test_a_suspension_outlives_a_restart_until_it_is_acknowledged(tmp_path: Path) -> None:
    serving = again(tmp_path, suspended(tmp_path))
    assert NAME in serving.alarms()
    assert serving.verify("calm0")["votes"][0]["verdict"] == "abstain"
    assert serving.call("POST", "/v1/monitoring/acknowledge", f'{{"key": "{NAME}"}}'.encode()).status == 200
    assert all(serving.verify(word)["safe"] for word in DRIFTED)
    asyncio.run(serving.stop())


def test_other_windows_begin_anew_and_the_suspension_stays(tmp_path: Path) -> None:
    key = suspended(tmp_path)
    serving = again(tmp_path, key, KEPT.replace("[monitoring]", "[monitoring]\nwindow_size = 50"))
    assert serving.call("GET", "/v1/monitoring").json()["monitor"]["total"] == 0
    assert NAME in serving.alarms()
    assert serving.verify("calm0")["safe"] is False
    asyncio.run(serving.stop())


def test_a_new_threshold_renews_the_promise_over_a_restart(tmp_path: Path) -> None:
    serving = again(tmp_path, suspended(tmp_path), threshold=replace(PROMISED, limit=0.1))
    assert NAME not in serving.alarms()
    assert serving.verify("calm0")["safe"] is True
    asyncio.run(serving.stop())


def test_without_a_folder_a_restart_forgets(tmp_path: Path) -> None:
    serving = again(tmp_path, suspended(tmp_path), CONFIGURED)
    assert serving.verify("calm0")["safe"] is True
    asyncio.run(serving.stop())


def test_a_broken_file_keeps_the_service_from_starting_and_stays_where_it_is(tmp_path: Path) -> None:
    key = suspended(tmp_path)
    saved = tmp_path / "state" / "acme.json"
    broken = saved.read_bytes()[:-50]
    saved.write_bytes(broken)
    with pytest.raises(ConfigError, match=r"acme.json"):
        again(tmp_path, key)
    assert saved.read_bytes() == broken


def test_a_process_that_is_killed_forgets_no_suspension(tmp_path: Path) -> None:
    serving = Serving(tmp_path, KEPT)
    drift(serving)
    asyncio.run(maintain(serving.app.state.foureyes))
    killed = again(tmp_path, serving.key)
    assert NAME in killed.alarms()
    assert killed.verify("calm0")["safe"] is False
    for one in (serving, killed):
        asyncio.run(one.stop())


def test_nothing_is_written_as_long_as_no_alarm_comes_or_goes(tmp_path: Path) -> None:
    serving, saved = Serving(tmp_path, KEPT), tmp_path / "state" / "acme.json"
    for word in list(CALM)[:5]:
        serving.verify(word)
    asyncio.run(maintain(serving.app.state.foureyes))
    assert not saved.exists()
    drift(serving)
    asyncio.run(maintain(serving.app.state.foureyes))
    written = saved.read_bytes()
    serving.verify("calm0")
    asyncio.run(maintain(serving.app.state.foureyes))
    assert saved.read_bytes() == written
    serving.call("POST", "/v1/monitoring/acknowledge", f'{{"key": "{NAME}"}}'.encode())
    asyncio.run(maintain(serving.app.state.foureyes))
    assert saved.read_bytes() != written
    asyncio.run(serving.stop())


def test_rounds_go_on_until_the_service_ends(tmp_path: Path) -> None:
    serving = Serving(tmp_path, KEPT)
    drift(serving)

    async def rounds() -> None:
        rounds_going_on = asyncio.create_task(maintain_forever(serving.app.state.foureyes, every_s=0.0))
        for _ in range(1000):
            await asyncio.sleep(0)
        rounds_going_on.cancel()
        with pytest.raises(asyncio.CancelledError):
            await rounds_going_on
        assert (tmp_path / "state" / "acme.json").exists()

    asyncio.run(rounds())
    asyncio.run(serving.stop())


def test_a_tenant_that_cannot_be_written_is_told_of_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = Serving(tmp_path, KEPT + "[tenants.other]\npii = 'off'\n")
    (tmp_path / "state" / "acme.new").mkdir()
    serving.app.state.foureyes.save(serving.app.state.foureyes.tenants)
    assert [file.name for file in (tmp_path / "state").glob("*.json")] == ["other.json"]
    assert '"saved":false' in capsys.readouterr().err
    asyncio.run(serving.stop())


def test_a_new_tenant_whose_file_is_broken_changes_nothing(tmp_path: Path) -> None:
    serving = Serving(tmp_path, KEPT)
    before = serving.app.state.foureyes.parts
    (tmp_path / "state" / "other.json").write_text("{")
    serving.built = serving.build("[tenants.other]\npii = 'off'\n")
    with pytest.raises(ConfigError, match=r"other.json"):
        serving.app.state.foureyes.replace(serving.parts())
    assert serving.app.state.foureyes.parts is before
    assert [tenant.name for tenant in serving.app.state.foureyes.tenants] == ["acme"]
    asyncio.run(serving.stop())


def test_a_tenant_that_goes_is_written_down_and_comes_back_as_it_was(tmp_path: Path) -> None:
    more = "[tenants.other]\npii = 'off'\n"
    serving = Serving(tmp_path, KEPT)
    serving.configured += more
    serving.reload()
    serving.app.state.foureyes.tenant("other").gate.report("agent-7", ActionOutcome(correct=False, harmful=True))
    serving.configured = KEPT
    serving.reload()
    assert [tenant.name for tenant in serving.app.state.foureyes.tenants] == ["acme"]
    serving.configured += more
    serving.reload()
    assert serving.app.state.foureyes.tenant("other").gate.record("agent-7").risk == 1
    asyncio.run(serving.stop())


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")
def test_nobody_else_may_read_what_is_saved(tmp_path: Path) -> None:
    StateStore(tmp_path).save("acme", AgentGate(), Monitor())
    assert (tmp_path / "acme.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "null", "[" * 100_000, '{"gate": 1, "monitor": 2}', '{"gate": "{}"}']
)
def test_what_is_no_saved_state_is_refused(tmp_path: Path, broken: str) -> None:
    (tmp_path / "acme.json").write_text(broken)
    with pytest.raises(ConfigError, match=r"acme.json: move it away to begin anew"):
        StateStore(tmp_path).load("acme")
    assert (tmp_path / "acme.json").read_text() == broken


def test_a_reload_is_refused_while_a_memory_is_broken_and_applied_afterwards(tmp_path: Path) -> None:
    key = new_key("acme", {"admin"})
    for tenant in ("acme", "other"):
        Signer.generate(f"example.com/{tenant}").save(tmp_path / f"{tenant}.key")
    file = tmp_path / "foureyes.toml"
    file.write_text(RECORDED + key.toml)
    service = ConfiguredService.open(Reloader(file, {"SALT": "a salt of sixteen bytes"}))

    async def scene() -> tuple[list[int], list[str]]:
        broken, statuses = tmp_path / "state" / "other.json", []
        broken.write_text("{")
        file.write_text(RECORDED + key.toml + OTHER)
        for _ in range(2):
            await service.check()
            statuses.append((await call(service.app, "GET", "/readyz")).status)
            broken.unlink(missing_ok=True)
        names = [tenant.name for tenant in service.app.state.foureyes.tenants]
        async with service.app.router.lifespan_context(service.app):
            pass
        return statuses, names

    assert asyncio.run(scene()) == ([503, 200], ["acme", "other"])


def test_a_record_is_shown_to_its_witness_while_it_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for tenant in ("acme", "other"):
        Signer.generate(f"example.com/{tenant}").save(tmp_path / f"{tenant}.key")
    file = tmp_path / "foureyes.toml"
    file.write_text(RECORDED + OTHER)
    service = ConfiguredService.open(Reloader(file, {"SALT": "a salt of sixteen bytes"}))
    acme = service.app.state.foureyes.tenant("acme").parts.ledger

    def seen(tenant: str) -> str:
        return (tmp_path / f"{tenant}.seen").read_text().splitlines()[1]

    async def scene() -> None:
        acme.append("verified", {"safe": True}).result()
        await maintain(service.app.state.foureyes)
        assert (seen("acme"), seen("other")) == ("1", "0")
        (tmp_path / "acme.seen").write_text("not a checkpoint")
        service.app.state.foureyes.tenant("other").parts.ledger.append("verified", {"safe": True}).result()
        await maintain(service.app.state.foureyes)
        assert seen("other") == "1"
        ready = await call(service.app, "GET", "/readyz")
        assert (ready.status, list(ready.json()["not_ready"])) == (503, ["ledger"])
        with pytest.raises(LedgerTampered):
            acme.append("verified", {"safe": True})
        (tmp_path / "acme.seen").unlink()
        async with service.app.router.lifespan_context(service.app):
            pass

    asyncio.run(scene())
    assert '"error":"LedgerTampered"' in capsys.readouterr().err


def test_what_a_change_left_behind_is_closed_at_the_latest_when_the_service_ends(tmp_path: Path) -> None:
    Signer.generate("example.com/acme").save(tmp_path / "acme.key")
    file = tmp_path / "foureyes.toml"
    file.write_text(RECORDED)
    service = ConfiguredService.open(Reloader(file, {"SALT": "a salt of sixteen bytes"}))
    before = service.app.state.foureyes.tenant("acme").parts.ledger

    async def scene() -> None:
        file.write_text(RECORDED.replace("sqlite:{tenant}.db", "sqlite:moved-{tenant}.db").replace(".seen", ".seen2"))
        async with service.app.router.lifespan_context(service.app):
            await service.check()
            before.append("verified", {"safe": True}).result()  # a request may still be working with it

    asyncio.run(scene())
    with pytest.raises(LedgerError, match="closed"):
        before.append("verified", {"safe": True})
