from collections.abc import Sequence
from time import perf_counter

import pytest

from foureyes.demo.measures import study
from foureyes.demo.questions import load
from foureyes.demo.run import read
from foureyes.models.catalog import open_reader
from foureyes.models.scripted import ScriptedReader
from foureyes.signals.cross import score
from foureyes.types import Scored, Unscored


def test_every_question_comes_back_in_order_the_right_answer_first() -> None:
    questions = load()
    result = read(questions, ScriptedReader(), clock=iter([0.0, 1.0]).__next__)
    answers = [tuple(row.reading.answer for row in pair if isinstance(row, Scored)) for pair in result.rows]
    assert answers == [(q.right, q.wrong) for q in questions]


def test_the_rows_are_what_score_says_of_them() -> None:
    question = load()[0]
    result = read([question], ScriptedReader({"Sydney": 0.25}), clock=iter([0.0, 1.0]).__next__)
    (alone,) = score([question.exchanges[1]], ScriptedReader({"Sydney": 0.25}))
    row = result.rows[0][1]
    assert isinstance(row, Scored)
    assert isinstance(alone, Scored)
    assert row.log_cmp == alone.log_cmp


def test_the_pace_counts_prompt_and_answer_tokens_of_what_was_read() -> None:
    question = load()[0]
    n_prompt = len(question.prompt.split())
    failing = ScriptedReader(failures={"Sydney": Unscored("unavailable")})
    both, one = (read([question], r, clock=iter([1.0, 5.0]).__next__) for r in (ScriptedReader(), failing))
    assert (both.n_tokens, one.n_tokens) == (2 * (n_prompt + 1), n_prompt + 1)
    assert both.tokens_per_second == both.n_tokens / 4
    assert both.pace == f"{both.n_tokens} tokens in 4.0 s, 6 tokens/s"


def test_a_verifier_is_asked_once() -> None:
    class Counting(ScriptedReader):
        calls: list[int]

        def read(self, exchanges: Sequence, *, top_k: int = 0) -> list:  # type: ignore[type-arg]
            self.calls = [*getattr(self, "calls", []), len(exchanges)]
            return super().read(exchanges, top_k=top_k)

    reader = Counting()
    read(load(), reader, clock=iter([0.0, 1.0]).__next__)
    assert reader.calls == [240]


@pytest.mark.weights
def test_real_verifiers_prefer_right_answers_and_say_so_with_intervals_above_chance() -> None:
    reads = [read(load(), open_reader(name), clock=perf_counter) for name in ("smollm2-135m", "gemma3-270m")]
    found = study(load(), reads)
    assert found.n_left_out == 0
    assert found.overall.preference.low > 0.5
    assert all(found.by(name)["log_cmp"].auroc.low > 0.5 for name in ("smollm2-135m", "gemma3-270m"))
