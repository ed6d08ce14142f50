"""The page of a check shows the answer as it is, says what was seen, and obeys nothing that was read."""

from __future__ import annotations

import itertools
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foureyes.report.check import check_page
from foureyes.report.check_result import CheckResult
from foureyes.types import Exchange, Message, Reading, Unscored
from tests.report.readings import outcome, reading

VOID = {"meta", "link", "br"}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "' onfocus='alert(1)",
    "<!-- --><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp;amp;",
    "\x00\x08\x0c\x1b[2J\x7f\x85",
    "\u202eesrever\u202c \u2066x\u2069 \ufeff",
    "\ufffe\U0010ffff",
]


class Seen(HTMLParser):
    """What a browser would make of a page: elements, attributes, and the text of the heat maps without cards."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.maps: list[str] = []
        self.cards: list[str] = []
        self._open: list[tuple[str, set[str]]] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        classes = set((dict(attrs).get("class") or "").split())
        if tag not in VOID:
            self._open.append((tag, classes))
        if "map" in classes:
            self.maps.append("")
        if "card" in classes:
            self.cards.append("")

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert tag == opened

    def handle_data(self, data: str) -> None:
        inside = set().union(*(classes for _, classes in self._open))
        if "card" in inside:
            self.cards[-1] += data
        elif "map" in inside and "mark" not in inside:
            self.maps[-1] += data


def page_of(*outcomes: CheckResult, prompt: object = "Why?", answer: str = "unread") -> str:
    return check_page(Exchange(prompt, answer), outcomes)  # type: ignore[arg-type]


def skeleton(html: str) -> list[str]:
    return [tag for tag in Seen(html).tags if tag != "span"]


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Any text, cut anywhere between characters."""
    answer = draw(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp"]), min_size=1))
    cuts = sorted(draw(st.sets(st.integers(0, len(answer)))) | {0, len(answer)})
    edges = [len(answer[:cut].encode()) for cut in cuts]
    spans = list(itertools.pairwise(edges))
    return reading(answer, [1.0] * len(spans), spans=spans)


@settings(deadline=None)
@given(readings())
def test_the_heat_map_is_the_answer(read: Reading) -> None:
    assert Seen(page_of(outcome(read))).maps == [read.answer]


def test_line_ends_tabs_and_spaces_are_kept() -> None:
    answer = "def f():\n\treturn  1\n\n"
    read = reading(answer, [1.0, 3.0, 2.0], spans=[(0, 8), (8, 17), (17, 21)])
    assert Seen(page_of(outcome(read))).maps == [answer]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_changes_no_element_and_no_attribute(text: str) -> None:
    def page_about(words: str) -> str:
        read = reading(words, [9.0], spans=[(0, len(words.encode()))], alternatives=[[(words, 0.5)]], model=words)
        silent = CheckResult(words, words, Unscored("bad_reply", words))
        return page_of(outcome(read), silent, prompt=(Message("system", words), Message("user", words)))

    hostile, harmless = page_about(text), page_about("words")
    assert skeleton(hostile) == skeleton(harmless)
    assert Seen(hostile).attributes == Seen(harmless).attributes
    assert not [c for c in hostile if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]


def test_ids_in_descriptions_are_there_and_unique() -> None:
    html = page_of(outcome(reading("a b", [1.0, 2.0])), outcome(reading("a b", [1.0, 2.0])))
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    described = re.findall(r'aria-describedby="([^"]+)"', html) + re.findall(r'aria-labelledby="([^"]+)"', html)
    assert set(described) <= set(ids)
    assert len(re.findall(r'tabindex="0" aria-describedby=', html)) == 4


def test_a_card_tells_probability_surprise_rank_entropy_and_the_alternatives() -> None:
    choices = [[("It", 0.9), ("He", 0.05)], [(" was", 0.6), (" is", 0.05)]]
    html = page_of(outcome(reading("It is", [0.1, 3.0], rank=[1, 2], entropy=[0.5, 1.25], alternatives=choices)))
    card = " ".join(Seen(html).cards[1].split())
    assert card.startswith("␣is Probability 5.0% Surprise 3.00 nats, 4.33 bits Rank 2 Entropy 1.25 nats")
    assert card.endswith("Would have said ␣was 60% ␣is 5.0%")
    assert re.findall(r'class="choice( chosen)?"', html) == [" chosen", "", "", " chosen"]


def test_without_alternatives_a_card_says_nothing_about_them() -> None:
    [card] = Seen(page_of(outcome(reading("It", [0.1])))).cards
    assert "Would have said" not in card


def test_tokens_that_share_a_character_are_shown_once_and_told_together() -> None:
    html = page_of(outcome(reading("😀", [1.0, 2.0], spans=[(0, 4), (0, 4)], rank=[5, 7])))
    seen = Seen(html)
    assert seen.maps == ["😀"]
    [card] = seen.cards
    assert "2 tokens share this text" in card
    assert "3.00 nats" in card
    assert "5, 7" in card


def test_an_entropy_of_which_only_bounds_are_known_is_an_interval() -> None:
    html = page_of(outcome(reading("It", [3.0], entropy=[1.0], entropy_high=[1.5])))
    assert "1.00–1.50 nats" in html


def test_tokens_outside_the_final_answer_have_no_heat() -> None:
    html = page_of(outcome(reading("so it", [5.0, 5.0], selected=[False, True])))
    assert re.findall(r'class="t" tabindex="0" [^>]*style="--s:([\d.]+)"', html) == ["0", "0.625"]


def test_a_verifier_that_could_not_tell_gives_its_reason() -> None:
    html = page_of(CheckResult("tiny", None, Unscored("context", "9 tokens do not fit")), answer="the answer")
    assert "No verifier could read this answer." in html
    assert "<code>context</code> 9 tokens do not fit" in html
    assert "the answer" in html
    assert "Signals" not in html


def test_provenance_names_verifiers_and_fingerprints_and_no_machine() -> None:
    html = page_of(outcome(reading("a", [1.0], model="one")), CheckResult("two", None, Unscored("unavailable", "gone")))
    footer = html.split("<footer>")[1]
    assert "sha256:one" in footer
    assert "read 3 tokens of prompt" in footer
    assert re.search(r"<dt>two</dt><dd>could not tell</dd>", footer)
    assert "foureyes 0." in footer


def test_the_same_check_gives_the_same_page() -> None:
    read = reading("a b", [1.0, 2.0])
    assert page_of(outcome(read)) == page_of(outcome(read))
