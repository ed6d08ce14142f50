"""Routes in the service's configuration: whose they are, what a reload takes over, and ``foureyes serve`` as a gateway."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from foureyes.calibration import Platt, Source
from foureyes.config import load, new_key
from foureyes.config.wiring import build
from foureyes.errors import ConfigError
from foureyes.models.scripted import ScriptedReader
from foureyes.route.log_reading import read_route_log
from foureyes.route.scripted import completion
from foureyes.service.route_wiring import with_routes
from tests.route.upstreams import Gated, upstream, whole
from tests.service.test_serve import serving, until_logged

READER = ScriptedReader({"Canberra": 0.9, "Sydney": 0.01}, name="scripted")
SURPRISES, RIGHT = [0.1, 0.2, 0.5, 2.0, 3.0, 0.3, 4.0, 2.5], [1, 1, 1, 0, 0, 1, 0, 0]
ROUTE = """
[route]
log = "route.jsonl"

[[writers]]
name = "small"
model = "s"
reports_as = ["scripted"]
base_url = "URL"
price_in = 1
price_out = 2
cut = CUT

[[writers]]
name = "large"
model = "l"
reports_as = ["scripted"]
base_url = "URL"
price_in = 10
price_out = 20

[reader]
reader = "READER"
calibrator = "platt.json"
"""
SERVICE = """
[verifiers.nobody]
kind = "judge"
model = "nobody"
base_url = "http://127.0.0.1:1/v1"

[tenants.acme]
[tenants.other]

[routes.capitals]
file = "route.toml"

