"""How a model that can only be talked to is asked for a verdict, and how its words are believed. Pure.

The rule that holds throughout: the exchange is data. It can neither change what is asked nor be taken for the reply:
:mod:`~foureyes.models.judging.question` quotes it so that no character of it can end its quotation or be read as a chat
template's, and :mod:`~foureyes.models.judging.strict` believes only a reply that repeats a code the exchange could not
know. Start at :func:`ask`.
"""

from foureyes.models.judging.question import VerdictRequest, ask, new_code, quoted
from foureyes.models.judging.ruling import Ruling, ruling, schema
from foureyes.models.judging.strict import NotInForm, strict_object
from foureyes.models.judging.voting import vote_of

__all__ = [
    "NotInForm",
    "Ruling",
    "VerdictRequest",
    "ask",
    "new_code",
    "quoted",
    "ruling",
    "schema",
    "strict_object",
    "vote_of",
]
