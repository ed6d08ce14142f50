"""A reader in this process: any Hugging Face causal language model on CPU, CUDA or MPS.

How a call to :meth:`TransformersReader.read` goes:

1. Every exchange becomes token ids (:mod:`~foureyes.models.formatting`).
2. Rows are sorted by their tokens, so that neighbours share prefixes, and cut into batches by token budget.
3. A batch is laid into one row without padding, shared prefixes once (:mod:`~foureyes.models.packing`), and goes through the network
   (:mod:`attention`).
4. The vocabulary head sees only the places that predict an answer token, tile by tile (:mod:`head`).

When the model is loaded, a probe is read this way and by the model's own forward pass. A model of a kind for which the
two differ (recurrent layers, unusual attention) is read with its own forward pass from then on, one sequence at a time:
slower, and right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch

from foureyes.errors import ConfigError
from foureyes.models.head import Head, Statistics
from foureyes.models.item_reading import Numbered, TokenStatistics, read_in_windows, readings_of
from foureyes.models.packing import common_prefix, grow_forest
from foureyes.models.roles import Predicted
from foureyes.models.transformers.attention import AttentionPlan, Unpackable, packed
from foureyes.models.transformers.formatting import Formatter, Item
from foureyes.models.transformers.loading import Loaded, load
from foureyes.models.turn_template import TurnText
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["TransformersReader"]

TOKEN_BUDGET = 2048
"""Tokens per batch: enough to keep the processor in its large matrix products, small enough to stay in its caches."""

PROBE_VOCABULARY = 4096
"""Tokens the probe is drawn from and read against."""

PROBE_TOLERANCE = {torch.float32: 0.005, torch.float16: 0.05, torch.bfloat16: 0.35}
"""Largest mean difference over a probe's sequence, in nats a token, between the two ways of reading it that is still
rounding. In bfloat16 rounding was measured at up to 0.18 (single tokens at 0.8); a wrong mask, position or logit scale
at 0.5 to 5 in some sequence, on the two small models known by name."""


_NO_ROOM: Final = ("DefaultCPUAllocator", "MPS backend out of memory")
"""How torch says that memory is short where it raises nothing but a ``RuntimeError``."""


class TransformersReader:
    """Reads answers with a Hugging Face causal language model in this process.

    Numbers do not depend on batch size, order or neighbours beyond rounding: 1e-4 nats per token in float32, about
    0.1 in bfloat16 (``tests/contracts`` holds it to that).

    Use :meth:`load`; the constructor takes an already loaded model.

    Example:
        >>> reader = TransformersReader.load("models/SmolLM2-135M-Instruct")            # doctest: +SKIP
        >>> reader.read([Exchange("Capital of Australia?", "Sydney")])[0].nll.mean()    # doctest: +SKIP
        2.99
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        truncate: Literal["refuse", "left"] = "refuse",
        template_args: Mapping[str, Any] | None = None,
    ) -> None:
        if truncate not in ("refuse", "left"):
            raise ConfigError(f"truncate must be 'refuse' or 'left'; got {truncate!r}")
        self._loaded = loaded
        self._format = Formatter(
            loaded.tokenizer, limit=loaded.context, truncate=truncate == "left", arguments=template_args
        )
        self._truncate = truncate
        self._head = loaded.head()
        self._layout = self._probe()

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        name: str | None = None,
        fingerprint: str | None = None,
        dtype: str | None = None,
        device: str | None = None,
        truncate: Literal["refuse", "left"] = "refuse",
        template_args: Mapping[str, Any] | None = None,
    ) -> TransformersReader:
        """Loads a model folder (``config.json``, safetensors, tokenizer).

        Args:
            folder: the folder, as ``foureyes models path`` prints it.
            name: what to call the model; the folder's name when ``None``.
            fingerprint: identity of the weights, when the caller knows it; the folder's files are hashed otherwise.
            dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``; ``None`` for the fastest of the processor.
            device: ``"cpu"``, ``"cuda"``, ``"mps"``; ``None`` for the best there is.
            truncate: what to do with a prompt that does not fit: refuse the row, or cut the prompt from its left, behind
                what its chat template puts before the first message.
            template_args: what the chat template is told besides: ``{"enable_thinking": False}``.

        Raises:
            ModelUnavailable: the folder is not a model that can be loaded.
            ConfigError: an argument is not one of those above, or the chat template does not read it.
        """
        loaded = load(folder, name=name, fingerprint=fingerprint, dtype=dtype, device=device)
        return cls(loaded, truncate=truncate, template_args=template_args)

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self._loaded.name

    @property
    def fingerprint(self) -> str:
        """Weights, arithmetic, treatment of long prompts, and what the chat template is told."""
        told = f":{self._format.identity}" if self._format.identity else ""
        return f"{self._loaded.identity}:{self._truncate}{told}"

    @property
    def layout(self) -> Literal["packed", "single"]:
        """Whether batches are packed into one row, or sequences read one at a time by the model's own forward pass."""
        return self._layout

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        """Reads every exchange; see :class:`foureyes.models.roles.Reader`."""
        return read_in_windows(exchanges, self._format, _batches, lambda items: self._read_batch(items, top_k))

    @property
    def vocabulary(self) -> Sequence[str]:
        """Tokens by their ids."""
        tokens: list[str] = self._loaded.tokenizer.convert_ids_to_tokens(range(len(self._loaded.tokenizer)))
        return tokens

    @torch.inference_mode()
    def predict(self, exchange: Exchange) -> Predicted | Unscored:
        """Its distribution before every token of the answer; see :class:`foureyes.models.roles.Predictor`."""
        (item,) = self._format.items([exchange])
        if isinstance(item, Unscored):
            return item
        return Predicted(item.answer_ids, item.selected, self._own_logits(item).log_softmax(-1).cpu().numpy())

    def _read_batch(self, items: list[Item], top_k: int) -> list[Reading | Unscored]:
        try:
            statistics = self._statistics(items, top_k)
        except (RuntimeError, MemoryError) as error:
            if not _is_short_of_memory(error):
                raise
            statistics = None  # and on, below, when the exception holds no tensor any more
        if statistics is None:
            return self._read_less(items, top_k)
        found = TokenStatistics(*(getattr(statistics, name).numpy() for name in TokenStatistics.__slots__))
        return readings_of(self.name, items, found, self._text)

    def _read_less(self, items: list[Item], top_k: int) -> list[Reading | Unscored]:
        """Half after half; what is out of memory by itself is unscored, and no other row for its sake."""
        if len(items) == 1:
            n = len(items[0].fed)
            return [Unscored("unavailable", f"{self.name} ran out of memory on one row of {n} tokens")]
        half = len(items) // 2
        return self._read_batch(items[:half], top_k) + self._read_batch(items[half:], top_k)

    @torch.inference_mode()
    def _statistics(self, items: list[Item], top_k: int) -> Statistics:
        """Of all answer tokens of the batch, in the order of the items."""
        if self._layout == "single":
            parts = [self._own_statistics(item, top_k) for item in items]
            fields = Statistics.__slots__
            return Statistics(**{name: torch.cat([getattr(part, name) for part in parts]) for name in fields})
        return self._packed_statistics(items, self._head, top_k)

    def _packed_statistics(self, items: list[Item], head: Head, top_k: int) -> Statistics:
        device = self._loaded.device
        forest = grow_forest([item.fed for item in items])
        # Place of the token that predicts each answer token; several answers to one prompt share the first.
        places = np.concatenate(
            [where[len(item.prompt_ids) - 1 :] for item, where in zip(items, forest.places, strict=True)]
        )
        rows, row_of = np.unique(places, return_inverse=True)
        order = np.argsort(row_of, kind="stable")
        with packed(AttentionPlan(forest, device=device, dtype=self._loaded.dtype)):
            hidden = self._loaded.body(
                input_ids=torch.from_numpy(forest.ids)[None].to(device),
                position_ids=torch.from_numpy(forest.positions)[None].to(device),
                use_cache=False,
            ).last_hidden_state[0]
        tokens = np.concatenate([item.answer_ids for item in items])
        statistics = head.statistics(
            hidden[torch.from_numpy(rows).to(device)],
            torch.from_numpy(row_of[order]).to(device),
            torch.from_numpy(tokens[order]).to(device),
            top_k=top_k,
        )
        back = torch.from_numpy(np.argsort(order))
        return Statistics(**{name: getattr(statistics, name)[back] for name in Statistics.__slots__})

    def _own_statistics(self, item: Item, top_k: int) -> Statistics:
        """By the model's own forward pass, head included."""
        logits = self._own_logits(item)
        tokens = torch.from_numpy(item.answer_ids).to(logits.device)
        return Head.of_logits(logits, tokens, top_k=top_k)

    def _own_logits(self, item: Item) -> torch.Tensor:
        n = len(item.answer_ids)
        ids = torch.from_numpy(item.fed)[None].to(self._loaded.device)
        logits: torch.Tensor = self._loaded.model(input_ids=ids, use_cache=False, logits_to_keep=n).logits
        return logits[0, -n:].float()

    def _text(self, token: int) -> str:
        text: str = self._loaded.tokenizer.decode([token])
        return text

    @torch.inference_mode()
    def _probe(self) -> Literal["packed", "single"]:
        if not self._loaded.packable:
            return "single"
        items = _probe_items(min(self._head.vocabulary, PROBE_VOCABULARY))
        with self._loaded.narrowed(PROBE_VOCABULARY):
            own = [self._own_statistics(item, 0).nll for item in items]
            try:
                ours = self._packed_statistics(items, self._loaded.head(), 0).nll.split([len(nll) for nll in own])
            except Unpackable:
                return "single"
        furthest = max(float((a - b).abs().mean()) for a, b in zip(own, ours, strict=True))
        return "packed" if furthest <= PROBE_TOLERANCE[self._loaded.dtype] else "single"


