"""What a message is made of: text, tool calls, tool results, reasoning, refusals, and what cannot be read.

A part is never treated as absent. Each has a text, so that code which knows only text sees all of a message; what is
there and cannot be read (an image, a file, a kind nobody here knows) is an :class:`OtherPart` that names its kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Final, TypeAlias

from foureyes.errors import InputError
from foureyes.json_text import JsonNumber, parsed_strictly

__all__ = [
    "OtherPart",
    "Part",
    "PartSpan",
    "Reasoning",
    "Refusal",
    "RenderedParts",
    "ToolCall",
    "ToolDefinition",
    "ToolResult",
    "extended_path",
    "parts_text",
    "render_parts",
    "require_text",
    "unread_parts",
]

_SEPARATOR: Final = "\n"

_LONGEST_PATH: Final = 200


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that a model asks to be called.

    Args:
        name: of the function.
        arguments: a JSON object, as the model wrote it; blank counts as no arguments, as servers send it so. What is
            no JSON object is kept as it is and cannot be read (:func:`unread_parts`).
        id: what its result refers to; may be empty.
    """

    name: str
    arguments: str = "{}"
    id: str = ""

    def __post_init__(self) -> None:
        _require_texts(self, "name", "arguments", "id")

    def parsed(self) -> dict[str, object]:
        """The arguments; numbers keep their digits as :class:`~foureyes.json_text.JsonNumber`.

        Raises:
            InputError: they are not a JSON object, repeat a key, hold NaN or an infinity, or are nested too deeply.
        """
        found = parsed_strictly(self.arguments) if self.arguments.strip() else {}
        if not isinstance(found, dict):
            raise InputError(f"the arguments of {self.name!r} must be a JSON object; got {type(found).__name__}")
        return found


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back.

    Args:
        content: as text.
        call_id: of the :class:`ToolCall` it belongs to; may be empty.
        name: of the function; may be empty.
    """

    content: str
    call_id: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        _require_texts(self, "content", "call_id", "name")


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What a model thought before it answered, where it is shown."""

    text: str

    def __post_init__(self) -> None:
        _require_texts(self, "text")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A model's refusal to answer, in its words."""

    text: str

    def __post_init__(self) -> None:
        _require_texts(self, "text")


@dataclass(frozen=True, slots=True)
class OtherPart:
    """A part that cannot be read, by its kind: ``"image_url"``, ``"input_audio"``, or any that is not known here."""

    kind: str

    def __post_init__(self) -> None:
        _require_texts(self, "kind")


Part: TypeAlias = str | ToolCall | ToolResult | Reasoning | Refusal | OtherPart


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A function that a model may call.

    Args:
        name: of the function.
        description: what it does.
        parameters: JSON schema of its arguments, as JSON text.

    Raises:
        InputError: the parameters are not a JSON object.
    """

    name: str
    description: str = ""
    parameters: str = "{}"

    def __post_init__(self) -> None:
        _require_texts(self, "name", "description", "parameters")
        if not isinstance(parsed_strictly(self.parameters), dict):
            raise InputError(f"the parameters of the tool {self.name!r} must be a JSON object")


@dataclass(frozen=True, slots=True)
class PartSpan:
    """Where a part, or one value within a tool call, stands in the text of its message.

    Attributes:
        part: place among the parts, from 0.
        path: ``"text"``, ``"reasoning"``, ``"refusal"``, ``"result"``, ``"other"``; of a tool call ``"name"``, or
            the way to one value: ``"arguments.amount"``, ``"arguments.items[0].id"``, cut at 200 characters.
        span: half-open range of characters.
    """

    part: int
    path: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class RenderedParts:
    """The parts of a message as one text, and where in it each stands."""

    text: str
    spans: tuple[PartSpan, ...]


def render_parts(parts: Sequence[Part]) -> RenderedParts:
    """All parts as one text, one below the other: tool calls as JSON, everything else in its own words.

    Args:
        parts: any number of them.

    Returns:
        Text and spans. Arguments keep the order of their keys and the digits of their numbers; only white space is
        made uniform. A call whose arguments are not a JSON object is shown with them as one string.

    Raises:
        InputError: something that is not a part.

    Example:
        >>> found = render_parts(["On it.", ToolCall("pay", '{"to":"Ana","amount":1.50}')])
        >>> print(found.text)
        On it.
        {"name": "pay", "arguments": {"to": "Ana", "amount": 1.50}}
        >>> [(s.path, found.text[slice(*s.span)]) for s in found.spans if s.path.startswith("arguments")]
        [('arguments.to', '"Ana"'), ('arguments.amount', '1.50')]
    """
    pieces = _Pieces()
    for index, part in enumerate(parts):
        if index:
            pieces.add(_SEPARATOR)
        pieces.part = index
        _render(part, pieces)
    return RenderedParts("".join(pieces.texts), tuple(pieces.spans))


def parts_text(parts: Sequence[Part]) -> str:
    r"""The text of :func:`render_parts` alone, in a fraction of its time.

    Raises:
        InputError: something that is not a part.

    Example:
        >>> parts_text(["On it.", ToolCall("now")])
        'On it.\n{"name": "now", "arguments": {}}'
    """
    return _SEPARATOR.join([_call_text(part) if isinstance(part, ToolCall) else _words(part)[0] for part in parts])


def unread_parts(parts: Sequence[Part]) -> Iterator[str]:
    """Names what cannot be read among some parts: kinds of other parts, and calls without a JSON object as arguments."""
    for part in parts:
        if isinstance(part, OtherPart):
            yield part.kind
        elif isinstance(part, ToolCall):
            try:
                part.parsed()
            except InputError:
                yield f"arguments of the tool call {part.name!r:.60} that are not a JSON object"


class _Pieces:
    """A text that grows, and the places of what is named in it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.spans: list[PartSpan] = []
        self.part = 0
        self._length = 0

    def add(self, text: str, path: str | None = None) -> None:
        start = self._length
        self.texts.append(text)
        self._length += len(text)
        if path is not None:
            self.spans.append(PartSpan(self.part, path, (start, self._length)))


