"""Tokens of prompts and answers, as one model's tokenizer and chat template make them.

What a tokenizer is asked for is :class:`TokenSource`: Hugging Face's and llama.cpp's answer alike.

A turn with tool calls is read as the template writes it (:mod:`foureyes.models.turn_template`); its last tokens are left off
where the tokenizer calls them special, since no end of a turn is scored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import ConfigError
from foureyes.models.chat_template import ChatTemplate
from foureyes.models.control_markers import ControlMarkers
from foureyes.models.prompts import PLAIN_PREFIX, plain_prompt, unread_prompt, why_unread
from foureyes.models.template_markers import control_markers
from foureyes.models.template_messages import TemplateConversation
from foureyes.models.truncation import kept_ends, without_middle
from foureyes.models.turn_template import TurnTemplate, TurnText, opens_reasoning, plain_turn
from foureyes.types import Exchange, Prompt, ToolDefinition, Unscored

__all__ = ["Encoded", "ExchangeFormatter", "Ints", "Item", "TextEncoder", "TokenSource"]

Ints = NDArray[np.int64]

_SWITCHES: Final = ("enable_thinking", "thinking")
"""Variables by which templates are told that a model does not reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Token ids, and the characters (start, end) that each covers."""

    ids: Ints
    characters: Ints


class TextEncoder(Protocol):
    """Makes ids of texts in which only what a chat template wrote becomes a control token."""

    def encode(self, text: str) -> Encoded:
        """Ids of a text whose typed markers are hidden, without a start or an end that the tokenizer adds."""
        ...

    def started(self, text: str) -> Ints:
        """Ids of a text behind the start token, if the tokenizer puts one there; what it puts at the end is left off."""
        ...


class TokenSource(Protocol):
    """What formatting asks of a tokenizer.

    Attributes:
        templates: chat templates by their names; empty where the model has none.
        variables: what templates can read: the special tokens by name.
        special: texts of its special tokens.
        added: texts of its other added tokens.
        ends: ids that are no part of what a turn says.
    """

    @property
    def templates(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def variables(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def special(self) -> Collection[str]: ...  # noqa: D102
    @property
    def added(self) -> Collection[str]: ...  # noqa: D102
    @property
    def ends(self) -> Collection[int]: ...  # noqa: D102

    def encoder(self, markers: ControlMarkers) -> TextEncoder:
        """Its encoder, for which these are the control tokens."""
        ...


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


@dataclass(frozen=True, slots=True, eq=False)
class PromptIds:
    """A prompt up to where the answer begins, and whether it has opened the reasoning before it."""

    ids: Ints
    opens: bool = False


Asked = tuple[Prompt, tuple[ToolDefinition, ...]]


class ExchangeFormatter:
    """Turns exchanges into token ids for one tokenizer.

    Args:
        tokens: the tokenizer; its chat template is used when it has one.
        limit: most tokens of prompt and answer together.
        truncate: whether prompts are cut from the left to fit, instead of refused.
        arguments: what its chat template is told besides: ``{"enable_thinking": False}``.

    Raises:
        ConfigError: the template reads no such arguments, or there is no template.
    """

    def __init__(
        self, tokens: TokenSource, *, limit: int, truncate: bool = False, arguments: Mapping[str, Any] | None = None
    ) -> None:
        self._ends = frozenset(tokens.ends)
        self._limit = limit
        self._truncate = truncate
        self._chat = _template(tokens, arguments)
        self._markers = control_markers(tokens.special, tokens.added, self._chat)
        self._encoder = tokens.encoder(self._markers)
        self._template = TurnTemplate(self._render, self._markers.shown)

    @property
    def has_template(self) -> bool:
        """Whether the model has a chat template."""
        return self._chat is not None

    @property
    def markers(self) -> ControlMarkers:
        """The control tokens of the tokenizer."""
        return self._markers

    @property
    def identity(self) -> str:
        """What tokens depend on besides the tokenizer: arguments of the template, and its date; empty where neither is."""
        return self._chat.identity if self._chat else ""

    def items(self, exchanges: Sequence[Exchange]) -> list[Item | Unscored]:
        """Token ids of every exchange, or why it cannot be read."""
        prompts: dict[tuple[Asked, bool], PromptIds | Unscored] = {}
        return [self._item(exchange, prompts) for exchange in exchanges]

    def prompt_ids(self, prompt: Prompt, tools: Sequence[ToolDefinition] = ()) -> Ints | Unscored:
        """Token ids up to where the answer begins, generation prompt included."""
        found = self._prompt(prompt, tools)
        return found if isinstance(found, Unscored) else found.ids

    def _prompt(self, prompt: Prompt, tools: Sequence[ToolDefinition], *, thinks: bool = True) -> PromptIds | Unscored:
        if (unread := unread_prompt(prompt)) is not None:
            return unread
        if self._chat is None:
            return PromptIds(self._encoder.started(self._markers.hide(plain_prompt(prompt, tools), assistant=False)))
        asked = self._template.conversation(prompt, tools)
        text = self._render(asked)
        if isinstance(text, str) and opens_reasoning(text) and not thinks:
            text = self._closed(asked)
        if isinstance(text, Unscored):
            return text
        return PromptIds(self._encoder.encode(text).ids, opens_reasoning(text))

    def _closed(self, asked: TemplateConversation) -> str | Unscored:
        """The prompt of a template that opens the reasoning, told that there is none."""
        for switch in _SWITCHES:
            if self._chat is not None and switch in self._chat.reads - self._chat.arguments.keys():
                text = self._render(asked, **{switch: False})
                if isinstance(text, Unscored) or not opens_reasoning(text):
                    return text
        return Unscored(
            "template",
            "the verifier reasons before every answer (its chat template opens <think> and has no switch for it), and this "
            "answer comes without reasoning",
        )

    def _item(self, exchange: Exchange, prompts: dict[tuple[Asked, bool], PromptIds | Unscored]) -> Item | Unscored:
        if (unread := why_unread(exchange)) is not None:
            return unread
        turn = self._template.turn(exchange) if self.has_template else plain_turn(exchange)
        if isinstance(turn, Unscored):
            return turn
        asked = (exchange.prompt, exchange.tools)
        key = asked, turn.thinks
        if key not in prompts:
            prompts[key] = self._prompt(*asked, thinks=key[1])
        prompt = prompts[key]
        if isinstance(prompt, Unscored):
            return prompt
        return self._fitted(exchange, prompt, turn.behind_opening() if prompt.opens else turn)

    def _fitted(self, exchange: Exchange, prompt: PromptIds, turn: TurnText) -> Item | Unscored:
        lead = self._encoder.encode(turn.lead).ids if turn.lead and self.has_template else np.empty(0, np.int64)
        prompt_ids = np.concatenate([prompt.ids, lead])
        answer_ids, spans = self._answer(turn)
        if not len(prompt_ids):
            return Unscored("empty_prompt", "the verifier's chat template and tokenizer make no tokens of the prompt")
        if not len(answer_ids):
            return Unscored("empty_answer", "the verifier's tokenizer makes no tokens of the answer")
        if exchange.turn is not None:
            answer_ids, spans = self._without_end(answer_ids, spans)
        item = Item(turn, prompt_ids, answer_ids, spans, _selected(turn, spans))
        excess = len(prompt_ids) + len(answer_ids) - self._limit
        return item if excess <= 0 else self._shortened(exchange, item, excess, len(lead))

    def _shortened(self, exchange: Exchange, item: Item, excess: int, n_lead: int) -> Item | Unscored:
        """The item with so many tokens of its prompt left out, behind the start token and the head of the template."""
        n = len(item.prompt_ids) + len(item.answer_ids)
        too_long = Unscored("context", f"{n} tokens do not fit a context of {self._limit}", got=n, limit=self._limit)
        if not self._truncate or excess >= len(item.prompt_ids):
            return too_long
        head, foot = kept_ends(
            item.prompt_ids[: len(item.prompt_ids) - n_lead],
            lambda other: self._other_ids(other, exchange.tools, thinks=item.turn.thinks),
            exchange.prompt,
        )
        if excess >= len(item.prompt_ids) - head - foot - n_lead:
            return too_long
        return replace(item, prompt_ids=without_middle(item.prompt_ids, head, excess), n_dropped=excess)

    def _other_ids(self, prompt: Prompt, tools: Sequence[ToolDefinition], *, thinks: bool) -> Ints:
        found = self._prompt(prompt, tools, thinks=thinks)
        return np.empty(0, np.int64) if isinstance(found, Unscored) else found.ids

    def _render(self, asked: TemplateConversation, **further: Any) -> str | Unscored:
        """What the template makes, with markers that were typed hidden."""
        if self._chat is None:
            return Unscored("template", "the verifier has no chat template")
        return self._chat.render(self._markers.hide_all(asked), **further)

    def _without_end(self, ids: Ints, spans: Ints) -> tuple[Ints, Ints]:
        n = len(ids)
        while n > 1 and int(ids[n - 1]) in self._ends:
            n -= 1
        return ids[:n], spans[:n]

    def _answer(self, turn: TurnText) -> tuple[Ints, Ints]:
        """Ids of the answer tokenised alone, and the bytes of it that each covers."""
        prefix = "" if self.has_template else PLAIN_PREFIX
        text = self._markers.hide(turn.text) if turn.written is None else turn.written
        encoded = self._encoder.encode(prefix + text)
        characters = (encoded.characters - len(prefix)).clip(0, len(turn.text))
        byte_of = np.cumsum([0, *(len(character.encode()) for character in turn.text)])
        return encoded.ids, byte_of[characters]


def _template(tokens: TokenSource, arguments: Mapping[str, Any] | None) -> ChatTemplate | None:
    if tokens.templates:
        return ChatTemplate(tokens.templates, tokens.variables, arguments)
    if arguments:
        raise ConfigError(f"the model has no chat template that reads {', '.join(sorted(arguments))}")
    return None


def _selected(turn: TurnText, spans: Ints) -> NDArray[np.bool_]:
    """Which tokens touch the final answer."""
    if turn.span is None:
        return np.ones(len(spans), bool)
    start, end = (len(turn.text[:i].encode()) for i in turn.span)
    touched: NDArray[np.bool_] = (spans[:, 0] < end) & (spans[:, 1] > start)
    return touched
