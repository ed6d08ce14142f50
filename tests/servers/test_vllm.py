"""Against a real vLLM server on loopback: the reader's promises, its agreement with the reader on this machine."""

import itertools

import numpy as np
import pytest

from foureyes.errors import ModelRefused
from foureyes.http import RequestLimits
from foureyes.models.completions import CompletionsReader
from foureyes.testing import EXCHANGES, TEXTS, ReaderContract
from foureyes.types import Exchange, Reading, Unscored

pytestmark = [pytest.mark.vllm, pytest.mark.weights]

SAME_ARITHMETIC = 1e-4
"""Nats between one request and another in float32; measured: 0, whatever else the server reads at the time."""

OTHER_ENGINE = 2e-4
"""Nats between vLLM and this process, the same weights in float32 under other kernels; measured: 5e-5."""


@pytest.fixture(scope="module")
def reader(vllm):
    with CompletionsReader.open(vllm) as reader:
        yield reader


class TestContract(ReaderContract):
    tolerance = SAME_ARITHMETIC
    vocabulary = 49_152
    too_long = 3000

    @pytest.fixture
    def reader(self, reader):
        return reader


def test_the_probe_learns_what_the_server_is(reader):
    server = reader.server
    assert server.dialect.name == "vllm"
    assert (server.model, server.vocabulary, server.context) == ("smollm2-135m", 49_152, 2047)
    assert (server.chat, server.shown) == (True, 20)


def test_both_forms_show_the_same_numbers(vllm, reader):
    with CompletionsReader.open(vllm, flavour="echo") as echo:
        for one, other in zip(reader.read(EXCHANGES, top_k=2), echo.read(EXCHANGES, top_k=2), strict=True):
            assert np.abs(one.nll - other.nll).max() <= SAME_ARITHMETIC
            assert np.abs(one.entropy_high - other.entropy_high).max() <= SAME_ARITHMETIC
            assert [a.text for a in one.alternatives[0]] == [a.text for a in other.alternatives[0]]
            within = one.rank <= 20
            assert np.array_equal(one.rank[within], other.rank[within])
            assert (other.rank[~within] == 21).all()


def test_it_agrees_with_the_reader_on_this_machine(reader, weights):
    from foureyes.models.transformers import TransformersReader

    exchanges = [*EXCHANGES, *(Exchange("Repeat after me.", text) for text in TEXTS.values())]
    here = TransformersReader.load(weights, dtype="float32").read(exchanges, top_k=5)
    there = reader.read(exchanges, top_k=5)
    for one, other in zip(here, there, strict=True):
        assert np.array_equal(one.token_ids, other.token_ids)
        assert np.array_equal(one.spans, other.spans)
        assert one.n_prompt_tokens == other.n_prompt_tokens
        assert np.abs(one.nll - other.nll).max() <= OTHER_ENGINE
        assert np.abs(one.top1 - other.top1).max() <= OTHER_ENGINE
        assert (np.abs(one.rank - other.rank) <= 1 + 0.01 * one.rank).all()
        assert (one.entropy_low >= other.entropy_low - OTHER_ENGINE).all()
        assert (one.entropy_low <= other.entropy_high + OTHER_ENGINE).all()
        for t in np.flatnonzero(one.top1 > 0.5):
            best = one.alternatives[t][0].text, other.alternatives[t][0].text
            assert best[0] == best[1] or "\ufffd" in best[0], "each prints parts of characters in its own way"


def test_the_prefix_cache_does_not_move_values(vllm):
    """vLLM issue 42019: requests that share a prefix, in another order and in company, with the cache on."""
    shared = "The following is a long text about geography, history and science. " * 12
    exchanges = [
        Exchange(shared + question, answer)
        for question, answer in itertools.product(
            ("Capital of Australia?", "Who wrote Hamlet?"), ("Canberra.", "Shakespeare wrote it.", "Nobody knows.")
        )
    ]
    with CompletionsReader.open(vllm, limits=RequestLimits(concurrency=1)) as one_by_one:
        alone = one_by_one.read(exchanges)
    with CompletionsReader.open(vllm, limits=RequestLimits(concurrency=6)) as together:
        reverse = together.read(exchanges[::-1])[::-1]
    moved = max(float(np.abs(a.nll - b.nll).max()) for a, b in zip(alone, reverse, strict=True))
    assert moved <= SAME_ARITHMETIC


def test_the_context_is_used_to_its_last_token(vllm):
    def ask(reader, words):
        (row,) = reader.read([Exchange("x " * words, "Canberra")])
        return row

    with CompletionsReader.open(vllm) as refusing, CompletionsReader.open(vllm, truncate="left") as cutting:
        over = ask(refusing, 2300)
        assert isinstance(over, Unscored)
        assert (over.reason, over.limit) == ("context", 2047)
        cut = ask(cutting, 2300)
        assert isinstance(cut, Reading)
        assert cut.n_prompt_tokens + len(cut.token_ids) == 2047
        assert cut.n_dropped == over.got - 2047


def test_more_alternatives_than_the_server_allows_are_refused(reader):
    with pytest.raises(ModelRefused, match="shows at most 20 alternatives"):
        reader.read(EXCHANGES[:1], top_k=21)
