"""What a study file may say, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from foureyes.errors import InputError
from foureyes.study.plan import ModelRef, Published, SignalColumn, load_study
from foureyes.study.tasks.loading import TaskSpec

LEAST = 'title = "t"\ngenerators = ["g"]\nverifiers = ["v"]\n[[task]]\nname = "mmlu"\n'


def study(tmp_path: Path, text: str):
    (tmp_path / "s.toml").write_text(text)
    return load_study(tmp_path / "s.toml")


def test_the_least_that_makes_a_study(tmp_path: Path) -> None:
    found = study(tmp_path, LEAST)
    assert found.generators == (ModelRef("g", "g"),)
    assert found.tasks == (TaskSpec("mmlu"),)
    assert "log_cmp" in found.signals


def test_everything_that_may_be_said(tmp_path: Path) -> None:
    found = study(
        tmp_path,
        """
title = "t"
seed = 3
generators = ["g", "stored:x"]
verifiers = [{name = "v, 32", model = "v", dtype = "float32"}]
signals = ["log_cmp", "v_agree"]
labels = [10, 20]
[writing]
samples = 3
[budget]
seconds = 60
[[task]]
name = "own"
file = "own.jsonl"
limit = 5
where = {set = 1}
protocols = "pressure"
[[claim]]
says = "c"
better = ["log_cmp", "own.g_ent"]
than = "v, 32.v_agree"
tasks = ["own"]
published = [{of = "p", better = 0.7, than = 0.6}]
[[update]]
before = "a"
after = "b"
""",
    )
    assert found.verifiers == (ModelRef("v, 32", "v", "float32"),)
    assert [ref.published for ref in found.generators] == [False, True]
    assert found.tasks == (TaskSpec("own", "own.jsonl", 5, (("set", "1"),), ("pressure",)),)
    assert found.claims[0].better == (SignalColumn("*", "log_cmp"), SignalColumn("own", "g_ent"))
    assert found.claims[0].than == (SignalColumn("v, 32", "v_agree"),)
    assert found.claims[0].published == (Published("p", 0.7, 0.6),)
    assert (found.seed, found.labels, found.writing.samples, found.budget.seconds) == (3, (10, 20), 3, 60)
    assert (found.updates[0].before, found.updates[0].after) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title = ", "is not TOML"),
        (LEAST.replace("title", "titel"), "study has no titel; it may have title"),
        (LEAST.replace('title = "t"\n', ""), "study: .*missing.*title"),
        (LEAST.replace('["g"]', '"g"'), "generators must be a list"),
        (LEAST.replace('["g"]', "[]"), "a study needs generators with names of their own; got none"),
        (LEAST.replace('["g"]', '["g", "g"]'), "names of their own; got g, g"),
        (LEAST.replace('["g"]', '[{model = "g", kind = 1}]'), "generators 1 has no kind"),
        (LEAST.split("[[task]]", maxsplit=1)[0], "needs at least one"),
        (LEAST + "limit = 0\n", "a limit is at least 1; got 0"),
        (LEAST + "limits = 1\n", "task 1 has no limits"),
        ('signals = ["log_pmc"]\n' + LEAST, "no study takes the signal 'log_pmc' in 'log_pmc'; known are log_cmp"),
        (LEAST + '[[claim]]\nsays = "c"\nbetter = "log_cmp"\n', "claim 1 needs better and than"),
        (LEAST + "[writing]\nsamples = 0\n", "writing wants max_tokens and samples of at least 1"),
        (LEAST + "[budget]\nminutes = 3\n", "budget has no minutes; it may have seconds, tokens"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        study(tmp_path, text)
    assert "s.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*none\.toml: No such file"):
        load_study(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[2].glob("docs/studies/*.toml")), ids=lambda path: path.stem
)
def test_the_studies_of_this_repository_can_be_read(path: Path) -> None:
    assert load_study(path).title
