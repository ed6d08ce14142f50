"""Talking to any server that speaks OpenAI's chat completions: OpenAI itself, vLLM, llama.cpp's server, Ollama, SGLang.

The rule that holds throughout: the address, the key and everything else about the server come from an :class:`Endpoint`
that was configured; an exchange supplies text to be quoted and nothing more.

::

    judge, answerer ─── connection     one request: time, size, retries, and what can go wrong
                   └─── wire           pure: the request's body, and the words in a reply

Start at :class:`ChatJudge`. It needs the extra ``http``.
"""

from foureyes.models.attempts import Limits
from foureyes.models.chat.answerer import ChatAnswerer
from foureyes.models.chat.connection import Endpoint
from foureyes.models.chat.judge import ChatJudge, Form

__all__ = ["ChatAnswerer", "ChatJudge", "Endpoint", "Form", "Limits"]
