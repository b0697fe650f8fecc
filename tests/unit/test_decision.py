"""The whole chain, on small worlds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from heimdall_litellm.core.candidates import CandidateSet
from heimdall_litellm.core.decision import decide, model_input, perceive
from heimdall_litellm.core.explain import influences, summary, to_dict
from heimdall_litellm.core.types import (
    Bucket,
    CatalogEntry,
    Decision,
    Overrides,
    Penalties,
    RequestFacts,
    RouterPolicy,
    Standing,
)
from heimdall_litellm.core.wordscore import WordScore
from heimdall_litellm.errors import NoCandidate
from tests.support import EFFORTS, RAW, embedding, entry, field, knowledge, policy, table

FACTS = RequestFacts(ask="write code", ask_chars=10, total_chars=10, input_tokens=1_000)
QUALITY = table({"small": [0.5, 0.6], "middle": [0.7, 0.7], "large": [0.9, 0.8], "wide": [0.6, 0.6]})
MODELS = [
    entry("small", 0.1, 0.4),
    entry("middle", 1.0, 4.0, is_reasoning=True),
    entry("large", 5.0, 20.0, is_reasoning=True),
    entry("wide", 2.0, 8.0, max_input_tokens=2_000_000),
]
LISTS: dict[Bucket, tuple[str, ...]] = {
    "cheap": ("small",),
    "mid": ("middle", "wide"),
    "hard": ("large", "middle"),
}


def candidates(models: Sequence[CatalogEntry] = MODELS, **rules: object) -> CandidateSet:
    return field(models, QUALITY, policy(LISTS, **rules))


def choose(bucket: Bucket, facts: RequestFacts = FACTS, **how: object) -> Decision:
    rules = how.pop("rules", {})
    return decide(facts, knowledge(QUALITY, RAW[bucket]), candidates(**rules), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(("bucket", "model"), [("cheap", "small"), ("mid", "middle"), ("hard", "large")])
def test_the_bucket_decides_who_competes(bucket: Bucket, model: str) -> None:
    decision = choose(bucket, rules={"alpha": 0.9})
    assert (decision.bucket, decision.model) == (bucket, model)


EVERYWHERE: dict[Bucket, tuple[str, ...]] = {
    "cheap": ("small", "middle"),
    "mid": ("middle", "wide"),
    "hard": ("large", "middle", "small"),
}


def compete(bucket: Bucket, router_policy: RouterPolicy, **how: object) -> Decision:
    rules = policy(EVERYWHERE, router_policy=router_policy, alpha=how.pop("alpha", 0.6))
    return decide(FACTS, knowledge(QUALITY, RAW[bucket]), field(MODELS, QUALITY, rules), **how)  # type: ignore[arg-type]


def test_under_triage_all_compete_and_difficulty_scales_the_gaps() -> None:
    easy, hard = compete("cheap", "triage"), compete("hard", "triage")
    assert (easy.bucket, easy.model) == ("cheap", "middle")
    assert (hard.bucket, hard.model) == ("hard", "large")
    quality = [{c.model: c.quality for c in d.candidates} for d in (easy, hard)]
    gaps = [q["large"] - q["small"] for q in quality]
    assert gaps[1] == pytest.approx(gaps[0] * hard.difficulty / 0.2 / 0.5, rel=1e-3)  # 0.2 is the least
    assert easy.router_policy == "triage"


def test_under_alpha_the_triage_has_no_say() -> None:
    easy, hard = compete("cheap", "alpha"), compete("hard", "alpha")
    assert easy.model == hard.model
    assert [c.score for c in easy.candidates] == [c.score for c in hard.candidates]
    assert (easy.bucket, hard.bucket) == ("cheap", "hard")


def test_among_all_each_model_is_tried_once_in_order_of_score() -> None:
    decision = compete("mid", "triage")
    best = {
        c.model: max(o.score for o in decision.candidates if o.model == c.model) for c in decision.candidates
    }
    assert [decision.model, *decision.fallbacks] == sorted(best, key=lambda model: -best[model])
    assert decision.reasons[1].startswith(f"{decision.model} scores best of 4 candidates")


def test_of_equal_rows_of_a_model_the_buckets_own_is_taken() -> None:
    assert compete("mid", "triage", permitted={"middle"}).effort == EFFORTS["mid"]
    assert compete("hard", "triage", alpha=0.5, permitted={"middle"}).effort == EFFORTS["hard"]
    assert "middle is the only candidate left" in compete("hard", "alpha", permitted={"middle"}).reasons[1]


@pytest.mark.parametrize("rule", ["triage", "alpha"])
def test_a_bucket_asked_for_is_obeyed_under_every_policy(rule: RouterPolicy) -> None:
    decision = compete("cheap", rule, overrides=Overrides(bucket="mid"))
    assert (decision.bucket, decision.model, decision.router_policy) == ("mid", "middle", "bucket")
    assert decision.fallbacks[0] == "wide"


def test_the_chain_goes_through_the_bucket_then_up_then_down() -> None:
    assert choose("mid").fallbacks == ("wide", "large", "small")
    assert choose("cheap").fallbacks == ("middle", "wide", "large")
    assert choose("hard", rules={"alpha": 0.9}).fallbacks == ("middle", "wide", "small")


def test_the_chain_is_no_longer_than_allowed() -> None:
    assert choose("mid", rules={"max_fallbacks": 1}).fallbacks == ("wide",)
    assert choose("mid", rules={"max_fallbacks": 0}).fallbacks == ()


def test_effort_follows_the_bucket_in_which_a_model_is_used() -> None:
    decision = choose("hard")
    assert decision.effort == EFFORTS["hard"]
    assert decision.efforts["middle"] == EFFORTS["hard"]
    assert decision.efforts["small"].reasoning_effort is None
    assert choose("mid").effort == EFFORTS["mid"]


def test_a_long_request_goes_where_it_fits() -> None:
    decision = choose("cheap", replace(FACTS, input_tokens=500_000))
    assert decision.model == "wide"
    assert "no cheap candidate can serve it, so the mid bucket does" in decision.reasons
    assert decision.fallbacks == ()


def test_nobody_left_says_why_for_each() -> None:
    with pytest.raises(NoCandidate) as caught:
        choose("mid", replace(FACTS, input_tokens=5_000_000))
    assert set(caught.value.why_not) == {"small", "middle", "large", "wide"}
    assert caught.value.status == 400
    assert "wide: the request is too long" in str(caught.value)


def test_nobody_permitted_is_a_matter_of_permission() -> None:
    with pytest.raises(NoCandidate) as caught:
        choose("mid", permitted=frozenset())
    assert caught.value.status == 403


def test_only_the_permitted_are_chosen_or_fallen_back_to() -> None:
    decision = choose("hard", permitted={"small"})
    assert (decision.model, decision.fallbacks) == ("small", ())


def test_a_request_may_ask_for_its_bucket_and_alpha() -> None:
    decision = choose("cheap", overrides=Overrides(alpha=0.0, bucket="hard", notes=("alpha was clamped",)))
    assert (decision.bucket, decision.model, decision.alpha) == ("hard", "middle", 0.0)
    assert decision.reasons[0] == "the request asks for the hard bucket"
    assert decision.reasons[-1] == "alpha was clamped"


def test_a_cost_limit_rules_out_what_is_over_it() -> None:
    decision = choose("hard", overrides=Overrides(max_cost_usd=0.002))
    by_name = {c.model: c for c in decision.candidates}
    assert decision.model == "middle"
    assert "over the request's limit of $0.002" in (by_name["large"].why_not or "")


def test_expected_cost_is_tokens_times_prices() -> None:
    by_name = {c.model: c for c in choose("mid").candidates}
    assert by_name["large"].cost_usd == pytest.approx((1_000 * 5 + 100 * 20) / 1e6, rel=1e-5)


def test_the_clients_limit_caps_expected_output() -> None:
    decision = choose("mid", replace(FACTS, max_output_tokens=10))
    assert {c.output_tokens for c in decision.candidates} == {10.0}


def test_latency_can_turn_a_choice() -> None:
    slow = {"middle": 30.0, "wide": 1.0}
    assert choose("mid", latencies=slow, rules={"alpha": 1.0}).model == "middle"
    heavy = {"alpha": 1.0, "penalties": Penalties(latency_sd=0.5)}
    assert choose("mid", latencies=slow, rules=heavy).model == "wide"


def test_a_short_ask_is_read_with_its_topic() -> None:
    bare = model_input(RequestFacts(ask="faster"), embedding())[1]
    with_topic = model_input(RequestFacts(ask="faster", topic="poem"), embedding())[1]
    long_ask = RequestFacts(ask="faster " * 40, topic="poem")
    assert bare.tolist() != with_topic.tolist()
    assert model_input(long_ask, embedding())[1].tolist() == pytest.approx(bare.tolist())


def test_perception_is_what_a_decision_is_made_from() -> None:
    seen = perceive(FACTS, knowledge(QUALITY, RAW["hard"]))
    decision = choose("hard")
    assert seen.triage.difficulty == decision.difficulty
    assert seen.features.tolist() == decision.features.tolist()


def test_a_decision_survives_json() -> None:
    decision = choose("mid", permitted={"middle"})
    data = json.loads(json.dumps(to_dict(decision), allow_nan=False))
    assert data["model"] == "middle"
    assert data["effort"] == "medium"
    assert [c["score"] for c in data["candidates"] if c["model"] == "small"] == [None]
    assert data["candidates"][0]["why_not"] == "the caller's key or team may not use it"


def test_the_summary_is_one_printable_line() -> None:
    decision = choose("mid")
    assert summary(decision).isascii()
    odd = replace(decision, reasons=("a\r\nb", "é"))
    assert summary(odd) == "a??b; ?"
    assert len(summary(replace(decision, reasons=("x" * 1_000,)))) == 300


def test_what_no_price_is_known_of_has_no_cost_and_counts_as_the_dearest() -> None:
    models = [entry("small", None, None), entry("large", 5.0, 20.0), entry("middle", None, 4.0)]
    lists: dict[Bucket, tuple[str, ...]] = {"cheap": ("small", "large", "middle")}
    how = {"permitted": {"small", "middle"}}

    def made(**more: object) -> Decision:
        return decide(
            FACTS, knowledge(QUALITY, RAW["cheap"]), field(models, QUALITY, policy(lists)), **how, **more
        )  # type: ignore[arg-type]

    decision = made()
    assert decision.model == "middle"
    assert decision.reasons[1].endswith("quality 0.70 at an unknown price")
    assert "an unknown price counts as the dearest that is known of the candidates" in decision.reasons
    rows = to_dict(decision)["candidates"]
    shown = {row["model"]: row["cost_usd"] for row in rows}  # type: ignore[attr-defined]
    reckoned = {row.model: row.cost_usd for row in decision.candidates}
    assert shown == {"small": None, "large": reckoned["large"], "middle": None}
    assert reckoned["small"] == reckoned["large"] > reckoned["middle"] > 0
    with pytest.raises(NoCandidate) as refused:
        made(overrides=Overrides(max_cost_usd=1e-9))
    assert refused.value.why_not["small"].startswith("its price is unknown")


def test_reasons_name_the_rule_that_made_the_bucket() -> None:
    assert choose("hard").reasons[0].startswith("looks hard: p_hard 0.99 > 0.58")
    assert choose("cheap").reasons[0].startswith("looks easy: p_cheap 0.99 > 0.62")
    assert choose("mid").reasons[0].startswith("neither easy nor hard")
    assert "small is the only cheap candidate left" in choose("cheap").reasons[1]
    assert "middle scores best of 2 mid candidates" in choose("mid").reasons[1]
    assert "1 ruled out" in choose("mid", overrides=Overrides(max_cost_usd=0.005)).reasons


def test_influences_are_the_largest_first_and_none_is_nothing() -> None:
    assert influences({"a": 0.1, "b": -0.5, "c": 0.0, "d": 0.05}, top=2) == [("b", -0.5), ("a", 0.1)]
    assert influences({"c": 0.0}) == []


def test_words_lean_the_triage_towards_hard_or_cheap() -> None:
    known = knowledge(QUALITY)
    pull = np.array([2.0, -2.0, 0.0], np.float32)
    leaning = replace(known, words=WordScore(pull, np.ones(3, np.float32)))
    hard, cheap = (perceive(RequestFacts(ask=ask), leaning).triage for ask in ("code", "poem"))
    neither = perceive(RequestFacts(ask="code poem code"), leaning).triage
    assert hard.p_hard / hard.p_cheap == pytest.approx(np.exp(2))
    assert cheap.p_hard / cheap.p_cheap == pytest.approx(np.exp(-2))
    assert neither.p_hard == pytest.approx(1 / 3)


def test_who_is_set_aside_stands_last_in_the_chain_and_nobody_else_who_is_ruled_out() -> None:
    standing = Standing(set_aside={"middle": "unavailable (503)", "large": "timeout"})
    allowed = frozenset({"small", "middle", "large"})
    decision = choose("mid", standing=standing, permitted=allowed)
    assert decision.model == "small"
    assert decision.ranked == ("small", "large", "middle")
    assert decision.fallbacks == ("large", "middle")
    assert set(decision.efforts) == {"small", "middle", "large"}
    # Nobody else is left, and all are tried as though nobody were set aside.
    assert choose("mid", standing=standing, permitted=frozenset({"middle", "large"})).model == "middle"
