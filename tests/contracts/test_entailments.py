"""Models of entailment keep the promises of their role: one made for it, and readers that are asked in words."""

import pytest

from foureyes.models.scripted import ScriptedReader
from foureyes.models.transformers import TransformersReader
from foureyes.models.transformers.nli import NliModel
from foureyes.signals.entailment import AskedEntailment
from foureyes.testing import EntailmentContract
from tests.conftest import build_tiny_model
from tests.models.tiny_nli import build_tiny_nli


class TestNliModel(EntailmentContract):
    @pytest.fixture(scope="class")
    @classmethod
    def entailment(cls, tmp_path_factory):
        return NliModel.load(build_tiny_nli(tmp_path_factory.mktemp("tiny-nli"), context=512))


class TestAskedReader(EntailmentContract):
    @pytest.fixture(scope="class")
    @classmethod
    def entailment(cls, tmp_path_factory):
        folder = build_tiny_model(tmp_path_factory.mktemp("roomy-model"), max_position_embeddings=2048)
        return AskedEntailment(TransformersReader.load(folder, dtype="float32"))


class TestAskedScript(EntailmentContract):
    too_long = 0

    @pytest.fixture
    def entailment(self):
        return AskedEntailment(ScriptedReader())
