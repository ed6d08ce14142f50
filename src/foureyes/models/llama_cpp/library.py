"""llama.cpp's C functions, out of the library that the package xllamacpp carries, called with :mod:`ctypes`.

xllamacpp is a binary wheel, so nothing is compiled. Its own Python functions do not show the logits of a prompt; the library
beneath them exports llama.cpp's C interface, which does. A C interface says nothing of its structures to whoever calls it: a
field that moved would be read as another without a word. So a library is used only where the package's version is one of
:data:`VERSIONS`, and only after its own default parameters, laid over the structures below, have the values that they have
in the header of that version.

Source: ``include/llama.h`` of llama.cpp; the builds are the last part of the package's version.
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int, c_int8, c_int32, c_size_t, c_uint32, c_void_p
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

from foureyes.errors import ConfigError

__all__ = ["LOG_CALLBACK", "VERSIONS", "Batch", "ContextParams", "Library", "ModelParams", "open_library"]

VERSIONS: Final = ("2026.10.11549",)
"""Of xllamacpp, whose structures are those below."""

_SUFFIXES: Final = frozenset({".so", ".pyd", ".dylib"})
_LINES_OF_LOG: Final = 8
_ERROR: Final = 4

LOG_CALLBACK: Final = ctypes.CFUNCTYPE(None, c_int, c_char_p, c_void_p)


class ModelParams(ctypes.Structure):
    """``llama_model_params``."""

    _fields_ = (
        ("devices", c_void_p),
        ("tensor_buft_overrides", c_void_p),
        ("n_gpu_layers", c_int32),
        ("split_mode", c_int),
        ("load_mode", c_int),
        ("lazy_mode", c_int),
        ("main_gpu", c_int32),
        ("tensor_split", c_void_p),
        ("progress_callback", c_void_p),
        ("progress_callback_user_data", c_void_p),
        ("kv_overrides", c_void_p),
        ("vocab_only", c_bool),
        ("check_tensors", c_bool),
        ("use_extra_bufts", c_bool),
        ("no_host", c_bool),
        ("no_alloc", c_bool),
        ("load_mtp", c_bool),
    )


class ContextParams(ctypes.Structure):
    """``llama_context_params``."""

    _fields_ = (
        ("n_ctx", c_uint32),
        ("n_batch", c_uint32),
        ("n_ubatch", c_uint32),
        ("n_seq_max", c_uint32),
        ("n_rs_seq", c_uint32),
        ("n_outputs_max", c_uint32),
        ("n_outputs_max_per_seq", c_uint32),
        ("n_threads", c_int32),
        ("n_threads_batch", c_int32),
        ("ctx_type", c_int),
        ("rope_scaling_type", c_int),
        ("pooling_type", c_int),
        ("attention_type", c_int),
        ("flash_attn_type", c_int),
        ("rope_freq_base", c_float),
        ("rope_freq_scale", c_float),
        ("yarn_ext_factor", c_float),
        ("yarn_attn_factor", c_float),
        ("yarn_beta_fast", c_float),
        ("yarn_beta_slow", c_float),
        ("yarn_orig_ctx", c_uint32),
        ("defrag_thold", c_float),
        ("cb_eval", c_void_p),
        ("cb_eval_user_data", c_void_p),
        ("type_k", c_int),
        ("type_v", c_int),
        ("abort_callback", c_void_p),
        ("abort_callback_data", c_void_p),
        ("unnamed", c_void_p),
        ("embeddings", c_bool),
        ("offload_kqv", c_bool),
        ("no_perf", c_bool),
        ("op_offload", c_bool),
        ("swa_full", c_bool),
        ("kv_unified", c_bool),
        ("samplers", c_void_p),
        ("n_samplers", c_size_t),
        ("ctx_other", c_void_p),
    )


class Batch(ctypes.Structure):
    """``llama_batch``."""

    _fields_ = (
        ("n_tokens", c_int32),
        ("token", POINTER(c_int32)),
        ("embd", POINTER(c_float)),
        ("pos", POINTER(c_int32)),
        ("n_seq_id", POINTER(c_int32)),
        ("seq_id", POINTER(POINTER(c_int32))),
        ("logits", POINTER(c_int8)),
    )


_DEFAULT_MODEL: Final[Mapping[str, Any]] = {
    "n_gpu_layers": -1,
    "split_mode": 1,
    "load_mode": -1,
    "lazy_mode": 1,
    "use_extra_bufts": True,
}
_DEFAULT_CONTEXT: Final[Mapping[str, Any]] = {
    "n_ctx": 512,
    "n_batch": 2048,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "n_outputs_max_per_seq": 1,
    "n_threads": 4,
    "n_threads_batch": 4,
    "rope_scaling_type": -1,
    "pooling_type": -1,
    "attention_type": -1,
    "flash_attn_type": -1,
    "yarn_ext_factor": -1.0,
    "yarn_attn_factor": -1.0,
    "yarn_beta_fast": -1.0,
    "yarn_beta_slow": -1.0,
    "defrag_thold": -1.0,
    "type_k": 1,
    "type_v": 1,
    "offload_kqv": True,
    "no_perf": True,
    "op_offload": True,
    "swa_full": True,
}
"""What is not 0, false or null in the parameters that the library makes by itself."""

_SIGNATURES: Final[Mapping[str, tuple[Any, tuple[Any, ...]]]] = {
    "llama_backend_init": (None, ()),
    "llama_log_set": (None, (LOG_CALLBACK, c_void_p)),
    "llama_model_load_from_file": (c_void_p, (c_char_p, ModelParams)),
    "llama_model_free": (None, (c_void_p,)),
    "llama_model_get_vocab": (c_void_p, (c_void_p,)),
    "llama_model_n_ctx_train": (c_int32, (c_void_p,)),
    "llama_model_has_encoder": (c_bool, (c_void_p,)),
    "llama_model_has_decoder": (c_bool, (c_void_p,)),
    "llama_model_is_diffusion": (c_bool, (c_void_p,)),
    "llama_init_from_model": (c_void_p, (c_void_p, ContextParams)),
    "llama_free": (None, (c_void_p,)),
    "llama_get_memory": (c_void_p, (c_void_p,)),
    "llama_memory_clear": (None, (c_void_p, c_bool)),
    "llama_memory_seq_cp": (None, (c_void_p, c_int32, c_int32, c_int32, c_int32)),
    "llama_memory_seq_rm": (c_bool, (c_void_p, c_int32, c_int32, c_int32)),
    "llama_decode": (c_int32, (c_void_p, Batch)),
    "llama_get_logits_ith": (POINTER(c_float), (c_void_p, c_int32)),
    "llama_vocab_type": (c_int, (c_void_p,)),
    "llama_vocab_n_tokens": (c_int32, (c_void_p,)),
    "llama_vocab_get_text": (c_char_p, (c_void_p, c_int32)),
    "llama_vocab_get_attr": (c_int, (c_void_p, c_int32)),
    "llama_vocab_get_add_bos": (c_bool, (c_void_p,)),
    "llama_vocab_bos": (c_int32, (c_void_p,)),
    "llama_vocab_eos": (c_int32, (c_void_p,)),
    "llama_vocab_pad": (c_int32, (c_void_p,)),
    "llama_tokenize": (c_int32, (c_void_p, c_char_p, c_int32, POINTER(c_int32), c_int32, c_bool, c_bool)),
    "llama_token_to_piece": (c_int32, (c_void_p, c_int32, c_char_p, c_int32, c_int32, c_bool)),
}


class Library:
    """llama.cpp's functions by their names, and the last lines of its log, which it would else write to the terminal."""

    def __init__(self, functions: ctypes.CDLL) -> None:
        self.log: deque[str] = deque(maxlen=_LINES_OF_LOG)
        self.c = functions
        self._callback = LOG_CALLBACK(self._logged)
        functions.llama_log_set(self._callback, None)
        functions.llama_backend_init()

    def model_params(self) -> ModelParams:
        """The library's own parameters of a model."""
        return _defaults(self.c.llama_model_default_params, ModelParams, _DEFAULT_MODEL)

    def context_params(self) -> ContextParams:
        """The library's own parameters of a context."""
        return _defaults(self.c.llama_context_default_params, ContextParams, _DEFAULT_CONTEXT)

    def last_error(self) -> str:
        """The first of the last errors, which names the cause of those behind it."""
        return next(iter(self.log), "it does not say why")

    def _logged(self, level: int, text: bytes | None, _data: int | None) -> None:
        if level == _ERROR and text:
            self.log.append(text.decode(errors="replace").strip())


