"""What `deploy/` holds against what foureyes has: figures, settings, extras and files that are named there exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from foureyes.cli import main
from foureyes.config import new_key
from foureyes.ledger import Signer
from foureyes.service.metrics import Metrics
from tests.postgres import postgres_url

__all__ = ["postgres_url"]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
NAMED = re.compile(r"\bfoureyes_[a-z_]+")


def figures() -> set[str]:
    """Names of all samples that the service can show."""
    families = re.findall(r"^# TYPE (\S+) (\S+)$", Metrics().render().decode(), re.MULTILINE)
    return {name + end for name, kind in families for end in (("_bucket", "_sum") if kind == "histogram" else ("",))}


def expressions() -> list[str]:
    board = json.loads((DEPLOY / "grafana" / "foureyes.json").read_text())
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    return [t["expr"] for panel in board["panels"] for t in panel["targets"]] + [rule["expr"] for rule in rules]


def test_every_figure_of_the_board_and_of_the_alerts_is_one_that_the_service_shows() -> None:
    named = {name for expression in expressions() for name in NAMED.findall(expression)}
    assert len(named) > 10
    assert named <= figures()


def compose() -> dict[str, Any]:
    given: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return given


def test_every_file_that_compose_mounts_is_there_and_every_secret_is_declared() -> None:
    given = compose()
    for name, service in given["services"].items():
        for mount in service.get("volumes", ()):
            source = mount.partition(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in given["volumes"], (name, mount)
        for secret in service.get("secrets", ()):
            assert (secret if isinstance(secret, str) else secret["source"]) in given["secrets"]


def test_nothing_of_compose_is_open_to_the_world_and_every_container_is_held_down() -> None:
    for name, service in compose()["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_the_first_configuration_is_one_that_serve_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    """With its secrets and folders here, and a PostgreSQL of the tests'."""
    text = (DEPLOY / "foureyes.toml").read_text() + new_key("acme", {"verify"}).toml
    text = text.replace("/run/secrets", str(tmp_path)).replace("/var/lib/foureyes", str(tmp_path))
    (tmp_path / "foureyes.toml").write_text(text)
    (tmp_path / "ledger_url").write_text(postgres_url)
    (tmp_path / "salt").write_text("a salt of sixteen bytes")
    Signer.generate("example.com/acme").save(tmp_path / "ledger_key")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    assert main(["serve", "--check", "--config", str(tmp_path / "foureyes.toml")]) == 0, capsys.readouterr().err


def test_copies_of_the_containers_share_their_quotas_where_they_share_a_database() -> None:
    given = tomllib.loads((DEPLOY / "foureyes.toml").read_text())
    assert given["shared_state"]["url_file"] == given["ledger"]["url_file"]
    assert "ledger_url" in compose()["services"]["foureyes"]["secrets"]


def test_the_commands_of_the_page_lead_to_a_configuration_that_serve_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    """Those of "In containers", but for docker's own: what it would run is run here, and secrets lie where compose would put them."""
    page = (ROOT / "docs" / "deploy.md").read_text().partition("## In containers")[2]
    lines = re.findall(r"^```\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[0].splitlines()
    ours = [re.sub(r"^docker run .*?foureyes ", f"{sys.executable} -m foureyes ", line) for line in lines]
    ours = [line.replace("cd deploy && ", "").replace(" /secrets/", " secrets/") for line in ours]
    ours = [line for line in ours if not re.match(r"docker build|sudo chown|OPENAI_API_KEY|curl", line)]
    assert len(ours) == len(lines) - 4
    (tmp_path / "foureyes.toml").write_text((DEPLOY / "foureyes.toml").read_text())
    subprocess.run(["bash", "-euc", "\n".join(ours)], cwd=tmp_path, check=True, capture_output=True)
    for name, secret in compose()["secrets"].items():
        (tmp_path / secret["file"]).rename(tmp_path / "secrets" / name)
    assert (tmp_path / "secrets" / "ledger_url").read_text().startswith("postgresql://foureyes:")
    (tmp_path / "secrets" / "ledger_url").write_text(postgres_url)
    text = (tmp_path / "foureyes.toml").read_text().replace("/run/secrets", str(tmp_path / "secrets"))
    (tmp_path / "foureyes.toml").write_text(text.replace("/var/lib/foureyes", str(tmp_path)))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    assert main(["serve", "--check", "--config", str(tmp_path / "foureyes.toml")]) == 0, capsys.readouterr().err


def test_the_image_installs_extras_that_exist_from_files_that_the_build_is_given() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"^ARG EXTRAS=(.*)$", text, re.MULTILINE)[0].split(",")) <= set(extras)
    given = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == given
    assert all((ROOT / name).exists() for name in given)
