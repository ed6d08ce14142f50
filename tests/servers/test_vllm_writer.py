"""Against a real vLLM server on loopback: what it writes, and whether its log-probabilities are those of its own reading."""

import numpy as np
import pytest

from foureyes.models.catalog import open_writer
from foureyes.models.completions import CompletionsReader
from foureyes.models.roles import Sampling

pytestmark = [pytest.mark.vllm, pytest.mark.weights]

PROMPTS = ["What is the capital of France?", "Name three rivers.", "Write a line with an emoji and an umlaut."]

READ_AGAIN = 1e-3
"""Nats between a token's log-probability while it is written and when the answer is read, in float32."""


@pytest.fixture(scope="module")
def written(vllm):
    with open_writer(f"{vllm}#smollm2-135m") as writer:
        return [row[0] for row in writer.write(PROMPTS, Sampling(max_tokens=24))]


def test_every_answer_comes_with_a_reading_that_covers_it(written):
    for one in written:
        assert one.exchange.answer.strip()
        assert one.reading is not None
        assert one.reading.spans[-1][1] == len(one.exchange.answer.encode())
        assert (one.reading.rank == 1).mean() > 0.9, "greedy writing takes the likeliest"
        assert one.usage.answer_tokens >= len(one.reading.nll)


def test_it_is_as_surprised_as_when_it_reads_its_answer(vllm, written):
    """Where the answer is cut into the same tokens again; a tokenizer need not do so."""
    with CompletionsReader.open(vllm) as reader:
        rows = reader.read([one.exchange for one in written])
    same = [(w.reading, r) for w, r in zip(written, rows, strict=True) if len(w.reading.nll) == len(r.nll)]
    assert same
    for own, again in same:
        assert np.abs(own.nll - again.nll).max() <= READ_AGAIN


def test_samples_differ_by_seed_and_come_in_one_request(vllm):
    with open_writer(vllm) as writer:
        (row,) = writer.write(PROMPTS[:1], Sampling(max_tokens=16, temperature=1.5, n=4, seed=1))
        (again,) = writer.write(PROMPTS[:1], Sampling(max_tokens=16, temperature=1.5, n=4, seed=2))
    assert len(row) == 4
    assert [one.exchange.answer for one in row] != [one.exchange.answer for one in again]
