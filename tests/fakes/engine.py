"""An engine with a mind of its own: chooses by the bucket asked for, in configured order.

For tests of the plugin, which must hold whatever the engine decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from heimdall_litellm.config import Settings
from heimdall_litellm.core.types import (
    BUCKETS,
    NO_STANDING,
    CandidateScore,
    CatalogEntry,
    Decision,
    EffortSpec,
    Overrides,
    RequestFacts,
    Standing,
)
from heimdall_litellm.errors import NoCandidate
from tests.support import table

_NONE = Overrides()


class FakeEngine:
    """Like `Heimdall`, without a bundle: the first permitted candidate of the bucket asked for."""

    def __init__(self, settings: Settings, entries: Sequence[CatalogEntry], *_: object) -> None:
        self.settings = settings
        self.names = settings.names
        self.entries = tuple(entries)
        self.calls: list[dict[str, Any]] = []
        self.snapshot: Any = self._snapshot()

    def replace_entries(self, entries: Sequence[CatalogEntry]) -> None:
        self.entries = tuple(entries)

    def _snapshot(self) -> Any:
        """What there is of a real one: no fields, and a bundle that knows one model."""
        alone = SimpleNamespace(rows=[SimpleNamespace(entry=entry) for entry in self.entries[-1:]])
        known = SimpleNamespace(table=table({"known": (0.5, 0.5)}))
        return SimpleNamespace(
            entries={entry.name: entry for entry in self.entries},
            baselines=dict.fromkeys(self.names, alone),
            fields={},
            bundle=SimpleNamespace(
                id="fake", models=("known",), priors=None, knowledge=known, manifest_sha256="0" * 64
            ),
        )

    def candidate_names(self, name: str) -> tuple[str, ...]:
        lists = self.settings.router_of(name).candidates.values()
        return tuple(dict.fromkeys(model for listed in lists for model in listed or ()))

    def decide_facts(
        self,
        facts: RequestFacts,
        *,
        name: str = "heimdall",
        permitted: Collection[str] | None = None,
        overrides: Overrides = _NONE,
        latencies: Mapping[str, float] | None = None,
        standing: Standing = NO_STANDING,
        is_trial: bool = False,
        snapshot: object = None,
    ) -> Decision:
        self.calls.append(
            {
                "facts": facts,
                "name": name,
                "permitted": permitted,
                "overrides": overrides,
                "latencies": latencies,
                "standing": standing,
                "is_trial": is_trial,
            }
        )
        router = self.settings.router_of(name)
        bucket = overrides.bucket or "cheap"
        ordered = [m for b in (bucket, *BUCKETS) for m in router.candidates[b] or ()]
        chain = [m for m in dict.fromkeys(ordered) if permitted is None or m in permitted]
        if not chain:
            why = dict.fromkeys(ordered, "this key may not use it")
            raise NoCandidate(why, is_permission=True)
        chain = [m for m in chain if m not in standing.set_aside] or chain
        defaults = router.bucket_defaults.model_dump()[bucket]
        effort = EffortSpec(defaults["reasoning_effort"], defaults["thinking_budget"])
        score = CandidateScore(chain[0], bucket, None, True, None, 0.5, 0.001, 100.0, 0.0, 0.5)
        return Decision(
            model=chain[0],
            bucket=bucket,
            p_cheap=0.2,
            p_mid=0.3,
            p_hard=0.5,
            difficulty=0.6,
            cluster=0,
            alpha=router.alpha if overrides.alpha is None else overrides.alpha,
            effort=effort,
            candidates=(score,),
            fallbacks=tuple(chain[1 : 1 + router.max_fallbacks]),
            efforts=dict.fromkeys(chain, effort),
            rows={chain[0]: score},
            reasons=("the fake engine said so", *overrides.notes),
            features=np.zeros(1, dtype=np.float32),
            policy=name,
        )
