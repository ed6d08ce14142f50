"""Reading over HTTP: a server's own log-probabilities of a prompt and an answer, without generating a word.

What it speaks: vLLM's ``prompt_logprobs``, the ``echo`` of OpenAI's legacy completions, and SGLang's ``/generate``.
The rule that holds throughout: a number is believed only when the server showed it for exactly the token that was
sent. A server that cannot show it is refused before any row is read, and a row whose reply does not fit is
:class:`~foureyes.types.Unscored`; nothing missing is ever counted as 0.

::

    reader ─── server_pool   which of several servers is asked, set aside, looked at again
       └────── server        one of them: asked, proved, compared with another
               ├── probe         what the endpoint is and can do, asked once
               ├── connection    one request, by the rules of foureyes.http
               ├── entries       a reply, read a position at a time
               ├── dialects      pure: a question becomes a request, a reply becomes what was seen at each position
               └── assembly      pure: what was seen becomes a Reading

Start at :class:`CompletionsReader`. It needs the extra ``http``.
"""

from foureyes.models.completions.reader import CompletionsReader

__all__ = ["CompletionsReader"]
