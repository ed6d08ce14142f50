"""The files of ``deploy/`` in what reads them: nginx and Caddy with TLS and a path prefix in front of the service, promtool, systemd."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from foureyes.config import new_key
from foureyes.ledger import Signer
from tests.ports import free_port

pytestmark = pytest.mark.gateways

DEPLOY = Path(__file__).parents[2] / "deploy"
ASKED = {"prompt": "Capital of Australia?", "response": "Canberra"}
HOST = "guard.example.com"
KEY = new_key("acme", {"admin"})


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    return found or pytest.fail(f"no {name}: run tools/deploy-peers install, or make test-servers")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a service whose one verifier cannot be reached, so that every verdict is: not safe."""
    folder = tmp_path_factory.mktemp("service")
    Signer.generate("example.com/acme").save(folder / "acme.key")
    (folder / "salt").write_text("a salt of sixteen bytes")
    (folder / "foureyes.toml").write_text(
        f"""
[verifiers.nobody]
kind = "judge"
provider = "nowhere"
model = "nobody"
base_url = "http://127.0.0.1:1/v1"
attempts = 1

[ledger]
url = "sqlite:log.db"
key_file = "acme.key"

[tenants.acme]
salt_file = "salt"

{KEY.toml}
"""
    )
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "foureyes",
        "serve",
        "--config",
        str(folder / "foureyes.toml"),
        "--port",
        str(port),
    ]
    with running(
        command, folder / "serve.log", lambda: httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    ):
        yield port


@contextmanager
def running(command: list[str], log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """A process, from when it is ready."""
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            for _ in range(600):
                if process.poll() is not None:
                    pytest.fail(f"{command[0]} ended: {log.read_text()[-2000:]}")
                try:
                    if ready():
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            else:
                pytest.fail(f"{command[0]} is not ready after a minute: {log.read_text()[-2000:]}")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Files of a certificate that nobody signed, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "guard.pem", folder / "guard.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return pem, private


def nginx(folder: Path, service: int, port: int) -> list[str]:
    pem, key = certificate(folder)
    text = (DEPLOY / "nginx.conf").read_text()
    for was, now in (
        ("127.0.0.1:8321", f"127.0.0.1:{service}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/guard.pem", str(pem)),
        ("/etc/ssl/guard.key", str(key)),
    ):
        assert was in text
        text = text.replace(was, now)
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off; {temporary}\n{text}\n}}\n"
    )
    return [program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, service: int, port: int) -> list[str]:
    pem, key = certificate(folder)
    text = (DEPLOY / "Caddyfile").read_text()
    assert "127.0.0.1:8321" in text
    assert f"{HOST} {{" in text
    text = text.replace("127.0.0.1:8321", f"127.0.0.1:{service}")
    text = text.replace(f"{HOST} {{", f"https://{HOST}:{port} {{\n\ttls {pem} {key}")
    (folder / "Caddyfile").write_text(
        f"{{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}}\n{text}"
    )
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.fixture(params=[nginx, caddy], scope="module")
def proxied(
    request: pytest.FixtureRequest, service: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of the service through a proxy with TLS, below ``/foureyes/``."""
    folder, port = tmp_path_factory.mktemp(request.param.__name__), free_port()
    trusted = ssl.create_default_context()
    command = request.param(folder, service, port)
    trusted.load_verify_locations(folder / "guard.pem")
    with (
        httpx.Client(
            base_url=f"https://127.0.0.1:{port}/foureyes",
            verify=trusted,
            headers={"Host": HOST, "Authorization": f"Bearer {KEY.presented}"},
            timeout=60,
            event_hooks={"request": [lambda asked: asked.extensions.update(sni_hostname=HOST)]},
        ) as client,
        running(command, folder / "log", lambda: client.get("/healthz").status_code == 200),
    ):
        yield client


def test_a_verification_passes_a_proxy_with_tls_and_a_prefix(proxied: httpx.Client) -> None:
    answered = proxied.post("/v1/guard/verify", json=ASKED)
    assert answered.status_code == 200, answered.text
    assert answered.json()["safe"] is False
    assert answered.json()["ledger_entry"]["index"] >= 0


def test_events_pass_as_they_come(proxied: httpx.Client) -> None:
    with proxied.stream("POST", "/v1/guard/verify/stream", json=ASKED) as answered:
        assert answered.headers["content-type"].startswith("text/event-stream")
        events = [line for line in answered.iter_lines() if line.startswith("event:")]
    assert events == ["event: vote", "event: verdict"]


def test_the_page_finds_its_parts_below_the_prefix(proxied: httpx.Client) -> None:
    page = proxied.get("/")
    assert page.status_code == 200
    for part in ("dashboard/app.js", "dashboard/page.css"):
        assert part in page.text
        assert proxied.get(f"/{part}").status_code == 200


def test_figures_are_for_prometheus_alone(proxied: httpx.Client) -> None:
    assert proxied.get("/metrics").status_code == 404


def test_a_body_that_the_service_would_refuse_is_refused_before_it(proxied: httpx.Client) -> None:
    """A service that hangs up while a proxy still sends comes out as a 502 now and then."""
    said = proxied.post("/v1/guard/verify", json={**ASKED, "response": "a" * 1_100_000})
    assert said.status_code == 413
    assert "problem+json" not in said.headers.get("content-type", "")


@pytest.mark.parametrize(("what", "file"), [("config", "prometheus.yml"), ("rules", "alerts.yml")])
def test_prometheus_takes_its_files(what: str, file: str) -> None:
    told = subprocess.run(
        [program("promtool"), "check", what, DEPLOY / file], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_systemd_takes_its_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "foureyes.service").read_text()
    command = "/opt/foureyes/bin/foureyes"
    assert command in text
    (tmp_path / "foureyes.service").write_text(text.replace(command, "/bin/true"))
    verify = [program("systemd-analyze"), "verify", str(tmp_path / "foureyes.service")]
    told = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")
