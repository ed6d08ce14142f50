"""From a reference to an object that reads or writes.

``gemma3-270m``, ``hf:OWNER/NAME``, ``gguf:/path/model.gguf`` and folders are run in this process; ``http://host/v1#model``
is asked over the network. What is needed for either is imported here only when it is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

from foureyes.errors import ConfigError
from foureyes.models.roles import Reader, Writer
from foureyes.models.weights import OnStep, ensure
from foureyes.models.weights.redaction import redacted
from foureyes.models.weights.reference import ServerReference, parse
from foureyes.models.weights.values import ignore_step

__all__ = ["open_reader", "open_writer"]

Truncate: TypeAlias = Literal["refuse", "left"]


def open_reader(
    reference: str,
    *,
    dtype: str | None = None,
    device: str | None = None,
    truncate: Truncate = "refuse",
    on_step: OnStep = ignore_step,
) -> Reader:
    """Opens a verifier.

    Args:
        reference: what names the model, in one of the forms of :mod:`foureyes.models.weights.reference`.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``; ``None`` for the fastest of the processor. Weights that
            came as GGUF are kept in bfloat16, so float32 is then exact arithmetic on rounded weights.
        device: ``"cpu"``, ``"cuda"`` or ``"mps"``; ``None`` for the best there is.
        truncate: what to do with a prompt that does not fit the context: refuse the row, or cut the prompt from its
            left.
        on_step: told what is going on while weights are fetched or converted.

    Raises:
        ConfigError: the reference is none, an argument does not go with it, or an extra is not installed.
        ModelUnavailable: the weights cannot be fetched or loaded, or the server cannot be reached.
        ModelRefused: the hub or the server says no.

    Example:
        >>> reader = open_reader("gemma3-270m")                   # doctest: +SKIP
        >>> reader = open_reader("http://localhost:8000/v1")      # doctest: +SKIP
    """
    target = parse(reference)
    if isinstance(target, ServerReference):
        _refuse_local_options(reference, dtype, device)
        with _extra("http"):
            from foureyes.models.completions import CompletionsReader  # noqa: PLC0415 - loads httpx
        served: Reader = CompletionsReader.open(target.url, model=target.model, truncate=truncate)
        return served
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
    )
    return local


def open_writer(
    reference: str,
    *,
    dtype: str | None = None,
    device: str | None = None,
    on_step: OnStep = ignore_step,
) -> Writer:
    """Opens a generator.

    Args:
        reference: what names the model; not a server.
        dtype: as for :func:`open_reader`.
        device: as for :func:`open_reader`.
        on_step: as for :func:`open_reader`.

    Raises:
        ConfigError: the reference is none or a server, or an extra is not installed.
        ModelUnavailable: the weights cannot be fetched or loaded.
        ModelRefused: the hub says no.
    """
    if isinstance(parse(reference), ServerReference):
        raise ConfigError(
            f"{redacted(reference)}: servers can be read with but not yet written with; give a model to run here"
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


def _refuse_local_options(reference: str, dtype: str | None, device: str | None) -> None:
    given = {name: value for name, value in (("dtype", dtype), ("device", device)) if value is not None}
    if given:
        raise ConfigError(f"{redacted(reference)} is a server, which decides for itself: leave out {', '.join(given)}")
