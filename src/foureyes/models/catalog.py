"""From a reference to an object that reads, writes or can be talked to.

``gemma3-270m``, ``hf:OWNER/NAME``, ``gguf:/path/model.gguf`` and folders are run in this process by transformers,
``/path/model.gguf`` by llama.cpp; ``http://host/v1#model`` is asked over the network, and so are the models of ``openai:``,
``anthropic:`` and ``google:``. What is needed for either is
imported here only when it is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

from foureyes.choices import ProviderApi
from foureyes.errors import ConfigError, ModelRefused
from foureyes.models.chat.protocol import ChatModel
from foureyes.models.roles import Reader, Writer
from foureyes.models.server_use import ServerUse
from foureyes.models.weights import OnStep, ensure
from foureyes.models.weights.redaction import redacted
from foureyes.models.weights.reference import ProviderReference, QuantisedFile, ServerReference, parse, runs_elsewhere
from foureyes.models.weights.values import ignore_step

__all__ = ["KEY_VARIABLES", "can_read", "graphics_devices", "open_chat", "open_reader", "open_writer"]

KEY_VARIABLES: Final[Mapping[ProviderApi, tuple[str, ...]]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
}
"""Where a provider's key is looked for: the environment variables of its own SDK, in their order."""

Truncate: TypeAlias = Literal["refuse", "left"]


def open_reader(
    reference: str,
    *,
    dtype: str | None = None,
    device: str | None = None,
    truncate: Truncate = "refuse",
    template_args: Mapping[str, Any] | None = None,
    servers: ServerUse | None = None,
    on_step: OnStep = ignore_step,
) -> Reader:
    """Opens a verifier, by name, folder, hub reference, GGUF file or server address.

    Args:
        reference: what names the model, in one of the forms of :mod:`foureyes.models.weights.reference`.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``; ``None`` for the fastest of the processor. Weights that
            came as GGUF are kept in bfloat16, so float32 is then exact arithmetic on rounded weights.
            A GGUF file that is read as it is brings its own, and runs on the processor.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``; ``None`` for the best there is.
        truncate: what to do with a prompt that does not fit the context: refuse the row, or cut the prompt from its
            left, behind what its chat template puts before the first message.
        template_args: what the chat template is told besides, by the names of its variables: ``{"enable_thinking": False}``.
        servers: how servers are used: their keys, and how many requests at once; refused of a model that is behind none.
        on_step: told what is going on while weights are fetched or converted.

    Raises:
        ConfigError: the reference is none, an argument does not go with it, the chat template does not read one of
            ``template_args``, or an extra is not installed.
        ModelUnavailable: the weights cannot be fetched or loaded, or the server cannot be reached.
        ModelRefused: the hub or the server says no.

    Example:
        >>> reader = open_reader("gemma3-270m")                   # doctest: +SKIP
        >>> reader = open_reader("http://localhost:8000/v1")      # doctest: +SKIP
        >>> reader = open_reader("http://a:8000/v1,http://b:8000/v1#qwen3-8b")      # doctest: +SKIP
    """
    target = parse(reference)
    if isinstance(target, ProviderReference):
        raise ConfigError(
            f"{reference} can write and judge but not read: providers do not show the log-probabilities of a given text"
        )
    if isinstance(target, ServerReference):
        _refuse_local_options(reference, dtype, device)
        return _served(target, truncate, template_args, servers or ServerUse())
    _refuse_server_options(reference, servers or ServerUse())
    if isinstance(target, QuantisedFile):
        _refuse_local_options(reference, dtype, device)
        with _extra("gguf"):
            from foureyes.models.llama_cpp import LlamaCppReader  # noqa: PLC0415 - loads llama.cpp
        file = ensure(reference, on_step=on_step)
        with _extra("gguf"):
            quantised: Reader = LlamaCppReader.load(
                file.folder,
                name=file.name,
                fingerprint=file.fingerprint,
                truncate=truncate,
                template_args=template_args,
            )
        return quantised
    with _extra("local"):
        from foureyes.models.transformers import TransformersReader  # noqa: PLC0415 - loads torch
    weights = ensure(reference, on_step=on_step)
    local: Reader = TransformersReader.load(
        weights.folder,
        name=weights.name,
        fingerprint=weights.fingerprint,
        dtype=dtype,
        device=device,
        truncate=truncate,
        template_args=template_args,
    )
    return local


def _served(
    target: ServerReference, truncate: Truncate, template_args: Mapping[str, Any] | None, use: ServerUse
) -> Reader:
    with _extra("http"):
        from foureyes.http.limits import BATCH_LIMITS  # noqa: PLC0415 - as below
        from foureyes.models.completions import CompletionsReader  # noqa: PLC0415 - loads httpx
    return CompletionsReader.open(
        target.urls,
        model=target.model,
        api_key=use.keys,
        truncate=truncate,
        limits=None if use.at_once is None else replace(BATCH_LIMITS, concurrency=use.at_once),
        template_args=template_args,
        on_server=use.on_server,
    )


def graphics_devices() -> list[str]:
    """Names of all graphics processors that this process may use, as ``device`` wants them.

    Raises:
        ConfigError: an extra is not installed.
    """
    with _extra("local"):
        from foureyes.models.transformers.loading import graphics_devices as found  # noqa: PLC0415 - loads torch
    return found()


