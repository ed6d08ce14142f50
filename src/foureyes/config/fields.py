"""What the values of a configuration may be: texts, paths, addresses, and secrets that are only named in the file.

:class:`SettingsTable` is the base of every table. It takes exactly the keys it declares, in their own types: ``"8000"`` is no port and
``true`` is no number. Two things go from keys to fields under another name:

* A secret field ``key`` is given as ``key_env`` or ``key_file``: the name of an environment variable or a file.
* A field marked :class:`Inline` is a value of a lower layer, say how long a verification may take. The keys of its
  attributes stand in the table itself, so what is configured is the value that is used and not a copy of it.

No message of these checks repeats what may be a secret.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, TypeAlias, cast, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from foureyes.config.secret import Secret
from foureyes.http.addresses import objection

__all__ = [
    "Address",
    "ConfigSource",
    "ExistingFile",
    "FilePath",
    "Inline",
    "Known",
    "Options",
    "SecretValue",
    "SettingsTable",
    "Text",
    "inline_fields",
    "is_short",
    "keys_of",
    "secret",
    "texts",
]

Known: TypeAlias = Mapping[str, Any]

_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,127}", re.ASCII)
_LARGEST_SECRET: Final = 65_536
_BY_PLACE: Final = {"name", "tenant"}
"""Attributes that are told by where a table stands; they are no keys."""


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """Where a configuration is read from; the context of its checks. Without one, values are built in code.

    Attributes:
        folder: what relative paths are relative to.
        environ: the environment, in which secrets may be.
        named: every verifier there is a table for, right or wrong.
        has_routes: whether there are routes, which tenants may ask without a verifier.
        verifiers: those whose table is right, by name; filled while tables are read.
        files: secrets, calibrators and thresholds that were read; filled while tables are read.
    """

    folder: Path
    environ: Mapping[str, str]
    named: tuple[str, ...] = ()
    has_routes: bool = False
    verifiers: dict[str, Any] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _NamedSecret:
    """A secret by its variable's or its file's name, and whatever stands in the secret's own place."""

    variable: Any = None
    file: Any = None
    inline: Any = None


class Inline:
    """Marks a field whose value is a dataclass of a lower layer: its attributes are keys of the table around it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = handler.resolve_ref_schema(handler(source))
        schema["strict"] = False  # it is made of keys; they stay strict
        return cast("CoreSchema", schema)


class SettingsTable(BaseModel):
    """A table of the file: frozen, with no other keys than its own."""

    may_stand_in_file: ClassVar[frozenset[str]] = frozenset()
    """Secret fields that also have a key of their own name, for values that hold no secret."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _arrange(cls, values: Any) -> Any:
        """From the keys of the file to the fields they are for."""
        if not isinstance(values, dict):
            return values
        rest = dict(values)
        for name in _secrets(cls):
            variable, file = rest.pop(f"{name}_env", None), rest.pop(f"{name}_file", None)
            if (variable, file) != (None, None):
                rest[name] = _NamedSecret(variable, file, rest.get(name))
        for name, keys in inline_fields(cls).items():
            if isinstance(rest.get(name), dict):
                raise ValueError(f"{name} is unknown; its {', '.join(keys)} are keys of this table")  # noqa: TRY004 - as pydantic reports it
            if given := {key: rest.pop(key) for key in keys if key in rest}:
                usual = cls.model_fields[name].default
                rest[name] = {key: getattr(usual, key) for key in keys} | given
        return rest

    @field_validator("*")
    @classmethod
    def _check(cls, value: Any, info: ValidationInfo) -> Any:
        for wrong in cls.objections(str(info.field_name), value, info.data):
            raise ValueError(wrong)
        return value

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterable[str]:  # noqa: ARG003 - for tables that have some
        """What is wrong with a value beside others; the first is told.

        Args:
            key: of the value.
            value: right by itself; defaults are asked about too.
            known: the values of keys before it, without those that are wrong themselves.
        """
        return ()


def keys_of(table: Any) -> set[str]:
    """The keys a table of the file may have."""
    if not issubclass(table, SettingsTable):
        return {str(f.name) for f in fields(table)} - _BY_PLACE
    inline, secrets = inline_fields(table), _secrets(table)
    keys = table.model_fields.keys() - inline.keys() - (secrets - table.may_stand_in_file) - _BY_PLACE
    return set(keys).union(*inline.values(), (f"{name}_{how}" for name in secrets for how in ("env", "file")))