[routes.ours]
file = "ours.toml"
tenants = ["acme"]
"""


def configured(folder: Path, *, reader: str = "scripted", url: str = "http://127.0.0.1:1/v1", cut: float = 0.5) -> Path:
    (folder / "platt.json").write_text(Platt.fit(SURPRISES, RIGHT, source=Source("log_cmp", reader)).to_json())
    text = ROUTE.replace("URL", url).replace("READER", reader)
    (folder / "route.toml").write_text(text.replace("CUT", str(cut)))
    (folder / "ours.toml").write_text(text.replace("CUT", "0.5").replace("route.jsonl", "ours.jsonl"))
    (folder / "foureyes.toml").write_text(SERVICE)
    return folder / "foureyes.toml"


def built(file: Path, before: Any = None) -> Any:
    settings = load(file, {})
    return with_routes(build(settings, before=before), settings, before=before, open_reader=lambda _, **__: READER)


def test_the_configuration_on_the_page_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "gateway-openai.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    configured(tmp_path).write_text(block)
    settings = load(tmp_path / "foureyes.toml", {})
    assert list(settings.routes["answers"].tenants or ()) == ["acme"]


def test_a_tenant_has_the_routes_that_are_for_it(tmp_path: Path) -> None:
    tenants = built(configured(tmp_path)).tenants
    assert {name: list(tenant.routes) for name, tenant in tenants.items()} == {
        "acme": ["capitals", "ours"],
        "other": ["capitals"],
    }


def test_a_reload_opens_what_changed_and_keeps_its_log(tmp_path: Path) -> None:
    first = built(configured(tmp_path))
    again = built(configured(tmp_path), first)
    assert again.tenants["acme"].routes == first.tenants["acme"].routes
    changed = built(configured(tmp_path, cut=0.7), again).tenants["acme"].routes
    assert changed["ours"] is first.tenants["acme"].routes["ours"]
    assert changed["capitals"] is not first.tenants["acme"].routes["capitals"]
    assert changed["capitals"]._parts.log is first.tenants["acme"].routes["capitals"]._parts.log


def test_a_calibration_that_was_learnt_anew_is_put_in_force(tmp_path: Path) -> None:
    first = built(configured(tmp_path))
    platt = Platt.fit([*SURPRISES, 0.4], [*RIGHT, 0], source=Source("log_cmp", "scripted"))
    (tmp_path / "platt.json").write_text(platt.to_json())
    again = built(tmp_path / "foureyes.toml", first)
    assert again.tenants["acme"].routes["capitals"] is not first.tenants["acme"].routes["capitals"]


def test_old_routes_are_closed_and_what_is_shared_goes_on(tmp_path: Path) -> None:
    first = built(configured(tmp_path))
    again = built(configured(tmp_path, cut=0.7), first)

    async def replaced() -> None:
        await first.close(but=again)
        again.tenants["acme"].routes["capitals"]._parts.log._append("{}\n")
        await again.close()

    asyncio.run(replaced())
    with pytest.raises(OSError, match="descriptor"):
        again.tenants["acme"].routes["capitals"]._parts.log.close()


def test_a_route_that_cannot_be_opened_is_named_and_leaves_no_lock(tmp_path: Path) -> None:
    file = configured(tmp_path)
    (tmp_path / "ours.toml").write_text((tmp_path / "ours.toml").read_text().replace("platt.json", "other.json"))
    (tmp_path / "other.json").write_text(Platt.fit(SURPRISES, RIGHT, source=Source("cme", "scripted")).to_json())
    with pytest.raises(ConfigError, match=r"\[routes.ours\].*was fitted on"):
        built(file)
    assert built(configured(tmp_path)).tenants["acme"].routes


@pytest.mark.weights
def test_serve_is_a_gateway_that_follows_its_configuration(tmp_path: Path) -> None:
    asyncio.run(_gateway(tmp_path))


async def _gateway(folder: Path) -> None:
    gates = {5: asyncio.Event(), 7: asyncio.Event()}

    def replies(i: int) -> bytes | float | Gated:
        said = whole(200, completion(["Sydney", "Canberra"][(i + (i > 4)) % 2]))
        return 600.0 if i == 4 else (gates[i], said) if i in gates else said

    async with upstream(replies) as server:
        key = new_key("acme", {"admin"})
        file = configured(folder, reader="smollm2-135m", url=server.url, cut=0.999999)
        file.write_text(SERVICE[SERVICE.index("[tenants.acme]") :] + key.toml)  # a gateway only: no verifiers
        with serving("--config", str(file)) as (process, said):
            client = openai.AsyncOpenAI(base_url=f"{said['url']}/v1", api_key=key.presented, max_retries=0)
            asked: Any = {"model": "foureyes/capitals", "messages": [{"role": "user", "content": "Capital?"}]}
            whole_answer = await client.chat.completions.with_raw_response.create(**asked)
            assert whole_answer.parse().choices[0].message.content == "Canberra"
            assert [stage["writer"] for stage in whole_answer.parse().foureyes["stages"]] == ["small", "large"]
            name = whole_answer.headers["x-foureyes-request-id"]
            pieces = [one async for one in await client.chat.completions.create(**asked, stream=True)]
            assert "".join(one.choices[0].delta.content or "" for one in pieces) == "Canberra"
            left = asyncio.create_task(client.chat.completions.create(**asked))
            await _until(lambda: len(server.bodies) == 5)
            left.cancel()
            await _until(lambda: server.hung_up)
            headers = {"Authorization": f"Bearer {key.presented}"}
            async with httpx.AsyncClient(base_url=said["url"], headers=headers) as plain:
                told = await plain.post("/v1/route/outcomes", json={"request_id": name, "correct": True})
                assert told.json() == {"request_id": name, "route": "capitals", "kept": True}
                shown = (await plain.get("/v1/routes")).json()["routes"][0]
                assert (shown["by_action"], shown["hung_up"], shown["right"]) == ({"answer": 2}, 1, 1)
                found = (
                    await plain.post("/v1/guard/verify", json={"prompt": "Capital?", "response": "Canberra"})
                ).json()
                assert (found["safe"], "no verifier" in str(found["votes"])) == (False, True), found
                held = asyncio.create_task(_streamed(client, asked))
                await _until(lambda: len(server.bodies) == 6)
                _rewrite(folder / "route.toml", "0.999999", "0.999998")
                process.send_signal(signal.SIGHUP)
                assert (await asyncio.to_thread(until_logged, process, "configuration"))["applied"]
                gates[5].set()
                assert await held == "Canberra"
                _rewrite(folder / "route.toml", "0.999998", "nonsense")
                process.send_signal(signal.SIGHUP)
                assert not (await asyncio.to_thread(until_logged, process, "configuration"))["applied"]
                assert (await plain.get("/readyz")).status_code == 503
            held = asyncio.create_task(_streamed(client, asked))
            await _until(lambda: len(server.bodies) == 8)
            process.send_signal(signal.SIGTERM)
            gates[7].set()
            assert await held == "Canberra"
            assert await asyncio.to_thread(process.wait, 60) == 0
    logged = read_route_log(folder / "route.jsonl").requests
    assert [request.action for request in logged] == ["answer", "answer", "cancelled", "answer", "answer"]
    assert [stage.failure for stage in logged[2].stages] == ["cancelled"]


async def _streamed(client: openai.AsyncOpenAI, asked: Any) -> str:
    pieces = [one async for one in await client.chat.completions.create(**asked, stream=True)]
    assert pieces[-1].choices[0].finish_reason == "stop"
    return "".join(one.choices[0].delta.content or "" for one in pieces)


def _rewrite(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


async def _until(met: Any) -> None:
    async with asyncio.timeout(90):
        while not met():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
