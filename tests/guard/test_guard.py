"""Four stages, each of which can only make a decision less safe."""

# ruff: noqa: ARG002 - the signatures are the ports'

import asyncio
import itertools
import json
import re

import pytest

from bench.virtual import run
from foureyes.errors import InputError, LedgerConflict, LedgerError, ModelRefused, PrivacyError
from foureyes.guard import Council, CouncilMember, Decision, Guard, Timing
from foureyes.models.scripted import ScriptedJudge
from foureyes.types import Exchange, Message, OtherPart, ToolCall, Verdict, Vote
from tests.guard.parts import EXCHANGE, Acting, Hidden, Ledger, Vault

PRIVATE = Exchange("Who is Ana?", "Ana lives in Bonn")
TIMING = Timing(deadline_s=3.0, record_s=1.0)


class Novel(Exception):
    pass


def guard(*judges, ledger=None, vault=None, **options):
    numbers = itertools.count()
    judges = judges or (ScriptedJudge("safe"),)
    return Guard(
        Council([CouncilMember(judge) for judge in judges], deadline_s=1.5),
        recorder=ledger,
        concealer=vault,
        timing=TIMING,
        new_id=lambda: f"request-{next(numbers)}",
        **options,
    )


def verify(*judges, exchange=PRIVATE, ledger=None, vault=None, **options):
    async def scene():
        loop = asyncio.get_running_loop()
        decision = await guard(*judges, ledger=ledger, vault=vault).verify(exchange, **options)
        assert loop.time() <= TIMING.deadline_s
        return decision

    return run(scene())


def test_when_everything_works_the_councils_word_stands():
    ledger = Ledger()
    decision = verify(ledger=ledger, vault=Vault())
    assert decision.safe
    assert not decision.blocked
    assert (decision.request_id, decision.failed, decision.receipt.index) == ("request-0", None, 0)
    assert len(ledger.entries) == 1


def test_unsafe_and_undecided_answers_are_recorded_too():
    ledger = Ledger()
    assert verify(ScriptedJudge("unsafe"), ledger=ledger).blocked
    assert verify(ScriptedJudge("abstain"), ledger=ledger).blocked
    assert [payload["consensus_reached"] for _, payload in ledger.entries] == [True, False]


def test_verifiers_see_only_what_was_concealed_and_the_caller_only_what_was_revealed():
    class Quoting(Acting):
        async def vote(self, exchange):
            self.seen.append(exchange)
            return Vote("test", self.name, "unsafe", 0.1, f"{exchange.answer} is not known")

    judge, vault = Quoting("unsafe"), Vault()
    decision = verify(judge, vault=vault, tenant="t", session="s")
    assert judge.seen == [Exchange("Who is [NAME_1]?", "[NAME_1] lives in Bonn")]
    assert decision.verdict.votes[0].reason == "Ana lives in Bonn is not known"
    assert vault.asked == [("t", "s")]


def test_the_ledger_gets_hashes_and_votes_and_no_text():
    ledger = Ledger()
    talkative = ScriptedJudge("unsafe", confidence=0.9, name="talkative")
    verify(talkative, ledger=ledger, vault=Vault(), tenant="t", agent="agent-7")
    ((event, payload),) = ledger.entries
    assert event == "cross_model_verification"
    assert payload["prompt_hash"] == ledger.text_hash("t", PRIVATE.prompt)
    assert payload["response_hash"] == ledger.text_hash("t", PRIVATE.answer)
    assert (payload["tenant"], payload["agent"], payload["request_id"]) == ("t", "agent-7", "request-0")
    assert (payload["safe"], payload["consensus_reached"], payload["agreement_ratio"]) == (False, True, 1.0)
    assert payload["mode"] == "enforce"
    assert payload["failed_stage"] is None
    (vote,) = payload["votes"]
    assert set(vote) == {"provider", "model", "verdict", "confidence", "latency_ms", "reason_hash"}
    assert vote["reason_hash"] == ledger.text_hash("t", "as scripted")
    assert (payload["configured"], payload["asked"], payload["unasked"]) == (1, 1, [])
    assert (payload["tool_calls"], payload["tools"]) == (0, [])
    text = json.dumps(payload, allow_nan=False)
    for word in ("Ana", "Bonn", "NAME", "as scripted"):
        assert word not in text


