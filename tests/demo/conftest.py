import pytest
from tests.demo.verifiers import arbitrary_study

from foureyes.demo.measures import Study


@pytest.fixture(scope="session")
def arbitrary() -> Study:
    return arbitrary_study()
