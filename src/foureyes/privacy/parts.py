"""Conceals and restores personal data in all parts of messages: text, tool calls, results, reasoning, refusals.

Nothing that a verifier could be shown is left as it was: of a tool call the name, every key, string and number of its
arguments and its id; of a result all of it; of a tool's definition its name, description and parameters. Arguments stay JSON
with the white space, escapes and digits that they had. A number that is personal data, such as a card number, becomes a
string that holds its token in small letters; a string of arguments that is nothing but such a token becomes a number again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar, cast

from foureyes.errors import InputError
from foureyes.privacy.conceal import conceal_passages, reveal
from foureyes.privacy.findings import Detector
from foureyes.privacy.passages import JSON_LITERAL, Passage, holds_json
from foureyes.privacy.tokens import canonical, replace_tokens, tokens_in
from foureyes.privacy.vault import Conversation
from foureyes.types import OtherPart, Part, Reasoning, Refusal, ToolCall, ToolDefinition, ToolResult

__all__ = ["conceal_parts", "reveal_json", "reveal_parts"]

P = TypeVar("P", bound=Part | ToolDefinition)

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_COLON: Final = re.compile(r"[ \t\r\n]*:")


@dataclass(frozen=True, slots=True)
class _Slot:
    """A string of a part.

    Attributes:
        name: of the attribute.
        json: whether it is, or may be, a JSON document.
        aside: whether it is no part of the text of a message, and so no context for what is.
    """

    name: str
    json: bool = False
    aside: bool = False


_SLOTS: Final[Mapping[type, tuple[_Slot, ...]]] = {
    ToolCall: (_Slot("name"), _Slot("arguments", json=True), _Slot("id", aside=True)),
    ToolResult: (_Slot("content", json=True), _Slot("call_id", aside=True), _Slot("name", aside=True)),
    Reasoning: (_Slot("text"),),
    Refusal: (_Slot("text"),),
    OtherPart: (_Slot("kind"),),
    ToolDefinition: (
        _Slot("name", aside=True),
        _Slot("description", aside=True),
        _Slot("parameters", json=True, aside=True),
    ),
}


def conceal_parts(parts: Sequence[P], detector: Detector, conversation: Conversation) -> tuple[P, ...]:
    r"""Replaces personal data in parts of messages, and in definitions of tools, by tokens.

    All of them are looked at as one text, one below the other, so that a question is context for its answer and the name of
    a tool for its arguments.

    Args:
        parts: what belongs together: of one message, or of all messages one after another.
        detector: finds personal data.
        conversation: in which a value's token stays the same.

    Returns:
        As many parts, of the same kinds.

    Raises:
        PrivacyError: the detector failed, in whatever way, or the vault did. Nothing may go out.

    Example:
        >>> from foureyes.privacy import PatternDetector, Vault
        >>> conversation = Vault.open().conversation()
        >>> call = ToolCall("pay", '{"card": 4111111111111111, "amount": 5}')
        >>> [hidden] = conceal_parts([call], PatternDetector(), conversation)
        >>> hidden.arguments.startswith('{"card": "[credit_card_1_'), reveal_parts([hidden], conversation) == (call,)
        (True, True)
    """
    together, aside = Passage(), []
    for part in parts:
        for slot, text in _strings(part):
            passage = Passage() if slot.aside else together
            passage.add_json(text) if slot.json else passage.add_text(text)
            passage.add_words("\n")
            aside += [passage] if slot.aside else []
    texts = conceal_passages([together, *aside], detector, conversation).texts
    shown, beside = iter(texts[: len(together.sources)]), iter(texts[len(together.sources) :])
    return tuple(_with_strings(part, lambda slot, _: next(beside if slot.aside else shown)) for part in parts)


def reveal_parts(parts: Sequence[P], conversation: Conversation) -> tuple[P, ...]:
    """Puts back what was concealed in this conversation, in parts that :func:`conceal_parts` made or a model wrote.

    Raises:
        PrivacyError: the vault cannot be read; or there is something to restore, and the conversation was deleted, has
            expired or never was.
    """

    def restored(slot: _Slot, text: str) -> str:
        return reveal_json(text, conversation) if slot.json else reveal(text, conversation)

    return tuple(_with_strings(part, restored) for part in parts)


def reveal_json(text: str, conversation: Conversation) -> str:
    r"""Puts values back into a JSON document, such as the arguments of a tool call, and escapes them as JSON asks.

    A text that is not a JSON object or list is restored as text.

    Raises:
        PrivacyError: as for :func:`reveal_parts`.
    """
    tokens = tokens_in(text)
    if not tokens or not holds_json(text):
        return reveal(text, conversation)
    values = conversation.look_up(tokens)
    escaped = {token: json.dumps(value, ensure_ascii=False)[1:-1] for token, value in values.items()}

    def restored(literal: re.Match[str]) -> str:
        inside = literal[1]
        if inside is None:
            return literal[0]
        number = values.get(canonical(inside), "") if inside.islower() else ""
        if _NUMBER.fullmatch(number) and not _COLON.match(text, literal.end()):
            return number
        return f'"{replace_tokens(inside, escaped.get)}"'

    return JSON_LITERAL.sub(restored, text)


def _strings(part: Part | ToolDefinition) -> Iterator[tuple[_Slot, str]]:
    if isinstance(part, str):
        yield _Slot("text"), part
        return
    for slot in _slots(part):
        yield slot, getattr(part, slot.name)


def _with_strings(part: P, made: Callable[[_Slot, str], str]) -> P:
    """A part with other strings, made in order."""
    strings = {slot.name: made(slot, text) for slot, text in _strings(part)}
    if isinstance(part, str):
        return cast("P", strings["text"])
    return cast("P", replace(cast("Any", part), **strings))


def _slots(part: object) -> tuple[_Slot, ...]:
    slots = _SLOTS.get(type(part))
    if slots is None:
        raise InputError(f"a part is text or one of the parts of foureyes.types; got {type(part).__name__}")
    return slots
