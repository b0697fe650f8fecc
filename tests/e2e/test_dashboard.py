"""The dashboard in a real browser, before a real proxy with a journal of made-up traffic."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from heimdall_litellm.journal.database import Database, parse_url
from heimdall_litellm.journal.record import JournalRecord, Outcome, Signal
from heimdall_litellm.journal.store import Page as Wanted
from heimdall_litellm.journal.store import Store
from heimdall_litellm.plugin.modes import caller_of
from heimdall_litellm.report.summary import summarise
from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import MASTER_KEY, Proxy, running
from tests.fakes.traffic import traffic
from tests.servers import lacking

CHROMIUM = Path("/usr/bin/chromium")
COUNT = 150
SCRIPT = "<script>alert(1)</script>"
ROW = "#decisions tr.opens"


class _Token:
    token = "sk-mini"


MINI = caller_of(_Token())


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    """Made-up traffic; the latest request went to a model with a hostile name, and is of the key sk-mini."""
    url = f"sqlite:///{tmp_path_factory.mktemp('journal')}/journal.sqlite"
    database = Database(parse_url(url))
    database.prepare()
    items = list(traffic(COUNT, days=3, shadow=0.3))
    last = next(one for one in reversed(items) if isinstance(one, JournalRecord) and one.mode == "route")
    now = datetime.now(UTC) - timedelta(seconds=5)
    hostile: list[Any] = [
        replace(
            last,
            id="hostile",
            call_id="call/hostile",
            at=now,
            model=SCRIPT,
            requested=SCRIPT,
            reason=SCRIPT,
            caller=MINI,
        ),
        *(
            replace(one, id="hostile", at=now, model=SCRIPT, finish=SCRIPT)
            for one in items
            if isinstance(one, Outcome) and one.id == last.id
        ),
        Signal("hostile", now, "feedback", 0.5, 1.0, SCRIPT, SCRIPT),
        replace(last, id="undecided", call_id=None, at=now - timedelta(seconds=1), cause="default"),
    ]
    store = Store(database)
    store.write([*items, *hostile])
    yield url, store
    database.close()


@pytest.fixture(scope="module")
def board(journal: tuple[str, Store], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    settings = configs.settings(
        simulation={"mode": "always"}, journal={"url": journal[0], "flush_seconds": 0.05, "keep_days": 100}
    )
    with running(
        _directory(tmp_path_factory, "board"), _with_keys(configs.config(None, settings))
    ) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        lacking(f"{CHROMIUM} is missing: install Debian's chromium to test the dashboard")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """One visitor's page; whatever the browser complains of is kept in `complaints`."""

    def __init__(self, browser: Browser, proxy: Proxy, **how: Any) -> None:
        self.context = browser.new_context(
            viewport=how.pop("viewport", {"width": 1440, "height": 900}), **how
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.url = f"{proxy.url}/heimdall/"
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("a dialog opened"), dialog.dismiss()))
        self.page.on(
            "request",
            lambda sent: None if sent.url.startswith(proxy.url) else self.elsewhere.append(sent.url),
        )

    def enter(self, key: str = MASTER_KEY, anchor: str = "") -> Page:
        self.page.goto(self.url + anchor)
        self.page.get_by_label("Key", exact=True).fill(key)
        self.page.get_by_role("button", name="Show the dashboard").click()
        return self.page


@pytest.fixture
def visit(browser: Browser, board: Proxy, request: pytest.FixtureRequest) -> Iterator[Visit]:
    made = Visit(browser, board, **getattr(request, "param", {}))
    made.page.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    yield made
    made.context.close()
    assert made.complaints == []
    assert made.elsewhere == []


