"""Card numbers and account numbers: what issuers and the IBAN registry say, and nothing beside."""

import pytest

from foureyes.privacy import PatternDetector
from foureyes.privacy.ibans import IBAN_LENGTHS

DETECTOR = PatternDetector(countries=())


def found(text, kind):
    return [text[piece.start : piece.end] for piece in DETECTOR.find(text) if piece.kind == kind]


def iban(country, body=None):
    body = body or ("1234567890" * 4)[: IBAN_LENGTHS[country] - 4]
    rest = int("".join(str(int(char, 36)) for char in f"{body}{country}00")) % 97
    return f"{country}{98 - rest:02d}{body}"


@pytest.mark.parametrize("country", IBAN_LENGTHS)
def test_account_numbers_of_every_registered_country(country):
    joined = iban(country)
    grouped = " ".join(joined[start : start + 4] for start in range(0, len(joined), 4))
    for written in (joined, grouped, grouped.lower(), grouped.replace(" ", "-")):
        assert found(f"to {written} 2 days ago", "IBAN_CODE") == [written]
    assert found(f"to {joined[:-1]}{(int(joined[-1]) + 1) % 10} now", "IBAN_CODE") == []
    assert found(f"to {joined}7 now", "IBAN_CODE") == []


@pytest.mark.parametrize(
    "example",
    [  # of the registry
        "MT84MALT011000012345MTLCAST001S", "LC55HEMM000100010012001200023015", "SC18SSCB11010000000000001497USD",
        "BR1800360305000010009795493C1", "UA213223130000026007233566001", "NO9386011117947", "XK051212012345678906",
    ],
)  # fmt: skip
def test_examples_of_the_registry(example):
    assert found(f"IBAN {example}.", "IBAN_CODE") == [example]


@pytest.mark.parametrize("text", ["XX82 1234 5678 9012 3456 78", "at20 people who came in from the rain", "AB12"])
def test_what_is_no_account_number(text):
    assert found(text, "IBAN_CODE") == []


@pytest.mark.parametrize(
    "number",
    [
        "4111 1111 1111 1111", "4222222222222", "5555-5555-5555-4444", "2223 0031 2200 3222", "3782 822463 10005",
        "3056 930902 5904", "6011.1111.1111.1117", "3530111333300000", "6304 0000 0000 0000", "4917 6100 0000 0000 003",
    ],
)  # fmt: skip
def test_cards_of_every_issuer(number):
    assert found(f"paid by {number} 12 times", "CREDIT_CARD") == [number]
    assert found(f"1234 {number}", "CREDIT_CARD") == [number]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "x4111111111111111",
        "41111111111111111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "7111111111111119",
    ],
)
def test_what_is_no_card(text):
    assert found(text, "CREDIT_CARD") == []
