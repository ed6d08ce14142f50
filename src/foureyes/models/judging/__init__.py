"""How a model that can only be talked to is asked for a verdict, and how its words are believed. Pure.

The rule that holds throughout: the exchange is data. It can neither change what is asked nor be taken for the reply:
:mod:`~foureyes.models.judging.request` quotes it so that no character of it can end its quotation or be read as a chat
template's, and :mod:`~foureyes.models.judging.strict_json` believes only a reply that repeats a code the exchange could not
know. Start at :func:`verdict_request`.
"""

from foureyes.models.judging.request import VerdictRequest, new_code, quoted, verdict_request
from foureyes.models.judging.ruling import Ruling, parse_ruling, schema
from foureyes.models.judging.strict_json import MalformedReply, strict_json_object
from foureyes.models.judging.votes import vote_of

__all__ = [
    "MalformedReply",
    "Ruling",
    "VerdictRequest",
    "new_code",
    "parse_ruling",
    "quoted",
    "schema",
    "strict_json_object",
    "verdict_request",
    "vote_of",
]
