"""What speaks for the models that people call: all chat models of LiteLLM's price map, counted by basis.

    python -m benchmarks.matching [--list BASIS] [--json]

A model counts once for each name that it has in the map, as those are the names that stand in configurations.
`--list` prints the names of one basis, with what stands for each, to be looked through for false matches.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from typing import get_args

from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.catalog import entries_from_model_list, load_price_map
from heimdall_litellm.catalog.facts import Prior
from heimdall_litellm.catalog.price_map import PriceMap
from heimdall_litellm.core.types import Basis
from heimdall_litellm.priors import prior_of


def priors(price_map: PriceMap, bundle: Bundle) -> dict[str, Prior]:
    """What a bundle expects of each chat model of a price map, by name."""
    models: list[Mapping[str, object]] = [
        {"model_name": name, "litellm_params": {"model": name}} for name in price_map if "*" not in name
    ]
    entries = entries_from_model_list(models, price_map, {}, assume_credentials=True)
    return {entry.name: prior_of(entry, bundle) for entry in entries}


def main() -> None:
    """Count, or list, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description=__doc__)
    parser.add_argument("--list", choices=get_args(Basis), help="print the names known by this")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    given = parser.parse_args()
    found = priors(load_price_map(), load_bundle())
    counts = Counter(prior.basis for prior in found.values())
    if given.list:
        for name, prior in sorted(found.items()):
            if prior.basis == given.list:
                print(f"{name}  {prior.known_as or ''}".rstrip())
    elif given.json:
        print(json.dumps({"models": len(found), **counts}))
    else:
        print(f"{len(found)} chat models in LiteLLM's price map")
        for basis in get_args(Basis):
            print(f"{counts[basis]:6} {basis}")


if __name__ == "__main__":
    main()
