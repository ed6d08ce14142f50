"""The reader of GGUF files as they are keeps the promises of readers: of a tiny file with a template, and with real weights."""

import pytest
from gguf import GGMLQuantizationType

from foureyes.models.llama_cpp import LlamaCppReader
from foureyes.testing import ReaderContract
from tests.models.tiny_weights import VOCABULARY, write_gguf
from tools.gguf_file import gguf_file


class TestTinyFile(ReaderContract):
    tolerance = 1e-6
    vocabulary = len(VOCABULARY)

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls, tmp_path_factory):
        file = write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", context=2048)
        return LlamaCppReader.load(file, threads=1)


class TestUnquantised(ReaderContract):
    tolerance = 1e-4
    vocabulary = len(VOCABULARY)

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls, tmp_path_factory):
        file = write_gguf(tmp_path_factory.mktemp("gguf") / "f32.gguf", context=2048, kind=GGMLQuantizationType.F32)
        return LlamaCppReader.load(file, threads=1)


@pytest.mark.weights
class TestRealChatModel(ReaderContract):
    tolerance = 1e-6
    vocabulary = 49152
    too_long = 20_000

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls):
        return LlamaCppReader.load(gguf_file("smollm2-135m"), threads=1)
