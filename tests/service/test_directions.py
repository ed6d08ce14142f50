"""A calibrator that was accepted against the catalogue of signals is named by the service that reads with it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest

from foureyes.calibration import Platt, Source
from foureyes.errors import ConfigError
from foureyes.service.configured import log_directions
from foureyes.service.logs import open_log
from tests.service.promised import Serving

NOTE = "direction of worst_claim accepted against the catalogue of signals: larger is better here"
TURNED = Platt.fit(
    [0.1, 0.9, 1.5, 0.5, 3.0, 2.2],
    [0, 0, 0, 1, 1, 1],
    source=Source("worst_claim", "scripted"),
    accept_direction="worst_claim",
)


def logged(serving: Serving) -> list[dict[str, str]]:
    stream = StringIO()
    log_directions(serving.built, open_log(stream))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_log_and_every_vote_say_that_a_direction_was_accepted(tmp_path: Path) -> None:
    serving = Serving(tmp_path)
    assert logged(serving) == []
    (tmp_path / "platt.json").write_text(TURNED.to_json())
    serving.reload()
    [said] = logged(serving)
    assert (said["event"], said["level"], said["tenant"], said["note"]) == ("calibrator", "warning", "acme", NOTE)
    assert NOTE in serving.verify("calm")["votes"][0]["reason"]


def test_a_calibrator_that_was_not_accepted_is_not_served(tmp_path: Path) -> None:
    serving = Serving(tmp_path)
    unaccepted = TURNED.to_json().replace('"accepted_direction": "worst_claim"', '"accepted_direction": null')
    (tmp_path / "platt.json").write_text(unaccepted)
    with pytest.raises(ConfigError, match="of worst_claim, larger is worse by the catalogue"):
        serving.reload()
