"""Lines of models: which follows which, which is the larger sister, and what a name says of age, size, price.

Names are taken apart by `catalog/families.py`; nothing here knows a particular model.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.catalog.families import kin_of
from training.price_class import list_prices
from training.prices import fallback_price

_TIERS: Final = (
    ("haiku", "sonnet", "opus"),
    ("flash", "pro"),
    ("flash", "plus", "max"),
    ("micro", "lite", "pro", "premier"),
    ("small", "medium", "large"),
    ("nano", "mini"),
)
_LESSER: Final = frozenset({"nano", "mini", "lite", "air", "fast", "tiny"})
"""A name with one of these is the smaller sister of the name without."""
_SIZE: Final = re.compile(r"(?:(?P<times>\d+)x)?(?P<number>\d+(?:\.\d+)?)b")


def pairs_of(names: Collection[str]) -> list[tuple[str, str]]:
    """Pairs (worse, better) among bundle names: older and newer of a line, smaller and larger of a version.

    Both of a pair have the same effort in their names, or both have none. Only neighbours are paired.
    """
    by_effort: dict[str, dict[tuple[str, ...], dict[tuple[float, int], str]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for name in sorted(names):
        base, _, effort = name.partition("@")
        kin = kin_of(base)
        if kin is not None:
            by_effort[effort][kin.family][kin.version] = name
    found = []
    for lines in by_effort.values():
        for family, line in lines.items():
            found += [(line[one], line[other]) for one, other in pairwise(sorted(line))]
            for larger in _larger(family, lines):
                found += [(line[v], lines[larger][v]) for v in sorted(line.keys() & lines[larger].keys())]
    return found


def _larger(family: tuple[str, ...], lines: Mapping[tuple[str, ...], object]) -> Iterator[tuple[str, ...]]:
    """Families of the next larger sisters that are among `lines`."""
    for at, word in enumerate(family):
        before, after = family[:at], family[at + 1 :]
        for tiers in _TIERS:
            if word in tiers:
                higher = [(*before, up, *after) for up in tiers[tiers.index(word) + 1 :]]
                yield from [one for one in higher if one in lines][:1]
        if word in _LESSER and (*before, *after) in lines:
            yield (*before, *after)
        if _SIZE.fullmatch(word):
            sizes = {
                _billions(other[at]): other
                for other in lines
                if len(other) == len(family)
                and other[:at] == before
                and other[at + 1 :] == after
                and _SIZE.fullmatch(other[at])
            }
            larger = sorted(size for size in sizes if size > _billions(word))
            yield from [sizes[size] for size in larger[:1]]


def _billions(word: str) -> float:
    found = _SIZE.fullmatch(word)
    return float(found["number"]) * float(found["times"] or 1) if found else float("nan")


def traits(bases: Sequence[str], year: Mapping[str, float]) -> NDArray[np.float64]:
    """What is known of models before any figure is read, (bases, 7).

    A constant; then of the year in which each was first written of, of the logarithm of its size in billions
    and of that of its price of output: whether it is known, and by how much it departs from the mean.
    """
    prices = list_prices(bases)
    for base in bases:
        if base not in prices and (fallback := fallback_price(base)):
            prices[base] = fallback[1]
    sizes = {
        base: max((_billions(w) for w in base.split("-") if _SIZE.fullmatch(w)), default=0.0)
        for base in bases
    }
    columns = [np.ones(len(bases))]
    for known in (
        year,
        {base: np.log(size) for base, size in sizes.items() if size > 0},
        {base: np.log(usd) for base, usd in prices.items()},
    ):
        value = np.array([known.get(base, np.nan) for base in bases])
        is_known = np.isfinite(value)
        mean = value[is_known].mean() if is_known.any() else 0.0
        columns += [is_known.astype(float), np.where(is_known, value - mean, 0.0)]
    return np.stack(columns, axis=1)
