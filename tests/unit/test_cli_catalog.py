"""The command `catalog`, on a store that a proxy has filled."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from heimdall_litellm.catalog.drift import Compared
from heimdall_litellm.catalog.facts import Drift, Listing
from heimdall_litellm.catalog.lookout import asked_by
from heimdall_litellm.catalog.sources.registry import sources
from heimdall_litellm.catalog.store import Kept, Store
from heimdall_litellm.cli.main import main

NOW = datetime.now(UTC)
R1 = {"input_usd_per_mtok": 0.5, "output_usd_per_mtok": 2.5, "max_input_tokens": 64_000, "has_tools": True}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"COLUMNS": "100", "OPENROUTER_API_KEY": "sk-or"})


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _configured(directory: Path, **catalog: object) -> Path:
    settings = {"sources": ["litellm", "openrouter"], "store": str(directory / "kept.sqlite"), **catalog}
    models = {"heimdall": "openai/gpt-5", "r1": "openrouter/deepseek/deepseek-r1", "five": "openai/gpt-5"}
    config = {
        "model_list": [{"model_name": n, "litellm_params": {"model": m}} for n, m in models.items()],
        "litellm_settings": {"callbacks": ["heimdall_litellm.heimdall"]},
        "callback_settings": {"heimdall": {"catalog": settings}},
    }
    path = directory / "litellm_config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose store was filled an hour ago, and in which a price has changed since."""
    path = _configured(tmp_path)
    (openrouter,) = [source for source in sources(["openrouter"]) if source.url is not None]
    store = Store(tmp_path / "kept.sqlite")
    read_at = (NOW - timedelta(hours=1)).timestamp()
    listings = [Listing("openrouter", "deepseek/deepseek-r1", R1), Listing("openrouter", "maker/other", {})]
    store.put("openrouter", asked_by(openrouter.url, {}), Kept(read_at, read_at), listings)
    what = ("price", "openrouter", "deepseek/deepseek-r1", "openrouter", "output_usd_per_mtok")
    changes = [
        Drift(NOW - timedelta(days=40), "vanished", "openrouter", "maker/gone", "openrouter"),
        Drift(NOW - timedelta(hours=2), *what, 2.0, 2.5),
    ]
    store.notice("openrouter", "asked", 0.0, 0.0, lambda told, lately: Compared(changes, ()))
    return path


def test_list_shows_what_each_model_costs_and_where_that_is_known_from(config: Path) -> None:
    shown = run("catalog", "list")
    assert shown.exit_code == 0, shown.output
    (r1,) = [line for line in shown.output.splitlines() if line.startswith("r1 ")]
    assert r1.split()[1:4] == ["0.50", "2.50", "64k"]
    assert r1.split()[-1] == "openrouter"
    (five,) = [line for line in shown.output.splitlines() if line.startswith("five ")]
    assert five.split()[-1] == "litellm"
    assert "heimdall" not in shown.output
    assert "1 h ago" in shown.output
    assert "USD per million tokens" in shown.output


def test_list_says_that_a_source_is_not_believed_for_now(config: Path, tmp_path: Path) -> None:
    (openrouter,) = [source for source in sources(["openrouter"]) if source.url is not None]
    store, asked = Store(tmp_path / "kept.sqlite"), asked_by(openrouter.url or "", {})
    at = (NOW - timedelta(minutes=5)).timestamp()
    read_at = (NOW - timedelta(hours=1)).timestamp()
    held = Kept(at, read_at, error="openrouter: suspected since 07:55, as 9 of 9 models are gone")
    store.put("openrouter", asked, held)
    store.put("openrouter", f"{asked}:suspected", Kept(at, at, 1, etag="d1gest"))
    assert "suspected since 07:55" in " ".join(run("catalog", "list").output.split())
    (told, *_) = json.loads(run("catalog", "list", "--json").output)["sources"]
    assert told["suspected_since"] == (NOW - timedelta(minutes=5)).replace(microsecond=0).isoformat()
    assert told["models"] == 2


def test_list_is_narrowed_by_provider_family_and_capability(config: Path) -> None:
    def names(*options: str) -> list[str]:
        found = json.loads(run("catalog", "list", "--json", *options).stdout)
        return [model["name"] for model in found["models"]]

    assert names() == ["five", "r1"]
    assert names("--provider", "openrouter") == ["r1"]
    assert names("--family", "gpt") == ["five"]
    assert names("--family", "gpt", "--provider", "openrouter") == []
    assert names("--capability", "vision") == ["five"]
    assert names("--capability", "vision", "--provider", "openrouter") == []
    assert run("catalog", "list", "--capability", "telepathy").exit_code == 2