def _is_short_of_memory(error: RuntimeError | MemoryError) -> bool:
    """Whether a device had no room for what was read: of a processor's memory, and of Apple's, torch has no class of errors but words."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(words in str(error) for words in _NO_ROOM)


def _batches(todo: list[Numbered]) -> Iterator[list[Numbered]]:
    """Cuts sorted items into batches of about TOKEN_BUDGET laid tokens.

    A batch may grow to three times its longest sequence, so that a long shared prompt is not read again for every few
    short answers.
    """
    batch: list[Numbered] = []
    laid = longest = 0
    previous = np.empty(0, np.int64)
    for entry in todo:
        fed = entry[1].fed
        new = len(fed) - common_prefix(previous, fed)
        if batch and laid + new > max(TOKEN_BUDGET, 3 * max(longest, len(fed))):
            yield batch
            batch, laid, longest, new = [], 0, 0, len(fed)
        batch.append(entry)
        laid += new
        longest = max(longest, len(fed))
        previous = fed
    if batch:
        yield batch


def _probe_items(vocabulary: int) -> list[Item]:
    """Two sequences that share a prefix, and one that does not, of random tokens: nothing about them is likely."""
    random = np.random.default_rng(0)
    prefix = random.integers(vocabulary, size=12)
    turn = TurnText("probe")
    return [
        Item(turn, prompt, answer, np.zeros((len(answer), 2), np.int64), np.ones(len(answer), bool))
        for prompt, answer in [
            (prefix, random.integers(vocabulary, size=5)),
            (prefix, random.integers(vocabulary, size=9)),
            (random.integers(vocabulary, size=7), random.integers(vocabulary, size=3)),
        ]
    ]
