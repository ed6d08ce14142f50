"""What can be configured of one verifier: a judge, which is asked in words, or a reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from foureyes.choices import ProviderApi, VerdictForm
from foureyes.config.fields import (
    Address,
    ExistingFile,
    Inline,
    Known,
    Options,
    SecretValue,
    SettingsTable,
    Text,
    texts,
)
from foureyes.config.reader_settings import ReaderSettings
from foureyes.guard.reader_judge import SHIPPED_MODELS
from foureyes.http import RequestLimits
from foureyes.http.addresses import fits_a_header

__all__ = ["JudgeVerifier", "ReaderVerifier", "Verifier"]


Names: TypeAlias = Annotated[tuple[Text, ...], BeforeValidator(lambda names: tuple(texts(names)) if names else ())]
Weight: TypeAlias = Annotated[float, Field(ge=0, le=1e6)]


class JudgeVerifier(SettingsTable):
    """A verifier that is asked in words.

    Attributes:
        kind: tells it from a reader in the file.
        name: by which tenants refer to it.
        api: how it is spoken to; ``openai`` is whatever speaks OpenAI's chat protocol.
        provider, model: by which votes and requests name it.
        weight: of its vote, 0 to 10⁶.
        allow_http: let what is asked go to another machine over plain http.
        base_url: of the server; ``None`` for the provider's own, which only SDKs know.
        key: sent to it and shown to nobody.
        form: how far an ``openai`` server is held to the form of a verdict.
        options: further fields of every request, in the provider's words, instead of its usual ones: see
            :class:`~foureyes.models.chat.protocol.Endpoint`.
        reports_as: further names that the model goes by in its replies. A reply that names another model is no vote.
        limits: how long one question may take with all its attempts, how many of these there are, and how many questions
            are under way at once.
    """

    kind: Literal["judge"] = "judge"
    name: Text
    api: ProviderApi = "openai"
    provider: Text = Field(default_factory=lambda known: known["api"])
    model: Text
    weight: Weight = 1.0
    allow_http: bool = False
    base_url: Address | None = None
    key: SecretValue | None = None
    form: VerdictForm = "words"
    options: Options | None = None
    reports_as: Names = ()
    limits: Annotated[RequestLimits, Inline()] = RequestLimits(timeout_s=10.0)

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """What the API wants."""
        api = known.get("api", "openai")
        match key:
            case "base_url" if value is None and known.get("api") == "openai":
                yield "missing; wanted the server's address up to and including /v1"
            case "key" if value is None and api != "openai":
                yield f"the API of {api} needs a key: name it with key_env or key_file"
            case "key" if value is not None and not fits_a_header(value.reveal()):
                yield "wanted printable ASCII without spaces; got something else, not shown"
            case "provider" | "form" if api != "openai" and value not in (api, "words"):
                yield f"the API of {api} has its own: leave it out"


class ReaderVerifier(ReaderSettings):
    """A verifier that reads log-probabilities and is calibrated.

    Attributes:
        kind: tells it from a judge in the file.
        name: by which tenants refer to it.
        provider, model: by which votes and requests name it.
        weight: of its vote, 0 to 10⁶.
        calibrator: JSON file of ``foureyes calibrate``; ``None`` for what is shipped with a model known by name.
        threshold: JSON file of a promise; ``None`` where ``cut`` is given, or with what is shipped.
        cut: confidence from which on it votes safe, in [0, 1]; ``None`` where a threshold is given.
    """

    kind: Literal["reader"] = "reader"
    name: Text
    provider: Text = "foureyes"
    model: Text = Field(default_factory=lambda known: known["reader"])
    weight: Weight = 1.0
    calibrator: ExistingFile | None = None
    threshold: ExistingFile | None = None
    cut: Annotated[float, Field(ge=0, le=1)] | None = None

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """Where the model is, and what turns what it reads into a vote."""
        yield from super().objections(key, value, known)
        match key:
            case "calibrator" if value is None and known.get("reader", SHIPPED_MODELS[0]) not in SHIPPED_MODELS:
                yield f"missing; one comes with {', '.join(SHIPPED_MODELS)} only: fit yours, foureyes calibrate"
            case "cut" if not _is_one_way(value, known):
                yield "a calibrator wants a threshold, the file of a promise, or a cut, a confidence of your own"


def _is_one_way(cut: float | None, known: Known) -> bool:
    """Whether a calibrator has one threshold or cut, and what is shipped neither."""
    if not known.keys() >= {"calibrator", "threshold"}:
        return True
    ways = (known["threshold"] is not None) + (cut is not None)
    return ways == (0 if known["calibrator"] is None else 1)


Verifier: TypeAlias = JudgeVerifier | ReaderVerifier
