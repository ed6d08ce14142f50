"""What can be configured of a route: its writers, its reader, what decides, and what becomes of doubt and of failures.

A route stands in a file of its own, or in the service's, with the same tables::

    [route]
    name = "answers"

    [[writers]]                    # the cheapest first
    model = "qwen3-0.6b"
    base_url = "http://localhost:8000/v1"
    cut = 0.9                      # its answer is returned from this P(correct) on

    [[writers]]
    model = "gpt-5"
    base_url = "https://api.openai.com/v1"
    key_env = "OPENAI_API_KEY"

    [reader]
    reader = "gemma3-270m"
    calibrator = "platt.json"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from foureyes.choices import PiiPolicy
from foureyes.config.council_settings import CouncilSettings
from foureyes.config.fields import (
    Address,
    ExistingFile,
    FilePath,
    Inline,
    Known,
    SecretValue,
    SettingsTable,
    Text,
    is_short,
    texts,
)
from foureyes.config.ledger_settings import LedgerSettings
from foureyes.config.named_verifiers import NamedVerifier, told
from foureyes.config.reader_settings import ReaderSettings
from foureyes.config.verifier_settings import Names
from foureyes.http import RequestLimits
from foureyes.http.addresses import fits_a_header
from foureyes.privacy import COUNTRIES

__all__ = [
    "RouteFile",
    "RouteReaderSettings",
    "RouteSettings",
    "ServiceRoute",
    "WriterSettings",
]

Share = Annotated[float, Field(ge=0, le=1)]
Price = Annotated[float, Field(ge=0)]


class WriterSettings(SettingsTable):
    """A writer.

    Attributes:
        name: in the route, in logs and in headers; the model's where none is given.
        model: what its server calls it; without ``base_url`` a reference, as for ``foureyes check --verifier``:
            a model that runs in this process, or one of ``openai:``, ``anthropic:`` and ``google:``.
        allow_http: let what is asked go to another machine over plain http.
        base_url: of a server that speaks OpenAI's chat completions, up to and including ``/v1``.
        key: sent to it and shown to nobody.
        price_in, price_out: of a million tokens read and written; without both no cost is stated.
        third_party: whether personal data is concealed from it, where ``pii`` of the route is not ``off``.
        one_by_one: ask for several answers in as many requests, since its server does not know ``n``.
        reports_as: further names that the model goes by in its replies; a reply that names another model is none of its.
        calibrator: JSON file, of what the reader sees in this writer's answers; ``None`` for the reader's own.
        logprobs: ask its server for its own log-probabilities too, so that learning can use its own doubt. A server that refuses
            them is asked again without; a calibrator that uses them asks by itself.
        cut: P(correct) from which on its answer is returned. Of the last writer: below it nothing is; without it everything.
        limits: how long one answer may take with all its attempts, how many of these there are, and how many answers are under
            way at once.
    """

    model: Text
    name: Text = Field(default_factory=lambda known: known.get("model", "?"))
    allow_http: bool = False
    base_url: Address | None = None
    key: SecretValue | None = None
    price_in: Price | None = None
    price_out: Price | None = None
    third_party: bool = False
    one_by_one: bool = False
    reports_as: Names = ()
    calibrator: ExistingFile | None = None
    logprobs: bool = False
    cut: Share | None = None
    limits: Annotated[RequestLimits, Inline()] = RequestLimits(
        timeout_s=120.0, attempts=2, concurrency=1024, max_bytes=1 << 24
    )

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """What a key and prices must be."""
        match key:
            case "key" if value is not None and not fits_a_header(value.reveal()):
                yield "wanted printable ASCII without spaces; got something else, not shown"
            case "price_out" if "price_in" in known and (value is None) != (known["price_in"] is None):
                yield "price_in and price_out go together; got one of them"


class RouteReaderSettings(ReaderSettings):
    """Who reads the answers: none of the writers.

    Attributes:
        signal: by its name in the catalogue: one of one reading, or ``worst_claim``.
        calibrator: JSON file, of this signal of this reader; ``None`` where every writer has its own.
        fingerprint: of the weights that calibrators and promise were made with; another one is refused. ``None`` for any.
        price: of one reading.
        timeout_s: most seconds for reading the answers of one writer.
    """

    signal: Text = "log_cmp"
    calibrator: ExistingFile | None = None
    fingerprint: Text | None = None
    price: Price = 0.0
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 30.0


class RouteSettings(SettingsTable):
    """What a route does.

    Attributes:
        name: as callers ask for it; the file's or the table's where none is given.
        policy: JSON file of the gates, one a writer, as ``foureyes route learn`` writes it; ``None`` where writers have a ``cut``.
        promise: JSON file of what is promised, as ``foureyes route learn`` writes it; it is watched.
        on_doubt: when no answer is good enough: return none, the strongest writer's, marked, or hand it to a person.
        on_failure: when writers or reader fail: return the strongest writer's answer, marked, or none.
        on_suspension: while the promise is suspended: return the strongest writer's answer, none, or go on and mark it.
        best_of: answers that each writer is asked for; the reader picks the surest.
        shadow: return the strongest writer's answer, and log what would have been returned.
        annotate: return the first writer's answer at once, and say afterwards what was read.
        pii: how personal data is looked for that is concealed from third parties and from the council.
        countries: whose identifiers are looked for.
        queue: SQLite file in which doubt waits for a person.
        queue_limit: most questions that wait in it.
        log: file that is told what the route did, for learning; ``None`` for none.
        log_texts: whether it is told questions and answers too.
        ask_all: share of requests for which every writer is asked and read, after the answer has been returned, so that learning goes
            on while the route decides. The log is told what that cost.
        salt: for hashes of texts in the ledger; needed where there is one.
    """

    name: Text | None = None
    policy: ExistingFile | None = None
    promise: ExistingFile | None = None
    on_doubt: Literal["abstain", "strongest", "person"] = "abstain"
    on_failure: Literal["strongest", "closed"] = "closed"
    on_suspension: Literal["strongest", "closed", "go_on"] = "strongest"
    best_of: Annotated[int, Field(ge=1, le=128)] = 1
    shadow: bool = False
    annotate: bool = False
    pii: PiiPolicy = "off"
    countries: tuple[str, ...] = ("uk", "us")
    queue: FilePath | None = None
    queue_limit: Annotated[int, Field(ge=1)] = 1000
    log: FilePath | None = None
    log_texts: bool = False
    ask_all: Share = 0.0
    salt: SecretValue | None = None

    @field_validator("countries", mode="before")
    @classmethod
    def _in_order(cls, countries: Any) -> Any:
        return tuple(sorted(set(texts(countries)))) if isinstance(countries, list) else countries

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """What values must be to one another."""
        match key:
            case "annotate" if value and known.get("shadow"):
                yield "shadow returns the strongest writer's answer and annotate the first one's: give one of them"
            case "queue" if value is None and known.get("on_doubt") == "person":
                yield "missing; on_doubt = person wants a file for the questions that wait"
            case "ask_all" if value and known.get("log") is None:
                yield "what every writer says is for the log to learn from: give one, with log"
            case "ask_all" if value and (known.get("shadow") or known.get("annotate")):
                yield "is for a route that decides; one that only watches learns from its shadow"
            case "countries" if others := sorted(set(value) - set(COUNTRIES)):
                yield f"wanted a list with some of {', '.join(COUNTRIES)}; got {', '.join(others)}"
            case "salt" if value is not None and is_short(value):
                yield "wanted at least 16 bytes, say from: openssl rand -hex 16"


class RouteFile(SettingsTable):
    """A route.

    Attributes:
        verifiers: those that its council may ask, by name.
        ledger: its record; ``None`` for none.
        council: asked about risky answers; ``None`` for none.
        writers: the cheapest first.
        reader: reads every answer.
        route: what it does.
    """

    verifiers: Mapping[str, NamedVerifier] = {}
    ledger: LedgerSettings | None = None
    council: CouncilSettings | None = None
    writers: Annotated[tuple[WriterSettings, ...], Field(strict=False)]
    reader: RouteReaderSettings
    route: RouteSettings = RouteSettings()

    @field_validator("verifiers", mode="before")
    @classmethod
    def _are_told(cls, tables: Any) -> Any:
        return {name: told(name, table, {}) for name, table in tables.items()} if isinstance(tables, dict) else tables

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """What writers must be to one another, and what it takes to decide."""
        match key:
            case "writers" if not value:
                yield "wanted at least one writer; got none"
            case "writers" if len({one.name for one in value}) != len(value):
                yield f"each needs a name of its own; got {', '.join(one.name for one in value)}"
            case "reader" if "writers" in known and (own := _written_by(value, known["writers"])):
                yield f"the reader is to be none of the writers; got the model of {own}"
            case "route" if known.keys() >= {"writers", "reader", "ledger"}:
                yield from _undecided(value, known["writers"], known["reader"])
                if known["ledger"] is not None and value.salt is None:
                    yield "the ledger's hashes of texts need a salt: name it with salt_env or salt_file"


def _written_by(reader: RouteReaderSettings, writers: tuple[WriterSettings, ...]) -> str | None:
    """The writer that is the reader's own model, as far as names tell."""
    named = {one.name: one.model if one.base_url is None else f"{one.base_url}#{one.model}" for one in writers}
    return next((name for name, reference in named.items() if reference == reader.reader), None)


