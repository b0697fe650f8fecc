"""The report's page and the dashboard's plots in a real browser, without a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, sync_playwright

import heimdall_litellm.web
from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.record import JournalRecord, Outcome, now
from heimdall_litellm.report.page import to_html
from heimdall_litellm.report.summary import summarise
from tests.fakes.traffic import traffic
from tests.servers import lacking

CHROMIUM = Path("/usr/bin/chromium")
STATIC = Path(heimdall_litellm.web.__file__).parent / "static"
SPILLS = """() => [...document.querySelectorAll('.card *')].filter((one) => {
  if (one.closest('.scroll, svg, .track')) return false;
  const card = one.closest('.card'), words = document.createRange();
  words.selectNodeContents(one);
  return words.getBoundingClientRect().right > card.getBoundingClientRect().right - 4;
}).map((one) => one.outerHTML.slice(0, 120))"""
DRAW = """async ([points, decided, theme]) => {
  document.documentElement.style.colorScheme = theme;
  document.body.innerHTML = '<div id="plot" style="width:560px;height:300px"></div>';
  const said = [], draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const at = this.getTransform().transformPoint({ x, y }), width = this.measureText(text).width;
    const left = at.x - { center: width / 2, right: width, end: width }[this.textAlign] || at.x;
    said.push({ text, left, right: left + width, room: this.canvas.width });
    return draw.call(this, text, x, y, ...rest);
  };
  const { Curve } = await import('/charts.js');
  new Curve(document.getElementById('plot')).show(points, decided, points[0]);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return said;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        lacking("Chromium at /usr/bin/chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def page_of_a_report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Reports as pages: of cents, of millions, and of names that are long."""
    made = {}
    for name, factor in (("cents", 1e-5), ("millions", 1e7)):
        store = open_store(JournalSettings(url=f"sqlite:///{tmp_path_factory.mktemp(name)}/j.sqlite"))
        items: list[Any] = []
        for each in traffic(120, days=3, holdout=0.3):
            if isinstance(each, Outcome):
                costs = {
                    field: None if (usd := getattr(each, field)) is None else usd * factor
                    for field in ("cost_usd", "baseline_usd", "guessed_usd")
                }
                long = "a-name/of-several-words/" * 6 if name == "millions" else each.model
                items.append(replace(each, **costs, model=long))
            elif isinstance(each, JournalRecord):
                items.append(replace(each, mode="shadow") if each.id[0] == "0" else each)
            else:
                items.append(each)
        store.write(items)
        made[name] = to_html(summarise(store, now() - timedelta(days=4), now()))
        store.database.close()
    return made


@pytest.mark.parametrize("kind", ["cents", "millions"])
@pytest.mark.parametrize("width", [375, 768, 1280])
def test_the_report_fits_the_screen_and_its_cards(
    browser: Browser, page_of_a_report: dict[str, str], kind: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(page_of_a_report[kind])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SPILLS) == []
    page.close()


def _point(alpha: float, cost: float, quality: float) -> dict[str, Any]:
    return {"alpha": alpha, "cost_usd": cost / 1000, "quality": quality, "shares": {}}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("cost", "quality"),
    [((0.4, 24.6), (0.84, 0.96)), ((0.0021, 0.0048), (0.5, 0.505)), ((100.0, 2400.0), (0.1, 0.9))],
)
def test_the_ticks_of_the_curve_are_exact_and_whole(
    browser: Browser, theme: str, cost: tuple[float, float], quality: tuple[float, float]
) -> None:
    def serve(route: Route) -> None:
        path = route.request.url.partition("//")[2].partition("/")[2]
        if path:
            route.fulfill(path=STATIC / path)
        else:
            route.fulfill(content_type="text/html", body="<script src='/uplot.min.js'></script><body></body>")

    page = browser.new_page()
    page.route("http://static.test/**", serve)
    page.goto("http://static.test/")
    points = [_point(0.0, cost[0], quality[0]), _point(1.0, cost[1], quality[1])]
    said = page.evaluate(DRAW, [points, points[1], theme])
    page.close()
    # It is drawn again when its size is known.
    ticks = list(dict.fromkeys(each["text"].replace(",", "") for each in said))
    for numbers in (
        [float(text[1:]) for text in ticks if text.startswith("$")],
        [float(text) for text in ticks if text.replace(".", "", 1).isdigit()],
    ):
        steps = [round(b - a, 9) for a, b in pairwise(numbers)]
        assert len(steps) >= 1
        assert len(set(steps)) == 1, ticks
    for each in said:
        if not each["text"].startswith("Expected"):  # the axes' names, one of which is turned
            assert each["left"] >= 0, each
            assert each["right"] <= each["room"], each
