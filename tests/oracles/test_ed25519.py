"""The verification of signatures in the script without packages: RFC 8032's own examples, and against cryptography."""

import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from foureyes.ledger.verify_export import BASE, ORDER, PRIME, add, decoded_point, encoded_point, is_signed

# RFC 8032, section 7.1: public key, message, signature of the tests 1, 2, 3 and SHA(abc).
EXAMPLES = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246551"
            "41438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d"
            "291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027"
            "beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9a"
            "c94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9be"
            "f1177331a704"
        ),
    ),
]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


@pytest.mark.parametrize(("key", "message", "signature"), EXAMPLES)
def test_the_examples_of_the_rfc(key, message, signature):
    key, message, signature = map(bytes.fromhex, (key, message, signature))
    assert is_signed(key, signature, message)
    assert not is_signed(key, signature, message + b"!")
    assert not is_signed(key, signature[:-1], message)


def openssl_says(signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(PUBLIC).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("seed", range(20))
def test_it_says_what_openssl_says(seed):
    rng = random.Random(seed)  # noqa: S311 - not a secret
    message = rng.randbytes(rng.randrange(300))
    signature = KEY.sign(message)
    assert is_signed(PUBLIC, signature, message)
    flipped = bytearray(signature)
    flipped[rng.randrange(64)] ^= 1 << rng.randrange(8)
    for forged in (bytes(flipped), bytes(64), signature[32:] + signature[:32], rng.randbytes(64)):
        assert is_signed(PUBLIC, forged, message) is openssl_says(forged, message) is False


def test_a_signature_can_be_written_in_one_way_only():
    """Adding the group's order to s changes the bytes and not the sum: RFC 8032 refuses that, and so does OpenSSL."""
    signature = KEY.sign(b"once")
    s = int.from_bytes(signature[32:], "little") + ORDER
    again = signature[:32] + s.to_bytes(32, "little")
    assert is_signed(PUBLIC, again, b"once") is openssl_says(again, b"once") is False


def test_points():
    total = BASE
    for _ in range(20):
        total = add(total, BASE)
        assert encoded_point(decoded_point(encoded_point(total))) == encoded_point(total)
    neutral = (0, 1, 1, 0)
    assert encoded_point(add(BASE, neutral)) == encoded_point(BASE)
    for encoded in (PRIME + 1, 2, (1 << 255) + 1):
        with pytest.raises(ValueError, match="not a point"):
            decoded_point(encoded.to_bytes(32, "little"))