def test_it_loads_and_shows_what_there_is(visit: Visit, journal: tuple[str, Store]) -> None:
    page = visit.enter()
    expect(page.locator("#live.on")).to_be_visible()
    tiles = page.locator("#tiles")
    expect(tiles).to_contain_text(re.compile(rf"Requests\s*{journal[1].count()}"))
    reckoned = [entry.record.baseline for entry in journal[1].latest(Wanted(limit=50))]
    (baseline,) = {each.model for each in reckoned if each is not None}
    expect(tiles).to_contain_text(f"of what {baseline} alone would cost")
    expect(page.locator(".tile.alarm")).to_contain_text("Fail-open1")
    expect(page.locator(ROW)).to_have_count(25)
    for plot in ("#mix-plot canvas", "#preview-plot canvas"):
        expect(page.locator(plot)).to_be_visible()
    expect(page.locator("#latency")).to_contain_text("Median")
    expect(page.locator("#failovers")).to_contain_text("answered after all")
    expect(page.locator("#foot")).to_contain_text("Providers are simulated")


def test_without_a_key_it_asks_for_one_and_shows_nothing(visit: Visit) -> None:
    visit.page.goto(visit.url)
    expect(visit.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(visit.page.get_by_label("Key", exact=True)).to_be_focused()
    expect(visit.page.locator("#board")).to_be_hidden()


def test_a_wrong_key_gets_a_clear_message_and_is_not_kept(visit: Visit) -> None:
    page = visit.enter("sk-wrong")
    expect(page.locator("#enter-wrong")).to_have_text(
        "The proxy doesn't know this key. Check it, or ask an admin for another."
    )
    assert page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})") == "{}"
    # The browser itself notes an answer with an error's status.
    assert all("401" in one for one in visit.complaints)
    visit.complaints.clear()
    page.get_by_label("Key", exact=True).fill("sk-wröng")
    page.get_by_role("button", name="Show the dashboard").click()
    expect(page.locator("#enter-wrong")).to_contain_text("ASCII")


def test_a_key_is_kept_in_this_tab_alone_and_forgotten_on_leaving(visit: Visit) -> None:
    page = visit.enter()
    expect(page.locator("#live.on")).to_be_visible()
    assert page.evaluate("[Object.values(localStorage).join(), document.cookie].join()") == ","
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("place", ["cookie", "tab"])
def test_a_login_of_litellms_own_pages_lets_in(visit: Visit, place: str) -> None:
    told = {"key": MASTER_KEY, "auth_header_name": "Authorization", "user_id": "größe"}
    payload = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
    token = f"e30.{payload}.c2ln"
    if place == "cookie":
        visit.context.add_cookies([{"name": "token", "value": token, "url": visit.url}])
    else:
        visit.page.add_init_script(f"sessionStorage.setItem('token', '{token}')")
    visit.page.goto(visit.url)
    expect(visit.page.locator("#live.on")).to_be_visible()


def test_filters_and_pages(visit: Visit, journal: tuple[str, Store]) -> None:
    page = visit.enter()
    expect(page.locator(ROW)).to_have_count(25)
    page.get_by_role("button", name="Older").click()
    expect(page.locator("#page")).to_have_text("Page 2")
    second = journal[1].latest(Wanted(limit=26))[-1].record
    expect(page.locator(ROW).first.locator("button")).to_have_attribute("data-decision", second.id)
    page.locator("#filters [name=bucket]").select_option("hard")
    expect(page.locator("#page")).to_have_text("Page 1")
    hard = journal[1].latest(Wanted(limit=25, bucket="hard"))
    expect(page.locator(ROW)).to_have_count(len(hard))
    assert len(hard) > 0
    expect(page.locator(f"{ROW} td:nth-child(4)").first).to_have_text("hard")
    page.locator("#filters [name=cause]").select_option("refused")
    expect(page.locator("#decisions")).to_contain_text("No decision in this period fits the filters.")
    page.get_by_text("1 h", exact=True).click()
    expect(page.locator("#decisions")).to_contain_text("No decision")


