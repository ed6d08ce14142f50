"""LiteLLM's generic guardrail: its proxy asks before a model is called and after it answered.

The proxy tells the two apart only by ``litellm_call_id``: after the call it sends the answer and no question. So:

1. before the call, everything in the request must be readable; personal data becomes tokens; and the conversation, with
   these tokens in it, is remembered under the name of the call;
2. after the call, the answer is verified against it: each text together with all tool calls, as the proxy does not say
   which belongs to which choice. Only if each is safe does it go out, with the tokens turned back.

The rule that holds throughout: what is not certain is ``BLOCKED``, with a reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from foureyes.errors import InputError, PrivacyError
from foureyes.json_text import parsed_json
from foureyes.privacy import conceal_parts, reveal_parts
from foureyes.service.access import Call, Verifying, spend
from foureyes.service.prompt_memory import RememberedPrompt
from foureyes.service.verification import VerificationQuery, verify
from foureyes.service.wire.gateways import LiteLLMRequest, LiteLLMResponse
from foureyes.turns import openai_chat
from foureyes.turns.mapping import as_json
from foureyes.types import Exchange, Message, Part, ToolCall

if TYPE_CHECKING:
    from foureyes.guard import Decision
    from foureyes.privacy import Detector
    from foureyes.privacy.vault import Conversation

__all__ = ["litellm", "require_question"]

_ASKING: Final = ("user", "system", "developer")

_NAMED: Final = 300
"""Characters of a reason that came with the request."""

_SAID: Final = ("content", "text", "refusal", "reasoning_content", "reasoning", "thinking", "input")
"""Fields of messages, and of parts of them, that hold words."""


async def litellm(call: Verifying, body: LiteLLMRequest) -> LiteLLMResponse:
    """Before a model is asked: personal data is replaced by tokens. After it answered: the answer is verified.

    The request that was shown here before the call, under the same `litellm_call_id`, is what the answer is verified
    against; without one it is blocked. So is whatever has a part that cannot be read, such as an image.
    """
    if body.unread:
        return _blocked(f"nobody here can read {', '.join(body.unread)}")
    try:
        return await (_before if body.input_type == "request" else _after)(call, body)
    except InputError as error:
        return _blocked(str(error))
    except PrivacyError:
        return _blocked("personal data could not be looked for")


async def _before(call: Call, body: LiteLLMRequest) -> LiteLLMResponse:
    rows, texts = body.structured_messages or [], body.texts or []
    if body.tool_calls and not rows:
        return _blocked("nobody here can read tool calls of earlier turns without their messages")
    vault, detector = call.parts.vault, call.parts.detector
    if vault is not None and detector is not None:
        conversation = vault.conversation(_session(body.litellm_call_id) if body.litellm_call_id else None)
        rows, texts = await call.in_privacy_thread(_concealed, rows, texts, detector, conversation)
    prompt = RememberedPrompt(_conversation(rows, texts), openai_chat.tools({"tools": body.tools or []}))
    if unread := [kind for message in prompt.messages for kind in message.unread]:
        return _blocked(f"nobody here can read {', '.join(unread)}")
    if body.litellm_call_id:
        call.tenant.prompts.remember(body.litellm_call_id, prompt, at=call.state.instruments.clock())
    if rows == (body.structured_messages or []) and texts == (body.texts or []):
        return LiteLLMResponse(action="NONE")
    # Texts are put where they came from. Rows replace whole messages, so they are sent only where texts are not all.
    beyond = _calls_of(rows) != _calls_of(body.structured_messages or [])
    return LiteLLMResponse(
        action="GUARDRAIL_INTERVENED", texts=texts or None, structured_messages=rows if beyond else None
    )


async def _after(call: Call, body: LiteLLMRequest) -> LiteLLMResponse:
    answers = _answers(body)
    prompt = _prompt(call, body)
    shown = [answer.content for answer in answers]
    texts, messages = body.texts or [], prompt.messages
    if conversation := await _stored(call, body.litellm_call_id):
        messages, answers = await call.in_privacy_thread(_revealed, (messages, answers), conversation)
        if _calls(answers) != _calls(_answers(body)):
            return _blocked("a tool call holds tokens of personal data, and LiteLLM takes back no other tool call")
        revealed = map(_words, answers)
        texts = [next(revealed) if text else text for text in texts]  # each in its place
    decisions = await _verified(call, [Exchange.of(messages, answer, tools=prompt.tools) for answer in answers])
    if unsafe := [decision for decision in decisions if not decision.safe]:
        return _blocked(f"{unsafe[0].verdict.reason} (verification {unsafe[0].request_id})")
    if [answer.content for answer in answers] == shown:
        return LiteLLMResponse(action="NONE")
    return LiteLLMResponse(action="GUARDRAIL_INTERVENED", texts=texts)


async def _verified(call: Call, exchanges: Sequence[Exchange]) -> list[Decision]:
    await spend(call.tenant, len(exchanges) - 1, now=call.state.instruments.wall_clock())
    gate = asyncio.Semaphore(call.state.parts.server.batch_parallel)

    async def one(exchange: Exchange) -> Decision:
        async with gate:
            return await verify(call, VerificationQuery(exchange))

    return await asyncio.gather(*(one(exchange) for exchange in exchanges))


def _conversation(rows: Sequence[dict[str, Any]], texts: Sequence[str]) -> tuple[Message, ...]:
    """The messages of a request; of one that has none, such as a text to complete, its texts."""
    if rows:
        return openai_chat.messages({"messages": list(rows)})
    return tuple(Message("user", text) for text in texts)


def _prompt(call: Call, body: LiteLLMRequest) -> RememberedPrompt:
    """What was asked: sent with the answer, should the proxy do so, or remembered."""
    if body.structured_messages:
        sent = _conversation(body.structured_messages, [])
        prompt = RememberedPrompt(sent, openai_chat.tools({"tools": body.tools or []}))
    elif body.litellm_call_id:
        prompt = call.tenant.prompts.recall(body.litellm_call_id, at=call.state.instruments.clock())
    else:
        raise InputError("an answer without litellm_call_id: nobody knows what was asked")
    require_question(prompt.messages)
    return prompt


def require_question(messages: Sequence[Message]) -> None:
    """Makes sure that there is something to verify an answer against.

    Raises:
        InputError: nobody asked or instructed anything.
    """
    if not any(message.role in _ASKING and message.content.strip() for message in messages):
        raise InputError("nothing to verify against: no message of a user, and no instructions")


def _answers(body: LiteLLMRequest) -> list[Message]:
    """The answer, once for every text in it: each with all tool calls."""
    texts: list[str | None] = [text for text in body.texts or [] if text]
    if not texts and not body.tool_calls:
        raise InputError("nothing to verify: the answer has neither texts nor tool calls")
    calls = {"tool_calls": body.tool_calls} if body.tool_calls else {}
    return [openai_chat.message({"role": "assistant", "content": text, **calls}) for text in texts or [None]]


def _session(call_id: str) -> str:
    """The vault's name for what a call's request held: one that no caller of our own routes can give to a session.

    Clients of the proxy may choose the name of their call, and must not come by what another conversation keeps.
    """
    return f"litellm {call_id}"


async def _stored(call: Call, call_id: str | None) -> Conversation | None:
    """The conversation with what was taken out of the request, if any was."""
    vault = call.parts.vault
    if vault is None or not call_id or not await call.in_thread(vault.__contains__, _session(call_id)):
        return None
    return vault.conversation(_session(call_id))


def _revealed(
    both: tuple[tuple[Message, ...], list[Message]], conversation: Conversation
) -> tuple[tuple[Message, ...], list[Message]]:
    prompt, answers = both

    def revealed(message: Message) -> Message:
        return Message.of(message.role, reveal_parts(_parts(message), conversation))

    return tuple(map(revealed, prompt)), list(map(revealed, answers))


def _parts(message: Message) -> Sequence[Part]:
    return message.parts or (message.content,)


def _words(answer: Message) -> str:
    return "".join(part for part in _parts(answer) if isinstance(part, str))


def _calls(answers: Sequence[Message]) -> list[ToolCall]:
    return [call for answer in answers for call in answer.calls]


def _concealed(
    rows: Sequence[dict[str, Any]], texts: Sequence[str], detector: Detector, conversation: Conversation
) -> tuple[list[dict[str, Any]], list[str]]:
    """Messages and texts with tokens instead of personal data, found in all of them together."""
    found = list(_said(list(rows)))
    hidden = iter(conceal_parts([*found, *texts], detector, conversation))
    concealed_rows = _with_said(list(rows), hidden)
    return concealed_rows, [str(text) for text in hidden]


def _said(value: Any, name: str = "") -> Iterator[Part]:
    """Everything that messages say, in order: words, and the arguments of tool calls."""
    if name == "arguments" and isinstance(value, str | dict | list):
        yield ToolCall("", value if isinstance(value, str) else as_json(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _said(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _said(inner, name)
    elif isinstance(value, str) and name in _SAID:
        yield value


def _with_said(value: Any, said: Iterator[Part], name: str = "") -> Any:
    """The same messages with other words, in the order of :func:`_said`."""
    if name == "arguments" and isinstance(value, str | dict | list):
        part = next(said)
        concealed = part.arguments if isinstance(part, ToolCall) else ""
        return concealed if isinstance(value, str) else parsed_json(concealed)
    if isinstance(value, dict):
        return {key: _with_said(inner, said, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_said(inner, said, name) for inner in value]
    return next(said) if isinstance(value, str) and name in _SAID else value


def _calls_of(rows: Sequence[dict[str, Any]]) -> list[Any]:
    """What of messages the texts beside them do not say."""
    return [{key: value for key, value in row.items() if key != "content"} for row in rows]


def _blocked(reason: str) -> LiteLLMResponse:
    return LiteLLMResponse(action="BLOCKED", blocked_reason=reason[:_NAMED])
