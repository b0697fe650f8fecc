"""outcomes + priors + embedding -> bundle, in one run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

import heimdall_litellm
from heimdall_litellm.bundle.layout import (
    CARD,
    CLUSTERS,
    EMBEDDING,
    FILES,
    FORMAT_VERSION,
    GOLDEN,
    MODELS,
    NOTICE,
    PRIORS,
    TRIAGE,
    WORDS,
    Manifest,
)
from heimdall_litellm.bundle.scorer import TriageScorer
from heimdall_litellm.bundle.write import file_records, pack_arrays, write_bundle
from heimdall_litellm.catalog.identity import identify
from heimdall_litellm.core.decision import model_input
from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.core.features import schema_digest
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.triage import Tilt
from heimdall_litellm.core.types import BUCKETS
from heimdall_litellm.errors import ConfigError
from training.abilities import KAPPA, worth
from training.card import model_card, notice
from training.data import Example
from training.everyday import everyday, unscored
from training.fit_clusters import Clusters, fit_clusters
from training.kinds import KINDS
from training.labels import soft_labels, weights
from training.leakage import folds, group_duplicates
from training.price_class import price_map_version
from training.prices import fallback_price
from training.prior_table import prior_arrays
from training.priors import evidence, load_priors
from training.published import Published, fit_published
from training.tables import Tables, bundle_tables
from training.train_gbdt import (
    FOLDS,
    Prompts,
    Rows,
    TriageFit,
    cross_entropy,
    expected_calibration_error,
    fit_triage,
    predict,
)
from training.transfer import fit_tilt
from training.verbosity import expected_tokens
from training.word_weights import presence

Progress = Callable[[str], None]
Matrix = NDArray[np.float32]

CLUSTER_COUNT = 64
TEMPERATURE = 0.1
SOURCE_CAP = 1_500
GOLDEN_ROWS = 16
FEWEST = 10
"""Prompts with models to compare."""
EVERYDAY_LABELS = ((0.97, 0.02, 0.01), (0.78, 0.14, 0.08), (0.45, 0.25, 0.30))
"""What "cheap", "mid" and "hard" mean as probabilities: about what the easy, the middling and the hard
third of the measured prompts have."""
BUCKET_SHARES = (0.4, 0.2)
"""Shares of the training prompts that the bundle's thresholds send to cheap and to hard."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the models are fitted on: `features` (n, features), `vectors` (n, d), `tokens` (n, V)."""

    features: Matrix
    vectors: Matrix
    tokens: csr_matrix

    @property
    def joined(self) -> Matrix:
        """Both side by side, as the triage model takes them."""
        return np.hstack((self.features, self.vectors))

    def rows(self, at: NDArray[np.intp] | NDArray[np.bool_]) -> Inputs:
        """Keep those of some prompts."""
        return Inputs(self.features[at], self.vectors[at], self.tokens[at])


def canonical_with_effort(name: str) -> str:
    """Give the bundle's name for a model: canonical, with `@effort` where one is stated."""
    found = identify(name)
    return f"{found.canonical}@{found.effort}" if found.effort else found.canonical


def read_inputs(examples: Sequence[Example], embedding: StaticEmbedding) -> Inputs:
    """Read every prompt as core does."""
    read = [model_input(read_request({"messages": list(e.messages)}), embedding) for e in examples]
    tokens = presence([one.tokens for one in read], embedding.size)
    return Inputs(np.array([one.features for one in read]), np.array([one.embedding for one in read]), tokens)


def everyday_rows(embedding: StaticEmbedding, seed: int) -> Rows:
    """The everyday requests as training rows, together as heavy as one source; half in conversations.

    A chat seldom consists of one message, and a system prompt says nothing of how hard the ask is.
    """
    requests = everyday(seed)
    rows = []
    for i, request in enumerate(requests):
        messages: list[dict[str, object]] = [{"role": "user", "content": request.text}]
        if i % 2:
            messages.insert(0, {"role": "system", "content": "You are a helpful assistant."})
        read = model_input(read_request({"messages": messages}), embedding)
        rows.append(np.concatenate((read.features, read.embedding)))
    classes = np.array([request.label for request in requests], np.int64)
    share = np.bincount(classes, minlength=len(BUCKETS))
    each = SOURCE_CAP / len(BUCKETS) / share[classes]
    return Rows(np.array(rows), np.array(EVERYDAY_LABELS)[classes], each, np.zeros(len(rows)))


@dataclass(frozen=True, slots=True)
class Learnt:
    """A triage, its tilt, and the rows it was learnt from."""

    fitted: TriageFit
    tilt: Tilt
    rows: Rows

    @property
    def typical_difficulty(self) -> float:
        """Mean difficulty of the prompts, each by its weight."""
        difficulty = self.fitted.out_of_fold @ np.array([0.0, 0.5, 1.0])
        return float(np.average(difficulty, weights=self.rows.weights))

    def probabilities_of(self, inputs: Inputs) -> NDArray[np.float64]:
        """Calibrated (p_cheap, p_mid, p_hard) of other prompts, (n, 3)."""
        return predict(self.fitted, inputs.joined, inputs.tokens, tilts_of(self.tilt, inputs))


