"""The catalogue: every row is sound, and a new one is known to everything that speaks of signals."""

from __future__ import annotations

import importlib
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.batch.job import Job
from foureyes.batch.results import FACTS
from foureyes.batch.run import score_file
from foureyes.calibration import Platt, Source
from foureyes.cli import main
from foureyes.cli.score.work import job_of
from foureyes.cli.verbs import parser_of
from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader
from foureyes.report.wording import signal_lines
from foureyes.signals.catalog import Signal, one_pass, register, registered, require_one_pass, signal, signals
from foureyes.signals.catalog.lookup import RESERVED
from foureyes.signals.cross import score
from foureyes.signals.one_pass import mean_logit, nats_per_byte
from foureyes.types import Exchange, Reading, Scored
from tests.report.readings import reading
from tools import signals_table


def spread_of_surprise(reading: Reading) -> float:
    return float(reading.nll[reading.selected].std())


NEW = Signal(
    name="nll_std",
    title="spread of the surprise",
    unit="nats",
    larger_is="worse",
    low=0.0,
    high=math.inf,
    needs=("reader",),
    call="cross.score",
    readings="1",
    generations="0",
    source="made up for this test",
    take=spread_of_surprise,
)


def test_a_new_signal_is_one_row_and_one_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps({"prompt": "q", "answer": answer}) for answer in ("one two", "two two three")]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    model = ScriptedReader({"one": 0.5, "two": 0.25, "three": 0.125})
    with registered(NEW):
        for out in ("out.jsonl", "out.parquet"):
            score_file(Job(tmp_path / "in.jsonl", tmp_path / out), lambda: [model])
        rows = score([Exchange("q", "one two")], model)
        assert isinstance(rows[0], Scored)
        shown = {line.name: line.values for line in signal_lines([rows[0]])}
        assert main(["signals", "nll_std"]) == 0
        assert "larger is worse, from 0" in capsys.readouterr().out
        assert Source("nll_std", "scripted").larger_is == "worse"
        with pytest.raises(InputError, match="of nll_std, larger is worse by the catalogue"):
            Platt.fit([1.0, 2.0, 3.0, 4.0] * 20, [0, 0, 1, 1] * 20, source=Source("nll_std", "scripted"))
    spread = math.log(2) / 2
    assert rows[0]["nll_std"] == pytest.approx(spread)
    assert shown["nll_std"] == ["0.35"]
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert first["foureyes"]["scripted"]["nll_std"] == pytest.approx(spread)
    column = pq.read_table(tmp_path / "out.parquet")["foureyes"].to_pylist()
    assert column[0]["scripted"]["nll_std"] == pytest.approx(spread)
    with pytest.raises(InputError, match="there is no signal 'nll_std'"):
        signal("nll_std")


def test_every_row_names_a_function_that_is_there() -> None:
    for row in signals():
        module, _, function = row.call.partition(".")
        assert callable(getattr(importlib.import_module(f"foureyes.signals.{module}"), function)), row.name


def test_every_row_says_what_a_reader_wants_to_know() -> None:
    for row in signals():
        assert row.title, row.name
        assert row.needs, row.name
        assert row.source, row.name
        assert row.low < row.high, row.name
        assert json.loads(json.dumps(row.to_dict(), allow_nan=False))["name"] == row.name
    assert len({row.name for row in signals()}) == len(signals())


@given(st.lists(st.floats(0, 30), min_size=1, max_size=6))
def test_signals_of_one_reading_lie_in_their_range(nll: list[float]) -> None:
    read = reading(" ".join("w" * len(nll)), nll)
    for row in one_pass():
        assert row.take is not None
        value = row.take(read)
        assert value is not None
        assert row.low <= value <= row.high * (1 + 1e-12), row.name


def test_a_surprising_answer_is_more_uncertain_by_every_signal_of_its_tokens() -> None:
    calm, odd = reading("a b", [0.1, 0.2], rank=[1, 1]), reading("a b", [3.0, 6.0], rank=[9, 40])
    for name in (
        "log_cmp",
        "cmp",
        "excess",
        "nats_per_byte",
        "nats_per_root_token",
        "min_logprob",
        "mean_rank",
        "mean_token_prob",
    ):
        row = signal(name)
        assert row.take is not None
        low, high = row.take(calm), row.take(odd)
        assert low is not None
        assert high is not None
        assert row.uncertainty(low) < row.uncertainty(high), name


def test_an_unknown_name_is_answered_with_what_was_meant() -> None:
    with pytest.raises(InputError, match=r"no signal 'log_cpm'; did you mean log_cmp"):
        signal("log_cpm")
    with pytest.raises(InputError, match="known are log_cmp, cme"):
        signal("zzz")


