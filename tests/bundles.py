"""Bundles changed on purpose, to be honest about it in their manifest or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from heimdall_litellm.bundle.layout import (
    CLUSTERS,
    EMBEDDING,
    GOLDEN,
    MANIFEST,
    MODELS,
    PRIORS,
    TRIAGE,
    WORDS,
)
from heimdall_litellm.bundle.write import file_records, pack_arrays


def rewrite(path: Path, **changed: bytes) -> None:
    """Replace files of a bundle and describe them honestly in its manifest."""
    names = {
        "triage": TRIAGE,
        "words": WORDS,
        "embedding": EMBEDDING,
        "clusters": CLUSTERS,
        "priors": PRIORS,
        "models": MODELS,
        "golden": GOLDEN,
    }
    for key, data in changed.items():
        (path / names[key]).write_bytes(data)
    manifest = json.loads((path / MANIFEST).read_bytes())
    contents = {name: (path / name).read_bytes() for name in manifest["files"]}
    manifest["files"] = {name: record.model_dump() for name, record in file_records(contents).items()}
    (path / MANIFEST).write_text(json.dumps(manifest))


def arrays_of(path: Path, name: str) -> dict[str, np.ndarray]:
    """Read the arrays of one file."""
    with np.load(path / name) as loaded:
        return {key: loaded[key] for key in loaded.files}


def edit_array(path: Path, name: str, value: float, file: str = CLUSTERS) -> None:
    arrays = arrays_of(path, file)
    arrays[name].flat[0] = value
    rewrite(path, **{file.partition(".")[0]: pack_arrays(arrays)})


def with_prices(
    path: Path,
    usd: Sequence[float] = (1.0, 10.0),
    quality: Sequence[float] = (0.2, 0.6),
    by_kind: Sequence[float] = (0.2, 0.6),
    rows: int | None = None,
) -> None:
    """Give a bundle price classes, the same in all clusters and in all kinds."""
    arrays = arrays_of(path, PRIORS)
    count = len(usd) if rows is None else rows
    spread = np.linspace(0, 1, count)
    arrays["usd"] = np.array(usd, np.float32)
    for name, values in (("price_quality", quality), ("price_by_kind", by_kind)):
        columns = arrays[name].shape[1]
        line = values[0] + spread * (values[1] - values[0])
        arrays[name] = np.repeat(line[:, None], columns, axis=1).astype(np.float32)
    rewrite(path, priors=pack_arrays(arrays))


def without_priors(path: Path, format_version: int) -> None:
    """Make a bundle what one of format 2 was."""
    manifest = json.loads((path / MANIFEST).read_bytes())
    del manifest["files"][PRIORS], manifest["kinds"]
    (path / PRIORS).unlink()
    (path / MANIFEST).write_text(json.dumps({**manifest, "format_version": format_version}))


def edit_manifest(path: Path, **changes: object) -> None:
    manifest = json.loads((path / MANIFEST).read_bytes())
    manifest.update(changes)
    (path / MANIFEST).write_text(json.dumps(manifest))
