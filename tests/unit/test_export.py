"""A bundle as tables that people read, and as one file that another machine unpacks."""

from __future__ import annotations

import csv
import io
import os
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import training.export as export_module
from heimdall_litellm.bundle import Bundle, default_path, load_bundle
from heimdall_litellm.bundle.layout import CARD, FILES, MANIFEST, NOTICE, TRIAGE
from heimdall_litellm.cli.session import open_session
from heimdall_litellm.core.explain import to_dict
from heimdall_litellm.core.quality import QualityTable
from heimdall_litellm.errors import BundleDamaged, ConfigError
from tests.bundles import with_prices, without_priors
from training.__main__ import cli, main
from training.export import (
    CLUSTERS_CSV,
    EXPORTED,
    KINDS_CSV,
    MODELS_CSV,
    PRICES_CSV,
    QUALITY_CSV,
    WORDS_CSV,
    export,
    pack,
    tables,
)

PROMPTS = (
    "A tiny one: Add the numbers 3 and 4, then multiply by 5.",
    "A nasty one: Write a python function that sorts 12 items and returns item 7 of 9.",
    "",
)


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive, "r:gz") as tar:
        tar.extractall(folder, filter="data")
    (only,) = folder.iterdir()
    return only


def decisions(bundle: Path) -> list[dict[str, object]]:
    engine = open_session(None, str(bundle), None, use_default=False).engine
    return [to_dict(engine.decide(messages=[{"role": "user", "content": prompt}])) for prompt in PROMPTS]


def test_an_archive_unpacks_to_the_bundle_it_was(small_bundle: Path, tmp_path: Path) -> None:
    export(small_bundle, None, tmp_path / "b.tar.gz")
    there = unpacked(tmp_path / "b.tar.gz", tmp_path / "there")
    assert there.name == load_bundle(there).id == load_bundle(small_bundle, canary=False).id
    assert {path.name for path in there.iterdir()} == {*FILES, MANIFEST}
    for path in there.iterdir():
        assert path.read_bytes() == (small_bundle / path.name).read_bytes()
    assert decisions(there) == decisions(small_bundle)


def test_an_archive_tells_nothing_of_where_and_when_it_was_made(
    small_bundle: Path, bundle_path: Path, tmp_path: Path
) -> None:
    for path in bundle_path.iterdir():
        os.utime(path, (1e9, 1e9))
        path.chmod(0o600)
    (bundle_path / "notes.txt").write_text("no part of a bundle")
    export(small_bundle, None, tmp_path / "here.tar.gz")
    export(bundle_path, None, tmp_path / "elsewhere.tgz")
    assert (tmp_path / "here.tar.gz").read_bytes() == (tmp_path / "elsewhere.tgz").read_bytes()
    created = load_bundle(small_bundle, canary=False).manifest.created.timestamp()
    with tarfile.open(tmp_path / "here.tar.gz") as tar:
        members = tar.getmembers()
    assert members[0].isdir()
    assert members[-1].name.endswith(MANIFEST)
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", created)}
    assert {m.mode for m in members[1:]} == {0o644}


def test_an_archive_stays_within_its_directory_whatever_the_bundle_is_called(small_bundle: Path) -> None:
    loaded = load_bundle(small_bundle, canary=False)
    called = replace(loaded, manifest=loaded.manifest.model_copy(update={"id": ".."}))
    packed = pack(called, dict.fromkeys((*FILES, MANIFEST), b""))
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert {name.partition("/")[0] for name in tar.getnames()} == {"bundle"}


def test_the_tables_hold_the_numbers_of_the_bundle(small_bundle: Path, tmp_path: Path) -> None:
    loaded = export(small_bundle, tmp_path / "out", None)
    table = loaded.knowledge.table
    shape = (len(table.models), len(table.share))
    found = rows_of((tmp_path / "out" / QUALITY_CSV).read_bytes())
    assert [(row["model"], int(row["cluster"])) for row in found] == [
        (model, cluster) for model in table.models for cluster in range(shape[1])
    ]
    columns = {
        "quality": table.shrunk(),
        "mean": table.mean,
        "count": table.count,
        "prior": table.prior,
        "output_tokens": table.tokens,
    }
    for name, values in columns.items():
        read = np.array([row[name] for row in found], np.float32).reshape(shape)
        assert (read == values).all(), name
    shares = rows_of((tmp_path / "out" / CLUSTERS_CSV).read_bytes())
    assert [int(row["cluster"]) for row in shares] == list(range(shape[1]))
    assert (np.array([row["share"] for row in shares], np.float32) == table.share).all()
    words, vocab = loaded.knowledge.words, loaded.knowledge.embedding.vocab
    spoken = rows_of((tmp_path / "out" / WORDS_CSV).read_bytes())
    pulls = [float(row["pull"]) for row in spoken]
    assert pulls == sorted(pulls, reverse=True)
    assert len(spoken) == np.count_nonzero(words.pull[: len(vocab)])
    assert pulls[0] > 0 > pulls[-1]
    at = vocab.index(spoken[0]["word"].encode())
    assert np.float32(spoken[0]["pull"]) == words.pull[at]
    assert np.float32(spoken[0]["rarity"]) == words.rarity[at]


