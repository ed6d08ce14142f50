"""Personal data by its shape: found wherever it stands, in any length of text, and nothing fetched to do so."""

import itertools
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foureyes.errors import ConfigError, PrivacyError
from foureyes.privacy import COUNTRIES, PatternDetector, merge_overlapping
from foureyes.privacy.presidio import PresidioPatterns

DETECTOR = PatternDetector()
EVERYWHERE = PatternDetector(countries=COUNTRIES)

SEEN = {
    "EMAIL_ADDRESS": "ana.cruz+tag@example.org",
    "PHONE_NUMBER": "+44 20 7946 0958",
    "CREDIT_CARD": "4111 1111 1111 1111",
    "IBAN_CODE": "DE89 3704 0044 0532 0130 00",
    "IP_ADDRESS": "203.0.113.7",
    "MAC_ADDRESS": "00:1B:44:11:3A:B7",
    "CRYPTO": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "US_SSN": "078-05-1121",
    "US_ITIN": "911-70-1234",
    "UK_NHS": "943 476 5919",
    "UK_NINO": "AB 12 34 56 C",
    "URL_WITH_CREDENTIALS": "https://ana:hunter2@git.example.org/x.git",
}
IN_CONTEXT = {
    "US_PASSPORT": ("my passport number is {}", "123456789"),
    "US_BANK_NUMBER": ("the bank account {}", "945456787654"),
    "US_DRIVER_LICENSE": ("her driver license {}", "H12234567"),
    "UK_POSTCODE": ("the postcode is {}", "SW1A 1AA"),
}
ELSEWHERE = {
    "ES_NIF": "55555555K",
    "IT_FISCAL_CODE": "AAAAAA00B11C333Y",
    "PL_PESEL": "11111111116",
    "FI_PERSONAL_IDENTITY_CODE": "010594-9032",
    "SG_NRIC_FIN": "G1122144L",
    "AU_TFN": "876 543 210",
    "IN_PAN": "AAAPA1111R",
    "SE_PERSONNUMMER": "811228-9874",
}


def kinds_at(text, piece, detector=DETECTOR):
    """The kinds of findings that cover just this piece."""
    start = text.index(piece)
    return {f.kind for f in detector.find(text) if (f.start, f.end) == (start, start + len(piece))}


@pytest.mark.parametrize(("kind", "value"), SEEN.items(), ids=SEEN)
@pytest.mark.parametrize("frame", ["{}", "Here: {}, as asked.", "«{}»", "a\n{}\nb", '{{"value": "{}"}}'])
def test_each_kind_is_found_whole(kind, value, frame):
    assert kind in kinds_at(frame.format(value), value)


@pytest.mark.parametrize(("kind", "value"), ELSEWHERE.items(), ids=ELSEWHERE)
def test_other_countries_are_known_when_asked_for(kind, value):
    text = f"number {value} on file"
    assert kind in kinds_at(text, value, EVERYWHERE)
    assert kind not in {finding.kind for finding in DETECTOR.find(text)}


@pytest.mark.parametrize(("frame", "value"), IN_CONTEXT.values(), ids=IN_CONTEXT)
def test_a_weak_shape_counts_after_a_word_that_makes_it_likely(frame, value):
    assert any(f.start <= frame.index("{}") < f.end for f in DETECTOR.find(frame.format(value)))
    assert not DETECTOR.find(f"we counted {value} of them")


PATTERNS = [
    (shape, pattern.compiled.pattern)
    for shape in EVERYWHERE._shapes
    if isinstance(shape, PresidioPatterns)
    for pattern in shape.patterns
]


@pytest.mark.parametrize(
    ("shape", "pattern"), PATTERNS, ids=[f"{shape.kind}-{i}" for i, (shape, _) in enumerate(PATTERNS)]
)
def test_no_piece_of_a_kind_is_without_its_clue(shape, pattern):
    """A window without the clue is not looked at for the kind, so this must hold for everything the pattern matches."""
    try:
        plain = re.compile(pattern.replace("(?i)", ""), re.IGNORECASE | re.DOTALL)
    except re.error:  # they look back over parts of any width, which only the other library can
        assert re.search(r"\\d\{[1-9]", pattern)
        return
    if "(?=[A-Z0-9-]*" in pattern:  # looks ahead for a digit; pieces drawn at random seldom have what it asks for
        return
    pieces = st.from_regex(plain, fullmatch=True)

    @settings(max_examples=12, database=None, suppress_health_check=list(HealthCheck))
    @given(pieces)
    def holds(piece):
        assert shape.clue.search(piece)

    holds()


def test_a_short_word_of_context_stands_alone():
    assert not DETECTOR.find("we focus 123456789 times")
    assert DETECTOR.find("a US number: 123456789")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The capital of Australia is Canberra.",
        "17 × 3 = 51, and 2 + 2 = 4.",
        "On 2026-11-25 at 14:30:05 the value was 3.14159.",
        "See https://example.org/docs/page and example.com.",
        "4111 1111 1111 1112 fails its check digit",
        "commit 199bf94d766eb2607a3df02aa34c48f65b660495b",
        "def add(a, b):\n    return a + b\n",
        "@decorator and user@ and @handle",
    ],
)
def test_what_is_no_personal_data_is_left_alone(text):
    assert DETECTOR.find(text) == []


