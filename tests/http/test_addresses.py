"""Which addresses may be configured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.http.addresses import is_loopback, objection


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "https://api.example.com:8443/v1",
        "http://localhost:8000/v1",
        "http://127.0.0.1:8000/v1",
        "http://127.9.9.9/v1",
        "http://[::1]:8000/v1",
        "https://xn--bcher-kva.example/v1",
        "https://10.0.0.7/v1",
    ],
)
def test_https_anywhere_and_http_on_this_machine_are_fine(url):
    assert objection(url) is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://api.example.com/v1", "plain http"),
        ("http://localhost.example.com/v1", "plain http"),
        ("http://0.0.0.0/v1", "plain http"),
        ("http://2130706433/v1", "plain http"),  # 127.0.0.1 as one number: not a name we know
        ("ftp://example.com/", "scheme 'ftp'"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("gopher://example.com/", "scheme"),
        ("//example.com/v1", "scheme ''"),
        ("example.com/v1", "scheme ''"),
        ("https://api.example.com:0/v1", "port 0"),
        ("https://user:pw@example.com/v1", "credentials"),
        ("https://token@example.com/v1", "credentials"),
        ("https://@example.com/v1", "credentials"),
        ("https:///v1", "needs a host"),
        ("https://example.com/v1?key=1", "no [?]"),
        ("https://example.com/v1#m", "no #"),
        ("https://example.com:99999/v1", "cannot be read"),
        ("https://[::1/v1", "cannot be read"),
        ("https://exam\nple.com/v1", "printable"),
        ("https://example.com/v1\r\nX-Evil: 1", "printable"),
        ("https://example.com/\x00", "printable"),
        ("https://example.com /v1", "no spaces"),
        ("https://example.com\\@evil.example/v1", "backslashes"),
        ("https://еxample.com/v1", "ASCII"),  # the first letter is Cyrillic
        ("https://example。com/v1", "ASCII"),
        ("", "scheme ''"),
    ],
)
def test_everything_else_is_refused_with_the_reason(url, says):
    with pytest.raises(AssertionError, match=says):
        assert objection(url) is None, objection(url)


def test_plain_http_elsewhere_is_an_explicit_choice():
    assert objection("http://vllm.internal:8000/v1", allow_http=True) is None
    assert "credentials" in objection("http://a:b@vllm.internal/v1", allow_http=True)


@given(st.text(max_size=60))
def test_no_text_makes_it_raise_and_no_objection_repeats_what_follows_a_scheme(text):
    said = objection(f"https://{text}")
    assert said is None or len(text) < 8 or text not in said


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("::1", True), ("127.0.0.2", True), ("localhost", True), ("10.0.0.1", False), ("LOCALHOST.", False)],
)
def test_this_machine_is_known_by_name_alone(host, loopback):
    assert is_loopback(host) is loopback