def _secrets(table: type[SettingsTable]) -> set[str]:
    return {name for name, info in table.model_fields.items() if Secret in _types(info.annotation)}


def inline_fields(table: type[SettingsTable]) -> dict[str, list[str]]:
    """The fields of a table whose keys stand in the table itself, with these."""
    found = {
        name: info for name, info in table.model_fields.items() if any(isinstance(m, Inline) for m in info.metadata)
    }
    return {name: [f.name for f in fields(cast("Any", info.annotation))] for name, info in found.items()}


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _types(inner)


def secret(value: Any, info: ValidationInfo) -> Any:
    """A secret from where it is named. Messages repeat neither value nor name: people do write one in the other's place."""
    what, source = info.field_name, info.context
    if isinstance(value, Secret):
        return value
    if not isinstance(value, _NamedSecret) or value.inline is not None or not isinstance(source, ConfigSource):
        raise ValueError(f"secrets do not stand in the configuration: name one with {what}_env or {what}_file")
    if value.variable is not None and value.file is not None:
        raise ValueError(f"give {what}_env or {what}_file, not both")
    if value.file is not None:
        return _from_file(value.file, source, f"{what}_file")
    return _from_environment(value.variable, source, f"{what}_env")


def _from_environment(name: Any, source: ConfigSource, key: str) -> Secret:
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        raise ValueError(
            f"{key} wanted the name of an environment variable, in capitals; got something else, not shown"
        )
    if not (value := source.environ.get(name, "").strip()):
        raise ValueError(f"the environment variable that {key} names is not set, or empty")
    return Secret(value)


def _from_file(name: Any, source: ConfigSource, key: str) -> Secret:
    path = source.folder / _text(name)
    source.files.append(path)
    try:
        with path.open(encoding="utf-8") as file:
            value = file.read(_LARGEST_SECRET).strip()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ValueError(f"the file that {key} names cannot be read: {said}") from None
    if not value:
        raise ValueError(f"the file that {key} names is empty")
    return Secret(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise PydanticCustomError("text", "wanted text")
    return value


def _path(value: Any, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    return Path(info.context.folder if isinstance(info.context, ConfigSource) else "", _text(value))


def _existing(path: Path, info: ValidationInfo) -> Path:
    if not path.is_file():
        raise ValueError(f"no such file: {path}")
    if isinstance(info.context, ConfigSource):
        info.context.files.append(path)
    return path


def _address(url: str, info: ValidationInfo) -> str:
    if wrong := objection(url, allow_http=info.data.get("allow_http", False)):
        raise ValueError(wrong)
    return url


def _pairs(options: Any) -> Any:
    """A table whose keys are not ours to know, in order, so that it can be hashed."""
    if isinstance(options, tuple) or options is None:
        return options
    if not isinstance(options, dict) or not all(isinstance(value, str | int | float) for value in options.values()):
        raise ValueError("wanted a table of texts, numbers and flags")
    if not all(math.isfinite(value) for value in options.values() if isinstance(value, float)):
        raise ValueError("nan and inf are no numbers that can be sent")
    return tuple(options.items())


def texts(values: Any) -> Sequence[str]:
    """A list of at least one text; something else is a mistake."""
    if not isinstance(values, list | tuple) or not values or not all(isinstance(value, str) for value in values):
        raise PydanticCustomError("texts", "wanted a list of texts, at least one")
    return values


def is_short(key: Secret) -> bool:
    """Whether a secret has fewer than the 16 bytes that nobody guesses."""
    return len(key.reveal().encode()) < 16


Text = Annotated[str, BeforeValidator(_text)]
FilePath = Annotated[Path, BeforeValidator(_path)]
ExistingFile = Annotated[FilePath, AfterValidator(_existing)]
SecretValue = Annotated[Secret, BeforeValidator(secret)]
Address = Annotated[Text, AfterValidator(_address)]
"""An http or https address; plain http to other machines where ``allow_http``, a key before it, is true."""

Options: TypeAlias = Annotated[tuple[tuple[str, str | int | float | bool], ...], BeforeValidator(_pairs)]
"""A table whose keys are not ours to know: texts, numbers and flags."""
