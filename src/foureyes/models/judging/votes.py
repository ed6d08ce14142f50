"""A judge's words as its vote."""

from __future__ import annotations

from foureyes.http.error_text import cleaned
from foureyes.models.judging.request import VerdictRequest
from foureyes.models.judging.ruling import parse_ruling
from foureyes.models.judging.strict_json import MalformedReply
from foureyes.types import Vote

__all__ = ["vote_of"]


def vote_of(words: str, question: VerdictRequest, *, provider: str, model: str) -> Vote:
    """The vote in a judge's words; an ``"error"`` where there is none.

    Args:
        words: all that the judge said.
        question: what it was asked.
        provider: who it is.
        model: which.

    Returns:
        The vote, its reason on one line; the time it took is not known here.
    """
    try:
        said = parse_ruling(words, question.code)
    except MalformedReply as error:
        return Vote(provider, model, "error", None, str(error))
    return Vote(provider, model, said.verdict, said.confidence, cleaned(said.reason))
