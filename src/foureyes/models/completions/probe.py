"""What an endpoint is and can do, found out before any row is read.

1. Which models does it serve?
2. In which dialect does it show the log-probabilities of a given text? By trying, not by its name.
3. Does it tokenise, and has the model a chat template?
4. How many of the most likely tokens does it show?
5. How large is the vocabulary?

What it answers to a whole reading (counts, ids, the same answer twice, another answer to another question) is proved
afterwards by :meth:`~foureyes.models.completions.CompletionsReader.open` with :data:`PROOF`, through the same code
that reads rows. An endpoint that fails is refused in words that say what it did and what was wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from foureyes.display import plural
from foureyes.errors import InputError, ModelError, ModelRefused, ModelUnavailable
from foureyes.http.addresses import server_key, server_root
from foureyes.http.limits import BATCH_LIMITS
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.dialects import DIALECTS, Dialect, LogprobRequest
from foureyes.models.completions.tokenising import Tokeniser
from foureyes.models.token_logprobs import LARGEST_VOCABULARY, RowFault, want
from foureyes.types import Exchange

__all__ = [
    "PROOF",
    "Flavour",
    "ServerFacts",
    "endpoint_error",
    "largest_top_k",
    "probe_server",
    "served_model",
    "shown_error",
    "shown_top_k",
]

Flavour: TypeAlias = Literal["auto", "vllm", "echo", "sglang"]

PROOF: Final = (
    Exchange("What is the capital of France?", "The capital of France is Paris."),
    Exchange("What is the capital of France?", "The capital of France is Paris."),
    Exchange("Who wrote the Odyssey?", "The capital of France is Paris."),
)
"""The same question twice, and another one with the same answer."""

_TEXT = "The capital of France is Paris"
_SMALL_REPLY = 1 << 20


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What was learned.

    Attributes:
        url: the server's address, as messages show it.
        model: name the server knows the model by.
        dialect: how it shows log-probabilities.
        identity: what the server says of its weights and version, for the fingerprint.
        context: most tokens of prompt and answer, or ``None`` where the server does not tell.
        vocabulary: number of tokens, or an upper bound.
        chat: whether the model has a chat template.
        shown: most likely tokens asked for at each position.
    """

    url: str
    model: str
    dialect: Dialect
    identity: tuple[str, ...]
    context: int | None
    vocabulary: int
    chat: bool
    shown: int


def probe_server(
    connection: Connection, model: str | None, flavour: Flavour, *, shown: int, vocabulary: int | None
) -> ServerFacts:
    """Asks the five questions.

    Raises:
        InputError: ``flavour`` is none of those known.
        ModelUnavailable: the server does not answer.
        ModelRefused: it answers, and cannot be read through.
    """
    if flavour not in get_args(Flavour):
        raise InputError(f"flavour must be one of {', '.join(get_args(Flavour))}; got {flavour!r}")
    # 1
    card = _card(connection, model)
    name = want(card["id"], str, "data[].id")
    # 2
    dialect = _dialect(connection, name, flavour, card)
    # 3
    chat = _has_template(connection, name)
    # 4
    shown = largest_top_k(connection, name, dialect, shown)
    # 5
    vocabulary = vocabulary or _vocabulary(connection, name, dialect) or LARGEST_VOCABULARY
    length = card.get("max_model_len")
    return ServerFacts(
        url=connection.root,
        model=name,
        dialect=dialect,
        identity=(str(card.get("root")), _version(connection, dialect)),
        # one place is taken by the token that a completion has to generate
        context=length - 1 if isinstance(length, int) and length > 1 else None,
        vocabulary=vocabulary,
        chat=chat,
        shown=shown,
    )


def endpoint_error(connection: Connection, fault: RowFault, wanted: str) -> ModelError:
    """The error for an endpoint: unavailable when it cannot be reached, refused when what it says will not do."""
    words = f"{connection.root}: {wanted}; got: {fault.detail}"
    if fault.server_wide and fault.status not in {401, 403}:
        return ModelUnavailable(words, model=connection.root, retryable=True)
    return ModelRefused(words, model=connection.root)


def largest_top_k(connection: Connection, model: str, dialect: Dialect, k: int) -> int:
    """The number of most likely tokens the server shows when asked for k: k, or the most that it names.

    Raises:
        ModelRefused: it refuses and names no number, or none.
    """
    try:
        return shown_top_k(connection, model, dialect, k)
    except RowFault as fault:
        raise shown_error(connection, fault, k) from fault


def shown_top_k(connection: Connection, model: str, dialect: Dialect, k: int) -> int:
    """As :func:`largest_top_k`; raises :class:`~foureyes.models.token_logprobs.RowFault`."""
    ask = LogprobRequest(model, (1, 2, 3), 1, k)
    try:
        connection.post(dialect.path, dialect.body(ask), max_bytes=_SMALL_REPLY)
    except RowFault as fault:
        allowed = re.search(r"max(?:imum)? allowed: *(\d+)", fault.detail)
        if fault.status != 400 or not allowed or not 1 <= int(allowed[1]) < k:
            raise
        return int(allowed[1])
    return k


def shown_error(connection: Connection, fault: RowFault, k: int) -> ModelError:
    """The error for an endpoint of which it cannot be told how many of the most likely tokens it shows."""
    return endpoint_error(connection, fault, f"wanted the {k} most likely tokens at each position")


