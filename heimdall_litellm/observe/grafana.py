"""The Grafana dashboard over our metrics.

    python -m heimdall_litellm.observe.grafana > heimdall.json

prints it, to be imported in Grafana (Dashboards, New, Import), which asks for the Prometheus it is to read.
The same stands in docs/grafana.json. A test holds every query to the metrics and labels that are exported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

Json = dict[str, object]

_WIDTH: Final = 24
_SOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}
_RATE: Final = "[$__rate_interval]"
_RANGE: Final = "[$__range]"
_BASE: Final = 'heimdall_baseline_cost_usd_total{mode="route"}'
_PAID: Final = "heimdall_cost_usd_total"
_COMPARED: Final = 'heimdall_cost_usd_total{compared="yes",mode="route"}'
_VOTES: Final = 'heimdall_signals_total{source="feedback"}'
_GOOD: Final = 'heimdall_signals_total{source="feedback",verdict="good"}'

_HITS: Final = 'heimdall_decision_cache_total{outcome="hit"}'
_ASIDE: Final = (
    "count by (provider) (max by (provider, model, deployment) "
    "(heimdall_set_aside_until_timestamp_seconds) > time())"
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: `queries` are PromQL with the legend of their series; a stat above `red_above` is red."""

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    says: str = ""
    red_above: float | None = None


def _sums(metric: str, label: str, window: str = _RATE) -> tuple[str, str]:
    return f"sum by ({label}) (rate({metric}{window}))", f"{{{{{label}}}}}"


def _quantiles(metric: str, quantiles: Sequence[int], label: str = "") -> list[tuple[str, str]]:
    by, legend = (f"{label}, le", f"{{{{{label}}}}} ") if label else ("le", "")
    return [
        (f"histogram_quantile({q / 100:g}, sum by ({by}) (rate({metric}_bucket{_RATE})))", f"{legend}p{q}")
        for q in quantiles
    ]


def _share(part: str, whole: str, window: str, label: str = "") -> str:
    by = f" by ({label})" if label else ""
    return f"sum{by} (increase({part}{window})) / sum{by} (increase({whole}{window}))"


def _total(metric: str) -> str:
    return f"sum(increase({metric}{_RANGE}))"


def _hourly(metric: str) -> str:
    return f"3600 * sum(rate({metric}{_RATE}))"


