import csv

import numpy as np
import pytest

from foureyes.cleaning.labels import find_label_issues
from foureyes.cleaning.review import (
    ReviewDecision,
    apply_decisions,
    clean_records,
    is_decided,
    read_review,
    suggestions,
    write_review,
)
from foureyes.errors import InputError

CLASSES = ["cat", "dog", "emu"]
ISSUES = find_label_issues(
    [0, 0, 2, 1],
    {"ann": [[0.1, 0.8, 0.1], [0.9, 0.1, 0], [0.7, 0.2, 0.1], [0, 0.3, 0.7]]},
    method="basic",
)


def fill(path, **decisions):
    """What a person does in a spreadsheet."""
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        lines = list(table)
    for line in lines:
        line["decision"], line["new_label"] = decisions.get(f"row_{line['row']}", ("", ""))
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, table.fieldnames or ())
        out.writeheader()
        out.writerows(lines)


def test_a_review_goes_to_a_person_and_back(tmp_path):
    path = tmp_path / "review.csv"
    write_review(path, ISSUES, items=["a.png", "b.png", "c, d.png", 'the "emu"\nof 1932'], classes=CLASSES)
    with path.open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["given"], first["suggested"], first["ann: label"]) == ("cat", "dog", "dog")
    assert first["reason"] == "not cat: ann says dog (0.80)"
    fill(path, row_0=("Relabel", ""), row_2=(" drop ", ""), row_3=("keep", ""))
    decisions = read_review(path, classes=CLASSES)
    assert decisions == {0: ReviewDecision("relabel", 1), 2: ReviewDecision("drop"), 3: ReviewDecision("keep")}
    rows, labels = apply_decisions([0, 0, 2, 1], decisions)
    assert (rows.tolist(), labels.tolist()) == ([0, 1, 3], [1, 0, 1])


@pytest.mark.parametrize(("typed", "label"), [("emu", 2), ("2", 2), ("", 1)])
def test_a_new_label_is_a_name_an_index_or_the_suggestion(tmp_path, typed, label):
    path = tmp_path / "review.csv"
    write_review(path, ISSUES, classes=CLASSES)
    fill(path, row_0=("relabel", typed))
    assert read_review(path, classes=CLASSES) == {0: ReviewDecision("relabel", label)}


@pytest.mark.parametrize("between", [";", "\t"])
def test_a_review_that_a_spreadsheet_of_another_country_saved_is_read(tmp_path, between):
    path = tmp_path / "review.csv"
    write_review(path, ISSUES, classes=CLASSES)
    fill(path, row_0=("relabel", "emu"))
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=between).writerows(lines)
    assert read_review(path, classes=CLASSES) == {0: ReviewDecision("relabel", 2)}


@pytest.mark.parametrize(
    ("decision", "label", "decided"), [("keep", "", True), ("", "emu", True), ("", "", False), (" ", "", False)]
)
def test_whether_anybody_has_worked_on_a_review(tmp_path, decision, label, decided):
    path = tmp_path / "review.csv"
    write_review(path, ISSUES, classes=CLASSES)
    fill(path, row_2=(decision, label))
    assert is_decided(path) is decided


def test_nothing_decided_changes_nothing(tmp_path):
    path = tmp_path / "review.csv"
    write_review(path, ISSUES)
    decisions = read_review(path)
    assert decisions == {}
    rows, labels = apply_decisions([0, 0, 2, 1], decisions)
    assert (rows.tolist(), labels.tolist()) == ([0, 1, 2, 3], [0, 0, 2, 1])


def test_a_persons_work_is_never_overwritten(tmp_path):
    path = tmp_path / "review.csv"
    write_review(path, ISSUES)
    with pytest.raises(InputError, match="File exists"):
        write_review(path, ISSUES)


