"""Questions put to a clean model afresh: after the answer, bounded, concealed, and told to the monitor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from foureyes.errors import ModelUnavailable
from foureyes.guard.vault_concealer import VaultConcealer
from foureyes.models.roles import Sampling
from foureyes.models.scripted import ScriptedReader, ScriptedWriter
from foureyes.signals.fresh import CleanModel
from foureyes.types import Prompt
from tests.service.house import House, detector, open_house

__all__ = ["open_house"]

ASKED = {"prompt": "Capital of Australia?", "response": "Sydney", "agent_id": "agent-7", "sources": ["notes"]}
READER = ScriptedReader({"Canberra": 0.5, "Sydney": 0.05})


class Witness(ScriptedWriter):
    """Writes by a script and remembers what it was asked."""

    def __init__(self, *, dies: bool = False) -> None:
        super().__init__(otherwise="Canberra")
        self.asked: list[Prompt] = []
        self._dies = dies

    def write(self, prompts: Sequence[Prompt], sampling: Sampling) -> Any:
        self.asked += prompts
        if self._dies:
            raise ModelUnavailable("gone: canary", model="clean")
        return super().write(prompts, sampling)


def asked_afresh(house: House, writer: Witness, n: int = 1, share: float = 1.0, **body: Any) -> dict[str, Any]:
    """The monitor after n verifications at once whose questions are put afresh."""
    house.state.parts = replace(house.state.parts, clean_model=CleanModel(writer, READER), fresh_share=share)

    async def run() -> None:
        replies = await asyncio.gather(*(house.acall("POST", "/v1/guard/verify", {**ASKED, **body}) for _ in range(n)))
        assert {reply.status for reply in replies} == {200}
        await house.state.fresh_readings.settle()

    asyncio.run(run())
    return dict(house.call("GET", "/v1/monitoring").json()["monitor"])


def test_the_shift_and_the_difference_are_told_by_memory(house: House) -> None:
    monitor = asked_afresh(house, Witness())
    assert monitor["fresh"]["n"] == 1
    assert monitor["fresh"]["shift"]["mean"] > 1
    [row] = monitor["origins"]["source"]["shown"]
    assert (row["name"], row["fresh"], row["fresh_differs"]["k"]) == ("notes", 1, 1)


def test_more_than_may_wait_are_dropped_and_counted(house: House) -> None:
    monitor = asked_afresh(house, Witness(), n=40)
    text = house.call("GET", "/metrics", key=None).body.decode()
    read = monitor["fresh"]["n"]
    assert 1 <= read <= 40
    assert f'foureyes_fresh_readings_total{{outcome="read"}} {read}.0' in text
    if read < 40:
        assert f'foureyes_fresh_readings_total{{outcome="dropped"}} {40 - read}.0' in text


def test_of_a_small_share_hardly_any_is_asked(house: House) -> None:
    assert asked_afresh(house, Witness(), n=10, share=1e-9)["fresh"] is None


def test_a_clean_model_that_is_gone_disturbs_nothing(house: House) -> None:
    assert asked_afresh(house, Witness(dies=True))["fresh"] is None
    assert 'outcome="failed"} 1.0' in house.call("GET", "/metrics", key=None).body.decode()
    assert "canary" not in house.log.getvalue()


def test_the_clean_model_sees_personal_data_concealed(house: House) -> None:
    writer = Witness()
    house.change(concealer=VaultConcealer(house.vault, detector()))
    asked_afresh(house, writer, prompt="Who is jane@example.com?")
    assert len(writer.asked) == 1
    assert "jane" not in str(writer.asked)


def test_where_concealing_fails_it_sees_nothing(house: House) -> None:
    writer = Witness()
    concealer = VaultConcealer(house.vault, detector())
    house.change(concealer=concealer)
    concealer.close()
    assert asked_afresh(house, writer)["fresh"] is None
    assert writer.asked == []
