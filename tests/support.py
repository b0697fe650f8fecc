"""Small worlds for tests of the core: made of the real types, nothing is mocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from heimdall_litellm.core.candidates import CandidateSet, build_candidates
from heimdall_litellm.core.decision import Knowledge
from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.core.quality import QualityTable
from heimdall_litellm.core.triage import Calibration
from heimdall_litellm.core.types import (
    BUCKETS,
    Bucket,
    CatalogEntry,
    EffortSpec,
    FloatArray,
    Penalties,
    Policy,
)
from heimdall_litellm.core.wordscore import WordScore

EFFORTS: Mapping[Bucket, EffortSpec] = {
    "cheap": EffortSpec("low", 1_024),
    "mid": EffortSpec("medium", 6_000),
    "hard": EffortSpec("high", 20_000),
}


def entry(
    name: str, input_usd: float | None = 1.0, output_usd: float | None = 4.0, **rest: object
) -> CatalogEntry:
    """A capable model with a wide window, unless the test says otherwise."""
    values: dict[str, object] = {
        "upstream": name,
        "provider": "test",
        "max_input_tokens": 100_000,
        "has_vision": True,
        "has_audio": True,
        "has_files": True,
        **rest,
    }
    return CatalogEntry(name=name, input_usd_per_mtok=input_usd, output_usd_per_mtok=output_usd, **values)  # type: ignore[arg-type]


def policy(candidates: Mapping[Bucket, tuple[str, ...]], **rest: object) -> Policy:
    """The default settings over the given candidate lists."""
    values: dict[str, object] = {
        "name": "heimdall",
        "alpha": 0.6,
        "cheap_threshold": 0.62,
        "hard_threshold": 0.58,
        "top_p": 2,
        "penalties": Penalties(),
        "efforts": EFFORTS,
        "router_policy": "bucket",
        **rest,
    }
    return Policy(candidates=candidates, **values)  # type: ignore[arg-type]


def table(quality: Mapping[str, Sequence[float]], tokens: float = 100.0) -> QualityTable:
    """Prior qualities by cluster; nothing observed yet."""
    prior = np.array(list(quality.values()), np.float32)
    clusters = prior.shape[1]
    return QualityTable(
        models=tuple(quality),
        mean=np.zeros_like(prior),
        count=np.zeros_like(prior),
        prior=prior,
        tokens=np.full_like(prior, tokens),
        share=np.full(clusters, 1 / clusters, np.float32),
        kappa=10.0,
    )


def same_name(candidate: CatalogEntry, spec: EffortSpec) -> str | None:
    """Match by name; strangers are called 'stranger…'."""
    return None if candidate.name.startswith("stranger") else candidate.name


def field(entries: Sequence[CatalogEntry], quality: QualityTable, rules: Policy) -> CandidateSet:
    """Join entries, table and policy as the engine does."""
    return build_candidates(rules, {e.name: e for e in entries}, quality, same_name)


def embedding() -> StaticEmbedding:
    """Two words with a direction of their own, and one bucket."""
    rows = np.array([[100, 0], [0, 100], [50, 50]], np.int8)
    return StaticEmbedding([b"code", b"poem"], rows, np.ones(3, np.float32))


def knowledge(quality: QualityTable, raw: Sequence[float] = (0.0, 0.0, 0.0)) -> Knowledge:
    """A bundle of two clusters whose triage always says `raw`."""

    def model(vector: FloatArray) -> FloatArray:
        return np.array(raw, np.float32)

    return Knowledge(
        embedding=embedding(),
        triage_model=model,
        words=WordScore.silent(3),
        calibration=Calibration(),
        centroids=np.eye(2, dtype=np.float32),
        temperature=0.1,
        table=quality,
    )


RAW: Mapping[Bucket, tuple[float, float, float]] = {
    bucket: tuple(5.0 if b == bucket else 0.0 for b in BUCKETS)  # type: ignore[misc]
    for bucket in BUCKETS
}
"""Raw scores that put a request clearly into each bucket."""

QUIET: Mapping[str, object] = {
    "catalog": {"sources": [], "refresh_seconds": 0},
    "journal": {"enabled": False},
}
"""Settings of a catalog that asks nobody and of no journal, neither with a thread."""
