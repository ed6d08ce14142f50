"""A Hugging Face tokenizer, as formatting asks for one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from foureyes.models.control_markers import ControlMarkers
from foureyes.models.formatting import ExchangeFormatter, Item
from foureyes.models.transformers.encoding import Encoder

__all__ = ["Formatter", "Item"]


class Formatter(ExchangeFormatter):
    """Turns exchanges into token ids for one Hugging Face tokenizer.

    Args:
        tokenizer: of Hugging Face, a fast one.
        limit: most tokens of prompt and answer together.
        truncate: whether prompts are cut from the left to fit, instead of refused.
        arguments: what its chat template is told besides: ``{"enable_thinking": False}``.

    Raises:
        ConfigError: the template reads no such arguments, or there is no template.
    """

    def __init__(
        self, tokenizer: Any, *, limit: int, truncate: bool = False, arguments: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(_TokenizerTokens(tokenizer), limit=limit, truncate=truncate, arguments=arguments)


class _TokenizerTokens:
    """What a Hugging Face tokenizer says of itself."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.added_tokens_decoder.values()
        self.special: Collection[str] = {token.content for token in added if token.special}
        self.added: Collection[str] = {token.content for token in added if not token.special}
        self.ends: Collection[int] = tokenizer.all_special_ids
        sources = tokenizer.chat_template or {}
        self.templates: Mapping[str, str] = sources if isinstance(sources, dict) else {"default": sources}
        self.variables: Mapping[str, Any] = tokenizer.special_tokens_map

    def encoder(self, markers: ControlMarkers) -> Encoder:
        """Its encoder."""
        return Encoder(self._tokenizer, markers)
