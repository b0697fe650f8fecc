"""What a bundle knows, as files that people and other tools read; and a bundle as one file, to be moved.

    models.csv      model, quality over the bundle's mix of clusters, outcomes, columns of published figures
                    and the newest one's date, and the bundle's own prices
    kinds.csv       model, kind of task: quality; what stands behind the model's figures is in models.csv
    prices.csv      price of output, cluster: quality to expect of a model nobody knows
    quality.csv     model, cluster: quality after shrinkage, what it was shrunk from, expected output tokens
    clusters.csv    cluster, share of the training prompts
    words.csv       word, what it says for hard (+) or cheap (-), and how rare it is
    triage.txt      LightGBM's text model, as it stands in the bundle; so are manifest.json, CARD.md, NOTICE

Numbers are the shortest that give the same single-precision value again. The archive holds the bundle's own
files in one directory, the manifest last, with the time of the bundle and nobody's name on each: equal
bundles give equal bytes (on the same zlib).

A target is written beside its place and renamed. Whatever stands there gives way only to `force`, and a
directory only if nothing but an earlier export is in it.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from heimdall_litellm.bundle import Bundle, default_path, load_bundle
from heimdall_litellm.bundle.layout import CARD, MANIFEST, NOTICE, TRIAGE, files_of
from heimdall_litellm.bundle.priors import PriorTable
from heimdall_litellm.bundle.verify import read_verified
from heimdall_litellm.core.quality import PriceClasses
from heimdall_litellm.errors import BundleDamaged, ConfigError

MODELS_CSV: Final = "models.csv"
QUALITY_CSV: Final = "quality.csv"
KINDS_CSV: Final = "kinds.csv"
PRICES_CSV: Final = "prices.csv"
CLUSTERS_CSV: Final = "clusters.csv"
WORDS_CSV: Final = "words.csv"
AS_THEY_ARE: Final = (TRIAGE, CARD, NOTICE, MANIFEST)
EXPORTED: Final = frozenset(
    {MODELS_CSV, KINDS_CSV, PRICES_CSV, QUALITY_CSV, CLUSTERS_CSV, WORDS_CSV, *AS_THEY_ARE}
)


def export(bundle: Path | None, out: Path | None, archive: Path | None, *, force: bool = False) -> Bundle:
    """Write what a bundle (None: the shipped one) knows to the directory `out`, the bundle to `archive`.

    Both targets are looked at before either is written. Raises BundleError, or ConfigError for a target
    that can't or mustn't be written.
    """
    loaded, contents = _read(bundle or default_path())
    out, archive = (path and path.absolute() for path in (out, archive))
    if out is not None and out == archive:
        raise ConfigError(f"'{out}' can't be both the directory and the archive.")
    if out is not None:
        out = _checked(out, _refuse_directory, force=force)
    if archive is not None:
        archive = _checked(archive, _refuse_file, force=force)
    if out is not None:
        _write(out, lambda beside: _fill(beside, {**tables(loaded), **{n: contents[n] for n in AS_THEY_ARE}}))
    if archive is not None:
        packed = pack(loaded, contents)
        _write(archive, lambda beside: beside.write_bytes(packed))
    return loaded


def _read(path: Path) -> tuple[Bundle, Mapping[str, bytes]]:
    """Give a bundle that was proved and tried, and the bytes of its files."""
    loaded, files = load_bundle(path), read_verified(path)
    if files.manifest_sha256 != loaded.manifest_sha256:
        raise BundleDamaged(f"Bundle '{path}' was replaced while it was read; export it again.")
    return loaded, {**files.contents, MANIFEST: files.manifest_bytes}


def tables(bundle: Bundle) -> dict[str, bytes]:
    """Give the CSV files by name."""
    table = bundle.knowledge.table
    quality = table.shrunk()
    overall, outcomes = quality @ table.share, table.count.sum(axis=1)
    prices = ([_number(usd) for usd in bundle.prices.get(model, ())] or ["", ""] for model in table.models)
    cells = (quality, table.mean, table.count, table.prior, table.tokens)
    words, vocab = bundle.knowledge.words, bundle.knowledge.embedding.vocab
    hardest_first = np.argsort(-words.pull[: len(vocab)], kind="stable").tolist()
    return {
        MODELS_CSV: _csv(
            (
                *("model", "quality", "outcomes", "published", "latest"),
                *("input_usd_per_mtok", "output_usd_per_mtok"),
            ),
            (
                (model, _number(q), _number(n), *_published(bundle.priors, at), *price)
                for at, (model, q, n, price) in enumerate(
                    zip(table.models, overall, outcomes, prices, strict=True)
                )
            ),
        ),
        KINDS_CSV: _csv(("model", "kind", "quality"), _kinds(bundle)),
        PRICES_CSV: _csv(("output_usd_per_mtok", "cluster", "quality"), _prices(table.price_classes)),
        QUALITY_CSV: _csv(
            ("model", "cluster", "quality", "mean", "count", "prior", "output_tokens"),
            (
                (model, cluster, *(_number(cell[at, cluster]) for cell in cells))
                for at, model in enumerate(table.models)
                for cluster in range(len(table.share))
            ),
        ),
        CLUSTERS_CSV: _csv(
            ("cluster", "share"), ((cluster, _number(share)) for cluster, share in enumerate(table.share))
        ),
        WORDS_CSV: _csv(
            ("word", "pull", "rarity"),
            (
                (vocab[at].decode("utf-8", "replace"), _number(words.pull[at]), _number(words.rarity[at]))
                for at in hardest_first
                if words.pull[at]
            ),
        ),
    }


def _published(priors: PriorTable | None, at: int) -> tuple[object, object]:
    return ("", "") if priors is None else (priors.published[at], priors.latest_at(at) or "")


def _kinds(bundle: Bundle) -> Iterable[tuple[object, ...]]:
    priors = bundle.priors
    if priors is not None:
        for model, row in zip(bundle.models, priors.by_kind, strict=True):
            for kind, quality in zip(priors.kinds, row, strict=True):
                yield model, kind, _number(quality)


def _prices(classes: PriceClasses | None) -> Iterable[tuple[object, ...]]:
    if classes is not None:
        for usd, row in zip(classes.usd, classes.quality, strict=True):
            for cluster, quality in enumerate(row):
                yield _number(usd), cluster, _number(quality)


def _number(value: float | np.floating) -> str:
    return np.format_float_positional(value, trim="-")


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def pack(bundle: Bundle, contents: Mapping[str, bytes]) -> bytes:
    """Give a bundle's files as a `.tar.gz` of one directory, which is named as the bundle is."""
    folder = bundle.id if bundle.id.strip(".") else "bundle"  # an id may be "..", which is no name to unpack
    time = int(bundle.manifest.created.timestamp())  # not 0: tar warns of files from 1970
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        top = tarfile.TarInfo(folder)
        top.type, top.mode, top.mtime = tarfile.DIRTYPE, 0o755, time
        tar.addfile(top)
        for name in (*files_of(bundle.manifest.format_version), MANIFEST):
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size, member.mode, member.mtime = len(contents[name]), 0o644, time
            tar.addfile(member, io.BytesIO(contents[name]))
    return buffer.getvalue()


