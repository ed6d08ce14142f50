"""Token ids from the server's own tokenizer and chat template, over ``/tokenize``.

vLLM and newer SGLang servers have it. No tokenizer has to be shipped, and none can disagree with the server's. The text that a
chat template makes is what ``/detokenize`` says of its ids.

``/tokenize`` makes a control token of every marker, whoever wrote it. A text with a typed one is sent in pieces, cut within
the marker where that makes the fewest tokens, which is where the tokenizer cuts ordinary text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from foureyes.models.completions.assembly import Tokens
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.known_markers import KNOWN_MARKERS
from foureyes.models.control_markers import ControlMarkers
from foureyes.models.prompts import PLAIN_PREFIX, TEMPLATE_DATE, plain_prompt
from foureyes.models.template_messages import TemplateConversation
from foureyes.models.token_logprobs import RowFault, TokenLogprobs, bad_reply, natural, want
from foureyes.models.turn_template import TurnTemplate, TurnText, opens_reasoning, plain_turn
from foureyes.types import Alternative, Exchange, Prompt, ToolDefinition, Unscored

__all__ = ["Tokeniser"]

_ASKED: Final = [{"role": "user", "content": "Hi"}]
_CLOSED: Final = {"enable_thinking": False, "thinking": False}


class Tokeniser:
    """Turns exchanges into ids.

    Args:
        connection: to the server.
        model: name the server knows the model by.
        chat: whether the model has a chat template; without one prompts take the plain question-and-answer form.
        arguments: what the chat template is told besides.
    """

    def __init__(
        self, connection: Connection, model: str, *, chat: bool, arguments: Mapping[str, Any] | None = None
    ) -> None:
        self._connection = connection
        self._model = model
        self._chat = chat
        self._told: dict[str, Any] = {"date_string": TEMPLATE_DATE, **(arguments or {})}
        self._texts: dict[int, str] = {}  # no more than the vocabulary, and only of servers that show ids
        self._cuts: dict[str, int | None] = {}
        self._markers = ControlMarkers(KNOWN_MARKERS)
        self._template = TurnTemplate(self._rendered, self._markers.shown)

    def tokens(self, exchange: Exchange) -> Tokens:
        """Prompt and answer, tokenised apart so that nothing merges across the boundary; raises :class:`RowFault`."""
        prefix = "" if self._chat else PLAIN_PREFIX
        turn = self._turn(exchange)
        if self._chat and turn.thinks and self._opens:
            turn = turn.behind_opening()
        text = self._markers.hide(turn.text) if turn.written is None else turn.written
        answer, pieces = self._encoded(prefix + text)
        if not answer:
            raise RowFault(Unscored("empty_answer", "the verifier's tokenizer makes no token of the answer"))
        prompt = self.prompt(exchange.prompt, exchange.tools, thinks=turn.thinks)
        if turn.lead and self._chat:
            prompt += self._encoded(turn.lead)[0]
        return Tokens(prompt, answer, pieces, turn, prefix)

    def prompt(self, prompt: Prompt, tools: Sequence[ToolDefinition] = (), *, thinks: bool = True) -> tuple[int, ...]:
        """Ids of the prompt up to where the answer begins; raises :class:`RowFault`.

        Args:
            prompt: what was asked.
            tools: what may be called.
            thinks: whether reasoning comes before the answer.
        """
        if not self._chat:
            start, end = self._added
            hidden = self._markers.hide(plain_prompt(prompt, tools), assistant=False)
            if self._pieces(hidden)[1:]:
                return start + self._encoded(hidden)[0]
            whole = self._ids({"prompt": self._markers.shown(hidden), "add_special_tokens": True})
            return whole[: len(whole) - end]
        asked = self._template.conversation(prompt, tools)
        return self._templated(asked, {} if thinks or not self._opens else self._closed())

    def reads_arguments(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the chat template makes anything else of some conversation for these arguments."""
        if not self._chat:
            return False
        plain = Tokeniser(self._connection, self._model, chat=True)
        tool = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}
        asked = [TemplateConversation(_ASKED, tools) for tools in (None, [tool])]
        told = Tokeniser(self._connection, self._model, chat=True, arguments=arguments)
        return any(told._templated(one) != plain._templated(one) for one in asked)

    @cached_property
    def _opens(self) -> bool:
        """Whether the chat template opens the reasoning before an answer."""
        return opens_reasoning(self._detokenised(self._templated(TemplateConversation(_ASKED))))

    @cached_property
    def _closes(self) -> bool:
        """Whether it leaves that out when it is told so."""
        ids = self._templated(TemplateConversation(_ASKED), self._without_reasoning)
        return not opens_reasoning(self._detokenised(ids))

    @property
    def _without_reasoning(self) -> dict[str, Any]:
        return {name: value for name, value in _CLOSED.items() if name not in self._told}

    def _closed(self) -> dict[str, Any]:
        if not self._closes:
            words = "the verifier reasons before every answer, and this answer comes without reasoning"
            raise RowFault(Unscored("template", words))
        return self._without_reasoning

    @cached_property
    def _added(self) -> tuple[tuple[int, ...], int]:
        """What the tokenizer puts before a text, and how many tokens behind it."""
        bare = self._ids({"prompt": "a", "add_special_tokens": False})
        whole = self._ids({"prompt": "a", "add_special_tokens": True})
        for n in range(len(whole) - len(bare) + 1):
            if whole[n : n + len(bare)] == bare:
                return whole[:n], len(whole) - n - len(bare)
        return (), 0

    def _turn(self, exchange: Exchange) -> TurnText:
        turn = self._template.turn(exchange) if self._chat else plain_turn(exchange)
        if isinstance(turn, Unscored):
            raise RowFault(turn)
        return turn

    def _encoded(self, hidden: str) -> tuple[tuple[int, ...], tuple[str, ...] | None]:
        """Ids of a text whose typed markers are hidden, and how the vocabulary writes them where the server tells."""
        ids: tuple[int, ...] = ()
        written: tuple[str, ...] | None = ()
        for piece in self._pieces(hidden):
            reply = self._post({"prompt": piece, "add_special_tokens": False, "return_token_strs": True})
            found = _ids(reply)
            strings = _pieces(reply, len(found))
            ids += found
            written = None if written is None or strings is None else written + strings
        return ids, written

    def _pieces(self, hidden: str) -> list[str]:
        """The text, cut within each typed marker that would become a control token."""
        cuts = [start + cut for start, marker in self._markers.places(hidden) if (cut := self._cut(marker)) is not None]
        shown = self._markers.shown(hidden)
        return [shown[a:b] for a, b in pairwise([0, *cuts, len(shown)])]

    def _cut(self, marker: str) -> int | None:
        """Where to cut a marker; ``None`` for one that is ordinary text to this server."""
        if marker not in self._cuts:
            ids = self._ids({"prompt": marker, "add_special_tokens": False})
            # a SentencePiece vocabulary may put a mark of space before it
            single = len(ids) == 1 or self._detokenised(ids[-1:]) == marker
            self._cuts[marker] = self._best_cut(marker) if single else None
        return self._cuts[marker]

    def _best_cut(self, marker: str) -> int:
        def n_tokens(cut: int) -> int:
            halves = marker[:cut], marker[cut:]
            return sum(len(self._ids({"prompt": half, "add_special_tokens": False})) for half in halves)

        return min(range(1, len(marker)), key=lambda cut: (n_tokens(cut), not _between_kinds(marker, cut)))

    def _templated(self, asked: TemplateConversation, further: Mapping[str, Any] | None = None) -> tuple[int, ...]:
        hidden = self._markers.hide_all(asked)
        if hidden == asked:
            return self._applied(asked, further)
        ids = self._applied(hidden, further)
        text = self._detokenised(ids)
        if not self._pieces(text)[1:]:
            return self._applied(asked, further)
        if self._ids({"prompt": text, "add_special_tokens": False}) != ids:
            words = (
                "the prompt holds a control marker as text, and the server does not make its own tokens of its own text"
            )
            raise RowFault(Unscored("template", words))
        return self._encoded(text)[0]

    def _applied(self, asked: TemplateConversation, further: Mapping[str, Any] | None) -> tuple[int, ...]:
        body: dict[str, Any] = {
            "messages": asked.messages,
            "add_generation_prompt": asked.generation,
            "chat_template_kwargs": {**self._told, **(further or {})},
        }
        if asked.tools is not None:
            body["tools"] = asked.tools
        try:
            return self._ids(body)
        except RowFault as fault:
            if fault.status not in {400, 422}:
                raise
            raise RowFault(Unscored("template", fault.detail), status=fault.status) from fault

    def _rendered(self, asked: TemplateConversation) -> str | Unscored:
        try:
            return self._detokenised(self._applied(self._markers.hide_all(asked), None))
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

    def _ids(self, body: dict[str, Any]) -> tuple[int, ...]:
        return _ids(self._post(body))

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        text = str([body.get("prompt"), body.get("messages"), body.get("tools")])
        reply = self._connection.post(
            "/tokenize", {"model": self._model, **body}, max_bytes=(1 << 16) + 64 * len(text.encode())
        )
        return want(reply, dict, "the reply of /tokenize")


def _between_kinds(text: str, at: int) -> bool:
    """Whether a place is between a letter and what is none, where most tokenizers cut before they merge."""
    return text[at - 1].isalpha() != text[at].isalpha()


def _ids(reply: dict[str, Any]) -> tuple[int, ...]:
    return tuple(natural(token, "tokens[]") for token in want(reply.get("tokens"), list, "tokens"))


def _pieces(reply: dict[str, Any], n: int) -> tuple[str, ...] | None:
    pieces = reply.get("token_strs")
    if pieces is None:
        return None
    if len(want(pieces, list, "token_strs")) != n:
        raise bad_reply(f"token_strs: wanted {n} entries, one per token; got {len(pieces)}")
    return tuple(want(piece, str, "token_strs[]") for piece in pieces)
