"""Settings, catalog and bundle joined into decisions."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.config import Settings, load_settings
from heimdall_litellm.core.features import FEATURES
from heimdall_litellm.core.types import CatalogEntry, Overrides, RequestFacts
from heimdall_litellm.engine import Heimdall, prior_quality
from heimdall_litellm.errors import ConfigError, NoCandidate
from tests.support import entry

MESSAGES = [{"role": "user", "content": "A nasty one: write a python function."}]
ENTRIES = [
    entry("mini", 0.15, 0.6, upstream="openai/gpt-4o-mini"),
    entry("sonnet", 3.0, 15.0, upstream="anthropic/claude-3-5-sonnet-20241022"),
    entry("best", 2.0, 8.0, upstream="openai/o3", is_reasoning=True),
    entry("heimdall", 0.15, 0.6, upstream="openai/gpt-4o-mini"),
]


@pytest.fixture(scope="module")
def bundle(small_bundle: Path) -> Bundle:
    return load_bundle(small_bundle, canary=False)


class Clock:
    """Time that moves when told."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def engine(
    bundle: Bundle, settings: Mapping[str, object] | None = None, clock: Clock | None = None
) -> Heimdall:
    return Heimdall(load_settings(settings or {}), ENTRIES, bundle, clock=clock or Clock())


def test_buckets_are_proposed_where_none_are_given(bundle: Bundle) -> None:
    rows = engine(bundle).snapshot.fields["heimdall"].rows
    assert {row.bucket for row in rows} == {"cheap", "mid", "hard"}
    assert {row.entry.name for row in rows} == {"mini", "sonnet", "best"}


def test_a_virtual_name_is_never_its_own_candidate(bundle: Bundle) -> None:
    assert "heimdall" not in engine(bundle).candidate_names("heimdall")


def test_models_are_found_in_the_bundle_whatever_they_are_called_here(bundle: Bundle) -> None:
    rows = engine(bundle).snapshot.fields["heimdall"].rows
    assert {(row.entry.name, row.known_as) for row in rows} >= {
        ("mini", "gpt-4o-mini"),
        ("sonnet", "claude-3.5-sonnet"),
        ("best", "o3@high"),
    }


def test_prior_quality_knows_strangers_and_stated_figures(bundle: Bundle) -> None:
    strange = entry("new", upstream="acme/never-heard-of-9")
    quality = prior_quality([*ENTRIES, strange, replace(strange, name="own", quality_override=0.77)], bundle)
    assert quality["mini"] < quality["sonnet"] < quality["best"]
    assert quality["new"] < quality["best"]
    assert quality["own"] == 0.77


def test_a_baseline_that_is_no_model_is_named_as_the_setting_it_is(bundle: Bundle) -> None:
    with pytest.raises(
        ConfigError, match=r"^baseline\.model names 'nothere'.* It has: best, mini, sonnet\.$"
    ):
        engine(bundle, {"baseline": {"model": "nothere"}})


def test_given_lists_are_kept(bundle: Bundle) -> None:
    lists = {f"{b}_candidates": ["sonnet"] for b in ("cheap", "mid", "hard")}
    assert engine(bundle, {"router": lists}).candidate_names("heimdall") == ("sonnet",)


def test_profiles_decide_by_their_own_settings(bundle: Bundle) -> None:
    both = engine(bundle, {"profiles": {"heimdall-eco": {"alpha": 0.0}}})
    assert both.names == {"heimdall", "heimdall-eco"}
    assert both.decide(messages=MESSAGES, name="heimdall-eco").alpha == 0.0
    assert both.decide(messages=MESSAGES).alpha == 0.6


