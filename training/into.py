"""Fit the tables of a bundle anew, and leave everything else as it is.

LightGBM's trees differ in their last bits from one kind of processor to the next; tables of quality don't.
So for what only the tables hold a bundle need not be fitted anew, and no figure of its triage becomes void.
The outcomes and published figures must be those that the bundle was made from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.bundle.layout import (
    CARD,
    CLUSTERS,
    FILES,
    FORMAT_VERSION,
    MODELS,
    NOTICE,
    PRIORS,
    Manifest,
)
from heimdall_litellm.bundle.verify import read_verified
from heimdall_litellm.bundle.write import file_records, pack_arrays, write_bundle
from heimdall_litellm.errors import ConfigError
from training.card import model_card, notice
from training.data import Example
from training.fit import (
    bundle_id,
    canonical_with_effort,
    digest_examples,
    learn_tables,
    models_file,
    models_of,
    read_inputs,
    with_unscored,
)
from training.fit_clusters import assign
from training.kinds import KINDS
from training.price_class import price_map_version
from training.prior_table import prior_arrays
from training.priors import evidence, load_priors
from training.published import fit_published


def renew_tables(
    path: Path, examples: Sequence[Example], priors: Path, progress: Callable[[str], None] = print
) -> Manifest:
    """Write tables by cluster and by kind into a bundle; the same arguments give the same bytes.

    Raises BundleError, or ConfigError where outcomes or published figures are others than it was made from.
    """
    bundle = load_bundle(path)
    files = read_verified(path)
    old = bundle.manifest
    made_from = {
        "outcomes_sha256": digest_examples(examples),
        "priors_sha256": hashlib.sha256(priors.read_bytes()).hexdigest(),
    }
    for name, digest in made_from.items():
        if old.training.get(name) != digest:
            raise ConfigError(
                f"Bundle '{path}' was made from other {name.partition('_')[0]}; fit a new one with "
                "`python -m training fit`."
            )
    known = bundle.knowledge
    progress(f"reading {len(examples)} prompts")
    vectors = read_inputs(examples, known.embedding).vectors
    everyday = int(old.training.get("everyday_requests", 0))
    asked = with_unscored(
        examples,
        vectors,
        known.embedding,
        int(old.training.get("seed", 0)),
        with_everyday=everyday > 0,
    )
    clusters = assign(known.centroids, asked.vectors, asked.examples, asked.weights)
    figures = load_priors(priors, canonical_with_effort)
    tables = learn_tables(asked, clusters, fit_published(figures, models_of(examples)))
    card = model_card(old.trained_on, old.measured, len(tables.models), everyday)
    made = {
        **files.contents,
        CLUSTERS: pack_arrays({**tables.arrays, "centroids": clusters.centroids, "share": clusters.share}),
        MODELS: models_file(tables.models),
        PRIORS: pack_arrays(prior_arrays(tables, evidence(figures), old.kappa)),
        CARD: card.encode(),
        NOTICE: notice().encode(),
    }
    contents = {name: made[name] for name in FILES}
    manifest = old.model_copy(
        update={
            "format_version": FORMAT_VERSION,
            "id": bundle_id(contents),
            "models": len(tables.models),
            "kinds": KINDS,
            "training": {**old.training, "price_map": price_map_version()},
            "files": file_records(contents),
        }
    )
    write_bundle(path, manifest, contents)
    progress(f"written to {path}")
    return manifest
