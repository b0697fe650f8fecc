"""Which prompts and models one would have chosen between, and what Heimdall chooses there.

A pool is a source, or several as mixed traffic, whose prompts the same models answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from typing import Final

import numpy as np

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.bundle_entries import bundle_entries
from heimdall_litellm.catalog import match
from heimdall_litellm.config import Settings
from heimdall_litellm.core.failover import rank
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.scoring import alpha_scores
from heimdall_litellm.core.types import CatalogEntry, Decision, RouterPolicy
from heimdall_litellm.engine import Heimdall
from training.cost_quality import Choices, Pool, make_pool
from training.data import Example
from training.fit import canonical_with_effort

_ZEROEVAL = ("zeroeval_crux", "zeroeval_gsm", "zeroeval_mathl5", "zeroeval_mmluredux")
MIXED: Final[dict[str, tuple[str, ...]]] = {
    "zeropool": _ZEROEVAL,
    "zeropool + zebragrid": (*_ZEROEVAL, "zeroeval_zebragrid"),
}
"""Sources that most of the same models were tried on, as mixed traffic."""
FEWEST_PROMPTS = 20

ALPHAS: Final[tuple[float, ...]] = (
    0.0,
    *(round(1 / (1 + exp(-at / 4)), 6) for at in range(-34, 35)),
    1.0,
)
"""Settings of the dial, even on the scale of its log-odds: what a dollar weighs against quality. Coarser or
narrower steps leave out whole models: the cheapest costs a hundredth of the dearest."""


def canonical_names(examples: Sequence[Example]) -> list[list[str]]:
    """The bundle's names of each example's models, in the order of its outcomes."""
    models = {model for example in examples for model in example.outcomes}
    canonical = {model: canonical_with_effort(model) for model in models}
    return [[canonical[model] for model in example.outcomes] for example in examples]


def priced_entries(bundle: Bundle, names: Sequence[Sequence[str]]) -> dict[str, CatalogEntry]:
    """Catalog entries of the models among `names` that the bundle knows, by name."""
    known = [name for name in sorted({n for row in names for n in row}) if match(name, bundle.models)]
    return {entry.name: entry for entry in bundle_entries(bundle, known)}


def prices_of(entries: Mapping[str, CatalogEntry]) -> dict[str, tuple[float, float]]:
    """USD per million tokens of input and output, where both are known."""
    return {
        name: (entry.input_usd_per_mtok, entry.output_usd_per_mtok)
        for name, entry in entries.items()
        if entry.input_usd_per_mtok is not None and entry.output_usd_per_mtok is not None
    }


def pool_sources(examples: Sequence[Example]) -> dict[str, tuple[str, ...]]:
    """Names and sources of the pools worth trying: the mixed ones, and each source of the examples."""
    present = {example.source for example in examples}
    mixed = {name: sources for name, sources in MIXED.items() if present.issuperset(sources)}
    return {**mixed, **{source: (source,) for source in sorted(present)}}


def make_pools(
    examples: Sequence[Example],
    names: Sequence[Sequence[str]],
    prices: Mapping[str, tuple[float, float]],
    *,
    with_thinking: bool = True,
) -> list[Pool]:
    """All pools of at least `FEWEST_PROMPTS` prompts; arguments as for `cost_quality.make_pool`."""
    found = (
        make_pool(name, sources, examples, names, prices, with_thinking=with_thinking)
        for name, sources in pool_sources(examples).items()
    )
    return [pool for pool in found if pool is not None and len(pool.rows) >= FEWEST_PROMPTS]


def heimdall_choices(
    bundle: Bundle,
    entries: Mapping[str, CatalogEntry],
    pool: Pool,
    examples: Sequence[Example],
    policy: RouterPolicy | None = None,
    alphas: Sequence[float] = ALPHAS,
) -> Choices:
    """What the engine chooses at each of `alphas`, as indices into the pool's models, (alphas, n).

    `policy` None is that of the default settings.
    """
    settings = Settings.model_validate({"router": {} if policy is None else {"policy": policy}})
    engine = Heimdall(settings.without_cache(), [entries[model] for model in pool.models], bundle)
    at = {model: j for j, model in enumerate(pool.models)}
    chosen = np.empty((len(alphas), len(pool.rows)), np.intp)
    for column, i in enumerate(pool.rows.tolist()):
        decision = engine.decide_facts(read_request({"messages": list(examples[i].messages)}))
        chosen[:, column] = [at[model] for model in chosen_at(decision, alphas)]
    return chosen


def chosen_at(decision: Decision, alphas: Sequence[float]) -> list[str]:
    """The models that the same decision would have chosen at other alphas.

    Only the score depends on alpha, and it is linear in it, so nothing else is done again.
    """
    within_bucket = decision.router_policy == "bucket"
    rows = decision.candidates
    cheapest, best = (
        alpha_scores(
            end,
            [row.quality for row in rows],
            [row.cost_usd for row in rows],
            [row.penalties for row in rows],
            [row.eligible for row in rows],
            [row.bucket if within_bucket else None for row in rows],
        )
        for end in (0.0, 1.0)
    )
    competing = [
        i
        for i, row in enumerate(rows)
        if row.eligible and (not within_bucket or row.bucket == decision.bucket)
    ]
    ends = np.array([[cheapest[i], best[i]] for i in competing])
    dial = np.asarray(alphas)
    scores = np.outer(1 - dial, ends[:, 0]) + np.outer(dial, ends[:, 1])
    found = []
    for each in scores:
        tied = [rows[competing[j]]._replace(score=0.0) for j in np.flatnonzero(each == each.max())]
        found.append(rank(tied, decision.bucket, within_bucket=within_bucket)[0].model)
    return found