ROWS: Final[Sequence[tuple[str, Sequence[Panel]]]] = (
    (
        "Requests and spend",
        (
            Panel(
                "Paid",
                [(_total(_PAID), "")],
                "currencyUSD",
                "stat",
                4,
                "LiteLLM's own figures, shadow mode's too.",
            ),
            Panel(
                "Baseline",
                [(_total(_BASE), "")],
                "currencyUSD",
                "stat",
                4,
                "What the requests that were routed would have cost with one model for everything.",
            ),
            Panel(
                "Saved",
                [(f"{_total(_BASE)} - {_total(_COMPARED)}", "")],
                "currencyUSD",
                "stat",
                4,
                "Over the requests that were routed and for which both are known. May be negative.",
            ),
            Panel(
                "Paid and baseline, USD per hour",
                [(_hourly(_COMPARED), "paid"), (_hourly(_BASE), "baseline")],
                "currencyUSD",
                width=12,
            ),
            Panel("Requests by outcome", [_sums("heimdall_requests_total", "status")], "reqps"),
            Panel("Requests by model", [_sums("heimdall_requests_total", "model")], "reqps"),
            Panel(
                "Paid by model, USD per hour",
                [(f"3600 * sum by (model) (rate({_PAID}{_RATE}))", "{{model}}")],
                "currencyUSD",
            ),
            Panel(
                "Expected and paid, USD per hour",
                [
                    (_hourly('heimdall_estimated_cost_usd_total{mode="route"}'), "expected"),
                    (_hourly('heimdall_cost_usd_total{mode="route"}'), "paid"),
                ],
                "currencyUSD",
                width=12,
            ),
            Panel(
                "Shadow mode, USD per hour",
                [
                    (_hourly('heimdall_estimated_cost_usd_total{mode="shadow"}'), "if it routed"),
                    (_hourly('heimdall_estimated_baseline_cost_usd_total{mode="shadow"}'), "baseline"),
                ],
                "currencyUSD",
                width=12,
                says="Expected costs of what was only decided.",
            ),
        ),
    ),
    (
        "Decisions",
        (
            Panel("By bucket", [_sums("heimdall_decisions_total", "bucket")], "reqps"),
            Panel("By model", [_sums("heimdall_decisions_total", "model")], "reqps"),
            Panel("By cause", [_sums("heimdall_decisions_total", "cause")], "reqps"),
            Panel("Time of a decision", _quantiles("heimdall_decision_seconds", (50, 95, 99)), "s"),
            Panel("Its parts, p95", _quantiles("heimdall_decision_stage_seconds", (95,), "stage"), "s"),
            Panel(
                "Remembered",
                [(_share(_HITS, "heimdall_decision_cache_total", _RATE), "share of decisions")],
                "percentunit",
            ),
        ),
    ),
    (
        "Models and providers",
        (
            Panel(
                "Time to the answer", _quantiles("heimdall_latency_seconds", (50, 95), "model"), "s", width=12
            ),
            Panel(
                "Time to the first token",
                _quantiles("heimdall_first_token_seconds", (50, 95), "model"),
                "s",
                width=12,
            ),
            Panel(
                "429s by provider",
                [_sums('heimdall_attempts_total{outcome="rate-limited"}', "provider")],
                "reqps",
            ),
            Panel("Calls by outcome", [_sums("heimdall_attempts_total", "outcome")], "reqps"),
            Panel(
                "Failovers by cause and outcome",
                [
                    (
                        f"sum by (cause, status) (rate(heimdall_failovers_total{_RATE}))",
                        "{{cause}}: {{status}}",
                    )
                ],
                "reqps",
            ),
            Panel(
                "Set aside now",
                [(_ASIDE, "{{provider}}")],
                says="Deployments that are not called for a while.",
            ),
            Panel("Set aside, by cause", [_sums("heimdall_set_aside_total", "cause")], "reqps"),
            Panel(
                "Left the caller's own credential",
                [_sums("heimdall_escalations_total", "provider")],
                "reqps",
            ),
        ),
    ),
    (
        "Heimdall itself",
        (
            Panel(
                "Failed open",
                [("sum(heimdall_failures_total) or vector(0)", "")],
                kind="stat",
                width=4,
                says="Failures of Heimdall's own since the start. Requests went on in spite of them.",
                red_above=0,
            ),
            Panel(
                "Journal items lost",
                [('sum(heimdall_journal_items_total{outcome!="written"}) or vector(0)', "")],
                kind="stat",
                width=4,
                says="Since the start.",
                red_above=0,
            ),
            Panel(
                "Age of the bundle",
                [("time() - min(heimdall_bundle_created_timestamp_seconds)", "")],
                "s",
                "stat",
                4,
            ),
            Panel(
                "Failed open, by stage and cause",
                [("sum by (stage, cause) (heimdall_failures_total)", "{{stage}}: {{cause}}")],
                width=12,
            ),
            Panel(
                "Age of the catalog's lists",
                [("max by (source) (heimdall_catalog_age_seconds)", "{{source}}")],
                "s",
            ),
            Panel("Models in the lists", [("max by (source) (heimdall_catalog_models)", "{{source}}")]),
            Panel(
                "Reads and changes of the catalog",
                [
                    _sums("heimdall_catalog_reads_total", "outcome"),
                    (f"sum by (kind) (rate(heimdall_catalog_drift_total{_RATE}))", "change: {{kind}}"),
                ],
                "ops",
            ),
            Panel(
                "Bundles in use",
                [("max by (bundle, digest) (heimdall_bundle_info) == 1", "{{bundle}} ({{digest}})")],
            ),
            Panel("Journal items", [_sums("heimdall_journal_items_total", "outcome")], "ops"),
            Panel("Journal items that wait", [("sum(heimdall_journal_waiting)", "items")]),
        ),
    ),
    (
        "How good the answers were",
        (
            Panel(
                "Win rate by model, by feedback",
                [(_share(_GOOD, _VOTES, _RANGE, "model"), "{{model}}")],
                "percentunit",
            ),
            Panel(
                "Win rate by arm, by feedback",
                [(_share(_GOOD, _VOTES, _RANGE, "arm"), "{{arm}}")],
                "percentunit",
                says="`holdout` went to the baseline by a draw.",
            ),
            Panel(
                "Bad signs by source",
                [_sums('heimdall_signals_total{verdict="bad"}', "source")],
                "ops",
            ),
        ),
    ),
)


def dashboard() -> Json:
    """Return the dashboard as Grafana takes it."""
    return {
        "uid": "heimdall",
        "title": "Heimdall",
        "tags": ["heimdall", "litellm"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
            ]
        },
        "panels": list(_laid_out()),
    }


def _laid_out() -> Iterator[Json]:
    known, y = 0, 0
    for title, panels in ROWS:
        known += 1
        yield {"id": known, "type": "row", "title": title, "gridPos": _at(0, y, _WIDTH, 1), "panels": []}
        x, y = 0, y + 1
        for panel in panels:
            if x + panel.width > _WIDTH:
                x, y = 0, y + 8
            known += 1
            yield {"id": known, "gridPos": _at(x, y, panel.width, 8), **_drawn(panel)}
            x += panel.width
        y += 8


def _at(x: int, y: int, width: int, height: int) -> Json:
    return {"x": x, "y": y, "w": width, "h": height}


def _drawn(panel: Panel) -> Json:
    defaults: Json = {"unit": panel.unit}
    if panel.red_above is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.red_above + 1e-9}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": query, "legendFormat": legend}
            for at, (query, legend) in enumerate(panel.queries)
        ],
    }


def text() -> str:
    """Return the dashboard as the file holds it."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
