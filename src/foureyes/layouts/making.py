"""From a prompt and the assistant's turn to a logged answer: thoughts apart from words, and log-probs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.author import AuthorTokens, author_reading
from foureyes.turns.thinking import thoughts_apart
from foureyes.types import Exchange, Message, Prompt, Reasoning, ToolDefinition, Unscored

__all__ = ["logged"]


def logged(
    prompt: Prompt,
    turn: Message,
    *,
    tools: Sequence[ToolDefinition] = (),
    span: tuple[int, int] | None = None,
    which: str = "",
    correct: bool | None = None,
    author: AuthorTokens | Unscored | None = None,
    logprob: float | None = None,
) -> LoggedAnswer:
    """An answer as a log holds it.

    Args:
        prompt: what was asked.
        turn: what the assistant said; thoughts at the start of its words become reasoning.
        tools: what it could call.
        span: the characters of the words that are the final answer, where the log says so.
        which: of several answers.
        correct: whether the log says that it is right.
        author: tokens with their log-probs, where the log holds them.
        logprob: of the whole answer, where the log holds no more.

    Raises:
        InputError: a value is not valid.
    """
    said = turn if span is not None else thoughts_apart(turn)
    own = None if author is None else author_reading(author, said)
    if said.parts and all(isinstance(part, Reasoning) for part in said.parts):
        empty = Unscored("empty_answer", "the answer ends within its reasoning")
        return LoggedAnswer(empty, which, correct, own, logprob)
    exchange = Exchange.of(prompt, said, tools=tools)
    if span is not None:
        exchange = replace(exchange, answer_span=span)
    return LoggedAnswer(exchange, which, correct, own, logprob)