def served_model(url: str, model: str | None) -> tuple[str, str]:
    """A server's address without ``/v1``, and the name of a model that it serves: the one asked for, or its only one.

    Raises:
        ConfigError: the address or the key in the environment cannot be used.
        ModelUnavailable: the server does not answer.
        ModelRefused: it does not serve the model, or several and none is named.
    """
    root, named = server_root(url)
    connection = Connection(root, key=server_key(), limits=BATCH_LIMITS)
    try:
        return root, want(_card(connection, model or named)["id"], str, "data[].id")
    finally:
        connection.close()


def _card(connection: Connection, model: str | None) -> dict[str, Any]:
    """The entry of the model in the server's list; of the only one when no name is given."""
    try:
        reply = want(connection.get("/v1/models"), dict, "the reply of /v1/models")
        cards = {
            want(want(card, dict, "data[]").get("id"), str, "data[].id"): card
            for card in want(reply.get("data"), list, "data")
        }
    except RowFault as fault:
        raise endpoint_error(connection, fault, "wanted a list of models") from fault
    if model is None and len(cards) == 1:
        model = next(iter(cards))
    if model is None or model not in cards:
        wanted = "a model's name after '#', as there is not exactly one" if model is None else f"model {model!r}"
        served = ", ".join(sorted(cards)[:10]) or "none"
        raise ModelRefused(f"{connection.root}: wanted {wanted}; it serves {served}", model=connection.root)
    card: dict[str, Any] = cards[model]
    return card


def _dialect(connection: Connection, model: str, flavour: Flavour, card: dict[str, Any]) -> Dialect:
    if flavour != "auto":
        return DIALECTS[flavour]
    if card.get("owned_by") == "sglang":
        return DIALECTS["sglang"]
    body = {"model": model, "prompt": _TEXT, "temperature": 0, "max_tokens": 1}
    tried = {"vllm": {"prompt_logprobs": 1}, "echo": {"echo": True, "logprobs": 1}}
    got = []
    for dialect, fields in tried.items():
        instead = _instead_of_logprobs(connection, body | fields)
        if instead is None:
            return DIALECTS[dialect]
        got.append(f"asked with {next(iter(fields))}, {instead}")
    words = "; ".join(got)
    raise ModelRefused(
        f"{connection.root}: wanted the log-probabilities of a given text from /v1/completions (vLLM's prompt_logprobs, "
        f"or echo) or SGLang's /generate; {words}. A server without them can write and judge answers but not read them",
        model=connection.root,
    )


def _instead_of_logprobs(connection: Connection, body: dict[str, Any]) -> str | None:
    """What the server does instead of showing log-probabilities of the prompt; ``None`` when it shows them."""
    try:
        reply = connection.post("/v1/completions", body, max_bytes=_SMALL_REPLY)
        choice = want(want(want(reply, dict, "the reply").get("choices"), list, "choices")[0], dict, "choices[0]")
    except RowFault as fault:
        if fault.server_wide:
            raise endpoint_error(connection, fault, "wanted a completion") from fault
        return f"it answered {fault.detail}"
    except IndexError:
        return "it answered without a choice"
    if "prompt_logprobs" in body:
        return None if isinstance(choice.get("prompt_logprobs"), list) else "it showed no prompt_logprobs"
    logprobs = choice.get("logprobs")
    shown = logprobs.get("token_logprobs") if isinstance(logprobs, dict) else None
    if not isinstance(shown, list):
        return "it showed no log-probabilities"
    if len(shown) < 3:
        return f"it ignored it and showed {plural(len(shown), 'generated token')}, none of the prompt"
    return None


def _has_template(connection: Connection, model: str) -> bool:
    """Whether the model has a chat template. Only a refusal that speaks of the template counts as "none"."""
    wanted = "wanted token ids from /tokenize, with and without the chat template"
    try:
        Tokeniser(connection, model, chat=False).tokens(PROOF[0])
        Tokeniser(connection, model, chat=True).prompt(PROOF[0].prompt)
    except RowFault as fault:
        if fault.status == 400 and "template" in fault.detail.lower():
            return False
        raise endpoint_error(connection, fault, wanted) from fault
    return True


def _vocabulary(connection: Connection, model: str, dialect: Dialect) -> int | None:
    """A vLLM names the size when it refuses a bias on a token that cannot exist; others do not tell."""
    if dialect.path != "/v1/completions":
        return None
    body = {"model": model, "prompt": [1], "max_tokens": 1, "logit_bias": {str(2**31 - 1): 1}}
    try:
        connection.post(dialect.path, body, max_bytes=_SMALL_REPLY)
    except RowFault as fault:
        size = re.search(r"[Vv]ocabulary size: *(\d+)", fault.detail)
        return int(size[1]) if size and int(size[1]) >= 2 else None
    return None


def _version(connection: Connection, dialect: Dialect) -> str:
    """What the server says of itself; the numbers do not depend on it saying anything."""
    path = "/get_server_info" if dialect.name == "sglang" else "/version"
    try:
        reply = connection.get(path)
    except RowFault as fault:
        if fault.server_wide:
            raise endpoint_error(connection, fault, "wanted its version") from fault
        return "unknown"
    return str(reply.get("version")) if isinstance(reply, dict) else "unknown"
