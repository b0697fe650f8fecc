"""A summary as one HTML page that needs nothing else: no script, no font, no other host.

Everything that isn't ours, such as names of models, is escaped by the template engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from heimdall_litellm.core.visible import visible
from heimdall_litellm.journal.record import now
from heimdall_litellm.report import words
from heimdall_litellm.report.figures import Estimate, Slot, Summary

_COLOURS: Final = 6
"""How many models have a colour of their own; the others share a grey one."""
_OTHERS: Final = "others"
_HEIGHT: Final = 100.0
_GAP: Final = 0.16
"""Between columns, as a share of their width."""


class Rect(NamedTuple):
    """A part of a column, in a chart of one unit per column and `_HEIGHT` in height; `kind` is a class."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Column:
    """One slot of a chart: what it says when pointed at, and its parts."""

    title: str
    parts: tuple[Rect, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns from 0 to `top`, and what stands below them: first, middle and last time."""

    columns: tuple[Column, ...]
    top: str
    times: tuple[str, ...]
    legend: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Range:
    """An interval on a scale from 0 to 100: where it begins, how wide it is, where the value and zero are."""

    left: float
    width: float
    at: float
    zero: float


def to_html(summary: Summary) -> str:
    """Return the page."""
    return visible(
        _template().render(
            s=summary,
            made=now(),
            spending=_spending(summary),
            mix=_mix(summary),
            ranges=_ranges(summary),
            others=_others(summary),
        )
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    env = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters |= {
        "money": words.money,
        "percent": words.percent,
        "seconds": words.seconds,
        "micros": words.microseconds,
        "count": words.count,
        "many": words.many,
        "score": words.score,
        "between": _between,
    }
    env.globals |= {"causes": words.CAUSES, "flows": words.FLOWS}
    return env.from_string((files("heimdall_litellm.report") / "page.html.j2").read_text(encoding="utf-8"))


_WRITERS: Final = {"money": words.money, "percent": words.percent, "score": words.score}


def _between(found: Estimate | None, writer: str) -> str:
    return "" if found is None else words.between(found, _WRITERS[writer])


def _others(summary: Summary) -> list[str]:
    counts = summary.requests
    names = {"cached": "from LiteLLM's cache", "left": "left by the client", "unknown": "not heard of"}
    return [
        f"{words.count(number)} {names.get(name, name)}"
        for name in ("cached", "failed", "refused", "left", "unknown")
        if (number := getattr(counts, name))
    ]


def _times(timeline: Sequence[Slot], summary: Summary) -> tuple[str, ...]:
    if not timeline:
        return ()
    is_short = (summary.until - summary.since).total_seconds() < 2 * 86_400
    form = "%d %b %H:%M" if is_short else "%d %b"
    middle = summary.since + (summary.until - summary.since) / 2
    return tuple(f"{at:{form}}" for at in (summary.since, middle, summary.until))


def _spending(summary: Summary) -> Chart | None:
    """Draw what was paid, before what the baseline would have cost."""
    timeline = summary.timeline
    top = max((max(slot.spend_usd, slot.baseline_usd) for slot in timeline), default=0.0)
    if top <= 0:
        return None
    columns = []
    for at, slot in enumerate(timeline):
        behind = slot.baseline_usd / top * _HEIGHT
        before = slot.spend_usd / top * _HEIGHT
        said = f"{slot.at:%d %b %H:%M}: {words.money(slot.spend_usd)} spent"
        if slot.baseline_usd > 0:
            said += f", of which {words.money(slot.paid_usd)} instead of {words.money(slot.baseline_usd)}"
        columns.append(Column(said, (_rect(at, 0.0, behind, "baseline"), _rect(at, 0.0, before, "paid"))))
    legend = (("paid", "spent"), ("baseline", "what the baseline would have cost"))
    return Chart(tuple(columns), words.money(top), _times(timeline, summary), legend)


def _mix(summary: Summary) -> Chart | None:
    """Draw the requests, stacked by model."""
    timeline = summary.timeline
    top = max((slot.requests for slot in timeline), default=0)
    if not top:
        return None
    names = [line.model for line in summary.models]
    kinds = {name: f"m{at}" if at < _COLOURS else "mx" for at, name in enumerate(names)}
    columns = []
    for at, slot in enumerate(timeline):
        parts, floor = [], 0.0
        for kind, requests in _stacked(slot.models, names, kinds):
            height = requests / top * _HEIGHT
            parts.append(_rect(at, floor, height, kind))
            floor += height
        columns.append(Column(f"{slot.at:%d %b %H:%M}: {words.count(slot.requests)} requests", tuple(parts)))
    legend = [(kinds[name], name) for name in names[:_COLOURS]]
    if len(names) > _COLOURS:
        legend.append(("mx", f"{len(names) - _COLOURS} {_OTHERS}"))
    return Chart(tuple(columns), words.count(top), _times(timeline, summary), tuple(legend))


def _stacked(
    models: Mapping[str, int], names: Sequence[str], kinds: Mapping[str, str]
) -> Iterator[tuple[str, int]]:
    by_kind = Counter[str]()
    for name in names:
        by_kind[kinds[name]] += models.get(name, 0)
    return ((kind, requests) for kind, requests in by_kind.items() if requests)


def _rect(at: int, floor: float, height: float, kind: str) -> Rect:
    return Rect(
        round(at + _GAP / 2, 3),
        round(_HEIGHT - floor - height, 3),
        round(1 - _GAP, 3),
        round(height, 3),
        kind,
    )


def _ranges(summary: Summary) -> dict[str, Range]:
    """Put the two savings, as shares, on one scale: −100 % to 100 %, or from 0 where none is negative."""
    found = {
        "reckoned": summary.saving.saved_share if summary.saving is not None else None,
        "measured": summary.measured.saved_share if summary.measured is not None else None,
    }
    known = {name: each for name, each in found.items() if each is not None}
    lows = [each.interval.low if each.interval is not None else each.value for each in known.values()]
    floor = 0.0 if min(lows, default=0.0) >= 0 else -1.0
    return {name: _range(each, floor) for name, each in known.items()}


def _range(found: Estimate, floor: float) -> Range:
    def place(share: float) -> float:
        return round((min(1.0, max(floor, share)) - floor) / (1.0 - floor) * 100, 2)

    low = found.interval.low if found.interval is not None else found.value
    high = found.interval.high if found.interval is not None else found.value
    return Range(place(low), max(0.4, round(place(high) - place(low), 2)), place(found.value), place(0.0))
