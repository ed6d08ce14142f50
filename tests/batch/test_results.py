"""What is written for a row: the same fields every time, finite, at full precision."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest

from foureyes.batch.json_text import dump
from foureyes.batch.results import (
    FACTS,
    OWN_FACTS,
    RANK,
    TOKEN_ARRAYS,
    UNSCORED,
    RowTally,
    Tallies,
    own_result_of,
    result_of,
)
from foureyes.layouts import LoggedAnswer
from foureyes.models.scripted import ScriptedReader
from foureyes.signals.catalog import one_pass
from foureyes.signals.cross import score, signals_of
from foureyes.types import Exchange, Reading, Scored, Unscored

ANSWER = LoggedAnswer(Exchange("q", "Sydney it is"))


def scored(answer: str = "Sydney it is", **words: float) -> Scored:
    [row] = score([Exchange("Capital of Australia?", answer)], ScriptedReader(words))
    assert isinstance(row, Scored)
    return row


def read_with(**columns: Any) -> Scored:
    """A row whose reading has other columns."""
    row = signals_of(dataclasses.replace(scored().reading, **columns))
    assert isinstance(row, Scored)
    return row


def test_a_scored_row_has_every_number() -> None:
    row = scored()
    result = result_of(row)
    assert list(result) == [*(signal.name for signal in one_pass()), *FACTS]
    assert result.pop("mean_logit") is None, "a scripted reader shows no logits"
    assert all(type(value) is FACTS.get(name, float) for name, value in result.items())
    assert result["log_cmp"] == row.log_cmp
    assert result["cmp"] == row.cmp
    assert result["n_prompt_tokens"] == 3
    assert json.loads(dump(result)) == result


def test_a_perplexity_beyond_floats_is_null_and_its_logarithm_is_there() -> None:
    result = result_of(read_with(nll=[800.0] * 3))
    assert result["cmp"] is None
    assert result["log_cmp"] == 800.0
    assert result_of(read_with(nll=[709.75] * 3))["cmp"] == math.exp(709.75)


def test_entropy_that_is_only_bounded_is_null_between_its_bounds() -> None:
    result = result_of(read_with(entropy_low=[1.0] * 3, entropy_high=[2.0] * 3, missing_mass=[0.25] * 3))
    assert result["excess"] is None
    assert (result["cme"], result["cme_low"], result["cme_high"], result["missing_mass"]) == (None, 1.0, 2.0, 0.25)


def test_only_the_signals_asked_for_are_written() -> None:
    result = result_of(scored(), signals=["min_logprob", "cme"])
    assert list(result) == ["min_logprob", "cme", *FACTS]


def test_tokens_are_arrays_of_one_length_that_cover_the_answer() -> None:
    result = result_of(scored("Ñandú  é"), tokens=True)
    arrays = result["tokens"]
    assert list(arrays) == list(TOKEN_ARRAYS)
    assert {len(values) for values in arrays.values()} == {2}
    assert all(type(value) is TOKEN_ARRAYS[name] for name, values in arrays.items() for value in values)
    assert "".join(arrays["text"]) == "Ñandú  é"
    assert json.loads(dump(result)) == result


def test_an_unscored_row_says_why_and_nothing_else() -> None:
    result = result_of(Unscored("context", "too long", got=9, limit=4), tokens=True)
    assert result == {"unscored": {"reason": "context", "detail": "too long", "got": 9, "limit": 4}}
    assert list(result["unscored"]) == list(UNSCORED)


def own_reading(**columns: Any) -> Reading:
    """What an author saw of "Sydney it is"."""
    return dataclasses.replace(scored().reading, model="gpt-4o", **columns)


def test_the_author_s_own_signals_go_by_their_names_in_the_catalogue() -> None:
    reading = own_reading(nll=[1.0, 2.0, 3.0], entropy_low=[1.0] * 3, entropy_high=[2.0] * 3)
    result = own_result_of(LoggedAnswer(Exchange("q", "Sydney it is"), author=reading), "line 1", tokens=True)
    assert list(result) == [*OWN_FACTS, "tokens"]
    assert (result["log_g_ppl"], result["g_ppl"]) == (2.0, pytest.approx(math.e**2))
    assert (result["g_ent"], result["g_ent_low"], result["g_ent_high"]) == (None, 1.0, 2.0)
    assert (result["n_tokens"], result["model"], len(result["tokens"]["nll"])) == (3, "gpt-4o", 3)


def test_the_author_s_own_signals_are_of_the_final_answer_where_one_is_asked_for() -> None:
    exchange = Exchange("q", "Sydney it is", (0, 6))
    result = own_result_of(LoggedAnswer(exchange, author=own_reading(nll=[1.0, 2.0, 3.0])), "line 1")
    assert (result["log_g_ppl"], result["n_tokens"]) == (1.0, 1)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (LoggedAnswer(Exchange("q", "a")), "bad_reply: line 3: the log holds no log-probabilities of this answer"),
        (
            LoggedAnswer(Exchange("q", "a"), author=Unscored("bad_reply", "other words")),
            "bad_reply: line 3: other words",
        ),
        (LoggedAnswer(Unscored("bad_row", "line 3: no prompt")), "bad_row: line 3: no prompt"),
    ],
)
def test_an_author_that_shows_nothing_is_unscored_with_the_reason(answer: LoggedAnswer, wanted: str) -> None:
    result = own_result_of(answer, "line 3", tokens=True)
    assert list(result) == ["unscored"]
    assert f"{result['unscored']['reason']}: {result['unscored']['detail']}" == wanted


def test_tallies_count_rows_once_and_verdicts_per_verifier() -> None:
    tallies = Tallies({"a": RowTally(), "b": RowTally()}, read_as="read as rows")
    good, bad = {**result_of(scored()), RANK: 4.0}, result_of(Unscored("bad_row", "line 1: …"))
    tallies.add([{"a": good, "b": bad}, {"a": bad, "b": bad}], ["line 1", "line 2"], [ANSWER] * 2, resumed=True)
    tallies.add([{"a": good, "b": result_of(Unscored("context"))}], ["line 3"], [ANSWER], resumed=False)
    worst = [{"place": place, "value": good[RANK], "answer": "Sydney it is"} for place in ("line 1", "line 3")]
    causes = [
        {"reason": "bad_row", "rows": 1, "first": "line 1: …"},
        {"reason": "bad_row", "rows": 1, "first": "line 2: line 1: …"},
        {"reason": "context", "rows": 1, "first": "line 3: context"},
    ]
    assert tallies.to_dict() == {
        "read_as": "read as rows",
        "rows": 3,
        "resumed_rows": 2,
        "verifiers": {
            "a": {
                "scored": 2,
                "unscored": {"bad_row": 1},
                "causes": [{"reason": "bad_row", "rows": 1, "first": "line 2: line 1: …"}],
                "tokens": 6,
                "prompt_tokens": 6,
                "worst": worst,
            },
            "b": {
                "scored": 0,
                "unscored": {"bad_row": 2, "context": 1},
                "causes": causes,
                "tokens": 0,
                "prompt_tokens": 0,
                "worst": [],
            },
        },
    }
    assert tallies.scored_any


def test_nothing_scored_is_noticed() -> None:
    tallies = Tallies({"a": RowTally()})
    assert not tallies.scored_any
    tallies.add([{"a": result_of(Unscored("span"))}], ["line 1"], [ANSWER], resumed=False)
    assert not tallies.scored_any


def test_the_five_rows_to_look_at_first_are_kept_in_the_order_of_their_rank() -> None:
    tallies = Tallies({"v": RowTally()})
    values = [3.0, 1.0, 7.0, 7.0, 2.0, 9.0, 0.5]
    results = [{"v": {**result_of(scored()), RANK: value}} for value in values]
    tallies.add(results, [f"line {n}" for n in range(1, 8)], [ANSWER] * 7, resumed=False)
    assert [row.place for row in tallies.by_verifier["v"].worst] == ["line 6", "line 3", "line 4", "line 1", "line 5"]
