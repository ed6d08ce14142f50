"""Pages are whole or not there, load nothing, and run one known script."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from jinja2 import UndefinedError

from foureyes.report import page


def test_the_policy_allows_exactly_the_script_that_is_there() -> None:
    html = page.render("base.html")
    [script] = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert "default-src 'none'" in html


def test_nothing_is_loaded_from_anywhere() -> None:
    html = page.render("base.html")
    assert not re.search(
        r"https?:|//[a-z]|\bsrc=|@import|url\(", re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    )


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="headline"):
        page.render("check.html")
