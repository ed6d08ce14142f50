"""foureyes calibrate, from files to files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foureyes.calibration import Calibrator, Platt, Temperature, Threshold, VectorScaling
from foureyes.cli import main
from foureyes.tables import open_table

SIGNAL = "foureyes.qwen3-0.6b.log_cmp"
Rows = Callable[[str, int], Path]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """Rows as ``foureyes score`` leaves them, each tenth unscored, with a confidence that claims too much."""

    def write(name: str, seed: int) -> Path:
        rng = np.random.default_rng(seed)
        z = rng.normal(1, 1.5, 400)
        right = rng.random(400) < 1 / (1 + np.exp(-z))
        path = tmp_path / name
        with path.open("w") as file:
            for i in range(400):
                seen = {"unscored": {"reason": "empty"}} if i % 10 == 9 else {"log_cmp": 3 - z[i]}
                row = {"id": i, "prompt": "ä", "right": bool(right[i]), "stated": 1 / (1 + np.exp(-3 * z[i]))}
                file.write(json.dumps({**row, "foureyes": {"qwen3-0.6b": seen}}) + "\n")
        return path

    return write


def fit(rows: Path, out: Path, *more: str) -> int:
    return main(["calibrate", "fit", str(rows), "--score", SIGNAL, "--correct", "right", "-o", str(out), *more])


def test_what_is_fitted_is_what_the_library_fits(rows: Rows, tmp_path: Path) -> None:
    path, out = rows("a.jsonl", 1), tmp_path / "c.json"
    assert fit(path, out, "--kind", "platt") == 0
    read = [json.loads(line) for line in path.read_text().splitlines()]
    scored = [row for row in read if "log_cmp" in row["foureyes"]["qwen3-0.6b"]]
    signal = [row["foureyes"]["qwen3-0.6b"]["log_cmp"] for row in scored]
    wanted = Platt.fit(signal, [row["right"] for row in scored], larger_is="worse")
    found = Platt.from_json(out.read_text())
    assert (found.slope, found.intercept) == (wanted.slope, wanted.intercept)
    assert str(found.fitted_on.source) == "log_cmp of qwen3-0.6b"
    assert found.fitted_on.rows.n == 360


def test_no_calibrator_is_replaced_unasked(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "c.json"
    out.write_text("mine")
    assert fit(rows("a.jsonl", 1), out, "--kind", "platt") == 1
    assert f"{out} exists; --force replaces it, or name another" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert fit(tmp_path / "a.jsonl", out, "--kind", "platt", "--force") == 0
    assert Platt.from_json(out.read_text()).larger_is == "worse"


def test_what_few_rows_turn_round_is_held_to_what_is_known_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out, copy = tmp_path / "few.csv", tmp_path / "c.json", tmp_path / "copy.csv"
    lines = [f"{i / 40:.3f};{int(i % 2 == 0 and i < 36)}" for i in range(1, 40)]
    path.write_text("\n".join(["stated;right", *lines]) + "\n")
    command = ["calibrate", "fit", str(path), "--score", "stated", "--correct", "right", "-o", str(out)]
    assert main([*command, "--larger-is", "better"]) == 0
    said = capsys.readouterr().err
    assert (
        said.count(
            "held to larger is better, as is known of these scores: the 39 rows of the fit alone say the opposite"
        )
        == 1
    )
    assert main(["calibrate", "apply", str(out), str(path), "--score", "stated", "-o", str(copy)]) == 0
    assert "held to larger is better" in capsys.readouterr().err
    assert copy.read_text().startswith("stated;right;confidence\n")
    confidence = [float(line.split(";")[2]) for line in copy.read_text().splitlines()[1:]]
    assert confidence == sorted(set(confidence)), "in the order of the scores"


def test_what_score_found_of_an_answer_is_the_outcome_where_none_is_named(rows: Rows, tmp_path: Path) -> None:
    path, out, other = rows("a.jsonl", 1), tmp_path / "c.json", tmp_path / "other.json"
    assert fit(path, out, "--kind", "platt") == 0
    path.write_text(path.read_text().replace('"right"', '"foureyes_correct"'))
    assert main(["calibrate", "fit", str(path), "--score", SIGNAL, "-o", str(other), "--kind", "platt"]) == 0
    fitted = [Platt.from_json(one.read_text()) for one in (out, other)]
    assert fitted[0].slope == fitted[1].slope


@pytest.fixture
def short_ones_right(tmp_path: Path) -> Path:
    """Answers of which the short ones, the more surprising a token, are right."""
    rng = np.random.default_rng(3)
    path = tmp_path / "short.jsonl"
    with path.open("w") as file:
        for surprise in rng.gamma(2.0, 1.5, 500):
            right = bool(rng.random() < 1 / (1 + np.exp(3 - surprise)))
            file.write(json.dumps({"right": right, "foureyes": {"smollm2-135m": {"log_cmp": surprise}}}) + "\n")
    return path


@pytest.mark.parametrize("kind", ["best", "platt", "histogram"])
def test_a_fit_that_turns_a_signal_round_is_refused_unless_it_is_accepted_by_name(
    kind: str, short_ones_right: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signal, out = "foureyes.smollm2-135m.log_cmp", tmp_path / "c.json"
    command = ["calibrate", "fit", str(short_ones_right), "--score", signal, "--correct", "right", "-o", str(out)]
    command += ["--kind", kind]
    assert main(command) == 1
    assert "of log_cmp, larger is worse by the catalogue, and in this fit larger is better" in capsys.readouterr().err
    assert not out.exists()
    assert main([*command, "--accept-direction", "log_cmp", "--hold-out", "0.5"]) == 0
    note = "direction of log_cmp accepted against the catalogue of signals: larger is better here"
    assert capsys.readouterr().out.splitlines()[0] == note
    assert json.loads(out.read_text())["fitted_on"]["accepted_direction"] == "log_cmp"
    report = ["calibrate", "report", str(out), str(short_ones_right), "--score", signal, "--correct", "right"]
    page = tmp_path / "page.html"
    assert main([*report, "--allow-fitted-rows", "--html", str(page)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == note
    assert note.capitalize() in page.read_text()


@pytest.mark.parametrize("kind", ["platt", "histogram"])
def test_naming_the_model_hides_no_signal_from_the_catalogue(
    short_ones_right: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    out = tmp_path / "c.json"
    command = ["calibrate", "fit", str(short_ones_right), "--correct", "right", "-o", str(out), "--kind", kind]
    command += ["--score", "foureyes.smollm2-135m.log_cmp", "--model", "smollm2-135m"]
    assert main(command) == 1
    assert "of log_cmp, larger is worse by the catalogue" in capsys.readouterr().err
    assert main([*command, "--accept-direction", "log_cmp"]) == 0
    assert json.loads(out.read_text())["fitted_on"]["source"] == {"signal": "log_cmp", "model": "smollm2-135m"}


def test_a_stated_direction_is_held_against_the_fit(
    short_ones_right: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = tmp_path / "unknown.jsonl"
    unknown.write_text(short_ones_right.read_text().replace("log_cmp", "mine"))
    command = ["calibrate", "fit", str(unknown), "--correct", "right", "-o", str(tmp_path / "c.json")]
    command += ["--score", "foureyes.smollm2-135m.mine", "--model", "m", "--kind", "platt"]
    assert main([*command, "--larger-is", "worse"]) == 1
    assert "larger was said to be worse; in this fit it is better" in capsys.readouterr().err


def test_apply_keeps_every_field_and_says_nothing_where_there_is_no_score(rows: Rows, tmp_path: Path) -> None:
    path, fitted, out = rows("a.jsonl", 1), tmp_path / "c.json", tmp_path / "out.jsonl"
    assert fit(path, fitted) == 0
    assert main(["calibrate", "apply", str(fitted), str(path), "--score", SIGNAL, "-o", str(out)]) == 0
    before = [json.loads(line) for line in path.read_text().splitlines()]
    after = [json.loads(line) for line in out.read_text().splitlines()]
    stated = [row.pop("confidence") for row in after]
    assert after == before
    assert [i for i, value in enumerate(stated) if value is None] == list(range(9, 400, 10))
    assert all(0 < value < 1 for value in stated if value is not None)


def test_the_rows_of_the_fit_are_refused_unless_asked_for_and_then_marked(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, fitted = rows("a.jsonl", 1), tmp_path / "c.json"
    assert fit(path, fitted) == 0
    report = ["calibrate", "report", str(fitted), str(path), "--score", SIGNAL, "--correct", "right", "--json"]
    assert main(report) == 1
    assert "was fitted on" in capsys.readouterr().err
    assert main([*report, "--allow-fitted-rows"]) == 0
    assert json.loads(capsys.readouterr().out)["result"]["after"]["in_sample"] is True


def test_a_report_has_before_and_after_and_a_page(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted, page = tmp_path / "c.json", tmp_path / "page.html"
    options = ["--score", "stated", "--correct", "right"]
    first = ["calibrate", "fit", str(rows("a.jsonl", 1)), *options, "-o", str(fitted), "--larger-is", "better"]
    assert main(first) == 0
    capsys.readouterr()
    second = ["calibrate", "report", str(fitted), str(rows("b.jsonl", 2)), *options, "--html", str(page), "--json"]
    assert main([*second, "--max-error", "0.2"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)["result"]
    assert found["after"]["ece"]["value"] < found["before"]["ece"]["value"]
    assert found["promise"]["statement"].endswith("with probability 0.95.")
    assert str(page) in err
    html = page.read_text()
    assert html.count("<svg") == 2
    assert found["promise"]["statement"] in html
    assert "http-equiv" in html


def test_a_hold_out_fits_and_judges_in_one_go(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, fitted = rows("a.jsonl", 1), tmp_path / "c.json"
    assert fit(path, fitted, "--hold-out", "0.5", "--json") == 0
    found = json.loads(capsys.readouterr().out)["result"]
    assert found["report"]["after"]["n"] == found["fitted"]["fitted_on"]["rows"]["n"] == 180
    assert found["report"]["after"]["in_sample"] is False
    assert found["n_left_out"] == 40


def test_a_page_without_a_hold_out_is_refused(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(rows("a.jsonl", 1), tmp_path / "c.json", "--html", str(tmp_path / "p.html")) == 1
    assert "--hold-out" in capsys.readouterr().err
    assert not (tmp_path / "c.json").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--score", "stated", "--model", "qwen3-0.6b"], "fitted on log_cmp of qwen3-0.6b; got scores from stated"),
        (["--score", "stated"], "say whose scores"),
        (["--logits", "stated"], "takes --score"),
        ([], "say what to read"),
        (["--score", "no"], "no field 'no'"),
        (["--score", "prompt", "--model", "x"], "must hold numbers; got 'ä' in row 0"),
    ],
)
def test_scores_it_was_not_fitted_on_are_refused(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    path, fitted, out = rows("a.jsonl", 1), tmp_path / "c.json", tmp_path / "out.jsonl"
    assert fit(path, fitted) == 0
    assert main(["calibrate", "apply", str(fitted), str(path), *options, "-o", str(out)]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
    assert not out.exists()


def test_a_field_that_is_there_is_not_replaced_unasked(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, fitted, out = rows("a.jsonl", 1), tmp_path / "c.json", tmp_path / "out.jsonl"
    assert fit(path, fitted) == 0
    apply = ["calibrate", "apply", str(fitted), str(path), "--score", SIGNAL, "-o", str(out), "--field", "stated"]
    assert main(apply) == 1
    assert "--overwrite-field" in capsys.readouterr().err
    assert main([*apply, "--overwrite-field"]) == 0


def test_several_scores_are_combined_and_the_gain_is_told(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted = tmp_path / "c.json"
    assert fit(rows("a.jsonl", 1), fitted, "--score", "stated") == 0
    assert "held out" in capsys.readouterr().err
    assert main(["calibrate", "report", str(fitted), str(rows("b.jsonl", 2)), "--correct", "right"]) == 0
    assert "AUROC" in capsys.readouterr().out


def test_logits_of_an_npz_file_get_a_temperature(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logits = 4 * rng.normal(size=(300, 3))
    labels = np.array([rng.choice(3, p=np.exp(z / 2) / np.exp(z / 2).sum()) for z in logits])
    path, fitted, out = tmp_path / "a.npz", tmp_path / "t.json", tmp_path / "out.npz"
    np.savez(path, logits=logits, label=labels)
    assert main(["calibrate", "fit", str(path), "--logits", "logits", "--label", "label", "-o", str(fitted)]) == 0
    found = Calibrator.from_json(fitted.read_text())
    assert isinstance(found, Temperature)
    assert 1.5 < found.temperature < 2.7
    assert main(["calibrate", "apply", str(fitted), str(path), "--logits", "logits", "-o", str(out)]) == 0
    assert np.array_equal(np.load(out)["confidence"], found.confidence(logits))
    assert np.array_equal(np.load(out)["logits"], logits)
    assert np.array_equal(np.load(out)["distribution"], found.predict_proba(logits))
    assert main(["calibrate", "apply", str(fitted), str(path), "--probs", "logits", "-o", str(out), "--force"]) == 1


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_whole_distributions_are_written_where_class_scores_went_in(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(3, 0.4), 300)
    labels = np.array([rng.choice(3, p=row) for row in p**0.5 / (p**0.5).sum(axis=1, keepdims=True)])
    columns = {name: p[:, k].round(3).tolist() for k, name in enumerate("abc")} | {"label": labels.tolist()}
    path, fitted, out = tmp_path / f"a{suffix}", tmp_path / "v.json", tmp_path / f"out{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        rows_of = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        lines = [json.dumps(row) for row in rows_of]
        if suffix == ".csv":
            lines = [",".join(columns), *(",".join(map(str, row.values())) for row in rows_of)]
        path.write_text("\n".join(lines) + "\n")
    fit_it = ["calibrate", "fit", str(path), "--probs", "a,b,c", "--label", "label", "-o", str(fitted)]
    assert main([*fit_it, "--kind", "vector"]) == 0
    found = Calibrator.from_json(fitted.read_text())
    assert isinstance(found, VectorScaling)
    apply = ["calibrate", "apply", str(fitted), str(path), "--probs", "a,b,c", "-o", str(out)]
    assert main(apply) == 0
    told = open_table(str(out))
    wanted = found.predict_proba(np.column_stack([columns[name] for name in "abc"]))
    if suffix == ".csv":
        assert [json.loads(cell) for cell in told.values("distribution")] == wanted.tolist()
    else:
        assert told.matrix("distribution").values == pytest.approx(wanted)
    assert told.numbers("confidence").values == pytest.approx(wanted.max(axis=1))
    assert main([*apply, "--force", "--distribution", "a"]) == 1


def test_a_file_that_exists_is_not_replaced_unasked(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, fitted, out = rows("a.jsonl", 1), tmp_path / "c.json", tmp_path / "out.jsonl"
    assert fit(path, fitted) == 0
    out.write_text("mine\n")
    apply = ["calibrate", "apply", str(fitted), str(path), "--score", SIGNAL, "-o", str(out)]
    assert main(apply) == 1
    assert f"{out} exists; --force replaces it" in capsys.readouterr().err
    assert out.read_text() == "mine\n"
    assert main([*apply, "--force"]) == 0
    assert len(out.read_text().splitlines()) == 400
    assert main([*apply[:-1], str(path)]) == 1, "nor the file that was read"
    assert "foureyes" in path.read_text()


def test_votes_of_people_are_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    logits = 4 * rng.normal(size=(600, 3))
    p = np.exp(logits / 2) / np.exp(logits / 2).sum(axis=1, keepdims=True)
    path, fitted = tmp_path / "a.jsonl", tmp_path / "t.json"
    lines = [{"logits": z.tolist(), "votes": rng.multinomial(10, q).tolist()} for z, q in zip(logits, p, strict=True)]
    lines[0]["votes"] = None
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = ["--logits", "logits", "--label", "votes"]
    assert main(["calibrate", "fit", str(path), *options, "-o", str(fitted), "--hold-out", "0.5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["result"]
    assert told["n_left_out"] == 1
    assert told["fitted"]["parameters"]["temperature"] == pytest.approx(2, rel=0.1)
    assert told["report"]["after"]["ece"]["value"] < told["report"]["before"]["ece"]["value"]


def test_a_fit_that_makes_scores_worse_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(3)
    path, fitted = tmp_path / "a.jsonl", tmp_path / "c.json"
    p = rng.beta(0.3, 0.3, 800)
    right = rng.random(800) < p
    path.write_text("".join(json.dumps({"p": c, "right": bool(r)}) + "\n" for c, r in zip(p, right, strict=True)))
    options = ["--score", "p", "--larger-is", "better", "--correct", "right", "--kind", "platt"]
    assert main(["calibrate", "fit", str(path), *options, "-o", str(fitted), "--hold-out", "0.5"]) == 0
    assert "the fit made these scores worse: log loss" in capsys.readouterr().err
    options = ["--score", "p", "--larger-is", "better", "--correct", "right", "--json", "--force"]
    assert main(["calibrate", "fit", str(path), *options, "-o", str(fitted)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["warnings"] == told["result"]["warnings"]
    assert "more than chance" not in "".join(told["warnings"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([-1, 0, 1, 0], "labels must lie in 0..1; got -1 at row 0"),
        ([0, 1, 7, 7], "labels must lie in 0..1; got 7 at row 2 and in 1 more"),
        (["cat", 0, 1, 0], "'cat'"),
        ([[3, 1], [2], [1, 1], [0, 1]], "'label' must be equally long; got 1, 2"),
        ([1, 0, 1, 0], "do not favour the labels"),
    ],
)
def test_labels_that_cannot_be_used_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], labels: list[object], message: str
) -> None:
    path = tmp_path / "a.jsonl"
    p = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]]
    path.write_text("".join(json.dumps({"p": q, "label": y}) + "\n" for q, y in zip(p, labels, strict=True)))
    out = str(tmp_path / "t.json")
    assert main(["calibrate", "fit", str(path), "--probs", "p", "--label", "label", "-o", out, "--kind", "vector"]) == 1
    assert message in capsys.readouterr().err


def test_the_direction_of_an_unknown_score_is_asked_for(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(rows("a.jsonl", 1))
    assert main(["calibrate", "fit", path, "--score", "stated", "--correct", "right", "-o", str(tmp_path / "c")]) == 1
    assert "--larger-is" in capsys.readouterr().err


def test_something_that_is_no_calibrator_is_one_line(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, fake = rows("a.jsonl", 1), tmp_path / "c.json"
    fake.write_text("{}")
    assert main(["calibrate", "report", str(fake), str(path), "--score", "stated", "--correct", "right"]) == 1
    assert capsys.readouterr().err.startswith(f"foureyes: {fake}: not a calibrator")
    assert main(["calibrate", "report", "none.json", str(path), "--score", "stated", "--correct", "right"]) == 1


def grouped(path: Path, seed: int) -> Path:
    """Eight answers to each of 100 questions, right or wrong together."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(3, 2, 100)
    right = rng.random(100) < chance
    with path.open("w") as file:
        for i in range(800):
            row = {
                "question": f"q{i // 8}",
                "conf": chance[i // 8],
                "right": bool(right[i // 8]),
                "loss": 2.0 * (i % 2),
            }
            file.write(json.dumps(row) + "\n")
    return path


STATED = ["--score", "conf", "--correct", "right"]


def test_groups_widen_the_intervals_and_are_held_out_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, fitted = grouped(tmp_path / "g.jsonl", 1), tmp_path / "c.json"
    fit = ["calibrate", "fit", str(path), *STATED, "--larger-is", "better", "-o", str(fitted)]
    assert main([*fit, "--group", "question", "--hold-out", "0.5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["result"]["report"]["after"]
    assert found["n"] == 400
    other = grouped(tmp_path / "h.jsonl", 2)
    report = ["calibrate", "report", str(fitted), str(other), *STATED, "--json"]
    widths = []
    for more in ([], ["--group", "question"]):
        assert main([*report, *more]) == 0
        area = json.loads(capsys.readouterr().out)["result"]["after"]["auroc"]
        widths.append(area["high"] - area["low"])
    assert widths[1] > 2 * widths[0]
    assert main([*report, "--group", "question", "--max-error", "0.3"]) == 1
    assert "got 8 in one group" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("limits", "risk"),
    [
        (["--max-error", "0.3"], "error_rate"),
        (["--max-cost", "1.5", "--cost", "loss", "--worst-cost", "2"], "mean_cost"),
        (["--max-false-blocks", "0.2"], "false_block_rate"),
    ],
)
def test_a_promise_is_kept_in_a_file_and_acted_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limits: list[str], risk: str
) -> None:
    fitted, cut, out = tmp_path / "c.json", tmp_path / "cut.json", tmp_path / "out.jsonl"
    path, other = grouped(tmp_path / "g.jsonl", 1), grouped(tmp_path / "h.jsonl", 2)
    assert main(["calibrate", "fit", str(path), *STATED, "--larger-is", "better", "-o", str(fitted)]) == 0
    report = ["calibrate", "report", str(fitted), str(other), *STATED, *limits, "--threshold", str(cut)]
    cut.write_text("mine")
    assert main(report) == 1  # nothing is replaced unasked
    assert cut.read_text() == "mine"
    assert main([*report, "--force"]) == 0
    threshold = Threshold.from_json(cut.read_text())
    assert threshold.risk == risk
    assert threshold.statement in capsys.readouterr().out
    apply = ["calibrate", "apply", str(fitted), str(path), "--score", "conf", "-o", str(out), "--threshold", str(cut)]
    assert main(apply) == 0
    after = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["let_through"] for row in after] == [row["confidence"] >= threshold.cut for row in after]
    assert threshold.statement in capsys.readouterr().err


def test_a_flag_rate_is_said_to_promise_nothing(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, fitted, out = rows("a.jsonl", 1), tmp_path / "c.json", tmp_path / "out.jsonl"
    assert fit(path, fitted) == 0
    apply = ["calibrate", "apply", str(fitted), str(path), "--score", SIGNAL, "-o", str(out), "--flag-rate", "0.25"]
    assert main([*apply, "--json"]) == 0
    shown = capsys.readouterr()
    assert "nothing is promised about errors" in shown.err
    assert json.loads(shown.out)["result"]["flagged"] == 0.25
    flagged = [json.loads(line)["flagged"] for line in out.read_text().splitlines()]
    assert (flagged.count(True), flagged.count(None)) == (90, 40)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--threshold", "t.json"], "--threshold writes a promise"),
        (["--cost", "right"], "belong to --max-cost"),
        (["--max-cost", "1"], "--max-cost needs --cost FIELD"),
        (["--max-error", "0.00001"], "no cut can be promised with 360 labels"),
    ],
)
def test_promises_that_cannot_be_made(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    fitted = tmp_path / "c.json"
    assert fit(rows("a.jsonl", 1), fitted) == 0
    report = ["calibrate", "report", str(fitted), str(rows("b.jsonl", 2)), "--score", SIGNAL, "--correct", "right"]
    assert main([*report, *more]) == 1
    assert words in capsys.readouterr().err


def test_a_promise_asked_with_twelve_labels_says_how_many_would_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, few, fitted = grouped(tmp_path / "g.jsonl", 1), tmp_path / "few.jsonl", tmp_path / "c.json"
    few.write_text("".join(line + "\n" for line in grouped(tmp_path / "h.jsonl", 2).read_text().splitlines()[::70]))
    assert main(["calibrate", "fit", str(path), *STATED, "--larger-is", "better", "-o", str(fitted)]) == 0
    capsys.readouterr()
    cut = ["--threshold", str(tmp_path / "cut.json")]
    assert main(["calibrate", "report", str(fitted), str(few), *STATED, "--max-error", "0.05", *cut, "--json"]) == 1
    shown = capsys.readouterr()
    assert "no cut can be promised with 12 labels" in shown.err
    found = json.loads(shown.out)["result"]
    assert (found["after"]["n"], found["promise"]) == (12, None)
    assert not (tmp_path / "cut.json").exists()
    assert "What can be promised with these 12 labels: of the answers let through, at most 0." in shown.err
    possible = found["achievable"]
    assert possible["coverage"][0] == 1
    assert all(promised > 0.05 for promised in possible["promised"])
    needed = found["labels_needed"]
    assert needed > 12
    assert set(re.findall(r"(?:about|takes) (\d+) (?:would|at least)", shown.err)) == {str(needed)}, (
        "one number everywhere"
    )
    assert main(["calibrate", "report", str(fitted), str(few), *STATED, "--max-error", "0.05"]) == 1
    assert f"At most 0.05 would probably take {needed} labels" in capsys.readouterr().out
    page = tmp_path / "p.html"
    asked = ["calibrate", "report", str(fitted), str(few), *STATED, "--html", str(page)]
    assert main([*asked, "--max-cost", "0.1", "--cost", "loss", "--worst-cost", "2"]) == 1
    table = capsys.readouterr().out
    for text in (table, page.read_text()):
        assert "What can be promised with these 12 labels: the answers let through cost at most" in text
        assert "At most 0.1 would probably take" in text


def test_a_file_that_holds_no_threshold_is_refused(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, fitted, fake = rows("a.jsonl", 1), tmp_path / "c.json", tmp_path / "fake.json"
    assert fit(path, fitted) == 0
    apply = ["calibrate", "apply", str(fitted), str(path), "--score", SIGNAL, "-o", str(tmp_path / "out.jsonl")]
    for content in (b"{}", b"\xff", None):
        fake.unlink(missing_ok=True)
        if content is not None:
            fake.write_bytes(content)
        assert main([*apply, "--threshold", str(fake)]) == 1
        assert "fake.json" in (said := capsys.readouterr().err) or "not a threshold" in said
    assert not (tmp_path / "out.jsonl").exists()


def test_a_line_a_file_says_what_becomes_of_a_calibrator(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, cut = tmp_path / "c.json", tmp_path / "cut.json"
    fit(rows("a.jsonl", 1), out, "--kind", "platt")
    clean, shifted = rows("b.jsonl", 2), tmp_path / "shifted.jsonl"
    seen = [json.loads(line) for line in clean.read_text().splitlines()]
    flipped = [{**row, "right": row["right"] and i % 2 == 0} for i, row in enumerate(seen)]
    shifted.write_text("".join(json.dumps(row) + "\n" for row in flipped))
    scores = ["--score", SIGNAL, "--correct", "right"]
    assert (
        main(["calibrate", "report", str(out), str(clean), *scores, "--max-error", "0.3", "--threshold", str(cut)]) == 0
    )
    capsys.readouterr()
    more = ["--threshold", str(cut), "--latex", str(tmp_path / "t.tex")]
    assert main(["calibrate", "shift", str(out), str(clean), str(shifted), *scores, *more]) == 0
    told = capsys.readouterr().out
    assert main(["calibrate", "shift", str(out), str(clean), str(shifted), *scores, *more, "--json"]) == 0
    before, after = json.loads(capsys.readouterr().out)["result"]["files"]
    assert (before["report"]["n"], before["n_left_out"]) == (360, 40)
    assert before["report"]["accuracy"] == pytest.approx(
        sum(row["right"] for i, row in enumerate(seen) if i % 10 != 9) / 360
    )
    assert after["report"]["accuracy"] < before["report"]["accuracy"] - 0.2
    assert after["let_through"]["n"] == before["let_through"]["n"]
    assert after["let_through"]["wrong"] > 0.3 >= before["let_through"]["wrong"]
    assert (before["promise"]["state"], after["promise"]["state"]) == ("kept", "broken")
    assert (before["promise"]["shift"]["p_value"], after["promise"]["shift"]["differs"]) == (1, False)
    assert f"{after['report']['accuracy']:.1%}" in told
    assert r"\toprule" in (tmp_path / "t.tex").read_text()


def test_a_promise_asked_of_other_data_says_so(rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fitted, cut, out = tmp_path / "c.json", tmp_path / "cut.json", tmp_path / "out.jsonl"
    fit(rows("a.jsonl", 1), fitted, "--kind", "platt")
    labelled, alike, other = rows("b.jsonl", 2), rows("d.jsonl", 4), tmp_path / "other.jsonl"
    scores = ["--score", SIGNAL]
    promised = ["--correct", "right", "--max-error", "0.3", "--threshold", str(cut)]
    assert main(["calibrate", "report", str(fitted), str(labelled), *scores, *promised]) == 0
    seen = [json.loads(line) for line in alike.read_text().splitlines()]
    for row in seen:
        if "log_cmp" in (found := row["foureyes"]["qwen3-0.6b"]):
            found["log_cmp"] += 1.5
    other.write_text("".join(json.dumps(row) + "\n" for row in seen))
    shifts = []
    for path in (alike, other):
        capsys.readouterr()
        apply = ["calibrate", "apply", str(fitted), str(path), *scores, "-o", str(out), "--threshold", str(cut)]
        out.unlink(missing_ok=True)
        assert main([*apply, "--json"]) == 0
        shown = capsys.readouterr()
        told = json.loads(shown.out)
        shifts.append(told["result"]["shift"]["differs"])
        assert ("The promise was made for other data" in shown.err) is shifts[-1] is bool(told["warnings"])
    assert shifts == [False, True]
    judge = ["calibrate", "shift", str(fitted), str(labelled), str(other), *scores, "--correct", "right"]
    assert main([*judge, "--threshold", str(cut)]) == 0
    shown = capsys.readouterr()
    assert "other.jsonl: The promise was made for other data" in shown.err
    assert "no sign against it, p = " in shown.out
    assert main([*judge, "--cost", "stated"]) == 1
    assert "--cost belongs to --threshold" in capsys.readouterr().err


def test_a_threshold_of_another_calibrator_is_refused(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other, cut = tmp_path / "one.json", tmp_path / "other.json", tmp_path / "cut.json"
    fit(rows("a.jsonl", 1), one, "--kind", "platt")
    fit(rows("c.jsonl", 3), other, "--kind", "platt")
    labelled = rows("b.jsonl", 2)
    scores = ["--score", SIGNAL]
    promised = ["--correct", "right", "--max-error", "0.3", "--threshold", str(cut)]
    assert main(["calibrate", "report", str(one), str(labelled), *scores, *promised]) == 0
    out = tmp_path / "out.jsonl"
    for refused in (
        ["apply", str(other), str(labelled), *scores, "-o", str(out), "--threshold", str(cut)],
        ["shift", str(other), str(labelled), *scores, "--correct", "right", "--threshold", str(cut)],
    ):
        assert main(["calibrate", *refused]) == 1
        said = capsys.readouterr().err
        assert (
            "cut.json: this threshold was made on confidences of platt on log_cmp of qwen3-0.6b, fitted on 360" in said
        )
    assert not out.exists()


@pytest.mark.parametrize(
    ("limits", "column"),
    [
        (["--max-cost", "1.5", "--cost", "loss", "--worst-cost", "2"], "mean cost"),
        (["--max-false-blocks", "0.2"], "right ones blocked"),
    ],
)
def test_a_promise_of_costs_or_blocks_is_tried_on_every_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limits: list[str], column: str
) -> None:
    fitted, cut = tmp_path / "c.json", tmp_path / "cut.json"
    path, other, third = (grouped(tmp_path / f"{name}.jsonl", seed) for seed, name in enumerate("ghi", start=1))
    assert main(["calibrate", "fit", str(path), *STATED, "--larger-is", "better", "-o", str(fitted)]) == 0
    assert main(["calibrate", "report", str(fitted), str(other), *STATED, *limits, "--threshold", str(cut)]) == 0
    cost = ["--cost", "loss"] if "--cost" in limits else []
    judge = ["calibrate", "shift", str(fitted), str(third), *STATED, "--threshold", str(cut)]
    capsys.readouterr()
    assert main([*judge, *cost]) == 0
    assert column in capsys.readouterr().out
    assert main([*judge, *cost, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["result"]["files"]
    tried = row["promise"]
    assert tried["low"] <= tried["risk"] <= tried["high"]
    assert tried["state"] in ("kept", "undecided")
    if cost:
        assert main(judge) == 1
        assert "promises a cost: say with --cost FIELD" in capsys.readouterr().err
