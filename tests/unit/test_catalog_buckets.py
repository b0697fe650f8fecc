"""Proposed buckets: every model somewhere, no bucket empty, the same list every time."""

from __future__ import annotations

from math import ceil, inf

from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.catalog import propose_buckets
from heimdall_litellm.catalog.buckets import blended_usd_per_mtok
from heimdall_litellm.core.types import BUCKETS, CatalogEntry


def model(
    name: str, price: float | None, *, missing: str | None = None, quality: float | None = None
) -> CatalogEntry:
    return CatalogEntry(
        name=name,
        upstream=name,
        provider="p",
        input_usd_per_mtok=price,
        output_usd_per_mtok=price,
        missing_credential=missing,
        quality_override=quality,
    )


def test_the_sample_configuration_is_sorted_as_one_would_by_hand() -> None:
    entries = [
        model("claude", 6.0),
        model("gpt", 3.4),
        model("gemini", 3.4),
        model("r1", 1.0),
        model("coder", 0.7),
    ]
    quality = {"claude": 0.72, "gpt": 0.70, "gemini": 0.68, "r1": 0.55, "coder": 0.50}
    assert propose_buckets(entries, quality) == {
        "cheap": ("coder", "r1"),
        "mid": ("gemini", "gpt"),
        "hard": ("gpt", "claude"),
    }


def test_one_model_stands_in_every_bucket() -> None:
    assert propose_buckets([model("only", 1.0)], {}) == dict.fromkeys(BUCKETS, ("only",))


def test_of_two_models_either_may_serve_the_middle() -> None:
    entries = [model("small", 0.1), model("big", 10.0)]
    assert propose_buckets(entries, {"small": 0.4, "big": 0.8}) == {
        "cheap": ("small",),
        "mid": ("small", "big"),
        "hard": ("big",),
    }


def test_a_cheap_model_that_is_also_the_best_is_asked_for_easy_and_hard_things() -> None:
    entries = [model("wonder", 0.1), model("middling", 1.0), model("dear", 10.0)]
    proposed = propose_buckets(entries, {"wonder": 0.9, "middling": 0.5, "dear": 0.6})
    assert "wonder" in proposed["cheap"]
    assert "wonder" in proposed["hard"]
    assert proposed["mid"] == ("wonder", "middling", "dear")


def test_the_users_own_word_on_quality_counts() -> None:
    entries = [model("a", 1.0), model("b", 1.5), model("c", 2.0, quality=0.99)]
    assert propose_buckets(entries, {"a": 0.9, "b": 0.8, "c": 0.1})["hard"] == ("c",)


def test_a_price_nobody_knows_is_no_bargain() -> None:
    entries = [model("unknown", None), model("known", 50.0), model("other", 60.0)]
    assert propose_buckets(entries, {})["cheap"] == ("known",)
    assert blended_usd_per_mtok(entries[0]) == inf


def test_models_without_a_credential_do_not_push_others_out() -> None:
    entries = [
        model("k1", 1.0),
        model("k2", 2.0),
        model("n1", 0.1, missing="X"),
        model("n2", 0.2, missing="X"),
    ]
    proposed = propose_buckets(entries, {"k1": 0.5, "k2": 0.9, "n1": 0.1, "n2": 0.99})
    assert proposed == {"cheap": ("n1", "n2", "k1"), "mid": ("n1", "n2", "k1", "k2"), "hard": ("n2", "k2")}


def test_no_models_give_empty_buckets() -> None:
    assert propose_buckets([], {}) == {"cheap": (), "mid": (), "hard": ()}


ENTRIES = st.lists(
    st.builds(
        model,
        st.text("abcdefgh", min_size=1, max_size=4),
        st.none() | st.floats(0, 100),
        missing=st.none() | st.just("KEY"),
        quality=st.none() | st.floats(0, 1),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda entry: entry.name,
)


@given(ENTRIES, st.randoms(use_true_random=False))
def test_the_promises_hold_for_any_models(entries: list[CatalogEntry], random: st.random.Random) -> None:  # type: ignore[name-defined]
    quality = {entry.name: len(entry.name) / 10 for entry in entries[::2]}
    proposed = propose_buckets(entries, quality)
    usable = {entry.name for entry in entries if entry.missing_credential is None} or {
        e.name for e in entries
    }
    assert {name for bucket in BUCKETS for name in proposed[bucket]} == {entry.name for entry in entries}
    for bucket in BUCKETS:
        assert usable & set(proposed[bucket])
        assert len(set(proposed[bucket])) == len(proposed[bucket])
    assert len(usable & set(proposed["cheap"])) >= ceil(len(usable) / 3)
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert propose_buckets(shuffled, quality) == proposed
