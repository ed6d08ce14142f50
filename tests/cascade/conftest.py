import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data():
    """Real data beside the repository, where there is any."""
    folder = Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[3] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("real data not found: set FOUREYES_SHARED to the folder that holds data/")
    return folder
