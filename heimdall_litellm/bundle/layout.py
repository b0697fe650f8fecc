"""Which files a bundle has, and what its manifest says.

    manifest.json   this file's `Manifest`: format, schema, sizes and digests of all others
    triage.txt      LightGBM text model, three classes
    words.npz       a weight per token, for the triage
    embedding.npz   static token table, int8
    clusters.npz    centroids and the Q[model, cluster] tables
    priors.npz      quality by kind of task, what it rests on, and what to expect by price
    models.json     the models' names, in the order of the tables' rows, and prices of withdrawn ones
    golden.npz      input rows and the raw scores they must give
    CARD.md         what it was trained on and what it is good and bad at
    NOTICE          licences of what it was made from

No file can execute: text, JSON, and arrays that are read with `allow_pickle=False`.

Format 2 had no `priors.npz`. Such a bundle is still read: its models have no quality by kind of task, and
those it doesn't know all get the same cautious quality, whatever they cost.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

FORMAT_VERSION = 3
"""What is written."""
READABLE_VERSIONS = (2, 3)

MANIFEST = "manifest.json"
TRIAGE = "triage.txt"
WORDS = "words.npz"
EMBEDDING = "embedding.npz"
CLUSTERS = "clusters.npz"
PRIORS = "priors.npz"
MODELS = "models.json"
GOLDEN = "golden.npz"
CARD = "CARD.md"
NOTICE = "NOTICE"
FILES = (TRIAGE, WORDS, EMBEDDING, CLUSTERS, PRIORS, MODELS, GOLDEN, CARD, NOTICE)


def files_of(format_version: int) -> tuple[str, ...]:
    """Give the files that a bundle of a format has beside its manifest."""
    return tuple(name for name in FILES if name != PRIORS or format_version > 2)


MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 256 * 1024 * 1024


Price = Annotated[float, Field(ge=0, le=1e6)]


class ModelsFile(BaseModel):
    """What `models.json` holds; `prices` are USD per million tokens of input and output."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    names: tuple[Annotated[str, Field(min_length=1)], ...]
    prices: dict[str, tuple[Price, Price]]


Triple = tuple[float, float, float]
Share = Annotated[float, Field(ge=0, le=1)]
Kind = Annotated[str, Field(min_length=1, max_length=80)]
Moderate = Annotated[float, Field(ge=-1e3, le=1e3)]
# A time that any zone can express; the first and last year of the calendar overflow.
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))
]


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
    created: Moment
    feature_schema: str
    clusters: Annotated[int, Field(ge=1, le=4_096)]
    dimensions: Annotated[int, Field(ge=1, le=4_096)]
    models: Annotated[int, Field(ge=1, le=10_000)]
    kinds: Annotated[tuple[Kind, ...], Field(max_length=100)] = ()
    """Kinds of task that `priors.npz` has a column for."""
    calibration_scale: Triple
    calibration_shift: Triple
    thresholds: tuple[Share, Share] = (0.5, 0.4)
    """Probabilities above which a request is cheap or hard, where the settings name none."""
    tilt: dict[str, tuple[Moderate, Moderate]] = {}
    """By feature: weight and centre of the triage's tilt (`core/triage.py`)."""
    typical_difficulty: Annotated[float, Field(ge=1e-3, le=1)] = 0.5
    """Mean difficulty of the training prompts."""
    # The formulas of `core/quality.py` divide by both, in single precision.
    temperature: Annotated[float, Field(ge=1e-3, le=1e3)]
    kappa: Annotated[float, Field(ge=1e-3, le=1e6)]
    trained_on: dict[str, Annotated[int, Field(ge=0, le=10**12)]]
    """Prompts per source."""
    training: dict[str, str | int | float]
    """Seed, versions and digests that identify how it was made."""
    measured: dict[str, float]
    """Figures measured while training, each named with what it was measured on."""
    files: dict[str, FileRecord]
