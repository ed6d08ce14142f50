"""An event loop for synchronous callers, while it closes."""

from __future__ import annotations

import asyncio
import threading

import pytest

from foureyes.http.blocking import LoopThread

WAIT_S = 20.0


def test_what_is_asked_for_while_it_closes_is_refused_rather_than_waited_for() -> None:
    loop, found = LoopThread(), []

    def ask() -> None:
        try:
            loop.run(asyncio.Event().wait())
        except RuntimeError as error:
            found.append(str(error))

    late = threading.Thread(target=ask, daemon=True)

    async def last() -> None:
        late.start()  # it asks after what was under way had been cancelled, before the loop ends
        await asyncio.to_thread(late.join, WAIT_S)

    loop.close(last)
    late.join(WAIT_S)
    assert found == ["the connections are closed"]


def test_what_was_under_way_is_cancelled_and_closing_twice_does_nothing() -> None:
    loop, begun, found = LoopThread(), threading.Event(), []

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    def ask() -> None:
        try:
            loop.run(work())
        except RuntimeError as error:
            found.append(str(error))

    early = threading.Thread(target=ask, daemon=True)
    early.start()
    assert begun.wait(WAIT_S)
    loop.close()
    early.join(WAIT_S)
    loop.close()
    assert found == ["the connections were closed"]
    with pytest.raises(RuntimeError, match="are closed"):
        loop.run(asyncio.sleep(0))
