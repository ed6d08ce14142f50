"""The JSON schema that a caller asked answers to follow: refused before anybody is paid where it cannot be held to.

A schema without a cycle of references can be followed once through for every place of an answer, so what checking costs is known
beforehand. Any other may cost exponentially much, and is checked in a process of its own that is ended when it takes too long;
see :mod:`foureyes.route.schema_check`. Nothing is ever fetched: a reference must lead into the schema itself, or to a
meta-schema of JSON Schema.

Patterns are compiled, which takes up to 30 µs a character and 10 ms a pattern: few and short ones are compiled here, others in that process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from foureyes.errors import ConfigError, InputError

try:
    import jsonschema_rs
except ModuleNotFoundError as error:  # pragma: no cover - where the extra is missing
    raise ConfigError(f"answers that follow a schema need {error.name}: pip install 'foureyes[service]'") from error

__all__ = ["MOST_SCHEMA", "AnswerSchema"]

MOST_SCHEMA: Final = 262_144
"""Characters; OpenAI takes 120,000 of names and values."""

_CHEAP: Final = 100_000
"""Steps of checking that nobody else notices: some hundredths of a second."""

_DEAR: Final = frozenset(
    {"$dynamicRef", "$recursiveRef", "$id", "$anchor", "unevaluatedProperties", "unevaluatedItems"}
)
"""What refers by other names than places, or goes through an answer once more."""

_MOST_QUICK, _MOST_QUICK_CHARACTERS = 16, 512
"""Patterns, and characters of all together, that are compiled here."""

_BACKTRACKS: Final = 10_000
_PLAIN_BYTES, _PATTERN_BYTES = 1 << 18, 1 << 20
_ALL_PATTERN_BYTES: Final = 1 << 27
_OUTSIDE: Final = "the schema refers to something outside itself, and nothing is fetched"


class AnswerSchema:
    """A schema, ready to check answers.

    Args:
        schema: as the caller sent it. ``$schema`` says which draft it follows (4, 6, 7, 2019-09, 2020-12); without one it is 2020-12.
        patient: whether patterns are compiled however many there are.

    Raises:
        InputError: it is no schema of its draft, too large, has a pattern beyond what is matched, or refers to something outside.

    Example:
        >>> schema = AnswerSchema({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}})
        >>> schema.fits({"city": "Canberra"}), schema.fits({"town": "Canberra"})
        (True, False)
        >>> AnswerSchema({"$ref": "https://example.org/city.json"})
        Traceback (most recent call last):
        foureyes.errors.InputError: response_format: the schema refers to something outside itself, and nothing is fetched
    """

    def __init__(self, schema: Mapping[str, Any], *, patient: bool = False) -> None:
        try:
            self.text: Final = json.dumps(schema)
        except RecursionError:
            raise _refused("the schema is nested too deeply") from None
        if len(self.text) > MOST_SCHEMA:
            raise _refused(f"the schema may have {MOST_SCHEMA:,} characters; got {len(self.text):,}")
        names = _names(schema)
        self._has_patterns = bool(names & {"pattern", "patternProperties"})
        self._steps = None if names & _DEAR else _steps(schema)
        self._validator: jsonschema_rs.Validator | None = None
        patterns = _patterns(schema)
        n_characters = sum(map(len, patterns))
        if not patient and (len(patterns) > _MOST_QUICK or n_characters > _MOST_QUICK_CHARACTERS):
            self._steps = None
            return
        try:
            self._validator = _validator(schema, _plain(len(patterns)))
        except _NotPlain:
            self._validator, self._steps = _validator(schema, _fancy(len(patterns))), None

    @property
    def is_ready(self) -> bool:
        """Whether it is known to be a schema: its patterns were compiled here."""
        return self._validator is not None

    def is_cheap(self, value: Any) -> bool:
        """Whether checking a value takes no time that anybody notices."""
        return self._steps is not None and self._steps * _size(value, 1 if self._has_patterns else 64) <= _CHEAP

    def fits(self, value: Any) -> bool:
        """Whether a value follows it. What cannot be told within the bounds of patterns does not."""
        return self._validator is not None and bool(self._validator.is_valid(value))


class _NotPlain(Exception):
    """A pattern needs backtracking, or much room."""


def _plain(n: int) -> jsonschema_rs.RegexOptions:
    size = min(_PLAIN_BYTES, _ALL_PATTERN_BYTES // max(1, n))
    return jsonschema_rs.RegexOptions(size_limit=size, dfa_size_limit=size)


def _fancy(n: int) -> jsonschema_rs.FancyRegexOptions:
    size = min(_PATTERN_BYTES, _ALL_PATTERN_BYTES // max(1, n))
    return jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS, size_limit=size, dfa_size_limit=size)


def _validator(
    schema: Mapping[str, Any], patterns: jsonschema_rs.RegexOptions | jsonschema_rs.FancyRegexOptions
) -> jsonschema_rs.Validator:
    try:
        return jsonschema_rs.validator_for(dict(schema), offline=True, pattern_options=patterns)
    except jsonschema_rs.ReferencingError:
        raise _refused(_OUTSIDE) from None
    except jsonschema_rs.ValidationError as error:
        if "Retrieval is disabled" in error.message:
            raise _refused(_OUTSIDE) from None
        if error.kind.name == "format" and isinstance(patterns, jsonschema_rs.RegexOptions):
            raise _NotPlain from None
        raise _refused(f"not a JSON schema: {error.message}"[:300]) from None
    except ValueError as error:
        raise _refused(f"not a JSON schema: {error}"[:300]) from None


def _refused(why: str) -> InputError:
    return InputError(f"response_format: {why}")


def _steps(schema: Any) -> int | None:
    """Schemas that a place of an answer is held to at most, references followed; ``None`` where that is not known beforehand."""
    try:
        return _followed(schema, schema, (), {})
    except (_Unknown, RecursionError):
        return None


class _Unknown(Exception):
    """How often something is followed is not known beforehand, or is much."""


def _followed(node: Any, root: Any, within: tuple[str, ...], known: dict[str, int]) -> int:
    """Steps below a node."""
    if isinstance(node, list):
        return sum(_followed(one, root, within, known) for one in node)
    if not isinstance(node, dict):
        return 0
    steps = 1 + sum(_followed(one, root, within, known) for name, one in node.items() if name != "$ref")
    if isinstance(reference := node.get("$ref"), str):
        steps += _referred(reference, root, within, known)
    if steps > _CHEAP:
        raise _Unknown
    return steps


def _referred(reference: str, root: Any, within: tuple[str, ...], known: dict[str, int]) -> int:
    if reference in within or not reference.startswith("#/"):
        raise _Unknown  # it comes back to itself, or leads to the root, or to a meta-schema
    if reference not in known:
        known[reference] = _followed(_at(root, reference), root, (*within, reference), known)
    return known[reference]


def _at(root: Any, reference: str) -> Any:
    found = root
    for written in reference[2:].split("/"):
        name = written.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            raise _Unknown
        found = found[name]
    return found


def _names(value: Any) -> set[str]:
    level, names = [value], set[str]()
    while level:
        names |= {name for one in level if isinstance(one, dict) for name in one}
        level = [inner for one in level for inner in _inside(one)]
    return names


def _patterns(schema: Any) -> list[str]:
    """Every text that may be compiled as a pattern."""
    level, found = [schema], list[str]()
    while level:
        for one in level:
            if isinstance(one, dict):
                found += [one["pattern"]] if isinstance(one.get("pattern"), str) else []
                found += one["patternProperties"] if isinstance(one.get("patternProperties"), dict) else []
        level = [inner for one in level for inner in _inside(one)]
    return found


def _size(value: Any, characters: int) -> int:
    """Values in a value, itself too; so many characters of a text count as one more. Beyond what is cheap nothing is counted."""
    level, n = [value], 0
    while level and n <= _CHEAP:
        n += len(level) + sum(len(one) // characters for one in level if isinstance(one, str))
        level = [inner for one in level for inner in _inside(one)]
    return n


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
