"""What fields of a row hold: texts, messages, tools, verdicts, and what belongs to a prompt and must not be left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.records.record import NoText
from foureyes.turns import openai_chat
from foureyes.turns.mapping import with_tool_names
from foureyes.types import Message, Prompt, ToolDefinition

__all__ = [
    "ANSWER_FIELDS",
    "CORRECT_FIELD",
    "SPAN_FIELD",
    "SYSTEM_FIELDS",
    "TOOLS_FIELD",
    "answer_of",
    "answer_span",
    "either",
    "joined",
    "listed",
    "meant",
    "only",
    "prompt_of",
    "system_in",
    "text_in",
    "tools_of",
    "truth",
    "unjoined",
    "value_at",
    "verdict",
    "with_system",
    "words_in",
]

ANSWER_FIELDS: Final = ("answer", "response", "completion", "output")
"""Names an answer goes by."""

SPAN_FIELD: Final = "answer_span"
"""Two character positions: the part of the answer that counts as the final one."""

TOOLS_FIELD: Final = "tools"
"""What the answering model was allowed to call: a list as in OpenAI's requests, or that list as JSON text."""

SYSTEM_FIELDS: Final = ("system", "system_prompt", "system_message")
"""Names of what the system says."""

CORRECT_FIELD: Final = "correct"
"""Whether the answer is right."""

_NOTED: Final = frozenset(
    {"weight", "loss", "language", "timestamp", "turn_identifier", "toxic", "redacted", "openai_id", "token_counter"}
    | {"country", "state", "hashed_ip", "header"}
)
"""What data sets keep in a message of when, where and how it was said, and of its weight in training."""

_GRADES: Final = frozenset({"true", "false", "1", "1.0", "0", "0.0", "right", "wrong", "correct", "incorrect"})
"""What a ``label`` may say of an answer; letters, yes and no are as often the answer that was wanted."""

_WORD: Final = re.compile(r"[a-z]+")

_TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "1", "1.0", "yes", "right", "correct", "c", "ja", "wahr"), True),
    **dict.fromkeys(("false", "0", "0.0", "no", "wrong", "incorrect", "i", "nein", "falsch"), False),
}


def value_at(row: Mapping[str, Any], name: str) -> Any:
    """What stands under a name, which may lead into objects and lists with dots; ``None`` where nothing does.

    Example:
        >>> value_at({"doc": {"choices": ["a", "b"]}, "a.b": 1}, "doc.choices.1")
        'b'
    """
    if name in row:
        return row[name]
    found: Any = row
    for step in name.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(found):
            found = found[int(step[:9])]
        else:
            return None
    return found


def truth(value: object, name: str = CORRECT_FIELD) -> bool | None:
    """Whether a field says that an answer is right; ``None`` where it says nothing.

    Raises:
        InputError: it says something else.

    Example:
        >>> truth("C"), truth(0), truth(None)
        (True, False, None)
    """
    if value is None or value == "":
        return None
    said = str(value).strip().lower() if isinstance(value, str | int | float) else ""
    if said not in _TRUTHS:
        raise InputError(f"{name!r} must say true or false (or yes or no, 1 or 0, right or wrong); got {value!r:.80}")
    return _TRUTHS[said]


def verdict(row: Mapping[str, Any]) -> bool | None:
    """Whether a row says that its answer is right: by ``correct``, or by a ``label`` of 1 or 0, true or false, right or wrong.

    Raises:
        InputError: ``correct`` says something else.
    """
    if row.get(CORRECT_FIELD) is not None:
        return truth(row[CORRECT_FIELD])
    label = row.get("label")
    is_grade = isinstance(label, str | int | float) and str(label).strip().lower() in _GRADES
    return truth(label, "label") if is_grade else None  # else a class of some other kind


def words_in(row: Mapping[str, Any], name: str) -> str:
    """A text, or the texts of a list with a line between them; empty where there is none.

    Raises:
        InputError: it is neither.
    """
    value = value_at(row, name)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        for one in value:
            _require_text(name, one)
        return "\n".join(value)
    return text_in(row, name)


def system_in(row: Mapping[str, Any]) -> str:
    """What a row says that the system says, by any of the names that this goes by.

    Raises:
        InputError: it is not text, or said under two names.
    """
    found = [text for name in SYSTEM_FIELDS if (text := text_in(row, name))]
    if len(set(found)) > 1:
        raise InputError(f"two of {either(SYSTEM_FIELDS)} are there; say which is meant with --map system=FIELD")
    return found[0] if found else ""


def unjoined(prompt: Prompt, completion: str) -> str:
    """A completion without the space that joins it to its prompt.

    Completions continue a text, and many files keep the space between the two with the second; readers bring their own.
    """
    joins = isinstance(prompt, str) and completion[:1] == " " and not prompt[-1:].isspace()
    return completion[1:] if joins else completion


def prompt_of(name: str, value: object) -> str | tuple[Message, ...]:
    """A prompt as a field holds it: text, or messages as in OpenAI's chat requests.

    Raises:
        InputError: it is neither.
    """
    if isinstance(value, str):
        _require_text(name, value)
        return value
    if isinstance(value, list):
        return with_tool_names(openai_chat.message(_bare_turn(turn), f"{name}[{i}]") for i, turn in enumerate(value))
    raise InputError(f"{name!r} must be text or a list of messages; got {type(value).__name__}{_leading(name, value)}")


