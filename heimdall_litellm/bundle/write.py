"""Write a bundle so that a reader sees the old one or the new one, never half of one.

Every file is written beside its target and renamed; the manifest goes last. A reader that comes
in between finds digests that don't match and keeps what it has.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.bundle.layout import FILES, MANIFEST, FileRecord, Manifest


def pack_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Pack arrays as a compressed `.npz`; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: arrays[name] for name in sorted(arrays)})  # type: ignore[arg-type]
    return buffer.getvalue()


def file_records(contents: Mapping[str, bytes]) -> dict[str, FileRecord]:
    """Give size and digest of each file, as the manifest lists them."""
    return {
        name: FileRecord(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in contents.items()
    }


def write_bundle(path: Path, manifest: Manifest, contents: Mapping[str, bytes]) -> None:
    """Write all files and then the manifest. Raises ValueError if they don't belong together."""
    if set(contents) != set(FILES) or manifest.files != file_records(contents):
        raise ValueError("the manifest doesn't describe these contents")
    path.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        _replace(path / name, contents[name])
    _replace(path / MANIFEST, manifest.model_dump_json(indent=2).encode() + b"\n")


def _replace(target: Path, data: bytes) -> None:
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(target)
