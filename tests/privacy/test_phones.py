"""Phone numbers of every region, cut where they end; and what is none."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from foureyes.errors import ConfigError
from foureyes.privacy import PatternDetector
from foureyes.privacy.numbering import phone_regions

DEFAULT = PatternDetector(countries=())
LOCAL = PatternDetector(countries=(), phone_regions=("fr", "gb", "us"))
TYPES = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE, PhoneNumberType.VOIP)


def phones(text, detector=LOCAL):
    return [text[found.start : found.end] for found in detector.find(text) if found.kind == "PHONE_NUMBER"]


def examples(region):
    """Numbers of a region as Google's library writes them, from seven digits on."""
    for kind in TYPES:
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None:
            for form in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164):
                written = phonenumbers.format_number(number, form)
                if sum(char.isdigit() for char in written) >= 7:
                    yield written


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_examples_of_every_region(region):
    detector = PatternDetector(countries=(), phone_regions=[region.lower()], min_score=0.4)
    for written in examples(region):
        assert phones(f"Call {written} now", detector) == [written]


def test_the_library_finds_no_number_that_is_not_found_here():
    for number in range(200_0000000, 990_0000000, 36_0000017):
        digits = str(number)
        text = f"it is ({digits[:3]}) {digits[3:6]}-{digits[6:]} or 0{digits[:2]} {digits[2:6]} {digits[6:]}."
        library = {
            found.raw_string
            for region in ("GB", "US", "FR")
            for found in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID)
        }
        assert library <= set(phones(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Call (415) 555-2671 10 times", ["(415) 555-2671"]),
        ("10 415 555 2671", ["415 555 2671"]),
        ("415 555 2671 415 555 2672", ["415 555 2671", "415 555 2672"]),
        ("020 7946 0958/020 7946 0959", ["020 7946 0958", "020 7946 0959"]),
        ("+44 (0)20 7946 0958 2 rooms", ["+44 (0)20 7946 0958"]),
        ("(+44) 20 7946 0958", ["(+44) 20 7946 0958"]),
        ("(020 7946 0958)", ["020 7946 0958"]),
        ("ring 0033 6 12 34 56 78", ["0033 6 12 34 56 78"]),
        ("011 44 20 7946 0958", ["011 44 20 7946 0958"]),
        ("+1 415 555 2671 ext. 12", ["+1 415 555 2671 ext. 12"]),
        ("4155552671", ["4155552671"]),
        ("Tel-4155552671", ["4155552671"]),
        ("to change your order call 4155552671", ["4155552671"]),
        ('{"phone_number": "4155552671"}', ["4155552671"]),
    ],
)
def test_a_number_ends_where_it_ends(text, found):
    assert phones(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "order number 4155552671",
        "Order #4155552671",
        "order: 4155552671",
        '{"order_id": "4155552671"}',
        "serial no. 2025550143",
        "Seriennummer 2025550143",
        "invoice 415-555-2671",
        "SN-4155552671",
        "4155552671-B",
        "A4155552671",
        "item_4155552671",
        "112-4155552671-12",
        "$4155552671",
        "0.2079460958",
        "415 5552 671",
        "on 2024-12-05 1415",
        "2012 2013 2014 2015",
        "1732550000123",
        "41555526711",
    ],
)
def test_what_is_no_phone_number(text):
    assert phones(text) == []


def test_regions_are_apart_from_countries():
    text = "au 06 12 34 56 78"
    assert phones(text, PatternDetector(countries=("uk", "us"))) == []
    assert phones(text, PatternDetector(countries=("uk", "us"), phone_regions=("fr",))) == ["06 12 34 56 78"]
    assert phones("ring +33 6 12 34 56 78", DEFAULT) == ["+33 6 12 34 56 78"]
    assert {"fr", "gb", "us"} <= phone_regions()
    with pytest.raises(ConfigError, match="no phone numbers are known of 'uk'"):
        PatternDetector(phone_regions=("uk",))
