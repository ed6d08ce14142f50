"""Replaces personal data in texts by tokens, and restores it.

:func:`conceal` replaces, :func:`reveal` restores: whatever the text, what comes back is the text, byte for byte. Three
things besides a detector's findings are replaced: what already looks like a token, so that nobody can smuggle one in; and
in every text each value that has a token in the conversation, whether or not the detector saw it there: a passport number
is recognised after the word "passport", and must not go out when it is repeated without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from foureyes.errors import FoureyesError, PrivacyError
from foureyes.privacy.findings import Detector, Finding, merge_overlapping
from foureyes.privacy.tokens import replace_tokens, token_shapes, tokens_in
from foureyes.privacy.vault import Conversation, TokenEntry
from foureyes.types.parts import require_text

__all__ = ["Concealed", "conceal", "reveal"]

_SHORTEST_REPEAT: Final = 4  # characters: shorter values are everyday words too often


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
        texts: what belongs together, say a prompt and its answer.
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
    spans = [merge_overlapping([*_find(text, detector), *token_shapes(text)]) for text in texts]
    known = _kinds([*conversation.known(), *_values(texts, spans)])
    spans = [merge_overlapping([*own, *_repeats(text, known)]) for text, own in zip(texts, spans, strict=True)]
    kinds = _kinds(_values(texts, spans))
    entries = conversation.issue([(kind, value) for value, kind in kinds.items()])
    tokens = {value: entry.token for value, entry in zip(kinds, entries, strict=True)}
    replaced = tuple(_replace(text, own, tokens) for text, own in zip(texts, spans, strict=True))
    return Concealed(replaced, tuple(entries))


def reveal(text: str, conversation: Conversation) -> str:
    """Puts back what :func:`conceal` took out of this conversation.

    Tokens are known in any case of their letters. What looks like a token and was not issued here stays as it is.

    Raises:
        PrivacyError: the vault cannot be read; or there is something to restore, and the conversation was deleted, has
            expired or never was.
    """
    tokens = tokens_in(text)
    return replace_tokens(text, conversation.look_up(tokens).get) if tokens else text


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


def _repeats(text: str, known: dict[str, str]) -> Iterator[Finding]:
    """Every place where a known value stands as a word of its own."""
    for value, kind in known.items():
        start = text.find(value) if len(value) >= _SHORTEST_REPEAT else -1
        while start >= 0:
            end = start + len(value)
            if not (_inside_word(text, start) or _inside_word(text, end)):
                yield Finding(start, end, kind)
            start = text.find(value, end)


def _inside_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _values(texts: Sequence[str], spans: Sequence[Sequence[Finding]]) -> list[tuple[str, str]]:
    """Kind and characters of every span, in order."""
    return [(s.kind, text[s.start : s.end]) for text, own in zip(texts, spans, strict=True) for s in own]


def _kinds(values: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first kind of each value, in order of appearance."""
    kinds: dict[str, str] = {}
    for kind, value in values:
        kinds.setdefault(value, kind)
    return kinds


def _replace(text: str, spans: Sequence[Finding], tokens: Mapping[str, str]) -> str:
    parts, done = [], 0
    for span in spans:
        parts += [text[done : span.start], tokens[text[span.start : span.end]]]
        done = span.end
    return "".join([*parts, text[done:]])
