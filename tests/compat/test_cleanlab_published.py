import os
from pathlib import Path

import pytest

from tools.cleanlab_peer import peer
from tools.cleanlab_stand_in import main


@pytest.mark.parametrize("name", ["test_filter_count.py", "test_rank.py", "test_multilabel_classification.py"])
def test_cleanlabs_own_tests_pass_with_ours_in_their_place(name):
    folder = os.environ.get("FOUREYES_CLEANLAB_TESTS")
    if not folder:
        pytest.skip("FOUREYES_CLEANLAB_TESTS names no folder: give it tests/ of a checkout of cleanlab 2.9.0")
    if peer() is None:
        pytest.skip("no cleanlab to stand in for: run python -m tools.cleanlab_peer, or make test")
    assert main([str(Path(folder) / name)]) == 0