def test_an_address_in_an_internal_domain_is_personal_data_too():
    """Presidio's own check turns it away: its domain is on no public list."""
    for address in ("ana@corp.internal", "root@db-1.lan", "ana@example.notatld"):
        assert "EMAIL_ADDRESS" in kinds_at(f"ask {address}!", address)


def test_a_key_in_an_address_is_a_credential():
    for url in ("https://api.example.com/v1?api_key=abc123", "postgres://u:p@db/x", "https://ghp_token@github.com/a"):
        assert "URL_WITH_CREDENTIALS" in kinds_at(f"use {url} now", url)


def test_a_number_that_follows_an_iban_is_not_a_part_of_it():
    text = "into DE89370400440532013000 2 days from today"
    assert "IBAN_CODE" in kinds_at(text, "DE89370400440532013000")


@pytest.mark.parametrize(
    "place", [0, 1, 1020, 1023, 1024, 15_350, 15_360, 16_370, 16_383, 16_384, 16_400, 31_744, 40_000]
)
@pytest.mark.parametrize("value", [SEEN["EMAIL_ADDRESS"], SEEN["CREDIT_CARD"], SEEN["PHONE_NUMBER"]])
def test_what_straddles_the_edge_of_a_window_is_found_whole(place, value):
    filler = "lorem ipsum dolor sit amet "
    text = (filler * 2000)[:place] + f" {value} " + filler * 1000
    start = text.index(value)
    assert [(f.start, f.end) for f in merge_overlapping(DETECTOR.find(text))] == [(start, start + len(value))]


@settings(max_examples=30)
@given(st.integers(0, 40_000), st.sampled_from(sorted(SEEN.values())))
def test_anything_anywhere_in_a_long_text_is_covered(place, value):
    text = f"{'x ' * (place // 2)}{value}{' y' * 10_000}"
    start = text.index(value)
    assert any(f.start <= start and start + len(value) <= f.end for f in merge_overlapping(DETECTOR.find(text)))


def test_megabytes_are_looked_at_to_the_last_character():
    """GLiNER stops after 384 words, spaCy at a million characters, phonenumbers after 65 535 numbers that are none."""
    text = f"{'all work and no play ' * 60_000}write to ana@example.org"
    assert len(text) > 1_250_000
    [last] = DETECTOR.find(text)
    assert text[last.start : last.end] == "ana@example.org"
    numbers = f"{'12-34-56 ' * 6_000}call +44 20 7946 0958"
    assert [numbers[f.start : f.end] for f in merge_overlapping(DETECTOR.find(numbers))] == ["+44 20 7946 0958"]


def test_a_pattern_that_takes_too_long_blocks_the_text():
    """Presidio logs a warning and goes on without the pattern."""
    hasty = PatternDetector(countries=(), timeout_s=1e-9, clock=lambda: 0.0)
    with pytest.raises(PrivacyError, match="not read to its end"):
        hasty.find("1." * 8_000)


def test_a_text_that_takes_too_long_as_a_whole_blocks():
    moments = itertools.count(0, 10)
    slow = PatternDetector(countries=(), timeout_s=25, clock=lambda: float(next(moments)))
    with pytest.raises(PrivacyError, match="took over 25 s"):
        slow.find("+44 20 7946 0958")


@pytest.mark.parametrize(
    "text", ["a." * 15_000, "1" * 30_000, "1 " * 9_000, "::" * 15_000, "@" * 30_000, "http://" * 4_000]
)
def test_texts_made_to_be_slow_end(text):
    assert DETECTOR.find(text) == []


@given(st.text(max_size=300))
def test_findings_lie_within_any_text(text):
    assert all(0 <= f.start < f.end <= len(text) and 0.4 <= f.score <= 1 for f in EVERYWHERE.find(text))


def test_findings_do_not_depend_on_the_detectors_age():
    text = " ".join(SEEN.values())
    assert DETECTOR.find(text) == DETECTOR.find(text) == PatternDetector().find(text)


def test_threads_that_share_a_detector_find_the_same():
    texts = [f"{i} {value} {i}" for i, value in enumerate(SEEN.values())] * 4
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(DETECTOR.find, texts)) == [DETECTOR.find(text) for text in texts]


def test_a_higher_score_is_asked_for_by_who_wants_fewer_findings():
    assert PatternDetector(min_score=0.5).find(f"call {SEEN['PHONE_NUMBER']}") == []


def test_countries_must_be_known_and_no_kind_is_missing():
    with pytest.raises(ConfigError, match="no identifiers are known of 'xx'; wanted some of au, ca"):
        PatternDetector(countries=("us", "xx"))
    assert set(SEEN) | set(IN_CONTEXT) <= DETECTOR.kinds
    assert set(ELSEWHERE) <= EVERYWHERE.kinds
    assert not {"URL", "DATE_TIME", "UUID"} & EVERYWHERE.kinds


def test_every_country_presidio_knows_is_offered():
    from presidio_analyzer import predefined_recognizers

    shipped = [getattr(predefined_recognizers, name) for name in predefined_recognizers.__all__]
    codes = {getattr(kind, "COUNTRY_CODE", None) for kind in shipped}
    assert codes - {None} == set(COUNTRIES)


def test_nothing_is_fetched_and_no_model_is_loaded():
    code = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError("network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import spacy
spacy.load = refuse
from foureyes.privacy import PatternDetector
print(len(PatternDetector().find("ana@example.org, ana@corp.internal")))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split()[-1] == "2"
