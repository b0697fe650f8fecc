"""`heimdall check`: everything that is wrong, at once, and an exit code that can be relied on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from heimdall_litellm.cli.main import main
from heimdall_litellm.plugin.seams import Seam

ROOT = Path(__file__).parents[2]
KEYS = {
    "OPENAI_API_KEY": "sk-canary-1",
    "ANTHROPIC_API_KEY": "sk-canary-2",
    "LITELLM_MASTER_KEY": "sk-canary-3",
}
Check = Callable[..., Result]


@pytest.fixture(autouse=True)
def _known_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heimdall_litellm.plugin.seams.probe", lambda: (Seam("a.hook", True, "for routing"),))


def sample(bundle: Path) -> dict[str, Any]:
    return {
        "model_list": [
            {"model_name": "heimdall", "litellm_params": {"model": "openai/gpt-4o-mini"}},
            {"model_name": "small", "litellm_params": {"model": "openai/gpt-4o-mini"}},
            {"model_name": "big", "litellm_params": {"model": "openai/o3"}},
            {"model_name": "claude", "litellm_params": {"model": "anthropic/claude-3-5-sonnet-20241022"},
             "model_info": {"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05}},
        ],
        "litellm_settings": {"callbacks": ["heimdall_litellm.heimdall"]},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
        "callback_settings": {"heimdall": {"tuning": {"bundle": str(bundle)}}},
    }  # fmt: skip


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(
        config: dict[str, Any], *options: str, env: dict[str, str] | None = None, width: int = 200
    ) -> Result:
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        environ = {**(KEYS if env is None else env), "COLUMNS": str(width)}
        return CliRunner().invoke(main, ["check", str(path), *options], env=environ)

    return run


def found(result: Result) -> dict[tuple[str, str], list[str]]:
    """Texts of the findings by light and subject."""
    texts: dict[tuple[str, str], list[str]] = {}
    for finding in json.loads(result.stdout)["findings"]:
        texts.setdefault((finding["light"], finding["about"]), []).append(finding["text"])
    return texts


def test_a_good_configuration_would_serve(check: Check, small_bundle: Path) -> None:
    result = check(sample(small_bundle))
    assert result.exit_code == 0, result.output
    assert result.stdout.rstrip().endswith("Would serve.")
    assert "warn" not in result.stdout


def test_the_report_shows_buckets_prices_windows_credentials_and_the_bundle(
    check: Check, small_bundle: Path
) -> None:
    result = check(sample(small_bundle), env={**KEYS, "ANTHROPIC_API_KEY": ""})
    assert result.exit_code == 0
    assert "Would serve, with" in result.stdout
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "cheap small (proposed)" in lines
    assert "small 0.15 0.60 128k found gpt-4o-mini" in lines
    assert any(line.startswith("claude 3.00 15.00") and "set ANTHROPIC_API_KEY" in line for line in lines)
    assert any("20 models; verified" in line for line in lines)


def test_no_key_is_ever_printed(check: Check, small_bundle: Path) -> None:
    config = sample(small_bundle)
    config["model_list"][2]["litellm_params"]["api_key"] = "sk-canary-4"
    assert "canary" not in check(config).output
    assert "canary" not in check(config, "--json").output


@pytest.mark.parametrize("width", [80, 120])
def test_it_fits_a_terminal_and_carries_no_codes_where_nobody_watches(
    check: Check, small_bundle: Path, width: int
) -> None:
    output = check(sample(small_bundle), env={}, width=width).stdout
    assert max(map(len, output.splitlines())) <= width
    assert "\x1b" not in output


def test_json_says_the_same(check: Check, small_bundle: Path) -> None:
    config = sample(small_bundle)
    config["model_list"].append({"model_name": "eco", "litellm_params": {"model": "openai/gpt-4o-mini"}})
    config["callback_settings"]["heimdall"]["profiles"] = {
        "eco": {"alpha": 0.2, "hard_candidates": ["small"]}
    }
    data = json.loads(check(config, "--json").stdout)
    assert data["would_serve"] is True
    first, eco = data["virtual_models"]
    assert (first["name"], first["proposed"]) == ("heimdall", ["cheap", "mid", "hard"])
    assert (eco["name"], eco["alpha"], eco["proposed"]) == ("eco", 0.2, ["cheap", "mid"])
    assert (first["policy"], eco["policy"]) == ("triage", "bucket")
    assert eco["buckets"]["hard"] == ["small"]
    small = next(candidate for candidate in data["candidates"] if candidate["name"] == "small")
    assert small == {
        "name": "small",
        "upstream": "openai/gpt-4o-mini",
        "provider": "openai",
        "input_usd_per_mtok": 0.15,
        "output_usd_per_mtok": 0.6,
        "max_input_tokens": 128_000,
        "missing_credential": None,
        "is_simulated": False,
        "known_as": "gpt-4o-mini",
    }


def test_profiles_with_the_same_buckets_are_not_listed_twice(check: Check, small_bundle: Path) -> None:
    config = sample(small_bundle)
    config["model_list"].append({"model_name": "eco", "litellm_params": {"model": "openai/gpt-4o-mini"}})
    config["callback_settings"]["heimdall"]["profiles"] = {"eco": {"alpha": 0.2}}
    assert "eco  alpha 0.2, policy triage, buckets as heimdall" in check(config).stdout


def set_at(config: dict[str, Any], path: str, value: object) -> None:
    *above, last = path.split(".")
    node = config
    for key in above:
        node = node.setdefault(key, {})
    node[last] = value


SETTINGS = "callback_settings.heimdall"


@pytest.mark.parametrize(
    ("path", "value", "about", "text"),
    [
        (f"{SETTINGS}.router", {"alpha": 7}, "settings", "router.alpha: 7 is not allowed"),
        (f"{SETTINGS}.catalog", {"sources": ["openruoter"]}, "catalog", "did you mean openrouter?"),
        (f"{SETTINGS}.router", {"alhpa": 1}, "settings", "did you mean router.alpha?"),
        (f"{SETTINGS}.router", {"mid_candidates": ["gone"]}, "buckets", "mid_candidates names 'gone'"),
        (f"{SETTINGS}.profiles", {"eco": {}}, "models", "'eco' must be a model_name"),
        (f"{SETTINGS}.tuning", {"bundle": "/nowhere"}, "bundle", "/nowhere"),
        ("model_list", 5, "models", "model_list must be a list"),
        ("model_list", [{"model_name": "heimdall"}], "models", "litellm_params.model is missing"),
        ("litellm_settings.callbacks", ["prometheus"], "callback", "Heimdall is not switched on"),
        ("include", ["gone.yaml"], "file", "gone.yaml does not exist"),
    ],
)
def test_what_would_not_serve_is_red_and_named(
    check: Check, small_bundle: Path, path: str, value: object, about: str, text: str
) -> None:
    config = sample(small_bundle)
    set_at(config, path, value)
    result = check(config, "--json")
    assert result.exit_code == 1
    assert any(text in said for said in found(result)["red", about])


def test_the_adapters_are_shown_with_their_hosts_and_an_unknown_one_is_red(
    check: Check, small_bundle: Path
) -> None:
    config = sample(small_bundle)
    (shown,) = found(check(config, "--json"))["green", "auth"]
    assert "anthropic-oauth (api.anthropic.com)" in shown
    set_at(config, f"{SETTINGS}.auth_adapters", {"enabled": ["google-auth"]})
    result = check(config, "--json")
    assert result.exit_code == 1
    assert "did you mean google-oauth?" in found(result)["red", "auth"][0]


@pytest.mark.parametrize(
    ("path", "value", "about", "text"),
    [
        ("litellm_settings.callbacks", "heimdall_litellm.heimdall", "callback", "replaces all others"),
        ("general_settings", {}, "master key", "general_settings.master_key is not set"),
        ("general_settings.master_key", "os.environ/GONE", "master key", "GONE is not set"),
        (
            "general_settings.forward_llm_provider_auth_headers",
            True,
            "credentials",
            "hands one provider's key",
        ),
    ],
)
def test_what_deserves_a_look_is_amber_and_would_serve(
    check: Check, small_bundle: Path, path: str, value: object, about: str, text: str
) -> None:
    config = sample(small_bundle)
    set_at(config, path, value)
    env = {name: key for name, key in KEYS.items() if name != "LITELLM_MASTER_KEY"}
    if about != "master key":
        env = KEYS
    result = check(config, "--json", env=env)
    assert result.exit_code == 0
    assert any(text in said for said in found(result)["amber", about])


def test_a_master_key_in_the_file_needs_no_variable(check: Check, small_bundle: Path) -> None:
    config = sample(small_bundle)
    set_at(config, "general_settings.master_key", "sk-canary")
    result = check(config, "--json", env={"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"})
    assert ("amber", "master key") not in found(result)
    assert "canary" not in result.output


def test_all_problems_are_listed_and_counted(check: Check, small_bundle: Path) -> None:
    config = sample(small_bundle)
    set_at(config, f"{SETTINGS}.router", {"alpha": 7, "top_p": 0})
    config.pop("litellm_settings")
    result = check(config)
    assert result.exit_code == 1
    assert "Would not serve: 3 problems." in result.stdout


def test_without_any_key_the_simulated_provider_stands_in(check: Check, small_bundle: Path) -> None:
    result = check(sample(small_bundle), "--json", env={})
    assert result.exit_code == 0
    assert "simulated provider" in found(result)["amber", "credentials"][0]
    assert all(candidate["is_simulated"] for candidate in json.loads(result.stdout)["candidates"])
    assert "simulated" in check(sample(small_bundle), env={}).stdout


def test_a_real_configuration_without_any_key_would_not_serve(check: Check, small_bundle: Path) -> None:
    config = sample(small_bundle)
    set_at(config, f"{SETTINGS}.simulation", {"mode": "never"})
    result = check(config, "--json", env={})
    assert result.exit_code == 1
    assert found(result)["red", "credentials"] == [
        "no candidate has one; set OPENAI_API_KEY, ANTHROPIC_API_KEY",
    ]


def test_a_bucket_that_nobody_can_serve_is_pointed_out(check: Check, small_bundle: Path) -> None:
    config = sample(small_bundle)
    set_at(config, f"{SETTINGS}.router", {"hard_candidates": ["claude"]})
    result = check(config, "--json", env={**KEYS, "ANTHROPIC_API_KEY": ""})
    assert found(result)["amber", "buckets"] == ["no hard candidate of heimdall has a credential"]


def test_models_without_price_or_quality_are_pointed_out(check: Check, small_bundle: Path) -> None:
    config = sample(small_bundle)
    config["model_list"].append({"model_name": "mine", "litellm_params": {"model": "hosted_vllm/mine"}})
    result = check(config, "--json")
    assert "unknown for mine" in found(result)["amber", "prices"][0]
    assert "does not know mine" in found(result)["amber", "quality"][0]


def test_a_file_that_hides_the_package_is_pointed_out(
    check: Check, small_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "heimdall_litellm.py").touch()
    result = check(sample(small_bundle), "--json")
    assert result.exit_code == 1
    assert "hides the package" in found(result)["red", "callback"][0]


@pytest.mark.parametrize(("is_essential", "exit_code", "light"), [(True, 1, "red"), (False, 0, "amber")])
def test_a_missing_seam_is_named_with_what_is_lost(
    check: Check,
    small_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_essential: bool,
    exit_code: int,
    light: str,
) -> None:
    missing = Seam("a.hook", False, "no headers", is_essential)
    monkeypatch.setattr("heimdall_litellm.plugin.seams.probe", lambda: (missing,))
    result = check(sample(small_bundle), "--json")
    assert result.exit_code == exit_code
    assert found(result)[light, "seams"] == ["LiteLLM has no a.hook: no headers"]


def test_a_missing_litellm_is_a_finding_and_no_traceback(
    check: Check, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr("heimdall_litellm.cli.inspection.version", gone)
    monkeypatch.setattr("heimdall_litellm.cli.inspection.find_spec", lambda _: None)
    monkeypatch.setattr("heimdall_litellm.catalog.price_map.find_spec", lambda _: None)
    result = check(sample(small_bundle), "--json")
    assert result.exit_code == 1
    assert "not installed" in found(result)["red", "litellm"][0]
    assert "LiteLLM is not installed" in found(result)["red", "models"][0]


def test_invalid_yaml_is_named_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("model_list: [\n  {a: 1}}\n")
    result = CliRunner().invoke(main, ["check", str(path)], env={"COLUMNS": "300"})
    assert result.exit_code == 1
    assert "c.yaml, line 2, column 9: not valid YAML" in result.stdout


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["check", "gone.yaml"])
    assert result.exit_code == 2
    assert "gone.yaml" in result.stderr


def test_the_installed_litellm_has_all_essential_seams(tmp_path: Path, small_bundle: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(sample(small_bundle)), encoding="utf-8")
    program = "from heimdall_litellm.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "check", str(path), "--json"],
        cwd=ROOT,
        env={"PATH": "", **KEYS},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "found in LiteLLM" in done.stdout
