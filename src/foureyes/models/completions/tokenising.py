"""Token ids from the server's own tokenizer and chat template, over ``/tokenize``.

vLLM and newer SGLang servers have it. No tokenizer has to be shipped, and none can disagree with the server's. The text that a
chat template makes is what ``/detokenize`` says of its ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from foureyes.models.completions.assembly import Tokens
from foureyes.models.completions.connection import Connection
from foureyes.models.prompts import PLAIN_PREFIX, TEMPLATE_DATE, plain_prompt
from foureyes.models.template_messages import TemplateConversation
from foureyes.models.token_logprobs import RowFault, TokenLogprobs, bad_reply, natural, want
from foureyes.models.turn_template import TurnTemplate, TurnText
from foureyes.types import Alternative, Exchange, Prompt, ToolDefinition, Unscored, render_parts

__all__ = ["Tokeniser"]


class Tokeniser:
    """Turns exchanges into ids.

    Args:
        connection: to the server.
        model: name the server knows the model by.
        chat: whether the model has a chat template; without one prompts take the plain question-and-answer form.
    """

    def __init__(self, connection: Connection, model: str, *, chat: bool) -> None:
        self._connection = connection
        self._model = model
        self._chat = chat
        self._texts: dict[int, str] = {}  # no more than the vocabulary, and only of servers that show ids
        self._template = TurnTemplate(self._rendered)

    def tokens(self, exchange: Exchange) -> Tokens:
        """Prompt and answer, tokenised apart so that nothing merges across the boundary; raises :class:`RowFault`."""
        prefix = "" if self._chat else PLAIN_PREFIX
        turn = self._turn(exchange)
        reply = self._post({"prompt": prefix + turn.text, "add_special_tokens": False, "return_token_strs": True})
        answer = _ids(reply)
        if not answer:
            raise RowFault(Unscored("empty_answer", "the verifier's tokenizer makes no token of the answer"))
        prompt = self.prompt(exchange.prompt, exchange.tools)
        if turn.lead:
            prompt += _ids(self._post({"prompt": turn.lead, "add_special_tokens": False}))
        return Tokens(prompt, answer, _pieces(reply, len(answer)), turn, prefix)

    def prompt(self, prompt: Prompt, tools: Sequence[ToolDefinition] = ()) -> tuple[int, ...]:
        """Ids of the prompt up to where the answer begins; raises :class:`RowFault`."""
        if not self._chat:
            return _ids(self._post({"prompt": plain_prompt(prompt, tools), "add_special_tokens": True}))
        return self._templated(self._template.conversation(prompt, tools))

    def _turn(self, exchange: Exchange) -> TurnText:
        if not self._chat:
            parts = () if exchange.turn is None else render_parts(exchange.turn.parts).spans
            return TurnText(exchange.answer, parts, exchange.answer_span)
        turn = self._template.turn(exchange)
        if isinstance(turn, Unscored):
            raise RowFault(turn)
        return turn

    def _templated(self, asked: TemplateConversation) -> tuple[int, ...]:
        body: dict[str, Any] = {
            "messages": asked.messages,
            "add_generation_prompt": asked.generation,
            "chat_template_kwargs": {"date_string": TEMPLATE_DATE},
        }
        if asked.tools is not None:
            body["tools"] = asked.tools
        try:
            return _ids(self._post(body))
        except RowFault as fault:
            if fault.status not in {400, 422}:
                raise
            raise RowFault(Unscored("template", fault.detail), status=fault.status) from fault

    def _rendered(self, asked: TemplateConversation) -> str | Unscored:
        try:
            return self._detokenised(self._templated(asked))
        except RowFault as fault:
            if fault.unscored.reason == "template":
                return fault.unscored
            raise

    def spell(self, seen: Sequence[TokenLogprobs], kept: int) -> list[TokenLogprobs]:
        """The same with the first alternatives' ids, in decimal, replaced by their texts; raises :class:`RowFault`."""
        return [
            replace(position, top=tuple(self._spelled(a) for a in position.top[:kept]) + position.top[kept:])
            for position in seen
        ]

    def _spelled(self, alternative: Alternative) -> Alternative:
        return Alternative(self._text(int(alternative.text)), alternative.logprob)

    def _text(self, token: int) -> str:
        if token not in self._texts:
            self._texts[token] = self._detokenised((token,))
        return self._texts[token]

    def _detokenised(self, tokens: tuple[int, ...]) -> str:
        body = {"model": self._model, "tokens": tokens}
        most = (1 << 16) + 1024 * len(tokens)
        reply = want(self._connection.post("/detokenize", body, max_bytes=most), dict, "the reply of /detokenize")
        text: str = want(reply.get("prompt"), str, "prompt")
        return text

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        text = str([body.get("prompt"), body.get("messages"), body.get("tools")])
        reply = self._connection.post(
            "/tokenize", {"model": self._model, **body}, max_bytes=(1 << 16) + 64 * len(text.encode())
        )
        return want(reply, dict, "the reply of /tokenize")


def _ids(reply: dict[str, Any]) -> tuple[int, ...]:
    return tuple(natural(token, "tokens[]") for token in want(reply.get("tokens"), list, "tokens"))


def _pieces(reply: dict[str, Any], n: int) -> tuple[str, ...] | None:
    pieces = reply.get("token_strs")
    if pieces is None:
        return None
    if len(want(pieces, list, "token_strs")) != n:
        raise bad_reply(f"token_strs: wanted {n} entries, one per token; got {len(pieces)}")
    return tuple(want(piece, str, "token_strs[]") for piece in pieces)
