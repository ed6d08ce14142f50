"""Tokens of prompts and answers, as one model's tokenizer and chat template make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from foureyes.models.prompts import PLAIN_PREFIX, TEMPLATE_DATE, as_messages, plain_prompt
from foureyes.types import Exchange, Prompt, Unscored

__all__ = ["Formatter", "Item"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One exchange as token ids; ``spans`` are byte ranges of the answer's UTF-8, ``selected`` the scored tokens."""

    exchange: Exchange
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

    def items(self, exchanges: Sequence[Exchange]) -> list[Item | Unscored]:
        """Token ids of every exchange, or why it cannot be read."""
        prompts: dict[Prompt, Ints | Unscored] = {}
        return [self._item(exchange, prompts) for exchange in exchanges]

    def prompt_ids(self, prompt: Prompt) -> Ints | Unscored:
        """Token ids up to where the answer begins, generation prompt included."""
        if not any(message["content"].strip() for message in as_messages(prompt)):
            return Unscored("empty_prompt", "the prompt is empty; wanted something the answer can be conditioned on")
        if not self.has_template:
            return self._encode(plain_prompt(prompt), special=True)
        try:
            text = self._tokenizer.apply_chat_template(
                as_messages(prompt), tokenize=False, add_generation_prompt=True, date_string=TEMPLATE_DATE
            )
        except jinja2.TemplateError as error:
            return Unscored("template", f"the verifier's chat template refuses these messages: {error}")
        return self._encode(text, special=False)

    def _item(self, exchange: Exchange, prompts: dict[Prompt, Ints | Unscored]) -> Item | Unscored:
        if not exchange.answer.strip():
            return Unscored("empty_answer", "the answer is empty; wanted at least one visible character")
        if exchange.prompt not in prompts:
            prompts[exchange.prompt] = self.prompt_ids(exchange.prompt)
        prompt_ids = prompts[exchange.prompt]
        if isinstance(prompt_ids, Unscored):
            return prompt_ids
        answer_ids, spans = self._answer(exchange.answer)
        excess = len(prompt_ids) + len(answer_ids) - self._limit
        if excess > 0 and (not self._truncate or excess >= len(prompt_ids)):
            n = len(prompt_ids) + len(answer_ids)
            return Unscored("context", f"{n} tokens do not fit a context of {self._limit}", got=n, limit=self._limit)
        n_dropped = max(excess, 0)
        return Item(exchange, prompt_ids[n_dropped:], answer_ids, spans, _selected(exchange, spans), n_dropped)

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


def _selected(exchange: Exchange, spans: Ints) -> NDArray[np.bool_]:
    """Which tokens touch the final answer."""
    if exchange.answer_span is None:
        return np.ones(len(spans), bool)
    start, end = (len(exchange.answer[:i].encode()) for i in exchange.answer_span)
    touched: NDArray[np.bool_] = (spans[:, 0] < end) & (spans[:, 1] > start)
    return touched
