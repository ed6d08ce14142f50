"""What the mappings of all wire shapes share: nothing of an object is passed over.

The rule that holds throughout: a kind that its table does not list, a known kind in an unknown form and a field that
nobody reads and that holds something each become an :class:`~foureyes.types.OtherPart` that names them. Only what is no
conversation at all raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import count, groupby
from typing import Any, Final, TypeAlias, TypeVar

from foureyes.errors import InputError
from foureyes.turns.silent import is_silent
from foureyes.types import Message, OtherPart, Part, Role, ToolCall, ToolDefinition, ToolResult
from foureyes.types.parts import require_text

__all__ = [
    "CUSTOM_INPUT",
    "FieldTable",
    "ShapeTable",
    "WireShape",
    "as_json",
    "content_parts",
    "field_parts",
    "listed",
    "required",
    "role_of",
    "said",
    "shaped_parts",
    "spoken",
    "tool_of",
    "tool_result",
    "unread_fields",
    "with_call_ids",
    "with_tool_names",
    "worded",
]

T = TypeVar("T", str, dict[str, Any], list[Any])

_CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LONGEST_KIND: Final = 80
_DEEPEST_LOOK: Final = 8

CUSTOM_INPUT: Final = '{"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}'
"""Parameters of a tool that takes free text: one, which holds it."""


@dataclass(frozen=True, slots=True)
class WireShape:
    """How an object of one kind becomes parts.

    Attributes:
        read: its parts; :class:`~foureyes.errors.InputError` where the object has not the form of its kind.
        said: fields that ``read`` takes.
        about: fields that say nothing to anybody: identifiers, states, signatures. One that holds words all the same is
            named like a field that nobody reads.
    """

    read: Callable[[Mapping[str, Any]], Iterable[Part]]
    said: AbstractSet[str]
    about: AbstractSet[str] = frozenset()


ShapeTable: TypeAlias = Mapping[str, WireShape]
"""By what an object says its ``type`` is."""

FieldTable: TypeAlias = Mapping[str, Callable[[Any], Iterable[Part]]]
"""By the name of a field, in the order in which the parts stand."""


def content_parts(value: object, table: ShapeTable, *, usual: str | None = None) -> Iterator[Part]:
    """The parts of what a content may be: nothing, a text, or a list of typed objects.

    Args:
        value: the content.
        table: kinds that can be read.
        usual: the type of an object that states none.
    """
    if isinstance(value, str):
        yield from [value] if value else []
    elif isinstance(value, list):
        for block in value:
            yield from [block] if isinstance(block, str) else shaped_parts(block, table, usual=usual)
    elif value is not None:
        yield OtherPart(f"content that is {_type_name(value)}")


def shaped_parts(block: object, table: ShapeTable, *, usual: str | None = None) -> Iterator[Part]:
    """The parts of one typed object; see :func:`content_parts`."""
    if not isinstance(block, dict):
        yield OtherPart(f"a part that is {_type_name(block)}")
        return
    kind = block.get("type") or usual
    shape = table.get(kind) if isinstance(kind, str) else None
    if shape is None:
        yield OtherPart(_named(kind) if isinstance(kind, str) else "a part without a type")
        return
    try:
        found = _checked(shape.read(block))
    except InputError:
        yield OtherPart(f"malformed {kind}")
        return
    yield from found
    yield from unread_fields(block, shape.said | shape.about | {"type"}, within=f"{kind}.")
    yield from _wordy_fields(block, shape.about, within=f"{kind}.")


def field_parts(raw: Mapping[str, Any], table: FieldTable, *, about: AbstractSet[str]) -> Iterator[Part]:
    """The parts of an object whose fields say what they hold.

    Args:
        raw: the object.
        table: fields that can be read.
        about: fields that say nothing to anybody.
    """
    for name, read in table.items():
        if raw.get(name) is None:
            continue
        try:
            yield from _checked(read(raw[name]))
        except InputError:
            yield OtherPart(f"malformed {name}")
    yield from unread_fields(raw, table.keys() | about)
    yield from _wordy_fields(raw, about - table.keys())


def unread_fields(raw: Mapping[str, Any], known: AbstractSet[str], *, within: str = "") -> Iterator[OtherPart]:
    """Names every field that is not known and says something: see :func:`_says`."""
    return (OtherPart(_named(f"{within}{name}")) for name, value in raw.items() if name not in known and _says(value))


def _wordy_fields(raw: Mapping[str, Any], about: AbstractSet[str], *, within: str = "") -> Iterator[OtherPart]:
    """Names every field that should say nothing, and holds more than identifiers, numbers and signatures."""
    return (OtherPart(_named(f"{within}{name}")) for name in raw if name in about and not is_silent(raw[name], name))


def tool_result(content: object, table: ShapeTable, *, call_id: object = None, name: object = None) -> list[Part]:
    """A tool result, and after it what of it cannot be read; see :func:`content_parts`.

    Raises:
        InputError: the id or the name is not text.
    """
    parts = list(content_parts(content, table, usual="text"))
    texts = [part for part in parts if isinstance(part, str)]
    others = [part for part in parts if not isinstance(part, str)]
    return [ToolResult("\n".join(texts), _text_or_none("call id", call_id), _text_or_none("name", name)), *others]


def said(role: Role, parts: Iterable[Part]) -> Message:
    """A message of parts; texts of an assistant that follow one another are one, as those who show them do it."""
    found: list[Part] = []
    for part in parts:
        if role == "assistant" and isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return Message.of(role, found)


def spoken(role: Role, parts: Iterable[Part]) -> tuple[Message, ...]:
    """What one object on the wire says, as messages: every tool result is one of its own."""
    found = []
    for is_result, group in groupby(parts, lambda part: isinstance(part, ToolResult)):
        together = list(group)
        found += [said("tool", [part]) for part in together] if is_result else [said(role, together)]
    return tuple(found) or (Message(role, ""),)


def with_tool_names(messages: Iterable[Message]) -> tuple[Message, ...]:
    """The same, with the name of the function in every result whose call stands before it."""
    names: dict[str, str] = {}
    found = []
    for message in messages:
        names |= {part.id: part.name for part in message.parts if isinstance(part, ToolCall) and part.id}
        parts = [
            replace(part, name=names.get(part.call_id, "")) if isinstance(part, ToolResult) and not part.name else part
            for part in message.parts
        ]
        found.append(Message.of(message.role, parts) if parts else message)
    return tuple(found)


def with_call_ids(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same, where every call has an id of its own that every provider takes, and its result the same.

    An id that is fit for that is kept. A result is that of the first call of its id, or of any, that has none yet.
    """
    waiting: list[tuple[str, str]] = []
    given: set[str] = set()
    names = (f"call_{n}" for n in count(1))
    found: list[Message] = []
    for message in messages:
        parts: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolCall):
                fit = _CALL_ID.fullmatch(part.id) and part.id not in given
                new = part.id if fit else next(name for name in names if name not in given)
                given.add(new)
                waiting.append((part.id, new))
                parts.append(replace(part, id=new))
            elif isinstance(part, ToolResult):
                parts.append(replace(part, call_id=_answered(waiting, part.call_id)))
            else:
                parts.append(part)
        found.append(Message.of(message.role, parts) if parts else message)
    return tuple(found)


