"""What a person may write to name a model, and what it means.

=========================  =====================================================================
``gemma3-270m``            a model known by name (:data:`~foureyes.models.weights.known.KNOWN`)
``hf:Qwen/Qwen3-0.6B``     a Hugging Face repository, ``@revision`` appended or not
``gguf:/path/model.gguf``  a GGUF file on this machine, converted once and read by transformers
``/path/model.gguf``       the same file read as it is, its weights quantised, by llama.cpp
``/path/to/folder``        a folder with ``config.json``, safetensors and a tokenizer
``http://host:8000/v1``    a server that speaks OpenAI's protocols, ``#model`` appended or not; to read, several of one
                           model with commas between
``openai:gpt-4.1-mini``    a model of OpenAI's, asked through its API; ``anthropic:`` and ``google:`` alike
=========================  =====================================================================

Start at :func:`parse`. Nothing here touches the network; the disk is asked only whether a folder is there.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, get_args

from foureyes.choices import ProviderApi
from foureyes.errors import ConfigError
from foureyes.models.weights.known import KNOWN, KnownModel

__all__ = [
    "Folder",
    "Gguf",
    "Hub",
    "ProviderReference",
    "QuantisedFile",
    "Reference",
    "ServerReference",
    "addresses_in",
    "parse",
    "runs_elsewhere",
]


@dataclass(frozen=True, slots=True)
class Hub:
    """A repository on the Hugging Face hub."""

    repository: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Gguf:
    """A GGUF file on this machine, to be converted."""

    path: Path


@dataclass(frozen=True, slots=True)
class QuantisedFile:
    """A GGUF file on this machine, to be read as it is."""

    path: Path


@dataclass(frozen=True, slots=True)
class Folder:
    """A model folder on this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class ServerReference:
    """A server that speaks OpenAI's protocols, completions to be read through, chat to write; or several of one model to read.

    Attributes:
        url: its address.
        model: the name behind a ``#``.
        others: of further servers.
    """

    url: str
    model: str | None = None
    others: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """Every address."""
        return self.url, *self.others

    def require_one(self) -> None:
        """Makes sure that it is one server.

        Raises:
            ConfigError: there are several.
        """
        if self.others:
            raise ConfigError(f"several servers read; one writes or judges: wanted one address, got {len(self.urls)}")


@dataclass(frozen=True, slots=True)
class ProviderReference:
    """A model of a provider that is asked through its API. It can write and judge; none lets itself be read through."""

    api: ProviderApi
    model: str


Reference: TypeAlias = KnownModel | Hub | Gguf | QuantisedFile | Folder | ServerReference | ProviderReference

APIS: Final[Mapping[str, ProviderApi]] = {api: api for api in get_args(ProviderApi)}

FORMS: Final = (
    "hf:OWNER/NAME[@REVISION], /path/to/model.gguf, gguf:/path/to/model.gguf to have it converted, a folder with a "
    "config.json, http://host:port/v1#model, or "
    "openai:MODEL, anthropic:MODEL or google:MODEL"
)

_HUB: Final = re.compile(r"(?P<repository>(?:[\w.-]+/)?[\w.-]+)(?:@(?P<revision>[^\s@]+))?", re.ASCII)


