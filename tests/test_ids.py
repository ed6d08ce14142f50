"""Names that come once."""

import os
from multiprocessing import get_context

import pytest

from foureyes.types import new_id


def test_ten_thousand_are_all_different() -> None:
    names = [new_id() for _ in range(10_000)]
    assert len(set(names)) == len(names)
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_draws_its_own() -> None:
    with get_context("fork").Pool(1) as pool:
        theirs = pool.apply(_some)
    assert not set(theirs) & set(_some())


def _some() -> list[str]:
    return [new_id() for _ in range(300)]
