"""The three ways servers show the log-probabilities of a given text, as pure functions.

A dialect turns an :class:`LogprobRequest` into a request body and a reply into one :class:`TokenLogprobs` per answer position. It does no
input or output, and it believes nothing: counts must match, the first entry must be null, and every entry must be for
the token id that was sent. What fails that is a :class:`~foureyes.models.token_logprobs.RowFault`.

Sources: vLLM 0.32 ``entrypoints/openai/completion/protocol.py``; SGLang ``docs/basic_usage/sampling_params.md`` and
``scheduler_output_processor_mixin.py``; both as documented by their projects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from foureyes.models.completions.entries import Place, or_fault, whole
from foureyes.models.token_logprobs import TokenLogprobs, bad_reply, best_first, natural, number, want
from foureyes.types import Alternative

__all__ = ["DIALECTS", "VLLM", "Dialect", "Echo", "LogprobRequest", "SGLang"]

_PART = "\ufffd"
"""A token that carries only part of a character; vLLM prints it as an empty text."""


@dataclass(frozen=True, slots=True)
class LogprobRequest:
    """One question to a server: how likely was each of these tokens?

    Attributes:
        model: name the server knows the model by.
        ids: tokens of prompt and answer.
        start: index of the answer's first token, ≥ 1.
        k: most likely tokens to show at each position, ≥ 1.
        kept: how many of those are kept as alternatives.
    """

    model: str
    ids: tuple[int, ...]
    start: int
    k: int
    kept: int = 0

    @property
    def answer(self) -> tuple[int, ...]:
        """The answer's tokens."""
        return self.ids[self.start :]


