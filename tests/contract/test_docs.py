"""The documentation says what the code does."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest
import yaml
from referencing import Registry, Resource

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.catalog import load_price_map
from heimdall_litellm.catalog.entries import entries_from_model_list
from heimdall_litellm.catalog.facts import Listing
from heimdall_litellm.catalog.sources import Source
from heimdall_litellm.catalog.sources.registry import sources
from heimdall_litellm.cli.main import main
from heimdall_litellm.config import CatalogSettings, json_schema, load_config, settings_from_config
from heimdall_litellm.config.docs import schema_text, with_table
from heimdall_litellm.core.failover import Hop
from heimdall_litellm.health import Failure, Health
from heimdall_litellm.observe import metrics
from heimdall_litellm.plugin.attempts import Course
from heimdall_litellm.plugin.records import Record
from training.card import _LICENCES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REMEDY = "run python -m heimdall_litellm.config.docs"


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_committed_schema_is_that_of_the_code() -> None:
    assert read("settings.schema.json") == schema_text(), REMEDY


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert read("settings.md") == with_table(read("settings.md")), REMEDY


def test_the_generator_brings_outdated_files_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outdated = re.sub(r"\| `router\.alpha`.*\n", "", read("settings.md"))
    assert outdated != read("settings.md")
    (tmp_path / "settings.md").write_text(outdated, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["docs", str(tmp_path)])
    monkeypatch.delitem(sys.modules, "heimdall_litellm.config.docs")
    runpy.run_module("heimdall_litellm.config.docs", run_name="__main__")
    assert (tmp_path / "settings.md").read_text(encoding="utf-8") == read("settings.md")
    assert (tmp_path / "settings.schema.json").read_text(encoding="utf-8") == schema_text()


def validator() -> jsonschema.Draft202012Validator:
    wrapper = json.loads(read("litellm_config.schema.json"))
    registry = Registry().with_resource("settings.schema.json", Resource.from_contents(json_schema()))
    return jsonschema.Draft202012Validator(wrapper, registry=registry)


def test_the_sample_names_a_schema_that_is_there_and_accepts_it() -> None:
    text = (ROOT / "litellm_config.yaml").read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named is not None
    assert (ROOT / named[1]).is_file()
    validator().validate(yaml.safe_load(text))


@pytest.mark.parametrize("wrong", [{"router": {"alpha": 7}}, {"router": {"alhpa": 0.5}}, {"nonsense": 1}])
def test_the_schema_of_a_whole_file_refuses_wrong_settings_and_nothing_else(wrong: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator().validate({"callback_settings": {"heimdall": wrong}})
    validator().validate({"callback_settings": {"otel": wrong}, "litellm_settings": wrong})


def test_a_schema_accepts_what_the_code_accepts_for_status_codes() -> None:
    given = {"simulation": {"models": {"m": {"fail": [429, "ok"], "fail_rate": {"429": 0.1}}}}}
    validator().validate({"callback_settings": {"heimdall": given}})


def test_the_sample_configuration_is_valid_and_priced(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(ROOT / "litellm_config.yaml")
    settings = settings_from_config(config, {})
    entries = {e.name: e for e in entries_from_model_list(config["model_list"], load_price_map(), {})}  # type: ignore[arg-type]
    assert settings.names <= set(entries)
    listed = {name for names in settings.router.candidates.values() for name in names or ()}
    assert listed == set(entries) - settings.names
    for entry in entries.values():
        assert entry.input_usd_per_mtok
        assert entry.output_usd_per_mtok
        assert entry.max_input_tokens
        assert entry.missing_credential


def commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in main.commands.items():
        if isinstance(command, click.Group):
            found += [(f"{name} {sub}", below) for sub, below in command.commands.items()]
        else:
            found.append((name, command))
    return found


@pytest.mark.parametrize(
    ("name", "command"), commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_stands_in_the_manual_and_takes_json(
    name: str, command: click.Command
) -> None:
    manual = read("cli.md")
    assert f"## `heimdall {name}" in manual
    section = manual.split(f"## `heimdall {name}", 1)[1].split("\n## ", 1)[0]
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    assert "--json" in options
    missing = [option for option in options - {"--json"} if f"`{option}" not in section]
    assert missing == []


def test_the_manual_names_no_option_that_is_gone() -> None:
    known = {option for _, command in commands() for parameter in command.params for option in parameter.opts}
    named = set(re.findall(r"`(--[a-z-]+)", read("cli.md")))
    assert named <= known | {"--help", "--version"}


def test_the_copy_of_the_schema_beside_the_sample_moves_with_it(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    wrapper = json.loads((tmp_path / "docs" / "litellm_config.schema.json").read_text())
    target = wrapper["properties"]["callback_settings"]["properties"]["heimdall"]["$ref"]
    assert (tmp_path / "docs" / target).is_file()


def test_the_walk_through_training_works_as_written(tmp_path: Path) -> None:
    found = re.search(r"<!-- walk: .*?```sh\n(.*?)```", read("training.md"), re.DOTALL)
    assert found is not None
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    walked = subprocess.run(
        [shutil.which("bash") or "sh", "-e", "-c", found[1]],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert walked.returncode == 0, walked.stderr
    assert "verified" in walked.stdout
    made = load_bundle(tmp_path / "scratch" / "bundle", canary=False)
    assert made.manifest.trained_on.keys() == {"sums", "code", "poems", "puzzles"}
    assert (tmp_path / "scratch" / "tables" / "models.csv").is_file()
    assert (tmp_path / "scratch" / "bundle.tar.gz").is_file()


def test_the_sources_of_the_shipped_bundle_stand_with_the_licences_of_its_card() -> None:
    section = read("training.md").split("## What the shipped bundle was made from", 1)[1]
    rows = re.findall(r"^\| ([a-z0-9_, ]+) \| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE)
    told = {source: licence for sources, licence in rows for source in sources.split(", ")}
    del told["source"]
    assert told == {source: _LICENCES[source] for source in load_bundle(canary=False).manifest.trained_on}


def test_every_metric_and_its_labels_stand_in_the_docs() -> None:
    told = read("failover.md")
    for metric in (metrics._ATTEMPTS, metrics._SET_ASIDE):
        assert f"`{metric._name}_total`" in told
        assert all(f"`{label}`" in told for label in metric._labelnames)
    told = read("catalog.md")
    for counter in (metrics._READS, metrics._DRIFT):
        assert f"`{counter._name}_total`" in told
        assert all(f"`{label}`" in told for label in counter._labelnames)
    for gauge in (metrics._AGE, metrics._MODELS):
        assert f"`{gauge._name}`" in told
        assert gauge._labelnames == ("source",)


def test_every_source_stands_in_the_docs_with_where_it_is_read_from() -> None:
    told = read("catalog.md")
    for source in sources(CatalogSettings().sources):
        row = next(line for line in told.splitlines() if line.startswith(f"| `{source.name}` |"))
        assert source.url is None or f"`{source.url.partition('?')[0]}`" in row


def test_the_source_in_the_docs_is_one(tmp_path: Path) -> None:
    code = re.search(r"```python\n(from heimdall_litellm.*?)```", read("catalog.md"), re.DOTALL)
    assert code is not None
    (tmp_path / "acme.py").write_text(code[1], encoding="utf-8")
    made: Source = runpy.run_path(str(tmp_path / "acme.py"))["make"]()
    assert made.credentials({}) is None
    page = made.read({"models": [{"id": "m", "context": 5}]})
    assert page.listings == (Listing("acme", "m", {"max_input_tokens": 5}),)


def test_every_header_of_an_answer_stands_in_the_docs() -> None:
    record = Record("heimdall", "why", bucket="hard", alpha=0.5, served="b")
    health = Health()
    record.course = Course([Hop("a", "anthropic"), Hop("b", "openai")], limit=1)
    first = record.course.begin("a", health)
    first.own = "own:anthropic:1"
    record.course.fail(first, Failure("rate-limited", 429), health)
    record.course.begin("b", health).adapter = "openai-key"
    headers = record.headers()
    assert {"heimdall-tried", "heimdall-escalated", "heimdall-credential"} <= headers.keys()
    for text in (read("plugin.md"), (ROOT / "README.md").read_text(encoding="utf-8")):
        assert [name for name in headers if f"`{name}`" not in text] == []
