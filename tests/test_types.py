"""Values are valid once built."""

import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.types import Exchange, Message, Reading, Unscored

FINE = {
    "model": "m",
    "answer": "ab",
    "token_ids": [1, 2],
    "spans": [[0, 1], [1, 2]],
    "nll": [0.5, 1.0],
    "entropy_low": [1.0, 1.0],
    "entropy_high": [1.0, 1.0],
    "missing_mass": [0.0, 0.0],
    "rank": [1, 2],
    "top1": [0.6, 0.5],
    "selected": [True, True],
    "n_prompt_tokens": 3,
}


def test_a_reading_copies_and_locks_its_arrays():
    nll = np.array([0.5, 1.0])
    reading = Reading(**FINE | {"nll": nll})
    nll[0] = 9.0
    assert reading.nll[0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        reading.nll[0] = 9.0
    assert [token.text for token in reading.tokens] == ["a", "b"]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"token_ids": []}, "at least one token"),
        ({"nll": [0.5]}, r"nll must have shape \(2,\); got \(1,\)"),
        ({"spans": [0, 1]}, "spans must have shape"),
        ({"nll": [0.5, np.nan]}, "nll must be finite"),
        ({"entropy_high": [np.inf, 1.0]}, "entropy_high must be finite"),
        ({"nll": [-0.5, 1.0]}, "nll ≥ 0"),
        ({"entropy_low": [1.5, 1.0]}, "entropy_low ≤ entropy_high"),
        ({"missing_mass": [0.0, 1.5]}, "missing_mass"),
        ({"rank": [0, 1]}, "rank ≥ 1"),
        ({"top1": [0.0, 0.5]}, "top1"),
        ({"selected": [False, False]}, "selected"),
        ({"alternatives": ((),)}, "alternatives"),
    ],
)
def test_a_broken_reading_is_refused(broken, message):
    with pytest.raises(InputError, match=message):
        Reading(**FINE | broken)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, "a"), "prompt must be text or a sequence of Message; got int"),
        ((["hi"], "a"), "prompt must be text or a sequence of Message; got list"),
        (("q", None), "answer must be text; got NoneType"),
        (("q", "\ud800"), "lone surrogate"),
        (("q", "abc", (2, 2)), "non-empty range"),
        (("q", "abc", (0, 4)), "within 0..3"),
    ],
)
def test_a_broken_exchange_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Exchange(*arguments)


def test_messages_may_come_as_a_list_and_are_kept_as_a_tuple():
    messages = [Message("user", "q")]
    assert Exchange(messages, "a").prompt == tuple(messages)
    with pytest.raises(InputError, match="role must be one of"):
        Message("robot", "x")


def test_unscored_speaks():
    assert str(Unscored("span")) == "span"
    assert Unscored("context", "too long", 9, 8).to_dict() == {
        "reason": "context",
        "detail": "too long",
        "got": 9,
        "limit": 8,
    }
