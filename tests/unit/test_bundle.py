"""A bundle is verified before anything in it is used."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from heimdall_litellm.bundle import Bundle, default_path, load_bundle
from heimdall_litellm.bundle.layout import CLUSTERS, EMBEDDING, GOLDEN, MANIFEST, MODELS, TRIAGE, Manifest
from heimdall_litellm.bundle.reload import BundleWatcher
from heimdall_litellm.bundle.scorer import TriageScorer, library
from heimdall_litellm.bundle.verify import read_arrays, read_verified, take
from heimdall_litellm.bundle.write import file_records, pack_arrays, write_bundle
from heimdall_litellm.errors import BundleDamaged, BundleError, BundleUnfit
from tests.support import embedding


def rewrite(path: Path, **changed: bytes) -> None:
    """Replace files of a bundle and describe them honestly in its manifest."""
    names = {
        "triage": TRIAGE,
        "embedding": EMBEDDING,
        "clusters": CLUSTERS,
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
    with np.load(path / name) as loaded:
        return {key: loaded[key] for key in loaded.files}


def test_the_shipped_bundle_loads_and_is_small_enough() -> None:
    bundle = load_bundle()
    assert sum(file.stat().st_size for file in default_path().iterdir()) <= 15 * 2**20
    assert bundle.id == bundle.manifest.id
    assert len(bundle.models) == bundle.manifest.models
    assert {"gpt-5@medium", "deepseek-r1", "gemini-2.5-pro"} <= set(bundle.models)


def test_a_loaded_bundle_says_who_it_is(bundle_path: Path) -> None:
    bundle = load_bundle(bundle_path)
    assert bundle.path == bundle_path
    assert len(bundle.manifest_sha256) == 64


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: (p / MANIFEST).unlink(), "No such file"),
        (lambda p: (p / MANIFEST).write_text("{"), "not JSON"),
        (lambda p: (p / MANIFEST).write_text("[1]"), "format version None"),
        (lambda p: (p / TRIAGE).unlink(), "No such file"),
        (lambda p: (p / TRIAGE).write_bytes((p / TRIAGE).read_bytes()[:-1]), "bytes, its manifest says"),
        (
            lambda p: (p / TRIAGE).write_bytes(b"X" + (p / TRIAGE).read_bytes()[1:]),
            "doesn't match the digest",
        ),
        (lambda p: edit_manifest(p, format_version=99), "format version 99"),
        (lambda p: edit_manifest(p, feature_schema="0" * 64), "another feature schema"),
        (lambda p: edit_manifest(p, files={}), "lists no"),
        (lambda p: edit_manifest(p, temperature=0), "temperature"),
        (lambda p: edit_manifest(p, surprise=1), "surprise"),
        (lambda p: edit_manifest(p, dimensions=3), "'centroids' is float32"),
        (lambda p: rewrite(p, embedding=pack_arrays(other_embedding())), "2 dimensions, not 16"),
        (lambda p: edit_manifest(p, clusters=3), "'mean' is float32"),
        (lambda p: rewrite(p, models=b"{"), "models.json' of bundle .* is not valid"),
        (lambda p: rewrite(p, models=b'{"names": ["a"], "prices": {}}'), "must list"),
        (lambda p: rewrite(p, embedding=b"no zip"), "no readable arrays"),
        (
            lambda p: rewrite(p, embedding=pack_arrays({"vocab": np.zeros(1, np.uint8)})),
            "does not fit together",
        ),
        (lambda p: rewrite(p, clusters=pack_arrays({"mean": np.zeros(1, np.float32)})), "'mean' is float32"),
        (
            lambda p: rewrite(p, clusters=pack_arrays({"other": np.zeros(1, np.float32)})),
            "lacks the array 'mean'",
        ),
    ],
)
def test_damage_is_named(bundle_path: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(bundle_path)
    with pytest.raises(BundleDamaged, match=words):
        load_bundle(bundle_path, canary=False)


def other_embedding() -> dict[str, np.ndarray]:
    return embedding().to_arrays()


def edit_manifest(path: Path, **changes: object) -> None:
    manifest = json.loads((path / MANIFEST).read_bytes())
    manifest.update(changes)
    (path / MANIFEST).write_text(json.dumps(manifest))


def test_numbers_that_are_not_finite_are_refused(bundle_path: Path) -> None:
    arrays = arrays_of(bundle_path, CLUSTERS)
    arrays["prior"][0, 0] = np.nan
    rewrite(bundle_path, clusters=pack_arrays(arrays))
    with pytest.raises(BundleDamaged, match="not finite"):
        load_bundle(bundle_path, canary=False)


def test_pickles_are_refused(bundle_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, vocab=np.array([{"a": 1}], dtype=object))
    rewrite(bundle_path, embedding=buffer.getvalue())
    with pytest.raises(BundleDamaged, match="no readable arrays"):
        load_bundle(bundle_path, canary=False)


def test_a_bomb_is_refused_before_it_is_unpacked(bundle_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mean.npy", b"\0" * 2_000_000)
    rewrite(bundle_path, clusters=buffer.getvalue())
    monkeypatch.setattr("heimdall_litellm.bundle.verify.MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(BundleDamaged, match="too many"):
        read_arrays(read_verified(bundle_path), CLUSTERS)


def test_a_file_that_is_too_large_is_not_read(bundle_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heimdall_litellm.bundle.verify.MAX_FILE_BYTES", 10)
    with pytest.raises(BundleDamaged, match="larger than"):
        load_bundle(bundle_path)


def test_take_wants_shape_and_type() -> None:
    with pytest.raises(BundleDamaged, match=r"float64\(2,\), wanted float32"):
        take({"a": np.zeros(2)}, "a", (2,), np.float32)


def test_files_that_the_manifest_does_not_describe_are_not_written(bundle_path: Path) -> None:
    files = read_verified(bundle_path)
    with pytest.raises(ValueError, match="doesn't describe"):
        write_bundle(bundle_path, files.manifest, {**files.contents, TRIAGE: b"other"})


def test_a_written_bundle_is_what_was_given(bundle_path: Path, tmp_path: Path) -> None:
    files = read_verified(bundle_path)
    write_bundle(tmp_path / "copy", files.manifest, files.contents)
    copy = read_verified(tmp_path / "copy")
    assert copy.contents == files.contents
    assert isinstance(copy.manifest, Manifest)
    assert not [p for p in (tmp_path / "copy").iterdir() if p.name.startswith(".")]


def test_the_scorer_agrees_with_lightgbm_itself(bundle_path: Path) -> None:
    import lightgbm

    golden = arrays_of(bundle_path, GOLDEN)["inputs"]
    model = (bundle_path / TRIAGE).read_bytes()
    expected = lightgbm.Booster(model_str=model.decode()).predict(golden, raw_score=True)
    scorer = TriageScorer(model, golden.shape[1])
    assert np.allclose([scorer(row) for row in golden], expected, atol=1e-5)


def test_contributions_add_up_to_the_score(bundle_path: Path) -> None:
    row = arrays_of(bundle_path, GOLDEN)["inputs"][0]
    scorer = TriageScorer((bundle_path / TRIAGE).read_bytes(), len(row))
    assert scorer.contributions(row).sum(axis=1) == pytest.approx(scorer(row), abs=1e-4)


def test_the_scorer_is_the_same_from_every_thread_and_leaves_its_input_alone(bundle_path: Path) -> None:
    rows = arrays_of(bundle_path, GOLDEN)["inputs"]
    scorer = TriageScorer((bundle_path / TRIAGE).read_bytes(), rows.shape[1])
    expected = [scorer(row).tolist() for row in rows]
    before = rows.copy()
    wrong: list[int] = []

    def work() -> None:
        for _ in range(50):
            wrong.extend(i for i, row in enumerate(rows) if scorer(row).tolist() != expected[i])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert (rows == before).all()


def test_a_model_of_another_width_is_refused(bundle_path: Path) -> None:
    with pytest.raises(BundleUnfit, match="features, wanted 7"):
        TriageScorer((bundle_path / TRIAGE).read_bytes(), 7)


def test_what_lightgbm_refuses_is_said(bundle_path: Path) -> None:
    with pytest.raises(BundleUnfit, match="LightGBM refused"):
        TriageScorer(b"not a model", 7)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    library.cache_clear()
    try:
        with pytest.raises(BundleError, match="pip install lightgbm"):
            library()
    finally:
        library.cache_clear()


def test_a_library_that_cannot_be_loaded_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "lib_lightgbm.so").write_bytes(b"no elf")

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: Spec)
    library.cache_clear()
    try:
        with pytest.raises(BundleError, match="can't be loaded"):
            library()
    finally:
        library.cache_clear()
    import os

    assert os.environ["OMP_NUM_THREADS"] == "3"


class Watched:
    """What a watcher reported."""

    def __init__(self, path: Path, sha256: str, interval_s: float = 0.01) -> None:
        self.bundles: list[Bundle] = []
        self.rejections: list[BundleError] = []
        self.arrived = threading.Event()
        self.watcher = BundleWatcher(path, sha256, interval_s, self._on_bundle, self.rejections.append)

    def _on_bundle(self, bundle: Bundle) -> None:
        self.bundles.append(bundle)
        self.arrived.set()


def test_a_new_bundle_is_handed_over_once(bundle_path: Path) -> None:
    old = load_bundle(bundle_path)
    seen = Watched(bundle_path, old.manifest_sha256)
    assert not seen.watcher.look()
    edit_manifest(bundle_path, id="next")
    assert seen.watcher.look()
    assert not seen.watcher.look()
    assert [b.id for b in seen.bundles] == ["next"]


def test_a_bad_bundle_is_reported_once_and_a_mended_one_is_taken(bundle_path: Path) -> None:
    seen = Watched(bundle_path, "0" * 64)
    model = (bundle_path / TRIAGE).read_bytes()
    (bundle_path / TRIAGE).write_bytes(model[:-9])
    assert not seen.watcher.look()
    assert not seen.watcher.look()
    assert len(seen.rejections) == 1
    assert isinstance(seen.rejections[0], BundleDamaged)
    (bundle_path / TRIAGE).write_bytes(model)
    assert seen.watcher.look()


def test_a_vanished_bundle_is_reported(bundle_path: Path) -> None:
    seen = Watched(bundle_path, "0" * 64)
    (bundle_path / MANIFEST).unlink()
    assert not seen.watcher.look()
    assert len(seen.rejections) == 1


def test_the_watch_runs_by_itself_and_ends(bundle_path: Path) -> None:
    seen = Watched(bundle_path, "0" * 64)
    seen.watcher.start()
    seen.watcher.start()
    assert seen.arrived.wait(30)
    seen.watcher.stop()
    Watched(bundle_path, "0" * 64).watcher.stop()
