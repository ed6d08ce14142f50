"""Judges asked through their providers' own SDKs: Anthropic and Google.

The rule that holds throughout: the SDK signs, addresses and sends; how long, how often and how much is decided here, and so
is what may be believed. Replies are taken raw and read strictly, so that nothing an SDK makes of a broken reply can pass
for a verdict. No key stands in any message or representation.

::

    anthropic_judge, google_judge ─── account      what was configured
                              └────── failures     what an SDK's exceptions mean, one table each
                              └────── transport    a client that follows no redirect and reads no endless reply

It needs the extra ``providers``. Other providers speak OpenAI's format: :mod:`foureyes.models.chat`.
"""

from foureyes.models.attempts import Limits
from foureyes.models.providers.account import Account
from foureyes.models.providers.anthropic_judge import AnthropicJudge
from foureyes.models.providers.google_judge import GoogleJudge

__all__ = ["Account", "AnthropicJudge", "GoogleJudge", "Limits"]
