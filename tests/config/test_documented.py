"""The page of the configuration and the settings say the same: every key is told of, and every key told of exists."""

import re
from pathlib import Path

import pytest

from foureyes.config.fields import keys_of
from foureyes.config.load import TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
PLACES = {
    "[server]": ["server"],
    "[verifiers.NAME] judge": ["verifiers.*.judge", "routes.*.verifiers.*.judge"],
    "[verifiers.NAME] reader": ["verifiers.*.reader", "routes.*.verifiers.*.reader"],
    "[[verifiers.NAME.keys]], [[routes.NAME.reader.keys]]": [
        "verifiers.*.reader.keys.*",
        "routes.*.reader.keys.*",
        "routes.*.verifiers.*.reader.keys.*",
    ],
    "[tenants.NAME]": ["tenants.*"],
    "[[tenants.NAME.keys]]": ["tenants.*.keys.*"],
    "[privacy]": ["privacy"],
    "[monitoring]": ["monitoring"],
    "[shared_state]": ["shared_state"],
    "[telemetry]": ["telemetry"],
    "[ledger], [tenants.NAME.ledger], [routes.NAME.ledger]": ["ledger", "tenants.*.ledger", "routes.*.ledger"],
    "[routes.NAME]": ["routes.*"],
    "[routes.NAME.route]": ["routes.*.route"],
    "[[routes.NAME.writers]]": ["routes.*.writers.*"],
    "[routes.NAME.reader]": ["routes.*.reader"],
    "[routes.NAME.council]": ["routes.*.council"],
    "[[routes.NAME.council.when]]": ["routes.*.council.when.*"],
    "[gate], [tenants.NAME.gate]": ["gate", "tenants.*.gate"],
    "[[gate.actions]], [[tenants.NAME.gate.actions]]": ["gate.actions.*", "tenants.*.gate.actions.*"],
}


def documented() -> dict[str, set[str]]:
    """The keys that the page names in its table, by the table of the file; what stands in brackets is about them."""
    rows = re.findall(r"^\| (`\[.*?) \| (.*) \|$", PAGE, re.MULTILINE)
    return {place.replace("`", ""): set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", keys))) for place, keys in rows}


def test_the_page_has_a_row_for_every_table() -> None:
    assert documented().keys() == PLACES.keys()
    assert {name for names in PLACES.values() for name in names} | {""} == TABLES.keys()


@pytest.mark.parametrize("place", PLACES)
def test_every_key_is_documented_and_every_documented_key_exists(place: str) -> None:
    for name in PLACES[place]:
        assert documented()[place] == keys_of(TABLES[name])


@pytest.mark.parametrize("table", dict.fromkeys(TABLES.values()), ids=lambda table: table.__name__)
def test_every_attribute_is_told_of_where_it_is_declared(table: type) -> None:
    told = re.search(r"(?:Attributes|Args):\n(.*?)(?:\n\n|$)", table.__doc__ or "", re.DOTALL)
    assert told is not None
    names = re.findall(r"^ {8}(\w[\w, ]*):", told.group(1), re.MULTILINE)
    assert {name for line in names for name in line.split(", ")} == set(table.__annotations__) - {"may_stand_in_file"}
