"""What a page is told: files, rows in order, one row in full."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foureyes.errors import InputError
from foureyes.view.columns import GrowingColumns
from foureyes.view.page import exported
from foureyes.view.questions import RowsQuestion
from foureyes.view.scored_rows import RowReader
from foureyes.view.viewer import NoSuchRow, Viewer

Open = Callable[..., Viewer]
LOGGED = (("Sydney", -2.5), (" it", -0.25), (" is", -0.125))


def ask(viewer: Viewer, **parameters: str | list[str]) -> dict[str, Any]:
    lists = {name.rstrip("_"): [value] if isinstance(value, str) else value for name, value in parameters.items()}
    return viewer.rows(RowsQuestion.of(lists))


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def values(path: Path, verifier: str, signal: str) -> dict[int, float]:
    found = enumerate(row["foureyes"][verifier] for row in records(path))
    return {i: result[signal] for i, result in found if signal in result}


@pytest.mark.parametrize(("order", "sign"), [("worst", -1), ("best", 1)])
def test_rows_come_in_the_order_of_a_signal_and_those_without_it_last(
    scored: Path, opened: Open, order: str, sign: int
) -> None:
    said = values(scored, "v", "log_cmp")
    wanted = [*sorted(said, key=lambda i: (sign * said[i], i)), 6]
    found = ask(opened(scored), sort="log_cmp", order=order, limit="100")
    assert [row["row"] for row in found["rows"]] == wanted
    assert [row["value"] for row in found["rows"][:-1]] == [said[i] for i in wanted[:-1]]
    assert found["rows"][-1]["value"] is None
    assert "empty_answer" in found["rows"][-1]["problem"]
    assert [row["place"] for row in found["rows"]] == list(range(1, 41))


@pytest.mark.parametrize("question", ["file", "rows"])
def test_a_file_whose_end_comes_while_it_is_asked_about_is_not_told_as_whole(
    scored: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    viewer = opened(scored, build=False)
    counts = iter([viewer._files[0].index.build])

    def count(columns: GrowingColumns) -> int:
        n = int(columns.__dict__["rows"])
        for reach_the_end in counts:
            reach_the_end()
        return n

    known = property(count, lambda columns, n: columns.__dict__.update(rows=n))
    monkeypatch.setattr(GrowingColumns, "rows", known, raising=False)
    if question == "file":
        [told] = viewer.file()["files"]
        assert (told["indexed"], told["rows"], told["caught_up"]) == (0, None, False)
    else:
        assert ask(viewer)["order"] == "file"
    assert next(counts, None) is None
    assert viewer.file()["files"][0]["rows"] == 40


def test_a_file_whose_index_ended_in_an_error_is_sorted_and_searched_as_far_as_it_was_read(
    scored: Path, opened: Open
) -> None:
    viewer = opened(scored, build=False)
    [file] = viewer._files

    def fail() -> None:
        raise OSError("the disk is full")

    file.index._save = fail  # type: ignore[method-assign]
    viewer.start()
    assert file.index.wait(60)
    [told] = viewer.file()["files"]
    assert (told["indexed"], told["caught_up"], told["error"]) == (40, False, "the disk is full")
    said = values(scored, "v", "log_cmp")
    found = ask(viewer, sort="log_cmp")
    assert found["order"] == "worst"
    assert found["rows"][0]["row"] == max(said, key=lambda i: said[i])
    assert ask(viewer, text="Question 1?")["search"]["complete"]


def test_the_worst_end_is_the_low_one_where_larger_is_better(scored: Path, opened: Open) -> None:
    said = values(scored, "w-2.5", "min_logprob")
    found = ask(opened(scored), verifier="1", sort="min_logprob", limit="1")
    assert found["rows"][0]["value"] == min(said.values())


def test_pages_are_pieces_of_one_order(scored: Path, opened: Open) -> None:
    viewer = opened(scored)
    whole = [row["row"] for row in ask(viewer, limit="40")["rows"]]
    pieces = [ask(viewer, offset=str(i), limit="7")["rows"] for i in range(0, 42, 7)]
    assert [row["row"] for piece in pieces for row in piece] == whole


def test_filters_hold_together(scored: Path, opened: Open) -> None:
    viewer = opened(scored)
    viewer.label({"file": 0, "row": 4, "label": "wrong"})
    said, length = values(scored, "v", "log_cmp"), values(scored, "v", "n_tokens")
    found = ask(
        viewer,
        label=["wrong"],
        min_tokens="3",
        max_tokens="6",
        signal_min="0.5",
        sort="log_cmp",
        limit="99",
        order="file",
    )
    wrong = {i for i in range(40) if i % 3 == 0 and i not in (5, 6)} | {4, 6}
    assert {row["row"] for row in found["rows"]} == {
        i for i in wrong & said.keys() if 3 <= length[i] <= 6 and said[i] >= 0.5
    }
    assert found["total"] == len(found["rows"]) > 1
    assert ask(viewer, label="none")["total"] == 1
    assert ask(viewer, label=["none", "wrong"])["total"] == len(wrong) + 1


def test_text_is_found_in_prompt_and_answer_whatever_its_capitals(scored: Path, opened: Open) -> None:
    viewer = opened(scored)
    found = ask(viewer, text="QUESTION 1", order="file", limit="99")
    while not found["search"]["complete"]:
        found = ask(viewer, text="QUESTION 1", order="file", limit="99")
    assert [row["row"] for row in found["rows"]] == [1, *range(10, 20)]
    assert found["search"] == {"searched": 40, "of": 40, "complete": True}
    assert [row["row"] for row in ask(viewer, text="ja, hallo")["rows"]] == [5]
    assert ask(viewer, text="foureyes")["total"] == 0  # what the verifiers said is no text of the row


def test_a_row_in_full_has_every_token_and_says_why(scored: Path, opened: Open) -> None:
    row = opened(scored).row(0, 7)
    assert row["prompt"] == [{"role": "prompt", "text": "Question 7?", "pieces": [["text", "Question 7?"]]}]
    assert ["name", "U+202E"] in row["answer_pieces"]
    first, second = row["verifiers"]
    assert (first["name"], second["name"]) == ("v", "w-2.5")
    said = records(scored)[7]["foureyes"]["v"]
    tokens = [spot for spot in first["heat"] if "nats" in spot]
    assert [spot["nats"] for spot in tokens] == said["tokens"]["nll"]
    assert sum(spot["n"] for spot in first["heat"]) == len(row["answer"])
    assert f"{said['log_cmp']:.2f} nats a token" in first["sentence"]
    shown = {signal["name"]: signal["value"] for signal in first["signals"]}
    assert shown["log_cmp"] == said["log_cmp"]
    assert json.loads(json.dumps(row)) == row


def test_a_signal_says_where_it_stands_among_all_rows(scored: Path, opened: Open) -> None:
    viewer = opened(scored)
    worst, *_, best = [row["row"] for row in ask(viewer, sort="log_cmp", limit="99")["rows"] if row["value"]]
    n = len(values(scored, "v", "log_cmp"))

    def stands(row: int) -> float:
        first = viewer.row(0, row)["verifiers"][0]
        return float(next(signal["worse"] for signal in first["signals"] if signal["name"] == "log_cmp"))

    assert stands(best) == 0
    assert stands(worst) == (n - 1) / n


def test_a_conversation_comes_as_turns(scored: Path, opened: Open) -> None:
    assert opened(scored).row(0, 5)["prompt"] == [{"role": "user", "text": "Hallo?", "pieces": [["text", "Hallo?"]]}]


def test_without_tokens_it_says_how_to_get_them(scored_files: dict[str, Path], opened: Open) -> None:
    viewer = opened(scored_files["bare"])
    [seen] = viewer.row(0, 0)["verifiers"]
    assert seen["heat"] is None
    assert seen["no_heat"].endswith("score it with them: foureyes score --verifier v --tokens")
    assert "nats a token where it expected" in seen["sentence"]
    assert viewer.file()["files"][0]["verifiers"][0]["tokens"] is False


def test_an_unscored_row_says_why(scored: Path, opened: Open) -> None:
    seen = opened(scored).row(0, 6)["verifiers"][0]
    assert seen["unscored"]["reason"] == "empty_answer"
    assert (seen["heat"], seen["finding"]) == (None, "could not tell")


def test_parquet_says_the_same_as_json_lines(scored_files: dict[str, Path], opened: Open) -> None:
    lines, columns = opened(scored_files["plain"]), opened(scored_files["parquet"])
    ours, theirs = lines.file()["files"][0], columns.file()["files"][0]
    assert {**theirs, "name": ""} == {**ours, "name": ""}
    assert ask(columns, limit="99") == ask(lines, limit="99")
    for row in range(39):
        told = [viewer.row(0, row) for viewer in (lines, columns)]
        assert told[0]["verifiers"] == told[1]["verifiers"]
        assert told[0]["prompt"] == told[1]["prompt"]


def test_two_files_are_joined_by_prompt_and_answer(
    scored_files: dict[str, Path], scored: Path, tmp_path: Path, opened: Open
) -> None:
    lines = scored_files["bare"].read_text().splitlines(keepends=True)
    turned = tmp_path / "turned.jsonl"
    turned.write_text("".join(reversed([line for line in lines if '"id": 3,' not in line])))
    viewer = opened(scored, turned)
    assert viewer.file()["joined"] == "prompt and answer"
    found = ask(viewer, verifier="1", with_="1:0", by="difference", limit="99")
    ours, theirs = values(scored, "w-2.5", "log_cmp"), values(scored_files["bare"], "v", "log_cmp")
    wanted = {i: ours[i] - theirs[i] for i in ours if i != 3}
    told = {row["row"]: row["with"]["difference"] for row in found["rows"]}
    assert {i: d for i, d in told.items() if d is not None} == pytest.approx(wanted)
    assert told[3] is None
    differences = [row["with"]["difference"] for row in found["rows"][: len(wanted)]]
    assert differences == sorted(differences, reverse=True)
    beside = next(row for row in found["rows"] if row["row"] == 11)["with"]["row"]
    assert viewer.row(0, 11, 1)["others"][0]["row"] == beside
    assert viewer.row(0, 11, 1)["others"][0]["answer"] == viewer.row(0, 11)["answer"]
    assert viewer.row(0, 3, 1)["others"] == []


def test_two_verifiers_of_a_file_stand_side_by_side(scored: Path, opened: Open) -> None:
    found = ask(opened(scored), with_="0:1", by="difference")
    assert all(row["with"]["row"] == row["row"] for row in found["rows"])
    assert found["rows"][0]["with"]["difference"] == pytest.approx(0.0)  # scripted verifiers agree


def test_files_without_a_common_answer_are_joined_by_place(scored: Path, tmp_path: Path, opened: Open) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(scored.read_text().replace("Question", "Problem").replace("Hallo?", "Servus?"))
    viewer = opened(scored, other)
    assert viewer.file()["joined"] == "place"
    assert ask(viewer, with_="1:1", limit="1")["rows"][0]["with"]["row"] == ask(viewer, limit="1")["rows"][0]["row"]


def test_fields_that_are_named_are_read(scored: Path, tmp_path: Path, opened: Open) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(scored.read_text().replace('"prompt": "', '"asked": "').replace('"answer": "', '"said": "'))
    reader = RowReader(fields=["prompt=asked", "answer=said"])
    assert ask(opened(own, reader=reader), limit="1", order="file")["rows"][0]["prompt"] == "Question 0?"
    assert "wanted" in ask(opened(own), limit="1", order="file")["rows"][0]["problem"]


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "nothing"},
        {"order": "up"},
        {"label": "maybe"},
        {"offset": "-1"},
        {"limit": "1e3"},
        {"min_tokens": "nan"},
        {"signal_min": "much"},
        {"text": "x" * 501},
        {"with": "1"},
        {"by": "difference"},
        {"by": "name"},
        {"colour": "red"},
        {"file": "0", "sort": ["a", "b"]},
    ],
)
def test_a_question_that_is_none_is_refused(scored: Path, opened: Open, asked: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ask(opened(scored), **asked)


def test_what_is_not_there_is_not_found(scored: Path, opened: Open) -> None:
    viewer = opened(scored)
    for question in (lambda: viewer.row(1, 0), lambda: viewer.row(0, 40), lambda: ask(viewer, verifier="2")):
        with pytest.raises(NoSuchRow):
            question()


@pytest.mark.parametrize("escaped", ["escaped", ""])
@pytest.mark.parametrize(
    "said", ["Straße", "KELVIN \u212a", "a/b", 'he said "no"', "tab\there", "\u017ftop", "plain words", "naïve Ünder"]
)
def test_a_text_is_found_however_json_writes_it(tmp_path: Path, opened: Open, said: str, escaped: str) -> None:
    result = {"v": {"log_cmp": 1.0, "cme_low": 1.0, "cme_high": 1.0, "n_tokens": 1}}
    rows = [{"prompt": "Say it.", "answer": words, "foureyes": result} for words in ("nothing", f"well, {said} there")]
    path = tmp_path / "said.jsonl"
    text = "".join(json.dumps(row, ensure_ascii=bool(escaped)) + "\n" for row in rows)
    path.write_text(text.replace("/", "\\/") if escaped else text, encoding="utf-8")
    viewer = opened(path)
    for sought in (said, said.upper(), said.casefold(), said[1:4]):
        found = ask(viewer, text=sought)
        while not found["search"]["complete"]:
            found = ask(viewer, text=sought)
        assert [row["row"] for row in found["rows"]] == [1], sought


def test_what_the_author_of_an_answer_saw_is_shown_like_a_verifier(tmp_path: Path, opened: Open) -> None:
    shown = [{"token": text, "logprob": p, "bytes": list(text.encode()), "top_logprobs": []} for text, p in LOGGED]
    choice = {"index": 0, "message": {"role": "assistant", "content": "Sydney it is"}, "logprobs": {"content": shown}}
    asked = {"model": "m", "messages": [{"role": "user", "content": "Capital of Australia?"}]}
    log, out = tmp_path / "log.jsonl", tmp_path / "scored.jsonl"
    log.write_text(json.dumps({"request": asked, "response": {"model": "m", "choices": [choice]}}) + "\n")
    command = [sys.executable, "-m", "foureyes", "score", str(log), "-o", str(out), "--tokens"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    viewer = opened(out)
    [own] = viewer.row(0, 0)["verifiers"]
    assert own["name"] == "own"
    assert [spot["nats"] for spot in own["heat"] if "nats" in spot] == pytest.approx([-p for _, p in LOGGED])
    assert "nats a token where it expected" in own["sentence"]
    assert ask(viewer)["sort"] == "log_g_ppl"
    assert {signal["name"] for signal in own["signals"]} <= {"log_g_ppl", "g_ppl", "g_ent", "n_tokens"}


def test_half_a_character_in_a_row_is_exported(scored: Path, opened: Callable[..., Viewer], tmp_path: Path) -> None:
    first, *others = scored.read_text().splitlines()
    row = {**json.loads(first), "note": "\ud800", "\udc00": "\u2028</script>\x00"}
    scored.write_text("\n".join([json.dumps(row), *others]) + "\n")
    viewer = opened(scored)
    viewer.read_to_end(print)
    page = exported(viewer.page_data(100))
    assert page.encode().count(b"</script>") == exported({}).encode().count(b"</script>")
