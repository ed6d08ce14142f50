"""Which control tokens a tokenizer has, and which of them its chat template writes around turns."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from foureyes.models.chat_template import ChatTemplate
from foureyes.models.control_markers import ControlMarkers, any_of
from foureyes.models.template_messages import TemplateConversation

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


def control_markers(special: Collection[str], added: Collection[str], template: ChatTemplate | None) -> ControlMarkers:
    """The control tokens of a tokenizer, as texts.

    They are its special tokens, and those of its added tokens that stand in the template: some makers do not call their
    marks of turns special. Of these, what the template writes around plain turns is text wherever it is typed; marks of
    tool calls and reasoning are text unless the assistant says them.

    Args:
        special: texts of the special tokens.
        added: texts of the other added tokens.
        template: the chat template, where there is one.
    """
    marks = {text for text in special if not _BYTE.fullmatch(text)}
    literals = "" if template is None else template.literals
    further = {text for text in added if text in literals and not text.isspace()}
    around = set() if template is None else _around_turns(template, further)
    everywhere = (marks | around) - _REASONING
    return ControlMarkers(everywhere, (marks | further) - everywhere)


def _around_turns(template: ChatTemplate, candidates: set[str]) -> set[str]:
    """Those of some marks that a template writes around system, user and assistant."""
    found: set[str] = set()
    for messages in _TURNS:
        text = template.render(TemplateConversation(messages))
        if isinstance(text, str):
            found.update(any_of(candidates).findall(text))
    return found
