"""Notes and keys of golang.org/x/mod/sumdb/note and of the C2SP specification itself."""

import base64

import pytest

from foureyes.errors import LedgerTampered
from foureyes.ledger import Checkpoint, Signer, VerifierKey
from foureyes.ledger.keys import open_note

PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    f"{TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_our_signature_is_theirs():
    assert Signer.parse(PRIVATE).sign(TEXT) == NOTE


def test_our_public_key_is_theirs():
    assert str(Signer.parse(PRIVATE).key) == PUBLIC
    assert VerifierKey.parse(PUBLIC).id.hex() == "c74f20a3"


def test_we_open_their_note():
    assert open_note(NOTE, [VerifierKey.parse(PUBLIC)]) == TEXT


def test_a_changed_note_is_refused():
    with pytest.raises(LedgerTampered, match="did not sign it"):
        open_note(NOTE.replace("cryptography", "cryptographY"), [VerifierKey.parse(PUBLIC)])


def test_we_read_the_checkpoint_of_the_specification():
    read = Checkpoint.parse(CHECKPOINT)
    assert (read.origin, read.size) == ("example.com/behind-the-sofa", 20852163)
    assert base64.b64encode(read.root) == b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    assert read.text == CHECKPOINT