@cache
def open_library() -> Library:
    """The library of the installed xllamacpp, opened once and checked.

    Raises:
        ModuleNotFoundError: xllamacpp is not installed.
        ConfigError: it is of a version that is not known here, or is not what that version should be.
    """
    found = find_spec("xllamacpp")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'xllamacpp'", name="xllamacpp")
    installed = version("xllamacpp")
    if installed not in VERSIONS:
        raise ConfigError(
            f"xllamacpp {installed} is installed; its structures are known for {', '.join(VERSIONS)} only: "
            f"pip install 'xllamacpp=={VERSIONS[-1]}'"
        )
    files = [path for path in Path(found.submodule_search_locations[0]).glob("xllamacpp*") if path.suffix in _SUFFIXES]
    if len(files) != 1:
        raise ConfigError(f"xllamacpp holds {len(files)} libraries; wanted one")
    try:
        with _patient_threads():
            functions = ctypes.CDLL(str(files[0]))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(functions, name)
            function.restype, function.argtypes = result, arguments
        library = Library(functions)
    except (OSError, AttributeError) as error:
        raise ConfigError(f"xllamacpp's library cannot be used on this system: {error}") from error
    library.model_params()
    library.context_params()
    return library


@contextmanager
def _patient_threads() -> Iterator[None]:
    """Has OpenMP's threads sleep while they wait for one another, as they begin with it.

    By default they spin: beside others on the processor, two threads took 4 times as long as one to read the same.
    """
    name = "OMP_WAIT_POLICY"
    given = os.environ.get(name)
    os.environ.setdefault(name, "passive")
    try:
        yield
    finally:
        if given is None:
            del os.environ[name]


_Params = TypeVar("_Params", ModelParams, ContextParams)


def _defaults(function: Any, kind: type[_Params], wanted: Mapping[str, Any]) -> _Params:
    """What the library makes by itself, checked field by field; with room behind, lest a structure that has grown overflows."""
    room = type("Room", (ctypes.Structure,), {"_fields_": [("params", kind), ("beyond", ctypes.c_ubyte * 256)]})
    function.restype, function.argtypes = room, ()
    made = function()
    params: _Params = made.params
    differ = [name for name, *_ in kind._fields_ if (getattr(params, name) or 0) != wanted.get(name, 0)]
    if differ:
        raise ConfigError(
            f"xllamacpp's library has other parameters than its version should have ({', '.join(differ)}): "
            "it cannot be called safely"
        )
    return kind.from_buffer_copy(params)
