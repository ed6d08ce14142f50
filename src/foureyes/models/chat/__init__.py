"""Models that can be talked to, in their three roles: a judge, an answerer and a writer.

The rule that holds throughout: the roles are written once, over one small protocol; the providers in
:mod:`foureyes.models.providers` only translate. An exchange supplies text to be quoted and nothing more: the address, the key
and everything else about a model come from what was configured.

::

    judge, answerer, writer ─── protocol    what is said to a model, and what comes back
           │
        reading                             pure: from the log-probabilities in a reply to a Reading

Start at :class:`~foureyes.models.chat.protocol.ChatModel`, or at :func:`foureyes.models.catalog.open_chat`, which makes one.
"""

from foureyes.models.chat.answerer import ChatAnswerer
from foureyes.models.chat.judge import ChatJudge
from foureyes.models.chat.protocol import ChatModel, ChatReply, ChatRequest, Endpoint

__all__ = ["ChatAnswerer", "ChatJudge", "ChatModel", "ChatReply", "ChatRequest", "Endpoint"]
