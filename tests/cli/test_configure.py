"""What calibrate promises goes into the configuration of a service, which then reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from foureyes.calibration import Calibrator, Threshold
from foureyes.cli import main
from foureyes.config import ReaderVerifier, load
from foureyes.config.load import load_route
from foureyes.guard.reader_judge import READER_SIGNAL

SERVICE = """\
# our service
[verifiers.first]
kind = "reader"
reader = "smollm2-135m"   # small
cut = 0.7                 # a guess
calibrator = "old.json"

[verifiers.asked]
kind = "judge"
model = "m"
base_url = "http://localhost:8000/v1"

[tenants.acme]
verifiers = ["first", "asked"]   # both

[[tenants.acme.keys]]
id = "3fa9c1d2"
sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
scopes = ["verify"]
"""
SCORES = ["--score", "foureyes.smollm2-135m.log_cmp", "--correct", "right"]
CLAIMS = ["--score", f"foureyes.smollm2-135m.{READER_SIGNAL}", "--correct", "right"]


def scored(path: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    with path.open("w") as file:
        for z in rng.normal(1, 2, 800):
            right = bool(rng.random() < 1 / (1 + np.exp(-2 * z)))
            read = {"log_cmp": 3 - z, READER_SIGNAL: 3 - z}
            file.write(json.dumps({"right": right, "surprise": 3 - z, "foureyes": {"smollm2-135m": read}}) + "\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "foureyes.toml").write_text(SERVICE)
    scored(tmp_path / "a.jsonl", 1)
    scored(tmp_path / "b.jsonl", 2)
    return tmp_path


def fit_into(folder: Path, *more: str, scores: Sequence[str] = CLAIMS) -> int:
    promised = ["--max-error", "0.2", "--threshold", str(folder / "cut.json")]
    service = ["--configure", str(folder / "etc" / "foureyes.toml"), "--verifier", "first"]
    fit = [
        "calibrate",
        "fit",
        str(folder / "a.jsonl"),
        *scores,
        "-o",
        str(folder / "c.json"),
        "--force",
        "--hold-out",
        "0.5",
    ]
    return main([*fit, *promised, *service, *more])


def test_what_stands_there_is_not_replaced_unasked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit_into(folder) == 1
    said = capsys.readouterr().err
    assert "[verifiers.first] has calibrator = 'old.json' and cut = 0.7 already; --replace puts" in said
    assert (folder / "etc" / "foureyes.toml").read_text() == SERVICE
    assert not (folder / "c.json").exists()


def test_the_service_reads_what_fit_wrote_and_the_rest_of_its_file_stays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = folder / "etc" / "foureyes.toml"
    configuration.chmod(0o640)
    assert fit_into(folder, "--replace", "--json") == 0
    shown = capsys.readouterr()
    told = json.loads(shown.out)["result"]["report"]
    wanted = SERVICE.replace('"old.json"', '"../c.json"\nthreshold = "../cut.json"').replace(
        "cut = 0.7  ", "# cut = 0.7  "
    )
    assert configuration.read_text() == wanted
    assert configuration.stat().st_mode & 0o777 == 0o640
    for line in ('-calibrator = "old.json"', '+threshold = "../cut.json"', "+# cut = 0.7                 # a guess"):
        assert line in told["configured"]["diff"].splitlines()
        assert line in shown.err.splitlines()
    settings = load(configuration, {})
    reader = next(one for one in settings.verifiers.values() if isinstance(one, ReaderVerifier))
    assert reader.cut is None
    assert reader.threshold is not None
    assert reader.calibrator is not None
    assert reader.threshold.samefile(folder / "cut.json")
    threshold = Threshold.from_json((folder / "cut.json").read_text())
    assert told["promise"]["cut"] == threshold.cut
    assert threshold.made_on is not None
    threshold.made_on.require(Calibrator.from_json(reader.calibrator.read_text()).identity)
    assert fit_into(folder) == 0
    assert "it says so already" in capsys.readouterr().err
    assert configuration.read_text() == wanted


def test_a_promise_on_other_rows_goes_there_too_and_one_that_cannot_be_made_does_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = folder / "etc" / "foureyes.toml"
    service = ["--configure", str(configuration), "--verifier", "first", "--replace"]
    cut = ["--threshold", str(folder / "cut.json")]
    fit = ["calibrate", "fit", str(folder / "a.jsonl"), *CLAIMS, "-o", str(folder / "c.json")]
    assert main(fit) == 0
    report = ["calibrate", "report", str(folder / "c.json"), str(folder / "b.jsonl"), *CLAIMS, *cut, *service]
    assert main([*report, "--max-error", "0.000001"]) == 1
    assert configuration.read_text() == SERVICE
    assert main([*report, "--max-error", "0.2"]) == 0
    assert 'threshold = "../cut.json"' in configuration.read_text()
    capsys.readouterr()
    assert main([*report, "--force", "--max-error", "0.2", "--allow-fitted-rows"]) == 1
    assert "makes no promise that a service could keep" in capsys.readouterr().err


def test_scores_that_the_reader_does_not_vote_on_are_not_put_before_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for scores, words in (
        (SCORES, "reads worst_claim; got a calibrator of log_cmp of smollm2-135m: foureyes score --signal worst_claim"),
        (["--score", "surprise", "--larger-is", "worse", "--correct", "right"], "of scores of no stated source"),
    ):
        assert fit_into(folder, "--replace", scores=scores) == 1
        assert words in capsys.readouterr().err
        assert (folder / "etc" / "foureyes.toml").read_text() == SERVICE


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--verifier", "asked"], "[verifiers.asked] is of kind 'judge': only a \"reader\""),
        (["--verifier", "other"], "no [verifiers.other]; got first, asked"),
        (["--hold-out", "0"], "a promise needs rows that were not fitted on"),
        (["--configure", "missing.toml"], "cannot read missing.toml"),
    ],
)
def test_what_cannot_be_configured(
    folder: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    assert fit_into(folder, "--replace", *more) == 1
    assert words in capsys.readouterr().err
    assert (folder / "etc" / "foureyes.toml").read_text() == SERVICE
    assert not (folder / "c.json").exists()


def test_options_that_belong_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit = ["calibrate", "fit", str(folder / "a.jsonl"), *SCORES, "-o", str(folder / "c.json")]
    for more, words in (
        (["--verifier", "first"], "--verifier, --writer and --replace belong to --configure"),
        (
            ["--configure", str(folder / "etc" / "foureyes.toml")],
            "wants --threshold FILE, and --verifier NAME of a service or --writer NAME of a route",
        ),
    ):
        assert main([*fit, *more]) == 1
        assert words in capsys.readouterr().err


ROUTE = """\
[route]
name = "answers"

