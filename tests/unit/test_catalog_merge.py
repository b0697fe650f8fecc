"""Cards: whose word counts for each field, and for which deployments a list speaks at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from heimdall_litellm.catalog import entries_from_model_list
from heimdall_litellm.catalog.facts import Card, Fact, Listing, Value
from heimdall_litellm.catalog.listings_index import ListingsIndex
from heimdall_litellm.catalog.merge import Merged, merge, settled
from heimdall_litellm.catalog.readings import Reading
from heimdall_litellm.catalog.sources import Rank
from tests.unit.test_catalog_entries import PRICES, deployment
from tests.unit.test_catalog_sources import recorded, source

AT = datetime(2026, 11, 1, tzinfo=UTC)
MAP_AT = datetime(2026, 10, 1, tzinfo=UTC)


def recorded_reading(name: str, *pages: str) -> Reading:
    made = source(name)
    listings = [each for page in pages or (name,) for each in made.read(recorded(page)).listings]
    return Reading(name, made.rank, made.hosts, AT, listings)


LIVE = ListingsIndex(
    [
        recorded_reading("openrouter"),
        recorded_reading("openai"),
        recorded_reading("google", "google-1", "google-2"),
        recorded_reading("anthropic", "anthropic-1", "anthropic-2"),
    ]
)


def reading(name: str, rank: Rank, *listings: Listing) -> Reading:
    return Reading(name, rank, frozenset({f"{name}.example"}), AT, listings)


def merged(
    *models: Mapping[str, object],
    index: ListingsIndex = LIVE,
    prices: Mapping[str, Mapping[str, object]] = PRICES,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Merged:
    return merge(models, prices, environ, listings=index, map_at=MAP_AT, assume_credentials=True)


def card(
    model: str,
    info: object = None,
    *,
    index: ListingsIndex = LIVE,
    environ: Mapping[str, str] = MappingProxyType({}),
    **params: object,
) -> Card:
    (made,) = merged(deployment(model, info=info, **params), index=index, environ=environ).cards.values()
    return made


def test_each_field_remembers_where_it_came_from_and_when() -> None:
    made = card("gemini/gemini-2.5-pro", {"input_cost_per_token": 2e-06})
    assert made.facts["input_usd_per_mtok"] == Fact(2.0, "user")
    assert made.facts["max_input_tokens"] == Fact(1_048_576, "google", AT)
    assert made.facts["output_usd_per_mtok"] == Fact(pytest.approx(10.0), "openrouter", AT)
    assert made.facts["has_audio"].source == "openrouter"
    assert made.entry.input_usd_per_mtok == 2.0
    assert made.entry.max_output_tokens == 65_536
    assert card("openai/gpt-5", index=ListingsIndex()).facts["has_vision"] == Fact(True, "litellm", MAP_AT)


def test_what_a_model_costs_at_openrouter_is_what_openrouter_says() -> None:
    made = card("openrouter/deepseek/deepseek-r1")
    assert (made.entry.input_usd_per_mtok, made.entry.output_usd_per_mtok) == (0.4, 2.0)
    assert made.entry.has_tools is True
    free = card("openrouter/deepseek/deepseek-r1:free").entry
    assert (free.input_usd_per_mtok, free.has_tools) == (0.0, False)
    assert card("openrouter/deepseek/deepseek-r1:nitro").entry.output_usd_per_mtok == 2.0


def test_a_free_offer_that_is_gone_is_not_the_paid_one() -> None:
    made = card("openrouter/qwen/qwen3-coder:free")
    assert made.is_listed is False
    assert all(fact.source != "openrouter" for fact in made.facts.values())


def test_openrouters_price_speaks_for_a_maker_that_alone_serves_the_model() -> None:
    made = card("anthropic/claude-sonnet-4-5-20250929")
    assert made.facts["output_usd_per_mtok"] == Fact(pytest.approx(15.0), "openrouter", AT)
    assert made.facts["max_input_tokens"] == Fact(200_000, "anthropic", AT)


def test_openrouters_price_of_open_weights_is_not_their_makers() -> None:
    made = card("deepseek/deepseek-r1")
    assert made.facts["output_usd_per_mtok"] == Fact(pytest.approx(2.19), "litellm", MAP_AT)
    oss = Listing("openrouter", "openai/gpt-oss-120b", {"output_usd_per_mtok": 0.1})
    index = ListingsIndex([reading("openrouter", Rank.RESELLER, oss)])
    assert "output_usd_per_mtok" in card("openai/gpt-oss-120b", index=index).facts  # nobody else knows any
    known = {"gpt-oss-120b": {"litellm_provider": "openai", "mode": "chat", "output_cost_per_token": 1e-06}}
    (priced,) = merged(deployment("openai/gpt-oss-120b"), index=index, prices=known).cards.values()
    assert priced.facts["output_usd_per_mtok"].source == "litellm"


@pytest.mark.parametrize(
    "model", ["azure/gpt-5", "bedrock/openai.gpt-5", "vertex_ai/gemini-2.5-pro", "groq/x/grok-4"]
)
def test_of_other_hosts_openrouter_speaks_only_where_nobody_knows_anything(model: str) -> None:
    prices = {
        model: {
            "litellm_provider": model.split("/", maxsplit=1)[0],
            "mode": "chat",
            "input_cost_per_token": 7e-06,
        }
    }
    (made,) = merged(deployment(model, base_model=model), prices=prices).cards.values()
    assert made.facts["input_usd_per_mtok"] == Fact(pytest.approx(7.0), "litellm", MAP_AT)
    assert made.facts["output_usd_per_mtok"].source == "openrouter"
    assert made.entry.has_vision is False  # the map knows the model, and says nothing of pictures
    (unknown,) = merged(deployment(model, base_model=model), prices={}).cards.values()
    assert unknown.facts["has_vision"] == Fact(True, "openrouter", AT)


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("hosted_vllm/meta-llama/llama-3.3-70b-instruct", {}),
        ("ollama/llama-3.3-70b-instruct", {}),
        ("openai/meta-llama/llama-3.3-70b-instruct", {"api_base": "http://10.0.0.5/v1"}),
        ("openai/gpt-5", {"api_base": "https://gateway.internal/v1"}),
        ("openai/gpt-5", {"api_base": "http://[broken"}),
    ],
)
def test_ones_own_server_is_in_nobodys_list(model: str, params: dict[str, object]) -> None:
    made = card(model, **params)
    assert made.is_listed is None
    assert {fact.source for fact in made.facts.values()} <= {"litellm", "local"}


ELSEWHERE = "https://gateway.internal/v1"


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("openai/gpt-5", "OPENAI_BASE_URL"),
        ("openai/gpt-5", "OPENAI_API_BASE"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_BASE_URL"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_BASE"),
        ("gemini/gemini-2.5-pro", "GEMINI_API_BASE"),
        ("openrouter/deepseek/deepseek-r1", "OPENROUTER_API_BASE"),
        ("deepseek/deepseek-r1", "DEEPSEEK_API_BASE"),
        ("together_ai/meta-llama/llama-3.3-70b-instruct", "TOGETHER_AI_API_BASE"),
    ],
)
def test_an_address_from_the_environment_is_somebody_elses_too(model: str, variable: str) -> None:
    own, theirs = card(model), card(model, environ={variable: ELSEWHERE})
    assert {fact.source for fact in theirs.facts.values()} <= {"litellm"}
    assert theirs.is_listed is None
    assert theirs.facts != own.facts
    assert card(model, environ={variable: ""}) == own
    assert card(model, environ={f"NOT_{variable}": ELSEWHERE}) == own
    assert card(model, environ={variable: "http://[broken"}).is_listed is None


def test_the_deployments_own_address_comes_before_that_of_the_environment() -> None:
    environ = {"OPENAI_BASE_URL": ELSEWHERE, "MINE": "https://api.openai.com/v1"}
    for base in ("https://api.openai.com/v1", "os.environ/MINE"):
        assert card("openai/gpt-5", api_base=base, environ=environ) == card("openai/gpt-5")
    assert card("openai/gpt-5", api_base="os.environ/UNSET", environ=environ).is_listed is None
    assert card("openai/gpt-5", api_base="os.environ/UNSET") == card("openai/gpt-5")


@pytest.mark.parametrize(
    ("model", "variable", "address"),
    [
        ("openai/gpt-5", "OPENAI_BASE_URL", "https://api.openai.com/v1"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
    ],
)
def test_a_vendors_own_address_is_the_vendors_however_it_is_stated(
    model: str, variable: str, address: str
) -> None:
    own = card(model)
    assert "openrouter" in {fact.source for fact in own.facts.values()}
    assert card(model, environ={variable: address}) == own
    assert card(model, api_base=address) == own


def test_the_vendors_own_address_spelt_out_changes_nothing() -> None:
    made = card("openai/gpt-5", api_base="https://api.openai.com/v1")
    assert made.is_listed is True
    assert made.facts["created"] == Fact("2025-08-05", "openai", AT)


def test_a_window_that_counts_the_answer_in_lowers_and_never_raises() -> None:
    assert card("openai/gpt-5").facts["max_input_tokens"] == Fact(272_000, "litellm", MAP_AT)
    small = Listing("openrouter", "openai/gpt-5", {"max_input_tokens": 100_000})
    index = ListingsIndex([reading("openrouter", Rank.RESELLER, small)])
    assert card("openai/gpt-5", index=index).facts["max_input_tokens"] == Fact(100_000, "openrouter", AT)
    assert card("openrouter/x-ai/grok-4").facts["max_input_tokens"] == Fact(256_000, "openrouter", AT)


def test_what_a_reseller_cannot_pass_on_its_maker_may_do_all_the_same() -> None:
    facts: dict[str, Value] = {"has_vision": False, "has_tools": False, "has_audio": True}
    index = ListingsIndex(
        [reading("openrouter", Rank.RESELLER, Listing("openrouter", "openai/gpt-5", facts))]
    )
    made = card("openai/gpt-5", index=index)
    assert (made.entry.has_vision, made.entry.has_tools, made.entry.has_audio) == (True, True, True)
    (unknown,) = merged(deployment("openai/gpt-5"), index=index, prices={}).cards.values()
    assert (unknown.entry.has_vision, unknown.entry.has_tools) == (False, False)


def test_a_claim_of_the_user_that_makes_no_sense_hides_what_others_say() -> None:
    made = card("openai/gpt-5", {"supports_vision": "yes"})
    assert made.entry.has_vision is False
    assert "has_vision" not in made.facts


def test_the_users_prices_of_cached_tokens_are_taken_too() -> None:
    made = card("openai/gpt-5", {"cache_read_input_token_cost": 1e-06}, cache_creation_input_token_cost=2e-06)
    assert made.facts["cache_read_usd_per_mtok"] == Fact(1.0, "user")
    assert made.facts["cache_write_usd_per_mtok"] == Fact(2.0, "user")


@pytest.mark.parametrize(
    ("model", "params", "listed"),
    [
        ("openai/gpt-5", {}, True),
        ("gpt-5", {"api_key": "os.environ/OPENAI_API_KEY"}, True),
        ("openai/gpt-9", {}, False),
        ("openai/gpt-9", {"api_key": "sk-of-another-account"}, None),
        ("openai/gpt-9", {"litellm_credential_name": "other"}, None),
        ("openai/gpt-4o-2024-05-13", {}, True),  # the list has it undated
        ("anthropic/claude-sonnet-4-5", {}, True),  # an alias of a dated name
        ("anthropic/claude-sonnet-4-5-20240101", {}, False),
        ("anthropic/claude-3-opus-20240229", {}, False),
        ("gemini/gemini-2.5-flash-lite", {}, True),
        ("openrouter/x-ai/grok-4:online", {}, True),
        ("openrouter/nobody/knows", {"api_key": "sk"}, False),
        ("groq/llama", {}, None),
        ("azure/gpt-5", {}, None),
    ],
)
def test_a_card_says_whether_the_providers_own_list_has_the_model(
    model: str, params: dict[str, object], listed: bool | None
) -> None:
    assert card(model, **params).is_listed is listed


def test_a_new_source_speaks_for_its_own_provider() -> None:
    rank, listing = Rank.PROVIDER, Listing("groq", "llama-3.3-70b-versatile", {"output_usd_per_mtok": 0.6})
    made = card("groq/llama-3.3-70b-versatile", index=ListingsIndex([reading("groq", rank, listing)]))
    assert made.facts["output_usd_per_mtok"] == Fact(0.6, "groq", AT)


def test_a_group_keeps_the_fact_that_decided() -> None:
    models = [
        deployment("anthropic/claude-sonnet-4-5-20250929"),
        deployment("openai/gpt-5", info={"supports_vision": False, "output_cost_per_token": 20e-06}),
    ]
    (made,) = merged(*models).cards.values()
    assert made.facts["output_usd_per_mtok"] == Fact(20.0, "user")
    assert made.facts["input_usd_per_mtok"] == Fact(pytest.approx(3.0), "openrouter", AT)
    assert made.facts["max_input_tokens"] == Fact(200_000, "anthropic", AT)
    assert made.facts["has_vision"] == Fact(False, "user")
    assert made.facts["display_name"].value == "Claude Sonnet 4.5"
    assert made.facts["retires"].value == "2026-11-30"
    assert made.is_listed is True
    assert (
        made.entry == entries_from_model_list(models, PRICES, {}, listings=LIVE, assume_credentials=True)[0]
    )


def test_what_only_one_of_a_group_is_known_to_do_is_no_fact() -> None:
    models = [deployment("openai/gpt-5"), deployment("hosted_vllm/mine")]
    (made,) = merged(*models, index=ListingsIndex()).cards.values()
    assert made.entry.has_vision is False
    assert "has_vision" not in made.facts


@pytest.mark.parametrize(
    ("names", "listed"),
    [(("gpt-5", "gpt-9"), False), (("gpt-5", "gpt-4o"), True), (("gpt-5", "hosted_vllm/x"), True)],
)
def test_a_group_is_listed_if_none_of_its_deployments_is_missing(
    names: tuple[str, str], listed: bool
) -> None:
    models = [deployment(name if "/" in name else f"openai/{name}") for name in names]
    assert merged(*models).cards["m"].is_listed is listed


def test_what_litellm_notes_while_a_model_is_simulated_hides_nothing() -> None:
    name = "openrouter/deepseek/deepseek-r1"
    noted = {**PRICES, name: {"litellm_provider": "heimdall-sim"}}
    (made,) = merged(deployment(name), prices=noted).cards.values()
    assert made == card(name)
    (alone,) = merged(deployment(name), prices=noted, index=ListingsIndex()).cards.values()
    assert alone.entry.output_usd_per_mtok == pytest.approx(2.19)


def test_it_is_known_what_spoke_and_what_that_has_decided() -> None:
    heard = merged(deployment("openai/gpt-5"), deployment("hosted_vllm/x", name="x")).heard
    assert {key[:3] for key in heard if key[3] is None} == {
        ("openai", "openai", "gpt-5"),
        ("openrouter", "openrouter", "openai/gpt-5"),
        ("litellm", "openai", "gpt-5"),
        ("litellm", "hosted_vllm", "x"),
    }
    decided = {key for key in heard if key[3] in ("input_usd_per_mtok", "max_input_tokens")}
    assert decided == {
        ("openrouter", "openrouter", "openai/gpt-5", "input_usd_per_mtok"),
        ("litellm", "openai", "gpt-5", "max_input_tokens"),
    }


def test_cards_that_say_nothing_new_stay_the_same_with_their_times() -> None:
    models = deployment("openai/gpt-5", "five"), deployment("hosted_vllm/x", "x", input_cost_per_token=1e-06)
    one = merged(*models)
    assert settled(one, merged(*models)).cards is one.cards
    changed = deployment("hosted_vllm/x", "x", input_cost_per_token=2e-06)
    other = settled(one, merged(models[0], changed)).cards
    assert other["five"] is one.cards["five"]
    assert other["x"].entry.input_usd_per_mtok == 2.0
    assert list(settled(one, merged(*reversed(models))).cards) == ["x", "five"]
    assert list(settled(one, merged(models[0])).cards) == ["five"]


@pytest.mark.parametrize(
    ("name", "lie"),
    [("max_input_tokens", 1000), ("input_usd_per_mtok", 0.001), ("output_usd_per_mtok", 9e3)],
)
def test_a_list_that_is_absurd_beside_the_price_map_is_not_believed(name: str, lie: float) -> None:
    honest = card("openai/gpt-5").facts[name]
    listing = Listing("openrouter", "openai/gpt-5", {name: lie})
    index = ListingsIndex([reading("openrouter", Rank.RESELLER, listing)])
    told = card("openai/gpt-5", index=index).facts[name]
    assert told.source == "litellm"
    assert told.value != lie
    assert honest.value != lie
