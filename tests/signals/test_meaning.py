import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.models.entailment import Entailment
from foureyes.models.scripted import ScriptedReader
from foureyes.models.transformers import TransformersReader
from foureyes.signals.entailment import AskedEntailment
from foureyes.signals.meaning import meanings
from foureyes.types import Unscored
from tests.signals.drawn import drawn


class SameCity:
    """Entailment by the city that is named."""

    name = fingerprint = "same-city"

    def __init__(self, failing=()):
        self.batches = []
        self.failing = failing

    def entails(self, pairs):
        self.batches.append(len(pairs))
        return [self.told(pair.premise, pair.hypothesis) for pair in pairs]

    def told(self, premise, hypothesis):
        if {premise, hypothesis} & set(self.failing):
            return Unscored("context", "too long")
        return 0.9 if premise.split()[-1].strip(".") == hypothesis.split()[-1].strip(".") else 0.1


CANBERRA = ("Canberra", "It is Canberra.", "canberra is Canberra")


def test_texts_that_mean_the_same_are_one_cluster():
    (row,) = meanings(["q"], [drawn(*CANBERRA, "Sydney", "It is Sydney", "Perth")], SameCity())
    assert row.cluster == (0, 0, 0, 1, 1, 2)
    assert row.n_clusters == 3
    assert row.semantic_entropy == pytest.approx(
        -(0.5 * math.log(0.5) + 1 / 3 * math.log(1 / 3) + 1 / 6 * math.log(1 / 6))
    )


def test_weights_are_length_normalised_probabilities():
    samples = drawn("Canberra", "Sydney Sydney Sydney", probabilities={"Canberra": 0.5, "Sydney": 0.25})
    (row,) = meanings(["q"], [samples], SameCity())
    assert row.mean_logprob == pytest.approx((math.log(0.5), math.log(0.25)))
    assert row.semantic_entropy_weighted == pytest.approx(-(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)))
    assert row.semantic_entropy == pytest.approx(math.log(2))


def test_equal_texts_are_not_asked_about():
    asker = SameCity()
    (row,) = meanings(["q"], [drawn("Perth", "Perth", "  Perth\n", "Perth")], asker)
    assert (row.cluster, row.n_asked, asker.batches) == ((0, 0, 0, 0), 0, [])
    (row,) = meanings(["q"], [drawn("Perth", "Rome", "Perth", "Rome", "Rome")], asker)
    assert (row.cluster, row.n_asked) == ((0, 1, 0, 1, 1), 2)


def test_prompts_are_clustered_side_by_side():
    asker = SameCity()
    rows = meanings(
        ["q", "r", "s"], [drawn("Rome", "Bonn", "Oslo"), drawn("Rome", "Rome"), drawn("Bonn", "Oslo")], asker
    )
    assert [row.n_clusters for row in rows] == [3, 1, 2]
    assert asker.batches == [4, 4], "two rounds, whatever the number of prompts"


def test_a_row_with_an_entailment_that_cannot_be_told_is_unscored_alone():
    rows = meanings(["q", "r"], [drawn("Rome", "Bonn", "Oslo"), drawn("Rome", "Oslo")], SameCity(failing=["Bonn"]))
    assert rows[0].reason == "context"
    assert rows[1].n_clusters == 2


@pytest.mark.parametrize(
    ("said", "reason"),
    [(("Rome",), "empty_answer"), (("Rome", "Bonn", None, None), "unavailable"), ((), "empty_answer")],
)
def test_too_few_samples_have_no_entropy(said, reason):
    (row,) = meanings(["q"], [drawn(*said)], SameCity())
    assert row.reason == reason


def test_samples_without_words_are_left_out_and_counted():
    (row,) = meanings(["q"], [drawn("Rome", "", "Rome", None, "Bonn")], SameCity())
    assert (row.cluster, row.n_left_out) == ((0, 0, 1), 2)


def test_without_probabilities_only_the_discrete_entropy_is_to_be_had():
    from dataclasses import replace

    samples = [replace(sample, reading=None) for sample in drawn("Rome", "Bonn")]
    (row,) = meanings(["q"], [samples], SameCity())
    assert row.semantic_entropy == pytest.approx(math.log(2))
    assert row.semantic_entropy_weighted.reason == "bad_reply"


@given(st.lists(st.sampled_from(["Rome", "Bonn", "Oslo", "It is Rome", "It is Bonn"]), min_size=2, max_size=10))
def test_entropies_lie_between_0_and_the_logarithm_of_the_samples(said):
    (row,) = meanings(["q"], [drawn(*said)], SameCity())
    for entropy in (row.semantic_entropy, row.semantic_entropy_weighted):
        assert 0 <= entropy <= math.log(len(said))
    assert row.n_clusters == len({text.split()[-1] for text in said})


def test_every_prompt_needs_its_samples():
    with pytest.raises(InputError, match="2 prompts need a row of samples each; got 1"):
        meanings(["q", "r"], [drawn("a", "b")], SameCity())


def test_the_verifier_itself_can_be_asked():
    asked = AskedEntailment(ScriptedReader({"A": 0.2, "B": 0.6}, name="small"))
    assert isinstance(asked, Entailment)
    assert asked.name == "small"
    assert asked.fingerprint.startswith("asked:scripted:")
    (row,) = meanings(["q"], [drawn("Rome", "Bonn")], asked)
    assert row.n_clusters == 1, "a reader that always says yes sees one meaning"


def test_a_real_reader_gives_the_same_whatever_the_neighbours(tiny_model):
    asked = AskedEntailment(TransformersReader.load(tiny_model, dtype="float32"))
    rows = [drawn("Rome", "Bonn", "Oslo"), drawn("Rome", "It is Rome")]
    together = meanings(["q", "r"], rows, asked)
    alone = [meanings([prompt], [row], asked)[0] for prompt, row in zip("qr", rows, strict=True)]
    assert [row.cluster for row in together] == [row.cluster for row in alone]
    assert np.isfinite([row.semantic_entropy for row in together]).all()
