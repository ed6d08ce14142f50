"""Answers that are sent on as they are written, and read afterwards."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast

from foureyes.errors import FoureyesError
from foureyes.guard.deadline import log_bug, log_failure
from foureyes.route.chunks import assembled, require_chunk
from foureyes.route.stages import checked_stage, failed_stage
from foureyes.route.walking import Walk, WalkEnd

__all__ = ["annotated_answer"]


async def annotated_answer(walk: Walk) -> AsyncGenerator[Mapping[str, Any] | WalkEnd]:
    """Chunks of a writer as they come, and last what the reader said.

    A writer that fails before its first chunk makes room for the next, which is stronger; nothing was sent of it. One that
    breaks off later ends the answer.
    """
    for place, member in enumerate(walk.members):
        walk.begin(place)
        began, chunks = time.monotonic(), list[Mapping[str, Any]]()
        try:
            async with aclosing(cast("Any", member.writer.stream(walk.request))) as stream:
                async for chunk in stream:
                    require_chunk(chunk)
                    chunks.append(chunk)
                    yield chunk
            result = checked_stage(member, walk.request, assembled(chunks), began)
        except Exception as error:  # noqa: BLE001 - a writer may be anyone's
            what = f"the writer {member.writer.name}"
            log_failure(error, what) if isinstance(error, FoureyesError) else log_bug(error, what)
            result = failed_stage(member, error, began)
        read = await walk.take_streamed(place, result)
        if chunks or result.body is not None or place == len(walk.members) - 1:
            yield walk.watched(place, read)
            return