def _answered(waiting: list[tuple[str, str]], call_id: str) -> str:
    """The new id of the call that a result belongs to, which waits no longer."""
    i = next((i for i, (old, _) in enumerate(waiting) if old == call_id), 0)
    return waiting.pop(i)[1] if waiting else call_id


def tool_of(raw: object, place: str, *, parameters: Sequence[str]) -> ToolDefinition:
    """What a model was told of a function.

    Args:
        raw: its name, description and schema.
        place: where it stands, for the message.
        parameters: names that the schema goes by.

    Raises:
        InputError: it is no such object.
    """
    told = required(raw, dict, place)
    schema: object = next((told[name] for name in parameters if told.get(name) is not None), {})
    return ToolDefinition(
        required(told.get("name"), str, f"{place}.name"),
        _text_or_none("description", told.get("description")),
        as_json(schema),
    )


def role_of(raw: object, roles: Mapping[object, Role], place: str) -> Role:
    """Who speaks, by the word on the wire.

    Raises:
        InputError: it is not an object with a role that is known.
    """
    if not isinstance(raw, dict):
        raise InputError(f'{place} must be an object like {{"role": "user", "content": "…"}}; got {_type_name(raw)}')
    said = raw.get("role")
    if not isinstance(said, str | None) or said not in roles:
        known = ", ".join(str(role) for role in roles if role)
        raise InputError(f"{place}.role must be one of {known}; got {said!r:.40}")
    return roles[said]


def required(value: object, kind: type[T], what: str) -> T:
    """The value, if it is of that kind.

    Raises:
        InputError: it is of another.
    """
    if not isinstance(value, kind):
        wanted = {str: "text", dict: "an object", list: "a list"}[kind]
        raise InputError(f"{what} must be {wanted}; got {_type_name(value)}")
    return value


def listed(raw: Mapping[str, Any], name: str) -> list[Any]:
    """The list in a field, empty where there is none.

    Raises:
        InputError: it is no list, or what should hold it is no object.
    """
    found = required(raw, dict, "what holds " + name).get(name)
    return [] if found is None else required(found, list, name)


def worded(make: Callable[[str], Part]) -> Callable[[object], list[Part]]:
    """Reads a field that holds one text, which is a part unless it is empty."""
    return lambda value: [make(text) for text in [required(value, str, "it")] if text]


def as_json(value: object) -> str:
    """A decoded value as JSON text.

    Raises:
        InputError: it is nested too deeply, or holds what JSON has not.
    """
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"it cannot be written as JSON: {error}") from error


def _checked(parts: Iterable[Part]) -> list[Part]:
    """The same parts; ``InputError`` for a text that cannot be encoded. Of other parts they are checked when they are made."""
    found = list(parts)
    for text in found:
        if isinstance(text, str):
            require_text("a text", text)
    return found


def _says(value: object, levels: int = _DEEPEST_LOOK) -> bool:
    """Whether anything but null, false and emptiness stands in it; what is too deep to be looked at counts as something."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return bool(value) and (levels == 0 or any(_says(one, levels - 1) for one in inner))
    return not (value is None or value is False or value in ("", b""))


def _text_or_none(what: str, value: object) -> str:
    if not isinstance(value, str | None):
        raise InputError(f"{what} must be text; got {_type_name(value)}")
    return value or ""


def _named(kind: str) -> str:
    """A kind as it may stand in a message: not long, and encodable."""
    return kind[:_LONGEST_KIND].encode(errors="replace").decode()


def _type_name(value: object) -> str:
    return "null" if value is None else f"of type {type(value).__name__}"
