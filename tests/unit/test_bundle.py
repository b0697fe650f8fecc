"""A bundle is verified before anything in it is used."""

from __future__ import annotations

import io
import json
import os
import threading
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heimdall_litellm.bundle import Bundle, default_path, load_bundle
from heimdall_litellm.bundle.canary import golden_rows_agree
from heimdall_litellm.bundle.layout import (
    CLUSTERS,
    EMBEDDING,
    GOLDEN,
    MANIFEST,
    MODELS,
    PRIORS,
    TRIAGE,
    WORDS,
    Manifest,
)
from heimdall_litellm.bundle.reload import BundleWatcher
from heimdall_litellm.bundle.scorer import TriageScorer, library
from heimdall_litellm.bundle.verify import read_arrays, read_verified, take
from heimdall_litellm.bundle.write import file_records, pack_arrays, write_bundle
from heimdall_litellm.bundle_entries import bundle_entries
from heimdall_litellm.config import Settings
from heimdall_litellm.core.explain import to_dict
from heimdall_litellm.engine import Heimdall
from heimdall_litellm.errors import BundleDamaged, BundleError, BundleUnfit, ConfigError
from tests.bundles import arrays_of, edit_array, edit_manifest, rewrite, with_prices, without_priors
from tests.support import embedding


def test_the_shipped_bundle_loads_and_is_small_enough() -> None:
    bundle = load_bundle()
    assert sum(file.stat().st_size for file in default_path().iterdir()) <= 15 * 2**20
    assert bundle.id == bundle.manifest.id
    assert len(bundle.models) == bundle.manifest.models
    assert {"gpt-5@medium", "deepseek-r1", "gemini-2.5-pro"} <= set(bundle.models)


def test_a_name_that_means_no_model_is_a_stranger_and_no_mishap(bundle_path: Path) -> None:
    names = json.loads((bundle_path / MODELS).read_bytes())
    names["names"][0] = "gpt-4/"
    rewrite(bundle_path, models=json.dumps(names).encode())
    bundle = load_bundle(bundle_path)
    heimdall = Heimdall(Settings(), bundle_entries(bundle, None), bundle)
    assert "gpt-4/" in heimdall.candidate_names("heimdall")
    heimdall.decide(messages=[{"role": "user", "content": "Hi!"}])


def test_a_bundle_of_format_2_is_read_without_priors(bundle_path: Path) -> None:
    with_priors = load_bundle(bundle_path, canary=False)
    without_priors(bundle_path, 2)
    bundle = load_bundle(bundle_path)
    assert with_priors.priors is not None
    assert bundle.priors is None
    assert bundle.knowledge.table.price_classes is None
    assert (bundle.knowledge.table.shrunk() == with_priors.knowledge.table.shrunk()).all()


