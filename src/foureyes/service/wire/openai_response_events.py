"""The events of a streamed response: every item is announced, grows, and is done, and then the response is.

An item is open until another one begins. The end of the response waits for the verdict.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from foureyes.service.wire.openai import sse
from foureyes.service.wire.openai_response_body import WrittenResponse, response_of
from foureyes.types import new_id

__all__ = ["ResponseEvents"]

Event: TypeAlias = tuple[str, dict[str, Any]]

_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "reasoning_content": ("reasoning_text", "text"),
    "content": ("output_text", "text"),
    "refusal": ("refusal", "refusal"),
}
"""Fields of a delta that hold words: the kind of content they are here, and the field that holds them."""


class ResponseEvents:
    """Makes events of the chunks of a chat completion.

    Args:
        asked: the body of the request.

    Attributes:
        written: what has been written so far.
    """

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._asked = asked
        self._number = 0
        self._began = False
        self._open: dict[str, Any] | None = None  # the item that grows
        self._call = -1  # place of the tool call that is open
        self.written = WrittenResponse(f"resp_{new_id()}", 0, "")

    def feed(self, chunk: Mapping[str, Any]) -> bytes:
        """The events that a chunk gives."""
        return b"".join(self._sse(*event) for event in self._events(chunk))

    def finished(self, chunks: Iterable[Mapping[str, Any]]) -> WrittenResponse:
        """What chunks come to, without an event."""
        for chunk in chunks:
            deque(self._events(chunk), maxlen=0)
        deque(self._ended(), maxlen=0)
        return self.written

    def end(self, told: Mapping[str, Any]) -> bytes:
        """The response as it ended, with what the route says of it."""
        closed = b"".join(self._sse(*event) for event in self._ended())
        response = {**response_of(self._asked, self.written), "foureyes": told}
        return closed + self._sse(f"response.{self.written.status}", {"response": response})

    def _events(self, chunk: Mapping[str, Any]) -> Iterator[Event]:
        if not self._began:
            self._began = True
            self.written.created, self.written.model = chunk.get("created") or 0, chunk.get("model") or ""
            for name in ("created", "in_progress"):
                yield f"response.{name}", {"response": response_of(self._asked, self.written)}
        self.written.usage = chunk.get("usage") or self.written.usage
        for choice in (chunk.get("choices") or [])[:1]:
            yield from self._delta(choice)
            self.written.finish = choice.get("finish_reason") or self.written.finish

    def _ended(self) -> Iterator[Event]:
        self.written.finish = self.written.finish or "stop"
        return self._closed()

    def _delta(self, choice: Mapping[str, Any]) -> Iterator[Event]:
        delta = choice.get("delta") or {}
        logprobs = (choice.get("logprobs") or {}).get("content") or []
        words = {**delta, "reasoning_content": delta.get("reasoning_content") or delta.get("reasoning")}
        for name in _PARTS:
            if words.get(name):
                yield from self._said(name, words[name], logprobs if name == "content" else [])
        for call in delta.get("tool_calls") or ():
            yield from self._called(call)

    def _said(self, name: str, words: str, logprobs: list[Any]) -> Iterator[Event]:
        kind, place = _PARTS[name]
        item_kind = "reasoning" if name == "reasoning_content" else "message"
        if self._open is None or self._open["type"] != item_kind:
            yield from self._closed()
            yield from self._opened(_item(item_kind))
        item = self._item
        if not item["content"] or item["content"][-1]["type"] != kind:
            yield from self._part_done()
            item["content"].append(_part(kind, place))
            yield "response.content_part.added", {**self._content_place, "part": _part(kind, place)}
        part = item["content"][-1]
        part[place] += words
        more = {}
        if kind == "output_text":
            part["logprobs"] += logprobs
            more = {"logprobs": logprobs}
        yield f"response.{kind}.delta", {**self._content_place, "delta": words, **more}

    def _called(self, call: Mapping[str, Any]) -> Iterator[Event]:
        said = call.get("function") or {}
        if self._open is None or self._open["type"] != "function_call" or call.get("index", 0) != self._call:
            yield from self._closed()
            self._call = call.get("index", 0)
            item = _item("function_call")
            item |= {"call_id": call.get("id") or f"call_{new_id()}", "name": said.get("name") or "", "arguments": ""}
            yield from self._opened(item)
        if more := said.get("arguments"):
            self._item["arguments"] += more
            yield "response.function_call_arguments.delta", {**self._place, "delta": more}

    def _opened(self, item: dict[str, Any]) -> Iterator[Event]:
        self._open = item
        self.written.output.append(item)
        shown = {**item, "content": []} if "content" in item else dict(item)
        yield "response.output_item.added", {"output_index": len(self.written.output) - 1, "item": shown}

    def _closed(self) -> Iterator[Event]:
        """The end of the item that is open."""
        if self._open is None:
            return
        if self._open["type"] == "function_call":
            done = {"name": self._open["name"], "arguments": self._open["arguments"]}
            yield "response.function_call_arguments.done", {**self._place, **done}
        yield from self._part_done()
        self._open["status"] = "incomplete" if self.written.status == "incomplete" else "completed"
        yield (
            "response.output_item.done",
            {"output_index": len(self.written.output) - 1, "item": {**self._open}},
        )
        self._open = None

    def _part_done(self) -> Iterator[Event]:
        """The end of the open item's latest part, where it has one."""
        if not self._item.get("content"):
            return
        part = self._item["content"][-1]
        name = "refusal" if part["type"] == "refusal" else "text"
        more = {"logprobs": part["logprobs"]} if part["type"] == "output_text" else {}
        yield f"response.{part['type']}.done", {**self._content_place, name: part[name], **more}
        yield "response.content_part.done", {**self._content_place, "part": dict(part)}

    @property
    def _item(self) -> dict[str, Any]:
        return self._open or {}

    @property
    def _place(self) -> dict[str, Any]:
        return {"item_id": self._item["id"], "output_index": len(self.written.output) - 1}

    @property
    def _content_place(self) -> dict[str, Any]:
        return {**self._place, "content_index": len(self._item["content"]) - 1}

    def _sse(self, kind: str, event: Mapping[str, Any]) -> bytes:
        text = sse({"type": kind, "sequence_number": self._number, **event}, name=kind)
        self._number += 1
        return text


def _item(kind: str) -> dict[str, Any]:
    match kind:
        case "message":
            return {"id": f"msg_{new_id()}", "type": kind, "status": "in_progress", "role": "assistant", "content": []}
        case "reasoning":
            return {"id": f"rs_{new_id()}", "type": kind, "status": "in_progress", "summary": [], "content": []}
    return {"id": f"fc_{new_id()}", "type": kind, "status": "in_progress"}


def _part(kind: str, place: str) -> dict[str, Any]:
    return {"type": kind, place: "", **({"annotations": [], "logprobs": []} if kind == "output_text" else {})}
