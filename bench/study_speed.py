"""A study of multiple-choice questions against lm-evaluation-harness scoring the same questions with the same models.

    python -m bench.study_speed --data ../shared/data --markdown docs/bench-study.md

Both do the same, in turn, each in a process of its own: n MMLU questions of four options, two models. The harness scores
the letter of every option; foureyes runs a study in which each model answers and verifies the other, with every signal of
one reading, from a store that is empty, and writes its rows. Loading counts for both. The harness first scores a few of
the questions in every precision and batch size asked for, and then all of them in the fastest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from bench.machine import describe
from bench.ratios import per_round
from bench.section import aims, at_most, grid, put
from bench.session import ROOT

__all__ = ["STUDY", "requests_of", "study_file"]

MODELS: Final = ("smollm2-135m", "gemma3-270m")
WANTED: Final = 0.75
SIGNALS: Final = (
    "log_cmp",
    "cme",
    "nats_per_byte",
    "min_logprob",
    "mean_rank",
    "mean_top1_prob",
    "mean_token_prob",
    "p_option",
    "option_entropy",
    "v_agree",
)

STUDY: Final = """title = "speed"
generators = {models}
verifiers = {models}
signals = {signals}
[[task]]
name = "mmlu"
limit = {n}
"""


def study_file(folder: Path, n: int) -> Path:
    """The study, as a user would write it."""
    path = folder / "speed.toml"
    path.write_text(STUDY.format(models=json.dumps(MODELS), signals=json.dumps(SIGNALS), n=n), encoding="utf-8")
    return path


def requests_of(data: Path, n: int) -> list[tuple[str, str]]:
    """(question with options, letter) of every option of every question, for the harness."""
    from foureyes.study.tasks.loading import TaskSpec, load_task  # noqa: PLC0415 - the harness's process has no foureyes

    task = load_task(TaskSpec("mmlu", limit=n), data=data, seed=0)
    return [(item.prompt, letter) for item in task.items for letter in item.letters]


_HARNESS: Final = """
import json, sys, time
start = time.perf_counter()
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
folders, path, dtype, batch = json.loads(sys.argv[1])
requests = json.load(open(path))
for folder in folders:
    model = HFLM(pretrained=folder, device="cpu", dtype=dtype, batch_size=batch)
    chat = model.tokenizer.chat_template
    asked = []
    for i, (prompt, letter) in enumerate(requests):
        if chat is None:
            put = f"Question: {prompt}\\nAnswer:", f" {letter}"
        else:
            turns = [{"role": "user", "content": prompt}]
            put = model.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True), letter
        asked.append(Instance("loglikelihood", {}, put, i))
    model.loglikelihood(asked, disable_tqdm=True)
    del model
