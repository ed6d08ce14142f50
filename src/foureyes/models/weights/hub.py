"""Models from the Hugging Face hub, through its own client and into its own cache.

What the client has on this machine is used without asking the network; what it has not is downloaded. Its exceptions
are mapped to ours in one table, by class name along the method resolution order, since the class that its HTTP errors
derive from has changed with the HTTP library under it. This module loads the client.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from huggingface_hub import errors, snapshot_download

from foureyes.errors import ConfigError, FoureyesError, ModelRefused, ModelUnavailable
from foureyes.models.weights.digests import sha256
from foureyes.models.weights.folders import check_weights, folder_fingerprint
from foureyes.models.weights.redaction import redacted
from foureyes.models.weights.reference import Hub
from foureyes.models.weights.store import digest_memory
from foureyes.models.weights.values import OnStep, Step, Weights

__all__ = ["ERRORS", "FOREIGN", "Repository", "download", "on_this_machine", "translated"]

_BLOB: Final = re.compile(r"[0-9a-f]{64}")

PATTERNS: Final = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.tiktoken", "merges.txt", "vocab.txt")
"""Files that are fetched: weights, configuration, tokenizer. Never code, never pickles."""


def on_this_machine(hub: Hub) -> Path | None:
    """The folder the client keeps a repository in, ``None`` when it has not downloaded it."""
    try:
        return _snapshot(hub, local_files_only=True)
    except errors.LocalEntryNotFoundError:
        return None
    except FOREIGN as error:
        raise translated(error, hub) from error


def download(hub: Hub, *, again: bool = False) -> Path:
    """Fetches what is missing of a repository.

    Args:
        hub: the repository.
        again: whether to fetch files anew that are there.

    Returns:
        The folder, in the client's cache.

    Raises:
        ConfigError: there is no such repository or revision, or it is private.
        ModelRefused: the hub says no: terms to accept, a repository closed.
        ModelUnavailable: the hub cannot be reached or fails.
    """
    try:
        return _snapshot(hub, force_download=again)
    except FOREIGN as error:
        raise translated(error, hub) from error


def _snapshot(hub: Hub, **options: Any) -> Path:
    return Path(snapshot_download(hub.repository, revision=hub.revision, allow_patterns=list(PATTERNS), **options))


def _unavailable(message: str, model: str) -> FoureyesError:
    return ModelUnavailable(message, model=model, retryable=True)


def _broken(message: str, model: str) -> FoureyesError:
    return ModelUnavailable(message, model=model)


def _refused(message: str, model: str) -> FoureyesError:
    return ModelRefused(message, model=model)


def _config(message: str, _model: str) -> FoureyesError:
    return ConfigError(message)


_Row = tuple[Callable[[str, str], FoureyesError], str]

ERRORS: Final = MappingProxyType[str, _Row](
    {
        "GatedRepoError": (_refused, "its terms must be accepted on the hub, and HF_TOKEN set to a token of who did"),
        "DisabledRepoError": (_refused, "the hub has closed this repository"),
        "BadRequestError": (_refused, "the hub refuses the request"),
        "RepositoryNotFoundError": (
            _config,
            "the hub knows no such repository, or it is private and HF_TOKEN does not open it",
        ),
        "RevisionNotFoundError": (_config, "the repository has no such revision"),
        "RevisionResolutionError": (_unavailable, "the revision cannot be resolved"),
        "LocalEntryNotFoundError": (_unavailable, "it is not on this machine and the hub cannot be reached"),
        "RemoteEntryNotFoundError": (_config, "the repository lacks a file it lists"),
        "EntryNotFoundError": (_config, "the repository lacks a file it lists"),
        "HFValidationError": (_config, "this is not a name a repository can have"),
        "LocalTokenNotFoundError": (_config, "the hub wants a token: set HF_TOKEN"),
        "OIDCError": (_config, "the hub's client cannot log in"),
        "DeviceCodeError": (_config, "the hub's client cannot log in"),
        "OfflineModeIsEnabled": (_unavailable, "it is not on this machine and HF_HUB_OFFLINE forbids asking the hub"),
        "HTTP 401": (_refused, "the hub does not accept the token in HF_TOKEN"),
        "HTTP 403": (_refused, "the token in HF_TOKEN does not allow it"),
        "HTTPError": (_unavailable, "the hub fails"),
        "OSError": (_broken, "it cannot be stored"),
        "ValueError": (_config, "the hub's client refuses it"),
        "Exception": (_broken, "the hub's client fails"),
    }
)
"""By class name of the client's exception or of its nearest base: our exception, and what it means. Of errors that the
client does not tell apart, by the status of the hub's answer."""


FOREIGN: Final[tuple[type[Exception], ...]] = (
    *(thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)),
    OSError,
    ValueError,
)
"""Every exception class of the client, and the built-in ones its documentation names."""


def translated(error: Exception, hub: Hub) -> FoureyesError:
    """Our exception for one of the client's."""
    row = next(base.__name__ for base in type(error).__mro__ if base.__name__ in ERRORS)
    if row == "HTTPError":
        status = f"HTTP {getattr(getattr(error, 'response', None), 'status_code', None)}"
        row = status if status in ERRORS else row
    make, meaning = ERRORS[row]
    words = redacted(str(error)).strip().splitlines()
    return make(f"hf:{hub.repository}: {meaning} ({words[0] if words else type(error).__name__})", hub.repository)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on the Hugging Face hub."""

    hub: Hub
    cache: Path

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self.hub.repository

    def locate(self) -> Weights | None:
        """The client's folder, if it has the repository."""
        folder = on_this_machine(self.hub)
        return None if folder is None else self._weights(folder)

    def verify(self) -> Weights | None:
        """As :meth:`locate`, and large files have the sha256 that the client names them by."""
        found = self.locate()
        for path in found.folder.iterdir() if found else ():
            blob = path.resolve()
            if _BLOB.fullmatch(blob.name) and sha256(blob) != blob.name:
                raise ModelUnavailable(f"{path} has another sha256 than the hub's; {self._mend}", model=self.name)
        return found

    def fetch(self, on_step: OnStep, *, again: bool = False) -> Weights:
        """Has the client download what it has not, or all of it again."""
        on_step(Step(self.name, "download"))
        return self._weights(download(self.hub, again=again))

    def _weights(self, folder: Path) -> Weights:
        check_weights(folder, self.name, mend=self._mend)
        return Weights(folder, self.name, folder_fingerprint(folder, digest_memory(self.cache)), "see its model card")

    @property
    def _mend(self) -> str:
        revision = f"@{self.hub.revision}" if self.hub.revision else ""
        return f"mend it with: foureyes models pull --verify hf:{self.hub.repository}{revision}"