def test_the_models_come_with_quality_outcomes_and_the_prices_the_bundle_has(small_bundle: Path) -> None:
    loaded = load_bundle(small_bundle, canary=False)
    table = loaded.knowledge.table
    found = {row["model"]: row for row in rows_of(tables(loaded)[MODELS_CSV])}
    assert list(found) == list(table.models)
    quality = np.array([row["quality"] for row in found.values()], np.float32)
    assert (quality == table.shrunk() @ table.share).all()
    assert found["tiny-1b"]["outcomes"] == "360"
    assert (found["tiny-1b"]["published"], found["tiny-1b"]["latest"]) == ("4", "2026-01-01")
    assert found["gpt-5@medium"]["outcomes"] == "0"
    price = found["tiny-1b"]["input_usd_per_mtok"], found["tiny-1b"]["output_usd_per_mtok"]
    assert price == ("0.1", "0.1")
    assert loaded.prices["tiny-1b"] == (0.1, 0.1)
    assert "gpt-5@medium" not in loaded.prices
    assert found["gpt-5@medium"]["input_usd_per_mtok"] == found["gpt-5@medium"]["output_usd_per_mtok"] == ""


def test_kinds_and_price_classes_are_written(bundle_path: Path) -> None:
    with_prices(bundle_path)
    loaded = load_bundle(bundle_path, canary=False)
    priors, classes = loaded.priors, loaded.knowledge.table.price_classes
    assert priors is not None
    assert classes is not None
    written = tables(loaded)
    kinds = rows_of(written[KINDS_CSV])
    assert [(row["model"], row["kind"]) for row in kinds] == [
        (m, k) for m in loaded.models for k in priors.kinds
    ]
    read = np.array([row["quality"] for row in kinds], np.float32).reshape(priors.by_kind.shape)
    assert (read == priors.by_kind).all()
    prices = rows_of(written[PRICES_CSV])
    read = np.array([row["quality"] for row in prices], np.float32).reshape(classes.quality.shape)
    assert (read == classes.quality).all()
    assert {row["output_usd_per_mtok"] for row in prices} == {"1", "10"}


def test_a_bundle_of_format_2_is_exported_with_what_it_has(bundle_path: Path, tmp_path: Path) -> None:
    without_priors(bundle_path, 2)
    loaded = export(bundle_path, tmp_path / "out", tmp_path / "b.tar.gz")
    assert rows_of((tmp_path / "out" / KINDS_CSV).read_bytes()) == []
    assert rows_of((tmp_path / "out" / PRICES_CSV).read_bytes()) == []
    assert rows_of((tmp_path / "out" / MODELS_CSV).read_bytes())[0]["published"] == ""
    assert load_bundle(unpacked(tmp_path / "b.tar.gz", tmp_path / "there")).id == loaded.id


def test_a_models_name_may_hold_what_separates_columns(small_bundle: Path) -> None:
    loaded = load_bundle(small_bundle, canary=False)
    table = loaded.knowledge.table
    odd = ('a, "b"\nc', *table.models[1:])
    renamed = QualityTable(odd, table.mean, table.count, table.prior, table.tokens, table.share, table.kappa)
    changed = replace(loaded, knowledge=replace(loaded.knowledge, table=renamed))
    assert rows_of(tables(changed)[MODELS_CSV])[0]["model"] == odd[0]


def test_what_is_no_table_stands_as_it_is_in_the_bundle(small_bundle: Path, tmp_path: Path) -> None:
    export(small_bundle, tmp_path / "a" / "out", None)
    assert {path.name for path in (tmp_path / "a" / "out").iterdir()} == EXPORTED
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out"]
    for name in (TRIAGE, MANIFEST, CARD, NOTICE):
        assert (tmp_path / "a" / "out" / name).read_bytes() == (small_bundle / name).read_bytes()


def test_the_shipped_bundle_is_exported_where_none_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["export", "--out", str(tmp_path / "out"), "--archive", str(tmp_path / "b.tar.gz")]
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == load_bundle(canary=False).id
    assert (tmp_path / "out" / MANIFEST).read_bytes() == (default_path() / MANIFEST).read_bytes()
    assert unpacked(tmp_path / "b.tar.gz", tmp_path / "there").name == result.stdout.strip()


