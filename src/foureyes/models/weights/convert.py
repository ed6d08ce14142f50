"""From a GGUF file to a folder of safetensors in bfloat16, once: ``python -m foureyes.models.weights.convert GGUF FOLDER``.

Loading a GGUF file takes half a minute or more, loading the folder two seconds. The quantised weights become float32 and
are rounded to bfloat16, 8 bits of mantissa against the file's 4 to 6, so next to nothing is lost; but float32 read from
the folder later is bfloat16 rounded.

The work checks itself: every number of the file has gone into the model, text is cut into tokens as the file says, and
what was written reads the same. This module loads torch; :mod:`~foureyes.models.weights.child_process` runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import pre_tokenizers
from transformers import (
    TOKENIZER_MAPPING,
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    PreTrainedTokenizerFast,
)

from foureyes.models.weights.gguf_header import Header, read_header

__all__ = ["convert"]

_DIGITS_ALONE: Final = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"})
"""Pre-tokenizers that cut before and after every digit. transformers 5.23 reads them as GPT-2's, which does not, and
so cuts "a\\n\\n10" in another place than the model was taught."""

_PLAIN: Final = frozenset({"default", "gpt-2", "gpt2"})

_PROBE: Final = "a\n\n10  2024 don't\tI’d 漢字 é ﬁ <|im_end|><eos>\n\n\n  x=[1,22,333];"


def convert(gguf: Path, folder: Path) -> None:
    """Writes the model of a GGUF file as a folder: safetensors in bfloat16, configuration, tokenizer, chat template.

    Args:
        gguf: the file, alone in its folder.
        folder: where to write; must not exist yet.

    Raises:
        ValueError: something of the file would be lost.
    """
    header = read_header(gguf)
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
        output_loading_info=True,
    )
    model, loading = loaded
    _refuse_loss(header, model, missing=loading["missing_keys"])
    _forget_quantisation(model)
    folder.mkdir()  # not its parents: a later process sweeps them away if this one has lost its own
    model.save_pretrained(folder)
    for weights in folder.glob("*.safetensors"):  # written for the owner's eyes only, unlike the files beside them
        weights.chmod((folder / "config.json").stat().st_mode)
    _convert_tokenizer(gguf, folder, model.config, pre=header.text("tokenizer.ggml.pre", "default"))


def _refuse_loss(header: Header, model: Any, missing: Collection[str]) -> None:
    """Every number of the file must be in the model once, and scaled rotary positions must have come along."""
    if missing:
        raise ValueError(f"the file lacks weights the model needs: {', '.join(sorted(missing)[:5])}")
    taken = sum(parameter.numel() for parameter in model.parameters())
    if header.n_weights != taken:
        raise ValueError(f"the file holds {header.n_weights} weights and the model {taken}: some would be lost")
    scaling = next((value for key, value in header.metadata.items() if key.endswith(".rope.scaling.type")), "none")
    if scaling != "none" and _rotations(model.config) <= {"default"}:
        raise ValueError(f"the file scales its rotary positions ({scaling}), which would be lost")


def _rotations(config: Any) -> set[str]:
    """Kinds of rotary positions, of all layers or of each type of layer."""
    stated = getattr(config, "rope_parameters", None) or {}
    each = [stated] if "rope_type" in stated else [kind for kind in stated.values() if isinstance(kind, dict)]
    return {kind["rope_type"] for kind in each}


def _forget_quantisation(model: Any) -> None:
    """The weights are plain numbers now; ``save_pretrained`` refuses a model that says they are not."""
    model.hf_quantizer = None
    model.is_quantized = False
    vars(model.config).pop("quantization_config", None)


def _convert_tokenizer(gguf: Path, folder: Path, config: Any, *, pre: str) -> None:
    # AutoTokenizer picks the same class, after reading the whole file's metadata once more (15 s for 262 144 tokens).
    kind: Any = TOKENIZER_MAPPING.get(type(config), PreTrainedTokenizerFast)
    tokenizer = kind.from_pretrained(gguf.parent, gguf_file=gguf.name)
    _cut_as_taught(tokenizer.backend_tokenizer, pre)
    tokenizer.save_pretrained(folder)
    again = AutoTokenizer.from_pretrained(folder)
    if again(_PROBE)["input_ids"] != tokenizer(_PROBE)["input_ids"]:
        raise ValueError(f"the tokenizer of {gguf.name} does not survive being saved")


def _cut_as_taught(backend: Any, pre: str) -> None:
    """Gives the tokenizer the pre-tokenizer that the file names, where transformers has not."""
    if pre in _DIGITS_ALONE:
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            ]
        )
    elif pre not in _PLAIN and isinstance(backend.pre_tokenizer, pre_tokenizers.ByteLevel):
        raise ValueError(f"its pre-tokenizer {pre!r} is not known here: text would be cut into other tokens")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
