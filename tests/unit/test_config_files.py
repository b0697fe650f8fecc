"""Reading LiteLLM's YAML and the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from heimdall_litellm.config import environment, load_config, settings_from_config
from heimdall_litellm.errors import ConfigError


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_an_included_file_extends_lists_and_replaces_the_rest(tmp_path: Path) -> None:
    write(tmp_path / "more.yaml", "model_list: [{model_name: b}]\nlitellm_settings: {y: 2}\n")
    root = write(
        tmp_path / "c.yaml",
        "include: [more.yaml]\nmodel_list: [{model_name: a}]\nlitellm_settings: {x: 1}\n",
    )
    assert load_config(root) == {
        "model_list": [{"model_name": "a"}, {"model_name": "b"}],
        "litellm_settings": {"y": 2},
    }


def test_an_included_file_may_include_others_and_itself(tmp_path: Path) -> None:
    write(tmp_path / "sub" / "b.yaml", "include: [d.yaml, c.yaml]\nb: 1\n")
    write(tmp_path / "sub" / "c.yaml", "include: [b.yaml]\nc: 1\n")
    write(tmp_path / "d.yaml", "d: 1\n")  # beside the first file, not beside the one that names it
    root = write(tmp_path / "a.yaml", "include: [sub/b.yaml]\na: 1\n")
    assert load_config(root) == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_a_key_keeps_its_reference_to_the_environment(tmp_path: Path) -> None:
    root = write(tmp_path / "c.yaml", "general_settings: {master_key: os.environ/KEY}\n")
    assert load_config(root)["general_settings"] == {"master_key": "os.environ/KEY"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1,\nb: 2", "line 2, column 5: not valid YAML"),
        ("a: 1\n\tb: 2", "line 2, column 1: not valid YAML"),
        ("- 1", "must be a mapping at the top level, but is a list"),
        ("", "must be a mapping at the top level, but is empty"),
        ("a: \x00", "not valid YAML"),
        ("[" * 5_000, "nested too deeply"),
        ("include: more.yaml", "include must be a list of file names"),
        ("include: [gone.yaml]", "the included file gone.yaml does not exist"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    root = write(tmp_path / "c.yaml", text)
    with pytest.raises(ConfigError) as refused:
        load_config(root)
    assert str(root) in str(refused.value)
    assert message in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_missing_file_a_directory_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(ConfigError, match="not UTF-8 text at byte 3"):
        load_config(tmp_path / "latin.yaml")


def test_settings_are_taken_from_callback_settings_with_the_environment_filled_in() -> None:
    config = {"callback_settings": {"heimdall": {"tuning": {"bundle": "os.environ/BUNDLE"}}}}
    assert settings_from_config(config, {"BUNDLE": "dir"}).tuning.bundle == "dir"


def test_lists_are_filled_in_too() -> None:
    config = {"callback_settings": {"heimdall": {"router": {"cheap_candidates": ["os.environ/CHEAP", "b"]}}}}
    assert settings_from_config(config, {"CHEAP": "a"}).router.cheap_candidates == ("a", "b")


@pytest.mark.parametrize(
    "config", [{}, {"callback_settings": None}, {"callback_settings": {"heimdall": None}}]
)
def test_a_configuration_without_settings_means_the_defaults(config: dict[str, object]) -> None:
    assert settings_from_config(config, {}).router.alpha == 0.6


def test_a_variable_that_is_not_set_is_named() -> None:
    config = {"callback_settings": {"heimdall": {"tuning": {"bundle": "os.environ/GONE"}}}}
    with pytest.raises(ConfigError, match=r"tuning\.bundle: the environment variable GONE is not set"):
        settings_from_config(config, {})


def test_a_value_from_the_environment_is_never_shown() -> None:
    config = {"callback_settings": {"heimdall": {"simulation": {"mode": "os.environ/SECRET"}}}}
    with pytest.raises(ConfigError, match=r"the value of os\.environ/SECRET is not allowed") as refused:
        settings_from_config(config, {"SECRET": "sk-canary"})
    assert "sk-canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"heimdall": {}}, "heimdall"),
        (
            {"litellm_settings": {"callback_settings": {"heimdall": {}}}},
            "litellm_settings.callback_settings.heimdall",
        ),
        ({"callback_setings": {"heimdall": {}}}, "callback_setings.heimdall"),
        ({"router_settings": {"heimdall": {}}}, "router_settings.heimdall"),
    ],
)
def test_settings_in_the_wrong_place_are_refused_with_the_right_one(
    config: dict[str, object], where: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{where}: move this to callback_settings.heimdall"):
        settings_from_config(config, {})


def test_a_section_of_somebody_else_may_speak_of_heimdall() -> None:
    config: dict[Any, object] = {
        5: {"heimdall": 1},  # YAML's keys may be numbers
        "callback_settings": {"otel": {"heimdall": 1}},
        "environment_variables": {"heimdall": "x"},
    }
    assert settings_from_config(config, {}).name == "heimdall"


@pytest.mark.parametrize("config", [{"callback_settings": 5}, {"callback_settings": {"heimdall": [1]}}])
def test_settings_of_the_wrong_kind_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="must be a mapping"):
        settings_from_config(config, {})


def test_the_environment_is_seen_as_litellm_will_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTER", "1")
    config = {
        "environment_variables": {"INNER": "os.environ/OUTER", "PLAIN": 2, "GONE": "os.environ/NOWHERE"}
    }
    seen = environment(config)
    assert (seen["OUTER"], seen["INNER"], seen["PLAIN"]) == ("1", "1", "2")
    assert "GONE" not in seen


def test_settings_use_the_process_environment_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLE_DIR", "here")
    config = {"callback_settings": {"heimdall": {"tuning": {"bundle": "os.environ/BUNDLE_DIR"}}}}
    assert settings_from_config(config).tuning.bundle == "here"