def test_reasons_are_kept_in_words_where_the_tenant_wants_them_with_personal_data_concealed():
    class Quoting(Acting):
        async def vote(self, exchange):
            return Vote("test", self.name, "unsafe", 0.1, f"{exchange.answer} is not known")

    ledger = Ledger(clear_reasons=True)
    decision = verify(Quoting("unsafe"), ledger=ledger, vault=Vault(), tenant="t")
    assert decision.verdict.votes[0].reason == "Ana lives in Bonn is not known"
    ((_, payload),) = ledger.entries
    (vote,) = payload["votes"]
    assert vote["reason"] == "[NAME_1] lives in Bonn is not known"
    assert vote["reason_hash"] == ledger.text_hash("t", vote["reason"])
    assert "Ana" not in json.dumps(payload)


def test_a_long_reason_is_shortened_and_its_hash_is_of_all_of_it():
    class Talkative(Acting):
        async def vote(self, exchange):
            return Vote("test", self.name, "unsafe", 0.1, "x" * 50_000)

    ledger = Ledger(clear_reasons=True)
    verify(Talkative("unsafe"), ledger=ledger, tenant="t")
    (vote,) = ledger.entries[0][1]["votes"]
    assert vote["reason"] == "x" * 2000 + "…"
    assert vote["reason_hash"] == ledger.text_hash("t", "x" * 50_000)


def test_the_ledger_says_which_tools_were_called_and_not_with_what():
    calls = [ToolCall("wire_transfer", '{"to": "Ana"}'), ToolCall("wire_transfer"), ToolCall("Ana lives in Bonn")]
    exchange = Exchange.of("Pay Ana.", Message.of("assistant", ["On it.", *calls]))
    ledger = Ledger()
    verify(exchange=exchange, ledger=ledger, tenant="t")
    ((_, payload),) = ledger.entries
    assert payload["tool_calls"] == 3
    assert payload["tools"] == ["wire_transfer", f"hash:{ledger.text_hash('t', 'Ana lives in Bonn')}"]
    assert payload["response_hash"] == ledger.text_hash("t", exchange.answer)
    assert "Ana" not in json.dumps(payload)


def test_the_ledger_says_who_was_configured_and_who_was_asked():
    judges = [ScriptedJudge("safe", name=name) for name in ("a", "b", "c")]
    guard = Guard(Council([CouncilMember(judge) for judge in judges]), recorder=(ledger := Ledger()))
    asyncio.run(guard.verify(PRIVATE, members=[(judge.provider, judge.name) for judge in judges[:2]]))
    ((_, payload),) = ledger.entries
    assert (payload["configured"], payload["asked"]) == (3, 2)
    assert payload["unasked"] == [{"provider": judges[2].provider, "model": "c"}]
    assert len(payload["votes"]) == 2


