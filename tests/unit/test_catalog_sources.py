"""What each source reads from its vendor's answers, whole, partial, doubled or senseless."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from heimdall_litellm.catalog.facts import FIELDS, Listing
from heimdall_litellm.catalog.readings import listings_from_json, listings_to_json
from heimdall_litellm.catalog.sources import Page, Rank, Source
from heimdall_litellm.catalog.sources.anthropic import Anthropic
from heimdall_litellm.catalog.sources.google import Google
from heimdall_litellm.catalog.sources.openai import OpenAI
from heimdall_litellm.catalog.sources.openrouter import OpenRouter
from heimdall_litellm.catalog.sources.reading import MAX_MODELS, Collector, day, fit, per_mtok
from heimdall_litellm.catalog.sources.registry import sources
from heimdall_litellm.errors import ConfigError

DATA = Path(__file__).parents[1] / "data" / "catalog"
OURS = ("litellm", "openrouter", "openai", "google", "anthropic")


def recorded(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def source(name: str) -> Source:
    (made,) = sources([name])
    return made


def read(name: str, answer: object) -> dict[str, Mapping[str, object]]:
    return {listing.model: dict(listing.facts) for listing in source(name).read(answer).listings}


def test_openrouters_list_gives_prices_windows_and_abilities() -> None:
    page = source("openrouter").read(recorded("openrouter"))
    found = {listing.model: dict(listing.facts) for listing in page.listings}
    assert {listing.provider for listing in page.listings} == {"openrouter"}
    assert found["openai/gpt-5"] == {
        "input_usd_per_mtok": pytest.approx(1.25),
        "output_usd_per_mtok": pytest.approx(10.0),
        "cache_read_usd_per_mtok": pytest.approx(0.125),
        "max_input_tokens": 400_000,
        "max_output_tokens": 128_000,
        "has_vision": True,
        "has_audio": False,
        "has_files": True,
        "has_tools": True,
        "has_json": True,
        "is_reasoning": True,
        "display_name": "OpenAI: GPT-5",
        "created": "2025-08-07",
    }
    assert found["meta-llama/llama-3.3-70b-instruct"]["max_input_tokens"] == 65_536
    assert found["qwen/qwen3-coder"].get("max_output_tokens") is None
    assert found["openai/gpt-4-0314"]["retires"] == "2026-12-01"
    assert found["google/gemini-2.5-pro"]["has_audio"] is True
    assert found["openai/gpt-4-0314"]["has_tools"] is False


def test_a_zero_is_a_price_of_free_models_only_and_a_negative_one_of_none() -> None:
    found = read("openrouter", recorded("openrouter"))
    assert found["deepseek/deepseek-r1:free"]["output_usd_per_mtok"] == 0.0
    assert "input_usd_per_mtok" not in found["openrouter/andromeda-alpha"]
    assert "input_usd_per_mtok" not in found["openrouter/auto"]


def test_a_pointer_to_the_newest_model_is_no_model() -> None:
    page = source("openrouter").read(recorded("openrouter"))
    assert page.skipped == 1
    assert not any(listing.model.startswith("~") for listing in page.listings)


def test_what_only_makes_pictures_is_left_out() -> None:
    item = {"id": "x/painter", "architecture": {"output_modalities": ["image"]}}
    assert read("openrouter", {"data": [item]}) == {}
    item["architecture"] = {"output_modalities": ["image", "text"]}
    assert list(read("openrouter", {"data": [item]})) == ["x/painter"]


def test_openais_list_says_which_models_there_are_and_since_when() -> None:
    found = read("openai", recorded("openai"))
    assert found["gpt-5"] == {"created": "2025-08-05"}
    assert "ft:gpt-4.1-mini-2025-04-14:acme::AbCd1234" in found


def test_googles_list_comes_in_pages_and_what_generates_nothing_is_left_out() -> None:
    first = source("google").read(recorded("google-1"))
    assert first.following == {"pageToken": "Ch5tb2RlbHMvZ2VtaW5pLTIuMC1mbGFzaC0wMDE="}
    assert dict(first.listings[1].facts) == {
        "max_input_tokens": 1_048_576,
        "max_output_tokens": 65_536,
        "is_reasoning": True,
        "display_name": "Gemini 2.5 Pro",
    }
    assert (first.listings[1].provider, first.listings[1].model) == ("gemini", "gemini-2.5-pro")
    assert "is_reasoning" not in first.listings[2].facts
    second = source("google").read(recorded("google-2"))
    assert second.following == {}
    assert [listing.model for listing in second.listings] == ["gemini-2.5-flash-lite"]


def test_anthropics_list_gives_windows_abilities_and_retirement() -> None:
    first = source("anthropic").read(recorded("anthropic-1"))
    assert first.following == {"after_id": "claude-sonnet-4-5-20250929"}
    assert dict(first.listings[1].facts) == {
        "max_input_tokens": 200_000,
        "max_output_tokens": 64_000,
        "has_vision": True,
        "has_files": True,
        "is_reasoning": True,
        "display_name": "Claude Sonnet 4.5",
        "created": "2025-09-29",
        "retires": "2026-11-30",
    }
    second = {
        each.model: dict(each.facts) for each in source("anthropic").read(recorded("anthropic-2")).listings
    }
    assert second["claude-haiku-4-5-20251001"] == {
        "display_name": "Claude Haiku 4.5",
        "created": "2025-10-15",
    }
    assert second["claude-mystery"] == {"display_name": "Mystery"}
    assert "claude-3-opus-20240229" not in second


def test_a_model_that_thinks_in_one_way_thinks() -> None:
    types = {"adaptive": {"supported": True}, "enabled": {"supported": False}}
    thinking = {"thinking": {"supported": False, "types": types}}
    found = read("anthropic", {"data": [{"id": "c", "capabilities": thinking}]})
    assert found["c"] == {"is_reasoning": True}
    thinking["thinking"] = {"supported": False, "types": {}}
    assert read("anthropic", {"data": [{"id": "c", "capabilities": thinking}]})["c"] == {
        "is_reasoning": False
    }


def test_the_price_map_is_a_source_like_the_others() -> None:
    raw: dict[str, object] = {
        "m": {
            "litellm_provider": "openai",
            "mode": "chat",
            "input_cost_per_token": 1e-06,
            "cache_read_input_token_cost": 1e-07,
            "cache_creation_input_token_cost": 2e-06,
            "max_input_tokens": 10,
            "supports_vision": True,
            "deprecation_date": "2027-01-01",
        },
        "sample_spec": {"litellm_provider": "x"},
        "e": {"litellm_provider": "openai", "mode": "embedding"},
        "rules": 5,
    }
    page = source("litellm").read(raw)
    assert page.listings == (
        Listing(
            "openai",
            "m",
            {
                "input_usd_per_mtok": 1.0,
                "cache_read_usd_per_mtok": pytest.approx(0.1),
                "cache_write_usd_per_mtok": 2.0,
                "max_input_tokens": 10,
                "has_vision": True,
                "retires": "2027-01-01",
            },
        ),
    )
    assert page.skipped == 2
    with pytest.raises(ValueError, match="price map"):
        source("litellm").read([])


@pytest.mark.parametrize("name", ["openrouter", "openai", "anthropic", "google"])
@pytest.mark.parametrize(
    "garbage", [None, 5, "text", [], {"data": 5, "models": 5}, {"data": {}, "models": {}}]
)
def test_what_is_no_list_is_refused_or_empty(name: str, garbage: object) -> None:
    try:
        page = source(name).read(garbage)
    except ValueError:
        return
    assert (name, page.listings) == ("google", ())


@pytest.mark.parametrize("name", ["openrouter", "openai", "anthropic", "google"])
def test_items_that_make_no_sense_are_skipped_counted_and_spoil_nothing(name: str) -> None:
    key, label = ("models", "name") if name == "google" else ("data", "id")
    good: dict[str, object] = {label: "good", "unknown_field": {"a": [1]}}
    bad: list[object] = [None, 7, [], {}, {label: 5}, {label: ""}, {label: "with space"}, {label: "x" * 999}]
    page = source(name).read({key: [*bad, good, *bad]})
    assert [listing.model for listing in page.listings] == ["good"]
    assert page.skipped == 2 * len(bad)


def test_facts_that_make_no_sense_are_left_out_one_by_one() -> None:
    item = {
        "id": "m",
        "name": "tab\tin it",
        "created": 10**400,
        "context_length": True,
        "pricing": {
            "prompt": "NaN",
            "completion": "1e9",
            "input_cache_read": [],
            "input_cache_write": "0.000001",
        },
        "top_provider": {"max_completion_tokens": 10**300, "context_length": -4},
        "architecture": "text",
        "supported_parameters": {"tools": True},
    }
    assert read("openrouter", {"data": [item]})["m"] == {"cache_write_usd_per_mtok": pytest.approx(1.0)}


def test_of_a_doubled_model_the_least_favourable_is_kept_whatever_the_order() -> None:
    one = {"id": "m", "pricing": {"prompt": "0.000001", "completion": "0.000004"}, "context_length": 10000,
           "supported_parameters": ["tools"]}  # fmt: skip
    two = {"id": "m", "pricing": {"prompt": "0.000003"}, "context_length": 5000, "supported_parameters": []}
    expected = {
        "input_usd_per_mtok": pytest.approx(3.0),
        "output_usd_per_mtok": pytest.approx(4.0),
        "max_input_tokens": 5000,
        "has_tools": False,
        "has_json": False,
        "is_reasoning": False,
    }
    for pair in ([one, two], [two, one]):
        assert read("openrouter", {"data": pair}) == {"m": expected}


def test_the_number_of_models_is_bounded() -> None:
    found = Collector()
    for number in range(MAX_MODELS + 10):
        found.add("p", f"m{number}", ())
    assert (len(found.listings), found.skipped) == (MAX_MODELS, 10)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("input_usd_per_mtok", 3, 3.0),
        ("input_usd_per_mtok", -1, None),
        ("input_usd_per_mtok", 10_001, None),
        ("max_input_tokens", 5.0, 5),
        ("max_input_tokens", 0, None),
        ("has_vision", 1, None),
        ("created", "2025-02-30", None),
        ("created", "1970-01-01", None),
        ("display_name", "x", "x"),
        ("no_field", "x", None),
    ],
)
def test_a_field_takes_what_makes_sense_in_it(name: str, value: object, expected: object) -> None:
    assert fit(name, value) == expected


@pytest.mark.parametrize("value", ["", "x", None, True, "1" * 50, "inf", "-1", -1, [], "1"])
def test_what_is_no_price_is_none(value: object) -> None:
    assert per_mtok(value) is None


def test_days_are_read_from_clocks_and_calendars() -> None:
    assert day(1754425777) == day("2025-08-05T20:29:37Z") == "2025-08-05"
    assert day(float("nan")) is day(True) is day("soon") is day(None) is None


@pytest.mark.parametrize(
    ("name", "environ", "headers"),
    [
        ("litellm", {}, {}),
        ("openrouter", {"OPENROUTER_API_KEY": "k"}, {}),
        ("openai", {"OPENAI_API_KEY": "k"}, {"authorization": "Bearer k"}),
        ("openai", {"OPENAI_API_KEY": ""}, None),
        ("google", {"GOOGLE_API_KEY": "k"}, {"x-goog-api-key": "k"}),
        ("google", {}, None),
        ("anthropic", {"ANTHROPIC_API_KEY": "k"}, {"x-api-key": "k", "anthropic-version": "2023-06-01"}),
        ("anthropic", {}, None),
    ],
)
def test_a_source_is_asked_with_the_key_at_hand_or_not_at_all(
    name: str, environ: dict[str, str], headers: dict[str, str] | None
) -> None:
    assert source(name).credentials(environ) == headers


@pytest.mark.parametrize("name", OURS)
def test_no_key_stands_in_a_url(name: str) -> None:
    assert "key=" not in (source(name).url or "")


def test_listings_survive_being_written_down() -> None:
    listings = source("openrouter").read(recorded("openrouter")).listings
    assert listings_from_json(listings_to_json(listings)) == listings


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"listings": 5}', "[" * 100_000])
def test_what_is_no_list_of_listings_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|no list|too deeply"):
        listings_from_json(text)


def test_of_written_listings_only_what_makes_sense_is_taken() -> None:
    rows = [
        5,
        {"provider": "p"},
        {"model": "m"},
        {"provider": "p", "model": "m", "facts": {"created": 7, "x": 1}},
    ]
    assert listings_from_json(json.dumps({"listings": rows})) == (Listing("p", "m", {}),)


def test_every_field_is_of_a_kind_that_is_checked() -> None:
    assert all(fit(name, value) is not None for name in FIELDS for value in [sample(name)])


def sample(name: str) -> object:
    if name.startswith(("has_", "is_")):
        return True
    return "2026-01-01" if name in ("created", "retires") else "a" if name == "display_name" else 5


PACKAGE = """
from heimdall_litellm.catalog.sources import Collector, Page, Rank


