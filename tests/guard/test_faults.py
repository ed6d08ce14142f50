"""Ten thousand and more requests in which every stage fails in every way, alone and together.

Each request draws what happens at each place; what is *true* of it is known apart from the guard: it was verified only if
more than half of its verifiers really said safe in time and no stage failed. All run on one loop with a virtual clock.
"""

# ruff: noqa: ARG002 - the signatures are the ports'

import asyncio
import concurrent.futures
import logging
import random
from collections import Counter

import pytest

from bench.virtual import run
from foureyes.errors import LedgerError, ModelRefused, ModelUnavailable, PrivacyError
from foureyes.guard import Council, CouncilMember, Guard, Timing
from foureyes.types import Exchange, Vote
from tests.guard.parts import Acting, Hidden, Ledger, Receipt, Stubborn, Vault

REQUESTS = 10_500
TIMING = Timing(deadline_s=3.0, record_s=1.0)
COUNCIL_S = 1.0
FOR_EVER = 1e9


class Crash(Exception):
    """A bug in a part."""


class Dripping(Acting):
    """Is always about to answer."""

    async def vote(self, exchange):
        while True:  # noqa: ASYNC110 - a drip
            await asyncio.sleep(0.3)


class HalfOpen(Acting):
    """Waits for a peer that is gone: nothing will ever wake it, not even a timer."""

    async def vote(self, exchange):
        await asyncio.get_running_loop().create_future()


