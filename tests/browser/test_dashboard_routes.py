"""The dashboard's routes in a real browser: flow, money, promise against reality, and one answer opened to its stages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from foureyes.cascade.policy import ConfidenceGate, Policy
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember, RouteRules
from foureyes.route.scripted import ScriptedRouteReader, ScriptedRouteWriter
from tests.browser.conftest import NewContext, Theme
from tests.browser.dashboard_house import Served, dashboard
from tests.browser.dashboard_page import Enter, enter, filled, open_board, sign_in

__all__ = ["enter"]

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"


def route() -> Route:
    """Two writers: the small one is unsure of capitals, and nobody is sure of the moon."""

    def small(request: Any) -> str:
        asked = request.messages[-1].content
        return "Sydney" if "capital" in asked else "Cheese" if "moon" in asked else HOSTILE

    def large(request: Any) -> str:
        return "Canberra" if "capital" in request.messages[-1].content else "Cheese"

    confidences = {"Sydney": 0.2, "Canberra": 0.9, HOSTILE: 0.95, "Cheese": 0.1}
    policy = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ConfidenceGate((0.6,), ("abstain", "answer"))))
    members = [
        RouteMember(ScriptedRouteWriter("small", small), Prices(0.1, 0.4)),
        RouteMember(ScriptedRouteWriter("large", large), Prices(2.0, 8.0)),
    ]
    return Route("answers", members, ScriptedRouteReader(confidences), policy, RouteRules(reading_price=1e-7))


def asked(service: Served, question: str) -> str:
    headers = {"Authorization": f"Bearer {service.key('admin')}"}
    body = {"model": "foureyes/answers", "messages": [{"role": "user", "content": question}]}
    reply = httpx.post(f"{service.url}/v1/chat/completions", json=body, headers=headers, timeout=90).raise_for_status()
    name = reply.headers["x-foureyes-request-id"]
    outcome = {"request_id": name, "correct": "moon" not in question}
    httpx.post(f"{service.url}/v1/route/outcomes", json=outcome, headers=headers, timeout=90).raise_for_status()
    return name


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with dashboard(tmp_path_factory.mktemp("routes")) as service:
        service.house.change(routes={"answers": route(), "spare": route()}, show_texts=True)
        for question in ("Say hello.", "Say it again.", "What is the capital of Australia?", "And once more."):
            asked(service, question)
        yield service


def test_flow_money_and_outcomes_are_told(enter: Enter) -> None:
    page = open_board(enter)
    card = page.locator(".route").first
    expect(card).to_contain_text("4 requests: 4 returned")
    expect(card).to_contain_text("saved")
    expect(card).to_contain_text("100 % of 4 reported outcomes were right")
    small, large = card.locator("tbody tr").all_inner_texts()
    assert small.split("\t")[1:6] == ["4", "3", "1", "0", "0"]
    assert large.split("\t")[1:6] == ["1", "1", "0", "0", "0"]
    expect(page.locator(".route").nth(1)).to_contain_text("Nobody has asked it")


def test_an_answer_opens_to_its_stages_and_tokens(enter: Enter) -> None:
    page = open_board(enter)
    page.locator(".routed-row", has_text="small → large").click()
    dialog = page.locator("#decision")
    expect(dialog).to_contain_text("What is the capital of Australia?")
    first, second = dialog.locator(".stages > li").all_inner_texts()
    assert "escalated" in first
    assert "Sydney" in first
    assert "20 %" in first
    assert "kept" in second
    assert "10 read, 5 written" in second
    dialog.locator(".stages > li").first.get_by_role("button", name="Show its tokens").click()
    token = dialog.locator(".tokens .t").first
    expect(token).to_have_text("Sydney")
    token.focus()
    expect(dialog.locator(".tokens .about").first).to_contain_text("Probability")


def test_words_of_a_writer_stay_words(enter: Enter) -> None:
    page = open_board(enter)
    page.locator(".routed-row").last.click()
    expect(page.locator("#decision .said", has_text=HOSTILE)).to_be_visible()
    assert page.locator("#decision img").count() == 0


def test_an_abstention_appears_while_one_looks(enter: Enter, served: Served) -> None:
    page = open_board(enter)
    asked(served, "What is the moon made of?")
    expect(page.locator(".route").first).to_contain_text("1 nothing returned")
    page.locator(".routed-row").first.click()
    expect(page.locator("#decision-title")).to_have_text("Nothing returned")


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_of_it_sticks_out(enter: Enter, width: int, theme: Theme) -> None:
    page = open_board(enter, width=width, theme=theme)
    expect(page.locator(".route").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".routed-row").first.click()
    expect(page.locator("#decision")).to_be_visible()
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth")


def test_without_routes_there_is_no_part_for_them(new_context: NewContext, tmp_path: Path) -> None:
    with dashboard(tmp_path) as service:
        page = filled(sign_in(new_context().new_page(), service.url, service.key("admin")))
        expect(page.locator("#routes-section")).to_be_hidden()
        page.close()
