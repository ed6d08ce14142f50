"""Parts end when the last request that works with them does: not before, and not long after."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.asgi import call, scope_of
from foureyes.config import Reloader, new_key
from foureyes.service.configured import ConfiguredService
from foureyes.service.parts_use import PartsLease, PartsUse
from tests.servers.chat_simulator import ChatSimulator
from tests.service.house import House, open_house

__all__ = ["open_house"]


@given(st.lists(st.sampled_from(["arrive", "end", "change"]), max_size=30))
def test_a_generation_is_over_when_no_request_of_it_or_before_is_left(steps: list[str]) -> None:
    use, here = PartsUse(), list[tuple[int, PartsLease]]()
    for step in steps:
        if step == "arrive":
            here.append((use.generation, use.arrive()))
        elif step == "change":
            use.begin_generation()
        elif here:
            here.pop(0)[1].end()
        for generation in range(use.generation + 1):
            assert use.is_over(generation) == all(number > generation for number, _ in here)


def test_whoever_waits_is_told_once_the_last_has_ended() -> None:
    async def scene() -> list[bool]:
        use = PartsUse()
        early, late = use.arrive(), use.arrive()
        use.begin_generation()
        waiting = [asyncio.create_task(use.wait_for_end(0)) for _ in range(2)]
        told = []
        for lease in (early, early, late):
            lease.end()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            told.append(all(task.done() for task in waiting))
        await use.wait_for_end(0)
        return told

    assert asyncio.run(scene()) == [False, False, True]


CONFIGURATION = """
[server]
batch_parallel = 1

[verifiers.toy]
kind = "judge"
model = "toy"
base_url = "{url}/v1"
form = "{form}"

[tenants.acme]
deadline_s = 60
pii = "off"
"""


def test_a_batch_survives_two_reloads(tmp_path: Path) -> None:
    """The verifier it works with is replaced while its first item waits; the others are asked after that."""
    key, file = new_key("acme", {"verify"}), tmp_path / "foureyes.toml"
    asked, may_answer = threading.Event(), threading.Event()

    def hold(*_: Any) -> bool:
        asked.set()
        return not may_answer.wait(30)

    with ChatSimulator() as server:
        server.trouble = hold

        def write(form: str) -> None:
            file.write_text(CONFIGURATION.format(url=server.url, form=form) + key.toml)

        async def scene() -> tuple[list[Any], int, int]:
            headers = {"authorization": f"Bearer {key.presented}", "content-type": "application/json"}
            body = json.dumps({"items": [{"prompt": "p", "response": f"r{i}"} for i in range(5)]}).encode()
            batch = asyncio.create_task(call(service.app, "POST", "/v1/guard/verify/batch", body, headers))
            await asyncio.to_thread(asked.wait, 30)
            for form in ("schema", "exact"):
                write(form)
                await service.check()
            held = len(service.retiring)
            may_answer.set()
            results = (await batch).json()["results"]
            await asyncio.gather(*service.retiring)
            left = len(service.retiring)
            await service.close()
            return results, held, left

        write("words")
        service = ConfiguredService.open(Reloader(file, {}))
        results, held, left = asyncio.run(scene())
    assert [one["verification"]["safe"] for one in results] == [True] * 5
    assert (held, left) == (2, 0)


@pytest.mark.parametrize("path", ["/v1/events", "/v1/decisions", "/v1/ledger/export"])
def test_what_is_only_to_be_sent_holds_no_parts(house: House, path: str) -> None:
    """It may stay open for days, or its reader be slow; parts must not stay with it."""

    async def scene() -> bool:
        begun = asyncio.Event()

        async def receive() -> Any:
            await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            if message.get("body"):
                begun.set()
                await receive()

        headers = {"x-api-key": house.keys["admin"].presented}
        watching = asyncio.create_task(house.app(scope_of("GET", path, headers), receive, send))
        await begun.wait()
        over: bool = house.state.parts_use.is_over(house.state.parts_use.generation)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        return over

    assert asyncio.run(scene())


def test_every_request_that_ended_holds_nothing(house: House) -> None:
    for path, key in (("/v1/guard/verify", "verify"), ("/v1/guard/verify", None), ("/nothing", "verify")):
        house.call("POST", path, {"prompt": "p", "response": "r"}, key=key)
    assert house.state.parts_use.is_over(house.state.parts_use.generation)
