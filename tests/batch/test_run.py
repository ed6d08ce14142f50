"""The whole run with scripted verifiers: rows kept, bad rows alone, resumed runs equal to undisturbed ones."""

from __future__ import annotations

import io
import json
import math
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.batch import disk
from foureyes.batch.job import Job
from foureyes.batch.output import FileOutput
from foureyes.batch.results import FACTS, Tallies
from foureyes.batch.rows import ReadAs
from foureyes.batch.run import score_file
from foureyes.batch.window import WindowLimits
from foureyes.errors import FoureyesError, InputError, ModelError, ModelUnavailable
from foureyes.layouts import FieldMap
from foureyes.models.scripted import ScriptedReader
from foureyes.signals.catalog import one_pass
from foureyes.types import Exchange, Reading, Unscored

WINDOW = WindowLimits(rows=4)


class Dying(ScriptedReader):
    """Reads so many windows, then its server is gone."""

    def __init__(self, windows: int, error: type[BaseException] = ModelUnavailable) -> None:
        super().__init__()
        self.left, self.error = windows, error

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        if self.left == 0:
            raise (
                ModelUnavailable("connection refused", model=self.name)
                if self.error is ModelUnavailable
                else self.error()
            )
        self.left -= 1
        return super().read(exchanges, top_k=top_k)


