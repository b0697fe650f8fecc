"""Plots: what is recovered by share of premium calls, and quality by cost.

They need matplotlib (`pip install "heimdall-litellm[quality]"`). The same figures give the same SVG.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from heimdall_litellm.errors import ConfigError
from training.cost_quality import Choices, Floats, Pool, hull, oracle_choices, single_choices, trace

_SIZE = (8.2, 4.6)
_STYLES: Final[dict[str, tuple[str, str, float]]] = {
    "heimdall": ("#0072B2", "-", 2.4),
    "heimdall triage": ("#0072B2", "-", 2.4),
    "heimdall alpha": ("#56B4E9", "--", 1.8),
    "heimdall bucket": ("#CC79A7", "-.", 1.8),
    "clusters minilm": ("#009E73", "-", 1.5),
    "knn minilm": ("#E69F00", "-", 1.5),
    "tfidf ridge": ("#CC79A7", "-", 1.5),
    "litellm heuristic": ("#D55E00", "-", 1.5),
    "litellm heuristic_v2": ("#D55E00", "--", 1.5),
    "prompt length": ("#555555", "-.", 1.2),
    "random": ("#999999", ":", 1.5),
    "oracle": ("#000000", ":", 1.5),
}
"""Colour, line and width by router: the colours of Okabe and Ito, which most people can tell apart."""
_OTHER = ("#000000", "-", 1.2)
_RC: Final[dict[str, Any]] = {
    "svg.hashsalt": "heimdall",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
}


def require_matplotlib() -> None:
    """Raise ConfigError where matplotlib is missing, before anything is measured."""
    try:
        import matplotlib as _  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "Plots need matplotlib, which is not installed; run pip install 'heimdall-litellm[quality]'."
        ) from error


def file_name(title: str) -> str:
    """Give a file name for a title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".svg"


def plot_pgr(curves: Mapping[str, Floats], folder: Path) -> None:
    """Draw PGR of the pooled ranking (`measures.pooled_pgr`) by router, as pgr-pooled.svg."""
    figure, axes = _figure("Gap recovered by share of premium calls, all sources in one ranking")
    for name, curve in curves.items():
        colour, line, width = _STYLES.get(name, _OTHER)
        share = np.linspace(0, 100, len(curve))
        label = f"{name}  {np.trapezoid(curve, dx=1 / (len(curve) - 1)):.3f}"
        axes.plot(share, 100 * curve, color=colour, linestyle=line, linewidth=width, label=label)
    axes.plot((0, 100), (0, 100), color="#cccccc", linewidth=0.8, zorder=0)
    axes.set(xlim=(0, 100), ylim=(0, 105), xlabel="calls sent to the premium model, %")
    axes.set_ylabel("gap between cheap and premium recovered, %")
    axes.legend(title="router, APGR", loc="lower right", frameon=False)
    _save(figure, folder / "pgr-pooled.svg")


def plot_pools(pools: Iterable[tuple[Pool, Mapping[str, Choices]]], folder: Path) -> None:
    """Draw quality against cost of each pool, as cost-quality-….svg."""
    for pool, routers in pools:
        title = f"Quality by cost: {pool.name}, {len(pool.rows):,} prompts, {len(pool.models)} models"
        plot_pool(pool, routers, folder / file_name(f"cost-quality {pool.name}"), title)


def plot_pool(pool: Pool, routers: Mapping[str, Choices], path: Path, title: str) -> None:
    """Draw quality against cost: the single models, mixing them blindly, the oracle, and `routers`.

    A router is drawn as the hull of its points, which mixing its settings reaches. Costs are on a logarithmic
    axis, from the cheapest single model's to a little more than the best one's.
    """
    figure, axes = _figure(title)
    from matplotlib.ticker import LogLocator, NullLocator

    cost, quality = _means(pool, single_choices(pool))
    best = int(np.argmax(quality))
    low, high = float(cost.min()), float(cost[best])
    cheapest = int(np.argmin(cost))
    grid = np.geomspace(low, high, 300)
    blind = hull(cost, quality)
    axes.plot(grid, np.interp(grid, *blind), color="#888888", linewidth=1.2, label="blind mix of two models")
    tops = [float(quality.max())]
    for name, choices in {"oracle": oracle_choices(pool), **routers}.items():
        colour, line, width = _STYLES.get(name, _OTHER)
        points = _means(pool, choices)
        corners = hull(np.append(points[0], low), np.append(points[1], quality[cheapest]))
        height = np.interp(grid, *corners)
        tops.append(float(height.max()))
        axes.plot(grid, height, color=colour, linestyle=line, linewidth=width, label=name)
    axes.scatter(cost, quality, s=14, color="#888888", alpha=0.8, zorder=3, label="single model")
    _name_models(axes, pool.models, cost, quality, {cheapest, best})
    bottom = float(np.interp(low, *blind))
    room = max(tops) - bottom
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(lambda usd, _: f"{usd:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(low * 0.8, high * 1.6), ylim=(bottom - 0.25 * room, max(tops) + 0.06 * room))
    axes.set(xlabel="cost of 1,000 requests, USD (logarithmic)", ylabel="mean score, 0 to 1")
    figure.legend(loc="outside right upper", frameon=False, fontsize=8.5)
    _save(figure, path)


def _means(pool: Pool, choices: Choices) -> tuple[Floats, Floats]:
    """USD per 1,000 requests and mean score, (settings,) each."""
    cost, score = trace(pool, choices)
    return 1_000 * cost.mean(axis=1), score.mean(axis=1)


def _name_models(axes: Any, models: Sequence[str], cost: Floats, quality: Floats, which: set[int]) -> None:
    for i in which:
        axes.annotate(
            models[i],
            (cost[i], quality[i]),
            xytext=(4, -11),
            textcoords="offset points",
            fontsize=8,
            color="#444444",
        )


def _figure(title: str) -> tuple[Any, Any]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_RC):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title, fontsize=11, loc="left")
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    from matplotlib import rc_context

    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    with rc_context(_RC):
        figure.savefig(path, dpi=110, metadata=metadata)
