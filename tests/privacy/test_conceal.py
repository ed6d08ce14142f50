"""Personal data out and back: exactly, whatever the text, and never half."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError, PrivacyError
from foureyes.privacy import Finding, PatternDetector, Vault, conceal, reveal
from foureyes.privacy.tokens import tokens_in

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PATTERNS = PatternDetector()


class Words:
    """A detector that finds given words."""

    def __init__(self, *words, kind="PERSON"):
        self.words, self.kind = words, kind

    def find(self, text):
        at = [(text.find(word), word) for word in self.words]
        return [Finding(start, start + len(word), self.kind) for start, word in at if start >= 0]


class Scattered:
    """A detector that finds whatever pieces a test draws."""

    def __init__(self, pieces):
        self.pieces = pieces

    def find(self, text):
        return [
            Finding(start % len(text), min(len(text), start % len(text) + length), kind)
            for start, length, kind in self.pieces
            if text
        ]


class Failing:
    def __init__(self, error):
        self.error = error

    def find(self, _text):
        raise self.error


PIECES = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30), st.sampled_from(["PERSON", "URL"])), max_size=6)
TOKENISH = st.lists(
    st.one_of(
        TEXT, st.sampled_from(["[PERSON_1_ABCDEFGH]", "[person_1_abcdefgh]", "[URL_1_", "_1_ABCDEFGH]", "[", "]"])
    ),
    max_size=8,
).map("".join)


@given(st.lists(TOKENISH, max_size=3), PIECES)
def test_revealing_what_was_concealed_gives_the_text_back(texts, pieces):
    conversation = Vault.open().conversation()
    safe = conceal(texts, Scattered(pieces), conversation)
    assert [reveal(text, conversation) for text in safe.texts] == texts


@given(TOKENISH, PIECES)
def test_it_does_in_a_vault_and_when_done_twice(text, pieces):
    vault = Vault.open()
    conversation = vault.conversation("s")
    once = conceal([text], Scattered(pieces), conversation).texts[0]
    twice = conceal([once], Scattered(pieces), conversation).texts[0]
    assert reveal(twice, conversation) == once
    if tokens_in(once):
        assert reveal(once, conversation) == text
    vault.close()


@given(TOKENISH)
def test_every_token_in_the_output_is_ours(text):
    conversation = Vault.open().conversation()
    safe = conceal([text], Words(), conversation)
    assert tokens_in(safe.texts[0]) == {entry.token for entry in safe.manifest}


@given(TEXT, TEXT)
def test_texts_without_findings_pass_unchanged(one, other):
    safe = conceal([one, other], Words(), Vault.open().conversation())
    if not tokens_in(one + other):
        assert safe.texts == (one, other)
        assert (safe.manifest, safe.created) == ((), 0)


def test_the_same_value_has_the_same_token_in_every_text_of_a_conversation():
    vault = Vault.open()
    first = conceal(["I am Ana Cruz", "Ana Cruz is here"], Words("Ana Cruz"), vault.conversation("s"))
    later = conceal(["Ana Cruz again"], Words("Ana Cruz"), vault.conversation("s"))
    [entry] = first.manifest
    assert first.texts == (f"I am {entry.token}", f"{entry.token} is here")
    assert (first.created, later.created) == (1, 0)
    assert later.texts == (f"{entry.token} again",)
    vault.close()


def test_a_value_found_once_is_concealed_wherever_it_is_repeated():
    """A passport number is recognised by the word before it, and must not go out where that word is missing."""
    vault = Vault.open()
    texts = ["My passport number is 123456789.", "Your number 123456789 is valid."]
    assert not PATTERNS.find(texts[1])
    safe = conceal(texts, PATTERNS, vault.conversation("s"))
    assert "123456789" not in "".join(safe.texts)
    later = conceal(["Is 123456789 right?"], PATTERNS, vault.conversation("s"))
    assert "123456789" not in later.texts[0]
    assert conceal([texts[1]], PATTERNS, vault.conversation("another")).texts == (texts[1],)
    vault.close()


def test_a_repeated_value_is_a_word_of_its_own_and_not_a_short_one():
    conversation = Vault.open().conversation()
    conceal(["Anna or Jo"], Words("Anna", "Jo"), conversation)
    [anna, jo] = conversation.issue([("PERSON", "Anna"), ("PERSON", "Jo")])
    safe = conceal(["Annabel, Susanna, Anna! and Jo"], Words(), conversation)
    assert safe.texts == (f"Annabel, Susanna, {anna.token}! and Jo",)
    assert jo.token not in safe.texts[0]


def test_findings_that_touch_are_two_tokens_and_come_back():
    conversation = Vault.open().conversation()
    safe = conceal(["AnaBen"], Words("Ana", "Ben"), conversation)
    assert len(safe.manifest) == 2
    assert safe.texts[0] == "".join(entry.token for entry in safe.manifest)
    assert reveal(safe.texts[0], conversation) == "AnaBen"


def test_a_nested_finding_goes_with_the_one_around_it():
    conversation = Vault.open().conversation()
    safe = conceal(["see https://ana:pw@example.org/x now"], PATTERNS, conversation)
    assert len(safe.manifest) == 1
    assert safe.texts[0] == f"see {safe.manifest[0].token} now"


def test_someone_elses_token_in_a_text_is_concealed_and_restores_to_itself():
    """Injection: whoever writes another conversation's token into a text gets that text back, not the value."""
    vault = Vault.open()
    victim = conceal(["Ana Cruz"], Words("Ana Cruz"), vault.conversation("victim")).texts[0]
    attack = f"repeat {victim} and {victim.lower()}"
    conversation = vault.conversation("intruder")
    safe = conceal([attack], Words(), conversation)
    assert victim not in safe.texts[0]
    assert reveal(safe.texts[0], conversation) == attack
    vault.close()


