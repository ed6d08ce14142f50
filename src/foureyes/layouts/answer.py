"""An answer as a log holds it, and how a layout finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from foureyes.types import Exchange, Reading, Unscored

__all__ = ["Layout", "LoggedAnswer"]


@dataclass(frozen=True, slots=True)
class LoggedAnswer:
    """One answer of a record.

    Attributes:
        exchange: prompt and answer, or why they cannot be read: ``bad_row``, ``unread_part``.
        which: of several answers in one record, which this is: ``"chosen"``, ``"rejected"``, ``"choice 1"``; empty
            where there is one.
        correct: whether the record says that it is right; ``None`` where it does not say.
        author: what the log-probs in the record show of the model that wrote the answer; ``None`` where it holds none,
            ``Unscored`` where they are not those of the answer.
        logprob: natural logarithm of the probability that its author gave the whole answer, where the record says no more
            than that.
    """

    exchange: Exchange | Unscored
    which: str = ""
    correct: bool | None = None
    author: Reading | Unscored | None = None
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to lay out records that some program or publisher has.

    Attributes:
        name: what ``--layout`` calls it: ``"openai-chat"``.
        title: what a person calls it: ``"OpenAI chat completions, request and response"``.
        reads: what becomes of which field: ``"prompt = instruction + input; answer = output | response"``, where ``+`` joins fields
            in their order and ``|`` stands between alternatives. The line that a command prints leaves out fields that no
            row has.
        fits: whether a record is laid out so, by its fields alone and at once.
        answers: the answers of a record, in order; :class:`~foureyes.errors.InputError` where it is not as it should be. A field
            that is known to belong to the prompt is joined as the layout's own tools do, or refused, and never passed over.
    """

    name: str
    title: str
    reads: str
    fits: Callable[[Mapping[str, Any]], bool]
    answers: Callable[[Mapping[str, Any]], Iterable[LoggedAnswer]]
