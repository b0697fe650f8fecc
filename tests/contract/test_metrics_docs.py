"""Metrics as they are exported, as the manual lists them, and as queries name them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from heimdall_litellm.journal.record import Baseline, JournalRecord, Outcome, Signal, Try, now
from heimdall_litellm.observe import grafana, metrics
from heimdall_litellm.observe.traffic import Traffic

DOCS = Path(__file__).parents[2] / "docs"
Exported = Mapping[str, frozenset[str]]

_FUNCTIONS = frozenset(
    (
        *(
            "sum",
            "min",
            "max",
            "count",
            "rate",
            "increase",
            "histogram_quantile",
            "time",
            "vector",
            "by",
            "or",
        ),
        *("unless", "min_over_time"),
    )
)
_TOKEN = re.compile(r'"[^"]*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|[0-9.]+|[{}(),]|[=!~<>+*/-]+')


@pytest.fixture(scope="module")
def exported() -> Exported:
    """The labels of every series that is there once everything has happened."""
    metrics.attempt("p", "ok", None)
    metrics.set_aside("p", "timeout", is_own=False)
    metrics.aside_for("p", "m", "d", 30.0)
    metrics.failed("stage", "KeyError")
    metrics.BundleMeter().serves("bundle", "0" * 64, datetime.now(UTC))
    journal, catalog = metrics.JournalMeter(), metrics.CatalogMeter()
    journal.written(1)
    journal.dropped("full")
    journal.waiting(0)
    catalog.read("s", "fetched")
    catalog.state("s", 1, 1.0)
    catalog.drift("price")
    baseline = Baseline("m", 1.0, 1.0, 0.5, 1.0, 1.0)
    decided = JournalRecord(
        *("1", now(), "heimdall", "acompletion", "route", "chosen", "triage", "", 1.0),
        model="m",
        decided="m",
        cost_usd=1.0,
        baseline=baseline,
    )
    tries = (Try("m", "p", "timeout"), Try("m", "p", "ok"))
    outcome = Outcome("1", now(), "answered", "m", tries=tries, escalated_from="p")
    measured = replace(outcome, latency_s=1.0, first_token_s=1.0, cost_usd=1.0, baseline_usd=1.0)
    Traffic(lambda: {"m"})([decided, measured, Signal("1", now(), "feedback", 1.0, 1.0)])
    return {
        sample.name: frozenset(sample.labels)
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name.startswith("heimdall_") and not sample.name.endswith("_created")
    }


def unknown_in(query: str, legend: str, exported: Exported) -> list[str]:
    """Return what is wrong with a query: metrics, labels and functions that aren't there, uneven brackets."""
    wrong, used, labels = [], set[str](), set[str]()
    depth, place, metric, before = 0, "", "", ""
    for token in _TOKEN.findall(query):
        if token in "({":
            place = "by" if token == "(" and before == "by" else token
            depth += 1
        elif token in ")}":
            place, depth = "", depth - 1
        elif token[0].isalpha() and place == "by":
            labels.add(token)
        elif token[0].isalpha() and place == "{":
            wrong += [] if token in exported.get(metric, ()) else [f"{metric}{{{token}}}"]
        elif token.startswith("heimdall_"):
            metric = token
            used.add(token)
            wrong += [] if token in exported else [token]
        elif token[0].isalpha() and token not in _FUNCTIONS:
            wrong.append(token)
        before = token
    labels |= set(re.findall(r"\{\{(\w+)\}\}", legend))
    has = frozenset[str]().union(*(exported.get(name, frozenset()) for name in used))
    wrong += sorted(labels - has)
    return wrong + (["brackets"] if depth else []) + ([] if used else ["no metric"])


def _panels() -> Iterator[tuple[str, str, str]]:
    for panel in json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]


def _manual() -> str:
    return (DOCS / "metrics.md").read_text(encoding="utf-8")


