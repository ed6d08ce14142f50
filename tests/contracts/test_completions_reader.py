"""The HTTP reader keeps the promises of readers, in every dialect, with and without a chat template."""

from typing import ClassVar

import pytest

from foureyes.models.completions import CompletionsReader
from foureyes.models.completions.probe import Flavour
from foureyes.testing import ReaderContract
from tests.servers.simulator import Simulator, ToyModel


class Served(ReaderContract):
    tolerance = 1e-12
    vocabulary = 274
    kind = "vllm"
    flavour: ClassVar[Flavour] = "auto"
    template = True

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls):
        with (
            Simulator(ToyModel(template=cls.template), kind=cls.kind) as server,
            CompletionsReader.open(server.url, flavour=cls.flavour) as reader,
        ):
            yield reader


class TestVLLM(Served):
    pass


class TestVLLMBaseModel(Served):
    template = False


class TestEcho(Served):
    flavour = "echo"


class TestEchoBaseModel(Served):
    flavour = "echo"
    template = False


class TestSGLang(Served):
    kind = "sglang"
    vocabulary = 1 << 20  # SGLang does not tell, so the bound is all there is


class TestSGLangBaseModel(TestSGLang):
    template = False
