"""foureyes clean, from files to files."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from foureyes.cleaning.labels import find_label_issues
from foureyes.cli import main

CLASSES = ("cat", "dog", "=cow")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """300 animals, each tenth with a wrong label that the expert sees."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 300)
    given = np.where(np.arange(300) % 10 == 0, (true + 1) % 3, true)
    probs = rng.dirichlet(np.ones(3), 300) * 0.2
    probs[np.arange(300), true] += 0.8
    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for i in range(300):
            row = {"text": f"item {i}", "label": CLASSES[given[i]], "p": probs[i].tolist()}
            file.write(json.dumps({**row, "true": CLASSES[true[i]] if i < 200 else None}) + "\n")
    return path


def clean(rows: Path, *more: str) -> int:
    names = ",".join(CLASSES)
    return main(["clean", str(rows), "--label", "label", "--probs", "p", "--classes", names, *more])


def test_the_issues_are_those_of_the_library(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean(rows, "--json", "--keep-top", "0.5") == 0
    found = json.loads(capsys.readouterr().out)["result"]
    read = [json.loads(line) for line in rows.read_text().splitlines()]
    labels = [CLASSES.index(row["label"]) for row in read]
    probs = {"p": np.array([row["p"] for row in read])}
    wanted = find_label_issues(labels, probs, method="calibrated", keep_top=0.5)
    assert [issue["row"] for issue in found["issues"]] == wanted.row.tolist()
    assert found["issues"][0]["reason"] == wanted[0].explain(CLASSES)
    assert all(issue["row"] % 10 == 0 for issue in found["issues"])


@pytest.mark.parametrize("action", ["flag", "relabel", "drop"])
def test_a_copy_flags_relabels_or_drops_and_keeps_everything_else(rows: Path, tmp_path: Path, action: str) -> None:
    out = tmp_path / "out.jsonl"
    assert clean(rows, "--method", "basic", "--action", action, "-o", str(out)) == 0
    before = [json.loads(line) for line in rows.read_text().splitlines()]
    after = [json.loads(line) for line in out.read_text().splitlines()]
    if action == "drop":
        assert after == [row for i, row in enumerate(before) if i % 10]
        return
    right = [CLASSES[int(np.argmax(row["p"]))] for row in before]
    if action == "relabel":
        assert after == [row | {"label": label} for row, label in zip(before, right, strict=True)]
    else:
        assert [row.pop("suggested_label") for row in after] == right
        assert [row.pop("is_label_issue") for row in after] == [i % 10 == 0 for i in range(300)]
        assert after == before


def test_a_review_file_is_written_decided_on_and_carried_out(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review, out = tmp_path / "review.csv", tmp_path / "out.jsonl"
    assert clean(rows, "--method", "basic", "--review", str(review), "--item", "text") == 0
    with review.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 30
    assert lines[0]["item"] == f"item {lines[0]['row']}"
    lines[0]["decision"], lines[1]["decision"] = "drop", "relabel"
    lines[1]["new_label"] = "0"
    with review.open("w", newline="") as file:
        table = csv.DictWriter(file, list(lines[0]))
        table.writeheader()
        table.writerows(lines)
    assert clean(rows, "--decisions", str(review), "-o", str(out)) == 0
    after = {row["text"]: row["label"] for row in map(json.loads, out.read_text().splitlines())}
    assert len(after) == 299
    assert f"item {lines[0]['row']}" not in after
    assert after[f"item {lines[1]['row']}"] == "cat"
    capsys.readouterr()
    assert clean(rows, "--review", str(review)) == 1
    assert "File exists" in capsys.readouterr().err


def test_verified_labels_give_the_picture_and_the_share(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert clean(rows, "--true", "true", "--item", "text", "--html", str(page), "--json") == 0
    measured = json.loads(capsys.readouterr().out)["result"]["measured"]
    assert (measured["n_verified"], measured["n_wrong"]) == (200, 20)
    assert measured["points"][-1]["detected"] == 1
    assert measured["points"][-1]["precision"] == 1
    html = page.read_text()
    assert html.count("<svg") == 1
    assert "=cow" in html
    assert clean(rows, "--true", "true", "--precision", "0.5") == 0
    assert "keep-top 1" in capsys.readouterr().err
    assert clean(rows, "--true", "true", "--precision", "0.99") == 1
    assert "would do" in capsys.readouterr().err


def test_probabilities_may_be_arrays_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.97, 0.03]], np.float32)
    np.save(tmp_path / "labels.npy", [0, 1, 1])
    np.save(tmp_path / "one.npy", probs)
    np.save(tmp_path / "two.npy", probs[:, ::-1])
    call = ["clean", str(tmp_path / "labels.npy"), "--label", "labels", "--method", "basic", "--json"]
    assert main([*call, "--probs", str(tmp_path / "one.npy")]) == 0
    assert [issue["row"] for issue in json.loads(capsys.readouterr().out)["result"]["issues"]] == [2]
    assert main([*call, "--probs", str(tmp_path / "one.npy"), "--probs", str(tmp_path / "two.npy")]) == 0
    assert json.loads(capsys.readouterr().out)["result"]["issues"] == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--precision", "0.9"], "goes with --true"),
        (["--method", "basic", "--keep-top", "0.2"], "--keep-top belongs to --method calibrated"),
        (["--decisions", "r.csv"], "give -o OUT"),
        (["--action", "drop"], "give -o OUT"),
        (["-o", "out.csv"], "ends in .jsonl"),
        (["--label", "text"], "300 labels of no class: 'item 0' in 1 row (0)"),
        (["--method", "basic", "--cut", "0.3"], "--cut belongs to --method pooled"),
        (["--classes", 'cat,"dog'], "one line of CSV"),
        (["--classes", "dog,=cow,cat"], "with its columns in another order (column 0 is label 'cat'"),
        (
            ["--classes", "cat,dog,=cow,emu"],
            "('cat', 'dog', '=cow', 'emu'); got probabilities of 3: a name with a comma",
        ),
        (["--probs", "p"], "a name of its own"),
        (["--probs", "q"], "no field 'q'"),
        (["--html", "/none/page.html"], "wanted a folder"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    rows: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    assert clean(rows, *more) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_logits_are_taken_and_not_for_probabilities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("y,a,b\n" + "0,2.5,-1\n1,-3,0.5\n" * 10 + "0,0.3,14\n")
    call = ["clean", str(path), "--label", "y", "--probs", "a,b", "--json"]
    assert main(call) == 0
    assert [issue["row"] for issue in json.loads(capsys.readouterr().out)["result"]["issues"]] == [20]
    assert main([*call, "--scale", "probabilities"]) == 1
    assert "logits" in capsys.readouterr().err


def test_a_review_page_lists_every_issue_to_decide_on(rows: Path, tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    assert clean(rows, "--method", "basic", "--review", str(page), "--item", "text") == 0
    html = page.read_text(encoding="utf-8")
    assert html.count('class="issue"') == 30
    assert "30 labels to decide on" in html
    assert clean(rows, "--review", str(tmp_path / "no" / "review.html")) == 1


@pytest.fixture
def quiz(tmp_path: Path) -> Path:
    """200 questions of four options; every tenth answer is wrong and two of three models see it."""
    rng = np.random.default_rng(1)
    true = rng.integers(0, 4, 200)
    given = np.where(np.arange(200) % 10 == 0, (true + 1) % 4, true)
    path = tmp_path / "quiz.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["given", "one", "two", "three", "c1", "c2", "c3", "true"])
        for i in range(200):
            third = given[i] if i % 20 == 0 else true[i]
            said = ["ABCD"[true[i]], f"({'abcd'[true[i]]})", "" if i == 50 else "ABCD"[third]]
            table.writerow(
                ["ABCD"[given[i]], *said, 0.9, 0.8 if i % 3 else 0.6, "" if i == 50 else 0.7, "ABCD"[true[i]]]
            )
    return path


def answers(quiz: Path, *more: str) -> int:
    letters = ["--letters", "one", "--letters", "two", "--letters", "three"]
    return main(["clean", str(quiz), "--label", "given", "--classes", "A,B,C,D", *letters, *more])


def test_the_letters_of_a_panel_make_one_expert(quiz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answers(quiz, "--keep-top", "1", "--true", "true", "--json") == 0
    found = json.loads(capsys.readouterr().out)["result"]
    assert found["experts"] == ["panel"]
    assert sorted(issue["row"] for issue in found["issues"]) == list(range(0, 200, 10))
    by_row = {issue["row"]: issue["votes"][0]["confidence"] for issue in found["issues"]}
    assert (by_row[10], by_row[20]) == pytest.approx((1, 2 / 3))
    assert found["measured"]["points"][-1]["precision"] == 1


def test_letters_with_confidences_are_experts_each(quiz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stated = ["--confidence", "c1", "--confidence", "c2", "--confidence", "c3"]
    assert answers(quiz, "--method", "basic", *stated, "--json") == 0
    found = json.loads(capsys.readouterr().out)["result"]
    assert found["experts"] == ["one", "two", "three"]
    # Row 50: the third model said nothing, which contradicts nobody.
    assert sorted(issue["row"] for issue in found["issues"]) == [r for r in range(0, 200, 10) if r % 20 and r != 50]
    assert [vote["confidence"] for vote in found["issues"][0]["votes"]] == pytest.approx([0.9, 0.8, 0.7], abs=0.21)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--classes", "D,C,B,A"], "goes with --classes A,B,…, the options in order; got D,C,B,A"),
        (["--confidence", "c1"], "once with each of 3 --letters; got 1"),
        (["--letters", "one"], "a field of its own"),
        (["--letters", "none"], "no field 'none'"),
        (["--probs", "c1,c2"], "probabilities of 2, 4"),
    ],
)
def test_letters_that_cannot_be_used(
    quiz: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    assert answers(quiz, *more) == 1
    assert words in capsys.readouterr().err


def test_somebody_must_contradict(quiz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", str(quiz), "--label", "given", "--classes", "A,B,C,D"]) == 1
    assert "say who contradicts" in capsys.readouterr().err
    assert main(["clean", str(quiz), "--label", "given", "--classes", "A,B,C,D", "--confidence", "c1"]) == 1
    assert "goes with --letters" in capsys.readouterr().err


def test_the_page_is_there_even_if_nobody_reads_to_the_end(rows: Path, tmp_path: Path) -> None:
    page, program = tmp_path / "page.html", "import sys; from foureyes.cli import main; sys.exit(main())"
    options = ["--label", "label", "--probs", "p", "--classes", ",".join(CLASSES), "--json", "--html", str(page)]
    ours = subprocess.Popen([sys.executable, "-c", program, "clean", str(rows), *options], stdout=subprocess.PIPE)
    assert ours.stdout is not None
    ours.stdout.close()
    assert ours.wait() == 0
    assert page.read_text().startswith("<!")


def test_names_without_classes_are_told_what_they_need(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", str(rows), "--label", "label", "--probs", "p"]) == 1
    assert "names of classes go with --classes" in capsys.readouterr().err


def test_rows_without_a_label_stay_as_they_are(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read = [json.loads(line) for line in rows.read_text().splitlines()]
    read[0]["label"], read[10]["label"] = None, ""
    rows.write_text("".join(json.dumps(row) + "\n" for row in read))
    out = tmp_path / "out.jsonl"
    assert clean(rows, "-o", str(out)) == 0
    assert "2 rows without a label left out" in capsys.readouterr().err
    after = [json.loads(line) for line in out.read_text().splitlines()]
    assert [after[row]["is_label_issue"] for row in (0, 10)] == [False, False]
    assert after[0]["suggested_label"] is None


def test_verified_rows_say_how_many_labels_are_wrong(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(rows, "--true", "true", "--json", "--html", str(tmp_path / "page.html")) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)["result"]["estimate"]
    assert found["low"] <= 30 <= found["high"]
    assert "if the verified rows are a random choice: about" in said.err
    assert "If the verified rows are a random choice" in (tmp_path / "page.html").read_text()


def test_a_copy_leaves_labels_that_nobody_decided_on_as_they_were_written(tmp_path: Path) -> None:
    path, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    made = [{"y": [None, -1, 0, 1][i] if i < 4 else i % 2, "p": [[0.9, 0.1], [0.1, 0.9]][i % 2]} for i in range(80)]
    made[10]["y"] = 1
    path.write_text("".join(json.dumps(row) + "\n" for row in made))
    assert main(["clean", str(path), "--label", "y", "--probs", "p", "--action", "relabel", "-o", str(out)]) == 0
    after = [json.loads(line)["y"] for line in out.read_text().splitlines()]
    assert after == [row["y"] if i != 10 else 0 for i, row in enumerate(made)]


def test_an_expert_of_another_length_is_told_with_both(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = rows.with_name("short.npy")
    np.save(short, np.full((299, 3), 1 / 3))
    assert clean(rows, "--probs", str(short)) == 1
    assert f"short has 299 rows, {rows} has 300" in capsys.readouterr().err


def test_no_file_is_replaced_unasked(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean(rows, "-o", str(rows), "--action", "drop") == 1
    assert "exists; --force replaces it" in capsys.readouterr().err
    assert len(rows.read_text().splitlines()) == 300
    assert clean(rows, "-o", str(rows), "--action", "drop", "--force") == 0
    assert len(rows.read_text().splitlines()) < 300
