"""Catalog entries from a model_list and a price map, and the credentials they need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from heimdall_litellm.catalog import entries_from_model_list, has_any_credential, load_price_map
from heimdall_litellm.catalog.credentials import missing_credential, provider_of
from heimdall_litellm.catalog.entries import entries_from_names
from heimdall_litellm.core.types import CatalogEntry
from heimdall_litellm.errors import CatalogError

PRICES: dict[str, Mapping[str, object]] = {
    "gpt-5": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1.25e-06,
        "output_cost_per_token": 1e-05,
        "max_input_tokens": 272_000,
        "max_output_tokens": 128_000,
        "supports_vision": True,
        "supports_pdf_input": True,
        "supports_function_calling": True,
        "supports_response_schema": True,
        "supports_reasoning": True,
    },
    "azure/gpt-5": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 1.5e-06},
    "gemini/gemini-2.5-pro": {"litellm_provider": "gemini", "mode": "chat", "supports_audio_input": True},
    "deepseek/deepseek-r1": {
        "litellm_provider": "deepseek",
        "mode": "chat",
        "input_cost_per_token": 5.5e-07,
        "output_cost_per_token": 2.19e-06,
    },
    "groq/llama-3.3-70b-versatile": {
        "litellm_provider": "groq",
        "mode": "chat",
        "output_cost_per_token": 8e-07,
    },
    "snow/llama-3.3-70b": {"litellm_provider": "snowflake", "mode": "chat", "output_cost_per_token": 9e-07},
    "sambanova/Meta-Llama-3.3-70B-Instruct": {
        "litellm_provider": "sambanova",
        "mode": "chat",
        "output_cost_per_token": 7e-07,
    },
    "text-embedding-3-small": {"litellm_provider": "openai", "mode": "embedding"},
    "odd": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": "cheap",
        "output_cost_per_token": -1,
        "max_input_tokens": float("inf"),
        "supports_vision": "yes",
    },
    "claude-x@1": {"litellm_provider": "vertex_ai-anthropic_models", "mode": "chat"},
    "amazon.x": {"litellm_provider": "bedrock_converse", "mode": "chat"},
    "registered-by-the-user": {"input_cost_per_token": 1e-06},
}


def deployment(model: str, name: str = "m", info: object = None, **params: object) -> dict[str, object]:
    made: dict[str, object] = {"model_name": name, "litellm_params": {"model": model, **params}}
    return made if info is None else {**made, "model_info": info}


def entry(
    model: str,
    info: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    **params: object,
) -> CatalogEntry:
    (made,) = entries_from_model_list([deployment(model, info=info, **params)], PRICES, environ or {})
    return made


def test_a_known_model_takes_everything_from_the_price_map() -> None:
    assert entry("openai/gpt-5", environ={"OPENAI_API_KEY": "k"}) == CatalogEntry(
        name="m",
        upstream="openai/gpt-5",
        provider="openai",
        input_usd_per_mtok=1.25,
        output_usd_per_mtok=10.0,
        max_input_tokens=272_000,
        max_output_tokens=128_000,
        has_vision=True,
        has_files=True,
        is_reasoning=True,
    )


def test_what_the_user_says_comes_before_the_price_map() -> None:
    info = {
        "input_cost_per_token": "2e-6",  # YAML reads 2e-6 as a text
        "max_input_tokens": 1000,
        "supports_vision": False,
        "supports_audio_input": True,
        "heimdall": {"quality": 0.7},
    }
    made = entry("openai/gpt-5", info, output_cost_per_token=3e-06)
    assert (made.input_usd_per_mtok, made.output_usd_per_mtok) == (2.0, 3.0)
    assert (made.max_input_tokens, made.has_vision, made.has_audio, made.quality_override) == (
        1000,
        False,
        True,
        0.7,
    )


def test_of_an_unknown_model_nothing_is_claimed_but_tools_and_json() -> None:
    made = entry("hosted_vllm/mine")
    assert made.input_usd_per_mtok is None
    assert made.max_input_tokens is None
    assert (made.has_tools, made.has_json, made.has_vision, made.has_audio, made.has_files) == (
        True, True, False, False, False,
    )  # fmt: skip


def test_a_known_model_that_the_map_does_not_credit_with_tools_has_none() -> None:
    made = entry("gemini/gemini-2.5-pro")
    assert (made.has_tools, made.has_json, made.has_audio) == (False, False, True)


TIERED: Mapping[str, object] = {
    "tiered_pricing": [
        {"range": [32_000, 128_000], "input_cost_per_token": 1.8e-6, "output_cost_per_token": 9e-6},
        {"range": [0, 32_000], "input_cost_per_token": 1e-6, "output_cost_per_token": 5e-6},
    ]
}


def prices_in(price_map: Mapping[str, Mapping[str, object]], model: str) -> tuple[float | None, float | None]:
    (made,) = entries_from_model_list([deployment(model)], price_map, {})
    return made.input_usd_per_mtok, made.output_usd_per_mtok


def test_of_prices_by_size_of_the_input_those_of_the_shortest_count() -> None:
    price_map = {"dashscope/qwen3-x": {"litellm_provider": "dashscope", "mode": "chat", **TIERED}}
    assert prices_in(price_map, "dashscope/qwen3-x") == (1.0, 5.0)
    assert prices_in(price_map, "openrouter/qwen/qwen3-x") == (1.0, 5.0)


def test_tiers_that_the_user_states_come_before_all_prices() -> None:
    flat = {"input_cost_per_token": 9e-6, "output_cost_per_token": 9e-6}
    for made in (entry("gpt-5", {**flat, **TIERED}), entry("gpt-5", flat, **TIERED)):
        assert (made.input_usd_per_mtok, made.output_usd_per_mtok) == (1.0, 5.0)


@pytest.mark.parametrize(
    "tiers", ["x", [], ["x"], [{}], [{"range": [0, 5]}], [{"range": "x", "input_cost_per_token": 1e-6}],
              [{"range": [None, 1], "input_cost_per_token": 1e-6}]]
)  # fmt: skip
def test_tiers_that_make_no_sense_are_left_out(tiers: object) -> None:
    price_map = {**PRICES, "gpt-5": {**PRICES["gpt-5"], "tiered_pricing": tiers}}
    assert prices_in(price_map, "gpt-5") == (1.25, 10.0)


def test_values_of_the_price_map_that_make_no_sense_count_as_unknown() -> None:
    made = entry("openai/odd")
    assert (made.input_usd_per_mtok, made.output_usd_per_mtok, made.max_input_tokens) == (None, None, None)
    assert made.has_vision is False


def test_the_base_model_tells_what_a_deployment_is() -> None:
    made = entry("azure/my-deployment", {"base_model": "azure/gpt-5"})
    assert (made.upstream, made.input_usd_per_mtok) == ("azure/gpt-5", 1.5)


def test_a_reseller_sells_at_the_makers_price_or_at_the_median_hosts() -> None:
    assert entry("openrouter/deepseek/deepseek-r1").output_usd_per_mtok == pytest.approx(2.19)
    assert entry("openrouter/meta-llama/llama-3.3-70b-instruct").output_usd_per_mtok == pytest.approx(0.8)
    assert entry("openrouter/nobody/knows-7b").output_usd_per_mtok is None


def test_several_models_of_resellers_are_priced_in_one_go() -> None:
    models = [
        deployment("openrouter/deepseek/deepseek-r1", "a"),
        deployment("openrouter/x/llama-3.3-70b", "b"),
    ]
    assert all(made.output_usd_per_mtok for made in entries_from_model_list(models, PRICES, {}))


def test_ones_own_server_has_no_list_price() -> None:
    assert entry("hosted_vllm/meta-llama/llama-3.3-70b-instruct").output_usd_per_mtok is None


@pytest.mark.parametrize(
    "model", ["ollama/llama2", "ollama/never-heard-of:8b", "ollama_chat/qwen3", "lm_studio/x"]
)
def test_what_runs_on_ones_own_machine_is_free_unless_the_user_says_otherwise(model: str) -> None:
    price_map = {"ollama/llama2": {"litellm_provider": "ollama", "mode": "chat", "input_cost_per_token": 0.0}}
    assert prices_in(price_map, model) == (0.0, 0.0)
    assert entry(model, {"input_cost_per_token": 2e-6}).input_usd_per_mtok == 2.0


def test_models_are_found_by_name_alone() -> None:
    r1, gpt, nobody = entries_from_names(["DeepSeek R1", "gpt-5", "nobody-knows"], PRICES)
    assert r1.input_usd_per_mtok == pytest.approx(0.55)
    assert (gpt.name, gpt.max_input_tokens) == ("gpt-5", 272_000)
    assert nobody.input_usd_per_mtok is None


def test_several_deployments_promise_only_what_all_can_keep() -> None:
    models = [
        deployment("openai/gpt-5", api_key="k"),
        deployment(
            "openai/other",
            info={
                "input_cost_per_token": 9e-06,
                "max_input_tokens": 10,
                "supports_vision": True,
                "heimdall": {"quality": 0.2},
            },
            api_key="os.environ/GONE",
        ),
    ]
    (made,) = entries_from_model_list(models, PRICES, {})
    assert (made.upstream, made.input_usd_per_mtok, made.output_usd_per_mtok) == ("openai/gpt-5", 9.0, 10.0)
    assert (made.max_input_tokens, made.max_output_tokens) == (10, 128_000)
    assert (made.has_vision, made.has_files, made.is_reasoning) == (True, False, False)
    assert (made.missing_credential, made.quality_override) == (None, 0.2)


def test_a_group_lacks_a_credential_only_if_all_its_deployments_do() -> None:
    models = [deployment("openai/gpt-5"), deployment("groq/x")]
    assert entries_from_model_list(models, PRICES, {})[0].missing_credential == "OPENAI_API_KEY"
    assert entries_from_model_list(models, PRICES, {"GROQ_API_KEY": "k"})[0].missing_credential is None


def test_credentials_can_be_taken_for_granted() -> None:
    (made,) = entries_from_model_list([deployment("openai/gpt-5")], PRICES, {}, assume_credentials=True)
    assert made.missing_credential is None


def test_groups_keep_their_order_and_wildcards_and_embeddings_are_left_out() -> None:
    models = [
        deployment("openai/gpt-5", "b"),
        deployment("openai/*", "openai/*"),
        deployment("openai/text-embedding-3-small", "e"),
        deployment("openai/gpt-5", "a"),
        deployment("mine/x", "i", {"mode": "image_generation"}),
        deployment("groq/x", "b"),
    ]
    assert [made.name for made in entries_from_model_list(models, PRICES, {})] == ["b", "a"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({}, r"model_list\[0\]: model_name is missing"),
        ({"model_name": 5}, r"model_list\[0\]: model_name is missing"),
        ({"model_name": "m"}, r"model_list\[0\] \(m\): litellm_params.model is missing"),
        ({"model_name": "m", "litellm_params": {"model": ""}}, r"litellm_params.model is missing"),
        (deployment("x", info=[]), "model_info must be a mapping"),
        (deployment("x", info={"input_cost_per_token": "dear"}), "group m: input_cost_per_token is 'dear'"),
        (deployment("x", info={"max_input_tokens": -5}), "group m: max_input_tokens is -5"),
        (deployment("x", info={"input_cost_per_token": True}), "input_cost_per_token is True"),
        (
            deployment("x", info={"heimdall": 0.5}),
            "model_info.heimdall must be a mapping with the key quality",
        ),
        (deployment("x", info={"heimdall": {"qualty": 0.5}}), "model_info.heimdall.qualty is unknown"),
        (deployment("x", info={"heimdall": {"quality": 70}}), "quality is 70; it must be from 0 to 1"),
    ],
)
def test_a_wrong_deployment_is_named(model: dict[str, object], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        entries_from_model_list([model], PRICES, {})


def test_an_empty_quality_is_no_quality() -> None:
    assert entry("openai/gpt-5", {"heimdall": {"quality": None}}).quality_override is None


@pytest.mark.parametrize(
    ("params", "provider"),
    [
        ({"model": "openai/gpt-5"}, "openai"),
        ({"model": "gpt-5"}, "openai"),
        ({"model": "o3-mini"}, "openai"),
        ({"model": "claude-opus-9"}, "anthropic"),
        ({"model": "claude-x@1"}, "vertex_ai"),
        ({"model": "amazon.x"}, "bedrock"),
        ({"model": "x", "custom_llm_provider": "groq"}, "groq"),
        ({"model": "heimdall-sim/x"}, "heimdall-sim"),
        ({"model": "mystery"}, ""),
        ({"model": "registered-by-the-user"}, ""),
        ({}, ""),
    ],
)
def test_the_provider_is_read_as_litellm_reads_it(params: dict[str, object], provider: str) -> None:
    assert provider_of(params, PRICES) == provider


@pytest.mark.parametrize(
    ("params", "environ", "missing"),
    [
        ({"model": "openai/x"}, {}, "OPENAI_API_KEY"),
        ({"model": "openai/x"}, {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY"),
        ({"model": "openai/x"}, {"OPENAI_API_KEY": "k"}, None),
        ({"model": "gemini/x"}, {}, "GEMINI_API_KEY"),
        ({"model": "gemini/x"}, {"GOOGLE_API_KEY": "k"}, None),
        ({"model": "openai/x", "api_key": "sk-1"}, {}, None),
        ({"model": "openai/x", "api_key": "os.environ/MINE"}, {}, "MINE"),
        ({"model": "openai/x", "api_key": "os.environ/MINE"}, {"MINE": "k"}, None),
        ({"model": "openai/x", "api_key": "os.environ/MINE"}, {"OPENAI_API_KEY": "k"}, None),
        ({"model": "openai/x", "api_key": ""}, {}, "OPENAI_API_KEY"),
        ({"model": "openai/x", "api_base": "http://here"}, {}, None),
        ({"model": "openai/x", "litellm_credential_name": "shared"}, {}, None),
        ({"model": "openai/x", "mock_response": "hi"}, {}, None),
        ({"model": "bedrock/x"}, {}, None),
        ({"model": "vertex_ai/x"}, {}, None),
        ({"model": "ollama/x"}, {}, None),
        ({"model": "strange/x", "api_key": "os.environ/MINE"}, {}, "MINE"),
    ],
)
def test_a_missing_credential_names_the_variable_to_set(
    params: dict[str, object], environ: dict[str, str], missing: str | None
) -> None:
    assert missing_credential(params, provider_of(params, {}), environ) == missing


@pytest.mark.parametrize(
    ("models", "environ", "expected"),
    [
        ([], {"OPENAI_API_KEY": "k"}, False),
        ([deployment("openai/x"), deployment("groq/x")], {}, False),
        ([deployment("openai/x"), deployment("groq/x")], {"GROQ_API_KEY": "k"}, True),
        ([deployment("openai/x")], {"GROQ_API_KEY": "k"}, False),
        ([deployment("heimdall-sim/x")], {}, False),
        ([deployment("ollama/x")], {}, True),
        ([{"model_name": "x"}], {}, False),
    ],
)
def test_the_simulation_stands_in_only_where_nothing_could_be_called(
    models: list[dict[str, object]], environ: dict[str, str], expected: bool
) -> None:
    assert has_any_credential(models, environ) is expected


def test_the_price_map_of_the_installed_litellm_is_read_without_importing_it() -> None:
    prices = load_price_map()
    assert prices["gpt-5"]["litellm_provider"] == "openai"
    assert "sample_spec" not in prices
    assert all("litellm_provider" in facts for facts in prices.values())


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is not valid JSON"), ("[]", "must be an object"), (None, "cannot be read")]
)
def test_a_price_map_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "prices.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CatalogError, match=message) as refused:
        load_price_map(path)
    assert str(path) in str(refused.value)


def test_without_litellm_the_price_map_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heimdall_litellm.catalog.price_map.find_spec", lambda _: None)
    with pytest.raises(CatalogError, match="pip install litellm"):
        load_price_map()


def test_only_models_are_taken_from_a_price_map(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(
        json.dumps(
            {"sample_spec": {"litellm_provider": "x"}, "rules": {"a": 1}, "b": 5, "m": PRICES["gpt-5"]}
        )
    )
    assert list(load_price_map(path)) == ["m"]


def test_what_litellms_router_left_in_its_live_map_hides_nothing() -> None:
    prices = load_price_map()
    models = [
        {"model_name": name, "litellm_params": {"model": f"openrouter/{name}"}}
        for name in ("deepseek/deepseek-r1", "qwen/qwen3-coder")
    ]
    stubs = {
        "openrouter/qwen/qwen3-coder": {},
        "openrouter/deepseek/deepseek-r1": {"cache_read_input_token_cost": None},
    }
    before = entries_from_model_list(models, prices, {}, assume_credentials=True)
    after = entries_from_model_list(models, {**prices, **stubs}, {}, assume_credentials=True)
    assert before == after
    assert all(entry.output_usd_per_mtok and entry.max_input_tokens for entry in after)