def test_everything_a_caller_can_say_reaches_the_decision(bundle: Bundle) -> None:
    decision = engine(bundle).decide(
        messages=MESSAGES,
        tools=[{"type": "function", "function": {"name": "f"}}],
        response_format={"type": "json_object"},
        max_tokens=7,
        alpha=1.0,
        bucket="hard",
    )
    assert (decision.alpha, decision.bucket) == (1.0, "hard")
    assert all(c.output_tokens <= 7 for c in decision.candidates)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_an_alpha_that_is_none_is_refused(bundle: Bundle, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha must lie in 0\.\.1"):
        engine(bundle).decide(messages=MESSAGES, alpha=alpha)


@pytest.mark.parametrize("limit", [-1.0, 0.0, float("nan"), float("inf")])
def test_a_cost_limit_that_is_none_is_refused(bundle: Bundle, limit: float) -> None:
    with pytest.raises(ValueError, match="max_cost_usd must be a finite amount above 0, not"):
        engine(bundle).decide(messages=MESSAGES, max_cost_usd=limit)


def test_a_bucket_or_virtual_model_that_is_none_is_refused(bundle: Bundle) -> None:
    weird: Any = "weird"
    with pytest.raises(ValueError, match="bucket must be one of cheap, mid, hard, not 'weird'"):
        engine(bundle).decide(messages=MESSAGES, bucket=weird)
    with pytest.raises(ConfigError, match="'nope' is no virtual model; there are heimdall"):
        engine(bundle).decide(messages=MESSAGES, name="nope")
    with pytest.raises(ConfigError, match="'nope' is no virtual model"):
        engine(bundle).candidate_names("nope")


def test_a_cost_limit_nobody_meets_says_so(bundle: Bundle) -> None:
    with pytest.raises(NoCandidate, match="over the request's limit"):
        engine(bundle).decide(messages=MESSAGES, max_cost_usd=1e-12)


def test_the_same_facts_are_answered_from_memory_until_time_is_over(bundle: Bundle) -> None:
    clock = Clock()
    one = engine(bundle, {"cache": {"ttl_seconds": 60}}, clock)
    facts = RequestFacts(ask="hello")
    first = one.decide_facts(facts)
    again = one.decide_facts(facts)
    assert again.is_remembered
    assert one.decide_facts(facts) is again
    assert (again.model, again.candidates) == (first.model, first.candidates)
    assert (sum(first.spent) > 0, sum(again.spent)) == (True, 0)
    assert not one.decide_facts(facts, permitted={"mini"}).is_remembered
    assert not one.decide_facts(facts, overrides=Overrides(alpha=0.1)).is_remembered
    clock.now += 61
    assert not one.decide_facts(facts).is_remembered


def test_without_a_cache_every_decision_is_made_anew(bundle: Bundle) -> None:
    one = engine(bundle, {"features": {"decision_cache": False}})
    facts = RequestFacts(ask="hello")
    assert one.decide_facts(facts) is not one.decide_facts(facts)


def test_new_prices_count_at_once(bundle: Bundle) -> None:
    one = engine(bundle, {"router": {"hard_candidates": ["sonnet", "best"], "alpha": 0.0}})
    before = one.decide(messages=MESSAGES, bucket="hard")
    dear: list[CatalogEntry] = [
        replace(e, input_usd_per_mtok=900.0, output_usd_per_mtok=900.0) if e.name == before.model else e
        for e in ENTRIES
    ]
    one.replace_entries(dear)
    assert one.decide(messages=MESSAGES, bucket="hard").model != before.model


def test_entries_that_do_not_fit_change_nothing(bundle: Bundle) -> None:
    one = engine(bundle, {"router": {"cheap_candidates": ["mini"]}})
    before = one.snapshot
    with pytest.raises(ConfigError, match="mini"):
        one.replace_entries(ENTRIES[1:])
    assert one.snapshot is before


def test_a_new_bundle_is_decided_from(bundle: Bundle) -> None:
    one = engine(bundle)
    other = load_bundle(bundle.path, canary=False)
    one.replace_bundle(other)
    assert one.snapshot.bundle is other
    assert one.decide(messages=MESSAGES).model in one.candidate_names("heimdall")


def test_contributions_explain_a_bucket(bundle: Bundle) -> None:
    one = engine(bundle)
    facts = RequestFacts(ask="a nasty one")
    found = one.contributions(facts, "hard")
    assert set(found) >= {*FEATURES, "wording"}
    assert {name for name in found if name.startswith("'")} <= {"'a'", "'nasty'", "'one'"}
    scorer, seen = one.snapshot.bundle.scorer, one.perceive(facts)
    row = np.concatenate((seen.features, seen.embedding))
    known = one.snapshot.bundle.knowledge
    lean = known.tilt.of_request(seen.features) + known.words.of_tokens(seen.tokens)
    bias = float(scorer.contributions(row)[2, -1])
    assert sum(found.values()) == pytest.approx(float(scorer(row)[2]) - bias + lean / 2, abs=1e-4)
    cheap = one.contributions(facts, "cheap")
    assert cheap["'nasty'"] == pytest.approx(-found["'nasty'"])
    assert found["'nasty'"] != 0


CONFIG = """
model_list:
  - model_name: heimdall
    litellm_params: {{model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY}}
  - model_name: mini
    litellm_params: {{model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY}}
  - model_name: opus
    litellm_params: {{model: anthropic/claude-opus-4-1, api_key: os.environ/ANTHROPIC_API_KEY}}
callback_settings:
  heimdall:
    tuning: {{bundle: "{bundle}"}}
    {more}
"""


def write_config(folder: Path, bundle: Path, more: str = "name: heimdall") -> Path:
    path = folder / "config.yaml"
    path.write_text(textwrap.dedent(CONFIG.format(bundle=bundle, more=more)), encoding="utf-8")
    return path


def test_from_yaml_reads_models_settings_and_keys(small_bundle: Path, tmp_path: Path) -> None:
    path = write_config(tmp_path, small_bundle)
    one = Heimdall.from_yaml(path, environ={"OPENAI_API_KEY": "sk-x"})
    decision = one.decide(messages=MESSAGES)
    assert decision.model == "mini"
    why = {c.model: c.why_not for c in decision.candidates}
    assert why["opus"] == "no credential: set ANTHROPIC_API_KEY"


def test_from_yaml_without_any_key_lets_the_simulated_provider_stand_in(
    small_bundle: Path, tmp_path: Path
) -> None:
    path = write_config(tmp_path, small_bundle)
    decision = Heimdall.from_yaml(path).decide(messages=MESSAGES)
    assert all(c.eligible for c in decision.candidates)


def test_a_virtual_name_must_be_a_model_group(small_bundle: Path, tmp_path: Path) -> None:
    path = write_config(tmp_path, small_bundle, more="profiles: {heimdall-max: {alpha: 0.9}}")
    with pytest.raises(ConfigError, match="'heimdall-max' must be a model_name in model_list"):
        Heimdall.from_yaml(path, environ={})


def test_a_bucket_must_name_a_model_group(small_bundle: Path, tmp_path: Path) -> None:
    path = write_config(tmp_path, small_bundle, more="router: {hard_candidates: [gpt-9]}")
    with pytest.raises(ConfigError, match="hard_candidates names 'gpt-9'"):
        Heimdall.from_yaml(path, environ={})


def test_a_model_list_must_be_a_list(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("model_list: {a: 1}")
    with pytest.raises(ConfigError, match="model_list"):
        Heimdall.from_yaml(path, environ={})


def test_settings_are_kept_for_all_to_read(bundle: Bundle) -> None:
    assert engine(bundle).settings == Settings()