def test_price_classes_are_read(bundle_path: Path) -> None:
    with_prices(bundle_path, by_kind=(0.4, 0.8))
    bundle = load_bundle(bundle_path, canary=False)
    classes = bundle.knowledge.table.price_classes
    assert classes is not None
    assert classes.at(10**0.5).tolist() == pytest.approx([0.4] * 8)
    assert bundle.priors is not None
    assert bundle.priors.kinds_for(100.0) == pytest.approx(dict.fromkeys(bundle.priors.kinds, 0.8))


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
        (lambda p: (p / MANIFEST).write_text("[" * 100_000), "not JSON"),
        (lambda p: (p / MANIFEST).write_text("9" * 5_000), "not JSON"),
        (lambda p: edit_manifest(p, format_version="x" * 10_000), r"format version 'x+\.\.\.x+'; this"),
        (lambda p: edit_manifest(p, created="0001-01-01T00:00:00+14:00"), "created: "),
        (lambda p: edit_manifest(p, created="2026-01-01T00:00:00"), "created: "),
        (lambda p: edit_manifest(p, temperature=1e-300), "temperature: "),
        (lambda p: edit_manifest(p, kappa=0), "kappa: "),
        (lambda p: edit_manifest(p, trained_on={"a": 10**4_000}), "trained_on.a: "),
        (lambda p: edit_manifest(p, **{"x" * 10_000: 1}), "not valid: x{80}: "),
        (lambda p: edit_array(p, "count", -10.0), "'count' holds numbers outside 0 to"),
        (lambda p: edit_array(p, "mean", 1.5), "'mean' holds numbers outside"),
        (lambda p: edit_array(p, "tokens", 3e38), "'tokens' holds numbers outside"),
        (lambda p: edit_array(p, "centroids", 2.0), "'centroids' holds numbers outside"),
        (lambda p: edit_array(p, "by_kind", 1.5, PRIORS), "'by_kind' holds numbers outside"),
        (lambda p: edit_array(p, "by_kind", np.nan, PRIORS), "'by_kind' holds numbers that are not finite"),
        (lambda p: edit_array(p, "outcomes", -1, PRIORS), "'outcomes' holds numbers outside"),
        (lambda p: edit_array(p, "published", -1, PRIORS), "'published' holds numbers outside"),
        (lambda p: edit_array(p, "latest", 20261301, PRIORS), "'latest' holds what is no date"),
        (lambda p: edit_array(p, "latest", -5, PRIORS), "'latest' holds what is no date"),
        (lambda p: with_prices(p, usd=(1.0, 1.0)), "'usd' must hold at most 1000 rising prices"),
        (lambda p: with_prices(p, usd=(4.0, 1.0)), "'usd' must hold at most 1000 rising prices"),
        (lambda p: with_prices(p, usd=(0.0, 1.0)), "'usd' holds numbers outside"),
        (lambda p: with_prices(p, usd=np.arange(1.0, 1_002.0)), "at most 1000 rising prices"),
        (lambda p: with_prices(p, usd=(1.0, 2.0, 3.0), rows=2), r"'price_quality' is float32\(2, 8\)"),
        (lambda p: with_prices(p, quality=(0.9, 0.2)), "'price_quality' must not fall as the price rises"),
        (lambda p: with_prices(p, quality=(0.9, 1.2)), "'price_quality' holds numbers outside"),
        (lambda p: with_prices(p, by_kind=(0.9, 0.2)), "'price_by_kind' must not fall as the price rises"),
        (lambda p: edit_manifest(p, kinds=["one"]), r"'price_by_kind' is float32\(0, 12\), wanted"),
        (lambda p: edit_manifest(p, kinds=[""]), r"kinds\.0: "),
        (lambda p: edit_manifest(p, kinds=["k"] * 101), "kinds: "),
        (lambda p: rewrite(p, priors=b"no zip"), "'priors.npz' of bundle .* holds no readable arrays"),
        (lambda p: rewrite(p, priors=pack_arrays({"usd": np.zeros(0)})), "'usd' is float64"),
        (lambda p: (p / PRIORS).unlink(), "No such file"),
        (lambda p: (p / PRIORS).write_bytes((p / PRIORS).read_bytes()[:-1]), "bytes, its manifest says"),
        (lambda p: without_priors(p, 3), "lists no priors.npz"),
        (lambda p: edit_manifest(p, format_version=True), "format version True; this"),
        (lambda p: edit_manifest(p, format_version=1), "format version 1; this Heimdall reads 2 and 3"),
        (lambda p: edit_array(p, "scale", 3e38, EMBEDDING), "'scale' holds numbers outside"),
        (lambda p: edit_array(p, "pull", 3e38, WORDS), "'pull' holds numbers outside"),
        (lambda p: edit_array(p, "rarity", 0.0, WORDS), "'rarity' holds numbers outside"),
        (lambda p: edit_array(p, "pull", np.nan, WORDS), "'pull' holds numbers"),
        (lambda p: rewrite(p, embedding=archive({"vocab": b"no array"})), "holds what is no array"),
        (lambda p: rewrite(p, clusters=broken_deflate(p)), "no readable arrays"),
        (lambda p: rewrite(p, clusters=archive({"mean.npy": npy('"""')})), "no readable arrays"),
        (lambda p: rewrite(p, clusters=archive({"mean.npy": npy(VAST)})), "no readable arrays"),
        (lambda p: replace_by_pipe(p / MODELS), "is not a regular file"),
        (lambda p: replace_by_pipe(p / MANIFEST), "is not a regular file"),
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
        (lambda p: rewrite(p, models=b'{"names": [""], "prices": {}}'), "not valid: names.0: "),
        (lambda p: rewrite(p, models=b"[" * 100_000), "models.json' of bundle .* is not valid"),
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


VAST = str({"descr": "<f4", "fortran_order": False, "shape": (2**60,)})


