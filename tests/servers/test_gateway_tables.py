"""The page about gateways shows what the tests of the real ones assert."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.gateway_cases import CHECKS, LITELLM, LITELLM_ROUTES, NEMO, routes_table, table

PAGE = Path(__file__).parents[2] / "docs" / "gateways.md"


@pytest.mark.parametrize("cases", [LITELLM, NEMO, CHECKS], ids=["litellm", "nemo", "checks"])
def test_the_page_shows_the_cases(cases):
    assert table(cases) in PAGE.read_text(encoding="utf-8")


def test_the_page_shows_the_other_routes():
    assert routes_table(LITELLM_ROUTES) in PAGE.read_text(encoding="utf-8")
