"""One server that reads: what it is, how it is asked, and the proof that what it shows is its model's.

Several servers of one model read for one reader (:mod:`foureyes.models.completions.server_pool`). :func:`difference` says what makes two
servers two models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np

from foureyes.errors import ConfigError, InputError, ModelRefused
from foureyes.http.error_text import cleaned
from foureyes.models.completions import probe
from foureyes.models.completions.assembly import Tokens, assemble
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.dialects import LogprobRequest
from foureyes.models.completions.probe import Flavour, ServerFacts
from foureyes.models.completions.tokenising import Tokeniser
from foureyes.models.spelling import clip, spans_by_spelling, spans_by_text
from foureyes.models.token_logprobs import RowFault, TokenLogprobs, bad_reply
from foureyes.types import Reading, Unscored

__all__ = ["ModelServer", "ServerWish", "difference"]

SAME_ANSWER_NATS: Final = 0.1
"""How far two readings of one text may lie apart in the proof; other company in a batch may move bfloat16 a little."""

_WANTED: Final = "wanted to read three short answers"


@dataclass(frozen=True, slots=True)
class ServerWish:
    """What a server is asked to be.

    Args:
        model: name the server knows the model by; ``None`` for its only one.
        flavour: how it shows log-probabilities.
        shown: most likely tokens asked for at each position, ≥ 1.
        vocabulary: number of tokens in the model's vocabulary, ≥ 2; ``None`` asks the server.
        template_args: what its chat template is told besides.

    Raises:
        InputError: a number is outside its range.
    """

    model: str | None
    flavour: Flavour = "auto"
    shown: int = 20
    vocabulary: int | None = None
    template_args: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.shown < 1 or (self.vocabulary is not None and self.vocabulary < 2):
            raise InputError(
                f"wanted shown ≥ 1 and a vocabulary ≥ 2; got shown {self.shown}, vocabulary {self.vocabulary}"
            )


class ModelServer:
    """A server whose model was found to read.

    Args:
        facts: what was learned of it.
        connection: to it.
        template_args: what its chat template is told besides.

    Attributes:
        tokeniser: its own.
        proof: what it made of :data:`~foureyes.models.completions.probe.PROOF`.
        named: by which name its replies call the model; ``None`` where they do not say.
        shows: as many alternatives at each token as it is known to show.
    """

    def __init__(self, facts: ServerFacts, connection: Connection, template_args: Mapping[str, Any] | None) -> None:
        self.facts = facts
        self._connection = connection
        self._template_args = template_args
        self.tokeniser = Tokeniser(connection, facts.model, chat=facts.chat, arguments=template_args)
        self.proof: tuple[Reading, ...] = ()
        self.named: str | None = None
        self.shows = facts.shown

    @classmethod
    def found(cls, connection: Connection, wish: ServerWish) -> Self:
        """Finds out what the server can do, and proves it on three readings.

        Raises:
            InputError: the flavour is none of those known.
            ConfigError: the chat template makes nothing of its arguments.
            ModelUnavailable: the server does not answer.
            ModelRefused: it does not serve the model, or does not show what reading needs.
        """
        facts = probe.probe_server(connection, wish.model, wish.flavour, shown=wish.shown, vocabulary=wish.vocabulary)
        server = cls(facts, connection, wish.template_args)
        server._require_arguments()
        server.proof = server._prove()
        return server

    def over(self, connection: Connection) -> ModelServer:
        """The same server asked over another connection."""
        other = ModelServer(self.facts, connection, self._template_args)
        other.proof, other.named = self.proof, self.named
        return other

    def read(self, tokens: Tokens, top_k: int) -> Reading:
        """Reads an answer.

        Args:
            tokens: prompt and answer, within the context.
            top_k: how many alternatives to keep at each answer token.

        Raises:
            ModelRefused: the server shows fewer alternatives.
            RowFault: it could not be read.
        """
        if top_k > self.shows:
            self._require_shown(top_k)
        e = self.facts
        ids = tokens.prompt + tokens.answer
        ask = LogprobRequest(e.model, ids, len(tokens.prompt), max(e.shown, top_k), kept=top_k)
        most = (1 << 16) + 512 * len(ids) * (ask.k + 2)
        reply = self._connection.post_for_entries(
            e.dialect.path,
            e.dialect.body(ask),
            max_bytes=most,
            place=e.dialect.place,
            take=lambda t, decode: e.dialect.taken(t, decode, ask),
        )
        self._require_model(reply)
        seen = e.dialect.understand(reply, ask)
        if ask.kept and e.dialect.ids_for_texts:
            seen = self.tokeniser.spell(seen, ask.kept)
        return assemble(tokens, _spans(tokens, seen), seen, ask=ask, vocabulary=e.vocabulary)

    def _require_model(self, reply: object) -> None:
        """Every reply names the model that the first one named; some servers name none."""
        name = reply.get("model") if isinstance(reply, dict) else None
        if not self.proof and self.named is None and isinstance(name, str):
            self.named = name
        if name != self.named:
            words = f"{self.facts.url} answers as the model {name!r:.80}; it was {self.named!r:.80} when it was opened"
            raise RowFault(Unscored("unavailable", words), server_wide=True)

    def _require_shown(self, top_k: int) -> None:
        """Asks whether so many alternatives are shown at each token; a refusal of the request itself is the model's."""
        e = self.facts
        try:
            shown = probe.shown_top_k(self._connection, e.model, e.dialect, top_k)
        except RowFault as fault:
            if fault.elsewhere:
                raise
            raise probe.shown_error(self._connection, fault, top_k) from fault
        if shown < top_k:
            raise ModelRefused(
                f"{e.url} shows at most {shown} alternatives at each token; wanted {top_k}. vLLM shows more when "
                f"started with --max-logprobs {top_k}",
                model=e.model,
            )
        self.shows = max(self.shows, top_k)

    def _require_arguments(self) -> None:
        told = self._template_args or {}
        try:
            are_read = not told or self.tokeniser.reads_arguments(told)
        except RowFault as fault:
            wanted = "wanted two conversations by its chat template, one of them with a tool"
            raise probe.endpoint_error(self._connection, fault, wanted) from fault
        if not are_read:
            names = ", ".join(sorted(told))
            raise ConfigError(f"{self.facts.url}: its chat template makes nothing else of any conversation for {names}")

    def _prove(self) -> tuple[Reading, ...]:
        """Reads the proof: whole readings, the same twice, and another question makes another reading."""
        rows: list[Reading] = []
        for exchange in probe.PROOF:
            try:
                rows.append(self.read(self.tokeniser.tokens(exchange), 0))
            except RowFault as fault:
                raise probe.endpoint_error(self._connection, fault, _WANTED) from fault
        first, again, other = (row.nll for row in rows)
        if not np.allclose(first, again, rtol=0, atol=SAME_ANSWER_NATS):
            moved = float(np.abs(first - again).max())
            raise self._refused(
                f"the same text read twice, moved by {moved:.3f} nats; wanted at most {SAME_ANSWER_NATS}"
            )
        if np.array_equal(first, other):
            raise self._refused("the same numbers for two questions, so the server does not condition on the prompt")
        return tuple(rows)

    def _refused(self, got: str) -> ModelRefused:
        return ModelRefused(f"{self.facts.url}: {_WANTED}; got: {got}", model=self.facts.model)