class Dialect(Protocol):
    """How one kind of server is asked and understood."""

    @property
    def name(self) -> str:
        """What a user calls it."""
        ...

    @property
    def path(self) -> str:
        """Where the request goes."""
        ...

    @property
    def place(self) -> Place:
        """Where in a reply the list of what was shown at each position is: nearly all of it."""
        ...

    @property
    def ids_for_texts(self) -> bool:
        """Whether alternatives come as ids in decimal, to be looked up at ``/detokenize``."""
        ...

    def taken(self, t: int, decode: Callable[[], Any], ask: LogprobRequest) -> object:
        """What is kept of entry ``t`` of that list: numbers for a token of the answer, next to nothing for others."""
        ...

    def body(self, ask: LogprobRequest) -> dict[str, Any]:
        """The request."""
        ...

    def understand(self, reply: object, ask: LogprobRequest) -> list[TokenLogprobs]:
        """One entry per token of the answer; raises :class:`~foureyes.models.token_logprobs.RowFault`.

        Args:
            reply: with what was taken in the place of each entry of the list.
            ask: what was asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class VLLM:
    """vLLM's ``prompt_logprobs``: {id: {logprob, rank, decoded_token}} per position, the actual token unmarked.

    A request that wants them does not read the server's prefix cache, so nothing has to be switched off here.
    """

    name: str = "vllm"
    path: str = "/v1/completions"
    place: Place = ("choices", 0, "prompt_logprobs")
    ids_for_texts: bool = False

    def body(self, ask: LogprobRequest) -> dict[str, Any]:
        """One token is generated because vLLM cannot generate none; it is not looked at."""
        return {
            "model": ask.model,
            "prompt": list(ask.ids),
            "prompt_logprobs": ask.k,
            "max_tokens": 1,
            "temperature": 0,
            "return_token_ids": True,
        }

    def understand(self, reply: object, ask: LogprobRequest) -> list[TokenLogprobs]:
        """One entry per token of the answer."""
        choice = _choice(reply)
        _same_ids(choice.get("prompt_token_ids"), ask)
        entries = _aligned(choice.get("prompt_logprobs"), len(ask.ids), "prompt_logprobs")
        return [whole(entries[t], TokenLogprobs) for t in range(ask.start, len(ask.ids))]

    def taken(self, t: int, decode: Callable[[], Any], ask: LogprobRequest) -> object:
        """Of an entry of the answer what was seen there."""
        if t == 0:
            return decode()
        if not ask.start <= t < len(ask.ids):
            return None
        return or_fault(lambda: self._seen(decode(), ask.ids[t], ask.k))

    def _seen(self, entry: object, token: int, k: int) -> TokenLogprobs:
        by_id = {
            name: want(shown, dict, "prompt_logprobs[]{}")
            for name, shown in want(entry, dict, "prompt_logprobs[]").items()
        }
        if str(token) not in by_id:
            raise bad_reply(f"wanted the log-probability of token {token}; got those of {', '.join(by_id)}")
        actual = by_id[str(token)]
        rank = natural(actual.get("rank"), "rank")
        shown = {
            name: Alternative(_text(e.get("decoded_token")) or _PART, number(e.get("logprob")))
            for name, e in by_id.items()
        }
        below = len(shown) > k  # k + 1 entries: the actual token is the one beyond the top
        top = [alternative for name, alternative in shown.items() if not (below and name == str(token))]
        return TokenLogprobs(shown[str(token)].logprob, max(rank, 1), shown[str(token)].text, best_first(top, k))


@dataclass(frozen=True, slots=True)
class Echo:
    """OpenAI's legacy completions with ``echo``: parallel lists over the prompt's tokens, no ranks.

    Tokens are asked for as ids: the top is a JSON object, and two tokens that print alike would share an entry.
    """

    name: str = "echo"
    path: str = "/v1/completions"
    place: Place = ("choices", 0, "logprobs", "top_logprobs")
    ids_for_texts: bool = True

    def body(self, ask: LogprobRequest) -> dict[str, Any]:
        """Nothing is generated; the prompt is sent back with its log-probabilities."""
        return {
            "model": ask.model,
            "prompt": list(ask.ids),
            "echo": True,
            "logprobs": ask.k,
            "max_tokens": 0,
            "temperature": 0,
            "return_tokens_as_token_ids": True,
        }

    def understand(self, reply: object, ask: LogprobRequest) -> list[TokenLogprobs]:
        """One entry per token of the answer."""
        choice = _choice(reply)
        logprobs = want(choice.get("logprobs"), dict, "choices[0].logprobs")
        n = len(ask.ids)
        tokens = want(logprobs.get("tokens"), list, "logprobs.tokens")
        _same_ids([_id(token) for token in tokens[:n]], ask)
        actual = _aligned(logprobs.get("token_logprobs"), n, "logprobs.token_logprobs")
        tops = _aligned(logprobs.get("top_logprobs"), n, "logprobs.top_logprobs")
        return [TokenLogprobs(number(actual[t]), None, "", whole(tops[t], tuple)) for t in range(ask.start, n)]

    def taken(self, t: int, decode: Callable[[], Any], ask: LogprobRequest) -> object:
        """Of an entry of the answer the most likely tokens, best first."""
        if t == 0:
            return decode()
        if not ask.start <= t < len(ask.ids):
            return None
        return or_fault(lambda: self._top(decode(), f"token_id:{ask.ids[t]}", ask.k))

    def _top(self, entry: object, token: str, k: int) -> tuple[Alternative, ...]:
        shown = want(entry, dict, "logprobs.top_logprobs[]")
        below = len(shown) > k
        return best_first(
            [Alternative(str(_id(name)), number(p)) for name, p in shown.items() if not (below and name == token)], k
        )


@dataclass(frozen=True, slots=True)
class SGLang:
    """SGLang's ``/generate``: [[logprob, id, text], …] from a given position on, no ranks.

    The entry at ``logprob_start_len`` itself is null, so the position before the answer is asked for. Starting at 0
    would do as well but make the server compute what its radix cache holds. Written against the project's
    documentation and source; no such server has run under this project's tests.
    """

    name: str = "sglang"
    path: str = "/generate"
    place: Place = ("meta_info", "input_top_logprobs")
    ids_for_texts: bool = False

    def body(self, ask: LogprobRequest) -> dict[str, Any]:
        """One token is generated and not looked at; sampling options are stated, as SGLang takes the model's own."""
        return {
            "input_ids": list(ask.ids),
            "sampling_params": {"max_new_tokens": 1, "temperature": 1.0, "top_p": 1.0, "top_k": -1},
            "return_logprob": True,
            "logprob_start_len": ask.start - 1,
            "top_logprobs_num": ask.k,
            "return_text_in_logprobs": True,
        }

    def understand(self, reply: object, ask: LogprobRequest) -> list[TokenLogprobs]:
        """One entry per token of the answer."""
        meta = want(want(reply, dict, "the reply").get("meta_info"), dict, "meta_info")
        n = len(ask.answer) + 1
        actual = _exactly(meta.get("input_token_logprobs"), n, "input_token_logprobs")
        tops = _aligned(meta.get("input_top_logprobs"), n, "input_top_logprobs")
        first = _triple(actual[0], "input_token_logprobs[0]")
        if first[0] is not None:
            raise bad_reply(f"wanted null before the answer; got a log-probability of {first[0]}")
        rows = [_triple(entry, "input_token_logprobs[]") for entry in actual[1:]]
        if [row[1] for row in rows] != list(ask.answer):
            raise bad_reply(f"wanted the answer's token ids; got {[row[1] for row in rows][:8]}…")
        return [
            TokenLogprobs(number(row[0]), None, _text(row[2]), whole(top, tuple))
            for row, top in zip(rows, tops[1:], strict=True)
        ]

    def taken(self, t: int, decode: Callable[[], Any], ask: LogprobRequest) -> object:
        """Of every entry but the first, which is null, the most likely tokens, best first."""
        return decode() if t == 0 else or_fault(lambda: self._top(decode(), ask.k))

    def _top(self, entry: object, k: int) -> tuple[Alternative, ...]:
        triples = [_triple(shown, "input_top_logprobs[][]") for shown in want(entry, list, "input_top_logprobs[]")]
        return best_first([Alternative(_text(text), number(p)) for p, _, text in triples], k)


DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (VLLM(), Echo(), SGLang())}


def _choice(reply: object) -> dict[str, Any]:
    choices = want(want(reply, dict, "the reply").get("choices"), list, "choices")
    if not choices:
        raise bad_reply("wanted one choice; got none")
    choice: dict[str, Any] = want(choices[0], dict, "choices[0]")
    return choice


def _exactly(value: object, n: int, where: str) -> list[Any]:
    entries: list[Any] = want(value, list, where)
    if len(entries) != n:
        raise bad_reply(f"{where}: wanted {n} entries, one per token; got {len(entries)}")
    return entries


def _aligned(value: object, n: int, where: str) -> list[Any]:
    """A list over the tokens whose first entry is null, as nothing comes before the first token."""
    entries = _exactly(value, n, where)
    if entries[0] is not None:
        raise bad_reply(f"{where}: wanted null for the first token; got {entries[0]!r:.60}")
    return entries


def _same_ids(ids: object, ask: LogprobRequest) -> None:
    """Whether the server read the tokens that were sent. Servers that do not say are believed on counts alone."""
    if ids is not None and want(ids, list, "prompt_token_ids") != list(ask.ids):
        raise bad_reply("the server read other tokens than were sent")


def _triple(value: object, where: str) -> list[Any]:
    entries: list[Any] = want(value, list, where)
    if len(entries) == 2:
        entries = [*entries, None]
    if len(entries) != 3:
        raise bad_reply(f"{where}: wanted [logprob, id, text]; got {entries!r:.60}")
    return entries


def _id(token: object) -> int:
    prefix, _, digits = want(token, str, "logprobs.tokens[]").partition(":")
    if prefix != "token_id" or not digits.isdecimal():
        raise bad_reply(f"wanted a token id; got {token!r:.60}")
    return int(digits)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
