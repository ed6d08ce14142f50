"""Tokens of prompts and answers, as one model's tokenizer and chat template make them.

A turn with tool calls is read as the template writes it (:mod:`foureyes.models.turn_template`); its last tokens are left off
where the tokenizer calls them special, since no end of a turn is scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import jinja2
import numpy as np
from numpy.typing import NDArray

from foureyes.models.prompts import PLAIN_PREFIX, TEMPLATE_DATE, plain_prompt, unread_prompt, why_unread
from foureyes.models.turn_template import TemplateConversation, TurnTemplate, TurnText
from foureyes.types import Exchange, Prompt, ToolDefinition, Unscored, render_parts

__all__ = ["Formatter", "Item"]

Ints = NDArray[np.int64]


_TEMPLATE_FAILS: Final = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a template raises that refuses messages, or was written for others."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One exchange as token ids; ``spans`` are byte ranges of the text that is read, ``selected`` the scored tokens."""

    turn: TurnText
    prompt_ids: Ints
    answer_ids: Ints
    spans: Ints
    selected: NDArray[np.bool_]
    n_dropped: int = 0

    @property
    def fed(self) -> Ints:
        """What the network is fed: all but the last token, which predicts nothing that is scored."""
        return np.concatenate([self.prompt_ids, self.answer_ids[:-1]])


class Formatter:
    """Turns exchanges into token ids for one tokenizer.

    Args:
        tokenizer: a Hugging Face tokenizer; its chat template is used when it has one.
        limit: most tokens of prompt and answer together.
        truncate: whether prompts are cut from the left to fit, instead of refused.
    """

    def __init__(self, tokenizer: Any, *, limit: int, truncate: bool = False) -> None:
        self._tokenizer = tokenizer
        self._limit = limit
        self._truncate = truncate
        self.has_template = tokenizer.chat_template is not None
        self._template = TurnTemplate(self._render)

    def items(self, exchanges: Sequence[Exchange]) -> list[Item | Unscored]:
        """Token ids of every exchange, or why it cannot be read."""
        prompts: dict[tuple[Prompt, tuple[ToolDefinition, ...]], Ints | Unscored] = {}
        return [self._item(exchange, prompts) for exchange in exchanges]

    def prompt_ids(self, prompt: Prompt, tools: Sequence[ToolDefinition] = ()) -> Ints | Unscored:
        """Token ids up to where the answer begins, generation prompt included."""
        if (unread := unread_prompt(prompt)) is not None:
            return unread
        if not self.has_template:
            return self._encode(plain_prompt(prompt, tools), special=True)
        text = self._render(self._template.conversation(prompt, tools))
        return text if isinstance(text, Unscored) else self._encode(text, special=False)

    def _item(
        self, exchange: Exchange, prompts: dict[tuple[Prompt, tuple[ToolDefinition, ...]], Ints | Unscored]
    ) -> Item | Unscored:
        if (unread := why_unread(exchange)) is not None:
            return unread
        asked = exchange.prompt, exchange.tools
        if asked not in prompts:
            prompts[asked] = self.prompt_ids(*asked)
        prompt_ids, turn = prompts[asked], self._turn(exchange)
        if isinstance(prompt_ids, Unscored):
            return prompt_ids
        if isinstance(turn, Unscored):
            return turn
        if turn.lead:
            prompt_ids = np.concatenate([prompt_ids, self._encode(turn.lead, special=False)])
        answer_ids, spans = self._answer(turn.text)
        if exchange.turn is not None:
            answer_ids, spans = self._without_end(answer_ids, spans)
        excess = len(prompt_ids) + len(answer_ids) - self._limit
        if excess > 0 and (not self._truncate or excess >= len(prompt_ids)):
            n = len(prompt_ids) + len(answer_ids)
            return Unscored("context", f"{n} tokens do not fit a context of {self._limit}", got=n, limit=self._limit)
        n_dropped = max(excess, 0)
        return Item(turn, prompt_ids[n_dropped:], answer_ids, spans, _selected(turn, spans), n_dropped)

    def _turn(self, exchange: Exchange) -> TurnText | Unscored:
        if self.has_template:
            return self._template.turn(exchange)
        parts = () if exchange.turn is None else render_parts(exchange.turn.parts).spans
        return TurnText(exchange.answer, parts, exchange.answer_span)

    def _render(self, asked: TemplateConversation) -> str | Unscored:
        try:
            text: str = self._tokenizer.apply_chat_template(
                asked.messages,
                tools=asked.tools,
                tokenize=False,
                add_generation_prompt=asked.generation,
                date_string=TEMPLATE_DATE,
            )
        except _TEMPLATE_FAILS as error:
            return Unscored("template", f"the verifier's chat template refuses these messages: {error}")
        return text

    def _without_end(self, ids: Ints, spans: Ints) -> tuple[Ints, Ints]:
        special = set(self._tokenizer.all_special_ids)
        n = len(ids)
        while n > 1 and int(ids[n - 1]) in special:
            n -= 1
        return ids[:n], spans[:n]

    def _encode(self, text: str, *, special: bool) -> Ints:
        return np.asarray(self._tokenizer(text, add_special_tokens=special)["input_ids"], dtype=np.int64)

    def _answer(self, answer: str) -> tuple[Ints, Ints]:
        """Ids of the answer tokenised alone, and the bytes of it that each covers."""
        prefix = "" if self.has_template else PLAIN_PREFIX
        encoded = self._tokenizer(prefix + answer, add_special_tokens=False, return_offsets_mapping=True)
        characters = np.asarray(encoded["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        characters = (characters - len(prefix)).clip(0, len(answer))
        byte_of = np.cumsum([0, *(len(character.encode()) for character in answer)])
        return np.asarray(encoded["input_ids"], dtype=np.int64), byte_of[characters]


def _selected(turn: TurnText, spans: Ints) -> NDArray[np.bool_]:
    """Which tokens touch the final answer."""
    if turn.span is None:
        return np.ones(len(spans), bool)
    start, end = (len(turn.text[:i].encode()) for i in turn.span)
    touched: NDArray[np.bool_] = (spans[:, 0] < end) & (spans[:, 1] > start)
    return touched
