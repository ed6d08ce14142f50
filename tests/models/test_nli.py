import json
import math

import pytest

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models.entailment import Entailment, Pair
from foureyes.models.transformers.nli import NliModel, entailment_class
from foureyes.types import Message, Unscored
from tests.models.tiny_nli import build_tiny_nli


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_tiny_nli(tmp_path_factory.mktemp("tiny-nli"))


@pytest.fixture(scope="module")
def nli(folder):
    return NliModel.load(folder, name="tiny")


def test_it_is_an_entailment_with_an_identity_of_its_own(nli, folder):
    assert isinstance(nli, Entailment)
    assert nli.name == "tiny"
    assert nli.fingerprint.startswith("nli:sha256:")
    assert NliModel.load(folder).fingerprint == nli.fingerprint


def test_the_probability_is_that_of_the_class_called_entailment(nli, folder):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    inputs = tokenizer("Where? In Rome", "Where? Rome", return_tensors="pt")
    expected = float(model(**inputs).logits.softmax(-1)[0, 2].detach())
    (p,) = nli.entails([Pair("Where?", "In Rome", "Rome")])
    assert p == pytest.approx(expected, abs=1e-6)
    (told,) = nli.entails([Pair((Message("user", "Where?"),), "In Rome", "Rome")])
    assert math.isfinite(told)


def test_neighbours_and_padding_change_nothing(nli):
    pairs = [Pair("q", "a" * n, "b") for n in (1, 40, 3, 90, 7)]
    together = nli.entails(pairs)
    assert together == pytest.approx([nli.entails([pair])[0] for pair in pairs], abs=1e-5)
    assert nli.entails([]) == []


def test_a_pair_that_is_too_long_is_unscored_alone(nli):
    rows = nli.entails([Pair("q", "a", "b"), Pair("q", "a" * 200, "b"), Pair("q", "b", "a")])
    assert isinstance(rows[1], Unscored)
    assert (rows[1].reason, rows[1].limit) == ("context", 128)
    assert rows[1].got > 200
    assert all(isinstance(row, float) for row in (rows[0], rows[2]))


@pytest.mark.parametrize(
    "labels",
    [
        {0: "not_entailment", 1: "neutral"},
        {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"},
        {0: "Not an entailment.", 1: "neutral"},
        {0: "entailment", 1: "Entailment"},
        {},
    ],
)
def test_a_class_that_is_not_called_entailment_is_not_taken_for_it(labels):
    with pytest.raises(ConfigError, match="wanted one class called 'entailment'"):
        entailment_class(labels, name="m")


def test_two_classes_will_do():
    assert entailment_class({0: "not_entailment", 1: " Entailment "}, name="m") == 1


def test_a_model_whose_classes_have_no_names_is_refused(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["id2label"] = {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="got LABEL_0, LABEL_1, LABEL_2"):
        NliModel.load(tmp_path)


def test_a_folder_that_holds_no_model(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"no config\.json"):
        NliModel.load(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        NliModel.load(tmp_path)
