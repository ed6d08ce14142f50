"""Replaces personal data in texts by tokens, and restores it.

:func:`conceal` replaces, :func:`reveal` restores: whatever the text, what comes back is the text, byte for byte. Besides a
detector's findings these are replaced: what already looks like a token, so that nobody can smuggle one in; and in every text
each value that has a token in the conversation, whether or not the detector saw it there: a passport number is recognised
after the word "passport", and must not go out when it is repeated without.

A token in place of one value can bring another to light, so a text is looked at again with its tokens until nothing new is
found. What goes out holds nothing that the detector finds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from foureyes.errors import FoureyesError, PrivacyError
from foureyes.privacy.findings import Detector, Finding
from foureyes.privacy.passages import Passage
from foureyes.privacy.repeats import KnownValues
from foureyes.privacy.tokens import replace_tokens, token_shapes, tokens_in
from foureyes.privacy.vault import Conversation, TokenEntry
from foureyes.types.parts import require_text

__all__ = ["Concealed", "conceal", "conceal_passages", "reveal"]

_MOST_ROUNDS: Final = 16


@dataclass(frozen=True, slots=True)
class Concealed:
    """Texts in which tokens stand for personal data, and a list of those tokens.

    Attributes:
        texts: in the order given.
        manifest: the tokens in them, each once, in order of appearance. It holds no values.
    """

    texts: tuple[str, ...]
    manifest: tuple[TokenEntry, ...]

    @property
    def created(self) -> int:
        """How many of the tokens are new to the conversation."""
        return sum(entry.created for entry in self.manifest)


def conceal(texts: Sequence[str], detector: Detector, conversation: Conversation) -> Concealed:
    """Replaces personal data in texts by tokens that only their conversation can turn back.

    Args:
        texts: what belongs together, say a prompt and its answer. Each is looked at by itself.
        detector: finds it.
        conversation: in which a value's token stays the same.

    Returns:
        The texts with tokens. Characters outside findings are those of the input.

    Raises:
        InputError: a text cannot be encoded as UTF-8.
        PrivacyError: the detector failed, in whatever way, or the vault did. Nothing may go out.

    Example:
        >>> from foureyes.privacy import PatternDetector, Vault
        >>> conversation = Vault.open().conversation()
        >>> safe = conceal(["Mail ana@example.org!"], PatternDetector(), conversation)
        >>> safe.texts[0].startswith("Mail [EMAIL_ADDRESS_1_"), reveal(safe.texts[0], conversation)
        (True, 'Mail ana@example.org!')
    """
    for text in texts:
        require_text("a text to conceal", text)
    return conceal_passages([Passage.of(text) for text in texts], detector, conversation)


def conceal_passages(passages: Sequence[Passage], detector: Detector, conversation: Conversation) -> Concealed:
    """Replaces personal data in the strings of passages; see :func:`conceal`.

    Returns:
        All strings of all passages, in order.
    """
    known = {value: kind for kind, value in conversation.known()}  # a value has one kind
    entries: dict[str, TokenEntry] = {}
    looks = [_Look(passage, passage.text, detector) for passage in passages]
    for _ in range(_MOST_ROUNDS):
        _add_values(known, looks)
        repeated = KnownValues(known)
        for look in looks:
            look.add(repeated.find(look.text))
        _issue(looks, entries, conversation)
        tokens = {value: entry.token for value, entry in entries.items()}
        more = [look.finds_more(tokens) for look in looks]
        if not any(more):
            break
    else:
        raise PrivacyError(f"personal data was still found after it was concealed {_MOST_ROUNDS} times")
    manifest = {value: entries[value] for look in looks for _, value in look.values()}
    replaced = (text for look in looks for text in look.passage.edited(look.spans, tokens))
    return Concealed(tuple(replaced), tuple(manifest.values()))


def reveal(text: str, conversation: Conversation) -> str:
    """Puts back what :func:`conceal` took out of this conversation.

    Tokens are known in any case of their letters. What looks like a token and was not issued here stays as it is.

    Raises:
        PrivacyError: the vault cannot be read; or there is something to restore, and the conversation was deleted, has
            expired or never was.
    """
    tokens = tokens_in(text)
    return replace_tokens(text, conversation.look_up(tokens).get) if tokens else text


class _Look:
    """A passage, and what of it has been found so far."""

    def __init__(self, passage: Passage, text: str, detector: Detector) -> None:
        self.passage = passage
        self.text = text
        self._detector = detector
        self.spans = passage.fitted([*_find(text, detector), *token_shapes(text)])
        self._looked_at: list[tuple[int, int]] = []

    def add(self, findings: Iterable[Finding]) -> None:
        """Takes in more findings."""
        self.spans = self.passage.fitted([*self.spans, *findings])

    def values(self) -> list[tuple[str, str]]:
        """Kind and characters of every span, in order."""
        return [(span.kind, self.text[span.start : span.end]) for span in self.spans]

    def finds_more(self, tokens: Mapping[str, str]) -> bool:
        """Looks at the text with tokens in place of spans; whether there is more to conceal."""
        places = [(span.start, span.end) for span in self.spans]
        if places == self._looked_at:
            return False
        shown = _Shown(self.text, self.spans, tokens)
        self._looked_at = places
        self.add(shown.original(finding) for finding in _find(shown.text, self._detector))
        return places != [(span.start, span.end) for span in self.spans]


class _Shown:
    """A text with tokens in place of spans, and the way back for what is found in it."""

    def __init__(self, text: str, spans: Sequence[Finding], tokens: Mapping[str, str]) -> None:
        self._pieces: list[tuple[int, int, int | None]] = []  # where it begins here and there; where a span ends there
        parts: list[str] = []
        here = done = 0
        for span in spans:
            for part, start, end in (
                (text[done : span.start], done, None),
                (tokens[text[span.start : span.end]], span.start, span.end),
            ):
                self._pieces.append((here, start, end))
                parts.append(part)
                here += len(part)
            done = span.end
        self._pieces.append((here, done, None))
        self.text = "".join([*parts, text[done:]])

    def original(self, finding: Finding) -> Finding:
        """A finding as one in the text itself; it takes in the whole of every token that it touches."""
        here, start, end = self._piece(finding.start)
        first = start + finding.start - here if end is None else start
        here, start, end = self._piece(finding.end - 1)
        return replace(finding, start=first, end=start + finding.end - here if end is None else end)

    def _piece(self, place: int) -> tuple[int, int, int | None]:
        return self._pieces[bisect_right(self._pieces, place, key=lambda piece: piece[0]) - 1]


def _add_values(known: dict[str, str], looks: Sequence[_Look]) -> None:
    for look in looks:
        for kind, value in look.values():
            known.setdefault(value, kind)


def _issue(looks: Sequence[_Look], entries: dict[str, TokenEntry], conversation: Conversation) -> None:
    """A token for every value that has none yet."""
    new: dict[str, str] = {}
    for look in looks:
        for kind, value in look.values():
            if value not in entries:
                new.setdefault(value, kind)
    issued = conversation.issue([(kind, value) for value, kind in new.items()])
    entries.update(zip(new, issued, strict=True))


def _find(text: str, detector: Detector) -> list[Finding]:
    """What the detector finds; whatever else it does blocks the text."""
    try:
        found = list(detector.find(text))
        inside = all(isinstance(f, Finding) and f.end <= len(text) for f in found)
    except FoureyesError as error:
        raise PrivacyError(f"personal data could not be looked for: {error}") from error
    except Exception as error:  # noqa: BLE001 - a detector may be anyone's, and no failure of it may let a text out
        # Not chained: the message of a stranger's exception may quote the text.
        raise PrivacyError(f"personal data could not be looked for: {type(error).__name__} in the detector") from None
    if not inside:
        raise PrivacyError("the detector returned something other than findings inside the text")
    return found
