"""The HTTP reader keeps the promises of readers, in every dialect, with and without a chat template."""

from typing import ClassVar

import pytest

from foureyes.models.completions import CompletionsReader
from foureyes.models.completions.probe import Flavour
from foureyes.testing import ReaderContract
from foureyes.testing.samples import PAYMENT
from tests.servers.simulator import Simulator, ToyModel


class Served(ReaderContract):
    tolerance = 1e-12
    vocabulary = 275
    kind = "vllm"
    flavour: ClassVar[Flavour] = "auto"
    template = True
    tools = False

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls):
        with (
            Simulator(ToyModel(template=cls.template, tools=cls.tools), kind=cls.kind) as server,
            CompletionsReader.open(server.url, flavour=cls.flavour) as reader,
        ):
            yield reader


class TestVLLM(Served):
    pass


class TestVLLMWithTools(Served):
    tools = True

    def test_a_call_is_read_as_the_template_writes_it(self, reader):
        (row,) = reader.read([PAYMENT])
        assert row.answer == 'On it.<call pay>{"to": "AT01", "amount": 12.50, "note": "for <Ana>"}</call>'
        assert [part.path for part in row.parts] == [
            "text",
            "name",
            "arguments.to",
            "arguments.amount",
            "arguments.note",
        ]


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
