"""Read a bundle's files and prove them against its manifest, before any parser sees them.

Order matters: LightGBM's native parser can kill or hang the process on a damaged file, past any
`try`. So size first, then SHA-256, then the feature schema, then array headers; and only bytes
that were proved are ever parsed (they are read once and kept, so nothing can change between).
"""

from __future__ import annotations

import hashlib
import io
import json
import reprlib
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from heimdall_litellm.bundle.layout import (
    MANIFEST,
    MAX_FILE_BYTES,
    MAX_UNPACKED_BYTES,
    READABLE_VERSIONS,
    Manifest,
    files_of,
)
from heimdall_litellm.core.features import schema_digest
from heimdall_litellm.errors import BundleDamaged

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class VerifiedFiles:
    """A manifest and the proved bytes of every file it lists."""

    path: Path
    manifest: Manifest
    manifest_sha256: str
    manifest_bytes: bytes
    contents: Mapping[str, bytes]


def manifest_digest(path: Path) -> str:
    """Give the SHA-256 of a bundle's manifest; it changes whenever anything in the bundle does."""
    return hashlib.sha256(_read(path / MANIFEST)).hexdigest()


def read_verified(path: Path) -> VerifiedFiles:
    """Read every file of a bundle and check it. Raises BundleDamaged naming the first misfit."""
    raw = _read(path / MANIFEST)
    manifest = _parse_manifest(raw, path)
    if manifest.feature_schema != schema_digest():
        raise BundleDamaged(
            f"Bundle '{path}' was trained for another feature schema than this version of Heimdall "
            "computes; train it again with `python -m training fit`, or use the shipped one."
        )
    names = files_of(manifest.format_version)
    missing = sorted(set(names) - manifest.files.keys())
    if missing:
        raise BundleDamaged(f"The manifest of bundle '{path}' lists no {', '.join(missing)}.")
    contents = {}
    for name in names:
        data = _read(path / name)
        record = manifest.files[name]
        if len(data) != record.size:
            raise BundleDamaged(f"'{path / name}' has {len(data)} bytes, its manifest says {record.size}.")
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise BundleDamaged(f"'{path / name}' doesn't match the digest in its manifest.")
        contents[name] = data
    return VerifiedFiles(path, manifest, hashlib.sha256(raw).hexdigest(), raw, contents)


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would wait for ever, a device never end
            raise BundleDamaged(f"'{path}' of the bundle is not a regular file.")
        if found.st_size > MAX_FILE_BYTES:
            raise BundleDamaged(f"'{path}' is larger than {MAX_FILE_BYTES // 2**20} MiB.")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise BundleDamaged(f"Can't read '{path}' of the bundle: {reason}.") from error


def _parse_manifest(raw: bytes, path: Path) -> Manifest:
    try:
        loaded = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BundleDamaged(f"The manifest of bundle '{path}' is not JSON.") from error
    version = loaded.get("format_version") if isinstance(loaded, dict) else None
    if isinstance(version, bool) or version not in READABLE_VERSIONS:
        raise BundleDamaged(
            f"Bundle '{path}' has format version {reprlib.repr(version)}; "
            f"this Heimdall reads {' and '.join(map(str, READABLE_VERSIONS))}. Train it again with "
            "`python -m training fit`, or use the shipped one."
        )
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        raise BundleDamaged(
            f"The manifest of bundle '{path}' is not valid: {first_problems(error)}."
        ) from error


def first_problems(error: ValidationError) -> str:
    """Say in a line where a file of JSON does not fit; keys in it may be of any length."""
    shown = [
        f"{'.'.join(map(str, e['loc']))[:80]}: {e['msg']}"
        for e in error.errors(include_url=False, include_input=False)[:3]
    ]
    return "; ".join(shown)


def read_arrays(files: VerifiedFiles, name: str) -> Arrays:
    """Unpack an `.npz` whose bytes were proved; refuses pickles and bombs."""
    data = files.contents[name]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise BundleDamaged(f"'{name}' of bundle '{files.path}' unpacks to {unpacked} bytes: too many.")
        with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
            arrays = {key: loaded[key] for key in loaded.files}
    except BundleDamaged:
        raise
    except Exception as error:  # zlib, zipfile, tokenize and numpy raise whatever they like
        raise BundleDamaged(f"'{name}' of bundle '{files.path}' holds no readable arrays.") from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise BundleDamaged(f"'{name}' of bundle '{files.path}' holds what is no array.")
    return arrays


def take(
    arrays: Arrays,
    name: str,
    shape: tuple[int | None, ...],
    kind: type[np.generic],
    within: tuple[float, float] = (-np.inf, np.inf),
) -> NDArray[np.generic]:
    """Take one array and check its shape (None: any), type and range; floats must be finite.

    Raises BundleDamaged.
    """
    array = arrays.get(name)
    if array is None:
        raise BundleDamaged(f"The bundle lacks the array '{name}'.")
    fits = array.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != np.dtype(kind):
        raise BundleDamaged(
            f"The bundle's array '{name}' is {array.dtype}{array.shape}, wanted {np.dtype(kind)}{shape}."
        )
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        raise BundleDamaged(f"The bundle's array '{name}' holds numbers that are not finite.")
    low, high = within
    if array.size and not (low <= array.min() and array.max() <= high):
        raise BundleDamaged(f"The bundle's array '{name}' holds numbers outside {low:g} to {high:g}.")
    return array
