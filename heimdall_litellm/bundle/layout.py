"""Which files a bundle has, and what its manifest says.

    manifest.json   this file's `Manifest`: format, schema, sizes and digests of all others
    triage.txt      LightGBM text model, three classes
    embedding.npz   static token table, int8
    clusters.npz    centroids and the Q[model, cluster] tables
    models.json     the models' names, in the order of the tables' rows, and prices of withdrawn ones
    golden.npz      input rows and the raw scores they must give
    CARD.md         what it was trained on and what it is good and bad at
    NOTICE          licences of what it was made from

No file can execute: text, JSON, and arrays that are read with `allow_pickle=False`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

FORMAT_VERSION = 1

MANIFEST = "manifest.json"
TRIAGE = "triage.txt"
EMBEDDING = "embedding.npz"
CLUSTERS = "clusters.npz"
MODELS = "models.json"
GOLDEN = "golden.npz"
CARD = "CARD.md"
NOTICE = "NOTICE"
FILES = (TRIAGE, EMBEDDING, CLUSTERS, MODELS, GOLDEN, CARD, NOTICE)

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 256 * 1024 * 1024


class ModelsFile(BaseModel):
    """What `models.json` holds; `prices` are USD per million tokens of input and output."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    names: tuple[str, ...]
    prices: dict[str, tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]]


Triple = tuple[float, float, float]


class FileRecord(BaseModel):
    """Size in bytes and SHA-256 of one file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    size: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What a bundle says of itself; checked before any other file is opened."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    format_version: int
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    created: datetime
    feature_schema: str
    clusters: Annotated[int, Field(ge=1, le=4_096)]
    dimensions: Annotated[int, Field(ge=1, le=4_096)]
    models: Annotated[int, Field(ge=1, le=10_000)]
    calibration_scale: Triple
    calibration_shift: Triple
    temperature: Annotated[float, Field(gt=0)]
    kappa: Annotated[float, Field(ge=0)]
    trained_on: dict[str, int]
    """Prompts per source."""
    training: dict[str, str | int | float]
    """Seed, versions and digests that identify how it was made."""
    measured: dict[str, float]
    """Figures measured while training, each named with what it was measured on."""
    files: dict[str, FileRecord]
