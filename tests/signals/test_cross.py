"""Signals are the formulas of the paper, over the right tokens, and unlike the snippet in circulation."""

import numpy as np
import pytest
import torch
import transformers

from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader
from foureyes.models.transformers import TransformersReader
from foureyes.signals.cross import score, score_panel, signals_of
from foureyes.signals.knowing import p_true
from foureyes.types import Exchange, Reading, Scored, Unscored

PROBABILITIES = {"one": 0.5, "two": 0.25, "three": 0.125}


def test_signals_are_their_formulas():
    (row,) = score([Exchange("q", "one two three")], ScriptedReader(PROBABILITIES))
    assert row.log_cmp == pytest.approx(2 * np.log(2))
    assert row.cmp == pytest.approx(4.0)
    assert row.cme == pytest.approx(np.mean([-p * np.log(p) for p in PROBABILITIES.values()]))
    assert row["nats_per_byte"] == pytest.approx(6 * np.log(2) / len("one two three"))
    assert row["min_logprob"] == pytest.approx(np.log(0.125))
    assert row["mean_token_prob"] == pytest.approx((0.5 + 0.25 + 0.125) / 3)
    assert row["mean_rank"] == pytest.approx(2.0)
    assert row.n_tokens == 3
    assert row.cme == row.cme_low == row.cme_high


def test_what_is_no_exchange_and_what_is_no_reader_is_said():
    with pytest.raises(InputError, match="sequence of Exchange; got str at row 1"):
        score([Exchange("q", "one"), "one"], ScriptedReader(PROBABILITIES))
    with pytest.raises(InputError, match="which open_reader opens by name; got 'smollm2-135m'"):
        score([Exchange("q", "one")], "smollm2-135m")


def test_a_span_narrows_every_signal():
    reader = ScriptedReader(PROBABILITIES)
    (row,) = score([Exchange("q", "one two #### three")], reader, final_answer="####")
    assert row.n_tokens == 1
    assert row.log_cmp == pytest.approx(-np.log(0.125))
    assert len(row.tokens) == 4, "the whole answer is still read"
    rows = score([Exchange("q", "none here"), Exchange("q", "x #### three")], reader, final_answer="####")
    assert (rows[0].reason, rows[1].n_tokens) == ("span", 1)


def test_unscored_rows_stay_in_their_place():
    reader = ScriptedReader(failures={"bad": Unscored("unavailable", "gone")})
    rows = score([Exchange("q", "fine"), Exchange("q", "bad"), Exchange("q", "")], reader)
    assert [type(row).__name__ for row in rows] == ["Scored", "Unscored", "Unscored"]
    assert signals_of(rows[1]) is rows[1]


def test_bounds_instead_of_a_number_where_entropy_is_only_bounded():
    reading = Reading(
        model="m",
        answer="ab",
        token_ids=np.array([1, 2]),
        spans=np.array([[0, 1], [1, 2]]),
        nll=np.ones(2),
        entropy_low=np.array([1.0, 2.0]),
        entropy_high=np.array([1.5, 2.0]),
        missing_mass=np.array([0.2, 0.0]),
        rank=np.ones(2),
        top1=np.full(2, 0.4),
        selected=np.ones(2),
        n_prompt_tokens=1,
    )
    row = signals_of(reading)
    assert isinstance(row, Scored)
    assert row.cme is None
    assert (row.cme_low, row.cme_high, row.missing_mass) == (1.5, 1.75, pytest.approx(0.1))
    assert [token.entropy for token in row.tokens] == [None, 2.0]


def test_several_verifiers_read_the_same_rows():
    rows = score_panel([Exchange("q", "one")], {"a": ScriptedReader({"one": 0.5}), "b": ScriptedReader({"one": 0.25})})
    assert [rows[name][0].cmp for name in "ab"] == [pytest.approx(2.0), pytest.approx(4.0)]


def test_p_true_is_the_share_of_false():
    reader = ScriptedReader({"A": 0.6, "B": 0.2})
    assert p_true([Exchange("q", "yes"), Exchange("q", " ")], reader)[0] == pytest.approx(0.25)
    assert p_true([Exchange("q", " ")], reader)[0].reason == "empty_answer"


@pytest.fixture(scope="module")
def snippet(tiny_model):
    """The snippet in circulation: reads the answer without its question, averages over everything, entropy one late."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_model)
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    prompt, answer = "Capital of Australia?", "Canberra"
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
    )
    n = len(tokenizer(text, add_special_tokens=False)["input_ids"])

    def logprobs(text):
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        with torch.inference_mode():
            return ids[0], model(ids).logits[0].log_softmax(-1)

    def mean_nll(ids, lp):
        return float(-lp[:-1].gather(1, ids[1:, None]).mean())

    def mean_entropy(lp):
        return float(-(lp.exp() * lp).sum(-1).mean())

    ids, lp = logprobs(text + answer)
    (row,) = score([Exchange(prompt, answer)], TransformersReader.load(tiny_model, dtype="float32"))
    return {
        "row": row,
        "right nll": mean_nll(ids[n - 1 :], lp[n - 1 :]),
        "right entropy": mean_entropy(lp[n - 1 : -1]),
        "without its question": mean_nll(*logprobs(answer)),
        "over prompt tokens too": mean_nll(ids, lp),
        "entropy one position late": mean_entropy(lp[n:]),
    }


def test_the_reader_agrees_with_the_definition(snippet):
    assert snippet["row"].log_cmp == pytest.approx(snippet["right nll"], abs=1e-4)
    assert snippet["row"].cme == pytest.approx(snippet["right entropy"], abs=1e-4)


@pytest.mark.parametrize("bug", ["without its question", "over prompt tokens too"])
def test_log_cmp_is_not_that_of_the_snippet(snippet, bug):
    assert abs(snippet["row"].log_cmp - snippet[bug]) > 0.05


def test_cme_is_not_that_of_the_snippet(snippet):
    assert abs(snippet["row"].cme - snippet["entropy one position late"]) > 0.01
