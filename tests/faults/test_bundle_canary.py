"""A damaged model can kill, hang or lie; the process that serves never notices."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from heimdall_litellm.bundle import canary, load_bundle
from heimdall_litellm.bundle.layout import GOLDEN, MANIFEST, TRIAGE
from heimdall_litellm.bundle.verify import read_verified
from heimdall_litellm.bundle.write import pack_arrays
from heimdall_litellm.errors import BundleDamaged, BundleUnfit
from tests.unit.test_bundle import arrays_of, rewrite


def truncated(model: bytes) -> bytes:
    return model[: len(model) // 2]


def bad_child(model: bytes) -> bytes:
    return re.sub(rb"left_child=-?\d+", b"left_child=99999", model, count=1)


def endless(model: bytes) -> bytes:
    """The first tree's root becomes its own left and right child: prediction never returns."""
    once = re.sub(rb"left_child=-?\d+", b"left_child=0", model, count=1)
    twice = re.sub(rb"right_child=-?\d+", b"right_child=0", once, count=1)
    return re.sub(rb"tree_sizes=[^\n]*\n", b"", twice)


def with_leaves(model: bytes, value: bytes) -> bytes:
    """Replace the first leaf of every tree: golden rows reach some of them."""
    unsized = re.sub(rb"tree_sizes=[^\n]*\n", b"", model)
    return re.sub(rb"leaf_value=-?[\d.e-]+", b"leaf_value=" + value, unsized)


def lying(model: bytes) -> bytes:
    return with_leaves(model, b"77")


def not_finite(model: bytes) -> bytes:
    return with_leaves(model, b"nan")


@pytest.mark.parametrize(
    "damage", [truncated, bad_child, endless, lying, not_finite], ids=lambda f: f.__name__
)
def test_a_damaged_model_with_honest_digests_is_caught_in_the_child(
    bundle_path: Path, damage: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "TIME_LIMIT_S", 5.0)
    assert callable(damage)
    model = (bundle_path / TRIAGE).read_bytes()
    assert damage(model) != model
    rewrite(bundle_path, triage=damage(model))
    with pytest.raises(BundleUnfit, match=str(bundle_path)):
        canary.try_in_child(read_verified(bundle_path), 5.0)


def test_another_objective_or_golden_rows_that_do_not_agree_are_refused(bundle_path: Path) -> None:
    golden = arrays_of(bundle_path, GOLDEN)
    golden["raw"][0, 0] += 0.5
    rewrite(bundle_path, golden=pack_arrays(golden))
    with pytest.raises(BundleUnfit, match="golden rows"):
        load_bundle(bundle_path)


def test_a_bundle_without_golden_rows_is_refused(bundle_path: Path) -> None:
    golden = {name: array[:0] for name, array in arrays_of(bundle_path, GOLDEN).items()}
    rewrite(bundle_path, golden=pack_arrays(golden))
    with pytest.raises(BundleDamaged, match="no golden rows"):
        canary.golden_rows_agree(read_verified(bundle_path))


def test_the_child_refuses_a_manifest_that_changed(
    bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert canary.main([str(bundle_path), "0" * 64]) == 1
    assert "changed while" in capsys.readouterr().err


def test_the_child_says_ok(bundle_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert canary.main([str(bundle_path), read_verified(bundle_path).manifest_sha256]) == 0
    assert "agree" in capsys.readouterr().out


def test_a_child_that_cannot_start_is_said(bundle_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    with pytest.raises(BundleUnfit, match="can't be started"):
        canary.try_in_child(read_verified(bundle_path))


def test_a_child_that_ends_well_but_says_nothing_is_not_believed(
    bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = subprocess.CompletedProcess([], 0, "", "")
    monkeypatch.setattr("subprocess.run", lambda *args, **kwargs: silent)
    with pytest.raises(BundleUnfit, match="no word"):
        canary.try_in_child(read_verified(bundle_path))


@pytest.mark.parametrize("at", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncation_anywhere_is_caught_by_size_alone(bundle_path: Path, at: float) -> None:
    for name in json.loads((bundle_path / MANIFEST).read_bytes())["files"]:
        data = (bundle_path / name).read_bytes()
        (bundle_path / name).write_bytes(data[: int(len(data) * at)])
        with pytest.raises(BundleDamaged):
            read_verified(bundle_path)
        (bundle_path / name).write_bytes(data)
    read_verified(bundle_path)