def test_what_one_reading_does_not_give_says_how_to_take_it() -> None:
    with pytest.raises(
        InputError,
        match=r"semantic_entropy needs more than one reading \(samples, entailment\).*signals\.meaning\.meanings",
    ):
        require_one_pass(["log_cmp", "semantic_entropy"])
    with pytest.raises(InputError, match="each once; got cme, cme"):
        require_one_pass(["cme", "cme"])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (replace(NEW, name="log_cmp"), "there is a signal 'log_cmp' already"),
        (replace(NEW, name="n_tokens"), "there is a signal 'n_tokens' already"),
        (replace(NEW, take=None), "only a signal of one reading"),
    ],
)
def test_a_row_that_cannot_join_is_refused(row: Signal, says: str) -> None:
    with pytest.raises(InputError, match=says):
        register(row)


def test_a_row_without_a_direction_is_refused() -> None:
    with pytest.raises(InputError, match="needs an identifier and a direction"):
        replace(NEW, name="nll-std")


def test_a_confidence_without_a_largest_value_is_turned_round_at_zero() -> None:
    assert replace(NEW, larger_is="better", high=math.inf).uncertainty(7.5) == -7.5


def test_a_mean_logit_is_told_only_where_logits_were_seen() -> None:
    (read,) = ScriptedReader().read([Exchange("q", "one two")])
    assert isinstance(read, Reading)
    assert read.mean_logit is None
    assert mean_logit(read) is None
    seen = replace(read, logit=[11.0, 14.0])
    assert mean_logit(seen) == 12.5
    assert mean_logit(replace(seen, selected=[False, True])) == 14.0
    with pytest.raises(InputError, match="logit must be finite"):
        replace(read, logit=[1.0, math.nan])
    with pytest.raises(InputError, match="logit must have shape"):
        replace(read, logit=[1.0])


def test_the_verb_lists_every_signal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [row.name for row in signals()]
    assert main(["signals", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"] == [row.to_dict() for row in signals()]
    assert main(["signals", "p_tru"]) == 1
    assert "did you mean p_true" in capsys.readouterr().err


def test_score_writes_the_signals_that_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text('{"prompt": "q", "answer": "one two"}\n')
    out = tmp_path / "out.jsonl"
    arguments = ["score", str(tmp_path / "in.jsonl"), "-o", str(out), "--verifier", "none"]
    args = parser_of(["score"]).parse_args([*arguments, "--signal", "min_logprob", "--signal", "cme"])
    score_file(job_of(args), lambda: [ScriptedReader()])
    [row] = out.read_text().splitlines()
    assert [name for name in json.loads(row)["foureyes"]["scripted"] if name not in FACTS] == ["min_logprob", "cme"]
    args = parser_of(["score"]).parse_args([*arguments, "--signal", "p_true", "--signal", "p_ik", "--force"])
    score_file(job_of(args), lambda: [ScriptedReader({"A": 0.6, "B": 0.2})])
    asked = json.loads(out.read_text())["foureyes"]["scripted"]
    assert (asked["p_true"], asked["p_ik"]) == (pytest.approx(0.25), pytest.approx(0.25))
    assert main([*arguments, "--signal", "v_agree"]) == 1
    assert "v_agree needs more than a row and a reader (writer)" in capsys.readouterr().err


def test_the_page_of_signals_says_what_the_catalogue_says() -> None:
    text = signals_table.PAGE.read_text(encoding="utf-8")
    assert text == signals_table.page(text), "python tools/signals_table.py writes it"
    assert all(f"| `{row.name}` |" in text for row in signals())


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=8))
def test_a_byte_that_tokens_share_counts_once(places: list[tuple[int, int]]) -> None:
    spans = [(start, min(start + length, 10)) for start, length in places]
    read = replace(reading("abcdefghij", [1.0] * 1), **columns(len(spans)), spans=np.array(spans))
    covered = {byte for start, end in spans for byte in range(start, end)}
    assert nats_per_byte(read) == pytest.approx(len(spans) / len(covered))


def columns(n: int) -> dict[str, np.ndarray]:
    ones = ("nll", "logit", "rank", "top1", "token_ids", "selected")
    zeros = ("entropy_low", "entropy_high", "missing_mass")
    return {name: np.ones(n) for name in ones} | {name: np.zeros(n) for name in zeros}


def test_no_signal_can_take_the_name_of_another_field_of_a_result() -> None:
    assert {*FACTS, "tokens", "unscored"} == RESERVED
