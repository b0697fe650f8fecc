"""The arrays of a bundle's `priors.npz` (`heimdall_litellm/bundle/priors.py` says what they are)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
from numpy.typing import NDArray

from training.price_class import curves, knots, list_prices, priced
from training.priors import Evidence
from training.tables import Tables


def prior_arrays(
    tables: Tables, published: Mapping[str, Evidence], kappa: float
) -> dict[str, NDArray[np.generic]]:
    """Lay out quality by kind, what stands behind it, and what to expect by price."""
    part = {name: values.astype(np.float64) for name, values in tables.arrays.items()}
    quality = (part["count"] * part["mean"] + kappa * part["prior"]) / (part["count"] + kappa)
    known = priced(tables.models, list_prices(tables.models))
    usd = knots(known)
    told = [published.get(model, Evidence(0, None)) for model in tables.models]
    return {
        "by_kind": tables.by_kind,
        "outcomes": tables.outcomes,
        "published": np.array([each.columns for each in told], np.int32),
        "latest": np.array([_number_of(each.latest) for each in told], np.int32),
        "usd": usd.astype(np.float32),
        "price_quality": curves(known, quality, usd).astype(np.float32),
        "price_by_kind": curves(known, tables.by_kind.astype(np.float64), usd).astype(np.float32),
    }


def _number_of(day: date | None) -> int:
    return day.year * 10_000 + day.month * 100 + day.day if day else 0