def difference(one: ModelServer, other: ModelServer) -> str | None:
    """What makes two servers two models, in words that name both; ``None`` for one model.

    Everything that a fingerprint is made of must be the same, the proof's tokens too, and its numbers within
    :data:`SAME_ANSWER_NATS`: other weights under the same name are other numbers.
    """
    for name in (field.name for field in fields(ServerFacts) if field.name != "url"):
        here, there = (_told(getattr(server.facts, name)) for server in (one, other))
        if here != there:
            return f"its {_WORDS.get(name, name)} is {there}; {one.facts.url} has {here}"
    for first, second in zip(one.proof, other.proof, strict=True):
        if not np.array_equal(first.token_ids, second.token_ids) or first.n_prompt_tokens != second.n_prompt_tokens:
            return f"its tokenizer makes other tokens of the same text than that of {one.facts.url}"
        if not np.allclose(first.nll, second.nll, rtol=0, atol=SAME_ANSWER_NATS):
            moved = float(np.abs(first.nll - second.nll).max())
            return f"its numbers differ from those of {one.facts.url} by {moved:.3f} nats; wanted at most {SAME_ANSWER_NATS}"
    return None


_WORDS: Final[Mapping[str, str]] = {
    "identity": "place of weights and version",
    "chat": "having a chat template",
    "shown": "number of tokens shown",
}


def _told(value: object) -> str:
    """In words that may be shown, as some are the server's own."""
    words = ", ".join(map(str, value)) if isinstance(value, tuple) else str(getattr(value, "name", value))
    return cleaned(words)


def _spans(tokens: Tokens, seen: Sequence[TokenLogprobs]) -> list[tuple[int, int]]:
    text = tokens.prefix + tokens.turn.text
    spans = spans_by_spelling(tokens.pieces, text) if tokens.pieces is not None else None
    if spans is None:
        spans = spans_by_text([position.text for position in seen], text)
    if spans is None:
        raise bad_reply("the server's tokens do not spell the answer, so their places in it are unknown")
    return clip(spans, len(tokens.prefix.encode()))