def test_a_decision_opens_to_its_whole_explanation_by_keyboard(
    visit: Visit, journal: tuple[str, Store]
) -> None:
    entry = next(
        one for one in journal[1].latest(Wanted(limit=25)) if one.record.id not in ("hostile", "undecided")
    )
    record = entry.record
    page = visit.enter()
    page.locator(f'[data-decision="{record.id}"]').focus()
    page.keyboard.press("Enter")
    detail = page.get_by_role("dialog")
    expect(detail.get_by_role("table", name="Candidates").locator("tbody tr")).to_have_count(
        len(record.candidates)
    )
    for word in (
        record.reason.split("; ")[0],
        record.id,
        str(record.call_id),
        "Penalties",
        "What came of it",
    ):
        expect(detail).to_contain_text(word)
    assert page.url.endswith(f"#decision={record.id}")
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    page.get_by_label("Open by id").fill(str(record.call_id))
    page.keyboard.press("Enter")
    expect(detail).to_contain_text(record.id)
    page.keyboard.press("Escape")
    page.get_by_label("Open by id").fill("nonesuch")
    page.keyboard.press("Enter")
    expect(detail.get_by_role("alert")).to_contain_text("There is no decision of this id")
    assert all("404" in one for one in visit.complaints)
    visit.complaints.clear()


def test_a_link_leads_to_a_decision(visit: Visit) -> None:
    page = visit.enter(anchor="#decision=call%2Fhostile")
    expect(page.get_by_role("dialog").locator("code").first).to_have_text("hostile")


def test_a_model_with_a_hostile_name_is_text(visit: Visit) -> None:
    page = visit.enter()
    row = page.locator(ROW).first
    expect(row.locator("td").nth(1)).to_have_text(SCRIPT)
    expect(page.locator("#mix-table")).to_contain_text(SCRIPT)
    row.click()
    expect(page.get_by_role("dialog").get_by_role("heading").first).to_have_text(f"{SCRIPT} → {SCRIPT}")
    expect(page.get_by_role("dialog")).to_contain_text(f"{SCRIPT}: {SCRIPT}")
    page.keyboard.press("Escape")
    page.locator("#filters [name=model]").select_option(SCRIPT)
    expect(page.locator(ROW)).to_have_count(1)
    assert page.locator("body script").count() == 0


def test_moving_alpha_previews_past_traffic(visit: Visit) -> None:
    page = visit.enter()
    slider, figures = page.get_by_label("What if α were"), page.locator("#preview-figures")
    expect(page.locator("#alpha-value")).to_have_text("0.6")
    expect(page.locator("#preview-sample")).to_contain_text("past decisions made again")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator("#alpha-value")).to_have_text("0.0")
    expect(figures).to_contain_text(re.compile(r"\u2212\d+\u202f% against as decided"))
    cheapest = figures.inner_text()
    page.keyboard.press("End")
    expect(page.locator("#alpha-value")).to_have_text("1.0")
    expect(figures).to_contain_text(re.compile(r"\+\d+\u202f% against as decided"))
    assert figures.inner_text() != cheapest


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, {"width": 360, "height": 740}])
def test_shadow_mode_shows_where_requests_would_have_gone(
    browser: Browser, board: Proxy, journal: tuple[str, Store], viewport: dict[str, int]
) -> None:
    visit = Visit(browser, board, viewport=viewport)
    page = visit.enter()
    now = datetime.now(UTC)
    found = summarise(journal[1], now - timedelta(days=7), now).shadow
    assert found is not None
    section = page.locator("#shadow")
    expect(section).to_contain_text(
        f"{found.decided} of {found.requests} requests were decided on and left alone"
    )
    expect(section.locator("tbody tr")).to_have_count(min(12, len(found.flows)))
    first = section.locator("tbody tr").first
    for said in (found.flows[0].answered, found.flows[0].decided, str(found.flows[0].requests)):
        expect(first).to_contain_text(said)
    word = "would have cost more" if found.saved_usd.value < 0 else "would have saved"
    expect(page.locator(".tile.saved")).to_contain_text(f"{word}: $")
    elsewhere = page.locator(ROW).filter(has_text="shadow: to ")
    expect(elsewhere.first).to_be_visible()
    spilt = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
    assert section.locator("td:visible, th:visible").evaluate_all(spilt) == []
    elsewhere.first.click()
    expect(page.locator("#detail-body")).to_contain_text("Shadow mode: it was decided for ")
    assert visit.complaints == []
    visit.context.close()


