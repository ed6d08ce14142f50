import pytest
from tests.demo.verifiers import reading_of

from foureyes.demo.measures import Study, study
from foureyes.demo.questions import load
from foureyes.models.scripted import ScriptedReader


@pytest.fixture(scope="session")
def arbitrary() -> Study:
    """Two scripted verifiers, whose numbers have nothing to do with the truth."""
    readers = [ScriptedReader(name="first"), ScriptedReader({"Sydney": 0.5}, name="second")]
    return study(load(), [reading_of(reader) for reader in readers])
