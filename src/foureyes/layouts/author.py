"""What the log-probs in a log show of the model that wrote an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foureyes.errors import InputError
from foureyes.models.chat.reading import spelled
from foureyes.models.stated_tokens import most_shown
from foureyes.models.token_logprobs import LARGEST_VOCABULARY, TokenLogprobs, columns
from foureyes.types import Message, Reading, Reasoning, Refusal, Unscored

__all__ = ["AuthorTokens", "author_reading", "spoken"]


@dataclass(frozen=True, slots=True)
class AuthorTokens:
    """The tokens of an answer as their author's server states them.

    Attributes:
        tokens: of the answer; those of thoughts before it may stand first.
        model: the author's name; empty where the log has none.
        asked: most likely tokens that were asked for at each; 0 where nobody says.
        n_prompt_tokens: as the server counts them; 0 where it does not say.
    """

    tokens: Sequence[TokenLogprobs]
    model: str = ""
    asked: int = 0
    n_prompt_tokens: int = 0


def author_reading(stated: AuthorTokens | Unscored, turn: Message) -> Reading | Unscored:
    """What the author saw of its own words, with bounds on the entropy.

    Args:
        stated: its tokens, or why they cannot be read.
        turn: what it said.

    Returns:
        The reading; ``Unscored`` where the tokens do not spell the words, or their numbers are none.
    """
    if isinstance(stated, Unscored):
        return stated
    words = spoken(turn)
    found = spelled(stated.tokens, words)
    if found is None:
        return Unscored(
            "bad_reply", f"the logged tokens do not spell the answer: {_shown(stated.tokens)} for {words!r:.60}"
        )
    tokens, spans = found
    try:
        return Reading(
            model=stated.model or "author",
            answer=words,
            token_ids=np.full(len(tokens), -1),  # logs hold texts, not ids
            spans=np.array(spans),
            selected=np.ones(len(tokens), dtype=np.bool_),
            n_prompt_tokens=stated.n_prompt_tokens,
            **columns(tokens, k=max(stated.asked, most_shown(tokens)), vocabulary=LARGEST_VOCABULARY),
        )
    except InputError as error:
        return Unscored("bad_reply", f"the logged numbers are not those of a distribution: {error}")


def spoken(turn: Message) -> str:
    """The words of a turn that tokens are stated for: all but its thoughts."""
    words = [part for part in turn.parts if not isinstance(part, Reasoning)]
    match words:
        case [str() as text] | [Refusal(text)]:
            return text
        case _:
            return turn.content


def _shown(tokens: Sequence[TokenLogprobs]) -> str:
    return repr("".join(token.text for token in tokens[:20]))[:60]