def _render(part: object, pieces: _Pieces) -> None:
    if isinstance(part, ToolCall):
        _render_call(part, pieces)
    else:
        pieces.add(*_words(part))


def _words(part: object) -> tuple[str, str]:
    """The text of a part that is no call, and what it is called."""
    match part:
        case str():
            return part, "text"
        case ToolResult():
            return part.content, "result"
        case Reasoning():
            return f"<think>\n{part.text}\n</think>", "reasoning"
        case Refusal():
            return part.text, "refusal"
        case OtherPart():
            return f"[{part.kind}: cannot be read]", "other"
        case _:
            raise InputError(f"a part is text or one of the parts of foureyes.types; got {type(part).__name__}")


def _call_text(call: ToolCall) -> str:
    return f'{{"name": {_quote(call.name)}, "arguments": {_json_text(_arguments(call))}}}'


def _json_text(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join([f"{_quote(key)}: {_json_text(inner)}" for key, inner in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([_json_text(inner) for inner in value]) + "]"
    return _leaf(value)


def _arguments(call: ToolCall) -> object:
    try:
        return call.parsed()
    except InputError:
        return call.arguments


def _render_call(call: ToolCall, pieces: _Pieces) -> None:
    pieces.add('{"name": ')
    pieces.add(_quote(call.name), "name")
    pieces.add(', "arguments": ')
    _render_json(_arguments(call), "arguments", pieces)
    pieces.add("}")


def _render_json(value: object, path: str, pieces: _Pieces) -> None:
    """JSON with the place of every value that holds no other."""
    if isinstance(value, dict) and value:
        for i, (key, inner) in enumerate(value.items()):
            pieces.add(", " if i else "{")
            pieces.add(f"{_quote(key)}: ")
            _render_json(inner, extended_path(path, f".{key}"), pieces)
        pieces.add("}")
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            pieces.add(", " if i else "[")
            _render_json(inner, extended_path(path, f"[{i}]"), pieces)
        pieces.add("]")
    else:
        pieces.add(_leaf(value), path)


def extended_path(path: str, step: str) -> str:
    """The way to a value within another, cut where it is long: a long key may be the way to very many values.

    Example:
        >>> extended_path("arguments", ".amount")
        'arguments.amount'
    """
    return path if len(path) >= _LONGEST_PATH else f"{path}{step}"[:_LONGEST_PATH]


def _leaf(value: object) -> str:
    return value if isinstance(value, JsonNumber) else _quote(value)


def _quote(value: object) -> str:
    return encode_basestring(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def require_text(what: str, value: object) -> None:
    """Refuses what is not text, or cannot be encoded as UTF-8."""
    if not isinstance(value, str):
        raise InputError(f"{what} must be text; got {type(value).__name__}")
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{what} must be encodable as UTF-8; character {error.start} is a lone surrogate") from error


def _require_texts(part: object, *names: str) -> None:
    for name in names:
        require_text(f"{name} of a {type(part).__name__}", getattr(part, name))
