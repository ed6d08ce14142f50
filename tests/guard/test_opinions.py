"""Council mode: a synthesis rests on what the answers say, or there is none."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.virtual import run
from foureyes.errors import InputError, ModelUnavailable
from foureyes.guard.opinions import OpinionClaim, Support, gather_opinions, parse_synthesis
from foureyes.models.judging import MalformedReply
from tests.guard.parts import Saying

ANSWERS = ["Canberra is the capital. It has 450 000 people.", "The capital is Canberra, founded 1913.", "It is Sydney."]
CODE = "5eed5eed"


def claim(text, *support):
    return {"claim": text, "support": [{"answer": number, "quote": quote} for number, quote in support]}


FINE = {
    "consensus": [claim("A capital exists", (0, "capital"), (1, "capital"))],
    "disagreement": [
        {
            "topic": "capital",
            "positions": [claim("Canberra", (0, "Canberra"), (1, "Canberra")), claim("Sydney", (2, "Sydney"))],
        }
    ],
    "unique": [claim("Founded 1913", (1, "founded 1913"))],
}


def reply(code=CODE, **changed):
    return json.dumps({"code": code} | FINE | changed)


def obedient(**changed):
    return Saying(lambda prompt: reply(prompt[1].content.rsplit(" ", 1)[1][:-1], **changed), name="synthesiser")


def panel(*said):
    return [Saying(text, name=f"m{i}") for i, text in enumerate(said or ANSWERS)]


def test_answers_are_sorted_into_consensus_disagreement_and_unique_claims():
    found = run(gather_opinions("Capital of Australia?", panel(), obedient()))
    assert [opinion.text for opinion in found.opinions] == ANSWERS
    assert found.synthesis.consensus == (
        OpinionClaim("A capital exists", (Support(0, "capital"), Support(1, "capital"))),
    )
    assert [position.text for position in found.synthesis.disagreement[0].positions] == ["Canberra", "Sydney"]
    assert found.synthesis.unique[0].support == (Support(1, "founded 1913"),)
    assert found.missing == ()


def test_no_model_sees_anothers_answer():
    asked = panel()
    run(gather_opinions("Capital of Australia?", asked, obedient()))
    assert [answerer.asked for answerer in asked] == [["Capital of Australia?"]] * 3


def test_who_is_silent_is_listed_and_the_others_are_sorted():
    found = run(
        gather_opinions(
            "Capital?", panel(*ANSWERS, ModelUnavailable("gone", model="m"), 1e9, KeyError("a bug")), obedient()
        )
    )
    assert len(found.opinions) == 3
    assert found.synthesis is not None
    assert found.missing == (
        "test m3: the model cannot be had now",
        "test m4: was not done in time",
        "test m5: failed unexpectedly: KeyError",
    )


def test_one_answer_is_no_council():
    asked = obedient()
    found = run(gather_opinions("Capital?", panel(ANSWERS[0], 1e9), asked))
    assert found.synthesis is None
    assert found.missing[-1] == "a synthesis needs two answers; there are 1"
    assert asked.asked == []


@pytest.mark.parametrize(
    "broken",
    [Saying("They agree."), Saying(ModelUnavailable("gone", model="m")), Saying(1e9), Saying(reply("00000000"))],
)
def test_a_synthesis_that_failed_is_none_and_the_answers_stay(broken):
    found = run(gather_opinions("Capital?", panel(), broken))
    assert found.synthesis is None
    assert len(found.opinions) == 3
    assert found.missing[-1].startswith("synthesis: ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"consensus": None},
        {"consensus": {}},
        {"consensus": ["agree"]},
        {"consensus": [claim("x", (0, "capital"))]},
        {"consensus": [claim("x", (0, "capital"), (0, "Canberra"))]},
        {"consensus": [claim("x")]},
        {"consensus": [claim(" ", (0, "capital"), (1, "capital"))]},
        {"consensus": [claim("x", (0, "capital"), (1, "capital")) | {"more": 1}]},
        {"consensus": [claim("x", (0, "capital"), (2, "capital"))]},
        {"unique": [claim("x", (0, "Canberra"), (1, "Canberra"))]},
        {"unique": [claim("x", (3, "x"))]},
        {"unique": [claim("x", (-1, "It is Sydney."))]},
        {"unique": [claim("x", (True, "capital"))]},
        {"unique": [claim("x", (0, ""))]},
        {"unique": [claim("x", (0, " "))]},
        {"unique": [claim("x", (0, "CANBERRA"))]},
        {"unique": [{"claim": "x", "support": [{"answer": 0, "quote": "Canberra", "sure": 1}]}]},
        {"disagreement": [{"topic": "t", "positions": [claim("x", (0, "Canberra"))]}]},
        {"disagreement": [{"topic": "t", "positions": []}]},
        {"disagreement": [{"topic": "t", "positions": [claim("x", (0, "Canberra")), claim("y", (0, "capital"))]}]},
        {"disagreement": [{"topic": "", "positions": FINE["disagreement"][0]["positions"]}]},
        {"disagreement": [{"positions": FINE["disagreement"][0]["positions"]}]},
        {"extra": []},
    ],
    ids=lambda wrong: json.dumps(wrong)[:60],
)
def test_a_synthesis_that_rests_on_what_no_answer_says_is_refused(wrong):
    with pytest.raises(MalformedReply):
        parse_synthesis(reply(**wrong), CODE, ANSWERS)


def test_answers_may_have_nothing_in_common():
    found = parse_synthesis(reply(consensus=[], disagreement=[], unique=[]), CODE, ANSWERS)
    assert (found.consensus, found.disagreement, found.unique) == ((), (), ())


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(str.strip), min_size=2, max_size=4)
)
def test_answers_are_shown_as_data(said):
    asked = obedient(consensus=[], disagreement=[], unique=[])
    found = run(gather_opinions("Capital?", panel(*said), asked))
    assert found.synthesis is not None
    ((_, user),) = asked.asked
    code = user.content.rsplit(" ", 1)[1][:-1]
    lines = user.content.split("\n")
    assert len(lines) == 3 + 2 + len(said) + 1
    begin = lines.index(f"BEGIN ANSWERS {code}")
    for number, text in enumerate(said):
        label, _, quoted = lines[begin + 1 + number].partition(": ")
        assert (label, json.loads(quoted)) == (str(number), text)


def test_it_ends_in_time():
    async def scene():
        await gather_opinions("Capital?", panel(*ANSWERS, 1e9), Saying(1e9), stage_s=2)
        return asyncio.get_running_loop().time()

    assert run(scene()) == 4


@pytest.mark.parametrize(("n", "seconds"), [(1, 1.0), (0, 1.0), (2, 0.0), (2, float("inf"))])
def test_two_and_some_time_are_needed(n, seconds):
    with pytest.raises(InputError, match="two or more to ask"):
        run(gather_opinions("Capital?", panel()[:n], obedient(), stage_s=seconds))