def _undecided(route: RouteSettings, writers: tuple[WriterSettings, ...], reader: RouteReaderSettings) -> Iterator[str]:
    """Why the route could not decide: it lacks a policy or a calibrator, or has two policies."""
    ways = [bool(route.policy), any(one.cut is not None for one in writers)]
    if all(ways):
        yield "the policy is a file or a cut of each writer; got both"
    if route.shadow or route.annotate:
        return
    unfitted = [one.name for one in writers if one.calibrator is None and reader.calibrator is None]
    decides = any(ways) or route.promise is not None or len(writers) == 1
    if unfitted and not decides:
        yield (
            "it has neither a calibrator nor a policy, so nothing tells a good answer: fit them (foureyes route learn), or "
            "set shadow = true to collect what that takes"
        )
    elif unfitted:
        yield f"nothing makes P(correct) of what is read of {', '.join(unfitted)}: wanted a calibrator, of the reader or of each"
    elif not decides:
        yield "wanted a policy: a file, the file of a promise, or a cut of each writer but the last"
    elif not route.policy and any(ways) and (uncut := [one.name for one in writers[:-1] if one.cut is None]):
        yield f"every writer but the last needs a cut where one has it; {', '.join(uncut)} has none"


class ServiceRoute(RouteFile):
    """A route of a service: in a file of its own, or with the same tables below this one.

    Attributes:
        file: of the route; then nothing else of it stands here.
        tenants: who may ask it, by name; ``None`` for all.
    """

    file: Path | None = None
    tenants: tuple[Text, ...] | None = None

    @field_validator("tenants", mode="before")
    @classmethod
    def _listed(cls, names: Any) -> Any:
        return tuple(texts(names)) if isinstance(names, list) else names
