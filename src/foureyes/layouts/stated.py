"""Where the interfaces of providers state log-probs of an answer: one entry a choice, ``None`` where there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foureyes.layouts.author import AuthorTokens
from foureyes.models.stated_tokens import StatedTokens, chat_tokens, completion_tokens, gemini_tokens
from foureyes.types import Unscored

__all__ = ["author_tokens", "chat_author", "choice_tokens", "gemini_author", "responses_author"]


def author_tokens(
    tokens: StatedTokens | Unscored | None, model: object, *, asked: object = 0, n_prompt_tokens: object = 0
) -> AuthorTokens | Unscored | None:
    """Tokens with what else a log says of their author; values that are no names or counts say nothing."""
    if tokens is None or isinstance(tokens, Unscored):
        return tokens
    return AuthorTokens(tokens, model if isinstance(model, str) else "", _count(asked), _count(n_prompt_tokens))


def choice_tokens(logprobs: object) -> StatedTokens | Unscored | None:
    """What the ``logprobs`` of a choice state: of its content or its refusal, in the new form or the old one."""
    match logprobs:
        case {"content": [_, *_] as entries} | {"refusal": [_, *_] as entries} | ([{"token": _}, *_] as entries):
            return chat_tokens(entries)
        case {"tokens": [_, *_]}:
            return completion_tokens(logprobs)
        case None | [] | {"content": None | []} | {"tokens": None | []} | {"refusal": None | []}:
            return None
        case _:
            return Unscored("bad_reply", f"wanted log-probabilities of tokens; got {logprobs!r:.60}")


def chat_author(request: Mapping[str, Any], response: Mapping[str, Any]) -> list[AuthorTokens | Unscored | None]:
    """Of every choice of a chat completion."""
    asked, read = request.get("top_logprobs"), _counted(response, "usage", "prompt_tokens")
    choices: Sequence[Any] = response.get("choices") or []
    return [
        author_tokens(choice_tokens(choice.get("logprobs")), response.get("model"), asked=asked, n_prompt_tokens=read)
        for choice in choices
    ]


def responses_author(request: Mapping[str, Any], response: Mapping[str, Any]) -> AuthorTokens | Unscored | None:
    """Of all texts of a response of OpenAI's, which may state them for each."""
    output = response.get("output")
    texts = [
        content
        for item in (output if isinstance(output, list) else [])
        if isinstance(item, dict) and isinstance(item.get("content"), list)
        for content in item["content"]
        if isinstance(content, dict) and content.get("type") == "output_text"
    ]
    entries = [entry for text in texts for entry in text.get("logprobs") or []]
    if not entries:
        return None
    read = _counted(response, "usage", "input_tokens")
    tokens = chat_tokens(entries)
    return author_tokens(tokens, response.get("model"), asked=request.get("top_logprobs"), n_prompt_tokens=read)


def gemini_author(request: Mapping[str, Any], response: Mapping[str, Any]) -> list[AuthorTokens | Unscored | None]:
    """Of every candidate of a response of Gemini's."""
    config = request.get("generationConfig") or request.get("config") or {}
    asked = config.get("logprobs") if isinstance(config, dict) else 0
    read = _counted(response, "usageMetadata", "promptTokenCount") or _counted(
        response, "usage_metadata", "prompt_token_count"
    )
    model = response.get("modelVersion") or response.get("model_version")
    return [
        author_tokens(_candidate_tokens(candidate), model, asked=asked, n_prompt_tokens=read)
        for candidate in response.get("candidates") or []
    ]


def _candidate_tokens(candidate: Mapping[str, Any]) -> StatedTokens | Unscored | None:
    result = candidate.get("logprobsResult") or candidate.get("logprobs_result")
    return None if not result else gemini_tokens(result)


def _counted(response: Mapping[str, Any], usage: str, name: str) -> object:
    found = response.get(usage)
    return found.get(name) if isinstance(found, dict) else 0


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