def tilts_of(tilt: Tilt, inputs: Inputs) -> NDArray[np.float64]:
    """The tilt of every prompt, (n,), as the core computes it."""
    return np.array([tilt.of_request(row) for row in inputs.features])


def learn_triage(
    examples: Sequence[Example],
    inputs: Inputs,
    seed: int,
    progress: Progress,
    more: Rows | None,
    cap: int = SOURCE_CAP,
) -> Learnt:
    """Label the prompts and fit tilt and triage; prompts whose tiers have no outcome are left out."""
    labels = soft_labels(examples)
    known = np.asarray(np.isfinite(labels).all(axis=1))
    if not known.any():
        raise ConfigError(
            "No source of the outcomes has prompts that two models answered: nothing to compare."
        )
    sources = np.array([e.source for e in examples])
    split = folds(group_duplicates([e.text for e in examples]), FOLDS, seed)[known]
    if len(split) < FEWEST or len(np.unique(split)) < FOLDS:
        raise ConfigError(
            f"Only {int(known.sum())} prompts of the outcomes have models to compare, too few to learn from: "
            "give some hundreds."
        )
    each = weights(sources.tolist(), cap)[known]
    inputs, labels, sources = inputs.rows(known), labels[known], sources[known]
    tilt = fit_tilt(inputs.features, labels @ np.array([0.0, 0.5, 1.0]), sources.tolist())
    rows = Rows(inputs.joined, labels, each, np.zeros(len(labels)))
    if more is not None:
        # They are short, which the tilt takes for easy; but how hard they are is stated.
        features = more.inputs[:, : inputs.features.shape[1]]
        more = replace(more, leans=np.array([tilt.of_request(row) for row in features]))
    numbers = np.unique(sources, return_inverse=True)[1].astype(np.int64)
    prompts = Prompts(rows, inputs.tokens, tilts_of(tilt, inputs), numbers)
    return Learnt(fit_triage(prompts, split, seed, progress, more), tilt, rows)


@dataclass(frozen=True, slots=True)
class Asked:
    """Prompts for the tables, everyday ones last: `vectors` (n, d), `weights` (n,), each source capped.

    `hardness` and usual `tokens` (n,) as in `everyday.Unscored`, 0 and NaN where there are outcomes.
    """

    examples: tuple[Example, ...]
    vectors: Matrix
    weights: NDArray[np.float64]
    hardness: NDArray[np.float64]
    tokens: NDArray[np.float64]


def with_unscored(
    examples: Sequence[Example],
    vectors: Matrix,
    embedding: StaticEmbedding,
    seed: int = 0,
    *,
    with_everyday: bool = True,
) -> Asked:
    """Put the everyday requests beside prompts with outcomes, whose `vectors` are (n, d)."""
    each = weights([e.source for e in examples], SOURCE_CAP)
    hardness, tokens = np.zeros(len(examples)), np.full(len(examples), np.nan)
    if not with_everyday:
        return Asked(tuple(examples), vectors, each, hardness, tokens)
    more = unscored(seed)
    return Asked(
        (*examples, *more.examples),
        np.vstack((vectors, read_inputs(more.examples, embedding).vectors)),
        np.concatenate((each, more.weights)),
        np.concatenate((hardness, more.hardness)),
        np.concatenate((tokens, more.tokens)),
    )


def cluster(asked: Asked, count: int = CLUSTER_COUNT, seed: int = 0) -> Clusters:
    """Fit the clusters."""
    return fit_clusters(asked.vectors, asked.examples, asked.weights, count, seed)


def models_of(examples: Sequence[Example]) -> list[str]:
    """Canonical names of all models with outcomes."""
    return sorted({canonical_with_effort(model) for example in examples for model in example.outcomes})


def learn_tables(asked: Asked, clusters: Clusters, published: Published) -> Tables:
    """Fit expected quality and tokens of every model with outcomes or published figures."""
    names = [[canonical_with_effort(model) for model in e.outcomes] for e in asked.examples]
    found = worth(asked.examples, clusters, names, published, asked.hardness, asked.weights)
    written = expected_tokens(asked.examples, clusters, names, found.models, asked.tokens)
    return bundle_tables(found, written, KAPPA)


