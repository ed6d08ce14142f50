"""The reader in this process keeps the promises of readers: packed, one at a time, in both arithmetics, with real weights."""

from typing import ClassVar

import pytest

from foureyes.models import item_reading
from foureyes.models.transformers import TransformersReader
from foureyes.models.transformers import reader as reader_module
from foureyes.models.weights import ensure
from foureyes.testing import ReaderContract
from tests.conftest import build_tiny_model


@pytest.fixture(scope="session")
def roomy_model(tmp_path_factory):
    return build_tiny_model(tmp_path_factory.mktemp("roomy-model"), max_position_embeddings=2048)


@pytest.fixture(scope="session")
def roomy_base_model(tmp_path_factory):
    return build_tiny_model(tmp_path_factory.mktemp("roomy-base-model"), chat=False, max_position_embeddings=2048)


class TestChatModel(ReaderContract):
    tolerance = 1e-4
    vocabulary = 258
    dtype: ClassVar[str] = "float32"

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls, roomy_model):
        return TransformersReader.load(roomy_model, dtype=cls.dtype)


class TestBfloat16(TestChatModel):
    tolerance = 0.1
    dtype = "bfloat16"


class TestBaseModel(ReaderContract):
    tolerance = 1e-4
    vocabulary = 258

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls, roomy_base_model):
        return TransformersReader.load(roomy_base_model, dtype="float32")


class TestOneSequenceAtATime(ReaderContract):
    tolerance = 1e-4
    vocabulary = 258

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls, roomy_model):
        reader = TransformersReader.load(roomy_model, dtype="float32")
        reader._layout = "single"
        return reader


class TestSmallBatches(ReaderContract):
    tolerance = 1e-4
    vocabulary = 258

    @pytest.fixture
    def reader(self, roomy_model, monkeypatch):
        monkeypatch.setattr(reader_module, "TOKEN_BUDGET", 32)
        monkeypatch.setattr(item_reading, "WINDOW", 2)
        return TransformersReader.load(roomy_model, dtype="float32")


@pytest.mark.weights
class TestRealChatModel(ReaderContract):
    tolerance = 1e-4
    vocabulary = 49152
    too_long = 20_000

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls):
        return TransformersReader.load(ensure("smollm2-135m").folder, dtype="float32")