print(json.dumps(time.perf_counter() - start))
"""


@dataclass(frozen=True, slots=True)
class HarnessSetting:
    """How the harness is run."""

    dtype: str
    batch: int

    def __str__(self) -> str:
        return f"{self.dtype}, batches of {self.batch}"


@dataclass(frozen=True, slots=True)
class StudyTimings:
    """What was measured, seconds round by round.

    Attributes:
        questions: how many.
        tried: seconds of the harness for a few of them, by setting.
        harness: with the fastest of these.
        study: from an empty store.
        again: of the finished study once more.
    """

    questions: int
    tried: dict[HarnessSetting, float]
    harness: Sequence[float]
    study: Sequence[float]
    again: Sequence[float]


def harness(python: Path, folders: list[str], requests: Path, setting: HarnessSetting) -> float:
    """Seconds of one run of lm-evaluation-harness over both models."""
    command = [str(python), "-c", _HARNESS, json.dumps([folders, str(requests), setting.dtype, setting.batch])]
    return float(json.loads(_said(command).splitlines()[-1]))


def study(path: Path, data: Path, out: Path) -> tuple[float, float]:
    """Seconds of the study from an empty store, and of the finished one once more."""
    command = [
        sys.executable,
        "-m",
        "foureyes",
        "bench",
        "run",
        str(path),
        "--data",
        str(data),
        "--out",
        str(out),
        "-q",
    ]
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        _said(command)
        taken.append(time.perf_counter() - start)
    return taken[0], taken[1]


def _said(command: list[str]) -> str:
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def measure(args: argparse.Namespace, place: Path) -> StudyTimings:
    """Lets both do it, in turn."""
    from foureyes.models.weights import ensure  # noqa: PLC0415 - the harness's process has no foureyes

    folders = [str(ensure(model).folder) for model in MODELS]
    few, all_ = (_written(place / f"{n}.json", requests_of(args.data, n)) for n in (args.few, args.questions))
    settings = [HarnessSetting(*both) for both in product(args.dtype, args.batch)]
    tried = {setting: harness(args.rivals, folders, few, setting) for setting in settings}
    path, fastest = study_file(place, args.questions), min(tried, key=lambda setting: tried[setting])
    found = StudyTimings(args.questions, tried, [], [], [])
    for i in range(args.rounds):
        fresh, again = study(path, args.data, place / f"run-{i}" / "speed")
        taken = harness(args.rivals, folders, all_, fastest)
        found = StudyTimings(
            found.questions, tried, [*found.harness, taken], [*found.study, fresh], [*found.again, again]
        )
        print(f"round {i + 1}: study {fresh:.0f} s, once more {again:.1f} s, harness {taken:.0f} s", file=sys.stderr)
    return found


def _written(path: Path, requests: list[tuple[str, str]]) -> Path:
    path.write_text(json.dumps(requests), encoding="utf-8")
    return path


def page(found: StudyTimings, rivals: Path) -> str:
    """The page."""
    machine = describe(Path(sys.executable), rivals)
    ours, theirs = (
        ", ".join(f"{name} {version}" for name, version in machine[whose].items()) for whose in ("versions", "rivals")
    )
    fastest = min(found.tried, key=lambda setting: found.tried[setting])
    rows = [
        (f"lm-evaluation-harness, {fastest}: letters of {found.questions:,} questions", *_seconds(found.harness)),
        (f"foureyes: the study, {len(SIGNALS)} signals", *_seconds(found.study)),
        ("foureyes: the finished study once more", *_seconds(found.again)),
    ]
    tried = [(str(setting), f"{seconds:.1f}") for setting, seconds in found.tried.items()]
    aim = at_most(
        f"a study of {found.questions:,} questions and two models ÷ the harness's time",
        WANTED,
        per_round(found.study, found.harness),
    )
    parts = [
        "## A study of models, beside lm-evaluation-harness",
        (
            f"Made by `python -m bench.study_speed --data ../shared/data -n {found.questions} --rounds {len(found.study)}`; "
            f"{machine['processor']}, {machine['processors']} processors, Python {machine['python']}, {ours}; the harness with "
            f"{theirs}. Models: {' and '.join(MODELS)}. Medians; ratios are within a round."
        ),
        (__doc__ or "").partition("\n\n")[2].partition("\n\n")[2].strip(),
        aims([aim]),
        grid(("", "seconds", "range"), rows),
        "What the harness took for a few questions, loading included:",
        grid(("setting", "seconds"), tried),
    ]
    return "\n\n".join(parts)


def _seconds(taken: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(taken):.1f}", f"{min(taken):.1f} to {max(taken):.1f}"


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with mmlu or mmlu_redux")
    parser.add_argument("-n", "--questions", type=int, default=2000)
    parser.add_argument("--few", type=int, default=100, help="questions on which the harness's settings are compared")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--dtype", nargs="+", default=["float32", "bfloat16"], help="of the harness")
    parser.add_argument(
        "--batch",
        type=int,
        nargs="+",
        default=[1, 8],
        help="of the harness; 32 of the larger vocabulary do not fit 24 GiB",
    )
    parser.add_argument("--rivals", type=Path, default=ROOT / ".rivals/bin/python")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put the tables between the marks of this page")
    args = parser.parse_args(argv)
    if not args.data.is_dir():
        print(f"nothing measured: {args.data} is not there, and the questions are read from it", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        made = page(measure(args, Path(folder)), args.rivals)
    print(made)
    if args.markdown:
        put(args.markdown, "bench.study_speed", made)


if __name__ == "__main__":
    main()