def test_feedback_is_taken_and_shows(visit: Visit, journal: tuple[str, Store]) -> None:
    record = journal[1].latest(Wanted(limit=10))[-1].record
    page = visit.enter(anchor=f"#decision={record.id}")
    detail = page.get_by_role("dialog")
    detail.get_by_label("Comment").fill("just right")
    detail.get_by_role("button", name="Good answer").click()
    expect(detail.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    expect(detail.get_by_role("status")).to_contain_text("it is noted")

    def is_written() -> bool:
        entry = journal[1].get(record.id)
        assert entry is not None
        return any((one.score, one.comment) == (1.0, "just right") for one in entry.signals)

    for _ in range(200):
        if is_written():
            break
        page.wait_for_timeout(50)
    assert is_written()
    page.keyboard.press("Escape")
    page.locator(f'[data-decision="{record.id}"]').click()
    expect(detail).to_contain_text("just right")


def test_a_key_that_is_no_admins_sees_its_own(visit: Visit) -> None:
    page = visit.enter("sk-mini")
    expect(page.locator(ROW)).to_have_count(1)
    expect(page.locator("#tiles")).to_contain_text(re.compile(r"Requests\s*1"))


def test_a_key_without_requests_is_told_what_to_do(visit: Visit, board: Proxy) -> None:
    page = visit.enter("sk-candidates")
    expect(page.locator("#mix-table")).to_contain_text(f"curl {board.url}/v1/chat/completions")
    expect(page.locator("#preview-empty")).to_contain_text("no decisions in this period")


def test_a_prompt_is_explained_without_being_sent(visit: Visit, journal: tuple[str, Store]) -> None:
    page = visit.enter()
    before = journal[1].count()
    page.locator("#try textarea").fill("Prove that e is irrational.")
    page.locator("#try [name=bucket]").select_option("hard")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#tried")).to_contain_text("the request asks for the hard bucket")
    expect(page.locator("#tried").get_by_role("table", name="Candidates")).to_be_visible()
    assert journal[1].count() == before


def test_a_request_shows_by_itself(visit: Visit, board: Proxy) -> None:
    page = visit.enter()
    expect(page.locator("#live.on")).to_be_visible()
    answer = board.chat("Say something live.")
    assert answer.status_code == 200
    known = answer.headers["heimdall-decision-id"]
    expect(page.locator(f'[data-decision="{known}"]')).to_be_visible()


@pytest.mark.parametrize("visit", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
def test_both_themes_and_a_switch(visit: Visit) -> None:
    page = visit.enter()
    expect(page.locator("#live.on")).to_be_visible()

    def brightness() -> float:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3

    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert (brightness() < 60) is is_dark
    switch = page.get_by_role("button", name=re.compile("^Theme"))
    switch.click()
    assert brightness() > 200
    switch.click()
    assert brightness() < 60
    page.reload()
    expect(page.locator("#live.on")).to_be_visible()
    assert brightness() < 60


@pytest.mark.parametrize(
    "visit", [{"viewport": {"width": 390, "height": 844}, "has_touch": True}], indirect=True
)
def test_it_fits_a_phone(visit: Visit) -> None:
    page = visit.enter()
    expect(page.locator(ROW)).to_have_count(25)
    expect(page.locator("#live.on")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(ROW).nth(3).tap()
    detail = page.get_by_role("dialog")
    expect(detail.get_by_role("table", name="Candidates")).to_be_visible()
    box = detail.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_a_proxy_that_is_gone_is_told_and_asked_less_often(visit: Visit) -> None:
    page = visit.enter()
    expect(page.locator("#live.on")).to_be_visible()
    visit.context.set_offline(True)
    expect(page.locator("#live.off")).to_be_visible()
    expect(page.locator("#notice")).to_have_text("The proxy doesn't answer.")
    visit.context.set_offline(False)
    expect(page.locator("#live.on")).to_be_visible()
    expect(page.locator("#notice")).to_be_hidden()
    visit.complaints.clear()
