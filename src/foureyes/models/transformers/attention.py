"""Attention over a packed row, plugged into any Hugging Face model through its attention interface.

Hugging Face models look their attention function up by name. Under the name :data:`NAME` they find :func:`attend`, which
follows the :class:`AttentionPlan` of the batch being read, or, when no plan is active (during generation), what the model would
have used by itself. The plan travels in a context variable, so threads do not see each other's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from foureyes.models.packing import Block, PackedForest, plan_attention

__all__ = ["NAME", "AttentionPlan", "Unpackable", "packed"]

NAME: Final = "foureyes_packed"

UNPACKABLE: Final = ("s_aux", "sinks", "position_bias", "head_mask")
"""Arguments of some models' attention that :func:`attend` does not implement and must not ignore."""


class Unpackable(Exception):
    """This model's attention needs something that packed reading does not do."""


class AttentionPlan:
    """The blocks of one packed batch as tensors, one list per attention window, made when a layer first asks."""

    def __init__(self, forest: PackedForest, *, device: torch.device, dtype: torch.dtype) -> None:
        self._forest = forest
        self._longest = max(node.depth + node.length for node in forest.nodes)
        self._device = device
        self._dtype = dtype
        self._blocks: dict[int | None, list[_TensorBlock]] = {}

    def blocks(self, window: int | None) -> list[_TensorBlock]:
        """The blocks for full attention (``None``) or for a sliding window."""
        if window is not None and window >= self._longest:
            window = None  # nothing lies outside it: share the plan of full attention
        if window not in self._blocks:
            plan = plan_attention(self._forest, window)
            self._blocks[window] = [_TensorBlock(block, self._device, self._dtype) for block in plan]
        return self._blocks[window]


class _TensorBlock:
    def __init__(self, block: Block, device: torch.device, dtype: torch.dtype) -> None:
        self.shape = block.queries.shape
        self.key_shape = block.keys.shape
        self.mask: torch.Tensor | None = None
        if block.seen is None:  # one node, contiguous in the row
            self.rows: slice | None = slice(int(block.queries[0, 0]), int(block.queries[0, -1]) + 1)
            return
        self.rows = None
        self.queries = torch.from_numpy(block.queries.ravel()).to(device)
        self.keys = torch.from_numpy(block.keys.ravel()).to(device)
        self.real = torch.from_numpy(block.real.ravel().nonzero()[0]).to(device)
        self.targets = self.queries[self.real]
        # Additive, since the kernels turn a boolean mask into this one at every call.
        seen = torch.from_numpy(block.seen).to(device)
        self.mask = torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill_(~seen, -torch.inf)[:, None]


_PLAN: ContextVar[AttentionPlan | None] = ContextVar("foureyes_attention_plan", default=None)


@contextmanager
def packed(plan: AttentionPlan) -> Iterator[None]:
    """While this is entered, models under :data:`NAME` attend as the plan says."""
    token = _PLAN.set(plan)
    try:
        yield
    finally:
        _PLAN.reset(token)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Attention of one layer. Shapes are the interface's: in (1, heads, N, width), out (1, N, heads, width)."""
    plan = _PLAN.get()
    if plan is None:
        return _attend_as_usual(module, query, key, value, attention_mask, **kwargs)
    _refuse_unknown(module, kwargs)
    scale, softcap = kwargs.get("scaling"), kwargs.get("softcap")
    q, k, v = (states[0].transpose(0, 1) for states in (query, key, value))
    out = q.new_empty(q.shape[0], q.shape[1], v.shape[2])
    for block in plan.blocks(kwargs.get("sliding_window")):
        _attend_block(block, q, k, v, out, scale=scale, softcap=softcap)
    return out[None], None


def _attend_block(
    block: _TensorBlock,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    out: torch.Tensor,
    *,
    scale: float | None,
    softcap: float | None,
) -> None:
    if block.rows is not None:
        qs, ks, vs = (states[block.rows][None].transpose(1, 2) for states in (q, k, v))
        out[block.rows] = _scaled_dot_product(qs, ks, vs, None, scale=scale, softcap=softcap)[0]
        return
    qs = q.index_select(0, block.queries).unflatten(0, block.shape).transpose(1, 2)
    ks, vs = (s.index_select(0, block.keys).unflatten(0, block.key_shape).transpose(1, 2) for s in (k, v))
    result = _scaled_dot_product(qs, ks, vs, block.mask, scale=scale, softcap=softcap).flatten(0, 1)
    if len(block.real) < len(result):
        result = result.index_select(0, block.real)
    out.index_copy_(0, block.targets, result)


def _scaled_dot_product(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    mask: torch.Tensor | None,
    *,
    scale: float | None,
    softcap: float | None,
) -> torch.Tensor:
    """(B, heads, Q, width) → (B, Q, heads, width); without a mask, causal."""
    grouped = k.shape[1] != q.shape[1]
    if softcap is None:
        out = scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None, scale=scale, enable_gqa=grouped
        )
        return out.transpose(1, 2)
    if grouped:
        k, v = (s.repeat_interleave(q.shape[1] // s.shape[1], dim=1) for s in (k, v))
    logits = (q @ k.transpose(2, 3)).float() * (scale if scale is not None else q.shape[3] ** -0.5)
    logits = torch.tanh(logits / softcap) * softcap
    if mask is None:
        n = logits.shape[-1]
        mask = torch.full((n, n), -torch.inf, device=q.device).triu_(1)
    return ((logits + mask).softmax(-1).to(v.dtype) @ v).transpose(1, 2)


def _refuse_unknown(module: torch.nn.Module, kwargs: dict[str, Any]) -> None:
    for name in UNPACKABLE:
        if kwargs.get(name) is not None:
            raise Unpackable(f"{type(module).__name__} uses {name}")
    if not getattr(module, "is_causal", True):
        raise Unpackable(f"{type(module).__name__} is not causal")


def _attend_as_usual(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Scaled-dot-product attention, or the model's own reference form for what that lacks (soft caps, sinks)."""
    output: tuple[torch.Tensor, torch.Tensor | None]
    if kwargs.get("softcap") is None and all(kwargs.get(name) is None for name in UNPACKABLE):
        output = sdpa_attention_forward(module, query, key, value, mask, **kwargs)
        return output
    additive = None if mask is None else torch.zeros_like(mask, dtype=query.dtype).masked_fill_(~mask, -torch.inf)
    eager = sys.modules[type(module).__module__].eager_attention_forward
    output = eager(module, query, key, value, additive, **kwargs)
    return output


def _mask(*args: Any, **kwargs: Any) -> torch.Tensor | None:
    # Always a mask, never "causal, so none needed": the reference form knows no such flag.
    return None if _PLAN.get() is not None else sdpa_mask(*args, **kwargs | {"allow_is_causal_skip": False})


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, _mask)
