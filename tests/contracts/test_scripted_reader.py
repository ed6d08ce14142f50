"""The scripted reader keeps the promises of readers, but for those about a model."""

import pytest

from foureyes.models.scripted import ScriptedReader
from foureyes.testing import ReaderContract


class TestScriptedReader(ReaderContract):
    tolerance = 0.0
    coherent = False

    @pytest.fixture
    def reader(self):
        return ScriptedReader(context=2000)
