"""Which control tokens a tokenizer has, and which of them its chat template writes around turns."""

from __future__ import annotations

import re
from typing import Any, Final

from foureyes.models.control_markers import ControlMarkers, any_of
from foureyes.models.template_messages import TemplateConversation
from foureyes.models.transformers.chat_template import ChatTemplate

__all__ = ["control_markers"]

_REASONING: Final = frozenset({"<think>", "</think>"})
_BYTE: Final = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_TURNS: Final = (
    [
        {"role": role, "content": f"marked_{role}"}
        for role in ("system", "user", "assistant", "user", "assistant", "user")
    ],
    [{"role": role, "content": f"marked_{role}"} for role in ("user", "assistant", "user")],
)


def control_markers(tokenizer: Any, template: ChatTemplate | None) -> ControlMarkers:
    """The control tokens of a tokenizer, as texts.

    They are its special tokens, and those of its added tokens that stand in the template: some makers do not call their
    marks of turns special. Of these, what the template writes around plain turns is text wherever it is typed; marks of
    tool calls and reasoning are text unless the assistant says them.
    """
    added = tokenizer.added_tokens_decoder.values()
    special = {token.content for token in added if token.special and not _BYTE.fullmatch(token.content)}
    literals = "" if template is None else template.literals
    further = {t.content for t in added if not t.special and t.content in literals and not t.content.isspace()}
    around = set() if template is None else _around_turns(template, further)
    everywhere = (special | around) - _REASONING
    return ControlMarkers(everywhere, (special | further) - everywhere)


def _around_turns(template: ChatTemplate, candidates: set[str]) -> set[str]:
    """Those of some marks that a template writes around system, user and assistant."""
    found: set[str] = set()
    for messages in _TURNS:
        text = template.render(TemplateConversation(messages))
        if isinstance(text, str):
            found.update(any_of(candidates).findall(text))
    return found