def archive(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


def npy(header: str) -> bytes:
    """An array file with a header of our own, and next to no data."""
    raw = header.encode()
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + b"\0" * 8


def broken_deflate(path: Path) -> bytes:
    """An archive whose compressed data is none; zlib raises an exception of its own."""
    data = bytearray((path / CLUSTERS).read_bytes())
    with zipfile.ZipFile(path / CLUSTERS) as made:
        first = made.infolist()[0]
    start = first.header_offset + 30 + len(first.filename) + 20
    data[start : start + 40] = b"\xff" * 40
    return bytes(data)


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def other_embedding() -> dict[str, np.ndarray]:
    return embedding().to_arrays()


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


def test_a_receiver_that_fails_is_reported_and_the_bundle_is_tried_again(bundle_path: Path) -> None:
    mishaps: list[Exception] = [KeyError("x"), ConfigError("no such model")]
    taken: list[str] = []

    def receive(bundle: Bundle) -> None:
        if mishaps:
            raise mishaps.pop(0)
        taken.append(bundle.id)

    rejections: list[BundleError] = []
    watcher = BundleWatcher(bundle_path, "0" * 64, 0.01, receive, rejections.append)
    assert not watcher.look()
    assert not watcher.look()
    assert not taken
    assert [str(error) for error in rejections] == [
        f"Bundle '{bundle_path}' could not be put to use: KeyError: 'x'"
    ]
    assert [watcher.look() for _ in range(4)] == [False, True, False, False]
    assert len(taken) == 1


def test_a_broken_bundle_is_tried_less_and_less_often_but_at_once_when_it_changes(
    bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def refuse(_: Path) -> Bundle:
        tries.append(look)
        raise BundleUnfit("hangs")

    monkeypatch.setattr("heimdall_litellm.bundle.reload.load_bundle", refuse)
    seen = Watched(bundle_path, "0" * 64)
    for look in range(300):  # noqa: B007 - `refuse` notes it
        seen.watcher.look()
    assert tries == [0, 1, 3, 7, 15, 31, 63, 127, 191, 255]
    assert len(seen.rejections) == 1
    os.utime(bundle_path / TRIAGE, ns=(1, 1))
    seen.watcher.look()
    assert tries[-1] == 299
    assert len(tries) == 11


@pytest.mark.parametrize("mishap", [RecursionError(), MemoryError(), RuntimeError("odd")])
def test_the_watch_outlives_whatever_a_bundle_does(
    bundle_path: Path, monkeypatch: pytest.MonkeyPatch, mishap: Exception
) -> None:
    mishaps = [mishap]

    def load(path: Path) -> Bundle:
        if mishaps:
            raise mishaps.pop()
        return load_bundle(path, canary=False)

    def unable(_: BundleError) -> None:
        raise RuntimeError("the report fails too")

    monkeypatch.setattr("heimdall_litellm.bundle.reload.load_bundle", load)
    arrived = threading.Event()
    watcher = BundleWatcher(bundle_path, "0" * 64, 0.01, lambda _: arrived.set(), unable)
    watcher.start()
    assert arrived.wait(30)
    watcher.stop()


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [10**4_000, 2**63, -1, 1e308, 1e-320, "", "@", "@high", "a@b@c", "/", "gpt-4/", "\ud800", "\0"]
    ),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=6,
)
shapes = st.lists(st.integers(0, 20), max_size=3).map(tuple)
kinds = st.sampled_from(["<f4", ">f4", "<f8", "i1", "u1", "<i8", "?", "S3", "U2", "V0", "<c8", "<M8[s]"])
numbers = st.floats(width=32) | st.sampled_from([0.0, -1.0, 1.0, 3e38, -3e38, 1e-45])


@st.composite
def edited(draw: st.DrawFn, good: Path) -> dict[str, bytes]:
    """A bundle's files with one thing changed, described honestly by the manifest or not.

    They are read here, for Hypothesis may write down what it was given.

    The tree model stays: damage to it is the canary's affair, and may end the process.
    """
    files = {file.name: file.read_bytes() for file in good.iterdir()}
    name = draw(st.sampled_from([MANIFEST, MODELS, WORDS, EMBEDDING, CLUSTERS, GOLDEN]))
    if draw(st.booleans()):
        data = bytearray(files[name])
        for _ in range(draw(st.integers(1, 3))):
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
        files[name] = bytes(data[: draw(st.sampled_from([len(data), len(data) // 2, 0]))])
    elif name in (MANIFEST, MODELS):
        document = json.loads(files[name])
        holder = document
        if draw(st.booleans()):
            holder = draw(st.sampled_from([v for v in document.values() if isinstance(v, dict | list) and v]))
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        holder[draw(st.sampled_from(keys))] = draw(anything)
        files[name] = json.dumps(document).encode()
    else:
        with np.load(io.BytesIO(files[name])) as loaded:
            arrays = {key: loaded[key] for key in loaded.files}
        key = draw(st.sampled_from(sorted(arrays)))
        if draw(st.booleans()) and arrays[key].size:
            with np.errstate(all="ignore"):
                value = np.nan_to_num(np.float64(draw(numbers)), nan=7.0)
                arrays[key].flat[draw(st.integers(0, arrays[key].size - 1))] = (
                    value if arrays[key].dtype.kind == "f" else int(value) % 100
                )
        else:
            arrays[key] = np.zeros(draw(shapes), draw(kinds))
        files[name] = pack_arrays(arrays)
    if name != MANIFEST and draw(st.sampled_from([True, True, False])):
        manifest = json.loads(files[MANIFEST])
        records = file_records({name: files[name] for name in manifest["files"]})
        manifest["files"] = {name: record.model_dump() for name, record in records.items()}
        files[MANIFEST] = json.dumps(manifest).encode()
    return files


@given(data=st.data())
@settings(max_examples=150)
def test_an_edited_bundle_is_refused_as_such_or_is_good(
    small_bundle: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "edited"
    path.mkdir(exist_ok=True)
    for name, content in data.draw(edited(small_bundle)).items():
        (path / name).write_bytes(content)
    try:
        golden_rows_agree(read_verified(path))
        bundle = load_bundle(path, canary=False)
    except BundleError as error:
        assert len(str(error)) < 1_000  # noqa: PT017 - which of the two it is, is the question
        return
    entries = bundle_entries(bundle, None)
    decision = Heimdall(Settings(), entries, bundle).decide(messages=[{"role": "user", "content": "Hi!"}])
    json.dumps(to_dict(decision), allow_nan=False)
    assert decision.p_cheap + decision.p_mid + decision.p_hard == pytest.approx(1)
