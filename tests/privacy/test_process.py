"""Long texts looked through in a process of their own: the same findings, and no text goes out when it fails."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from foureyes.errors import PrivacyError
from foureyes.privacy import Finding, PatternDetector, ProcessDetector, Vault, conceal

_LONG = "Call (415) 555-2671 or write to ana@example.org. " * 400


class _Broken(PatternDetector):
    def find(self, text: str) -> list[Finding]:
        if "die" in text:
            os._exit(1)
        if "bug" in text:
            raise KeyError(text)
        return super().find(text)


@pytest.fixture
def broken() -> Iterator[ProcessDetector]:
    detector = ProcessDetector(_Broken)
    yield detector
    detector.close()


def test_long_and_short_texts_have_the_findings_of_the_detector_itself() -> None:
    detector = ProcessDetector(partial(PatternDetector, countries=("uk", "us", "de")))
    try:
        for text in ("ana@example.org", _LONG, "12 " * 4000, "\ud800" + _LONG, _LONG + "😀 ana@example.org"):
            assert detector.find(text) == PatternDetector(countries=("uk", "us", "de")).find(text)
    finally:
        detector.close()


def test_a_process_that_dies_blocks_its_text_and_no_other(broken: ProcessDetector) -> None:
    expected = PatternDetector().find(_LONG)
    assert broken.find(_LONG) == expected
    with pytest.raises(PrivacyError, match="its process ended"):
        broken.find(_LONG + "die")
    assert broken.find(_LONG) == expected


def test_a_killed_process_is_started_again(broken: ProcessDetector) -> None:
    expected = broken.find(_LONG)
    assert broken._process._child is not None
    os.kill(broken._process._child.process.pid or 0, signal.SIGKILL)
    with pytest.raises(PrivacyError, match="its process ended"):
        broken.find(_LONG)
    assert broken.find(_LONG) == expected


def test_a_bug_is_named_and_quotes_nothing(broken: ProcessDetector) -> None:
    with pytest.raises(PrivacyError) as caught:
        broken.find(_LONG + "bug")
    assert str(caught.value) == "looking for personal data failed: KeyError"
    assert broken.find(_LONG)


def test_a_text_that_takes_too_long_ends_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = ProcessDetector(PatternDetector)
    try:
        detector.find(_LONG)
        monkeypatch.setattr(detector._here, "most_seconds", lambda _: -5.0)
        longer = _LONG * 5
        with pytest.raises(PrivacyError, match="took over"):
            detector.find(longer)
        assert detector._process._child is None
    finally:
        detector.close()


def test_texts_of_several_threads_get_their_own_findings(broken: ProcessDetector) -> None:
    texts = [f"{'x ' * 5000}{i}@example.org" for i in range(8)]
    found: dict[str, str] = {}

    def look(text: str) -> None:
        [finding] = broken.find(text)
        found[text] = text[finding.start : finding.end]

    threads = [threading.Thread(target=look, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[text] for text in texts] == [f"{i}@example.org" for i in range(8)]


def test_nothing_is_concealed_by_a_detector_that_failed(broken: ProcessDetector) -> None:
    with pytest.raises(PrivacyError):
        conceal([_LONG + "die"], broken, Vault.open().conversation())
