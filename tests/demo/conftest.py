import pytest

from foureyes.demo.measures import Study
from tests.demo.verifiers import arbitrary_study


@pytest.fixture(scope="session")
def arbitrary() -> Study:
    return arbitrary_study()
