"""Tasks of Ray that do not come to an end are not waited for without one."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from foureyes import __version__

ROOT = Path(__file__).parents[3]

HANGING = """
import sys, threading
from pathlib import Path
from foureyes.batch.ray import crew
from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.plan import Shard, input_files
from foureyes.batch.tables.crew import ShardTask
from foureyes.errors import ConfigError

crew._ANY_S = 3.0
one = crew.RayCrew(Inputs(input_files([sys.argv[1]]), None, Path(sys.argv[2]), is_cut=False))
try:
    next(one.work(lambda place, asked, out: threading.Event().wait(), [ShardTask(Shard(0, 0))], [None]))
except ConfigError as error:
    print(error)
finally:
    one.close()
"""


def require_ray() -> None:
    """Skips where there is none. It is not imported: Ray's first import in a process settles how it asks for tokens ever after."""
    if "CI" not in os.environ and find_spec("ray") is None:
        pytest.skip("ray is not installed")


def test_a_task_that_hangs_ends_the_run_and_is_named_by_its_file(tmp_path: Path) -> None:
    require_ray()
    (tmp_path / "a.jsonl").write_text('{"id": 1}\n')
    command = [sys.executable, "-c", HANGING, str(tmp_path / "a.jsonl"), str(tmp_path)]
    settings = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings, timeout=600)
    assert done.returncode == 0, done.stderr
    assert f"no worker finished {tmp_path}/a.jsonl within 3 s: it hangs, or its node lends no processor" in done.stdout


LENT = """
import os, sys, threading
from pathlib import Path
import ray
from foureyes.batch.ray import crew
from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.plan import Shard, input_files
from foureyes.batch.tables.crew import ShardTask
from foureyes.errors import ConfigError

def hang(place, asked, out):
    Path(asked).touch()
    threading.Event().wait()

ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, object_store_memory=128 << 20)
crew._ANY_S = 3.0
one = crew.RayCrew(Inputs(input_files(sys.argv[1:3]), None, Path(sys.argv[3]), is_cut=False))
tasks = [ShardTask(Shard(i, i)) for i in range(2)]
try:
    list(one.work(hang, tasks, [f"{sys.argv[3]}/began-{i}" for i in range(2)]))
except ConfigError as error:
    print(error)
one.close()
print(ray.get(ray.remote(lambda: "the processor is free").options(num_cpus=1).remote()))
"""


def test_tasks_that_nobody_waits_for_any_more_leave_the_callers_cluster(tmp_path: Path) -> None:
    require_ray()
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text('{"id": 1}\n')
    command = [sys.executable, "-c", LENT, *(str(tmp_path / f"{name}.jsonl") for name in ("a", "b")), str(tmp_path)]
    settings = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "it hangs, or its node lends no processor" in done.stdout
    assert done.stdout.endswith("the processor is free\n")


ABSENT = """
import importlib, sys
from pathlib import Path
from foureyes.batch.ray import crew
from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.plan import Shard, input_files
from foureyes.batch.tables.crew import ShardTask
from foureyes.errors import ConfigError

class Absent:
    def __reduce__(self):
        return importlib.import_module, ("foureyes.that_is_not_there",)

one = crew.RayCrew(Inputs(input_files([sys.argv[1]]), None, Path(sys.argv[2]), is_cut=False))
try:
    next(one.work(Absent(), [ShardTask(Shard(0, 0))], [None]))
except ConfigError as error:
    print(error)
finally:
    one.close()
"""

SHORT_OF_MEMORY = """
import sys, threading
from pathlib import Path
from foureyes.batch.ray import crew
from foureyes.batch.ray.cluster import RayCluster
from foureyes.batch.ray.workplace import RayWorkplace
from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.plan import Shard, input_files
from foureyes.batch.tables.crew import ShardTask
from foureyes.errors import ConfigError

def hold(*_):
    kept = bytearray(b"x" * (200 << 20))
    threading.Event().wait()

crew._TRIES = 0
one = crew.RayCrew(Inputs(input_files([sys.argv[1]]), None, Path(sys.argv[2]), is_cut=False))
try:
    next(one.work(hold, [ShardTask(Shard(0, 0))], [None]))
except ConfigError as error:
    print(error)
one.close()
workplace = RayWorkplace(RayCluster(None), hold, gpus=False)
hired = workplace.start(workplace.slots()[0])
print(workplace.told(workplace.answered([hired.opening], 500.0)))
workplace.close()
"""


RAISED = """
import errno, os
from foureyes.batch.ray.failures import cause_of
from ray.exceptions import RayTaskError

for raised in (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/foureyes-x"), MemoryError(), ValueError("/tmp/y")):
    task = RayTaskError("work", "Traceback: the node died, or was running low on memory", raised, "work", 7, "127.0.0.1")
    print(cause_of(task), cause_of(task.as_instanceof_cause()))
"""


def said_by(script: str, tmp_path: Path, **settings: str) -> str:
    (tmp_path / "a.jsonl").write_text('{"id": 1}\n')
    command = [sys.executable, "-c", script, str(tmp_path / "a.jsonl"), str(tmp_path)]
    settings = os.environ | {"PYTHONPATH": str(ROOT / "src")} | settings
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_node_without_foureyes_is_told_as_that(tmp_path: Path) -> None:
    require_ray()
    said = said_by(ABSENT, tmp_path)
    assert said == f"a node has no foureyes {__version__}: every node needs it installed\n"


def test_what_a_task_raised_is_told_by_its_kind_and_not_as_an_end_of_its_process(tmp_path: Path) -> None:
    require_ray()
    causes = ["OSError (No space left on device)", "MemoryError", "ValueError"]
    assert said_by(RAISED, tmp_path).splitlines() == [f"{cause} {cause}" for cause in causes]


def test_a_node_short_of_memory_is_told_as_that_by_tasks_and_workers(tmp_path: Path) -> None:
    """Ray's own watch over memory ends them, as if nearly all of it were taken."""
    require_ray()
    watch = {"RAY_memory_usage_threshold": "0.01", "RAY_memory_monitor_refresh_ms": "100", "RAY_task_oom_retries": "0"}
    shard, worker = said_by(SHORT_OF_MEMORY, tmp_path, **watch).splitlines()
    assert shard == (
        f"no worker could finish {tmp_path}/a.jsonl: out of memory; smaller shards may help: --rows-per-shard"
    )
    assert worker == "Lost(cause='out of memory', hung=False)"