def test_every_fact_of_a_model_comes_with_its_source_and_time(config: Path) -> None:
    found = json.loads(run("catalog", "show", "r1", "--json").stdout)
    price = found["facts"]["output_usd_per_mtok"]
    assert (price["value"], price["source"]) == (2.5, "openrouter")
    assert datetime.fromisoformat(price["read_at"]) == pytest.approx(
        NOW - timedelta(hours=1), abs=timedelta(seconds=2)
    )
    assert found["is_listed"] is True
    assert found["quality"]["known_as"] == "deepseek-r1"
    assert found["quality"]["by_kind"]
    people = run("catalog", "show", "r1").output
    assert "$2.5 / 1M tokens" in people
    assert "in openrouter's own list" in people


def test_a_model_that_is_not_configured_is_shown_too(config: Path) -> None:
    found = json.loads(run("catalog", "show", "anthropic/claude-sonnet-4-5", "--json").stdout)
    assert found["facts"]["output_usd_per_mtok"]["source"] == "litellm"
    assert found["missing_credential"] == "ANTHROPIC_API_KEY"


def test_a_model_that_nobody_knows_is_a_no(config: Path) -> None:
    said = run("catalog", "show", "nobody/knows-this")
    assert said.exit_code == 1
    assert "is unknown" in said.stderr
    asked = run("catalog", "show", "nobody/knows-this", "--json")
    assert asked.exit_code == 1
    assert "unknown" in json.loads(asked.stdout)["error"]


def test_a_model_that_is_nearly_spelt_like_one_of_ones_own_is_named(config: Path) -> None:
    assert "Did you mean five?" in run("catalog", "show", "fiev").stderr


def test_where_no_price_is_known_it_is_said_instead_of_an_empty_table(config: Path) -> None:
    shown = run("catalog", "show", "hosted_vllm/openai/gpt-oss-120b").stdout
    assert "price   unknown; an unknown price counts as the dearest" in shown
    assert "value" not in shown
    assert "unknown" not in run("catalog", "show", "five").stdout
    assert json.loads(run("catalog", "show", "five", "--json").stdout)["family"] == "gpt"


def test_diff_shows_changes_newest_first_as_far_back_as_asked(config: Path) -> None:
    (change,) = json.loads(run("catalog", "diff", "--json").stdout)["changes"]
    assert (change["kind"], change["before"], change["after"]) == ("price", 2.0, 2.5)
    assert len(json.loads(run("catalog", "diff", "--days", "60", "--json").stdout)["changes"]) == 2
    shown = run("catalog", "diff", "--days", "60").output.splitlines()
    assert "output $2 -> $2.5 per 1M tokens" in shown[0]
    assert "maker/gone is gone" in shown[1]


def test_with_nothing_to_tell_diff_says_so(tmp_path: Path) -> None:
    assert "Nothing has changed in 7 days" in run("catalog", "diff", "--days", "7").output


def test_refresh_reports_a_source_that_cannot_be_reached_and_keeps_what_is_known(
    config: Path, tmp_path: Path
) -> None:
    unreachable = {"openrouter": "https://localhost/api/v1/models"}
    _configured(tmp_path, urls=unreachable, private_hosts=["localhost"], timeout_s=5)
    told = run("catalog", "refresh", "--json")
    assert told.exit_code == 1
    by_name = {source["name"]: source for source in json.loads(told.stdout)["sources"]}
    assert "localhost" in by_name["openrouter"]["error"]
    assert by_name["litellm"]["models"] > 1000
    _configured(tmp_path)
    assert "openrouter" in run("catalog", "list").output
    assert json.loads(run("catalog", "show", "r1", "--json").stdout)["is_listed"] is True


def test_refresh_with_the_price_map_alone_succeeds(tmp_path: Path) -> None:
    _configured(tmp_path, sources=["litellm"])
    told = run("catalog", "refresh")
    assert told.exit_code == 0, told.output
    assert "litellm" in told.output


def test_a_configuration_without_models_has_nothing_to_list(tmp_path: Path) -> None:
    (tmp_path / "litellm_config.yaml").write_text("model_list: []\n")
    said = run("catalog", "list")
    assert (said.exit_code, said.stdout) == (0, "")
    assert "model_list is empty" in said.stderr


def test_without_a_configuration_list_says_what_to_do() -> None:
    said = run("catalog", "list")
    assert said.exit_code == 2
    assert "--config" in said.stderr


LONG = "a-group-name-of-somebody-who-likes-to-say-it-all/with/slashes/and-no-spaces-at-all-in-it-v1.2.3"


def _with_models(directory: Path, **more: dict[str, object]) -> None:
    path = _configured(directory)
    given = yaml.safe_load(path.read_text())
    given["model_list"] += [{"model_name": name, **deployment} for name, deployment in more.items()]
    path.write_text(yaml.safe_dump(given))


