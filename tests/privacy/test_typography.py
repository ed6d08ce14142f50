"""Every kind of number that is written in groups, with every way to set the groups apart, and the table that says so."""

import re
from pathlib import Path

import pytest

from bench.privacy_texts import SEPARATORS
from foureyes.privacy import PatternDetector, merge_overlapping

DETECTOR = PatternDetector(countries=("au", "ca", "in", "kr", "ph", "uk", "us"), phone_regions=("fr", "gb", "us"))
GROUPS = {
    "IBAN_CODE": ("into {}.", "GB29 NWBK 6016 1331 9268 19"),
    "CREDIT_CARD": ("charged to {}.", "4111 1111 1111 1111"),
    "CREDIT_CARD, Amex": ("charged to {}.", "3782 822463 10005"),
    "PHONE_NUMBER, +": ("call {}.", "+44 20 7946 0958"),
    "PHONE_NUMBER, US": ("call {}.", "415 555 2671"),
    "PHONE_NUMBER, UK": ("call {}.", "020 7946 0958"),
    "PHONE_NUMBER, FR": ("call {}.", "06 12 34 56 78"),
    "US_SSN": ("it is {}.", "078 05 1121"),
    "US_ITIN": ("it is {}.", "911 70 1234"),
    "US_NPI": ("the npi {}.", "1245 319 599"),
    "US_MBI": ("medicare {}.", "1EG4 TE5 MK73"),
    "UK_NHS": ("it is {}.", "943 476 5919"),
    "UK_NINO": ("it is {}.", "AB 12 34 56 C"),
    "CA_SIN": ("her sin {}.", "130 692 544"),
    "AU_TFN": ("the tfn {}.", "876 543 210"),
    "AU_ABN": ("the abn {}.", "51 824 753 556"),
    "IN_AADHAAR": ("aadhaar {}.", "3123 4567 8909"),
    "PH_UMID": ("umid {}.", "0123 4567890 1"),
    "KR_RRN": ("rrn {}.", "960121 1234567"),
}
JOINED = {name: value for name, value in GROUPS.items() if not name.startswith(("US_SSN", "US_ITIN"))}
HIDDEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u0301\ufe0f"


def covered(text, value):
    """Whether one finding, all of them together, covers the value to its last character and no more."""
    start = text.index(value)
    spans = [(found.start, found.end) for found in merge_overlapping(DETECTOR.find(text))]
    return spans == [(start, start + len(value))]


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("gap", SEPARATORS)
def test_every_pattern_with_every_separator(name, gap):
    frame, value = GROUPS[name]
    written = value.replace(" ", SEPARATORS[gap])
    assert covered(frame.format(written), written)


@pytest.mark.parametrize("name", JOINED)
def test_every_pattern_without_separators(name):
    frame, value = JOINED[name]
    written = value.replace(" ", "")
    assert covered(frame.format(written), written)


@pytest.mark.parametrize("name", GROUPS)
def test_every_pattern_in_full_width_and_with_what_does_not_show(name):
    frame, value = GROUPS[name]
    wide = full_width(value)
    assert covered(frame.format(wide), wide)
    for place, hidden in enumerate(HIDDEN, 1):
        broken = value[:place] + hidden + value[place:]
        assert covered(frame.format(broken), broken)


def test_the_page_says_what_is_tested_here():
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()
    [table] = re.findall(r"<!-- separators -->\n(.*?)<!-- /separators -->", page, re.DOTALL)
    assert table == separator_table()


WAYS = {
    "space": ["space"],
    "no-break, narrow, thin, figure, ideographic space": [
        gap for gap in SEPARATORS if " space U+" in gap or "narrow" in gap
    ],
    "tab": ["tab"],
    "double space": ["double space"],
    "hyphen": ["hyphen"],
    "other hyphens and dashes": [
        gap for gap in SEPARATORS if any(word in gap for word in ("hyphen U", "dash", "minus"))
    ],
    "dot, middle dot": [gap for gap in SEPARATORS if "dot" in gap],
    "what does not show beside it": ["space and zero-width space", "soft hyphen and hyphen"],
}


def separator_table():
    """Kinds of numbers by what sets their groups apart, in Markdown: ``python -m tests.privacy.test_typography``."""
    ways = {
        name: [lambda value, gap=gap: value.replace(" ", SEPARATORS[gap]) for gap in gaps]
        for name, gaps in WAYS.items()
    } | {"nothing": [lambda value: value.replace(" ", "")], "full-width digits": [full_width]}
    rows = [f"| | {' | '.join(ways)} |", f"|---|{'---|' * len(ways)}"]
    for name, (frame, value) in GROUPS.items():
        whole = (all(covered(frame.format(way(value)), way(value)) for way in all_of) for all_of in ways.values())
        rows.append(f"| {name} | {' | '.join('yes' if found else '–' for found in whole)} |")
    return "\n".join(rows) + "\n"


def full_width(value):
    return "".join(chr(ord(char) + 0xFEE0) if char != " " else "\u3000" for char in value)


if __name__ == "__main__":
    print(separator_table(), end="")  # noqa: T201 - for the page
