"""The pages in a browser, over an invented city."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

PATHS = (
    "/?sel=street:S-BL",
    "/?sel=lamp:HA-04",
    "/?sel=bay:HA-P01",
    "/",
    "/lamps",
    "/schedules",
    "/schedules/P-1",
    "/alarms?sel=A-1",
    "/parking",
    "/installs",
)
pytestmark = pytest.mark.xdist_group("pages")
OUTSIDE = """() => [...document.querySelectorAll('body *')].filter((e) => {
  const r = e.getBoundingClientRect();
  const scrolls = '.strip, .page-body, .work, svg, .maplibregl-map, .sr';
  return r.width && r.right > innerWidth + 1 && !e.closest(scrolls);
}).map((e) => `${e.tagName} ${e.className} ${(e.textContent || '').slice(0, 40)}`)"""

GROUND = "getComputedStyle(document.body).backgroundColor"
PAINTED = "() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))"
# The page itself notes every state of the chip: looks from outside may come too late to see one.
WATCHED = """() => {
  window.chips = [];
  new MutationObserver(() => {
    const count = document.querySelector('.walk .seen b');
    if (!count) return;
    const lit = !!document.querySelector('.walk .seen .rim.lit');
    window.chips.push([lit, parseInt(count.textContent, 10)]);
  }).observe(document.body, { subtree: true, childList: true, attributes: true,
    characterData: true });
}"""


@pytest.fixture
def street(city: Any) -> Iterator[Page]:
    """Rue Blaes, selected on the map; one of its lamps is silent."""
    page = city.opened("/?sel=street:S-BL")
    yield page
    page.context.close()


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_axe_finds_nothing_on_any_page(city: Any, size: str) -> None:
    """In the dark theme by all rules; of the light one, what differs are its colours."""
    page = city.opened("/", size, "dark")
    for path in PATHS:
        page.emulate_media(color_scheme="dark")
        city.go(page, path)
        assert not city.violations(page), path
        dark = page.evaluate(GROUND)
        page.emulate_media(color_scheme="light")
        page.evaluate(PAINTED)
        assert page.evaluate(GROUND) != dark
        assert not city.violations(page, "color-contrast"), path
    page.context.close()


@pytest.mark.parametrize(
    "language",
    # English has the shortest words, and the other tests' pages are English.
    ["fr-BE", "nl-BE", pytest.param("en-GB", marks=pytest.mark.slow), "de-DE"],
)
def test_nothing_is_wider_than_a_phone_in_any_language(city: Any, language: str) -> None:
    page = city.opened("/", "phone", "light", language)
    for path in PATHS:
        city.go(page, path)
        page.evaluate(PAINTED)
        assert page.evaluate(OUTSIDE) == [], path
    assert page.evaluate("document.documentElement.lang") == language[:2]
    page.context.close()


def dim(page: Page, keys: int) -> None:
    slider = page.locator(".slide input")
    slider.focus()
    for _ in range(keys):
        page.keyboard.press("ArrowLeft")
    page.locator(".dim .do").click()


def test_the_chip_is_not_green_before_light_is_seen(street: Page) -> None:
    street.evaluate(WATCHED)
    dim(street, 3)
    expect(street.locator(".walk .seen .rim.lit")).to_be_visible(timeout=15_000)
    expect(street.locator(".walk .rest")).to_contain_text("BL-06", timeout=10_000)
    states = [tuple(state) for state in street.evaluate("window.chips")]
    assert (False, 0) in states
    assert states[-1][0]
    assert all(is_green == (seen > 0) for is_green, seen in states)
    assert street.locator(".walk .tick").count() == 0, "one lamp is silent"


def test_the_last_command_is_undone_by_a_key(street: Page) -> None:
    dim(street, 2)
    expect(street.locator(".acts .main")).to_be_visible()
    street.keyboard.press("z")
    expect(street.locator(".toast")).to_contain_text("Taken back")


def test_darkness_of_many_lamps_wants_a_typed_word(city: Any) -> None:
    page = city.opened("/?sel=street:S-RA")
    page.route("**/api/v1/lamp-types*", lambda route: route.fulfill(
        json={"items": [], "next_cursor": None, "total": 0}))  # fmt: skip
    page.reload()
    page.locator(".slide input").focus()
    page.keyboard.press("Home")
    expect(page.locator(".dim .do")).to_be_disabled()
    page.locator(".dark input").fill("dark")
    expect(page.locator(".dim .do")).to_be_enabled()
    page.context.close()


def test_what_the_cms_refuses_is_said_with_field_and_rule(street: Page) -> None:
    fault = {"field": "reason", "rule": "a reason that others understand", "got": "x"}
    problem = {"title": "Not accepted", "status": 422, "detail": "No", "errors": [fault]}
    street.route("**/api/v1/overrides", lambda route: route.fulfill(
        status=422, json=problem, content_type="application/problem+json"))  # fmt: skip
    street.locator(".dim .do").click() if street.locator(".dim .do").count() else dim(street, 1)
    expect(street.locator(".dim [role=alert]")).to_contain_text("reason: a reason that others")


def test_the_address_holds_what_is_selected(city: Any) -> None:
    page = city.opened()
    page.locator(".panel a", has_text="Rue Haute").click()
    assert "sel=street:S-HA" in page.url
    page.locator(".panel td a", has_text="HA-02").click()
    assert "sel=lamp:HA-02" in page.url
    page.go_back()
    expect(page.locator(".panel h2").first).to_contain_text("Rue Haute")
    page.keyboard.press("Escape")
    assert "sel=" not in page.url
    page.context.close()


def test_a_step_moves_by_a_minute_and_a_percent(city: Any) -> None:
    page = city.opened("/schedules/P-1")
    handle = page.locator(".handle").first
    handle.focus()
    expect(handle).to_have_attribute("aria-valuetext", re.compile(r"22:00, 70"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    expect(handle).to_have_attribute("aria-valuetext", re.compile(r"21:59, 69"))
    expect(page.locator(".figure b")).to_contain_text("−")
    page.keyboard.press("Control+z")
    expect(handle).to_have_attribute("aria-valuetext", re.compile(r"21:59, 70"))
    page.context.close()


def test_an_assignment_shows_how_far_it_has_come(city: Any) -> None:
    page = city.opened("/schedules/P-2")
    page.locator(".assign select").nth(1).select_option("street:S-BL")
    page.locator(".assign button").click()
    expect(page.locator(".go")).to_contain_text("on the way")
    expect(page.locator(".go")).to_contain_text("silent, follow", timeout=15_000)
    page.context.close()


def test_a_lamp_is_found_by_its_name(city: Any) -> None:
    page = city.opened("/parking")
    page.keyboard.press("/")
    page.keyboard.type("ha-03")
    page.keyboard.press("Enter")
    expect(page.locator(".panel h2").first).to_contain_text("HA-03")
    page.context.close()


def test_pages_ask_no_other_server(city: Any) -> None:
    context = city.chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(city.address)
    page.wait_for_selector(".maplibregl-canvas")
    page.wait_for_timeout(1000)
    assert asked
    assert not [url for url in asked if not url.startswith((city.address, "blob:", "data:"))]
    context.close()


def test_the_token_leaves_the_address_at_once(city: Any) -> None:
    page = city.opened("/alarms#token=secret")
    assert "token" not in page.url
    page.context.close()


def test_without_a_session_a_token_is_asked_for(city: Any) -> None:
    context = city.chromium.new_context()
    page = context.new_page()
    page.route("**/api/v1/me", lambda route: route.fulfill(status=401, json={"title": "No"}))
    page.goto(city.address)
    expect(page.locator("input[type=password]")).to_be_visible()
    assert not city.violations(page)
    context.close()


def test_language_and_theme_are_switched_and_kept(city: Any) -> None:
    page = city.opened("/parking")
    page.locator(".rail .foot").click()
    page.get_by_label("Deutsch").check()
    expect(page.locator(".rail a", has_text="Karte")).to_be_visible()
    page.get_by_label("Hell", exact=True).check()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.reload()
    expect(page.locator("h1")).to_have_text("Parken")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.context.close()


def test_a_stream_that_stops_is_told_and_values_stay(city: Any) -> None:
    page = city.opened("/lamps")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.route("**/api/v1/site", lambda route: route.abort())
    rows = page.locator("tbody tr").count()
    # Again and again: the invented server goes on telling, and each word ends the trouble.
    page.evaluate("setInterval(() => dispatchEvent(new Event('offline')), 100)")
    expect(page.locator(".strip .push")).to_contain_text("No connection")
    assert page.locator("tbody tr").count() == rows > 0
    page.context.close()


def test_the_legend_filters_what_the_map_shows(city: Any) -> None:
    page = city.opened("/")
    fault = page.locator(".map button", has_text="Fault")
    fault.click()
    expect(fault).to_have_attribute("aria-pressed", "true")
    assert "only=lamp-fault" in page.url
    fault.click()
    assert "only" not in page.url
    page.context.close()


def test_several_lamps_are_kept_and_dimmed_as_a_group(city: Any) -> None:
    page = city.opened("/?sel=lamp:TA-01,TA-02")
    page.locator(".panel form input").fill("Two of Tanneurs")
    page.locator(".panel form button").click()
    expect(page.locator(".panel h2").first).to_contain_text("Two of Tanneurs")
    assert "sel=group:" in page.url
    with page.expect_request("**/api/v1/overrides") as asked:
        dim(page, 1)
    assert asked.value.post_data_json["group_ids"]
    assert not asked.value.post_data_json["lamp_ids"]
    page.locator(".panel button", has_text="Give up").click()
    expect(page.locator(".panel h2").first).to_contain_text("2 lamps")
    page.context.close()


def test_boards_that_are_made_and_not_heard_are_on_the_map_and_in_the_list(city: Any) -> None:
    page = city.opened("/?at=19/50.83607/4.34605")
    planned = page.locator(".legend button", has_text="Planned")
    expect(planned).to_contain_text("3")
    planned.click()
    assert "only=planned" in page.url
    city.go(page, "/installs")
    page.locator("summary", has_text="made, not heard yet (3)").click()
    expect(page.locator("details table tbody tr")).to_have_count(3)
    expect(page.locator("details table")).to_contain_text("BL-92")
    page.context.close()


@pytest.mark.parametrize(
    ("language", "title", "told"),
    [
        ("en-GB", "Driver", ("1,042 starts", "2 h")),
        ("de-DE", "Betriebsgerät", ("1.042 Starts", "2 Std.")),
    ],
)
def test_a_lamp_with_a_driver_shows_what_it_holds_and_how_old_that_is(
    city: Any, language: str, title: str, told: tuple[str, str]
) -> None:
    page = city.opened("/?sel=lamp:HA-04", "wide", "light", language)
    block = page.locator(f"section[aria-label='{title}']")
    expect(block).to_contain_text(told[0])
    expect(block).to_contain_text("5415001234562")
    expect(block.locator("time")).to_have_text(told[1])
    city.go(page, "/?sel=lamp:HA-05")
    expect(page.locator("section.why")).to_be_visible()
    expect(block).to_have_count(0)
    page.context.close()
