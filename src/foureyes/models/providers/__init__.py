"""Anthropic's and Google's models, asked through their own SDKs.

The rule that holds throughout: the SDK signs, addresses and sends; how long, how often and how much is decided here, and so
is what may be believed. Replies are taken raw and read strictly, so that nothing an SDK makes of a broken reply can pass
for a verdict. No key stands in any message or representation.

::

    anthropic_roles, google_roles     a judge and an answerer each
            │              │
          claude         gemini       one message, and what the SDK's exceptions mean
            └──────┬───────┘
       account, failures, transport   what was configured; exceptions; a client without redirects and endless replies

It needs the extra ``providers``. Other providers speak OpenAI's format: :mod:`foureyes.models.chat`.
"""

from foureyes.models.attempts import Limits
from foureyes.models.providers.account import Account
from foureyes.models.providers.anthropic_roles import AnthropicAnswerer, AnthropicJudge
from foureyes.models.providers.google_roles import GoogleAnswerer, GoogleJudge

__all__ = ["Account", "AnthropicAnswerer", "AnthropicJudge", "GoogleAnswerer", "GoogleJudge", "Limits"]
