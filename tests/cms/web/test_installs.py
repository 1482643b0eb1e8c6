"""The page of crews: two scans, kept in the phone until the CMS has them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.xdist_group("pages")


def scanned(page: Page, box: str, pole: str) -> None:
    page.locator("#pair-box").fill(box)
    page.locator("#pair-box").press("Enter")
    page.locator("#pair-pole").fill(pole)
    page.locator("#pair-pole").press("Enter")


def test_a_crew_without_a_connection_pairs_and_the_phone_sends_it_later(city: Any) -> None:
    page = city.opened("/installs", "phone", "light")
    expect(page.get_by_text("This page now works without a connection")).to_be_visible()
    page.context.set_offline(True)
    page.reload()
    scanned(page, "LL1:02aa000000a1:BL-07:246f28000001", "BL-07")
    scanned(page, "02aa000000a2", "BL-08")  # At once, while the phone still asks where it is.
    expect(page.locator("div.waiting")).to_contain_text("2 pairings wait in this phone.")
    page.reload()
    expect(page.locator(".waiting li")).to_have_count(2)
    expect(page.locator(".waiting li").first).to_contain_text("BL-07")
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("div.waiting")).to_have_count(0)
    page.reload()
    today = page.evaluate("new Date().toISOString().slice(0, 10)")
    city.go(page, f"/installs?on={today}")
    hung = page.locator(".page-body > table.list")
    expect(hung).to_contain_text("02aa000000a1")
    page.context.close()


def test_one_pairing_that_is_refused_holds_back_no_other(city: Any) -> None:
    page = city.opened("/installs", "phone")
    sent: list[str] = []
    network = {"up": False}

    def answer(route: Route) -> None:
        said: Any = route.request.post_data_json
        poles = [one["asset_id"] for one in said["pairings"]]
        if not network["up"]:
            route.abort("internetdisconnected")
        elif "BL-09" in poles:
            problem = {"title": "Not accepted", "status": 422, "detail": "BL-09 is no pole"}
            route.fulfill(status=422, json=problem, content_type="application/problem+json")
        else:
            sent.extend(poles)
            route.fulfill(status=201, json={})

    page.route("**/api/v1/pairings", answer)
    for number, pole in enumerate(("BL-07", "BL-08", "BL-09", "BL-10", "BL-11"), 0xA1):
        scanned(page, f"02aa000000{number:02x}", pole)
        expect(page.locator("#pair-box")).to_have_value("")
    network["up"] = True
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".waiting li")).to_have_count(1)
    expect(page.locator("div.waiting")).to_contain_text("BL-09 is no pole")
    assert sorted(sent) == ["BL-07", "BL-08", "BL-10", "BL-11"]
    page.context.close()


def test_a_network_that_comes_amid_a_lost_sending_is_not_missed(city: Any) -> None:
    page = city.opened("/installs", "phone")
    held: list[Route] = []

    def answer(route: Route) -> None:
        if held:
            route.fulfill(status=201, json={})
        else:
            held.append(route)

    page.route("**/api/v1/pairings", answer)
    with page.expect_request("**/api/v1/pairings"):
        scanned(page, "02aa000000a1", "BL-07")
    page.evaluate("dispatchEvent(new Event('online'))")
    held[0].abort("internetdisconnected")
    expect(page.locator("div.waiting")).to_have_count(0)
    page.context.close()


def test_a_phone_tries_again_by_itself_and_shows_what_it_has_sent(city: Any) -> None:
    page = city.opened("/installs", "phone")
    page.clock.install()
    answers = [None, 503, 201]

    def answer(route: Route) -> None:
        status = answers.pop(0)
        if status is None:
            route.abort("internetdisconnected")
        else:
            route.fulfill(status=status, json={"title": "No time"})

    page.route("**/api/v1/pairings", answer)
    page.reload()
    read: list[str] = []
    page.on("request", lambda request: read.append(request.url))
    scanned(page, "02aa000000a1", "BL-07")
    page.clock.fast_forward(2000)  # Nobody says where it is.
    expect(page.locator(".toast")).to_be_visible()
    read.clear()
    page.clock.fast_forward(16_000)
    expect(page.locator("div.waiting")).to_contain_text("No time")
    page.clock.fast_forward(16_000)
    expect(page.locator("div.waiting")).to_have_count(0)
    page.wait_for_function("() => !localStorage.pairings || localStorage.pairings === '[]'")
    assert not answers
    assert any("/installs?" in url for url in read)
    page.context.close()


def test_what_another_tab_has_kept_is_not_lost(city: Any) -> None:
    page = city.opened("/installs", "phone")
    page.route("**/api/v1/pairings", lambda route: route.abort("internetdisconnected"))
    scanned(page, "02aa000000a1", "BL-07")
    expect(page.locator(".waiting li")).to_have_count(1)
    other = page.context.new_page()
    other.route("**/api/v1/pairings", lambda route: route.abort("internetdisconnected"))
    city.go(other, "/installs")
    scanned(other, "02aa000000a2", "BL-08")
    expect(page.locator(".waiting li")).to_have_count(2)
    page.locator(".waiting li button").first.click()
    other.reload()
    expect(other.locator(".waiting li")).to_have_count(1)
    expect(other.locator(".waiting li")).to_contain_text("BL-08")
    page.context.close()


def test_what_a_phone_cannot_keep_stays_typed(city: Any) -> None:
    page = city.opened("/installs", "phone")
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full') } }")
    scanned(page, "02aa000000a1", "BL-07")
    expect(page.locator(".toast")).to_contain_text("this phone has no room")
    expect(page.locator("#pair-box")).to_have_value("02aa000000a1")
    expect(page.locator(".waiting li")).to_have_count(0)
    page.context.close()


def test_a_box_scanned_in_the_place_of_a_pole_is_told_and_nothing_is_kept(city: Any) -> None:
    page = city.opened("/installs", "phone")
    scanned(page, "02aa000000a1", "LL1:02aa000000a2:BL-08:246f28000001")
    expect(page.locator("#pair-wrong")).to_contain_text("This is no pole")
    assert page.evaluate("localStorage.getItem('pairings')") is None
    page.context.close()


def test_the_morning_after_tells_swaps_and_a_blink_shows_which_lamp_it_is(city: Any) -> None:
    page = city.opened("/installs")
    rows = page.locator(".page-body > table.list tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("label twice")
    page.get_by_role("button", name=re.compile(r"^swap\?")).click()
    expect(rows).to_have_count(2)
    with page.expect_response(lambda r: r.url.endswith("/overrides") and r.status == 201) as asked:
        page.get_by_role("button", name="Blink BL-04").click()
    body = asked.value.request.post_data_json
    assert (body["lamp_ids"], body["level_percent"]) == (["BL-04"], 100)
    assert body["expires_in_s"] <= 60, "a lamp never stays in a blink test"
    page.context.close()
