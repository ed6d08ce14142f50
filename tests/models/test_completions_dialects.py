"""Every dialect understands what its server sends, and believes nothing that does not fit what was sent."""

import copy
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.models.completions.dialects import DIALECTS, LogprobRequest
from foureyes.models.completions.entries import decoded
from foureyes.models.token_logprobs import RowFault, number
from foureyes.types import Alternative

ASK = LogprobRequest("smollm2-135m", (1, 2, 3, 400), start=2, k=2)

# As vLLM 0.32 answered for smollm2-135m in float32; decoded tokens shortened.
VLLM_REPLY = {
    "choices": [
        {
            "prompt_logprobs": [
                None,
                {
                    "2": {"logprob": -18.066654205322266, "rank": 36135, "decoded_token": "<|im_end|>"},
                    "29": {"logprob": -0.9800835251808167, "rank": 1, "decoded_token": "-"},
                    "28": {"logprob": -2.0739669799804688, "rank": 2, "decoded_token": ","},
                },
                {
                    "3": {"logprob": -23.30878448486328, "rank": 49011, "decoded_token": "<repo_name>"},
                    "29": {"logprob": -1.4329687356948853, "rank": 1, "decoded_token": "-"},
                    "198": {"logprob": -2.5287327766418457, "rank": 2, "decoded_token": "\n"},
                },
                {
                    "400": {"logprob": -2.5, "rank": 2, "decoded_token": "ld"},
                    "79": {"logprob": -0.5, "rank": 1, "decoded_token": "_"},
                },
            ],
            "prompt_token_ids": [1, 2, 3, 400],
        }
    ]
}
ECHO_REPLY = {
    "choices": [
        {
            "logprobs": {
                "tokens": ["token_id:1", "token_id:2", "token_id:3", "token_id:400"],
                "token_logprobs": [None, -18.066654205322266, -23.30878448486328, -2.5],
                "top_logprobs": [
                    None,
                    {"token_id:2": -18.06, "token_id:29": -0.98, "token_id:28": -2.07},
                    {"token_id:3": -23.30878448486328, "token_id:29": -1.43, "token_id:198": -2.53},
                    {"token_id:400": -2.5, "token_id:79": -0.5},
                ],
            },
        }
    ]
}
# As SGLang documents it: the entry at logprob_start_len is null, then one per token of the answer.
SGLANG_REPLY = {
    "meta_info": {
        "input_token_logprobs": [[None, 2, "b"], [-23.3, 3, "<repo_name>"], [-2.5, 400, "ld"]],
        "input_top_logprobs": [
            None,
            [[-1.43, 29, "-"], [-2.53, 198, "\n"]],
            [[-0.5, 79, "_"], [-2.5, 400, "ld"]],
        ],
    }
}
REPLIES = {"vllm": VLLM_REPLY, "echo": ECHO_REPLY, "sglang": SGLANG_REPLY}


def edited(dialect, edit):
    reply = copy.deepcopy(REPLIES[dialect])
    edit(reply)
    return reply


def understood(dialect, reply, ask=ASK):
    """The reply as it comes: bytes, read an entry at a time."""
    how = DIALECTS[dialect]
    content = json.dumps(reply).encode()
    return how.understand(decoded(content, how.place, lambda t, decode: how.taken(t, decode, ask)), ask)


def logprobs(reply):
    return reply["choices"][0]["prompt_logprobs"]


def echoed(reply):
    return reply["choices"][0]["logprobs"]


