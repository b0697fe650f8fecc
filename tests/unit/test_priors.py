"""What is expected of a deployment, and how that is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.bundle.layout import CLUSTERS, MODELS, PRIORS
from heimdall_litellm.bundle.write import pack_arrays
from heimdall_litellm.catalog.facts import Card, CatalogView, Prior
from heimdall_litellm.config import Settings
from heimdall_litellm.core.types import CatalogEntry
from heimdall_litellm.engine import Heimdall
from heimdall_litellm.priors import prior_of, prior_quality, with_priors
from tests.bundles import arrays_of, rewrite, with_prices, without_priors
from tests.support import entry
from training.kinds import KINDS

ENTRIES = (
    entry("known", upstream="openai/gpt-4o-mini"),
    entry("published", upstream="openai/gpt-5", is_reasoning=True),
    entry("newer", upstream="openai/o4", is_reasoning=True),
    entry("stranger", 1.0, 10**0.5, upstream="acme/never-heard-of"),
    entry("free", 0.0, 0.0, upstream="acme/never-heard-of"),
    entry("absurd", 1.0, 1e9, upstream="acme/never-heard-of"),
    entry("unpriced", 1.0, None, upstream="acme/never-heard-of"),
    entry("stated", upstream="openai/gpt-4o-mini", quality_override=0.123),
)

COUNTS = ("outcomes", "published", "latest")


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return load_bundle(canary=False)


@pytest.fixture
def bundle(bundle_path: Path) -> Bundle:
    with_prices(bundle_path, by_kind=(0.4, 0.8))
    return load_bundle(bundle_path, canary=False)


def priors(bundle: Bundle) -> dict[str, Prior]:
    return {one.name: prior_of(one, bundle) for one in ENTRIES}


def test_each_says_how_it_is_known(bundle: Bundle) -> None:
    found = priors(bundle)
    assert {name: (prior.basis, prior.known_as) for name, prior in found.items()} == {
        "known": ("outcomes", "gpt-4o-mini"),
        "published": ("published", "gpt-5@medium"),
        "newer": ("family", "o3@high"),
        "stranger": ("price-class", None),
        "free": ("price-class", None),
        "absurd": ("price-class", None),
        "unpriced": ("unknown", None),
        "stated": ("user", "gpt-4o-mini"),
    }
    assert found["newer"].quality == prior_of(entry("o3", upstream="o3", is_reasoning=True), bundle).quality
    prices = [found[name].quality for name in ("free", "stranger", "absurd")]
    assert prices == pytest.approx([0.2, 0.4, 0.6])
    assert found["stranger"].by_kind == pytest.approx(dict.fromkeys(KINDS, 0.6))
    assert found["stated"].quality == 0.123
    assert found["unpriced"].by_kind == found["stated"].by_kind == {}


def test_what_stands_behind_a_figure_is_counted(bundle: Bundle) -> None:
    found = priors(bundle)
    assert (found["known"].outcomes, found["known"].published) == (360, 4)
    assert (found["published"].outcomes, found["published"].latest) == (0, date(2026, 1, 1))
    assert (found["stranger"].outcomes, found["stranger"].published, found["stranger"].latest) == (0, 0, None)
    assert set(found["known"].by_kind) == set(KINDS)
    assert all(0 <= quality <= 1 for prior in found.values() for quality in prior.by_kind.values())


def test_priors_are_those_that_decisions_are_made_from(bundle: Bundle) -> None:
    engine = Heimdall(Settings(), ENTRIES, bundle)
    rows = engine.snapshot.fields["heimdall"]
    expected = prior_quality(ENTRIES, bundle)
    unasked = {"known", "stranger", "free", "absurd", "unpriced", "stated"}
    for row, quality in zip(rows.rows, rows.typical_quality.tolist(), strict=True):
        if row.entry.name in unasked:
            assert quality == pytest.approx(expected[row.entry.name], abs=1e-6)
        assert row.basis == prior_of(row.entry, bundle).basis


def test_every_card_of_a_view_is_filled_and_the_rest_kept(bundle: Bundle) -> None:
    view = CatalogView({one.name: Card(one, {}, is_listed=True) for one in ENTRIES})
    filled = with_priors(view, bundle)
    assert {name: card.prior for name, card in filled.cards.items()} == priors(bundle)
    assert all(card.is_listed for card in filled.cards.values())
    assert all(card.prior is None for card in view.cards.values())


def test_a_bundle_of_format_2_has_priors_without_kinds(bundle_path: Path) -> None:
    without_priors(bundle_path, 2)
    found = priors(load_bundle(bundle_path, canary=False))
    assert found["known"].basis == "outcomes"
    assert {found[name].basis for name in ("stranger", "free", "absurd", "unpriced")} == {"unknown"}
    assert len({found[name].quality for name in ("stranger", "free", "absurd", "unpriced")}) == 1
    assert not any(prior.by_kind for prior in found.values())


@given(st.permutations(ENTRIES))
def test_the_order_of_the_entries_does_not_matter(shipped: Bundle, entries: list[CatalogEntry]) -> None:
    assert prior_quality(entries, shipped) == prior_quality(ENTRIES, shipped)


def test_the_order_of_the_bundles_models_does_not_matter(bundle_path: Path) -> None:
    before = priors(load_bundle(bundle_path, canary=False))
    order = np.random.default_rng(0).permutation(len(load_bundle(bundle_path, canary=False).models))
    names = json.loads((bundle_path / MODELS).read_bytes())
    names["names"] = [names["names"][i] for i in order]
    clusters, table = arrays_of(bundle_path, CLUSTERS), arrays_of(bundle_path, PRIORS)
    for arrays, rows in ((clusters, ("mean", "count", "prior", "tokens")), (table, ("by_kind", *COUNTS))):
        for name in rows:
            arrays[name] = arrays[name][order]
    rewrite(
        bundle_path,
        models=json.dumps(names).encode(),
        clusters=pack_arrays(clusters),
        priors=pack_arrays(table),
    )
    after = priors(load_bundle(bundle_path, canary=False))
    for name, prior in after.items():
        assert prior.quality == pytest.approx(before[name].quality, abs=1e-6)
        assert replace(prior, quality=0) == replace(before[name], quality=0)


def test_the_shipped_bundle_knows_a_price_for_every_class_and_a_kind_for_every_model(shipped: Bundle) -> None:
    assert shipped.priors is not None
    assert shipped.priors.kinds == KINDS
    assert (shipped.priors.outcomes > 0).sum() > 100
    assert ((shipped.priors.outcomes > 0) | (shipped.priors.published > 1)).all()
    prices = [0.0, 0.3, 1.0, 3.0, 10.0, 1e6]
    found = [prior_of(entry("x", usd, usd, upstream="acme/new"), shipped) for usd in prices]
    assert {prior.basis for prior in found} == {"price-class"}
    qualities = [prior.quality for prior in found]
    assert all(one <= other for one, other in pairwise(qualities))
    assert qualities[0] < qualities[-1]
    known = prior_quality([entry(name, upstream=name) for name in shipped.models], shipped)
    assert np.quantile(list(known.values()), 0.02) < qualities[0]  # neither end is extreme
    assert qualities[-1] < np.quantile(list(known.values()), 0.9)


LADDERS = (
    ("gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"),
    ("gpt-5", "gpt-5-mini", "gpt-5-nano"),
    ("gpt-5.4@high", "gpt-5.4-mini@high", "gpt-5.4-nano@high"),
    ("gpt-5.5@high", "gpt-5.2@high", "gpt-5.1@high", "gpt-5@high"),
    ("gpt-5.5@high", "o4-mini@high"),
    ("gpt-4o", "gpt-4o-mini", "gpt-3.5-turbo"),
    ("gpt-5-pro", "gpt-5@high"),
    ("o3@high", "o3@medium", "o3@low"),
    ("o4-mini@high", "o3-mini@high"),
    ("claude-4.8-opus@high", "claude-4.6-opus@high", "claude-4.5-opus@high", "claude-4.1-opus@high"),
    ("claude-4.6-sonnet@high", "claude-4.5-sonnet@high", "claude-4-sonnet@high"),
    ("claude-4.6-opus@high", "grok-3-mini@high"),
    ("claude-3.5-sonnet", "claude-3.5-haiku", "claude-3-haiku"),
    ("claude-3-opus", "claude-3-sonnet", "claude-3-haiku"),
    ("gemini-3.1-pro@high", "gemini-3-pro@high", "gemini-3-flash@high", "gemini-3.1-flash-lite@high"),
    ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"),
    ("grok-4.3", "grok-4", "grok-3", "grok-2", "grok-2-mini"),
    ("llama-3.1-405b", "llama-3.1-70b", "llama-3.1-8b"),
    ("qwen-2.5-72b", "qwen-2.5-32b", "qwen-2.5-7b"),
    ("deepseek-v4-pro", "deepseek-v4-flash"),
    ("nova-pro", "nova-lite", "nova-micro"),
)


@pytest.mark.parametrize("ladder", LADDERS, ids=lambda ladder: ladder[0])
def test_no_tier_is_expected_to_be_much_worse_than_the_one_below(
    shipped: Bundle, ladder: tuple[str, ...]
) -> None:
    table = shipped.knowledge.table
    overall = dict(zip(table.models, (table.shrunk() @ table.share).tolist(), strict=True))
    for better, worse in pairwise(ladder):
        assert overall[better] > overall[worse] - 0.03, (better, worse)


def test_a_newer_claude_and_a_newer_gpt_have_the_prior_of_their_predecessors(shipped: Bundle) -> None:
    for upstream, older in (
        ("anthropic/claude-opus-9", "claude-4.8-opus"),
        ("openai/gpt-9-mini", "gpt-5.4-mini"),
        ("gemini/gemini-9-flash-lite", "gemini-3.1-flash-lite"),
    ):
        prior = prior_of(entry("x", None, None, upstream=upstream), shipped)
        assert prior.basis == "family"
        assert prior.known_as is not None
        assert prior.known_as.partition("@")[0] == older
        same = prior_of(entry("y", None, None, upstream=prior.known_as), shipped)
        assert (prior.quality, prior.by_kind, prior.outcomes) == (same.quality, same.by_kind, same.outcomes)
        dear = prior_of(entry("z", 30.0, 150.0, upstream=upstream), shipped)
        assert dear.quality >= prior.quality
