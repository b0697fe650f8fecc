"""The candidates of one virtual name, joined with what the bundle knows of them.

Built once per snapshot, so that a decision only multiplies small arrays. A model that stands in
two buckets is two rows: it thinks harder in one than in the other, and its quality and cost
differ with that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from heimdall_litellm.core.quality import QualityTable
from heimdall_litellm.core.strangers import Expectations
from heimdall_litellm.core.types import BUCKETS, Basis, Bucket, CatalogEntry, EffortSpec, FloatArray, Policy
from heimdall_litellm.errors import ConfigError

Matcher = Callable[[CatalogEntry, EffortSpec], str | None]
"""Finds the bundle's name for a catalog entry at an effort, or for a relative of it; None if it has none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate in one bucket. `known_as` is the bundle's name for it, None for a stranger.

    `kin` is the bundle's name for the relative that stands for a stranger, if there is one; `basis` is
    how the quality is known.
    """

    entry: CatalogEntry
    bucket: Bucket
    effort: EffortSpec
    known_as: str | None
    kin: str | None = None
    basis: Basis = "unknown"


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """All rows of a virtual name; the arrays are parallel to `rows`.

    `quality` and `tokens` are (rows, clusters), the typical ones (rows,) their means over the clusters as
    they counted in training; prices are USD per token, by row.
    """

    policy: Policy
    rows: tuple[Row, ...]
    quality: FloatArray
    tokens: FloatArray
    typical_quality: FloatArray
    typical_tokens: FloatArray
    input_usd: tuple[float, ...]
    output_usd: tuple[float, ...]


def build_candidates(
    policy: Policy,
    entries: Mapping[str, CatalogEntry],
    table: QualityTable,
    match: Matcher,
    kin: Matcher | None = None,
) -> CandidateSet:
    """Join a policy's candidate lists with the catalog and the bundle.

    `match` finds the model itself, and `kin`, where it doesn't, a relative. Raises ConfigError where a
    bucket names a model that is not in `entries`, where there is no candidate at all, or where a price or a
    quality is not a usable number.
    """
    expectations = Expectations.of_table(table)
    rows, expected = [], []
    for bucket in BUCKETS:
        for entry, spec in _bucket_entries(policy, bucket, entries):
            stated = entry.quality_override
            if stated is not None and not 0.0 <= stated <= 1.0:
                raise ConfigError(f"model_info.heimdall.quality of '{entry.name}' must lie in 0..1.")
            known_as = match(entry, spec)
            relative = kin(entry, spec) if kin is not None and known_as is None else None
            found = expectations.of(entry, known_as, relative, spec.reasoning_effort)
            rows.append(Row(entry, bucket, spec, known_as, relative, found.basis))
            expected.append(found)
    if not rows:
        raise ConfigError(f"'{policy.name}' has no candidate: name at least one model in a bucket.")
    input_usd, output_usd = _prices([row.entry for row in rows])
    quality = np.array([each.quality for each in expected], np.float32)
    tokens = np.array([each.tokens for each in expected], np.float32)
    return CandidateSet(
        policy,
        tuple(rows),
        quality,
        tokens,
        quality @ table.share,
        tokens @ table.share,
        input_usd,
        output_usd,
    )


def _bucket_entries(
    policy: Policy, bucket: Bucket, entries: Mapping[str, CatalogEntry]
) -> Sequence[tuple[CatalogEntry, EffortSpec]]:
    spec = policy.efforts.get(bucket, EffortSpec())
    found = []
    for name in policy.candidates.get(bucket, ()):
        if name not in entries:
            raise ConfigError(
                f"'{policy.name}': {bucket}_candidates names '{name}', which is not a model_name of the "
                f"model_list. It has: {', '.join(sorted(entries)) or 'none'}."
            )
        entry = entries[name]
        found.append((entry, spec if entry.is_reasoning else EffortSpec()))
    return found


def _prices(entries: Sequence[CatalogEntry]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Prices per token; an unknown one counts as the dearest known, so that it is never a bargain."""

    def column(pick: Callable[[CatalogEntry], float | None]) -> tuple[float, ...]:
        for entry in entries:
            price = pick(entry)
            if price is not None and not (isfinite(price) and price >= 0):
                raise ConfigError(f"The price of '{entry.name}' must be a number of dollars, 0 or more.")
        known = [price for price in map(pick, entries) if price is not None]
        dearest = max(known, default=0.0)
        priced = (pick(entry) for entry in entries)
        return tuple((dearest if price is None else price) / 1e6 for price in priced)

    return column(lambda e: e.input_usd_per_mtok), column(lambda e: e.output_usd_per_mtok)
