"""The providers of models that can be talked to: each translates one API, and nothing more.

The rule that holds throughout: an SDK signs, addresses and sends; how long, how often and how much is decided by
:mod:`foureyes.http`, and so is what may be believed. Replies are taken raw and read strictly, so that nothing an SDK makes of
a broken reply can pass for words of a model. No key stands in any message or representation.

::

    openai      OpenAI's chat completions: OpenAI itself, vLLM, llama.cpp's server, Ollama, SGLang, OpenRouter, …
    anthropic   Claude, through Anthropic's SDK
    google      Gemini, through Google's SDK
    base        what they share
    sdk         what the two over SDKs share: a bounded client, and what the SDKs' exceptions mean

Start at :func:`connect`. OpenAI's protocol needs the extra ``http``, the others ``providers``.
"""

from __future__ import annotations

from foureyes.choices import ProviderApi
from foureyes.models.chat.protocol import ChatModel, Endpoint

__all__ = ["connect"]


def connect(api: ProviderApi, endpoint: Endpoint) -> ChatModel:
    """A model that can be talked to. No request is sent.

    Args:
        api: the protocol that its provider speaks.
        endpoint: what was configured.

    Raises:
        ConfigError: an option sets what is not its to set, a key is missing, or an extra is not installed.
    """
    match api:
        case "openai":
            from foureyes.models.providers.openai import OpenAIChat  # noqa: PLC0415 - loads httpx

            return OpenAIChat(endpoint)
        case "anthropic":
            from foureyes.models.providers.anthropic import AnthropicChat  # noqa: PLC0415 - loads the SDK

            return AnthropicChat(endpoint)
        case "google":
            from foureyes.models.providers.google import GoogleChat  # noqa: PLC0415 - loads the SDK

            return GoogleChat(endpoint)
