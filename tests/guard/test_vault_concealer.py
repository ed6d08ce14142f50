"""A vault and a detector behind the guard: what verifiers see, what comes back, and what happens when they hang."""

# ruff: noqa: ARG002 - the signatures are the ports'

import asyncio
import threading

import pytest

from foureyes.errors import PrivacyError
from foureyes.guard import Council, CouncilMember, Guard, Timing
from foureyes.guard.protocols import Concealer
from foureyes.guard.vault_concealer import VaultConcealer
from foureyes.privacy import PatternDetector, Vault
from foureyes.types import Exchange, Message
from tests.guard.parts import Acting, Ledger

MAIL = "ana@example.org"


class Hanging:
    """A detector that does not come back until it is let."""

    def __init__(self):
        self.go, self.calls = threading.Event(), 0

    def find(self, text):
        self.calls += 1
        assert self.go.wait(30)
        return []


class Broken:
    def find(self, text):
        raise RuntimeError(f"cannot read {text}")


@pytest.fixture
def vault():
    vault = Vault.open()
    yield vault
    vault.close()


def hidden(vault, exchange, session=None, detector=None):
    async def once():
        concealer = VaultConcealer(vault, detector or PatternDetector())
        try:
            found = await concealer.conceal(exchange, tenant="t", session=session)
            return found, await found.reveal(f"{found.exchange.answer}|{found.exchange.prompt}")
        finally:
            concealer.close()

    return asyncio.run(once())


def test_it_is_a_concealer(vault):
    concealer = VaultConcealer(vault, PatternDetector())
    assert isinstance(concealer, Concealer)
    concealer.close()


def test_personal_data_are_tokens_in_prompt_and_answer_and_come_back(vault):
    found, revealed = hidden(vault, Exchange(f"Who is {MAIL}?", f"{MAIL} is a customer."))
    assert MAIL not in repr(found.exchange)
    assert revealed == f"{MAIL} is a customer.|Who is {MAIL}?"


def test_every_turn_is_concealed_and_keeps_its_role(vault):
    turns = (Message("system", f"Serve {MAIL}."), Message("user", "Hi"), Message("user", f"I am {MAIL}"))
    found, _ = hidden(vault, Exchange(turns, "Hello", answer_span=(0, 5)))
    assert [turn.role for turn in found.exchange.prompt] == ["system", "user", "user"]
    assert MAIL not in repr(found.exchange)
    assert found.exchange.prompt[1].content == "Hi"
    assert found.exchange.answer_span is None


def test_a_token_stays_the_same_in_a_session(vault):
    one, _ = hidden(vault, Exchange(MAIL, "x"), session="s")
    other, _ = hidden(vault, Exchange(MAIL, "x"), session="s")
    assert one.exchange == other.exchange


def test_a_detector_that_fails_shows_nothing(vault):
    with pytest.raises(PrivacyError) as caught:
        hidden(vault, Exchange(MAIL, "x"), detector=Broken())
    assert MAIL not in str(caught.value)


def test_after_closing_nothing_is_concealed(vault):
    async def once():
        concealer = VaultConcealer(vault, PatternDetector())
        concealer.close()
        await concealer.conceal(Exchange(MAIL, "x"), tenant="t", session=None)

    with pytest.raises(PrivacyError, match="closed"):
        asyncio.run(once())


def test_a_detector_that_hangs_blocks_and_nothing_piles_up_behind_it(vault):
    detector, judge = Hanging(), Acting("safe")

    async def crowd():
        concealer = VaultConcealer(vault, detector, threads=2)
        timing = Timing(deadline_s=0.4, record_s=0.1)
        guard = Guard(Council([CouncilMember(judge)]), concealer=concealer, recorder=Ledger(), timing=timing)
        decisions = await asyncio.gather(*(guard.verify(Exchange("a", "b")) for _ in range(50)))
        waiting = concealer._threads._threads._threads._work.qsize()
        detector.go.set()
        async with asyncio.timeout(30):
            found = await concealer.conceal(Exchange("a", "b"), tenant="t", session=None)
        concealer.close()
        return decisions, waiting, found

    decisions, waiting, found = asyncio.run(crowd())
    assert {(decision.safe, decision.failed) for decision in decisions} == {(False, "conceal")}
    assert judge.seen == []
    assert waiting == 0
    assert found.exchange == Exchange("a", "b")


def test_the_guard_shows_verifiers_tokens_and_the_caller_values(vault):
    judge = Acting("safe")

    async def once():
        concealer = VaultConcealer(vault, PatternDetector())
        guard = Guard(Council([CouncilMember(judge)]), concealer=concealer, recorder=Ledger())
        decision = await guard.verify(Exchange(f"Who is {MAIL}?", "A customer."))
        concealer.close()
        return decision

    assert asyncio.run(once()).safe
    assert MAIL not in repr(judge.seen)
