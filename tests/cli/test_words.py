"""What several verbs say to a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from foureyes.cli.words import tell_cost
from foureyes.errors import ConfigError
from foureyes.models.weights import KNOWN
from foureyes.models.weights.fetch_cost import FetchCost

MODELS = (KNOWN["qwen2.5-coder-0.5b"], KNOWN["qwen2.5-coder-1.5b"])


def test_size_and_time_are_said_before_anything_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    tell_cost(FetchCost(MODELS, Path("/cache"), 10**11), way_out="or add --small")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "qwen2.5-coder-0.5b and qwen2.5-coder-1.5b will be fetched, once: 1.6 GB to download, 4.8 GB on disk "
        "(5.9 GB for a while), 5.8 GB of memory, about 4 min on a quick line (or add --small)\n"
    )


def test_of_what_is_here_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    tell_cost(FetchCost((), Path("/cache"), 0), way_out="or add --small")
    assert capsys.readouterr() == ("", "")


def test_a_disk_that_is_too_small_is_a_mistake_that_names_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        tell_cost(FetchCost(MODELS, Path("/cache"), 2 * 10**9), way_out="or add --small")
    assert str(refusal.value) == (
        "qwen2.5-coder-0.5b and qwen2.5-coder-1.5b take 5.9 GB of disk while they are made ready, and /cache has 2.0 GB "
        "left: make room, set FOUREYES_CACHE to another disk, or add --small"
    )
    assert capsys.readouterr() == ("", "")
    with pytest.raises(ConfigError, match=r"to another disk$"):
        tell_cost(FetchCost(MODELS, Path("/cache"), 0))
