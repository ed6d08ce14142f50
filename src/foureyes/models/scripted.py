"""A reader, a writer and a judge without a model, for tests of the code around them, ours and users'.

The reader tokenises by words and takes each word's probability from a table or from a hash of the word and the prompt, so its
numbers are arbitrary but reproducible, and legal in every respect a real reader's are.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from foureyes.errors import ModelError
from foureyes.models.prompts import unread_prompt, why_unread
from foureyes.models.roles import Sampling
from foureyes.types import (
    Alternative,
    Exchange,
    Prompt,
    Reading,
    Unscored,
    Vote,
    VoteVerdict,
    Written,
    render_parts,
    text_of,
)

__all__ = ["ScriptedJudge", "ScriptedReader", "ScriptedWriter"]

_WORD = re.compile(r"\s*\S+\s*$|\s*\S+")


class ScriptedReader:
    """Reads from a script.

    Args:
        probabilities: probability in (0, 1] of a word; others get one from a hash of prompt and word.
        failures: what to return instead of a reading, by answer.
        name: of the pretended verifier.
        context: most words of prompt and answer together; ``None`` for no limit.

    Example:
        >>> from foureyes.types import Exchange
        >>> reader = ScriptedReader({"Sydney": 0.25})
        >>> round(float(reader.read([Exchange("Capital of Australia?", "Sydney")])[0].nll[0]), 3)
        1.386
    """

    def __init__(
        self,
        probabilities: Mapping[str, float] | None = None,
        *,
        failures: Mapping[str, Unscored] | None = None,
        name: str = "scripted",
        context: int | None = None,
    ) -> None:
        self._probabilities = dict(probabilities or {})
        self._failures = dict(failures or {})
        self._name = name
        self._context = context

    @property
    def name(self) -> str:
        """Name of the pretended verifier."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """Changes whenever the script does."""
        script = repr((self._name, sorted(self._probabilities.items()), sorted(self._failures), self._context))
        return f"scripted:{hashlib.sha256(script.encode()).hexdigest()}"

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        """Reads every exchange, in order."""
        return [self._read_one(exchange, top_k) for exchange in exchanges]

    def _read_one(self, exchange: Exchange, top_k: int) -> Reading | Unscored:
        prompt = exchange.prompt if isinstance(exchange.prompt, str) else " ".join(m.content for m in exchange.prompt)
        if exchange.answer in self._failures:
            return self._failures[exchange.answer]
        if (unread := why_unread(exchange)) is not None:
            return unread
        words = [(m.group(), m.span()) for m in _WORD.finditer(exchange.answer)]
        n_prompt = len(prompt.split())
        if self._context is not None and n_prompt + len(words) > self._context:
            n = n_prompt + len(words)
            return Unscored("context", f"{n} words do not fit a context of {self._context}", n, self._context)
        p = np.array([self._probability(prompt, word.strip()) for word, _ in words])
        start, end = exchange.answer_span or (0, len(exchange.answer))
        byte = [len(exchange.answer[:i].encode()) for i in range(len(exchange.answer) + 1)]
        entropy = -p * np.log(p)
        return Reading(
            model=self._name,
            answer=exchange.answer,
            token_ids=np.arange(len(words)),
            spans=np.array([[byte[a], byte[b]] for _, (a, b) in words]),
            nll=-np.log(p),
            entropy_low=entropy,
            entropy_high=entropy,
            missing_mass=np.zeros(len(words)),
            rank=np.where(p > 0.5, 1, 2),
            top1=np.maximum(p, 1 - p),
            selected=np.array([a < end and b > start for _, (a, b) in words]),
            n_prompt_tokens=n_prompt,
            parts=() if exchange.turn is None else render_parts(exchange.turn.parts).spans,
            alternatives=tuple(tuple(Alternative(f"«{r}»", math.log(0.5**r)) for r in range(1, top_k + 1)) for _ in p)
            if top_k
            else (),
        )

    def _probability(self, prompt: str, word: str) -> float:
        if word in self._probabilities:
            return self._probabilities[word]
        digest = hashlib.sha256(f"{prompt}\0{word}".encode()).digest()
        return (int.from_bytes(digest[:4], "big") + 1) / 2**32


class ScriptedWriter:
    """Writes from a script.

    Args:
        replies: what is written by prompt, as text: one reply, or several that are given in turn when more than one
            answer is asked for; an :class:`~foureyes.types.Unscored` instead of a reply is handed on.
        otherwise: written to every prompt that the script does not name.
        probabilities: of words, as for :class:`ScriptedReader`, whose reading of a reply stands for the writer's own.
        name: of the pretended generator.

    Example:
        >>> writer = ScriptedWriter({"Capital of Australia?": ["Sydney", "Canberra"]})
        >>> (drawn,) = writer.write(["Capital of Australia?"], Sampling(temperature=1.0, n=3))
        >>> [written.exchange.answer for written in drawn]
        ['Sydney', 'Canberra', 'Sydney']
    """

    def __init__(
        self,
        replies: Mapping[str, str | Unscored | Sequence[str | Unscored]] | None = None,
        *,
        otherwise: str = "",
        probabilities: Mapping[str, float] | None = None,
        name: str = "scripted",
    ) -> None:
        self._replies = dict(replies or {})
        self._otherwise = otherwise
        self._reader = ScriptedReader(probabilities, name=name)

    @property
    def name(self) -> str:
        """Name of the pretended generator."""
        return self._reader.name

    @property
    def fingerprint(self) -> str:
        """Changes whenever the script does."""
        script = repr((self._reader.fingerprint, sorted(self._replies.items(), key=repr), self._otherwise))
        return f"scripted:{hashlib.sha256(script.encode()).hexdigest()}"

    def write(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Written | Unscored]]:
        """Answers every prompt ``sampling.n`` times, in order."""
        return [[self._write_one(prompt, i) for i in range(sampling.n)] for prompt in prompts]

    def _write_one(self, prompt: Prompt, i: int) -> Written | Unscored:
        if (unread := unread_prompt(prompt)) is not None and unread.reason == "unread_part":
            return unread
        known = self._replies.get(text_of(prompt), self._otherwise)
        reply = known if isinstance(known, str | Unscored) else known[i % len(known)]
        if isinstance(reply, Unscored):
            return reply
        exchange = Exchange(prompt, reply)
        (reading,) = self._reader.read([exchange])
        return Written(exchange, reading if isinstance(reading, Reading) else None, "stop")


class ScriptedJudge:
    """Votes from a script.

    Args:
        verdict: said of every answer that the script does not name.
        answers: verdict by answer; a :class:`~foureyes.errors.ModelError` is raised.
        confidence: P(right and safe) stated with a verdict of safe; its complement with unsafe; ``None`` for none.
        provider: of the pretended verifier.
        name: of the pretended verifier.

    Example:
        >>> import asyncio
        >>> from foureyes.types import Exchange
        >>> judge = ScriptedJudge("safe", answers={"Sydney": "unsafe"}, confidence=0.9)
        >>> vote = asyncio.run(judge.vote(Exchange("Capital of Australia?", "Sydney")))
        >>> vote.verdict, round(vote.confidence, 2)
        ('unsafe', 0.1)
    """

    def __init__(
        self,
        verdict: VoteVerdict = "safe",
        *,
        answers: Mapping[str, VoteVerdict | ModelError] | None = None,
        confidence: float | None = None,
        provider: str = "scripted",
        name: str = "scripted",
    ) -> None:
        self._verdict = verdict
        self._answers = dict(answers or {})
        self._confidence = confidence
        self._provider = provider
        self._name = name

    @property
    def provider(self) -> str:
        """Who pretends to run it."""
        return self._provider

    @property
    def name(self) -> str:
        """Name of the pretended verifier."""
        return self._name

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes as the script says."""
        said = self._answers.get(exchange.answer, self._verdict)
        if isinstance(said, ModelError):
            raise said
        return Vote(self._provider, self._name, said, self._stated(said), "as scripted")

    def _stated(self, verdict: VoteVerdict) -> float | None:
        if self._confidence is None or verdict in ("abstain", "error"):
            return None
        return self._confidence if verdict == "safe" else 1 - self._confidence
