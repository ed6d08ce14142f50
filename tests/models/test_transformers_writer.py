"""Generation: the words are the model's own, and so are the statistics."""

import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.models.roles import Sampling
from foureyes.models.transformers import TransformersReader, TransformersWriter
from foureyes.models.transformers.formatting import Item
from foureyes.models.turn_template import TurnText
from foureyes.types import Unscored, Written

PROMPTS = ["2 + 2 = ?", "Name a colour, any colour you like, in one word.", "Why?"]


@pytest.fixture(scope="module")
def writer(tiny_model):
    return TransformersWriter.load(tiny_model, dtype="float32")


def test_greedy_words_are_each_the_most_likely(writer):
    for (written,) in writer.write(PROMPTS, Sampling(max_tokens=12)):
        assert isinstance(written, Written)
        assert (written.reading.rank == 1).all()
        np.testing.assert_allclose(np.exp(-written.reading.nll), written.reading.top1, atol=1e-6)
        assert written.finish in ("stop", "length")
        assert len(written.reading.token_ids) <= 12


def test_its_statistics_are_what_a_reader_sees_in_the_same_tokens(tiny_model, writer):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    for (written,) in writer.write(PROMPTS, Sampling(max_tokens=10)):
        own = written.reading
        prompt_ids = reader._format.prompt_ids(written.exchange.prompt)
        item = Item(TurnText(own.answer), prompt_ids, own.token_ids, own.spans, own.selected)
        (reading,) = reader._read_batch([item], 0)
        np.testing.assert_allclose(own.nll, reading.nll, atol=1e-4)
        np.testing.assert_allclose(own.entropy_low, reading.entropy_low, atol=1e-4)
        assert own.n_prompt_tokens == len(prompt_ids)


def test_batching_does_not_change_greedy_words(writer):
    together = [row[0].exchange.answer for row in writer.write(PROMPTS, Sampling(max_tokens=10))]
    alone = [writer.write([prompt], Sampling(max_tokens=10))[0][0].exchange.answer for prompt in PROMPTS]
    assert together == alone


def test_a_seed_gives_the_same_samples_and_another_seed_others(writer):
    def answers(seed):
        rows = writer.write(PROMPTS, Sampling(max_tokens=10, temperature=1.0, n=3, seed=seed))
        assert [len(row) for row in rows] == [3, 3, 3]
        return [[written.exchange.answer for written in row] for row in rows]

    assert answers(1) == answers(1)
    assert answers(1) != answers(2)
    assert any(len(set(row)) > 1 for row in answers(1))


def test_sampling_leaves_the_callers_random_numbers_alone(writer):
    import torch

    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    writer.write(PROMPTS[:1], Sampling(max_tokens=3, temperature=1.0))
    assert torch.rand(1) == expected


def test_spans_cover_the_answer(writer):
    for (written,) in writer.write(PROMPTS, Sampling(max_tokens=20)):
        spans = written.reading.spans
        assert spans[0, 0] == 0
        assert spans[-1, 1] == len(written.exchange.answer.encode())
        np.testing.assert_array_equal(spans[1:, 0], spans[:-1, 1])


def test_a_prompt_that_leaves_no_room_is_unscored(writer):
    fits, long, empty = writer.write(["q", "q" * 505, ""], Sampling(max_tokens=20))
    assert isinstance(fits[0], Written)
    assert (long[0].reason, long[0].limit) == ("context", 512)
    assert isinstance(empty[0], Unscored)


@pytest.mark.parametrize(
    "settings", [{"max_tokens": 0}, {"temperature": -1}, {"top_p": 0}, {"n": 0}, {"n": 2, "temperature": 0}]
)
def test_sampling_settings_are_checked(settings):
    with pytest.raises(InputError, match="sampling wants"):
        Sampling(**settings)
