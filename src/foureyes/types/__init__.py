"""The vocabulary: what is read, what a reading says, what could not be told.

Every value here is frozen and valid once built: a constructor that returns has checked its arguments. Four laws hold
throughout the project:

1. Nats everywhere (bits only where a name says ``_bits``).
2. A raw signal is an *uncertainty*, larger = more likely wrong, unless its row in the catalogue says otherwise; a
   *confidence* is P(the answer is correct) in [0, 1].
3. "Could not tell" is a value, :class:`Unscored`, never NaN, 0.0, an empty list or a default.

4. No part of a message is ever treated as absent: what cannot be read is named (:class:`OtherPart`).

Newcomers start at :class:`Exchange` (what goes in; its turns are made of the parts in
:mod:`foureyes.types.parts`), then :class:`Reading` (what one verifier saw, token by token) and
:class:`Scored` (the numbers made of it). What several verifiers think of an exchange is a :class:`Vote` each and a
:class:`Verdict` together.
"""

from foureyes.types.exchange import Exchange, Message, Prompt, Role, text_of
from foureyes.types.ids import new_id
from foureyes.types.parts import (
    OtherPart,
    Part,
    PartSpan,
    Reasoning,
    Refusal,
    RenderedParts,
    ToolCall,
    ToolDefinition,
    ToolResult,
    render_parts,
)
from foureyes.types.reading import Alternative, Reading, Reason, Scored, Token, TokenUsage, Unscored, Written
from foureyes.types.votes import Verdict, Vote, VoteVerdict

__all__ = [
    "Alternative",
    "Exchange",
    "Message",
    "OtherPart",
    "Part",
    "PartSpan",
    "Prompt",
    "Reading",
    "Reason",
    "Reasoning",
    "Refusal",
    "RenderedParts",
    "Role",
    "Scored",
    "Token",
    "TokenUsage",
    "ToolCall",
    "ToolDefinition",
    "ToolResult",
    "Unscored",
    "Verdict",
    "Vote",
    "VoteVerdict",
    "Written",
    "new_id",
    "render_parts",
    "text_of",
]
