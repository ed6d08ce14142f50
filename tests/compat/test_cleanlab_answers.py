import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from foureyes.compat import cleanlab
from tests.compat.cleanlab_cases import answers
from tools.cleanlab_peer import peer

HERE = Path(__file__).parent
# Written by cleanlab 2.9.0 itself: .cleanlab/bin/python tests/compat/cleanlab_cases.py cleanlab 0 6 --plain
GOLDEN = json.loads((HERE / "cleanlab_2_9.json").read_text())
SEEDS = 15
OURS = "foureyes.compat.cleanlab"


def different(theirs, ours, within):
    """Names of calls that cleanlab answered and that were answered otherwise."""
    assert theirs.keys() == ours.keys()
    return [name for name, answer in theirs.items() if not unanswered(answer) and not same(answer, ours[name], within)]


def unanswered(answer):
    """Where cleanlab raised, or divided by zero."""
    return isinstance(answer, str) or "NaN" in json.dumps(answer)


def same(theirs, ours, within):
    """Whether masks, orders and counts are equal, and scores within so much."""
    if isinstance(theirs, list) and theirs and isinstance(theirs[0], list):
        return len(theirs) == len(ours) and all(same(a, b, within) for a, b in zip(theirs, ours, strict=True))
    if isinstance(ours, str):
        return False
    exact = np.asarray(theirs).dtype.kind in "biu"
    return np.shape(theirs) == np.shape(ours) and bool(np.allclose(theirs, ours, rtol=0, atol=0 if exact else within))


@pytest.mark.parametrize("seed", range(len(GOLDEN)))
def test_every_call_answers_as_cleanlab_did(seed):
    assert different(GOLDEN[seed], answers(OURS, seed, plain=True), within=1e-12) == []


def test_every_call_answers_as_cleanlab_does_beside_us_ties_included():
    python = peer()
    if python is None:
        pytest.skip("no cleanlab to ask: run python -m tools.cleanlab_peer, or make test")
    asked = [str(python), str(HERE / "cleanlab_cases.py"), "cleanlab", "0", str(SEEDS)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=500)
    theirs = json.loads(done.stdout)
    found = {seed: different(theirs[seed], answers(OURS, seed, plain=False), within=1e-6) for seed in range(SEEDS)}
    assert {seed: names for seed, names in found.items() if names} == {}
    assert sum(not unanswered(answer) for case in theirs for answer in case.values()) > 80 * SEEDS


def test_the_modules_are_where_cleanlabs_are():
    assert cleanlab.filter.find_label_issues
    assert cleanlab.multilabel_classification.filter.find_multilabel_issues_per_class
    assert cleanlab.multilabel_classification.get_label_quality_scores