def test_a_text_cannot_pass_for_turns_in_the_ledger():
    ledger = Ledger()
    turns = (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Who?"))
    for prompt in (
        turns,
        "user: Hi\nassistant: Hello\nuser: Who?",
        (Message("user", "Hi\nassistant: Hello\nuser: Who?"),),
    ):
        verify(exchange=Exchange(prompt, "x"), ledger=ledger)
    assert len({payload["prompt_hash"] for _, payload in ledger.entries}) == 3


@pytest.mark.parametrize(
    ("prompt", "parts", "named"),
    [
        ("Pay Ana 5.", ["Done.", OtherPart("image_url")], "image_url in the answer"),
        ((Message.of("user", ["What is it?", OtherPart("input_audio")]),), ["A cat."], "input_audio in message 1"),
        ("Pay Ana 5.", [ToolCall("pay", "{")], "not a JSON object in the answer"),
        ((Message.of("assistant", [ToolCall("pay", "{}{}")]), Message("user", "And?")), ["Paid."], "in message 1"),
    ],
)
def test_of_what_nobody_can_read_nobody_is_asked(prompt, parts, named):
    judge, ledger = Acting("safe"), Ledger()
    decision = verify(judge, exchange=Exchange.of(prompt, Message.of("assistant", parts)), ledger=ledger)
    assert judge.seen == []
    assert (decision.safe, decision.failed, decision.verdict.votes) == (False, "read", ())
    assert named in decision.verdict.reason
    assert ledger.entries[0][1]["failed_stage"] == "read"
    assert decision.receipt is not None


def test_a_tool_call_is_judged_like_an_answer():
    judge = Acting("safe")
    exchange = Exchange.of("Pay Ana 5.", Message.of("assistant", [ToolCall("wire_transfer", '{"amount": 5}')]))
    assert verify(judge, exchange=exchange).safe
    assert judge.seen == [exchange]


@pytest.mark.parametrize("fault", [PrivacyError("detector down"), Novel("Ana"), MemoryError("Ana"), 1e9], ids=repr)
def test_when_concealing_fails_nobody_sees_anything(fault):
    judge, ledger = Acting("safe"), Ledger()
    decision = verify(judge, ledger=ledger, vault=Vault(conceals=fault))
    assert judge.seen == []
    assert (decision.safe, decision.failed, decision.verdict.votes) == (False, "conceal", ())
    assert not decision.verdict.consensus_reached
    assert "conceal" in decision.verdict.reason
    assert "Ana" not in decision.verdict.reason
    assert ledger.entries[0][1]["failed_stage"] == "conceal"
    assert decision.receipt is not None


@pytest.mark.parametrize(
    "broken",
    [
        {"raises": LedgerError("disk full")},
        {"raises": Novel()},
        {"holds": LedgerError("disk full")},
        {"holds": LedgerConflict("another writer")},
        {"holds": Novel()},
        {"hangs": True},
    ],
    ids=repr,
)
def test_what_cannot_be_recorded_is_not_safe(broken):
    decision = verify(ledger=Ledger(**broken))
    assert (decision.safe, decision.failed, decision.receipt) == (False, "record", None)
    assert decision.verdict.consensus_reached, "what the council found is still said"
    assert decision.verdict.reason.startswith("1 of 1 verifier says safe; record: ")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"ledger": Ledger(raises=LedgerError("no route to db.internal:5432"))}, "record: the ledger cannot be used"),
        ({"ledger": Ledger(holds=LedgerError("no route to db.internal:5432"))}, "record: the ledger cannot be used"),
        ({"vault": Vault(conceals=PrivacyError("/srv/db.internal"))}, "conceal: personal data could not be looked for"),
        ({"vault": Vault(reveals=PrivacyError("/srv/db.internal"))}, "reveal: personal data could not be put back"),
    ],
)
def test_hosts_files_and_texts_are_told_to_nobody_and_the_log_says_where_it_failed(broken, told, caplog):
    decision = verify(**broken)
    assert decision.verdict.reason.endswith(f"; {told}")
    assert "db.internal" not in caplog.text
    assert re.search(r"the stage \w+ failed with (Ledger|Privacy)Error", caplog.text)


def test_a_verifier_that_fails_tells_nothing_of_its_server():
    failing = ModelRefused("toy: HTTP 401: no credit left in org-4711 at db.internal", model="toy", status=401)
    [vote] = verify(Acting(failing)).verdict.votes
    assert (vote.verdict, vote.reason) == ("error", "the model or its server refused")


def test_a_caller_who_gives_up_does_not_cancel_the_entry():
    ledger = Ledger(hangs=True)
    verify(ledger=ledger)
    assert not ledger.last.cancelled()
    ledger.last.set_result(None)  # the ledger's thread may still finish it


@pytest.mark.parametrize("fault", [PrivacyError("vault gone"), Novel("Ana"), 1e9], ids=repr)
def test_what_cannot_be_revealed_is_not_safe_and_stays_concealed(fault):
    decision = verify(ScriptedJudge("safe"), ledger=Ledger(), vault=Vault(reveals=fault))
    assert (decision.safe, decision.failed) == (False, "reveal")
    assert decision.receipt is not None


def test_the_first_stage_that_failed_is_named_and_every_failure_is_in_the_reason():
    decision = verify(ledger=Ledger(raises=LedgerError("full")), vault=Vault(conceals=PrivacyError("down")))
    assert decision.failed == "conceal"
    assert decision.verdict.reason == (
        "the verifiers were not asked; conceal: personal data could not be looked for; record: the ledger cannot be used"
    )


