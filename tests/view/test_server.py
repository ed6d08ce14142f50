"""The server: what it answers, and whom it does not."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foureyes.errors import ConfigError
from foureyes.view.server import ViewServer
from foureyes.view.viewer import Viewer

Open = Callable[..., Viewer]


class Client:
    """A browser that has, or has not, what it takes."""

    def __init__(self, server: ViewServer) -> None:
        self.server, self.port = server, server.server_address[1]
        self.headers = {"Cookie": f"{server.cookie}={server.token}"}

    def ask(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str | None] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        sent = {name: value for name, value in {**self.headers, **(headers or {})}.items() if value is not None}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        told = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return told

    def get(self, path: str, **headers: str | None) -> tuple[int, Any]:
        status, _, body = self.ask("GET", path, headers=headers)
        return status, json.loads(body)

    def post(self, told: object, **headers: str | None) -> tuple[int, Any]:
        own = {"Origin": self.server.origin, "Content-Type": "application/json"}
        renamed = {name.replace("_", "-"): value for name, value in headers.items()}
        status, _, body = self.ask("POST", "/api/label", json.dumps(told), {**own, **renamed})
        return status, json.loads(body)


@pytest.fixture
def client(scored: Path, opened: Open) -> Iterator[Client]:
    with ViewServer(opened(scored), 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Client(server)
        server.shutdown()
        thread.join()


LABEL = {"file": 0, "row": 3, "label": "wrong"}


def test_it_answers_what_the_viewer_says(client: Client) -> None:
    viewer = client.server.viewer
    assert client.get("/api/file") == (200, json.loads(json.dumps(viewer.file())))
    status, rows = client.get("/api/rows?limit=3&sort=cme&order=best&label=right&label=wrong")
    assert (status, len(rows["rows"]), rows["sort"]) == (200, 3, "cme")
    status, row = client.get("/api/row?file=0&row=7")
    assert (status, row["row"]) == (200, 7)
    assert client.post(LABEL) == (200, {"mine": "wrong", "labels": viewer.file()["files"][0]["labels"]})


def test_it_listens_on_this_machine_only(client: Client) -> None:
    assert client.server.server_address[0] == "127.0.0.1"


def test_the_printed_address_lets_in_and_leaves_no_token_in_the_bar(client: Client) -> None:
    path = client.server.address.removeprefix(client.server.origin)
    status, headers, _ = client.ask("GET", path, headers={"Cookie": None})
    assert (status, headers["location"]) == (303, "/")
    assert headers["set-cookie"] == f"{client.server.cookie}={client.server.token}; HttpOnly; SameSite=Lax; Path=/"
    assert client.ask("GET", "/?token=guess", headers={"Cookie": None})[0] == 403


@pytest.mark.parametrize("path", ["/", "/api/file", "/api/rows", "/api/row?row=1", "/page/view.js", "/anything"])
@pytest.mark.parametrize("cookie", [None, "", "foureyes_view=x", "{name}=", "{name}=wrong", "a=b; {name}=wrongé"])
def test_nothing_is_told_without_the_token(client: Client, path: str, cookie: str | None) -> None:
    given = None if cookie is None else cookie.format(name=client.server.cookie)
    status, headers, body = client.ask("GET", path, headers={"Cookie": given})
    assert status == 403
    assert "token" in json.loads(body)["error"]
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "evil.example:{port}", "127.0.0.1:{port}.evil.example", ""]
)
def test_a_name_that_is_made_to_lead_here_is_refused(client: Client, host: str) -> None:
    status, told = client.get("/api/file", Host=host.format(port=client.port))
    assert (status, list(told)) == (403, ["error"])
    assert client.get("/api/file", Host=f"localhost:{client.port}")[0] == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1"]
)
def test_another_page_cannot_decide(client: Client, origin: str | None, tmp_path: Path) -> None:
    status, told = client.post(LABEL, Origin=origin and origin.format(port=client.port))
    assert (status, told) == (403, {"error": "decisions are taken from our own page only"})
    assert not (tmp_path / "labels.jsonl").exists()


def test_a_decision_wants_the_token_and_json(client: Client, tmp_path: Path) -> None:
    assert client.post(LABEL, Cookie=None)[0] == 403
    assert client.post(LABEL, Content_Type="text/plain")[0] == 400
    assert client.post("x" * 5000)[0] == 413
    assert client.ask("GET", "/api/label")[0] == 404
    own = {"Origin": client.server.origin, "Content-Type": "application/json"}
    assert client.ask("POST", "/api/label", "{", own)[0] == 400
    assert client.ask("POST", "/api/file", "{}", own)[0] == 404
    assert client.ask("PUT", "/api/label", "{}", own)[0] == 501
    assert not (tmp_path / "labels.jsonl").exists()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/rows?sort=nothing", 400),
        ("/api/rows?limit=-1", 400),
        ("/api/rows?file=9", 404),
        ("/api/row?row=999999999999", 404),
        ("/api/row?row=1.5", 400),
        ("/page/..%2f..%2fserver.py", 404),
        ("/page/../../../etc/passwd", 404),
        ("/page/__init__.py", 404),
        ("//evil.example/", 404),
    ],
)
def test_a_question_that_cannot_be_answered_is_an_error_with_words(client: Client, path: str, status: int) -> None:
    found, told = client.get(path)
    assert (found, list(told)) == (status, ["error"])


def test_what_an_answer_says_stays_data(client: Client) -> None:
    status, headers, body = client.ask("GET", "/api/row?file=0&row=7")
    assert (status, headers["content-type"], headers["x-content-type-options"]) == (200, "application/json", "nosniff")
    assert "default-src 'none'" in headers["content-security-policy"]
    answer = json.loads(body)["answer"]
    assert "</script><script>alert(1)</script> \u202eabc" in answer
    heat = json.dumps(json.loads(body)["verifiers"][0]["heat"], ensure_ascii=False)
    assert "\u202e" not in heat
    assert "U+202E" in heat


def test_the_page_and_its_files_are_closed_to_everything_else(client: Client) -> None:
    for path, kind in (("/", "text/html"), ("/page/view.js", "text/javascript"), ("/page/heat.css", "text/css")):
        status, headers, body = client.ask("GET", path)
        assert (status, headers["content-type"]) == (200, f"{kind}; charset=utf-8")
        assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
        assert headers["content-length"] == str(len(body))


def test_a_port_that_is_taken_is_told(client: Client) -> None:
    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1 port {client.port}"):
        ViewServer(client.server.viewer, client.port)


def test_many_ask_at_once(client: Client) -> None:
    found: list[int] = []

    def decide(row: int) -> None:
        found.append(client.post({"file": 0, "row": row, "label": "unsure"})[0])

    threads = [threading.Thread(target=decide, args=(row,)) for row in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 20
    assert client.get("/api/file")[1]["files"][0]["labels"]["unsure"] == 20


def test_an_error_of_ours_is_an_answer_too_and_the_terminal_says_which(
    client: Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("a slip of ours")

    monkeypatch.setattr(client.server.viewer, "file", broken)
    status, told = client.get("/api/file")
    assert (status, list(told)) == (500, ["error"])
    assert "a slip" not in told["error"]
    client.server.shutdown()
    assert "RuntimeError: a slip of ours" in capfd.readouterr().err


@pytest.mark.parametrize("others", ['theme={"dark": true}', "a b=c", "=", "s=\\", 'q="'])
def test_cookies_of_other_programs_lock_nobody_out(client: Client, others: str) -> None:
    own = client.headers["Cookie"]
    assert client.get("/api/file", Cookie=f"{others}; {own}; {others}")[0] == 200
    assert client.get("/api/file", Cookie=others)[0] == 403


@pytest.mark.parametrize("path", ["ftp://[", "/api/rows?" + "&".join(f"p{i}=1" for i in range(41))])
def test_an_address_that_cannot_be_read_is_refused(client: Client, path: str) -> None:
    status, told = client.get(path)
    assert (status, "cannot read the address" in told["error"]) == (400, True)


def test_a_length_of_thousands_of_digits_is_refused(client: Client) -> None:
    assert client.post(LABEL, Content_Length="9" * 5000)[0] == 411
