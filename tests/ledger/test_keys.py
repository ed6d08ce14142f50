import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError, LedgerOtherKey, LedgerTampered
from foureyes.ledger.keys import Signer, VerifierKey, open_note, read_keys
from tests.ledger.conftest import NAME, SEED

SIGNER = Signer(NAME, SEED)
OTHER = Signer("example.com/other", bytes(32))

texts = st.text(st.characters(blacklist_categories=("Cs", "Cc"))).map(lambda text: f"{text}\n")


@given(texts)
def test_what_was_signed_is_opened(text):
    assert open_note(SIGNER.sign(text), [SIGNER.key]) == text


@given(texts, st.data())
def test_no_byte_of_a_note_can_be_changed(text, data):
    raw = bytearray(SIGNER.sign(text).encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((LedgerTampered, LedgerOtherKey)):
        open_note(raw.decode(errors="replace"), [SIGNER.key])


def test_a_text_may_have_empty_lines():
    assert open_note(SIGNER.sign("a\n\nb\n"), [SIGNER.key]) == "a\n\nb\n"


def test_signatures_of_others_are_left_out_of_account():
    note = SIGNER.sign("hello\n")
    both = note + OTHER.sign("hello\n").rpartition("\n\n")[2]
    assert open_note(both, [SIGNER.key]) == open_note(both, [OTHER.key]) == "hello\n"


def test_a_known_signer_who_did_not_sign_spoils_the_note():
    note = SIGNER.sign("hello\n")
    foreign = OTHER.sign("goodbye\n").rpartition("\n\n")[2]
    assert open_note(note + foreign, [SIGNER.key]) == "hello\n"
    with pytest.raises(LedgerTampered, match=r"bears the name of example.com/other"):
        open_note(note + foreign, [SIGNER.key, OTHER.key])


def test_another_key_of_the_same_name_is_another_signer():
    with pytest.raises(LedgerOtherKey, match=r"is signed by example.com/guard\+[0-9a-f]{8}; wanted a signature of"):
        open_note(Signer(NAME, bytes(32)).sign("hello\n"), [SIGNER.key])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "hello\n",
        "hello\n\n",
        SIGNER.sign("hello\n").rstrip("\n"),
        SIGNER.sign("hello\n").replace("— ", "- "),
        SIGNER.sign("hello\n") + "\n",
        SIGNER.sign("hello\n").replace("\n\n", "\n"),
        SIGNER.sign("hello\n").replace("hello", "hel\tlo"),
        SIGNER.sign("hello\n") + "— x !!!!\n",
        SIGNER.sign("hello\n") + "— x AAAAA\n",
        SIGNER.sign("a" * (1 << 20) + "\n"),
    ],
)
def test_what_is_no_signed_note_is_refused(note):
    with pytest.raises(LedgerTampered, match=r"not a signed note|not base64"):
        open_note(note, [SIGNER.key])


@pytest.mark.parametrize("text", ["hello", "", "a\rb\n", "a\0\n"])
def test_what_no_note_can_hold_is_not_signed(text):
    with pytest.raises(InputError, match="ends its last line"):
        SIGNER.sign(text)


def test_a_key_is_saved_for_its_owner_only_and_never_over_another(tmp_path):
    path = tmp_path / "ledger.key"
    SIGNER.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Signer.parse(path.read_text()).sign("x\n") == SIGNER.sign("x\n")
    with pytest.raises(InputError, match="cannot write a new key"):
        OTHER.save(path)
    assert read_keys(str(path)) == [SIGNER.key]


def test_a_private_key_is_never_shown(tmp_path):
    path = tmp_path / "ledger.key"
    SIGNER.save(path)
    secret = path.read_text().strip().split("+", 4)[4]
    assert secret not in repr(SIGNER)
    for broken in (path.read_text().replace("PRIVATE", "PRIVATE+X"), path.read_text().replace("+", "-")):
        with pytest.raises(InputError) as error:
            Signer.parse(broken)
        assert secret not in str(error.value)


def test_public_keys_come_as_lines_or_in_files(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"{SIGNER.key}\n\n{OTHER.key}\n")
    assert read_keys(str(path)) == [SIGNER.key, OTHER.key]
    assert read_keys(str(SIGNER.key)) == [SIGNER.key]
    assert VerifierKey.parse(str(SIGNER.key)) == SIGNER.key


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: VerifierKey.parse("nonsense"), "wanted a public key"),
        (lambda: VerifierKey.parse("a+b+!!"), "wanted a public key"),
        (lambda: VerifierKey.parse("a+00000000+" + str(SIGNER.key).split("+", 2)[2]), "the line says 00000000"),
        (lambda: VerifierKey.parse("a+00000000+Ag=="), "of Ed25519"),
        (lambda: VerifierKey("a b", bytes(32)), "no spaces and no plus"),
        (lambda: VerifierKey("a+b", bytes(32)), "no spaces and no plus"),
        (lambda: VerifierKey("", bytes(32)), "no spaces and no plus"),
        (lambda: VerifierKey("a\x00", bytes(32)), "no spaces and no plus"),
        (lambda: VerifierKey("a", bytes(31)), "32 bytes; got 31"),
        (lambda: Signer("a", bytes(31)), "32 bytes; got 31"),
        (lambda: Signer.parse("nonsense"), "does not begin so"),
        (lambda: Signer.parse("PRIVATE+KEY+a+00000000+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"), "line says"),
        (lambda: read_keys("  "), "holds no key"),
        (lambda: read_keys("guard.pub"), "or a file of them; got 'guard.pub'"),
    ],
)
def test_what_is_no_key_is_refused(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_without_cryptography_the_extra_is_named():
    import subprocess
    import sys

    code = "import sys; sys.modules['cryptography'] = None\nimport foureyes.ledger"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ConfigError: the ledger needs cryptography: pip install 'foureyes[ledger]'" in run.stderr
