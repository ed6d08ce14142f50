import json

import pytest

from foureyes.calibration import Calibrator, HistogramBinning, Isotonic, Platt, Source, Temperature
from foureyes.errors import InputError

PLATT = json.loads(Platt.fit([0.1, 0.9], [1, 0], source=Source("log_cmp", "m")).to_json())


def with_part(document, path, value):
    changed = json.loads(json.dumps(document))
    *parents, last = path.split(".")
    place = changed
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return json.dumps(changed)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("format", "pickle", "wanted foureyes.calibrator version 1; got 'pickle' version 1"),
        ("version", 2, "got 'foureyes.calibrator' version 2"),
        ("kind", "magic", "of kind beta or combiner or .*; got 'magic'"),
        ("kind", None, "without kind"),
        ("parameters", [1], "parameters must be an object; got one, a list"),
        ("parameters.slope", None, "wanted the parameters slope, .*; got intercept, low, high"),
        ("parameters.extra", 1, "got slope, intercept, low, high, extra"),
        ("parameters.slope", "steep", "slope must be a finite number; got 'steep'"),
        ("parameters.slope", True, "slope must be a finite number; got True"),
        ("parameters.slope", [1.0], "slope must be a finite number"),
        ("fitted_on.rows", None, "fitted_on must be an object with rows, source; got one without rows"),
        ("fitted_on.rows.digest", "abc", "32 digits; got 2 and 'abc'"),
        ("fitted_on.rows.sketch", 7, "sketch must be a row of numbers; got 7"),
        ("fitted_on.source", {"signal": "", "model": "m"}, "a source needs a signal and a model"),
        ("parameters.slope", 10**400, "slope must be a finite number; got 10000"),
    ],
)
def test_an_artefact_that_was_tampered_with_is_refused(path, value, message):
    with pytest.raises(InputError, match=message):
        Calibrator.from_json(with_part(PLATT, path, value))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"platt"', "[" * 100_000, "9" * 5000], ids=lambda text: text[:8])
def test_what_is_no_artefact_is_refused(text):
    with pytest.raises(InputError, match="not a calibrator"):
        Calibrator.from_json(text)


def test_an_infinite_parameter_is_refused():
    with pytest.raises(InputError, match="slope must be a finite number; got inf"):
        Platt.from_json(json.dumps(PLATT).replace(str(PLATT["parameters"]["slope"]), "Infinity"))


def test_a_kind_reads_only_its_own():
    with pytest.raises(InputError, match="wanted a calibrator of kind isotonic; got 'platt'"):
        Isotonic.from_json(json.dumps(PLATT))


def test_parameters_that_make_no_calibrator_are_refused():
    binned = json.loads(HistogramBinning.fit([1, 2, 3, 4], [1, 0, 1, 0], bins=2).to_json())
    with pytest.raises(InputError, match="B−1 ascending edges"):
        Calibrator.from_json(with_part(binned, "parameters.edges", [3.0, 2.0]))
    curve = json.loads(Isotonic.fit([1, 2, 3, 4], [1, 1, 0, 0]).to_json())
    with pytest.raises(InputError, match="must be monotone"):
        Calibrator.from_json(
            with_part(curve, "parameters.confidences", [0.1, 0.9, 0.1, 0.9][: len(curve["parameters"]["scores"])])
        )
    heat = json.loads(Temperature.fit([[2, 0], [0, 1], [1, 0], [4, 0]], [0, 1, 1, 0]).to_json())
    with pytest.raises(InputError, match="above 0; got -1"):
        Calibrator.from_json(with_part(heat, "parameters.temperature", -1))
    with pytest.raises(InputError, match="scale must be one of"):
        Calibrator.from_json(with_part(heat, "parameters.scale", "odds"))


@pytest.mark.parametrize("kind", [HistogramBinning, Isotonic])
def test_confidences_are_probabilities(kind):
    fitted = json.loads(kind.fit([1, 2, 3, 4], [1, 1, 0, 0]).to_json())
    fitted["parameters"]["confidences"][0] = 7.0
    with pytest.raises(InputError, match=r"confidences lie in \[0, 1\]; got .* to 7"):
        Calibrator.from_json(json.dumps(fitted))