[[writers]]                    # the cheapest first
name = "small"
model = "qwen3-0.6b"
base_url = "http://localhost:8000/v1"
cut = 0.9

[[writers]]
model = "large"
base_url = "http://localhost:8001/v1"

[reader]
reader = "smollm2-135m"
signal = "log_cmp"             # ours
"""


def fit_route(folder: Path, route: str, *more: str) -> int:
    path = folder / "route.toml"
    path.write_text(route)
    made = [
        "-o",
        str(folder / "c.json"),
        "--hold-out",
        "0.5",
        "--max-error",
        "0.2",
        "--threshold",
        str(folder / "cut.json"),
    ]
    into = ["--configure", str(path), "--writer", "small", "--replace"]
    return main(["calibrate", "fit", str(folder / "a.jsonl"), *SCORES, *made, *into, "--force", *more])


def test_a_route_gets_the_calibrator_and_the_cut_of_a_writer(folder: Path) -> None:
    assert fit_route(folder, ROUTE) == 0
    cut = Threshold.from_json((folder / "cut.json").read_text()).cut
    assert (folder / "route.toml").read_text() == ROUTE.replace(
        "cut = 0.9\n", f'cut = {cut!r}\ncalibrator = "c.json"\n'
    )
    assert fit_route(folder, (folder / "route.toml").read_text(), "--writer", "large") == 0
    route = load_route(folder / "route.toml", {})
    assert [writer.cut for writer in route.writers] == [cut, cut]
    assert all(writer.calibrator == folder / "c.json" for writer in route.writers)


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        (('name = "answers"', 'policy = "p.json"'), [], "[route] has a policy, which decide in place of cuts"),
        (('signal = "log_cmp" ', 'signal = "cme" '), [], "[reader] reads cme; got a calibrator of log_cmp of smollm2"),
        (("", ""), ["--writer", "other"], "wanted one of [[writers]] with the name other; got small, large"),
        (("", ""), ["--verifier", "first"], "--verifier NAME of a service or --writer NAME of a route"),
    ],
)
def test_a_route_that_cannot_be_configured(
    folder: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], more: list[str], words: str
) -> None:
    route = ROUTE.replace(*change) if change[0] else ROUTE
    assert fit_route(folder, route, *more) == 1
    assert words in capsys.readouterr().err
    assert (folder / "route.toml").read_text() == route
