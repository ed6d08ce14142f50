"""What is written for a row: the same fields every time, finite, at full precision."""

from __future__ import annotations

import dataclasses
import json
import math

from foureyes.batch.jsonl import dump
from foureyes.batch.results import FACTS, TOKEN_ARRAYS, UNSCORED, RowTally, Tallies, result_of
from foureyes.models.scripted import ScriptedReader
from foureyes.signals.catalog import one_pass
from foureyes.signals.cross import score, signals_of
from foureyes.types import Exchange, Scored, Unscored


def scored(answer: str = "Sydney it is", **words: float) -> Scored:
    [row] = score([Exchange("Capital of Australia?", answer)], ScriptedReader(words))
    assert isinstance(row, Scored)
    return row


def read_with(**columns: list[float]) -> Scored:
    """A row whose reading has other columns."""
    row = signals_of(dataclasses.replace(scored().reading, **columns))
    assert isinstance(row, Scored)
    return row


def test_a_scored_row_has_every_number() -> None:
    row = scored()
    result = result_of(row)
    assert list(result) == [*(signal.name for signal in one_pass()), *FACTS]
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


def test_tallies_count_rows_once_and_verdicts_per_verifier() -> None:
    tallies = Tallies({"a": RowTally(), "b": RowTally()})
    good, bad = result_of(scored()), result_of(Unscored("bad_row", "line 1: …"))
    tallies.add([{"a": good, "b": bad}, {"a": bad, "b": bad}], resumed=True)
    tallies.add([{"a": good, "b": result_of(Unscored("context"))}], resumed=False)
    assert tallies.to_dict() == {
        "rows": 3,
        "resumed_rows": 2,
        "verifiers": {
            "a": {"scored": 2, "unscored": {"bad_row": 1}, "tokens": 6, "prompt_tokens": 6},
            "b": {"scored": 0, "unscored": {"bad_row": 2, "context": 1}, "tokens": 0, "prompt_tokens": 0},
        },
    }
    assert tallies.by_verifier["b"].first == {"bad_row": "line 1: …", "context": "context"}
    assert tallies.scored_any


def test_nothing_scored_is_noticed() -> None:
    tallies = Tallies({"a": RowTally()})
    assert not tallies.scored_any
    tallies.add([{"a": result_of(Unscored("span"))}], resumed=False)
    assert not tallies.scored_any
