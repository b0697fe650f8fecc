"""Put a verified bundle together into what the core reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from pydantic import ValidationError

from heimdall_litellm.bundle.canary import try_in_child
from heimdall_litellm.bundle.layout import CLUSTERS, EMBEDDING, MODELS, TRIAGE, WORDS, Manifest, ModelsFile
from heimdall_litellm.bundle.priors import PriorTable, read_priors
from heimdall_litellm.bundle.scorer import TriageScorer
from heimdall_litellm.bundle.verify import VerifiedFiles, first_problems, read_arrays, read_verified, take
from heimdall_litellm.core.decision import Knowledge
from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.core.features import N_FEATURES
from heimdall_litellm.core.quality import QualityTable
from heimdall_litellm.core.triage import Calibration, Tilt
from heimdall_litellm.core.types import FloatArray
from heimdall_litellm.core.wordscore import WordScore
from heimdall_litellm.errors import BundleDamaged

# Ranges in which no formula of the core can overflow or divide by zero; rounding may go a little over.
_SHARES = (0.0, 1.0 + 1e-4)
_COUNTS = (0.0, 1e9)
_PARTS = (-1.0 - 1e-4, 1.0 + 1e-4)
_SCALES = (-1e6, 1e6)
_PULLS = (-1e6, 1e6)
_RARITIES = (1e-3, 1e6)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A loaded bundle: what it knows, and who it is.

    `manifest_sha256` identifies its whole content. `priors` is None for a bundle of format 2.
    """

    path: Path
    manifest: Manifest
    manifest_sha256: str
    knowledge: Knowledge
    scorer: TriageScorer
    prices: Mapping[str, tuple[float, float]]
    priors: PriorTable | None = None

    @property
    def id(self) -> str:
        """The name its manifest gives it."""
        return self.manifest.id

    @property
    def models(self) -> tuple[str, ...]:
        """The models it has quality figures for; reasoning efforts as `name@effort`."""
        return self.knowledge.table.models


def default_path() -> Path:
    """Give the directory of the bundle that ships in the package."""
    return Path(__file__).parent / "default"


def load_bundle(path: str | Path | None = None, *, canary: bool = True) -> Bundle:
    """Verify, try and load a bundle; None is the shipped one.

    `canary=False` skips the trial in a child process: only for a bundle that this process has
    just written. Raises BundleDamaged or BundleUnfit.
    """
    files = read_verified(Path(path) if path is not None else default_path())
    if canary:
        try_in_child(files)
    return _assemble(files)


def _assemble(files: VerifiedFiles) -> Bundle:
    manifest = files.manifest
    embedding = _embedding(files)
    models = _models(files)
    table, centroids = _tables(files, models)
    priors, price_classes = read_priors(files)
    if embedding.dim != manifest.dimensions:
        raise BundleDamaged(f"The embedding has {embedding.dim} dimensions, not {manifest.dimensions}.")
    scorer = TriageScorer(files.contents[TRIAGE], N_FEATURES + embedding.dim)
    knowledge = Knowledge(
        embedding=embedding,
        triage_model=scorer,
        words=_words(files, embedding),
        calibration=Calibration(manifest.calibration_scale, manifest.calibration_shift),
        centroids=centroids,
        temperature=manifest.temperature,
        table=replace(table, price_classes=price_classes),
        tilt=_tilt(files),
        typical_difficulty=files.manifest.typical_difficulty,
    )
    return Bundle(files.path, manifest, files.manifest_sha256, knowledge, scorer, models.prices, priors)


def _tilt(files: VerifiedFiles) -> Tilt:
    given = files.manifest.tilt
    try:
        return Tilt.of(
            {name: w for name, (w, _) in given.items()}, {name: c for name, (_, c) in given.items()}
        )
    except KeyError as error:
        raise BundleDamaged(f"Bundle '{files.path}' tilts by {error}, which is no feature.") from error


def _embedding(files: VerifiedFiles) -> StaticEmbedding:
    arrays = read_arrays(files, EMBEDDING)
    if "scale" in arrays:  # what is missing is told with the rest, below
        take(arrays, "scale", (None,), np.float32, _SCALES)
    try:
        return StaticEmbedding.from_arrays(arrays)
    except (ValueError, KeyError) as error:
        raise BundleDamaged(
            f"The embedding of bundle '{files.path}' does not fit together: {error}"
        ) from error


def _words(files: VerifiedFiles, embedding: StaticEmbedding) -> WordScore:
    arrays = read_arrays(files, WORDS)
    size = (embedding.size,)
    pull = cast(FloatArray, take(arrays, "pull", size, np.float32, _PULLS))
    return WordScore(pull, cast(FloatArray, take(arrays, "rarity", size, np.float32, _RARITIES)))


def _tables(files: VerifiedFiles, models: ModelsFile) -> tuple[QualityTable, FloatArray]:
    manifest = files.manifest
    arrays = read_arrays(files, CLUSTERS)
    shape = (manifest.models, manifest.clusters)

    def floats(name: str, wanted: tuple[int | None, ...], within: tuple[float, float]) -> FloatArray:
        return cast(FloatArray, take(arrays, name, wanted, np.float32, within))

    table = QualityTable(
        models=models.names,
        mean=floats("mean", shape, _SHARES),
        count=floats("count", shape, _COUNTS),
        prior=floats("prior", shape, _SHARES),
        tokens=floats("tokens", shape, _COUNTS),
        share=floats("share", (manifest.clusters,), _SHARES),
        kappa=manifest.kappa,
    )
    return table, floats("centroids", (manifest.clusters, manifest.dimensions), _PARTS)


def _models(files: VerifiedFiles) -> ModelsFile:
    try:
        models = ModelsFile.model_validate_json(files.contents[MODELS])
    except ValidationError as error:
        raise BundleDamaged(
            f"'{MODELS}' of bundle '{files.path}' is not valid: {first_problems(error)}."
        ) from error
    if len(models.names) != files.manifest.models or len(set(models.names)) != len(models.names):
        raise BundleDamaged(f"'{MODELS}' of bundle '{files.path}' must list {files.manifest.models} names.")
    return models