def _checked(target: Path, refuse: Callable[[Path, bool], None], *, force: bool) -> Path:
    try:
        target = target.resolve()
        if target.exists():
            refuse(target, force)
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle; ValueError: a NUL
        raise _cannot_write(target, error) from error
    return target


def _refuse_directory(target: Path, force: bool) -> None:
    if not target.is_dir():
        raise ConfigError(f"'{target}' is a file; --out wants a directory.")
    found = sorted(path.name for path in target.iterdir())
    foreign = [name for name in found if name not in EXPORTED]
    if foreign:
        raise ConfigError(
            f"'{target}' holds '{foreign[0]}', which is no part of an export; name another directory."
        )
    if found and not force:
        raise ConfigError(f"'{target}' holds an earlier export; --force replaces it.")


def _refuse_file(target: Path, force: bool) -> None:
    if not target.is_file():
        raise ConfigError(f"'{target}' is no regular file; --archive wants one.")
    if not force:
        raise ConfigError(f"'{target}' is there already; --force replaces it.")


def _write(target: Path, make: Callable[[Path], object]) -> None:
    """Make a file or directory beside the target and put it there, in place of what was."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    old = beside.with_name(f"{beside.name}.old")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        make(beside)
        if not target.is_dir():
            beside.replace(target)
            return
        target.rename(old)
        try:
            beside.rename(target)
        except OSError:
            old.rename(target)
            raise
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        with suppress(OSError):
            _remove(beside)
            if target.is_dir():
                _remove(old)


def _fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, data in contents.items():
        (folder / name).write_bytes(data)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _cannot_write(target: Path, error: Exception) -> ConfigError:
    reason = getattr(error, "strerror", None) or error
    return ConfigError(f"Can't write '{target}': {reason}.")
