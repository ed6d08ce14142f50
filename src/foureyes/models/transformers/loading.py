"""From a model folder to weights in memory, on a device, in an arithmetic that suits the processor."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from safetensors import SafetensorError, safe_open
from transformers.utils import logging as transformers_logging

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models.head import Head
from foureyes.models.transformers.attention import NAME

__all__ = ["Loaded", "best_dtype", "graphics_devices", "load", "no_progress_bar"]

DTYPES: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

FOREIGN: Final = (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError)
"""What loading a folder that is no model raises, according to what is wrong with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A model and its tokenizer in memory."""

    name: str
    fingerprint: str
    model: Any
    tokenizer: Any
    device: torch.device
    dtype: torch.dtype
    context: int
    packable: bool

    @property
    def identity(self) -> str:
        """Weights and arithmetic: what the numbers depend on."""
        return f"{self.fingerprint}:{str(self.dtype).removeprefix('torch.')}"

    @property
    def body(self) -> Any:
        """The network without its vocabulary head."""
        return self.model.get_decoder()

    def head(self) -> Head:
        """The vocabulary head, with the scalings that this family of models applies to its logits."""
        output, config = self.model.get_output_embeddings(), self.model.config
        scale = getattr(config, "logit_scale", None) or 1.0 / (getattr(config, "logits_scaling", None) or 1.0)
        softcap = getattr(config, "final_logit_softcapping", None)
        return Head(output.weight, bias=output.bias, scale=scale, softcap=softcap)

    @contextmanager
    def narrowed(self, vocabulary: int) -> Iterator[None]:
        """While this is entered, the model knows only its first tokens: a whole head costs memory of its own size."""
        whole = self.model.get_output_embeddings()
        narrow = torch.nn.Linear(1, 1, bias=whole.bias is not None)
        narrow.weight = torch.nn.Parameter(whole.weight[:vocabulary], requires_grad=False)
        if whole.bias is not None:
            narrow.bias = torch.nn.Parameter(whole.bias[:vocabulary], requires_grad=False)
        self.model.set_output_embeddings(narrow)
        try:
            yield
        finally:
            self.model.set_output_embeddings(whole)


def load(
    folder: str | Path, *, name: str | None, fingerprint: str | None, dtype: str | None, device: str | None
) -> Loaded:
    """Loads a model folder; see :meth:`TransformersReader.load` for the arguments."""
    path = Path(folder)
    if not (path / "config.json").is_file():
        raise ModelUnavailable(f"{path} is not a model folder: it has no config.json", model=name or path.name)
    where = _found_device(device)
    kind = _dtype(dtype, where)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, local_files_only=True)
        with no_progress_bar():
            model = _model(path, kind)
    except FOREIGN as error:
        raise ModelUnavailable(f"{path} cannot be loaded: {error}", model=name or path.name) from error
    if not tokenizer.is_fast:
        raise ModelUnavailable(f"{path} has a slow tokenizer; wanted one that maps tokens to text", model=path.name)
    model.eval().requires_grad_(requires_grad=False)
    packable = _packable(model)
    if packable:
        model.set_attn_implementation(NAME)
    return Loaded(
        name=name or path.name,
        fingerprint=fingerprint or _hash(path),
        model=model.to(where),
        tokenizer=tokenizer,
        device=where,
        dtype=kind,
        context=_context(model.config),
        packable=packable,
    )


def _model(path: Path, kind: torch.dtype) -> Any:
    config = transformers.AutoConfig.from_pretrained(path, local_files_only=True)
    files = sorted(path.glob("*.safetensors"))
    if not files or config.dtype == kind or hasattr(config, "quantization_config"):
        return transformers.AutoModelForCausalLM.from_pretrained(path, dtype=kind, local_files_only=True)
    # A mapped file would stay in memory beside what it is converted to: read it tensor by tensor instead.
    opened = [safe_open(file, framework="pt", backend="pread") for file in files]
    weights = {name: file.get_slice(name) for file in opened for name in file.keys()}  # noqa: SIM118 - not a dict
    family: Any = transformers.MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    model = family.from_pretrained(None, config=config, state_dict=weights, dtype=kind)
    if (path / "generation_config.json").is_file():
        model.generation_config = transformers.GenerationConfig.from_pretrained(path, local_files_only=True)
    return model


def _packable(model: Any) -> bool:
    """Whether every layer is attention that asks the interface for its function, so that sequences can be packed."""
    layers = set(getattr(model.config, "layer_types", None) or ["full_attention"])
    return bool(model._supports_attention_backend) and layers <= {"full_attention", "sliding_attention"}  # noqa: SLF001


def best_dtype(device: torch.device) -> torch.dtype:
    """The arithmetic a processor is fastest in.

    bfloat16 where a CPU multiplies matrices of it natively and at full rate: AMX (Intel since 2023), or AVX512-BF16 on
    AMD. Intel's AVX512-BF16 without AMX was measured at half the rate of float32; other
    processors were not measured and get float32.
    """
    if device.type == "mps":
        return torch.float16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    features = torch.cpu.get_capabilities()
    amd = "AMD" in f"{features.get('cpu_name')} {platform.processor()}"
    native = features.get("amx_bf16") or (amd and features.get("avx512_bf16"))
    return torch.bfloat16 if native else torch.float32


@contextmanager
def no_progress_bar() -> Iterator[None]:
    """Words for people are the command line's business."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def graphics_devices() -> list[str]:
    """Names of all graphics processors that CUDA, or ROCm in its place, lends this process."""
    return [f"cuda:{i}" for i in range(torch.cuda.device_count())]


def _found_device(name: str | None) -> torch.device:
    if name is None:
        return torch.device(_best_device())
    try:
        found = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"no device is called {name!r}; wanted cpu, mps, cuda or one such as cuda:1") from error
    n = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}.get(found.type)
    if n is not None and (found.index or 0) >= n:
        raise ConfigError(f"there is no device {name}: torch {torch.__version__} sees {n} of {found.type} here")
    return found


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _dtype(dtype: str | None, device: torch.device) -> torch.dtype:
    if dtype is None:
        return best_dtype(device)
    if dtype not in DTYPES:
        raise ConfigError(f"dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")
    return DTYPES[dtype]


def _context(config: Any) -> int:
    limit = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    return int(limit) if limit else 1 << 20  # rotary and state-space models without a stated limit


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in {".json", ".safetensors", ".jinja", ".model", ".txt"}:
            digest.update(file.name.encode() + b"\0")
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
    return f"sha256:{digest.hexdigest()}"