def answer_of(name: str, value: object) -> Message:
    """An answer as a field holds it: text, or one message of the assistant.

    Raises:
        InputError: it is neither.
    """
    if isinstance(value, str):
        _require_text(name, value)
        return Message("assistant", value)
    if not isinstance(value, dict):
        raise InputError(f"{name!r} must be text or a message of the assistant; got {type(value).__name__}")
    return openai_chat.message(_bare_turn(value), name)


def tools_of(name: str, value: object) -> tuple[ToolDefinition, ...]:
    """Tools as a field holds them: a list as in OpenAI's requests or of bare functions, or that list as JSON text.

    Raises:
        InputError: they are neither.
    """
    if isinstance(value, str):
        try:
            value = parsed_json(value) if value.strip() else None
        except ValueError as error:
            raise InputError(f"{name!r} must be a list of tools, or one as JSON: {error}") from error
    if isinstance(value, list):
        value = [{"function": tool} if _is_bare(tool) else tool for tool in value]
    return openai_chat.tools({"tools": value})


def answer_span(row: Mapping[str, Any]) -> tuple[int, int] | None:
    """The characters of the answer that a row says are the final one.

    Raises:
        InputError: it is no pair of whole numbers.
    """
    value = row.get(SPAN_FIELD)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or any(type(edge) is not int for edge in value):
        raise InputError(f"{SPAN_FIELD!r} must be a list of two integers; got {value!r:.80}")
    return value[0], value[1]


def text_in(row: Mapping[str, Any], name: str) -> str:
    """The text under a name; empty where there is none.

    Raises:
        InputError: it is not text.
    """
    value = value_at(row, name)
    if not isinstance(value, str | None):
        raise InputError(f"{name!r} must be text; got {type(value).__name__}{_leading(name, value)}")
    _require_text(name, value)
    return value or ""


def joined(row: Mapping[str, Any], names: Iterable[str]) -> str:
    """Texts, and texts of lists, with a line between them; those that are empty in this row leave no line.

    Raises:
        InputError: one is not text, or all are empty.
    """
    names = tuple(names)
    texts = [words_in(row, name) for name in names]
    if not any(texts):
        raise InputError(f"wanted text in {either(names)}; the fields are {listed(row)}")
    return "\n".join(text for text in texts if text)


def only(row: Mapping[str, Any], names: Iterable[str], what: str) -> str:
    """The one of some names that a row has.

    Args:
        row: the row.
        names: that it may go by.
        what: the thing that a user may map, for the message.

    Raises:
        InputError: the row has none of them, or two.
    """
    names = tuple(names)
    present = [name for name in names if row.get(name) is not None]
    if len(present) > 1:  # tables have every column in every row
        present = [name for name in present if row[name] not in ("", [])] or present[:1]
    if not present:
        raise InputError(
            f"wanted a field {either(names)}; the fields are {listed(row)}; "
            f"say which is meant with --map {what}={meant(row, names)}"
        )
    if len(present) > 1:
        raise InputError(
            f"both {present[0]!r} and {present[1]!r} are there; say which is meant with --map {what}={present[0]}"
        )
    return present[0]


def meant(row: Iterable[str], names: Iterable[str]) -> str:
    """For a message: the one field of a row whose name has one of some words in it; ``FIELD`` where none or several have.

    Example:
        >>> meant(["id", "Model Response"], ["answer", "response"])
        'Model Response'
    """
    found = [name for name in row if not set(names).isdisjoint(_WORD.findall(name.lower()))]
    return found[0] if len(found) == 1 else "FIELD"


def with_system(prompt: Prompt, words: str) -> Prompt:
    """The prompt after what the system says, if it says anything that the prompt does not begin with."""
    if not words:
        return prompt
    turns = (Message("user", prompt),) if isinstance(prompt, str) else prompt
    repeated = bool(turns) and turns[0].role in ("system", "developer") and turns[0].content.strip() == words.strip()
    return turns if repeated else (Message("system", words), *turns)


def either(names: Iterable[str]) -> str:
    """Names for a message: ``'a', 'b' or 'c'``."""
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def listed(names: Iterable[str]) -> str:
    """Names for a message: ``'a', 'b'``."""
    return ", ".join(repr(name) for name in names)[:400] or "none"


def _leading(name: str, value: object) -> str:
    """For a message: how a map leads into an object or a list of objects."""
    inner, place = (value[0], f"{name}.0") if isinstance(value, list) and value else (value, name)
    if not isinstance(inner, Mapping) or not inner:
        return ""
    if not {"role", "from"}.isdisjoint(inner):
        return "; a conversation cannot be joined with texts: --map system=FIELD puts one before it"
    field = "messages" if "messages" in inner else next(iter(inner))
    return f"; a --map leads into it with dots, such as {place}.{field}"


def _is_bare(tool: object) -> bool:
    return isinstance(tool, dict) and "name" in tool and not tool.keys() & {"function", "custom"}


def _require_text(name: str, value: object) -> None:
    if isinstance(value, NoText):
        raise InputError(f"{name!r} must be text; got bytes that are not UTF-8")


def _bare_turn(turn: object) -> object:
    """A message without what data sets note of it besides what was said."""
    if isinstance(turn, dict):
        _require_text("content", turn.get("content"))
    if not isinstance(turn, dict) or turn.keys().isdisjoint(_NOTED):
        return turn
    return {name: value for name, value in turn.items() if name not in _NOTED}