def test_a_conversations_own_token_in_a_later_text_restores_to_itself_too():
    vault = Vault.open()
    conversation = vault.conversation("s")
    token = conceal(["Ana Cruz"], Words("Ana Cruz"), conversation).texts[0]
    safe = conceal([f"was it {token}?"], Words("Ana Cruz"), conversation)
    assert token not in safe.texts[0]
    assert reveal(safe.texts[0], conversation) == f"was it {token}?"
    vault.close()


def test_tokens_survive_json_and_a_model_that_shouts_or_whispers():
    conversation = Vault.open().conversation()
    text = conceal(['Ana "Cruz" née Müller'], Words('Ana "Cruz"', "Müller"), conversation).texts[0]
    back = json.loads(json.dumps({"answer": text}))["answer"]
    for said in (back, back.lower(), back.upper()):
        assert 'Ana "Cruz"' in reveal(said, conversation)
        assert "Müller" in reveal(said, conversation)


def test_a_token_that_a_model_made_up_stays_as_it_is():
    conversation = Vault.open().conversation()
    text = conceal(["Ana Cruz"], Words("Ana Cruz"), conversation).texts[0]
    assert reveal(f"{text} and [PERSON_7_QQQQQQQQ]", conversation) == "Ana Cruz and [PERSON_7_QQQQQQQQ]"


def test_revealing_from_a_deleted_conversation_fails_and_a_text_without_tokens_does_not():
    vault = Vault.open()
    text = conceal(["Ana Cruz"], Words("Ana Cruz"), vault.conversation("s")).texts[0]
    vault.delete("s")
    with pytest.raises(PrivacyError, match="no such conversation"):
        reveal(text, vault.conversation("s"))
    assert reveal("nothing here", vault.conversation("s")) == "nothing here"
    vault.close()


def test_the_manifest_holds_no_values():
    safe = conceal(["Ana Cruz"], Words("Ana Cruz"), Vault.open().conversation())
    assert "Ana" not in repr(safe)
    assert [(entry.kind, entry.created) for entry in safe.manifest] == [("PERSON", True)]


@pytest.mark.parametrize(
    "error", [RuntimeError("leak: Ana Cruz"), PrivacyError("too slow"), MemoryError(), KeyError("Ana Cruz")]
)
def test_a_detector_that_crashes_blocks_and_its_words_are_not_repeated(error):
    with pytest.raises(PrivacyError) as raised:
        conceal(["fine", "Ana Cruz"], Failing(error), Vault.open().conversation())
    assert "Ana" not in str(raised.value)
    assert "Ana" not in repr(raised.value.__cause__)


@pytest.mark.parametrize("returned", [None, [(0, 3)], [Finding(0, 99, "PERSON")], "x", [None]])
def test_a_detector_that_returns_something_else_blocks(returned):
    class Odd:
        def find(self, _text):
            return returned

    with pytest.raises(PrivacyError):
        conceal(["short"], Odd(), Vault.open().conversation())


def test_a_vault_that_cannot_be_written_blocks():
    vault = Vault.open()
    conversation = vault.conversation("s")
    vault.close()
    with pytest.raises(PrivacyError, match="cannot be used"):
        conceal(["Ana Cruz"], Words("Ana Cruz"), conversation)


def test_a_text_that_cannot_be_encoded_is_refused_before_a_detector_sees_it():
    with pytest.raises(InputError, match="lone surrogate"):
        conceal(["ok", "bad \ud800"], Failing(AssertionError()), Vault.open().conversation())


def test_interrupting_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        conceal(["x"], Failing(KeyboardInterrupt()), Vault.open().conversation())
