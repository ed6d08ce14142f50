"""The page about gateways shows what the tests of the real ones assert."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.gateway_cases import CHECKS, LITELLM, NEMO, table

PAGE = Path(__file__).parents[2] / "docs" / "gateways.md"


@pytest.mark.parametrize("cases", [LITELLM, NEMO, CHECKS], ids=["litellm", "nemo", "checks"])
def test_the_page_shows_the_cases(cases):
    assert table(cases) in PAGE.read_text(encoding="utf-8")
