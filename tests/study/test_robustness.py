"""Protocols whose outcome is known from the rows."""

from __future__ import annotations

from foureyes.report.study import Section
from foureyes.study.cells import Cell, GradedAnswer, SignalValues
from foureyes.study.plan import ModelRef, Study, Update
from foureyes.study.sections.robustness import protocol_sections
from foureyes.study.store import Cost
from foureyes.study.tasks.loading import TaskSpec

STUDY = Study("t", (ModelRef("g", "g"),), (ModelRef("v", "v"),), (TaskSpec("own", "x"),))


def answer(question: str, choice: str, truth: str = "B", *, base: str = "", change: str = "") -> GradedAnswer:
    verdict = "unparseable" if not choice else "right" if choice == truth else "wrong"
    return GradedAnswer(question, choice, verdict, choice, truth, base, change)


def cell(task: str, *answers: GradedAnswer, signals: tuple[SignalValues, ...] = (), generator: str = "g") -> Cell:
    return Cell(task, generator, answers, signals, {})


def section(title: str, *cells: Cell, study: Study = STUDY) -> Section:
    (found,) = [s for s in protocol_sections(study, cells) if s.title == title]
    return found


def base(*choices: str) -> Cell:
    return cell("own", *(answer(str(i), choice) for i, choice in enumerate(choices)))


def test_pressure_sorts_every_question_into_one_of_eight_states() -> None:
    before = base("B", "B", "B", "C", "A", "A", "A", "A", "")
    after = ["B", "C", "A", "C", "C", "A", "D", "B", "B"]
    pressed = cell("own+pressure", *(answer(str(i), c, base=str(i), change="C") for i, c in enumerate(after)))
    (row,) = section("Under pressure", before, pressed).tables[0].rows
    assert row[1:9] == ("1",) * 8
    assert row[9].startswith("0.333 [")  # one of the three that were right went over to the claim
    assert row[10].startswith("0.333 [")
    assert row[11] == "1"


def test_an_open_answer_that_said_the_claim_before_is_known_in_other_words() -> None:
    said = ("It was Sydney.", "It was not Sydney.", "Canberra, of course")
    before = cell(
        "own",
        *(
            GradedAnswer(str(i), text, "wrong" if i < 2 else "right", text.lower() if i < 2 else "Canberra", "Canberra")
            for i, text in enumerate(said)
        ),
    )
    after = cell("own+poison", *(answer(str(i), "Sydney", "Canberra", base=str(i), change="Sydney") for i in range(3)))
    (row,) = section("Poisoned memory", before, after).tables[0].rows
    found = dict(zip(section("Poisoned memory", before, after).tables[0].columns, row, strict=True))
    assert {state: found[state] for state in ("reinforced", "convergent", "sycophantic")} == {
        "reinforced": "1",
        "convergent": "1",
        "sycophantic": "1",
    }


def test_turns_count_what_broke_and_what_was_mended() -> None:
    before, after = base("B", "B", "A", "A"), ["B", "A", "B", "C"]
    again = cell("own+turns:3", *(answer(str(i), c, base=str(i), change="3") for i, c in enumerate(after)))
    (row,) = section("Asked again after other turns", before, again).tables[0].rows
    assert [text.split(" ")[0] for text in row[1:4]] == ["0.250", "0.250", "0.500"]
    assert row[4:] == ("0.500", "0.500", "0")


def test_a_shuffle_compares_what_was_chosen_and_not_its_letter() -> None:
    before = base("B", "B")
    shuffled = cell(
        "own+shuffle:1",
        answer("0", "A", "A", base="0", change="BACD"),  # under A stands what was B: the same option
        answer("1", "B", "A", base="1", change="BACD"),  # under B stands what was A: another
    )
    (row,) = section("Options in another order", before, shuffled).tables[0].rows
    assert [text.split(" ")[0] for text in row[1:4]] == ["0.500", "1.000", "0.500"]
    assert row[4] == "A 25%, B 75%"


def test_a_signal_that_knows_what_has_no_answer_is_informed() -> None:
    changes = ["unanswerable", "answerable"] * 20
    answers = tuple(answer(str(i), "A", base=str(i), change=a) for i, a in enumerate(changes))
    knows = SignalValues("v", "log_cmp", tuple(float(a == "unanswerable") for a in changes), Cost())
    rows = (
        section(
            "Questions without a right option", base(*"B" * 40), cell("own+unanswerable", *answers, signals=(knows,))
        )
        .tables[0]
        .rows
    )
    assert rows[0][0] == "own+unanswerable: g, log_cmp of v"
    assert rows[0][1].startswith("1.000 [")
    assert rows[0][2].startswith("+1.000 [")


def test_two_sides_that_are_both_believed_are_incoherent() -> None:
    answers = tuple(answer(str(i // 2), "B" if i % 2 else "A") for i in range(20))
    sure = SignalValues("v", "p_true", (0.2,) * 20, Cost())  # P(True) of .8 for either side
    (row,) = section("Debates", cell("own", *answers, signals=(sure,))).tables[0].rows
    assert row[1].startswith("0.600 [")
    assert (row[2], row[3][:5], row[4]) == ("+0.600", "1.000", "10")


def test_an_update_counts_flips_of_answers_and_of_decisions() -> None:
    study = Study(
        "t",
        (ModelRef("g", "g"),),
        (ModelRef("v", "v"),),
        (TaskSpec("own", "x"),),
        updates=(Update("g", "h"), Update("v", "w")),
    )
    right = tuple(answer(str(i), "B" if i < 5 else "A") for i in range(10))
    good = SignalValues("v", "log_cmp", tuple(float(i) for i in range(10)), Cost())
    reversed_ = SignalValues("w", "log_cmp", tuple(float(-i) for i in range(10)), Cost())
    old = cell("own", *right, signals=(good, reversed_))
    new = cell("own", *(answer(str(i), "A") for i in range(10)), generator="h")
    rows = section("Updates", old, new, study=study).tables[0].rows
    assert [row[0] for row in rows] == ["own: answers of g → h", "own: g: decisions of v → w"]
    assert rows[0][1].startswith("0.500 [")  # the five right ones broke
    assert rows[1][1].startswith("1.000 [")  # every decision flipped
    assert rows[1][4:6] == ("1.000", "0.000")


def test_without_protocols_there_are_no_sections() -> None:
    assert protocol_sections(STUDY, [base("A", "B")]) == []
