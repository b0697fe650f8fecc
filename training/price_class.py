"""What to expect of a model by its price alone.

Over the models that are still sold, x the logarithm of the price of output, y the quality in a cluster (or
a kind of task): the `QUANTILE` of y, weighted by a Gaussian of width `WIDTH` about x, at a few prices; then
made never to fall as the price rises (pool adjacent violators). A quantile and not a mean, so that one odd
model moves little; a lower one, because what nobody has measured should have to win by more. Efforts of one
model share the weight of one.

Only models with a price in LiteLLM's map count: a stranger in a user's configuration is one that is sold
today, and the many small models of 2023 that nobody hosts any more would make every cheap one look bad. The
prices run from where a tenth of the models is cheaper to where a tenth is dearer; beyond them the curve is
flat.

How `QUANTILE` was chosen, and what this is worth: `strangers.py`, docs/quality.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.catalog import canonical, load_price_map
from heimdall_litellm.catalog.entries import entries_from_names
from heimdall_litellm.errors import CatalogError

Floats = NDArray[np.float64]

QUANTILE = 0.3
WIDTH = 0.5
"""In logarithms: about a factor of 1.6."""
PRICES = 9
FEWEST = 30
"""Models with a price, below which nothing is said."""
_EDGES = (0.1, 0.9)


@dataclass(frozen=True, slots=True)
class Priced:
    """Rows of a table that have a price: `rows` (n,), `usd` (n,) per million output tokens, `weight` (n,)."""

    rows: NDArray[np.intp]
    usd: Floats
    weight: Floats

    def without(self, hidden: NDArray[np.bool_]) -> Priced:
        """Leave out rows of the table, which `hidden` (rows,) marks."""
        kept = ~hidden[self.rows]
        return Priced(self.rows[kept], self.usd[kept], self.weight[kept])


def list_prices(models: Sequence[str]) -> dict[str, float]:
    """USD per million output tokens of those bundle names that LiteLLM's price map has a price for.

    None where LiteLLM isn't installed.
    """
    try:
        price_map = load_price_map()
    except CatalogError:
        return {}
    entries = entries_from_names([model.partition("@")[0] for model in models], price_map)
    return {
        model: entry.output_usd_per_mtok
        for model, entry in zip(models, entries, strict=True)
        if entry.output_usd_per_mtok
    }


def price_map_version() -> str:
    """Name the price map that `list_prices` reads: prices change with LiteLLM's version."""
    try:
        return f"litellm {version('litellm')}"
    except PackageNotFoundError:
        return "none"


def priced(models: Sequence[str], prices: Mapping[str, float]) -> Priced:
    """Find the rows of a table that have a price; names of one model weigh 1 together."""
    rows = [i for i, model in enumerate(models) if model in prices]
    names = Counter(canonical(models[i]) for i in rows)
    return Priced(
        np.array(rows, np.intp),
        np.array([prices[models[i]] for i in rows]),
        np.array([1 / names[canonical(models[i])] for i in rows]),
    )


def knots(known: Priced) -> Floats:
    """The prices at which the curve is fitted, rising; none where too few models have one."""
    if known.weight.sum() < FEWEST:
        return np.zeros(0)
    low, high = _quantiles(np.log(known.usd)[:, None], known.weight[:, None], _EDGES)[:, 0]
    return np.unique(np.exp(np.linspace(low, high, PRICES)).astype(np.float32)).astype(np.float64)


def curves(known: Priced, quality: Floats, at: Floats, quantile: float = QUANTILE) -> Floats:
    """Quality to expect at prices `at`, (prices, columns), from that of a table's models, (rows, columns)."""
    if not len(at):
        return np.zeros((0, quality.shape[1]))
    distance = (np.log(known.usd)[:, None] - np.log(at)[None, :]) / WIDTH
    weight = np.exp(-0.5 * distance**2) * known.weight[:, None]
    values = quality[known.rows]
    found = np.array([_quantiles(values, w[:, None], (quantile,))[0] for w in weight.T])
    return np.array([rising(column, weight.sum(axis=0)) for column in found.T]).T


def _quantiles(values: Floats, weight: Floats, at: Sequence[float]) -> Floats:
    """Weighted quantiles of each column, (len(at), columns); `weight` (n, 1)."""
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    each = np.broadcast_to(weight, values.shape)
    each = np.take_along_axis(each, order, axis=0)
    middle = (np.cumsum(each, axis=0) - each / 2) / each.sum(axis=0)
    return np.array([[np.interp(q, middle[:, j], ordered[:, j]) for j in range(values.shape[1])] for q in at])


def rising(values: Floats, weight: Floats) -> Floats:
    """The nearest sequence that never falls, by weighted squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, w in zip(values.tolist(), weight.tolist(), strict=True):
        pools.append((value, w, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (b, wb, nb), (a, wa, na) = pools.pop(), pools.pop()
            pools.append(((a * wa + b * wb) / (wa + wb), wa + wb, na + nb))
    return np.repeat([value for value, _, _ in pools], [n for _, _, n in pools])
