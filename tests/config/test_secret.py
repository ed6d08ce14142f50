"""A secret shows up nowhere but where it is asked for."""

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest

from foureyes.config import Secret

VALUE = "sk-very-secret"


@dataclass(frozen=True)
class Holder:
    key: Secret


def test_only_reveal_shows_it():
    secret = Secret(VALUE)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>20}",
        f"{secret!r:.30}",
        repr(Holder(secret)),
        repr([secret]),
    ]
    shown += [repr(asdict(Holder(secret))), repr(copy.deepcopy(Holder(secret))), repr(copy.copy(secret))]
    assert not any(VALUE in text for text in shown)
    assert secret.reveal() == VALUE


def test_it_is_not_in_a_log_or_a_traceback(caplog):
    secret = Secret(VALUE)
    logging.getLogger("test").warning("using %s and %r", secret, secret)
    assert VALUE not in caplog.text
    error = ValueError(f"cannot use {secret}")
    assert VALUE not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_never_pickled(protocol):
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Holder(Secret(VALUE)), protocol)


def test_it_is_no_json():
    with pytest.raises(TypeError):
        json.dumps({"key": Secret(VALUE)})


def test_it_has_no_attributes_that_give_it_away():
    assert not hasattr(Secret(VALUE), "__dict__")


def test_equal_secrets_are_equal():
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret("other")
    assert Secret(VALUE) != VALUE
    assert len({Secret(VALUE), Secret(VALUE)}) == 1