def fit(
    examples: Sequence[Example],
    priors: Path,
    embedding: StaticEmbedding,
    out: Path,
    *,
    seed: int = 0,
    cluster_count: int = CLUSTER_COUNT,
    with_everyday: bool = True,
    inputs: Inputs | None = None,
    progress: Progress = print,
) -> Manifest:
    """Fit everything and write the bundle to `out`. The same arguments give the same trees and tables.

    `with_everyday` lets triage and tables also learn from the requests of `everyday.py`. `inputs` are those
    of `read_inputs`, for callers that have them already.
    """
    if inputs is None:
        progress(f"reading {len(examples)} prompts")
        inputs = read_inputs(examples, embedding)
    more = everyday_rows(embedding, seed) if with_everyday else None
    triage = learn_triage(examples, inputs, seed, progress, more)
    figures = load_priors(priors, canonical_with_effort)
    published = fit_published(figures, models_of(examples))
    asked = with_unscored(examples, inputs.vectors, embedding, seed, with_everyday=with_everyday)
    clusters = cluster(asked, cluster_count, seed)
    progress(f"clusters: {len(clusters.centroids)}")
    tables = learn_tables(asked, clusters, published)
    progress(f"models: {len(published.models)} with published figures, {len(tables.models)} in all")
    measured = _measure(triage)
    golden = _golden(inputs.joined, triage.fitted)
    contents = {
        TRIAGE: triage.fitted.model,
        WORDS: pack_arrays(triage.fitted.words.to_arrays()),
        EMBEDDING: pack_arrays(embedding.to_arrays()),
        CLUSTERS: pack_arrays({**tables.arrays, "centroids": clusters.centroids, "share": clusters.share}),
        PRIORS: pack_arrays(prior_arrays(tables, evidence(figures), KAPPA)),
        MODELS: models_file(tables.models),
        GOLDEN: pack_arrays(golden),
        NOTICE: notice().encode(),
    }
    trained_on = _count_sources(examples)
    contents[CARD] = model_card(trained_on, measured, len(tables.models), len(more or ())).encode()
    contents = {name: contents[name] for name in FILES}
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        id=bundle_id(contents),
        created=datetime.now(UTC).replace(microsecond=0),
        feature_schema=schema_digest(),
        clusters=len(clusters.centroids),
        dimensions=embedding.dim,
        models=len(tables.models),
        kinds=KINDS,
        calibration_scale=triage.fitted.calibration.scale,
        calibration_shift=triage.fitted.calibration.shift,
        tilt=triage.tilt.named(),
        thresholds=fit_thresholds(triage.fitted.out_of_fold, triage.rows.weights),
        typical_difficulty=max(round(triage.typical_difficulty, 4), 1e-3),  # 0 where models never differ
        temperature=TEMPERATURE,
        kappa=KAPPA,
        trained_on=trained_on,
        training={
            "seed": seed,
            "heimdall": heimdall_litellm.__version__,
            "lightgbm": lightgbm.__version__,
            "numpy": np.__version__,
            "source_cap": SOURCE_CAP,
            "everyday_requests": len(more or ()),
            "price_map": price_map_version(),
            "priors_sha256": hashlib.sha256(priors.read_bytes()).hexdigest(),
            "outcomes_sha256": digest_examples(examples),
        },
        measured=measured,
        files=file_records(contents),
    )
    write_bundle(out, manifest, contents)
    progress(f"written to {out}")
    return manifest


def models_file(models: Sequence[str]) -> bytes:
    """Lay out `models.json`."""
    prices = {name: price for name in models if (price := fallback_price(name)) is not None}
    return (json.dumps({"names": models, "prices": prices}, indent=0) + "\n").encode()


def fit_thresholds(p: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Thresholds for cheap and hard that put `BUCKET_SHARES` of the prompts there; p is (n, 3)."""

    def above(column: int, share: float) -> float:
        order = np.argsort(-p[:, column], kind="stable")
        reached = np.searchsorted(np.cumsum(weights[order]), share * weights.sum())
        return round(float(p[order[min(int(reached), len(order) - 1)], column]), 3)

    return above(0, BUCKET_SHARES[0]), above(2, BUCKET_SHARES[1])


def _measure(triage: Learnt) -> dict[str, float]:
    p, labels, each = triage.fitted.out_of_fold, triage.rows.labels, triage.rows.weights
    base = (each[:, None] * labels).sum(axis=0) / each.sum()
    return {
        "out_of_fold_cross_entropy": round(cross_entropy(p, labels, each), 4),
        "cross_entropy_of_class_shares": round(cross_entropy(np.tile(base, (len(p), 1)), labels, each), 4),
        "out_of_fold_calibration_error": round(expected_calibration_error(p, labels, each), 4),
        "mean_p_cheap": round(float(base[0]), 4),
        "mean_p_mid": round(float(base[1]), 4),
        "mean_p_hard": round(float(base[2]), 4),
    }


def _golden(inputs: Matrix, triage: TriageFit) -> dict[str, Matrix]:
    rows = inputs[np.linspace(0, len(inputs) - 1, min(GOLDEN_ROWS, len(inputs))).astype(int)]
    scorer = TriageScorer(triage.model, inputs.shape[1])
    return {"inputs": rows.astype(np.float32), "raw": np.array([scorer(row) for row in rows], np.float32)}


def _count_sources(examples: Sequence[Example]) -> dict[str, int]:
    names, counts = np.unique([e.source for e in examples], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def digest_examples(examples: Sequence[Example]) -> str:
    """Identify a set of outcomes."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(f"{example.id}\n{sorted(example.outcomes)}\n".encode("utf-8", "replace"))
    return digest.hexdigest()


def bundle_id(contents: dict[str, bytes]) -> str:
    """A name that changes with the content: the same training gives the same id."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(hashlib.sha256(contents[name]).digest())
    return f"bundle-{digest.hexdigest()[:12]}"
