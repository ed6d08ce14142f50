import json
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from foureyes.cli import main
from foureyes.cli.demo.work import show, wanted
from foureyes.cli.output import CommandOutput
from foureyes.cli.verbs import parser_of
from foureyes.demo.recorded import AUTHOR, recorded
from foureyes.errors import InputError
from foureyes.models.roles import Reader
from foureyes.models.scripted import ScriptedReader


def told(readers: Iterable[Reader], *, page: Path | None, as_json: bool = False) -> int:
    output = CommandOutput("demo", as_json=as_json)
    show(readers, output, page=page)
    return output.end()


def verifiers() -> list[Reader]:
    return [ScriptedReader(name="first"), ScriptedReader({"Sydney": 0.5}, name="second")]


def test_the_screen_goes_to_stdout_words_to_stderr_and_the_page_to_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert told(verifiers(), page=page) == 0
    out, err = capsys.readouterr()
    assert "AUROC" in out
    assert f"first: reading {len(recorded().answers)} answers of {AUTHOR} and 48 programs" in err
    assert "tokens/s" in err
    assert str(page) in err
    assert "<!doctype html>" in page.read_text()


def test_json_is_all_there_is_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(verifiers(), page=None, as_json=True) == 0
    kept = json.loads(capsys.readouterr().out)["result"]
    assert [read["model"] for read in kept["live"]] == ["first", "second"]
    assert len(kept["author"]["answers"]) == len(recorded().answers)
    assert list(tmp_path.iterdir()) == []


class Mortal(ScriptedReader):
    """A reader that can be seen to be gone."""


def test_one_model_at_a_time_is_in_memory() -> None:
    def one_by_one() -> Iterator[Reader]:
        first = Mortal(name="first")
        gone = weakref.ref(first)
        yield first
        del first
        assert gone() is None
        yield Mortal(name="second")

    assert told(one_by_one(), page=None) == 0


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ["qwen2.5-coder-0.5b"]),
        (["--small"], ["smollm2-135m"]),
        (["--verifier", "a", "--verifier", "b"], ["a", "b"]),
    ],
)
def test_who_reads(options: list[str], names: list[str]) -> None:
    assert wanted(parser_of(["demo"]).parse_args(["demo", *options])) == names


def test_small_and_a_verifier_of_ones_own_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["demo", "--small", "--verifier", "gemma3-270m"])
    assert leaving.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_size_and_a_way_out_are_said_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    assert main(["demo", "--no-html"]) == 1
    said = capfd.readouterr().err
    assert said.removeprefix("foureyes: ").startswith("qwen2.5-coder-0.5b ")
    assert "or add --small" in said.partition("loading")[0]


def test_a_page_that_cannot_be_written_is_found_out_before_any_reading(tmp_path: Path) -> None:
    def never() -> Iterator[Reader]:
        yield pytest.fail("a verifier was opened")

    with pytest.raises(InputError, match="is not one"):
        told(never(), page=tmp_path / "no" / "page.html")


def test_two_models_of_one_name_are_an_error() -> None:
    with pytest.raises(InputError, match="got first twice"):
        told([ScriptedReader(name="first"), ScriptedReader(name="first")], page=None)


def test_an_unknown_verifier_is_one_line_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--no-html", "--verifier", "no-such-model"]) == 1
    err = capsys.readouterr().err
    assert "no-such-model" in err
    assert "Traceback" not in err


def test_html_and_no_html_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["demo", "--html", "a.html", "--no-html"])
    assert leaving.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.weights
def test_the_command_gives_the_same_numbers_twice_and_needs_no_network(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    runs = []
    for _ in range(2):
        assert main(["demo", "--no-html", "--json", "--small"]) == 0
        kept = json.loads(capsys.readouterr().out)["result"]
        del kept["live"][0]["seconds"]
        runs.append(kept)
    assert runs[0] == runs[1]
