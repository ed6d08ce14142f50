"""A study of multiple-choice questions against lm-evaluation-harness scoring the same questions with the same models.

``python -m bench.study_speed --data DIR -n 2000`` makes both do the same, in turn, each in a process of its own: n MMLU
questions of four options, two models. The harness scores the letter of every option; foureyes runs a study in which each
model answers and verifies the other, with every signal of one reading, from a store that is empty, and writes its rows.
The report of ratios goes to standard output; wanted is at most 0.75 of the harness's time. Loading counts for both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench.session import ROOT

__all__ = ["STUDY", "requests_of", "study_file"]

MODELS: Final = ("smollm2-135m", "gemma3-270m")
WANTED: Final = 0.75
SIGNALS: Final = (
    "log_cmp",
    "cme",
    "nats_per_byte",
    "max_nll",
    "mean_rank",
    "top1",
    "token_prob",
    "option",
    "question",
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
    from foureyes.bench.tasks.loading import Wanted, load_task  # noqa: PLC0415 - the harness's process has no foureyes

    task = load_task(Wanted("mmlu", limit=n), data=data, seed=0)
    return [(item.prompt, letter) for item in task.items for letter in item.letters]


_HARNESS: Final = """
import json, sys, time
start = time.perf_counter()
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
folders, path, dtype, batch, chat = json.loads(sys.argv[1])
requests = json.load(open(path))
seconds = {}
for folder in folders:
    begun = time.perf_counter()
    model = HFLM(pretrained=folder, device="cpu", dtype=dtype, batch_size=batch)
    template = model.tokenizer.chat_template if chat else None
    def put(prompt):
        if template is None:
            return f"Question: {prompt}\\nAnswer:", True
        return model.tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True), False
    asked = []
    for i, (prompt, letter) in enumerate(requests):
        text, plain = put(prompt)
        asked.append(Instance("loglikelihood", {}, (text, f" {letter}" if plain else letter), i))
    found = model.loglikelihood(asked, disable_tqdm=True)
    del model
    seconds[folder] = time.perf_counter() - begun
print(json.dumps({"seconds": time.perf_counter() - start, "by_model": seconds, "n": len(requests)}))
"""


def harness(python: Path, folders: list[str], requests: Path, dtype: str, batch: int) -> dict[str, Any]:
    """One run of lm-evaluation-harness over both models."""
    command = [str(python), "-c", _HARNESS, json.dumps([folders, str(requests), dtype, batch, True])]
    return {**json.loads(_said(command).splitlines()[-1]), "batch": batch}


def study(path: Path, data: Path, out: Path) -> dict[str, Any]:
    """One run of the study from an empty store, and one more of the finished one."""
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
    start = time.perf_counter()
    _said(command)
    fresh = time.perf_counter() - start
    start = time.perf_counter()
    _said(command)
    return {"seconds": fresh, "again": time.perf_counter() - start}


def _said(command: list[str]) -> str:
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with mmlu or mmlu_redux")
    parser.add_argument("-n", "--questions", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--dtype", default="float32", help="of the harness; foureyes takes the processor's fastest")
    parser.add_argument(
        "--batch", type=int, nargs="+", default=[16], help="batch sizes of the harness; the best counts"
    )
    parser.add_argument("--rivals", type=Path, default=ROOT / ".rivals/bin/python")
    args = parser.parse_args()
    from foureyes.models.weights import ensure  # noqa: PLC0415 - as above

    folders = [str(ensure(model).folder) for model in MODELS]
    runs: dict[str, list[dict[str, Any]]] = {"harness": [], "study": []}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        requests = place / "requests.json"
        requests.write_text(json.dumps(requests_of(args.data, args.questions)), encoding="utf-8")
        path = study_file(place, args.questions)
        for i in range(args.rounds):
            runs["study"].append(study(path, args.data, place / f"run-{i}" / "speed"))
            found = [harness(args.rivals, folders, requests, args.dtype, batch) for batch in args.batch]
            runs["harness"].append(min(found, key=lambda run: float(run["seconds"])))
    ratio = min(run["seconds"] for run in runs["study"]) / min(run["seconds"] for run in runs["harness"])
    print(
        json.dumps(
            {"questions": args.questions, **runs, "ratio": ratio, "wanted": WANTED, "met": ratio <= WANTED}, indent=2
        )
    )


if __name__ == "__main__":
    main()