def open_writer(
    reference: str,
    *,
    dtype: str | None = None,
    device: str | None = None,
    on_step: OnStep = ignore_step,
) -> Writer:
    """Opens a model that writes answers, by name, folder, hub reference or provider.

    Args:
        reference: what names the model, in one of the forms of :mod:`foureyes.models.weights.reference`.
        dtype: as for :func:`open_reader`.
        device: as for :func:`open_reader`.
        on_step: as for :func:`open_reader`.

    Raises:
        ConfigError: the reference is none, an argument does not go with it, a key is missing from the environment, or an
            extra is not installed.
        ModelUnavailable: the weights cannot be fetched or loaded, or the server cannot be reached.
        ModelRefused: the hub or the server says no.

    Example:
        >>> writer = open_writer("gemma3-270m")                            # doctest: +SKIP
        >>> writer = open_writer("http://localhost:8000/v1#qwen3-8b")      # doctest: +SKIP
        >>> writer = open_writer("anthropic:claude-sonnet-4-5")            # doctest: +SKIP
    """
    if runs_elsewhere(reference):
        _refuse_local_options(reference, dtype, device)
        model = open_chat(reference)
        from foureyes.models.chat.writer import ChatWriter  # noqa: PLC0415 - loads what open_chat found installed

        return ChatWriter(model)
    if isinstance(parse(reference), QuantisedFile):
        raise ConfigError(
            f"{reference} is read as it is and writes nothing; to write, have it converted: gguf:{reference}"
        )
    with _extra("local"):
        from foureyes.models.transformers import TransformersWriter  # noqa: PLC0415 - loads torch
    weights = ensure(reference, on_step=on_step)
    writer: Writer = TransformersWriter.load(
        weights.folder,
        name=weights.name,
        fingerprint=weights.fingerprint,
        dtype=dtype,
        device=device,
    )
    return writer


def can_read(reference: str) -> bool:
    """Whether a model can be read with. A server is asked, as only it knows whether it shows what reading needs.

    Raises:
        ConfigError: the reference is none, or an extra is not installed.
        ModelUnavailable: the server cannot be reached.
    """
    target = parse(reference)
    if not isinstance(target, ServerReference):
        return not isinstance(target, ProviderReference)
    with _extra("http"):
        from foureyes.models.completions import CompletionsReader  # noqa: PLC0415 - loads httpx
    try:
        CompletionsReader.open(target.urls, model=target.model).close()
    except ModelRefused:
        return False
    return True


def open_chat(reference: str) -> ChatModel:
    """Opens a model that can be talked to, for :class:`~foureyes.models.chat.ChatJudge` and its like.

    Keys come from the environment: ``FOUREYES_API_KEY`` for servers, if they want one, :data:`KEY_VARIABLES` for providers.

    Args:
        reference: ``http://host/v1#model``, ``openai:MODEL``, ``anthropic:MODEL`` or ``google:MODEL``.

    Raises:
        ConfigError: the reference is another, a key is missing or cannot be sent, or an extra is not installed.
        ModelUnavailable: the server cannot be reached. Providers are not asked before the first request.
        ModelRefused: the server does not serve the model, or several and none is named.
    """
    target = parse(reference)
    if not isinstance(target, ServerReference | ProviderReference):
        raise ConfigError(f"{redacted(reference)} runs in this process: it reads and writes, and cannot be talked to")
    with _extra("http" if isinstance(target, ServerReference) or target.api == "openai" else "providers"):
        from foureyes.http.addresses import server_key  # noqa: PLC0415 - as below
        from foureyes.http.limits import BATCH_LIMITS  # noqa: PLC0415 - as below
        from foureyes.models.chat import Endpoint  # noqa: PLC0415 - as below
        from foureyes.models.completions.probe import served_model  # noqa: PLC0415 - as below
        from foureyes.models.providers import connect  # noqa: PLC0415 - loads httpx or an SDK

        if isinstance(target, ProviderReference):
            key = _key(target)
            return connect(target.api, Endpoint(target.model, key=key, provider=target.api, limits=BATCH_LIMITS))
        target.require_one()
        root, model = served_model(target.url, target.model)
        return connect("openai", Endpoint(model, f"{root}/v1", server_key(), limits=BATCH_LIMITS))


def _key(target: ProviderReference) -> str:
    variables = KEY_VARIABLES[target.api]
    key = next(filter(None, map(os.environ.get, variables)), None)
    if key is None:
        raise ConfigError(f"{target.api}:{target.model} needs an API key: set {' or '.join(variables)}")
    return key


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """Names the extra whose packages an adapter needs, when one of them is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "foureyes":
            raise
        raise ConfigError(f"this kind of model needs {missing}: pip install 'foureyes[{name}]'") from error


def _refuse_server_options(reference: str, use: ServerUse) -> None:
    given = {"keys": bool(use.keys), "at_once": use.at_once is not None}
    if any(given.values()):
        named = " and ".join(name for name, is_given in given.items() if is_given)
        raise ConfigError(f"{reference} runs in this process and is sent no requests: leave out {named} of servers")


def _refuse_local_options(reference: str, dtype: str | None, device: str | None) -> None:
    given = {name: value for name, value in (("dtype", dtype), ("device", device)) if value is not None}
    if given:
        where = "is read as it is, on the processor" if reference.endswith(".gguf") else "runs elsewhere"
        raise ConfigError(f"{redacted(reference)} {where} and decides for itself: leave out {', '.join(given)}")