def _queries() -> list[str]:
    blocks = re.findall(r"```promql\n(.*?)```", _manual(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


def test_every_query_of_the_dashboard_names_what_is_exported(exported: Exported) -> None:
    wrong = {
        title: found for title, query, legend in _panels() if (found := unknown_in(query, legend, exported))
    }
    assert wrong == {}


def test_every_query_of_the_manual_names_what_is_exported(exported: Exported) -> None:
    assert len(_queries()) > 10
    assert {query: found for query in _queries() if (found := unknown_in(query, "", exported))} == {}


def test_whatever_is_compared_with_the_baseline_was_routed() -> None:
    compared = r"(?:heimdall_baseline_cost_usd_total|heimdall_cost_usd_total(?={[^}]*compared))({[^}]*})?"
    found = [
        selector
        for query in [*_queries(), *(query for _, query, _ in _panels())]
        for selector in re.findall(compared, query)
    ]
    assert len(found) >= 6
    assert [selector for selector in found if 'mode="route"' not in selector] == []


@pytest.mark.parametrize(
    ("query", "legend", "wrong"),
    [
        ("sum(rate(heimdall_decisons_total[5m]))", "", ["heimdall_decisons_total"]),
        ('sum(heimdall_decisions_total{buckets="hard"})', "", ["heimdall_decisions_total{buckets}"]),
        ("sum by (team) (heimdall_decisions_total)", "", ["team"]),
        ("sum by (bucket, le) (heimdall_decisions_total)", "", ["le"]),
        ("sum(heimdall_decisions_total)", "{{user}}", ["user"]),
        ("avrg(heimdall_decisions_total)", "", ["avrg"]),
        ("sum(rate(heimdall_decisions_total[5m])", "", ["brackets"]),
        ("sum(1)", "", ["no metric"]),
        ("heimdall_decision_seconds", "", ["heimdall_decision_seconds"]),
        ("max by (model) (heimdall_decisions_total) > 0 or vector(0)", "{{model}}", []),
    ],
)
def test_a_query_that_names_what_is_not_there_is_found(
    query: str, legend: str, wrong: list[str], exported: Exported
) -> None:
    assert unknown_in(query, legend, exported) == wrong


def test_the_dashboard_in_the_docs_is_that_of_the_package() -> None:
    told = (DOCS / "grafana.json").read_text(encoding="utf-8")
    assert told == grafana.text(), "run python -m heimdall_litellm.observe.grafana > docs/grafana.json"


def test_the_panels_of_the_dashboard_cover_nothing_of_each_other() -> None:
    panels = json.loads(grafana.text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_a_failure_of_our_own_makes_its_panel_red() -> None:
    panel = next(p for p in json.loads(grafana.text())["panels"] if p["title"] == "Failed open")
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["color"] for step in steps] == ["green", "red"]
    assert 0 < steps[1]["value"] < 1


def test_the_dashboard_shows_every_metric(exported: Exported) -> None:
    asked = " ".join(query for _, query, _ in _panels())
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exported}
    assert [name for name in sorted(shown) if name not in asked] == []


def test_the_manual_lists_every_metric_with_its_labels_and_no_other(exported: Exported) -> None:
    rows = re.findall(r"^\| `(heimdall_\w+)` \|([^|]*)\|", _manual(), re.MULTILINE)
    told = {name: frozenset(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert len(told) == len(rows)
    families = {re.sub(r"_(bucket|count|sum)$", "", name): has - {"le"} for name, has in exported.items()}
    assert told == families


def test_every_gauge_says_how_workers_are_joined() -> None:
    gauges = [c for c in REGISTRY._collector_to_names if getattr(c, "_type", "") == "gauge"]
    ours = {gauge._name: gauge._multiprocess_mode for gauge in gauges if gauge._name.startswith("heimdall_")}
    assert len(ours) == 6
    assert all(mode.startswith("live") and mode != "liveall" for mode in ours.values())
