"""Settings: defaults, inheritance, and what is said when they are wrong."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from heimdall_litellm.config import Settings, load_settings, setting_rows
from heimdall_litellm.core.types import EffortSpec, Policy
from heimdall_litellm.errors import ConfigError

LISTS = {"cheap": ("a",), "mid": ("b",), "hard": ("c",)}


def problems(given: Mapping[str, object]) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_settings(given)
    return str(refused.value).splitlines()


def policy(given: Mapping[str, object], name: str = "heimdall") -> Policy:
    return load_settings(given).policy(name, LISTS, (0.5, 0.4))


@pytest.mark.parametrize("given", [None, {}])
def test_nothing_given_means_the_defaults(given: dict[str, object] | None) -> None:
    assert load_settings(given) == Settings()


def test_the_defaults_are_those_that_the_documentation_promises() -> None:
    made = policy({})
    assert (made.alpha, made.cheap_threshold, made.hard_threshold, made.top_p) == (0.6, 0.5, 0.4, 3)
    assert (made.penalties.latency_sd, made.penalties.ctx_over_80pct) == (0.05, 0.15)
    assert made.efforts == {
        "cheap": EffortSpec("low", 1024),
        "mid": EffortSpec("medium", 6000),
        "hard": EffortSpec("high", 20000),
    }
    assert (made.max_fallbacks, made.context_margin) == (4, 0.1)


def test_a_policy_carries_the_candidate_lists_it_is_given() -> None:
    assert policy({}).candidates == LISTS


def test_a_bucket_whose_budget_is_set_keeps_its_effort() -> None:
    given = {"router": {"bucket_defaults": {"mid": {"thinking_budget": 99}}}}
    assert policy(given).efforts["mid"] == EffortSpec("medium", 99)
    assert policy(given).efforts["hard"] == EffortSpec("high", 20000)


def test_an_effort_can_be_switched_off_with_null() -> None:
    given = {"router": {"bucket_defaults": {"cheap": {"reasoning_effort": None}}}}
    assert policy(given).efforts["cheap"] == EffortSpec(None, 1024)


def test_a_profile_inherits_what_it_leaves_out() -> None:
    given = {
        "router": {"alpha": 0.5, "thresholds": {"cheap": 0.7}, "cheap_candidates": ["x"]},
        "profiles": {"eco": {"alpha": 0.2, "thresholds": {"hard": 0.9}}},
    }
    settings = load_settings(given)
    eco = settings.policy("eco", LISTS, (0.5, 0.4))
    assert (eco.name, eco.alpha, eco.cheap_threshold, eco.hard_threshold) == ("eco", 0.2, 0.7, 0.9)
    assert settings.router_of("eco").candidates == {"cheap": ("x",), "mid": None, "hard": None}
    assert settings.policy("heimdall", LISTS, (0.5, 0.4)).alpha == 0.5


def test_the_virtual_names_are_the_main_one_and_the_profiles() -> None:
    settings = load_settings({"name": "auto", "profiles": {"auto-eco": {}}})
    assert settings.names == {"auto", "auto-eco"}
    with pytest.raises(ConfigError, match="'heimdall' is not a virtual model; there are auto, auto-eco"):
        settings.router_of("heimdall")


def test_without_the_latency_feature_latency_weighs_nothing() -> None:
    assert policy({"features": {"latency_penalty": False}}).penalties.latency_sd == 0.0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"features": {"decision_cache": False}}, False),
        ({"cache": {"ttl_seconds": 0}}, False),
        ({"cache": {"max_entries": 0}}, False),
    ],
)
def test_any_of_three_settings_switches_the_cache_off(given: dict[str, object], expected: bool) -> None:
    assert load_settings(given).is_caching is expected


def test_status_codes_may_be_written_without_quotes() -> None:
    given = {"simulation": {"models": {"m": {"fail": [429, "ok"], "fail_rate": {503: 0.5}}}}}
    simulated = load_settings(given).simulation.models["m"]
    assert simulated.fail == ("429", "ok")
    assert simulated.fail_rate == {"503": 0.5}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"router": {"alpha": 7}}, "router.alpha: 7 is not allowed; allowed: a number from 0 to 1"),
        ({"router": {"alpha": True}}, "router.alpha: true is not allowed; allowed: a number from 0 to 1"),
        (
            {"router": {"alpha": float("nan")}},
            "router.alpha: nan is not allowed; allowed: a number from 0 to 1",
        ),
        (
            {"router": {"top_p": "3"}},
            "router.top_p: '3' is not allowed; allowed: a whole number from 1 to 64",
        ),
        (
            {"router": {"top_p": None}},
            "router.top_p: null is not allowed; allowed: a whole number from 1 to 64",
        ),
        (
            {"router": {"penalties": {"latency_sd": -1}}},
            "router.penalties.latency_sd: -1 is not allowed; allowed: a number, 0 or more",
        ),
        (
            {"overrides": {"max_cost_usd": 0}},
            "overrides.max_cost_usd: 0 is not allowed; allowed: a number above 0, or null",
        ),
        (
            {"simulation": {"mode": "sometimes"}},
            "simulation.mode: 'sometimes' is not allowed; allowed: one of auto, always, never",
        ),
        (
            {"router": {"cheap_candidates": []}},
            (
                "router.cheap_candidates: [] is not allowed; "
                "allowed: a list (not empty), each a text that is not empty, or null"
            ),
        ),
        (
            {"router": {"cheap_candidates": ["a", ""]}},
            "router.cheap_candidates.1: '' is not allowed; allowed: a text that is not empty",
        ),
        (
            {"router": {"mid_candidates": ["a", "b", "a"]}},
            "router.mid_candidates: a is listed more than once",
        ),
        (
            {"features": {"response_headers": 1}},
            "features.response_headers: 1 is not allowed; allowed: true or false",
        ),
        (
            {"cache": 5},
            "cache: 5 is not allowed; allowed: a mapping with the keys ttl_seconds, max_entries",
        ),
        ({"profiles": {"": {}}}, "profiles: '' is no possible key; allowed: a text that is not empty"),
        (
            {"tuning": {"bundle": 5}},
            "tuning.bundle: 5 is not allowed; allowed: a text that is not empty, or null",
        ),
        (
            {"simulation": {"models": {"m": {"fail_rate": {"418": 0.1}}}}},
            (
                "simulation.models.m.fail_rate: '418' is no possible key; "
                "allowed: one of 429, 500, 503, timeout, context"
            ),
        ),
        (
            {"simulation": {"models": {"m": {"fail_rate": {"429": 0.6, "500": 0.6}}}}},
            "simulation.models.m: the probabilities in fail_rate add up to more than 1",
        ),
        (
            {"overrides": {"alpha_min": 0.9, "alpha_max": 0.1}},
            "overrides: alpha_min (0.9) is above alpha_max (0.1)",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(given: dict[str, object], message: str) -> None:
    assert problems(given) == [f"callback_settings.heimdall.{message}"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"router": {"alhpa": 1}}, "router.alhpa: there is no such setting; did you mean router.alpha?"),
        ({"top_p": 3}, "top_p: there is no such setting; did you mean router.top_p?"),
        ({"profile": {}}, "profile: there is no such setting; did you mean profiles?"),
        (
            {"router": {"thresholds": {"easy": 1}}},
            "router.thresholds.easy: there is no such setting; known here: cheap, hard",
        ),
        (
            {"profiles": {"eco": {"alpah": 1}}},
            "profiles.eco.alpah: there is no such setting; did you mean profiles.eco.alpha?",
        ),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_known_one(
    given: dict[str, object], message: str
) -> None:
    assert problems(given) == [f"callback_settings.heimdall.{message}"]


def test_all_problems_are_told_at_once_and_inherited_ones_only_once() -> None:
    given = {
        "router": {"alpha": 7, "nonsense": 1},
        "profiles": {"eco": {"top_p": 0}},
        "cache": {"max_entries": -1},
    }
    assert [
        problem.split(":")[0].removeprefix("callback_settings.heimdall.") for problem in problems(given)
    ] == [
        "router.alpha",
        "router.nonsense",
        "profiles.eco.top_p",
        "cache.max_entries",
    ]


def test_a_long_value_is_cut_short_in_the_message() -> None:
    assert len(problems({"simulation": {"mode": "x" * 5000}})[0]) < 200


def test_a_profile_may_not_have_the_main_name() -> None:
    assert (
        "profiles.heimdall has the name of the main virtual model"
        in problems({"profiles": {"heimdall": {}}})[0]
    )


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"router": {"mid_candidates": ["heimdall"]}}, "router.mid_candidates names 'heimdall'"),
        ({"profiles": {"eco": {"hard_candidates": ["eco"]}}}, "profiles.eco.hard_candidates names 'eco'"),
    ],
)
def test_a_virtual_model_is_no_candidate(given: dict[str, object], where: str) -> None:
    assert f"{where}, which is itself virtual" in problems(given)[0]


@pytest.mark.parametrize("given", [{"router": 5}, {"profiles": 5}, {"profiles": {"x": 5}}, {"router": None}])
def test_sections_of_the_wrong_kind_are_refused_and_not_crashed_on(given: dict[str, object]) -> None:
    assert "a mapping" in problems(given)[0]


def test_settings_that_are_no_mapping_are_refused() -> None:
    assert problems([1])[0].startswith(
        "callback_settings.heimdall: what is given is not allowed; allowed: a mapping"
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "auth",
    [
        {"google": {"client_secret": ["canary"]}},
        {"google": {"client_secret": 4711}},
        {"google": {"client_secret": {"canary": "canary"}}},
        {"google": "canary"},
        {"google": ["canary"]},
        "canary",
        {"google": {"client_secrt": "canary"}},
    ],
)
def test_a_secret_is_never_said_wherever_it_was_written(auth: object) -> None:
    said = "\n".join(problems({"auth_adapters": auth}))
    assert "callback_settings.heimdall.auth_adapters" in said
    assert "canary" not in said
    assert "4711" not in said


def test_a_secret_is_not_shown_by_the_settings_that_hold_it() -> None:
    made = load_settings({"auth_adapters": {"google": {"client_secret": "canary"}}})
    assert "canary" not in repr(made)
    assert "canary" not in made.model_dump_json()


@pytest.mark.parametrize("key", ["auth_url", "token_url", "revoke_url", "device_url"])
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/token", "must be an https:// URL"),
        ("http://127.0.0.1.example.org/token", "must be an https:// URL"),
        ("ftp://127.0.0.1/token", "must be an https:// URL"),
        ("https:///token", "must be an https:// URL"),
        ("https://example.org/a b", "must be an https:// URL"),
        ("https://example.org:99999/", "this is no URL"),
        ("https://[::1/token", "this is no URL"),
        ("https://canary:canary@example.org/", "without user name"),
        ("https://example.org/#canary", "without user name"),
    ],
)
def test_tokens_travel_encrypted_or_not_at_all(key: str, url: str, why: str) -> None:
    said = problems({"auth_adapters": {"google": {key: url}}})[0]
    assert said.startswith(f"callback_settings.heimdall.auth_adapters.google.{key}: ")
    assert why in said
    assert "canary" not in said


@pytest.mark.parametrize(
    "url", ["https://example.org/token", "http://127.0.0.1:1/t", "http://[::1]/t", "http://localhost/t"]
)
def test_a_url_of_ones_own_may_be_on_this_machine(url: str) -> None:
    assert (
        load_settings({"auth_adapters": {"google": {"token_url": url}}}).auth_adapters.google.token_url == url
    )


def test_adapters_of_others_may_be_named_too() -> None:
    assert load_settings({"auth_adapters": {"enabled": ["mine"]}}).auth_adapters.enabled == ("mine",)
    assert "auth_adapters.enabled" in problems({"auth_adapters": {"enabled": [""]}})[0]


def test_a_wrong_candidate_of_a_profile_is_reported_where_it_stands() -> None:
    given = {"router": {"cheap_candidates": ["a"]}, "profiles": {"eco": {"cheap_candidates": ["a", 5]}}}
    assert problems(given) == [
        (
            "callback_settings.heimdall.profiles.eco.cheap_candidates.1: 5 is not allowed; "
            "allowed: a text that is not empty"
        )
    ]


def test_bucket_defaults_of_the_wrong_kind_are_refused() -> None:
    assert "bucket_defaults: 5 is not allowed" in problems({"router": {"bucket_defaults": 5}})[0]


def test_every_setting_has_a_description() -> None:
    assert [key for key, _, _, description in setting_rows() if not description] == []


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().router.alpha = 0.1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"journal": {"enabled": False}}, "switch the journal on, or set holdout.share to 0"),
        ({"mode": "shadow"}, "holds out nothing in shadow mode"),
        ({"mode": "off"}, "holds out nothing in off mode"),
        ({"mode": "shadow", "modes": [{"keys": ["a"], "mode": "off"}]}, "set mode to route"),
    ],
)
def test_a_holdout_that_cannot_be_measured_is_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({**given, "holdout": {"share": 0.1}})
    assert "holdout.share" in str(refused.value)
    assert words in str(refused.value)
    assert load_settings({**given, "holdout": {"share": 0}}).holdout.share == 0


def test_a_holdout_needs_only_some_traffic_that_is_routed() -> None:
    given = {"mode": "shadow", "modes": [{"share": 0.1, "mode": "route"}], "holdout": {"share": 0.1}}
    assert load_settings(given).holdout.share == 0.1
