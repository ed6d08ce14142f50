"""What a request may choose: configured verifiers, by exact name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.config import JudgeVerifier, TenantSettings, choose_members
from foureyes.errors import InputError

A, B = JudgeVerifier("a", "openai", "gpt-5"), JudgeVerifier("b", "local", "qwen3/8b")
ACME = TenantSettings("acme", verifiers=(A, B))


def test_none_asked_for_is_all_of_them():
    assert choose_members(ACME, []) == (A, B)


def test_those_asked_for_come_in_the_order_of_the_request():
    assert choose_members(ACME, [("local", "qwen3/8b"), ("openai", "gpt-5")]) == (B, A)
    assert choose_members(ACME, [("local", "qwen3/8b")]) == (B,)


def test_what_goes_on_is_the_configured_value_itself():
    [chosen] = choose_members(ACME, [("OPENAI".lower(), "gpt-5")])
    assert chosen is A


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=2))
def test_no_other_pair_is_ever_accepted(requested):
    with pytest.raises(InputError):
        choose_members(ACME, requested)


def test_provider_and_model_belong_together():
    with pytest.raises(
        InputError, match="no such verifier: 'openai' 'qwen3/8b'; there are openai gpt-5, local qwen3/8b"
    ):
        choose_members(ACME, [("openai", "qwen3/8b")])


def test_asking_twice_does_not_vote_twice():
    with pytest.raises(InputError, match="one vote"):
        choose_members(ACME, [("openai", "gpt-5")] * 2)


def test_asking_for_more_than_there_are_is_refused_before_any_is_looked_at():
    with pytest.raises(InputError, match="100000 verifiers were asked for; there are 2"):
        choose_members(ACME, [("openai", "gpt-5")] * 100_000)