class Counting(ScriptedReader):
    """Remembers every answer it was given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: list[str] = []

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        self.seen += [exchange.answer for exchange in exchanges]
        return super().read(exchanges, top_k=top_k)


def lines(n: int) -> str:
    return "".join(json.dumps({"id": i, "prompt": f"q {i}", "answer": f"a {i}"}) + "\n" for i in range(n))


def run(job: Job, *readers: ScriptedReader, **options: Any) -> Tallies:
    return score_file(job, lambda: readers or (ScriptedReader(),), **options)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "in.jsonl").write_text(lines(30))
    pq.write_table(
        pa.table({"id": range(30), "prompt": ["q"] * 30, "answer": [f"a {i}" for i in range(30)]}),
        tmp_path / "in.parquet",
    )
    return tmp_path


NAMES = [signal.name for signal in one_pass()]


def job(place: Path, source: str = "in.jsonl", out: str = "out.jsonl", **options: Any) -> Job:
    return Job(place / source, place / out, limits=WINDOW, **options)


def rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_row_comes_out_in_order_with_its_fields_and_the_numbers(place: Path) -> None:
    tallies = run(job(place))
    written = rows(place / "out.jsonl")
    assert [row["id"] for row in written] == list(range(30))
    assert all(list(row) == ["id", "prompt", "answer", "foureyes"] for row in written)
    assert all(list(row["foureyes"]["scripted"]) == [*NAMES, *FACTS] for row in written)
    assert tallies.to_dict()["verifiers"]["scripted"]["scored"] == 30
    assert sorted(path.name for path in place.iterdir()) == ["in.jsonl", "in.parquet", "out.jsonl"]


@pytest.mark.parametrize("source", ["in.jsonl", "in.parquet"])
@pytest.mark.parametrize("out", ["out.jsonl", "out.parquet"])
def test_every_format_to_every_format(place: Path, source: str, out: Any) -> None:
    run(job(place, source, out, tokens=True), ScriptedReader(name="a"), ScriptedReader(name="b.c"))
    written = rows(place / out)
    assert [row["id"] for row in written] == list(range(30))
    assert all(list(row["foureyes"]) == ["a", "b.c"] for row in written)
    for row in written:
        numbers = row["foureyes"]["b.c"]
        assert math.isclose(numbers["log_cmp"], sum(numbers["tokens"]["nll"]) / numbers["n_tokens"])


def test_numbers_have_the_same_digits_in_both_formats(place: Path) -> None:
    run(job(place, out="out.jsonl"))
    run(job(place, out="out.parquet"))
    for line, column in zip(rows(place / "out.jsonl"), rows(place / "out.parquet"), strict=True):
        assert column["foureyes"]["scripted"] == {**line["foureyes"]["scripted"], "unscored": None, "parts": None}


def test_verifiers_of_one_name_are_numbered(place: Path) -> None:
    run(job(place), ScriptedReader(), ScriptedReader({"a": 0.5}))
    assert list(rows(place / "out.jsonl")[0]["foureyes"]) == ["scripted", "scripted#2"]


def test_bad_rows_come_out_beside_the_good_ones(place: Path) -> None:
    bad = [b"{", b'{"prompt": "q"}', b'{"prompt": "q\xff", "answer": "a"}', b'{"prompt": 1, "answer": "a"}', b"[]"]
    good = b'{"prompt": "q", "answer": "a"}'
    (place / "in.jsonl").write_bytes(b"\n".join([good, *bad, good, b'{"prompt": "q", "answer": ""}']))
    tallies = run(job(place))
    results = [row["foureyes"]["scripted"] for row in rows(place / "out.jsonl")]
    assert ["unscored" in result for result in results] == [False, *[True] * 5, False, True]
    assert [r["unscored"]["detail"][:7] for r in results[1:6]] == [f"line {n}:" for n in range(2, 7)]
    assert results[0] == results[6]
    assert tallies.by_verifier["scripted"].unscored == {"bad_row": 5, "empty_answer": 1}


def test_the_final_answer_alone(place: Path) -> None:
    (place / "in.jsonl").write_text(
        '{"prompt": "q", "answer": "long talk\\n#### 42"}\n{"prompt": "q", "answer": "none"}\n'
    )
    run(job(place, read_as=ReadAs(final_answer="####")))
    first, second = (row["foureyes"]["scripted"] for row in rows(place / "out.jsonl"))
    assert first["n_tokens"] == 1
    assert second["unscored"]["reason"] == "span"


def logged(n: int, *, shown: bool = True) -> dict[str, Any]:
    """A request and its response as OpenAI's chat completions log them, with the author's log-probabilities."""
    words = ["Syd", "ney"]
    content = [
        {
            "token": word,
            "logprob": -0.5 * n,
            "bytes": None,
            "top_logprobs": [{"token": word, "logprob": -0.5 * n, "bytes": None}],
        }
        for word in words
    ]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": "".join(words)},
        "logprobs": {"content": content} if shown else None,
    }
    request = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"Capital {n}?"}]}
    return {"request": request, "response": {"object": "chat.completion", "model": "gpt-4o-mini", "choices": [choice]}}


@pytest.fixture
def log(place: Path) -> Path:
    objects = [logged(1), logged(2), logged(3, shown=False)]
    (place / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in objects))
    return place


@pytest.mark.parametrize("out", ["out.jsonl", "out.parquet"])
def test_the_author_s_own_log_probs_stand_beside_the_verifiers(log: Path, out: str) -> None:
    tallies = run(job(log, out=out))
    found = [row["foureyes"] for row in rows(log / out)]
    assert [(row.get("own") or {}).get("log_g_ppl") for row in found] == [0.5, 1.0, None]
    assert all(row["scripted"]["log_cmp"] > 0 for row in found)
    assert (tallies.by_verifier["own"].scored, tallies.by_verifier["own"].unscored) == (2, {})


@pytest.mark.parametrize("out", ["out.jsonl", "out.parquet"])
def test_without_a_verifier_they_are_all_there_is_and_a_row_without_them_says_so(log: Path, out: str) -> None:
    tallies = score_file(job(log, out=out, tokens=True), None)
    found = [row["foureyes"]["own"] for row in rows(log / out)]
    assert [list(row["foureyes"]) for row in rows(log / out)] == [["own"]] * 3
    assert [row.get("model") for row in found] == ["gpt-4o-mini", "gpt-4o-mini", None]
    assert found[1]["tokens"]["nll"] == [1.0, 1.0]
    assert found[2]["unscored"]["detail"] == "line 3: the log holds no log-probabilities of this answer"
    assert tallies.by_verifier["own"].unscored == {"bad_reply": 1}


def test_without_a_verifier_and_a_log_prob_nothing_is_written(place: Path) -> None:
    with pytest.raises(InputError, match=r"in\.jsonl holds no log-probabilities .*; say with --verifier"):
        score_file(job(place), None)
    assert not list(place.glob("out*"))


def test_a_run_of_own_log_probs_alone_is_resumed_too(log: Path) -> None:
    def stop(tallies: Tallies, _: int | None) -> None:
        if tallies.rows == 4:
            raise KeyboardInterrupt

    (log / "in.jsonl").write_text("".join(json.dumps(logged(n)) + "\n" for n in range(1, 11)))
    score_file(job(log, out="whole.jsonl"), None)
    with pytest.raises(KeyboardInterrupt):
        score_file(job(log), None, on_piece=stop)
    score_file(job(log, resume=True), None)
    assert (log / "out.jsonl").read_bytes() == (log / "whole.jsonl").read_bytes()


def test_streams_in_and_out() -> None:
    out = io.BytesIO()
    tallies = run(Job(io.BytesIO(lines(10).encode()), out, limits=WINDOW))
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == list(range(10))
    assert tallies.rows == 10


def test_an_input_that_can_be_read_once_gives_a_whole_file_too(place: Path) -> None:
    run(Job(io.BytesIO(lines(10).encode()), place / "out.jsonl", limits=WINDOW))
    assert len(rows(place / "out.jsonl")) == 10
    with pytest.raises(ModelUnavailable):
        run(Job(io.BytesIO(lines(10).encode()), place / "two.jsonl", limits=WINDOW), Dying(1))
    assert not list(place.glob("two*"))


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_no_rows_make_an_empty_file(place: Path, form: str) -> None:
    (place / "in.jsonl").write_text("")
    pq.write_table(
        pa.table({"prompt": pa.array([], pa.string()), "answer": pa.array([], pa.string())}), place / "in.parquet"
    )
    tallies = run(job(place, f"in.{form}", f"out.{form}"))
    assert tallies.rows == 0
    assert rows(place / f"out.{form}") == []


FORMS = [
    ("in.jsonl", "out.jsonl"),
    ("in.parquet", "out.parquet"),
    ("in.jsonl", "out.parquet"),
    ("in.parquet", "out.jsonl"),
]


@pytest.mark.parametrize(("source", "out"), FORMS)
@pytest.mark.parametrize("error", [ModelUnavailable, KeyboardInterrupt, MemoryError])
def test_a_run_that_stopped_goes_on_where_it_was(
    place: Path, source: str, out: Any, error: type[BaseException]
) -> None:
    whole = place / f"whole{Path(out).suffix}"
    run(job(place, source, whole.name))
    with pytest.raises(error) as stopped:
        run(job(place, source, out), Dying(3, error))
    assert stopped.value.__notes__ == [f"12 finished rows are kept in {place / out}.part; --resume goes on from there"]
    assert not (place / out).exists()
    reader = Counting()
    tallies = run(job(place, source, out, resume=True), reader)
    assert (place / out).read_bytes() == whole.read_bytes()
    assert reader.seen == [f"a {i}" for i in range(12, 30)]
    assert (tallies.rows, tallies.resumed, tallies.by_verifier["scripted"].scored) == (30, 12, 30)
    assert not (place / f"{out}.part").exists()


def test_several_stops_are_no_different(place: Path) -> None:
    run(job(place, out="whole.jsonl"))
    for _ in range(7):
        with pytest.raises(ModelUnavailable):
            run(job(place, resume=True), Dying(1))
    run(job(place, resume=True), Dying(1))
    assert (place / "out.jsonl").read_bytes() == (place / "whole.jsonl").read_bytes()


def test_resuming_what_was_never_begun_begins_it(place: Path) -> None:
    assert run(job(place, resume=True)).resumed == 0


@pytest.fixture
def stopped(place: Path) -> Path:
    with pytest.raises(ModelUnavailable):
        run(job(place), Dying(3))
    return place


def changed_input(place: Path) -> dict[str, Any]:
    (place / "in.jsonl").write_text(lines(30).replace("a 29", "a 28"))
    return {}


def longer_input(place: Path) -> dict[str, Any]:
    (place / "in.jsonl").write_text(lines(31))
    return {}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (changed_input, "input.sha256 was"),
        (longer_input, r"input.size was 1380 and is 1427"),
        (lambda _: {"tokens": True}, "options.tokens was false and is true"),
        (lambda _: {"read_as": ReadAs(final_answer="boxed")}, 'options.read_as.final_answer was null and is "boxed"'),
        (
            lambda _: {"read_as": ReadAs(fields=FieldMap(answer="answer"))},
            'options.read_as.fields.answer was "" and is "answer"',
        ),
        (lambda _: {"limits": WindowLimits(rows=5)}, "options.window.rows was 4 and is 5"),
        (lambda _: {"overwrite_field": True}, "options.overwrite_field was false and is true"),
    ],
)
def test_a_changed_input_or_option_is_refused_before_a_model_is_loaded(
    stopped: Path, change: Callable[[Path], dict[str, Any]], why: str
) -> None:
    def open_readers() -> list[ScriptedReader]:
        pytest.fail("a model was loaded")

    options = {
        "source": stopped / "in.jsonl",
        "out": stopped / "out.jsonl",
        "limits": WINDOW,
        "resume": True,
        **change(stopped),
    }
    kept = (stopped / "out.jsonl.part" / "journal").read_bytes()
    with pytest.raises(InputError, match=f"cannot resume .*{why}"):
        score_file(Job(**options), open_readers)
    assert (stopped / "out.jsonl.part" / "journal").read_bytes() == kept


@pytest.mark.parametrize(
    ("readers", "why"),
    [
        ([ScriptedReader({"a": 0.1})], "fingerprints.scripted was"),
        ([ScriptedReader(name="other")], "verifiers was"),
        ([ScriptedReader(), ScriptedReader(name="other")], "verifiers was"),
    ],
)
def test_another_verifier_is_refused(stopped: Path, readers: list[ScriptedReader], why: str) -> None:
    with pytest.raises(InputError, match=f"cannot resume .*{why}"):
        run(job(stopped, resume=True), *readers)
    assert run(job(stopped, resume=True)).resumed == 12


def test_verifiers_that_no_fingerprint_tells_apart_keep_their_columns(place: Path) -> None:
    twins = ScriptedReader(), ScriptedReader()
    with pytest.raises(ModelUnavailable):
        run(job(place, references=("http://a", "http://b")), Dying(3), ScriptedReader())
    with pytest.raises(InputError, match=r'cannot resume .*: references\.scripted was "http://a" and is "http://b"'):
        run(job(place, references=("http://b", "http://a"), resume=True), *twins)
    assert run(job(place, references=("http://a", "http://b"), resume=True), *twins).resumed == 12


def test_a_verifier_that_its_fingerprint_tells_apart_may_be_named_in_another_way(place: Path) -> None:
    with pytest.raises(ModelUnavailable):
        run(job(place, references=("http://a",)), Dying(3))
    assert run(job(place, references=("http://b",), resume=True)).resumed == 12


def test_an_unfinished_run_is_neither_ignored_nor_overwritten(stopped: Path) -> None:
    with pytest.raises(InputError, match="holds an unfinished run; --resume goes on with it, --force throws it away"):
        run(job(stopped))
    assert run(job(stopped, force=True)).resumed == 0
    assert not (stopped / "out.jsonl.part").exists()


def test_force_throws_an_unfinished_run_away_only_when_the_verifiers_are_open(stopped: Path) -> None:
    def gone() -> Sequence[ScriptedReader]:
        raise ModelUnavailable("no such model", model="misspelt")

    with pytest.raises(ModelUnavailable, match="no such model"):
        score_file(job(stopped, force=True), gone)
    assert run(job(stopped, resume=True)).resumed == 12


def test_an_output_that_exists_is_replaced_only_on_demand(place: Path) -> None:
    (place / "out.jsonl").write_text("precious\n")
    with pytest.raises(InputError, match="exists; --force replaces it"):
        run(job(place))
    with pytest.raises(ModelUnavailable):
        run(job(place, force=True), Dying(2))
    assert (place / "out.jsonl").read_text() == "precious\n"
    run(job(place, force=True, resume=True))
    assert len(rows(place / "out.jsonl")) == 30


def test_an_output_that_somebody_made_meanwhile_is_not_replaced(stopped: Path) -> None:
    (stopped / "out.jsonl").write_text("somebody's\n")
    with pytest.raises(InputError, match="exists; --force replaces it"):
        run(job(stopped, resume=True))
    assert (stopped / "out.jsonl").read_text() == "somebody's\n"
    assert run(job(stopped, resume=True, force=True)).resumed == 12


def test_a_kill_between_the_rename_and_the_tidying_is_finished_by_resuming(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(FileOutput, "_discard", lambda _: None)
        run(job(place))
    whole = (place / "out.jsonl").read_bytes()
    assert (place / "out.jsonl.part" / "journal").exists()
    reader = Counting()
    run(job(place, resume=True), reader)
    assert reader.seen == []
    assert (place / "out.jsonl").read_bytes() == whole
    assert not (place / "out.jsonl.part").exists()


def folder(place: Path) -> Job:
    (place / "d.jsonl").mkdir()
    return job(place, "d.jsonl")


def out_folder(place: Path) -> Job:
    (place / "d.jsonl").mkdir()
    return job(place, out="d.jsonl")


def same_file(place: Path) -> Job:
    (place / "link.jsonl").symlink_to(place / "in.jsonl")
    return job(place, out="link.jsonl", force=True)


def has_result(place: Path) -> Job:
    (place / "in.jsonl").write_text('{"prompt": "q", "answer": "a", "foureyes": {}}\n')
    return job(place)


def mixed_types(place: Path) -> Job:
    (place / "in.jsonl").write_text('{"prompt": "q", "n": 1}\n{"prompt": "q", "n": "one"}\n')
    return job(place, out="out.parquet")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda place: job(place, "missing.jsonl"), "missing.jsonl: no such file"),
        (folder, "d.jsonl is a folder, and none of its files"),
        (out_folder, "d.jsonl is not a regular file"),
        (same_file, "is the input itself"),
        (lambda place: job(place, out="nowhere/out.jsonl"), "nowhere is not a folder"),
        (lambda place: job(place, "*.nothing"), "no file fits the pattern"),
        (lambda place: job(place, out="out.txt"), "cannot tell the format of .*out.txt"),
        (lambda place: job(place, "in.parquet", form="jsonl"), "is a Parquet file, not jsonl"),
        (lambda place: job(place, "in.jsonl", form="parquet"), "cannot read .*in.jsonl as Parquet"),
        (lambda place: Job(io.BytesIO(), place / "out.jsonl", resume=True), "--resume needs"),
        (lambda place: Job(io.BytesIO(b"{}"), place / "out.parquet"), "give a file, not a pipe"),
        (lambda place: job(place, out="x" * 253 + ".jsonl"), "File name too long"),
        (has_result, "has a field 'foureyes' already"),
        (mixed_types, "cannot become Parquet"),
    ],
)
def test_what_cannot_work_is_refused_before_a_model_is_loaded(
    place: Path, make: Callable[[Path], Job], why: str
) -> None:
    def open_readers() -> list[ScriptedReader]:
        pytest.fail("a model was loaded")

    before = (place / "in.jsonl").read_bytes()
    with pytest.raises(InputError, match=why):
        score_file(make(place), open_readers)
    assert not list(place.glob("*.part"))
    assert before == (place / "in.jsonl").read_bytes() or make in (has_result, mixed_types)


def test_a_link_stays_a_link(place: Path) -> None:
    (place / "real").mkdir()
    (place / "out.jsonl").symlink_to(place / "real" / "rows.jsonl")
    run(job(place))
    assert (place / "out.jsonl").is_symlink()
    assert len(rows(place / "real" / "rows.jsonl")) == 30


def test_an_input_written_to_meanwhile_is_noticed(place: Path) -> None:
    def append(tallies: Tallies, total: int | None) -> None:
        if tallies.rows == 8:
            (place / "in.jsonl").write_text(lines(31))

    with pytest.raises(InputError, match="was written to while it was being read"):
        run(job(place), on_piece=append)
    assert not (place / "out.jsonl").exists()


def test_a_reader_that_returns_too_few_is_named(place: Path) -> None:
    class Short(ScriptedReader):
        def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
            return super().read(exchanges, top_k=top_k)[1:]

    with pytest.raises(ModelError, match="scripted returned 3 readings of 4 answers"):
        run(job(place), Short())


def test_progress_hears_of_every_window(place: Path) -> None:
    heard: list[tuple[int, int | None]] = []
    run(job(place), on_piece=lambda tallies, total: heard.append((tallies.rows, total)))
    assert heard == [(n, 30) for n in (4, 8, 12, 16, 20, 24, 28, 30)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4).filter(lambda row: "foureyes" not in row), max_size=12))
def test_whatever_rows_hold_they_come_out_unchanged_and_in_order(objects: list[dict[str, Any]]) -> None:
    content = "".join(json.dumps(row) + "\n" for row in objects).encode()
    out = io.BytesIO()
    run(Job(io.BytesIO(content), out, limits=WINDOW))
    written = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [{name: value for name, value in row.items() if name != "foureyes"} for row in written] == objects
    assert all(set(row["foureyes"]) == {"scripted"} for row in written)


@pytest.mark.parametrize(("source", "out"), FORMS)
def test_memory_does_not_grow_with_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, out: Any
) -> None:
    monkeypatch.setattr(disk, "_CHUNK", 1 << 12)  # so that the small file does not fit into it either

    def peak(n: int) -> int:
        texts = [f"{i:_<8000}" for i in range(n)]
        (tmp_path / "in.jsonl").write_text("".join(json.dumps({"prompt": t, "answer": "a"}) + "\n" for t in texts))
        pq.write_table(pa.table({"prompt": texts, "answer": ["a"] * n}), tmp_path / "in.parquet", row_group_size=50)
        tracemalloc.start()
        run(Job(tmp_path / source, tmp_path / out, limits=WindowLimits(rows=10), force=True))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(50)  # what is loaded once
    assert peak(800) < 1.2 * peak(150)


def test_errors_are_ours(place: Path) -> None:
    (place / "in.jsonl").write_bytes(b"\xfd" * 10 + b"\n{}\n")
    try:
        run(job(place))
    except FoureyesError:
        pytest.fail("bad rows never abort")
    assert len(rows(place / "out.jsonl")) == 2