def test_an_earlier_export_gives_way_to_force_alone(small_bundle: Path, tmp_path: Path) -> None:
    out, archive = tmp_path / "out", tmp_path / "b.tar.gz"
    out.mkdir()
    export(small_bundle, out, archive)  # an empty directory is nothing to lose
    archive.write_bytes(b"old")
    (out / MODELS_CSV).write_bytes(b"old")
    (out / QUALITY_CSV).unlink()
    for only_out, only_archive in ((out, None), (None, archive)):
        with pytest.raises(ConfigError, match="--force replaces it"):
            export(small_bundle, only_out, only_archive)
    assert (out / MODELS_CSV).read_bytes() == archive.read_bytes() == b"old"
    export(small_bundle, out, archive, force=True)
    assert {path.name for path in out.iterdir()} == EXPORTED
    assert (out / MODELS_CSV).read_bytes() != b"old"
    assert unpacked(archive, tmp_path / "there").is_dir()
    assert {path.name for path in tmp_path.iterdir()} == {"out", "b.tar.gz", "there"}


def test_force_takes_nothing_that_is_no_export(small_bundle: Path, bundle_path: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match=r"'thesis\.tex', which is no part of an export"):
        export(small_bundle, mine, None, force=True)
    with pytest.raises(ConfigError, match="no part of an export"):
        export(bundle_path, bundle_path, None, force=True)
    with pytest.raises(ConfigError, match="no regular file"):
        export(small_bundle, None, mine, force=True)
    with pytest.raises(ConfigError, match="no regular file"):
        export(small_bundle, None, Path(os.devnull), force=True)
    assert (mine / "thesis.tex").read_text() == "years of work"
    assert load_bundle(bundle_path, canary=False).id


def test_nothing_is_written_where_one_of_the_two_targets_is_refused(
    small_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file; --out wants a directory"):
        export(small_bundle, tmp_path / "file", tmp_path / "b.tar.gz")
    with pytest.raises(ConfigError, match="is there already"):
        export(small_bundle, tmp_path / "out", tmp_path / "file")
    with pytest.raises(ConfigError, match="both"):
        export(small_bundle, tmp_path / "out", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_what_was(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    export(small_bundle, out, None)
    (out / MODELS_CSV).write_bytes(b"old")
    rename = Path.rename

    def full(folder: Path, contents: object) -> None:
        folder.mkdir()
        (folder / MODELS_CSV).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    def stuck(path: Path, target: Path) -> Path:
        if target == out and not path.name.endswith(".old"):
            raise OSError(16, "Device or resource busy")
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(export_module, "_fill", full)
        with pytest.raises(ConfigError, match="No space left"):
            export(small_bundle, out, None, force=True)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", stuck)
        with pytest.raises(ConfigError, match="busy"):
            export(small_bundle, out, None, force=True)
    assert (out / MODELS_CSV).read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_bundle_that_changes_while_it_is_read_is_refused(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(path: Path) -> Bundle:
        return replace(load_bundle(path, canary=False), manifest_sha256="0" * 64)

    monkeypatch.setattr(export_module, "load_bundle", other)
    with pytest.raises(BundleDamaged, match="replaced while it was read"):
        export(small_bundle, tmp_path / "out", None)
    assert not list(tmp_path.iterdir())


def damaged(bundle: Path) -> Path:
    (bundle / TRIAGE).write_bytes((bundle / TRIAGE).read_bytes()[:-1])
    return bundle


def under_a_file(bundle: Path) -> Path:
    return bundle / MANIFEST / "out"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (lambda b: ["--bundle", b], "Say where to: --out DIRECTORY, --archive FILE.tar.gz, or both."),
        (lambda b: ["--bundle", b / "none", "--out", b / "out"], "Can't read"),
        (lambda b: ["--bundle", damaged(b), "--out", b / "out"], "its manifest says"),
        (lambda b: ["--bundle", b / MANIFEST, "--out", b / "out"], "is a file"),
        (lambda b: ["--bundle", b, "--out", under_a_file(b)], "Can't write"),
        (lambda b: ["--bundle", b, "--archive", under_a_file(b)], "Can't write"),
        (lambda b: ["--bundle", b, "--out", b / ("x" * 300)], "File name too long"),
    ],
)
def test_a_users_mistake_ends_in_a_sentence(
    bundle_path: Path,
    arguments: Callable[[Path], list[object]],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["training", "export", *map(str, arguments(bundle_path))])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