def parse(reference: str) -> Reference:
    """Tells what kind of model a reference names.

    Args:
        reference: one of the forms in the table above. A known name wins over a folder called the same: write
            ``./name`` for the folder.

    Raises:
        ConfigError: it is none of the forms, or the file or folder that it names is not there.

    Example:
        >>> parse("hf:Qwen/Qwen3-0.6B@main")
        Hub(repository='Qwen/Qwen3-0.6B', revision='main')
        >>> parse("http://localhost:8000/v1#gemma")
        ServerReference(url='http://localhost:8000/v1', model='gemma', others=())
        >>> parse("http://a:8000/v1,http://b:8000/v1#gemma").urls
        ('http://a:8000/v1', 'http://b:8000/v1')
        >>> parse("gemma3-27m")
        Traceback (most recent call last):
        foureyes.errors.ConfigError: unknown model 'gemma3-27m'; did you mean gemma3-270m? Known by name: smollm2-135m, \
gemma3-270m, qwen2.5-coder-0.5b, qwen2.5-coder-1.5b. Or give hf:OWNER/NAME[@REVISION], /path/to/model.gguf, \
gguf:/path/to/model.gguf to have it converted, a folder with a config.json, http://host:port/v1#model, or openai:MODEL, anthropic:MODEL or google:MODEL
    """
    if reference in KNOWN:
        return KNOWN[reference]
    scheme, colon, rest = reference.partition(":")
    if colon and scheme in ("http", "https"):
        return _servers(reference.split(","))
    if colon and scheme in APIS:
        return _provider(APIS[scheme], rest)
    if colon and scheme == "hf":
        return _hub(rest)
    if colon and scheme == "gguf":
        return Gguf(_gguf(rest))
    return _local(reference)


def addresses_in(reference: str) -> list[str]:
    """The addresses of the servers that a reference names; none where it names something else.

    Example:
        >>> addresses_in("http://a/v1,http://b/v1#gemma"), addresses_in("gemma3-270m")
        (['http://a/v1', 'http://b/v1'], [])
    """
    if not reference.startswith(("http:", "https:")):
        return []
    return [one.partition("#")[0] for one in reference.split(",")]


def runs_elsewhere(reference: str) -> bool:
    """Whether a reference names a model behind a server or a provider's API.

    Raises:
        ConfigError: the reference is none.
    """
    return isinstance(parse(reference), ServerReference | ProviderReference)


def _servers(references: Sequence[str]) -> ServerReference:
    named = [reference.partition("#") for reference in references]
    models = {model for _, _, model in named if model}
    if len(models) > 1:
        raise ConfigError(f"servers of one verifier serve one model; got the names {', '.join(sorted(models))}")
    first, *others = (url for url, _, _ in named)
    return ServerReference(first, next(iter(models), None), tuple(others))


def _provider(api: ProviderApi, model: str) -> ProviderReference:
    if not model or not model.isprintable() or " " in model:
        raise ConfigError(f"wanted the name of a model after {api}:; got {model!r}")
    return ProviderReference(api, model)


def _hub(text: str) -> Hub:
    match = _HUB.fullmatch(text)
    if match is None:
        raise ConfigError(f"a Hugging Face reference is hf:OWNER/NAME or hf:OWNER/NAME@REVISION; got {f'hf:{text}'!r}")
    return Hub(match["repository"], match["revision"])


def _gguf(text: str) -> Path:
    path = _path(text)
    if not os.path.isfile(path):  # noqa: PTH113 - see _path
        raise ConfigError(f"no GGUF file at {path}")
    return path


def _local(text: str) -> Folder | QuantisedFile:
    path = _path(text)
    if path.suffix == ".gguf" and not os.path.isdir(path):  # noqa: PTH112 - see _path
        return QuantisedFile(_gguf(text))
    if text and os.path.isdir(path):  # noqa: PTH112 - see _path
        if not (path / "config.json").is_file():
            raise ConfigError(f"{path} is not a model folder: it has no config.json")
        return Folder(path)
    raise ConfigError(f"unknown model {text!r}{_hint(text)} Known by name: {', '.join(KNOWN)}. Or give {FORMS}")


def _path(text: str) -> Path:
    """The path in a text that may be anything, asked for with ``os.path``, which answers where pathlib raises."""
    return Path(text if "\0" in text else os.path.expanduser(text))  # noqa: PTH111


def _hint(text: str) -> str:
    close = difflib.get_close_matches(text, KNOWN, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    if text.count("/") == 1 and _HUB.fullmatch(text):
        return f"; no such folder here: did you mean hf:{text}?"
    return "."
