"""Whether anything leaves that the detector finds: ``python -m bench.privacy_fuzz --texts 100000``.

Texts and messages of parts are drawn, concealed, looked at again by the same detector, and restored. Three things are
counted: those that left with a value outside a token, those that did not come back as they were, and those that were
blocked. The command ends with status 1 if any of the first two is above zero.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from multiprocessing import Pool
from typing import Final

from bench.privacy_texts import random_parts, random_text
from foureyes.errors import PrivacyError
from foureyes.privacy import (
    COUNTRIES,
    Conversation,
    PatternDetector,
    Vault,
    conceal,
    conceal_parts,
    reveal,
    reveal_parts,
)
from foureyes.privacy.passages import Passage, holds_json
from foureyes.privacy.tokens import token_shapes
from foureyes.types import Part, Reasoning, Refusal, ToolCall, ToolResult

__all__ = ["counted", "left_over"]

_CHUNK: Final = 250


def main() -> None:
    """Draws texts, prints what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--countries", choices=["default", "all"], default="default")
    args = parser.parse_args()
    seeds = range(args.seed * 10**9, args.seed * 10**9 + args.texts)
    chunks = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
    with Pool(args.processes) as pool:
        total = sum(pool.imap_unordered(partial(counted, everywhere=args.countries == "all"), chunks), Counter[str]())
    for name in ("texts", "with something to conceal", "left with a value", "not restored", "blocked"):
        print(f"{name:28} {total[name]}")
    sys.exit(bool(total["left with a value"] or total["not restored"]))


def counted(seeds: Sequence[int], *, everywhere: bool = False) -> Counter[str]:
    """Tries one text for each seed; every fourth is a message of parts."""
    detector = PatternDetector(countries=COUNTRIES) if everywhere else PatternDetector()
    vault = Vault.open()
    total = Counter[str]()
    for seed in seeds:
        total["texts"] += 1
        draw = random.Random(seed)  # noqa: S311 - a seed names a text
        try:
            found = (
                _try_parts(random_parts(draw), detector, vault.conversation())
                if seed % 4 == 0
                else _try(random_text(draw), detector, vault.conversation())
            )
        except PrivacyError:
            found = ["blocked"]
        total.update(found)
    return total


def left_over(text: str, detector: PatternDetector) -> list[str]:
    """What a detector finds in a concealed text besides tokens."""
    tokens = [(token.start, token.end) for token in token_shapes(text)]
    covered = {place for start, end in tokens for place in range(start, end)}
    found = (range(finding.start, finding.end) for finding in detector.find(text))
    return [text[place.start : place.stop] for place in found if not covered.issuperset(place)]


def _try(text: str, detector: PatternDetector, conversation: Conversation) -> list[str]:
    safe = conceal([text], detector, conversation)
    return _names(
        concealed=bool(safe.manifest),
        left=bool(left_over(safe.texts[0], detector)),
        restored=reveal(safe.texts[0], conversation) == text,
    )


def _try_parts(parts: Sequence[Part], detector: PatternDetector, conversation: Conversation) -> list[str]:
    safe = conceal_parts(parts, detector, conversation)
    return _names(
        concealed=list(safe) != list(parts),
        left=bool(left_over(_said(safe), detector)),
        restored=list(map(_parsed, reveal_parts(safe, conversation))) == list(map(_parsed, parts)),
    )


def _names(*, concealed: bool, left: bool, restored: bool) -> list[str]:
    named = {"with something to conceal": concealed, "left with a value": left, "not restored": not restored}
    return [name for name, true in named.items() if true]


def _said(parts: Sequence[Part]) -> str:
    """What parts say, one below the other: JSON with its strings decoded, as they are looked at."""
    passage = Passage()
    for part in parts:
        match part:
            case ToolCall(name, arguments):
                passage.add_words(f"{name}\n")
                passage.add_json(arguments)
            case ToolResult(content):
                passage.add_json(content)
            case Reasoning(text) | Refusal(text) | str(text):
                passage.add_words(text)
        passage.add_words("\n")
    return passage.text


def _parsed(part: Part) -> object:
    """What a part says, to compare: JSON may come back with other escapes inside a value."""
    match part:
        case ToolCall(arguments=text) | ToolResult(content=text) | Reasoning(text) | Refusal(text):
            return json.loads(text) if holds_json(text) else text
        case _:
            return part


if __name__ == "__main__":
    main()
