"""OpenAI's old completions, whose text continues the prompt, and begins with it where it was asked to be sent back (``echo``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.author import AuthorTokens
from foureyes.layouts.fields import verdict
from foureyes.layouts.making import logged
from foureyes.layouts.stated import author_tokens, choice_tokens
from foureyes.layouts.wire import exchanged, response_of
from foureyes.types import Message, Unscored

__all__ = ["is_legacy", "legacy_answers"]


def is_legacy(row: Mapping[str, Any]) -> bool:
    """Whether a record holds an old completion."""
    match response_of(row).get("choices"):
        case [{"text": str()}, *_]:
            return True
        case _:
            return False


def legacy_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """Every choice."""
    found = exchanged(row)
    request, choices = found.request or {}, found.response["choices"]
    prompts = _prompts(request)
    if prompts and len(choices) % len(prompts):
        raise InputError(f"{len(choices)} choices are not as many for each of {len(prompts)} prompts")
    for i, choice in enumerate(choices):
        if not isinstance(choice, dict) or not isinstance(choice.get("text"), str):
            raise InputError(f"choices[{i}].text must be text")
        prompt = prompts[i * len(prompts) // len(choices)] if prompts else _sent_back(found.response, choice)
        echoed = request.get("echo") is True if prompts else True
        if echoed and not choice["text"].startswith(prompt):
            raise InputError(f"choices[{i}].text must begin with its prompt, as the request asked with 'echo'")
        words = choice["text"][len(prompt) if echoed else 0 :]
        author = _author(request, found.response, choice, prompt if echoed else "")
        correct = verdict(found.beside) if len(choices) == 1 else None
        which = f"choice {i + 1}" if len(choices) > 1 else ""
        yield logged(prompt, Message("assistant", words), which=which, correct=correct, author=author)


def _prompts(request: Mapping[str, Any]) -> list[str]:
    match request.get("prompt"):
        case None:
            return []
        case str() as prompt:
            return [prompt]
        case [str(), *_] as several if all(isinstance(one, str) for one in several):
            return list(several)
        case _:
            raise InputError("'prompt' of the request must be text or a list of texts; token numbers cannot be read")


def _sent_back(response: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
    """The prompt of an answer that begins with it, by the tokens that the server counted."""
    match response.get("usage"), choice.get("logprobs"):
        case {"prompt_tokens": int(n), "total_tokens": int(total)}, {
            "tokens": [*tokens],
            "token_logprobs": [None, *_],
        } if 0 < n < total == len(tokens) and all(isinstance(token, str) for token in tokens):
            return "".join(tokens[:n])
        case _:
            raise InputError(
                'holds an answer and not its prompt; wanted {"request": …, "response": …}, or \'prompt\' beside the choices'
            )


def _author(
    request: Mapping[str, Any], response: Mapping[str, Any], choice: Mapping[str, Any], echoed: str
) -> AuthorTokens | Unscored | None:
    logprobs = choice.get("logprobs")
    if echoed and isinstance(logprobs, dict):
        logprobs = _after(logprobs, echoed)
    if isinstance(logprobs, Unscored):
        return logprobs
    return author_tokens(choice_tokens(logprobs), response.get("model"), asked=request.get("logprobs"))


def _after(logprobs: Mapping[str, Any], echoed: str) -> dict[str, Any] | Unscored:
    """The same lists without the tokens of the prompt."""
    tokens = logprobs.get("tokens")
    texts = [str(token) for token in tokens] if isinstance(tokens, list) else []
    ends = [0, *accumulate(map(len, texts))]
    if len(echoed) not in ends:
        return Unscored("bad_reply", "a logged token holds the end of the prompt and the start of the answer")
    first = ends.index(len(echoed))
    lists = ("tokens", "token_logprobs", "top_logprobs")
    return {name: value[first:] for name in lists if isinstance(value := logprobs.get(name), list)}
