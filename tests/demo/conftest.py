import pytest

from foureyes.demo.measures import DemoResults
from tests.demo.verifiers import arbitrary_study


@pytest.fixture(scope="session")
def arbitrary() -> DemoResults:
    return arbitrary_study()