class Late(Ledger):
    """Writes its entry after a while, in seconds."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def append(self, event, payload):
        future = concurrent.futures.Future()
        asyncio.get_running_loop().call_later(self.seconds, lambda: future.set_result(Receipt(next(self.index))))
        return future


class NoReceipt(Ledger):
    """Says it is done and does not say where."""

    def __init__(self, gives):
        super().__init__()
        self.gives = gives

    def append(self, event, payload):
        future = concurrent.futures.Future()
        future.set_result(self.gives)
        return future


class Careless(Vault):
    """Returns something other than a concealed exchange."""

    def __init__(self, returns):
        super().__init__()
        self.returns = returns

    async def conceal(self, exchange, *, tenant, session):
        return self.returns


VERIFIERS = {
    "safe": lambda name: Acting("safe", name=name),
    "safe, just in time": lambda name: Acting("safe", after=0.9, name=name),
    "unsafe": lambda name: Acting("unsafe", name=name),
    "abstains": lambda name: Acting("abstain", name=name),
    "error": lambda name: Acting("error", name=name),
    "late": lambda name: Acting("safe", after=1.1, name=name),
    "hangs": lambda name: Acting("safe", after=FOR_EVER, name=name),
    "drips": lambda name: Dripping("safe", name=name),
    "half-open": lambda name: HalfOpen("safe", name=name),
    "stubborn": lambda name: Stubborn(name, seconds=5.0),
    "unavailable": lambda name: Acting(ModelUnavailable("gone", model=name, retryable=True), name=name),
    "refuses": lambda name: Acting(ModelRefused("no", model=name), name=name),
    "crashes": lambda name: Acting(Crash("secret"), name=name),
    "times itself out": lambda name: Acting(TimeoutError(), name=name),
    "cancels itself": lambda name: Acting(asyncio.CancelledError(), name=name),
    "None": lambda name: Acting(lambda: None, name=name),
    "True": lambda name: Acting(lambda: True, name=name),
    "JSON": lambda name: Acting(lambda: {"verdict": "safe", "confidence": 1.0}, name=name),
    "not a number": lambda name: Acting(lambda: Vote("p", "m", "safe", float("nan")), name=name),
}
REALLY_SAFE = {"safe", "safe, just in time"}

CONCEALING = {
    "none": lambda: None,
    "works": Vault,
    "is slow": lambda: Vault(conceals=0.8),
    "detector down": lambda: Vault(conceals=PrivacyError("detector down")),
    "detector crashes": lambda: Vault(conceals=Crash("secret")),
    "out of memory": lambda: Vault(conceals=MemoryError()),
    "hangs": lambda: Vault(conceals=FOR_EVER),
    "returns nothing": lambda: Careless(None),
    "returns no exchange": lambda: Careless(Hidden(Vault(), None)),
    "reveal fails": lambda: Vault(reveals=PrivacyError("vault gone")),
    "reveal crashes": lambda: Vault(reveals=Crash("secret")),
    "reveal hangs": lambda: Vault(reveals=FOR_EVER),
}
CONCEALED = {"none", "works", "is slow"}

RECORDING = {
    "none": lambda: None,
    "works": Ledger,
    "is slow": lambda: Late(0.8),
    "disk full": lambda: Ledger(raises=LedgerError("disk full")),
    "database gone": lambda: Ledger(holds=LedgerError("connection closed")),
    "crashes": lambda: Ledger(raises=Crash("secret")),
    "crashes later": lambda: Ledger(holds=Crash("secret")),
    "hangs": lambda: Ledger(hangs=True),
    "too late": lambda: Late(5.0),
    "gives no receipt": lambda: NoReceipt(None),
    "gives a word": lambda: NoReceipt("done"),
    "gives no number": lambda: NoReceipt(Receipt(None)),
    "gives no hash": lambda: NoReceipt(Receipt(0, entry_hash=None)),
}
RECORDED = {"none", "works", "is slow"}


def draw(numbers):
    """Mostly working parts, so that every fault also happens alone."""

    def pick(table, fine):
        return numbers.choice(list(table)) if numbers.random() < 0.5 else numbers.choice(fine)

    verifiers = tuple(pick(VERIFIERS, ["safe"]) for _ in range(numbers.choice([1, 2, 3, 3, 3, 5])))
    return verifiers, pick(CONCEALING, ["none", "works"]), pick(RECORDING, ["none", "works"])


def truth(verifiers, concealing, recording):
    majority = sum(kind in REALLY_SAFE for kind in verifiers) * 2 > len(verifiers)
    return majority and concealing in CONCEALED and recording in RECORDED


async def suffer(scene):
    verifiers, concealing, recording = scene
    guard = Guard(
        Council([CouncilMember(VERIFIERS[kind](str(i))) for i, kind in enumerate(verifiers)], deadline_s=COUNCIL_S),
        concealer=CONCEALING[concealing](),
        recorder=RECORDING[recording](),
        timing=TIMING,
    )
    loop = asyncio.get_running_loop()
    began = loop.time()
    decision = await guard.verify(Exchange("Who is Ana?", "Ana"))
    return decision, loop.time() - began


@pytest.fixture(scope="module")
def suffered():
    logging.getLogger("foureyes.guard").setLevel(logging.CRITICAL)
    numbers = random.Random(20_260_101)  # noqa: S311 - scenes, not secrets
    scenes = [draw(numbers) for _ in range(REQUESTS)]

    async def all_of_them():
        return await asyncio.gather(*map(suffer, scenes))

    try:
        return list(zip(scenes, run(all_of_them()), strict=True))
    finally:
        logging.getLogger("foureyes.guard").setLevel(logging.NOTSET)


def test_exactly_what_was_verified_is_safe(suffered):
    wrong = Counter(scene for scene, (decision, _) in suffered if decision.safe != truth(*scene))
    assert not wrong
    said = Counter(decision.safe for _, (decision, _) in suffered)
    assert min(said.values()) > 500, "both happen often"


def test_none_takes_longer_than_its_deadline(suffered):
    assert max(took for _, (_, took) in suffered) <= TIMING.deadline_s


def test_every_fault_happened_alone_and_kept_an_otherwise_safe_answer_from_being_safe(suffered):
    fine = ("safe",)
    alone = {scene for scene, _ in suffered}
    for kind in set(VERIFIERS) - REALLY_SAFE:
        assert any(verifiers == (kind,) and c in CONCEALED and r in RECORDED for verifiers, c, r in alone), kind
    for kind in set(CONCEALING) - CONCEALED:
        assert any(set(verifiers) == set(fine) and c == kind and r in RECORDED for verifiers, c, r in alone), kind
    for kind in set(RECORDING) - RECORDED:
        assert any(set(verifiers) == set(fine) and c in CONCEALED and r == kind for verifiers, c, r in alone), kind


def test_a_stage_that_failed_is_named(suffered):
    for (_, concealing, recording), (decision, _) in suffered:
        if concealing not in CONCEALED and not concealing.startswith("reveal"):
            assert decision.failed == "conceal"
        elif recording not in RECORDED:
            assert decision.failed == "record"
        elif concealing not in CONCEALED:
            assert decision.failed == "reveal"
        else:
            assert decision.failed is None


def test_no_words_of_a_crash_reach_the_caller(suffered):
    for _, (decision, _) in suffered:
        assert "secret" not in repr(decision)
