"""A language model of a few thousand weights as a GGUF file and as wheels, made on the spot."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize
from numpy.typing import NDArray
from transformers.convert_slow_tokenizer import bytes_to_unicode

from foureyes.models.weights.known import KnownModel, Part

TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}"
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = [("Ċ", "Ċ"), ("Ġ", "Ġ"), ("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "2"), ("1", "0")]
VOCABULARY = [*CONTROL, *bytes_to_unicode().values(), *("".join(pair) for pair in MERGES)]
VOCABULARY += [f"<pad{i}>" for i in range(-len(VOCABULARY) % 32)]
WIDTH, HIDDEN, HEADS, GROUPS, LAYERS = 64, 128, 4, 2, 2


def write_gguf(
    path: Path,
    *,
    tied: bool = True,
    pre: str = "gpt-2",
    extra: Mapping[str, tuple[int, ...]] | None = None,
    scaling: str | None = None,
    context: int = 128,
    kind: GGMLQuantizationType = GGMLQuantizationType.Q8_0,
    architecture: str = "llama",
) -> Path:
    """A llama of two layers with weights drawn under a fixed seed, quantised to 8 bits or to another kind."""
    writer = GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_license("cc0-1.0")
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(GROUPS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(VOCABULARY))
    if scaling:
        writer.add_string("llama.rope.scaling.type", scaling)
    _add_tokenizer(writer, pre)
    for name, shape in {**_shapes(tied=tied), **(extra or {})}.items():
        _add_tensor(writer, name, shape, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: GGUFWriter, pre: str) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(VOCABULARY)
    writer.add_token_types([TokenType.CONTROL if t in CONTROL else TokenType.NORMAL for t in VOCABULARY])
    writer.add_token_merges([" ".join(pair) for pair in MERGES])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(value=False)
    writer.add_chat_template(TEMPLATE)


def _shapes(*, tied: bool) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (len(VOCABULARY), WIDTH), "output_norm.weight": (WIDTH,)}
    if not tied:
        shapes["output.weight"] = (len(VOCABULARY), WIDTH)
    for i in range(LAYERS):
        shapes |= {
            f"blk.{i}.attn_norm.weight": (WIDTH,),
            f"blk.{i}.ffn_norm.weight": (WIDTH,),
            f"blk.{i}.attn_q.weight": (WIDTH, WIDTH),
            f"blk.{i}.attn_k.weight": (WIDTH * GROUPS // HEADS, WIDTH),
            f"blk.{i}.attn_v.weight": (WIDTH * GROUPS // HEADS, WIDTH),
            f"blk.{i}.attn_output.weight": (WIDTH, WIDTH),
            f"blk.{i}.ffn_gate.weight": (HIDDEN, WIDTH),
            f"blk.{i}.ffn_up.weight": (HIDDEN, WIDTH),
            f"blk.{i}.ffn_down.weight": (WIDTH, HIDDEN),
        }
    return shapes


def _add_tensor(writer: GGUFWriter, name: str, shape: tuple[int, ...], kind: GGMLQuantizationType) -> None:
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big"))
    values: NDArray[np.float32] = random.standard_normal(shape).astype(np.float32) / np.float32(np.sqrt(WIDTH))
    if len(shape) == 1:
        values += 1
    if kind == GGMLQuantizationType.F32:  # of 8 bits of mantissa, so that a conversion to bfloat16 changes nothing
        writer.add_tensor(name, (values.view(np.uint32) & 0xFFFF0000).view(np.float32))
    elif len(shape) == 1:
        writer.add_tensor(name, values)
    else:
        writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)


def write_wheels(folder: Path, gguf: bytes, *, name: str = "tiny", cuts: tuple[float, ...] = (0.5,)) -> KnownModel:
    """The file as wheels in ``folder``, one licence text and the pieces between the cuts, and what a table says of it."""
    ends = [0, *(int(len(gguf) * cut) for cut in cuts), len(gguf)]
    write_wheel(folder, f"{name}-weights", {f"{name}_weights/NOTICE.md": b"do as you like"})
    parts = [Part(f"{name}-weights==1.0", None)]
    for i, (start, end) in enumerate(pairwise(ends), start=1):
        member = f"{name}_weights_part{i}/data/part{i:02}.bin"
        write_wheel(folder, f"{name}-weights-part{i}", {member: gguf[start:end]})
        parts.append(Part(f"{name}-weights-part{i}==1.0", member))
    return KnownModel(
        name=name,
        parameters=0,
        vocabulary=len(VOCABULARY),
        licence="CC0-1.0",
        chat=True,
        parts=tuple(parts),
        sha256=hashlib.sha256(gguf).hexdigest(),
        n_bytes=len(gguf),
    )


def write_wheel(folder: Path, project: str, files: Mapping[str, bytes]) -> Path:
    """A wheel that pip takes."""
    module = project.replace("-", "_")
    info = f"{module}-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / f"{module}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, **metadata}.items():
            archive.writestr(name, content)
        record = "".join(f"{name},,\n" for name in (*files, *metadata, f"{info}/RECORD"))
        archive.writestr(f"{info}/RECORD", record)
    return path
