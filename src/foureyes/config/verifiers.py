"""The tables ``[verifiers.NAME]``: who can be asked, and where they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from foureyes.config.settings import Api, JudgeVerifier, ReaderVerifier, Verifier
from foureyes.config.table import FLAG, TEXT, Kind, Table, number, one_of, whole
from foureyes.guard.reader_judge import SHIPPED_MODELS
from foureyes.http.addresses import fits_a_header, objection

__all__ = ["read_verifiers"]

_HEAVIEST: Final = 1e6
_APIS: Final[Kind[Api]] = one_of("openai", "anthropic", "google")


def read_verifiers(root: Table) -> Mapping[str, Verifier]:
    """Every verifier by the name tenants refer to it with; mistakes go to the table's problems."""
    found: dict[str, Verifier] = {}
    for name, table in root.tables("verifiers"):
        kind = table.need("kind", one_of("judge", "reader"))
        found[name] = _judge(name, table) if kind == "judge" else _reader(name, table)
        table.done()
    return found


def _judge(name: str, table: Table) -> JudgeVerifier:
    api: Api = table.take("api", _APIS, "openai")
    url, key = table.maybe("base_url", TEXT), table.secret("key")
    allow_http = table.take("allow_http", FLAG, default=False)
    if url is not None and (wrong := objection(url, allow_http=allow_http)):
        table.wrong("base_url", wrong)
    if url is None and api == "openai":
        table.wrong("base_url", "missing; wanted the server's address up to and including /v1")
    if key is None and api != "openai":
        table.wrong("key", f"the API of {api} needs a key: name it with key_env or key_file")
    if key is not None and not fits_a_header(key.reveal()):
        table.wrong("key", "wanted printable ASCII without spaces; got something else, not shown")
    for field in ("provider", "form", "options"):
        if api != "openai" and table.has(field):
            table.wrong(field, f"the API of {api} has its own: leave it out")
    usual = JudgeVerifier(name, api, "")
    return JudgeVerifier(
        name,
        provider=table.take("provider", TEXT, api),
        model=table.need("model", TEXT),
        weight=_weight(table),
        api=api,
        base_url=url,
        key=key,
        form=table.take("form", one_of("words", "schema", "exact"), usual.form),
        options=table.scalars("options"),
        timeout_s=table.take("timeout_s", number(0, 600, above=True), usual.timeout_s),
        attempts=table.take("attempts", whole(1, 10), usual.attempts),
        concurrency=table.take("concurrency", whole(1, 10_000), usual.concurrency),
    )


def _reader(name: str, table: Table) -> ReaderVerifier:
    reference = table.need("reader", TEXT)
    allow_http = table.take("allow_http", FLAG, default=False)
    if reference.startswith(("http:", "https:")):
        url, _, _ = reference.partition("#")
        if wrong := objection(url, allow_http=allow_http):
            table.wrong("reader", wrong)
    calibrator, threshold, cut = _file(table, "calibrator"), _file(table, "threshold"), table.maybe("cut", number(0, 1))
    if calibrator is None and reference not in SHIPPED_MODELS:
        table.wrong(
            "calibrator", f"missing; one comes with {', '.join(SHIPPED_MODELS)} only: fit yours, foureyes calibrate"
        )
    if (threshold is None) + (cut is None) != (2 if calibrator is None else 1):
        table.wrong("cut", "a calibrator wants a threshold, the file of a promise, or a cut, a confidence of your own")
    return ReaderVerifier(
        name,
        provider=table.take("provider", TEXT, "foureyes"),
        model=table.take("model", TEXT, reference),
        reader=reference,
        weight=_weight(table),
        calibrator=calibrator,
        threshold=threshold,
        cut=cut,
    )


def _weight(table: Table) -> float:
    return table.take("weight", number(0, _HEAVIEST), 1.0)


def _file(table: Table, key: str) -> Path | None:
    path = table.path(key)
    if path is not None and not path.is_file():
        table.wrong(key, f"no such file: {path}")
    return path
