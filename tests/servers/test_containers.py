"""The files of ``deploy/`` for containers in what reads such files: hadolint the Dockerfile, compose-spec the compose file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.gateways

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(os.environ.get("FOUREYES_DEPLOY_PEERS", ROOT / ".deploy-peers")) / "bin"

READ = """
import sys, yaml
from compose_spec import PyCompose
given = yaml.safe_load(sys.stdin)  # with its anchors resolved, which the parser takes for names
print(*sorted(PyCompose.from_yaml(yaml.safe_dump(given)).service_names()))
"""


def told(*command: str, given: str) -> tuple[int, str]:
    program = PROGRAMS / command[0]
    if not program.exists():
        pytest.fail(f"no {program}: run tools/deploy-peers install, or make test-servers")
    done = subprocess.run([program, *command[1:]], input=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("", "", None),
        ("USER 10001:10001", "USER root", "DL3002"),
        ("WORKDIR /src", "WORKDIR src", "DL3000"),
        ("COPY src src", "COPY src", "At least two arguments"),
    ],
)
def test_hadolint_finds_nothing_in_the_dockerfile_and_would_find_faults(
    was: str, becomes: str, why: str | None
) -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    assert was in text
    status, said = told("hadolint", "-", given=text.replace(was, becomes) if was else text)
    assert (status, said) == (0, "") if why is None else status != 0 and why in said


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("", "", None),
        ("read_only: true", "read_onyl: true", "read_onyl"),
        ("condition: service_healthy", "condition: healthy", "unknown variant `healthy`"),
        ("interval: 2s", "interval: soon", "duration `soon`"),
    ],
)
def test_the_compose_file_keeps_to_its_specification(was: str, becomes: str, why: str | None) -> None:
    text = (ROOT / "deploy" / "compose.yaml").read_text()
    assert was in text
    status, said = told("python", "-c", READ, given=text.replace(was, becomes) if was else text)
    if why is None:
        assert (status, said) == (0, "foureyes grafana postgres prometheus\n")
    else:
        assert status != 0
        assert why in said