@pytest.mark.parametrize("columns", [76, 80])
def test_a_long_name_is_folded_and_leaves_the_other_columns_whole(tmp_path: Path, columns: int) -> None:
    _with_models(tmp_path, **{LONG: {"litellm_params": {"model": "openai/gpt-5"}}})
    shown = CliRunner().invoke(main, ["catalog", "list"], env={"COLUMNS": str(columns)}).stdout.splitlines()
    table = shown[: next(n for n, line in enumerate(shown) if line.startswith("USD"))]
    assert max(map(len, table)) <= columns
    first = next(n for n, line in enumerate(table) if line.startswith("a-"))
    models = json.loads(run("catalog", "list", "--json").stdout)["models"]
    (quality,) = (f"{model['quality']['value']:.2f}" for model in models if model["name"] == LONG)
    assert table[first].split()[1:] == ["1.25", "10.00", "272k", quality, "published", "V-FTJR", "litellm"]
    after = next(n for n, line in enumerate(table) if line.startswith("five"))
    assert table[first].split()[0] + "".join(line.strip() for line in table[first + 1 : after]) == LONG
    as_data = json.loads(run("catalog", "list", "--json").stdout)["models"]
    assert LONG in [model["name"] for model in as_data]


def test_nothing_is_folded_where_nobody_watches(tmp_path: Path) -> None:
    _with_models(tmp_path, **{LONG: {"litellm_params": {"model": "openai/gpt-5"}}})
    for command in (["list"], ["show", "heimdall"]):
        shown = CliRunner().invoke(main, ["catalog", *command], env={"COLUMNS": None}).stdout
        assert [line.split()[1:3] for line in shown.splitlines() if LONG in line] == [["1.25", "10.00"]]


def test_a_price_keeps_its_figures_however_small(tmp_path: Path) -> None:
    prices = {"tiny": (1e-12, 7.5e-8), "free": (0.0, 0.0), "tinier": (1e-14, 3.4e-9)}
    given: dict[str, dict[str, object]] = {
        name: {
            "litellm_params": {"model": "openai/gpt-5"},
            "model_info": {"input_cost_per_token": into, "output_cost_per_token": out},
        }
        for name, (into, out) in prices.items()
    }
    _with_models(tmp_path, **given, who={"litellm_params": {"model": "openai/nobody-knows"}})
    rows = {line.split()[0]: line.split()[1:3] for line in run("catalog", "list").output.splitlines() if line}
    assert rows["tiny"] == ["0.000001", "0.075"]
    assert rows["tinier"] == ["<0.000001", "0.0034"]
    assert rows["free"] == ["0", "0"]
    assert rows["who"] == ["–", "–"]
    assert rows["five"] == ["1.25", "10.00"]
    assert "$0.000001 / 1M tokens" in run("catalog", "show", "tiny").output


def test_a_virtual_name_is_shown_with_those_it_routes_over(config: Path) -> None:
    found = json.loads(run("catalog", "show", "heimdall", "--json").stdout)
    assert found["kind"] == "virtual"
    assert found["candidates"] == ["r1", "five"]
    assert found["default"] == "openai/gpt-5"
    people = run("catalog", "show", "heimdall").output
    assert "virtual name" in people.splitlines()[0]
    assert [line.split()[0] for line in people.splitlines() if line.startswith(("r1 ", "five "))] == [
        "r1",
        "five",
    ]
    assert "openai/gpt-5 answers where nothing is decided" in people
    assert json.loads(run("catalog", "show", "five", "--json").stdout)["kind"] == "model"


@pytest.mark.parametrize("name", ["", "  "])
def test_a_model_without_a_name_is_asked_for(config: Path, name: str) -> None:
    said = run("catalog", "show", name)
    assert said.exit_code == 2
    assert "the model has no name" in said.stderr
    assert "no name" in json.loads(run("catalog", "show", name, "--json").stdout)["error"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--provider", "opnai"], "did you mean openai?"),
        (["--provider", "nope"], "The models here are of openai, openrouter."),
        (["--family", "gtp"], "did you mean gpt?"),
        (["--family", "nope"], "The models here are of deepseek, gpt."),
        (["--family", "gpt", "--provider", "openrouter"], "No model here is of openrouter and gpt."),
        (["--family", "gpt", "--capability", "audio"], "No model here of gpt has audio."),
        (["--capability", "vision", "--provider", "openrouter"], "No model here of openrouter has vision."),
        (["--capability", "audio", "--capability", "tools"], "No model here has audio and tools."),
    ],
)
def test_where_nothing_matches_it_is_said(config: Path, options: list[str], said: str) -> None:
    shown = run("catalog", "list", *options)
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert said in shown.stderr
    asked = run("catalog", "list", "--json", *options)
    assert (asked.exit_code, json.loads(asked.stdout)["models"], asked.stderr) == (0, [], "")
