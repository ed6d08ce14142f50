import pytest

from foureyes.demo.measures import DemoResults
from tests.demo.verifiers import shown


@pytest.fixture(scope="session")
def found() -> DemoResults:
    return shown()
