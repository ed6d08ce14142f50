"""Real networks' probabilities with their published figures; needs the data sets beside the repository."""

import os
from pathlib import Path

import numpy as np
import pytest

from foureyes.calibration import Temperature
from foureyes.maths.ranking import auroc
from foureyes.maths.reliability import ece

SHARED = Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[2].parent / "shared")) / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="set FOUREYES_SHARED to the folder that holds data/")


@pytest.mark.parametrize(
    ("file", "accuracy", "error", "temperature", "after"),
    [
        ("cifar10_probs_netcal/lenet-5-cifar-10", 0.5308, 0.1079, 1.376, 0.0231),
        ("cifar10_probs_netcal/wideresnet-16-4-cifar-10", 0.9109, 0.0537, 2.039, 0.0064),
        ("cifar10_probs_vgg16_verifiedcal/vgg16_cifar10_probs", 0.9359, 0.0398, 1.703, 0.0127),
    ],
)
def test_networks_before_and_after_temperature_scaling(file, accuracy, error, temperature, after):
    data = np.load(SHARED / f"{file}.npz")
    p, labels = data["predictions"], data["ground_truth"]
    right = p.argmax(axis=1) == labels
    assert right.mean() == pytest.approx(accuracy, abs=5e-4)
    before = ece(np.minimum(p.max(axis=1), 1), right, binning="equal-width")
    assert before.value == pytest.approx(error, abs=2e-3)
    assert before.low > 0
    fitted = Temperature.fit(p[::2], labels[::2], scale="probabilities")
    assert fitted.temperature == pytest.approx(temperature, rel=0.05)
    report = fitted.report(p[1::2], labels[1::2])
    assert report.ece.value == pytest.approx(after, abs=0.01)
    assert report.ece.value < before.value / 2


def test_confidence_of_language_models_ranks_their_answers():
    data = np.load(SHARED / "llm_mcq_confidence" / "arc_first_prompt.npz")
    model = data["models"].tolist().index("Llama3-70b")
    right = data["grade"][model] == 1
    area = auroc(-data["msp"][model].astype(float), wrong=~right)
    assert area.low > 0.75