def meta(reply):
    return reply["meta_info"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_reply_is_understood(dialect):
    first, second = understood(dialect, REPLIES[dialect])
    assert first.logprob == pytest.approx(-23.3, abs=0.01)
    assert [a.logprob for a in first.top] == pytest.approx([-1.43, -2.53], abs=0.01)
    assert second.logprob == -2.5
    assert [a.logprob for a in second.top] == [-0.5, -2.5]


def test_vllm_counts_ranks_and_names_tokens():
    first, second = understood("vllm", VLLM_REPLY)
    assert (first.rank, second.rank) == (49011, 2)
    assert (first.text, second.text) == ("<repo_name>", "ld")
    assert first.top[0] == Alternative("-", -1.4329687356948853)


def test_a_server_that_does_not_repeat_the_ids_is_believed_on_its_entries():
    reply = edited("vllm", lambda r: r["choices"][0].pop("prompt_token_ids"))
    assert len(understood("vllm", reply)) == 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_of_one_token_has_one_entry(dialect):
    ask = LogprobRequest("m", (1, 2, 3, 400), start=3, k=2)
    reply = copy.deepcopy(REPLIES[dialect])
    if dialect == "sglang":
        meta(reply)["input_token_logprobs"][:2] = [[None, 3, "x"]]
        meta(reply)["input_top_logprobs"][:2] = [None]
    (only,) = understood(dialect, reply, ask)
    assert only.logprob == -2.5


BROKEN = {
    "vllm: not an object": ("vllm", lambda r: r.clear()),
    "vllm: no choice": ("vllm", lambda r: r["choices"].clear()),
    "vllm: log-probabilities ignored": ("vllm", lambda r: r["choices"][0].pop("prompt_logprobs")),
    "vllm: one entry short": ("vllm", lambda r: logprobs(r).pop()),
    "vllm: one entry over": ("vllm", lambda r: logprobs(r).append(logprobs(r)[-1])),
    "vllm: first entry not null": ("vllm", lambda r: logprobs(r).__setitem__(0, logprobs(r)[1])),
    "vllm: another entry null": ("vllm", lambda r: logprobs(r).__setitem__(2, None)),
    "vllm: entry without the actual token": ("vllm", lambda r: logprobs(r)[3].pop("400")),
    "vllm: actual token alone": ("vllm", lambda r: logprobs(r)[3].clear()),
    "vllm: read other tokens": ("vllm", lambda r: r["choices"][0].update(prompt_token_ids=[1, 2, 3, 4])),
    "vllm: text for a number": ("vllm", lambda r: logprobs(r)[3]["400"].update(logprob="-2.5")),
    "vllm: logits for log-probabilities": ("vllm", lambda r: logprobs(r)[3]["79"].update(logprob=11.5)),
    "vllm: no rank": ("vllm", lambda r: logprobs(r)[3]["400"].pop("rank")),
    "echo: ignored": ("echo", lambda r: r["choices"][0].update(logprobs=None)),
    "echo: only the generated token": (
        "echo",
        lambda r: echoed(r).update(tokens=["token_id:5"], token_logprobs=[-1.0]),
    ),
    "echo: other tokens": ("echo", lambda r: echoed(r)["tokens"].__setitem__(3, "token_id:401")),
    "echo: texts for ids": ("echo", lambda r: echoed(r)["tokens"].__setitem__(3, "ld")),
    "echo: slice missing": ("echo", lambda r: echoed(r).update(token_logprobs=[])),
    "echo: no top": ("echo", lambda r: echoed(r)["top_logprobs"].__setitem__(3, {})),
    "sglang: outputs only": ("sglang", lambda r: meta(r).update(input_token_logprobs=[])),
    "sglang: shifted by one": ("sglang", lambda r: meta(r)["input_token_logprobs"].pop(0)),
    "sglang: from one later": ("sglang", lambda r: meta(r)["input_token_logprobs"][0].__setitem__(0, -0.1)),
    "sglang: other ids": ("sglang", lambda r: meta(r)["input_token_logprobs"][2].__setitem__(1, 401)),
    "sglang: entries too short": ("sglang", lambda r: meta(r)["input_token_logprobs"].__setitem__(1, [-1.0])),
    "sglang: no top": ("sglang", lambda r: meta(r).pop("input_top_logprobs")),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_reply_that_does_not_fit_what_was_sent_is_no_reading(case):
    dialect, edit = BROKEN[case]
    with pytest.raises(RowFault) as caught:
        understood(dialect, edited(dialect, edit))
    assert caught.value.unscored.reason == "bad_reply"
    assert "wanted" in caught.value.detail or "other tokens" in caught.value.detail


@pytest.mark.parametrize("reply", [None, 7, "text", [], {}, {"choices": 3}, {"choices": [None]}, {"meta_info": []}])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_json_of_any_other_shape_is_no_reading(dialect, reply):
    with pytest.raises(RowFault) as caught:
        understood(dialect, reply)
    assert caught.value.unscored.reason == "bad_reply"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -9999.0, None])
def test_what_stands_in_for_no_number_is_not_finite(value):
    with pytest.raises(RowFault) as caught:
        number(value)
    assert caught.value.unscored.reason == "not_finite"


def test_rounding_above_certainty_is_certainty():
    assert number(1e-7) == 0


def places(value, path=()):
    """The paths to everything in a JSON document."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 1 << 63])
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_whatever_stands_anywhere_in_a_reply_it_is_understood_or_a_fault(dialect, data):
    path = data.draw(st.sampled_from(list(places(REPLIES[dialect]))))
    reply = {"root": copy.deepcopy(REPLIES[dialect])}
    *parents, last = ("root", *path)
    parent = reply
    for step in parents:
        parent = parent[step]
    parent[last] = data.draw(json_values)
    try:
        seen = understood(dialect, reply["root"])
    except RowFault:
        return
    assert len(seen) == len(ASK.answer)
    assert all(-9999 < position.logprob <= 0 for position in seen)
    assert all(-9999 < a.logprob <= 0 for position in seen for a in position.top)
    assert all(position.rank is None or 1 <= position.rank < 1 << 31 for position in seen)
