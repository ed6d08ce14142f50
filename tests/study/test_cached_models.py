"""A model is asked once, whoever asks, and not at all where the store knows the answer."""

from pathlib import Path

import pytest

from foureyes.errors import BudgetSpent, ModelError
from foureyes.models.roles import Sampling
from foureyes.models.scripted import ScriptedReader
from foureyes.study.cached_models import CachedReader, CachedWriter, LazyModel
from foureyes.study.store import CallStore
from foureyes.types import Exchange, Message, ToolCall, ToolDefinition, Unscored, Written
from tests.study.conftest import CountingReader, ScriptedWriter, a_usage

EXCHANGES = [Exchange(f"q{i}", f"a{i} b") for i in range(10)]


def reader_of(model, store: CallStore, usage=None, weights: str | None = "w") -> CachedReader:
    return CachedReader(LazyModel("ref", weights, lambda: model, store), store, usage or a_usage())


def test_readings_are_the_models_own_and_asked_for_once(tmp_path: Path) -> None:
    model = CountingReader("m")
    with CallStore(tmp_path / "s") as store:
        reader = reader_of(model, store)
        first = reader.read([*EXCHANGES, EXCHANGES[0]])
        again = reader.read(EXCHANGES[::-1])
        assert len(model.asked) == 10
        plain = ScriptedReader(name="m").read(EXCHANGES)
        assert [r.nll.tolist() for r in first] == [r.nll.tolist() for r in [*plain, plain[0]]]  # type: ignore[union-attr]
        assert [r.nll.tolist() for r in again] == [r.nll.tolist() for r in plain[::-1]]  # type: ignore[union-attr]


def test_a_known_model_is_not_even_loaded(tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        before = reader_of(CountingReader("m"), store).read(EXCHANGES)

        def never():
            raise AssertionError("it was loaded")

        reader = CachedReader(LazyModel("ref", "w", never, store), store, a_usage())
        after = reader.read(EXCHANGES)
        assert (reader.name, reader.fingerprint) == ("m", CountingReader("m").fingerprint)
        assert [r.nll.tolist() for r in after] == [r.nll.tolist() for r in before]  # type: ignore[union-attr]


def test_a_tool_call_is_another_answer_than_its_text_and_tools_make_another_question(tmp_path: Path) -> None:
    turn = Message.of("assistant", [ToolCall("pay", '{"amount": 5}')])
    exchanges = [
        Exchange("q", turn.content),
        Exchange.of("q", turn),
        Exchange.of("q", turn, tools=[ToolDefinition("pay")]),
    ]
    with CallStore(tmp_path / "s") as store:
        model = CountingReader("m")
        first = reader_of(model, store).read(exchanges)
        assert model.asked == exchanges
        again = reader_of(model, store).read(exchanges)
        assert len(model.asked) == 3
        assert [r.parts for r in again] == [r.parts for r in first] == [r.parts for r in model.read(exchanges)]  # type: ignore[union-attr]


def test_other_weights_are_another_model(tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        reader_of(CountingReader("m"), store, weights="w1").read(EXCHANGES)
        other = CountingReader("m2")
        reader_of(other, store, weights="w2").read(EXCHANGES)
        assert len(other.asked) == 10


def test_the_same_weights_with_another_fingerprint_are_refused(tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        reader_of(CountingReader("m"), store).read(EXCHANGES[:1])
        with pytest.raises(ModelError, match="with the same weights"):
            reader_of(CountingReader("changed"), store).read(EXCHANGES)


def test_a_passing_failure_is_asked_again_and_a_lasting_one_is_not(tmp_path: Path) -> None:
    class Flaky(CountingReader):
        def read(self, exchanges, *, top_k=0):
            super().read(exchanges, top_k=top_k)
            return [Unscored("unavailable") if e.prompt == "q0" else Unscored("context") for e in exchanges]

    model = Flaky("m")
    with CallStore(tmp_path / "s") as store:
        reader_of(model, store).read(EXCHANGES)
        assert [r.reason for r in reader_of(model, store).read(EXCHANGES)][:2] == ["unavailable", "context"]  # type: ignore[union-attr]
        assert len(model.asked) == 11


def test_cost_is_of_distinct_answers_and_does_not_change_when_they_come_from_the_store(tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        reader = reader_of(CountingReader("m"), store)
        options = [Exchange("one question", letter) for letter in "ABCD"]
        reader.read(options)
        reader.read(options[:1])
        fresh = reader.spent
        assert (fresh.read, fresh.written) == (2 + 4, 0)  # the prompt once, four letters
        again = reader_of(CountingReader("m"), store)
        again.read(options)
        assert again.spent == fresh
        again.reset()
        assert again.spent.tokens == 0


def test_a_spent_budget_ends_the_work_and_keeps_it(tmp_path: Path) -> None:
    many = [Exchange(f"q{i}", "a") for i in range(1_000)]
    model = CountingReader("m")
    with CallStore(tmp_path / "s") as store:
        with pytest.raises(BudgetSpent, match="budget of 300 tokens is spent"):
            reader_of(model, store, a_usage(tokens=300)).read(many)
        done = len(model.asked)
        assert 0 < done < 1_000
        reader_of(model, store).read(many)
        assert len(model.asked) == 1_000


def test_long_answers_are_kept_after_fewer_of_them(tmp_path: Path) -> None:
    model = CountingReader("m")
    long = [Exchange(f"q{i}", "word " * 2_000) for i in range(20)]
    with CallStore(tmp_path / "s") as store:
        with pytest.raises(BudgetSpent):
            reader_of(model, store, a_usage(tokens=1)).read(long)
        assert len(model.asked) == len(store) == 4


def test_a_reader_that_loses_rows_is_named(tmp_path: Path) -> None:
    class Lossy(ScriptedReader):
        def read(self, exchanges, *, top_k=0):
            return super().read(exchanges, top_k=top_k)[1:]

    with CallStore(tmp_path / "s") as store, pytest.raises(ModelError, match="returned 9 readings of 10"):
        reader_of(Lossy(name="m"), store).read(EXCHANGES)


def writer_of(model, store: CallStore) -> CachedWriter:
    return CachedWriter(LazyModel("ref", "w", lambda: model, store), store, a_usage())


def test_answers_are_written_once_and_samples_do_not_depend_on_their_neighbours(tmp_path: Path) -> None:
    model = ScriptedWriter("m", {"q": "yes"})
    drawn = Sampling(temperature=1.0, n=3, seed=5)
    with CallStore(tmp_path / "s") as store:
        together = writer_of(model, store).write(["q1", "q2"], drawn)
    with CallStore(tmp_path / "t") as store:
        alone = writer_of(model, store).write(["q2"], drawn)
    texts = [[w.exchange.answer for w in row if isinstance(w, Written)] for row in (together[1], alone[0])]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) == 3


def test_an_answer_without_a_word_comes_back_without_a_word(tmp_path: Path) -> None:
    model = ScriptedWriter("m", {"q": None})
    with CallStore(tmp_path / "s") as store:
        for _ in range(2):
            ((written,),) = writer_of(model, store).write(["q"], Sampling())
            assert isinstance(written, Written)
            assert (written.exchange.answer, written.reading) == ("", None)
        assert model.asked == ["q"]
