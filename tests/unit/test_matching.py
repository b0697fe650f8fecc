"""Deployments that people really have, against the models of the shipped bundle."""

from __future__ import annotations

import pytest

from benchmarks.matching import priors
from heimdall_litellm.bundle import load_bundle


@pytest.mark.parametrize(
    ("name", "basis", "known_as"),
    [
        ("perplexity/sonar-pro", "published", "sonar-pro"),
        ("ollama/gpt-oss:120b-cloud", "outcomes", "gpt-oss-120b"),
        ("mistral/ministral-8b-latest", "family", "ministral-8b-2410"),
        ("openai/gpt-oss-20b", "price-class", None),
    ],
)
def test_deployments_are_known_by_what_the_bundle_has(name: str, basis: str, known_as: str | None) -> None:
    price = {"litellm_provider": "openai", "mode": "chat", "output_cost_per_token": 1e-6}
    found = priors({name: price}, load_bundle(canary=False))[name]
    assert (found.basis, found.known_as) == (basis, known_as)
