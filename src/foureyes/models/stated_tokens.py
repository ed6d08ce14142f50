"""Tokens with log-probabilities as providers state them in a reply or a log: OpenAI's chats, old completions, Gemini.

Nothing is believed unseen: what is not of that form is an :class:`~foureyes.types.Unscored` that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeAlias

from foureyes.models.token_logprobs import RowFault, TokenLogprobs, bad_reply, best_first, number, want
from foureyes.types import Alternative, Unscored

__all__ = ["StatedTokens", "chat_tokens", "completion_tokens", "gemini_tokens", "most_shown"]

StatedTokens: TypeAlias = tuple[TokenLogprobs, ...]


def chat_tokens(entries: Any) -> StatedTokens | Unscored:
    """The entries of ``logprobs.content`` of OpenAI's chats, or of the ``logprobs`` of a text of its Responses."""
    return _told(lambda: tuple(map(_chat_token, want(entries, list, "logprobs.content"))))


def gemini_tokens(result: Any) -> StatedTokens | Unscored:
    """A ``logprobsResult`` of Gemini's, in the names of its REST interface or its SDK; its tokens come without bytes."""
    return _told(lambda: _gemini_tokens(result))


def completion_tokens(logprobs: Any) -> StatedTokens | Unscored:
    """The ``logprobs`` of OpenAI's old completions, which have a list for texts, one for numbers, one for the most likely.

    Of a prompt that was sent back (``echo``), cut it off first: its first token has no log-probability.
    """
    return _told(lambda: _completion_tokens(logprobs))


def most_shown(tokens: Sequence[TokenLogprobs]) -> int:
    """How many of the most likely tokens were stated for sure at each position, where nobody says how many were asked for.

    A position at which only the token itself was stated does not say that it is the most likely one.
    """
    k = max(len(token.top) for token in tokens)
    return max(k, 2) if any(len(token.top) == 1 and token.top[0].logprob == token.logprob for token in tokens) else k


def _told(read: Callable[[], StatedTokens]) -> StatedTokens | Unscored:
    try:
        return read()
    except RowFault as fault:
        return fault.unscored


def _chat_token(entry: Any) -> TokenLogprobs:
    own = _chat_alternative(entry)
    top = [_chat_alternative(one) for one in want(entry.get("top_logprobs") or [], list, "top_logprobs")]
    return TokenLogprobs(own.logprob, None, own.text, best_first(top or [own], len(top) or 1), _raw(entry.get("bytes")))


def _chat_alternative(entry: Any) -> Alternative:
    shown: dict[str, Any] = want(entry, dict, "logprobs.content[]")
    return Alternative(want(shown.get("token"), str, "token"), number(shown.get("logprob")))


def _raw(values: Any) -> bytes | None:
    """A token that is part of a character is escaped in its text; its bytes are true."""
    try:
        return bytes(values) if isinstance(values, list) else None
    except (TypeError, ValueError):
        return None


def _gemini_tokens(result: Any) -> StatedTokens:
    shown: dict[str, Any] = want(result, dict, "logprobsResult")
    chosen: list[Any] = want(_either(shown, "chosenCandidates", "chosen_candidates"), list, "chosenCandidates")
    given = _either(shown, "topCandidates", "top_candidates")
    tops: list[Any] = want(given or [{}] * len(chosen), list, "topCandidates")
    if len(tops) != len(chosen):
        raise bad_reply(f"wanted as many topCandidates as chosenCandidates; got {len(tops)} and {len(chosen)}")
    return tuple(_gemini_token(own, top) for own, top in zip(chosen, tops, strict=True))


def _gemini_token(own: Any, top: Any) -> TokenLogprobs:
    said = _gemini_alternative(own)
    shown: dict[str, Any] = want(top, dict, "topCandidates[]")
    best = [_gemini_alternative(one) for one in want(shown.get("candidates") or [], list, "candidates")]
    return TokenLogprobs(
        said.logprob, None, said.text, best_first(best or [said], len(best) or 1), said.text.encode(errors="replace")
    )


def _gemini_alternative(entry: Any) -> Alternative:
    shown: dict[str, Any] = want(entry, dict, "candidates[]")
    return Alternative(
        want(shown.get("token"), str, "token"), number(_either(shown, "logProbability", "log_probability"))
    )


def _either(shown: Mapping[str, Any], name: str, in_python: str) -> Any:
    """A value under its name in the REST interface, or in the Python SDK."""
    return shown[name] if name in shown else shown.get(in_python)


def _completion_tokens(logprobs: Any) -> StatedTokens:
    shown: dict[str, Any] = want(logprobs, dict, "logprobs")
    texts: list[Any] = want(shown.get("tokens"), list, "tokens")
    own: list[Any] = want(shown.get("token_logprobs"), list, "token_logprobs")
    tops: list[Any] | None = shown.get("top_logprobs")
    if len(own) != len(texts) or (isinstance(tops, list) and len(tops) != len(texts)):
        raise bad_reply(f"wanted a log-probability for each of {len(texts)} tokens; got {len(own)}")
    pairs = zip(texts, own, tops if isinstance(tops, list) else repeat(None), strict=False)
    return tuple(_completion_token(want(text, str, "tokens[]"), number(value), top) for text, value, top in pairs)


def _completion_token(text: str, logprob: float, top: Any) -> TokenLogprobs:
    """The token itself is added to the most likely ones where it is none of them, and so the last is not counted if it is that."""
    said = Alternative(text, logprob)
    shown: dict[str, Any] = want(top or {}, dict, "top_logprobs[]")
    best = sorted((Alternative(one, number(value)) for one, value in shown.items()), key=lambda one: -one.logprob)
    if len(best) > 1 and best[-1].text == text:
        best.pop()
    return TokenLogprobs(logprob, None, text, tuple(best or [said]))