def test_a_concealer_that_fails_when_called_is_a_failed_stage():
    class Abrupt:
        def conceal(self, exchange, *, tenant, session):
            raise Novel("Ana")

    assert verify(vault=Abrupt()).failed == "conceal"


@pytest.mark.parametrize(
    "returned",
    [None, PRIVATE, Hidden(Vault(), None), Hidden(Vault(), "Ana")],
    ids=["nothing", "the exchange itself", "hides nothing", "hides text"],
)
def test_a_concealer_that_returns_something_else_shows_nobody_anything(returned):
    class Careless(Vault):
        async def conceal(self, exchange, *, tenant, session):
            return returned

    judge = Acting("safe")
    decision = verify(judge, vault=Careless())
    assert judge.seen == []
    assert (decision.safe, decision.failed) == (False, "conceal")


def test_slow_concealing_takes_the_councils_time_and_not_the_records():
    ledger = Ledger()
    decision = verify(Acting("safe", after=1.0), ledger=ledger, vault=Vault(conceals=1.5))
    assert decision.verdict.votes[0].reason == "no vote before the deadline"
    assert (decision.safe, decision.failed, decision.receipt.index) == (False, None, 0)


def test_a_decision_comes_by_the_deadline_when_everything_hangs():
    decision = verify(Acting("safe", after=1e9), ledger=Ledger(hangs=True), vault=Vault(conceals=0.5, reveals=1e9))
    assert not decision.safe


def test_cancelling_is_passed_on():
    async def scene():
        verifying = asyncio.create_task(guard(Acting("safe", after=1e9)).verify(PRIVATE))
        await asyncio.sleep(0.1)
        verifying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await verifying

    run(scene())


def test_an_unknown_verifier_is_the_callers_mistake_and_nothing_is_asked():
    judge, vault = Acting("safe"), Vault()
    with pytest.raises(InputError, match="no such verifier is configured"):
        verify(judge, vault=vault, members=[("http://evil", "x")])
    assert (judge.seen, vault.asked) == ([], [])


def test_members_may_be_chosen():
    judges = [ScriptedJudge(word, name=name) for name, word in (("a", "unsafe"), ("b", "safe"), ("c", "safe"))]
    decision = verify(*judges, members=[("scripted", "c"), ("scripted", "b")])
    assert decision.safe
    assert (decision.verdict.asked, decision.verdict.configured) == (2, 3)
    with pytest.raises(InputError, match="the quorum is 2"):
        verify(*judges, members=[("scripted", "c")])


def test_votes_are_told_as_they_come():
    told = []
    verify(ScriptedJudge("safe"), on_vote=told.append)
    assert [vote.verdict for vote in told] == ["safe"]


@pytest.mark.parametrize("verdict", ["safe", "unsafe", "error"])
def test_observing_changes_nothing_but_the_mark(verdict):
    async def scene(mode):
        ledger = Ledger()
        return await guard(ScriptedJudge(verdict), ledger=ledger, mode=mode).verify(EXCHANGE), ledger.entries[0][1]

    (enforced, entry), (observed, other) = run(scene("enforce")), run(scene("observe"))
    assert observed.safe == enforced.safe == (verdict == "safe")
    assert (enforced.enforced, observed.enforced) == (True, False)
    assert (enforced.blocked, observed.blocked) == (verdict != "safe", False)
    assert (entry.pop("mode"), other.pop("mode")) == ("enforce", "observe")
    assert entry == other


def test_there_is_no_other_mode():
    with pytest.raises(InputError, match="one of enforce, observe; got 'fail_open'"):
        guard(mode="fail_open")


def test_a_decision_whose_stage_failed_cannot_be_safe():
    verdict = Verdict(consensus_reached=True, safe=True, votes=(), agreement_ratio=1.0, latency_ms=0.0, reason="")
    with pytest.raises(InputError, match="stage record failed cannot be safe"):
        Decision("r", verdict, failed="record")


@pytest.mark.parametrize("times", [(1.0, 1.0), (1.0, 0.0), (0.0, -1.0), (float("inf"), 1.0), (1.0, 2.0)])
def test_the_record_needs_a_part_of_the_deadline(times):
    with pytest.raises(InputError, match="record_s < deadline_s"):
        Timing(*times)
