"""The figures as Markdown for people, or as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping

from benchmarks.quality import published
from benchmarks.quality.many import Found
from benchmarks.quality.two_models import Table
from training.cost_quality import CostQuality
from training.measures import Estimate, json_values


def render_two(tables: Mapping[str, Table]) -> str:
    """Lay APGR out: a table a question."""
    parts = []
    for question, table in tables.items():
        rows = dict.fromkeys(row for column in table.values() for row in column)
        cells = {row: [_apgr(column.get(row)) for column in table.values()] for row in rows}
        parts.append(_markdown(f"### Two models, {question}", ["APGR", *table], cells))
    return "\n".join([*parts, f"As published: {published.SOURCE}.", ""])


def render_many(tables: Mapping[str, Found]) -> str:
    """Lay out what is recovered, and what it costs: two tables a question."""
    parts = []
    for question, found in tables.items():
        routers = list(dict.fromkeys(name for by_router in found.values() for name in by_router))
        names = {pool: _pool_name(pool, by_router) for pool, by_router in found.items()}
        recovered = {
            names[pool]: [_apgr(by_router[r].recovered) if r in by_router else "" for r in routers]
            for pool, by_router in found.items()
        }
        priced = {
            pool: [_bought(by_router[r]) if r in by_router else "" for r in routers]
            for pool, by_router in found.items()
        }
        parts += [
            _markdown(f"### Many models, {question}", ["recovered", *routers], recovered),
            _markdown("", ["cost at 100 / 99 / 95 %; gained", *routers], priced),
        ]
    return "\n".join(parts)


def as_json(tables: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, object]:
    """Give tables of figures as JSON values; NaN becomes null."""
    return {
        question: {a: {b: json_values(figure) for b, figure in row.items()} for a, row in table.items()}
        for question, table in tables.items()
    }


def _pool_name(pool: str, by_router: Mapping[str, CostQuality]) -> str:
    some = next(iter(by_router.values()))
    return f"{pool} ({some.prompts:,} prompts, {some.models} models, best {some.best_model})"


def _markdown(title: str, columns: list[str], rows: Mapping[str, list[str]]) -> str:
    lines = [title, ""] if title else []
    lines += [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    return "\n".join([*lines, ""])


def _apgr(found: Estimate | float | None) -> str:
    if found is None:
        return ""
    if isinstance(found, float):
        return f"{found:.3f}"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _bought(found: CostQuality) -> str:
    shares = " / ".join("–" if math.isnan(share) else f"{share:.2f}" for share in found.cost_at)
    return f"{shares}; {found.gained:+.1%}"