class Acme:
    name = "make"
    rank = Rank.PROVIDER
    url = "https://acme.example/models"
    hosts = frozenset({"acme.example"})

    def credentials(self, environ):
        return {}

    def read(self, answer):
        found = Collector()
        for model in answer["models"]:
            found.add("acme", model["id"], model.items())
        return Page(found.listings, found.skipped)


def make():
    return Acme()


def other():
    return Acme()


def broken():
    raise ValueError("sk-canary in an exception")


def empty():
    return object()
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Another package that is installed beside us, with sources of its own."""
    module = f"acme_{uuid.uuid4().hex}"
    (tmp_path / f"{module}.py").write_text(PACKAGE)
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    points = [f"{name} = {module}:{name}" for name in ("make", "other", "broken", "empty", "missing")]
    (info / "entry_points.txt").write_text("[heimdall_litellm.catalog_sources]\n" + "\n".join(points) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return module


def test_another_package_adds_a_source_by_an_entry_point(acme: str) -> None:
    made = source("make")
    assert made.rank is Rank.PROVIDER
    page = made.read({"models": [{"id": "roadrunner", "max_input_tokens": 9}]})
    assert page == Page((Listing("acme", "roadrunner", {"max_input_tokens": 9}),))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("broken", "can't be used: ValueError"),
        ("empty", "lacks name"),
        ("missing", "can't be used"),
        ("other", "calls itself 'make'"),
    ],
)
def test_a_source_that_cannot_be_had_stops_the_start_without_a_secret(
    acme: str, name: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as refusal:
        source(name)
    assert acme in str(refusal.value)
    assert "canary" not in str(refusal.value)


def test_a_misspelt_source_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean openrouter"):
        sources(["openruoter"])
    assert [each.name for each in sources(OURS)] == list(OURS)


@pytest.mark.parametrize(
    ("source", "environ"),
    [
        (OpenAI(), {"OPENAI_API_KEY": "sk", "OPENAI_BASE_URL": "https://gateway.corp/v1"}),
        (OpenAI(), {"OPENAI_API_KEY": "sk", "OPENAI_API_BASE": "http://[bad"}),
        (Anthropic(), {"ANTHROPIC_API_KEY": "sk", "ANTHROPIC_BASE_URL": "https://gateway.corp"}),
        (Google(), {"GEMINI_API_KEY": "sk", "GEMINI_API_BASE": "https://gateway.corp"}),
    ],
)
def test_a_key_for_somebody_else_is_not_shown_to_the_vendor(source: Any, environ: dict[str, str]) -> None:
    assert source.credentials(environ) is None
    (home,) = source.hosts
    at_home = {name: f"https://{home}/v1" if "BASE" in name else value for name, value in environ.items()}
    assert source.credentials(at_home) is not None


def test_a_window_that_no_model_can_have_is_left_out() -> None:
    top = {"context_length": 10, "max_completion_tokens": 1}
    page = OpenRouter().read({"data": [{"id": "a/b", "context_length": 10, "top_provider": top}]})
    assert page.listings[0].facts.keys().isdisjoint({"max_input_tokens", "max_output_tokens"})
