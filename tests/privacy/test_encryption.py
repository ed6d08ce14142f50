import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import ConfigError, PrivacyError
from foureyes.privacy.encryption import AesGcmBox, ConversationKeys, TenantKeys, random_key

KEY = bytes(range(32))


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_sealed_opens_with_its_key_in_its_place(piece, place):
    sealed = AesGcmBox(KEY).seal(piece, place)
    assert AesGcmBox(KEY).open(sealed, place) == piece
    assert len(piece) < 4 or piece not in sealed


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_flipped_bit_another_place_or_key_is_refused(piece, data):
    sealed = bytearray(AesGcmBox(KEY).seal(piece, b"here"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    whole = AesGcmBox(KEY).seal(piece, b"here")
    for box, what, place in (
        (AesGcmBox(KEY), bytes(sealed), b"here"),
        (AesGcmBox(KEY), whole, b"there"),
        (AesGcmBox(random_key()), whole, b"here"),
    ):
        with pytest.raises(PrivacyError, match="does not open"):
            box.open(what, place)


def test_a_piece_too_short_to_be_sealed_is_refused():
    with pytest.raises(PrivacyError):
        AesGcmBox(KEY).open(b"short", b"")


def test_sealing_twice_never_looks_the_same():
    assert AesGcmBox(KEY).seal(b"ana", b"") != AesGcmBox(KEY).seal(b"ana", b"")


def test_tenants_with_one_key_share_nothing():
    acme, umbrella = TenantKeys(KEY, "acme"), TenantKeys(KEY, "umbrella")
    assert acme.name("s") != umbrella.name("s")
    with pytest.raises(PrivacyError):
        umbrella.box.open(acme.box.seal(b"x", b""), b"")


def test_the_uses_of_one_key_are_apart_and_a_short_key_is_refused():
    marks = ConversationKeys.of(KEY)
    assert marks.tag_key != KEY
    assert marks.mark("ana") != marks.mark("ben")
    with pytest.raises(ConfigError, match="at least 32 bytes; got 16"):
        TenantKeys(KEY[:16], "acme")


def test_keys_are_not_shown():
    assert KEY.hex() not in repr(ConversationKeys.of(KEY))
    assert repr(ConversationKeys.of(KEY).tag_key) not in repr(ConversationKeys.of(KEY))