def test_an_item_is_not_run_as_a_formula(tmp_path):
    path = tmp_path / "review.csv"
    write_review(path, ISSUES, items=['=HYPERLINK("http://evil")', "b", "+1", "-"])
    with path.open(encoding="utf-8", newline="") as file:
        shown = {line["row"]: line["item"] for line in csv.DictReader(file)}
    assert shown == {"0": '\'=HYPERLINK("http://evil")', "2": "'+1", "3": "'-"}


def test_suggestions_can_be_followed_without_a_person():
    rows, labels = apply_decisions([0, 0, 2, 1], suggestions(ISSUES, "relabel"))
    assert (rows.tolist(), labels.tolist()) == ([0, 1, 2, 3], [1, 0, 0, 2])
    rows, _ = apply_decisions([0, 0, 2, 1], suggestions(ISSUES, "drop"))
    assert rows.tolist() == [1]


def test_the_given_labels_stay_as_they_are():
    labels = np.array([0, 1])
    apply_decisions(labels, {0: ReviewDecision("relabel", 1)})
    assert labels.tolist() == [0, 1]


def test_records_are_cleaned_one_at_a_time():
    records = ({"id": i, "label": CLASSES[y]} for i, y in enumerate([0, 0, 2]))
    decisions = {0: ReviewDecision("relabel", 2), 1: ReviewDecision("drop"), 2: ReviewDecision("keep")}
    out = clean_records(records, decisions, field="label", classes=CLASSES)
    assert next(out) == {"id": 0, "label": "emu"}
    assert list(out) == [{"id": 2, "label": "emu"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("row,decision\n1,keep\n", "no review file: it lacks the column 'agreement'"),
        ("{head}0,,0,1,0.1,1,,perhaps,\n", "line 2: decision must be one of keep, relabel, drop; got 'perhaps'"),
        ("{head}0,,0,1,0.1,1,,relabel,gnu\n", "line 2: new_label must be a class name or an index below 3; got 'gnu'"),
        ("{head}0,,0,1,0.1,1,,relabel,3\n", "index below 3; got '3'"),
        ("{head}x,,0,1,0.1,1,,keep,\n", "line 2: row must be a whole number; got 'x'"),
    ],
)
def test_a_file_that_is_no_review_is_refused(tmp_path, text, message):
    head = "row,item,given,suggested,score,agreement,reason,decision,new_label\n"
    path = tmp_path / "review.csv"
    path.write_text(text.format(head=head), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_review(path, classes=CLASSES)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read the review file"):
        read_review(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("row,é\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_review(tmp_path / "latin.csv")


def test_a_line_cut_short_has_no_decision(tmp_path):
    path = tmp_path / "review.csv"
    path.write_text("row,item,given,suggested,score,agreement,reason,decision,new_label\n0,,0\n", encoding="utf-8")
    assert read_review(path) == {}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ReviewDecision("burn"), "keep, relabel, drop; got 'burn'"),  # type: ignore[arg-type]
        (lambda: ReviewDecision("relabel"), "relabel goes with a label"),
        (lambda: ReviewDecision("keep", 1), "keep and drop without"),
        (lambda: apply_decisions([0], {1: ReviewDecision("keep")}), "names row 1, but there are 1 rows"),
        (lambda: list(clean_records([{"y": 0}], {}, field="label")), "record 0 has no field 'label'; it has 'y'"),
        (lambda: list(clean_records([{"y": 0}], {3: ReviewDecision("keep")}, field="y")), "names row 3"),
        (
            lambda: list(clean_records([{"y": 0}], {0: ReviewDecision("relabel", 5)}, field="y", classes=["a"])),
            "names class 5, but there are 1",
        ),
    ],
)
def test_decisions_that_cannot_be_carried_out_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_items_and_names_must_fit(tmp_path):
    with pytest.raises(InputError, match="each of 4 rows; got 1"):
        write_review(tmp_path / "r.csv", ISSUES, items=["a"])
    with pytest.raises(InputError, match="each of 3 classes; got 1"):
        write_review(tmp_path / "r.csv", ISSUES, classes=["a"])
