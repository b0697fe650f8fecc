"""What the live catalog costs: reading lists, merging them, looking a model up, and refreshing under load.

    python -m benchmarks.catalog [--json] [--rounds N]

The lists are made up in the shape and about the size of the real ones (OpenRouter: 500 models, 800 kB), so
that no network is needed; the price map is that of the installed LiteLLM, and so are the user's 400 model
groups.

Under load: requests come at 100 a second, and one thread decides on each, as an event loop would, while the
catalog's thread refreshes again and again without a pause, for 50 model groups; in a proxy that happens once
in five minutes for each source. What is timed is from when a request came until it was decided on. Beside it
the same with nothing going on, and while another thread computes without ever giving way. `unchanged` is what
a refresh mostly is: nothing was sent, and the groups are merged again. `news` is a whole list: parsed, read,
compared, merged. With `prices` the engine gets a new snapshot besides. The last three again where nobody
rests (`heimdall_litellm/background.py`).
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from benchmarks.decision import Figures, figures, paced, timed
from benchmarks.prompts import body, prompts

if TYPE_CHECKING:
    from heimdall_litellm.catalog.facts import Listing
    from heimdall_litellm.core.types import CatalogEntry

GROUPS = 400
LISTED = 500
CANDIDATES = 8
DECISIONS = 4_000
EACH_S = 0.01
"""How long after one request the next one comes."""


def openrouter_list(price_map: Any) -> bytes:
    """Make a list in OpenRouter's shape from models of the price map."""
    from heimdall_litellm.catalog.identity import canonical

    rows = []
    named = {canonical(name): facts for name, facts in price_map.items() if facts.get("mode") == "chat"}
    for number, (name, facts) in enumerate(list(named.items())[:LISTED]):
        rows.append(
            {
                "id": f"maker-{number % 40}/{name}",
                "canonical_slug": f"maker-{number % 40}/{name}",
                "hugging_face_id": "",
                "name": f"Maker: {name}",
                "created": 1_700_000_000 + number * 10_000,
                "description": "What the model is good for, in some sentences. " * 16,
                "context_length": facts.get("max_input_tokens"),
                "architecture": {
                    "modality": "text+image->text",
                    "input_modalities": ["text", "image"],
                    "output_modalities": ["text"],
                    "tokenizer": "Other",
                    "instruct_type": None,
                },
                "pricing": {
                    "prompt": f"{facts.get('input_cost_per_token') or 1e-06:.9f}",
                    "completion": f"{facts.get('output_cost_per_token') or 1e-06:.9f}",
                    "request": "0",
                    "image": "0",
                    "input_cache_read": "0.0000001",
                },
                "top_provider": {
                    "context_length": None,
                    "max_completion_tokens": 8192,
                    "is_moderated": False,
                },
                "per_request_limits": None,
                "supported_parameters": ["max_tokens", "reasoning", "response_format", "stop", "tools"],
                "default_parameters": {"temperature": None, "top_p": None},
                "expiration_date": None,
                "links": {"details": f"/api/v1/models/{name}/endpoints"},
            }
        )
    return json.dumps({"data": rows}).encode()


def model_list(price_map: Any) -> list[dict[str, Any]]:
    """Make a user's model list: every third model through OpenRouter."""
    names = [name for name, facts in price_map.items() if facts.get("mode") == "chat" and "*" not in name]
    return [
        {
            "model_name": f"group-{number}",
            "litellm_params": {"model": f"openrouter/{name}" if number % 3 == 0 else name, "api_key": "x"},
        }
        for number, name in enumerate(names[:GROUPS])
    ]


def measure(rounds: int) -> dict[str, Figures]:
    """Time each step by itself; microseconds."""
    from pydantic_core import from_json

    from heimdall_litellm.catalog.chronicle import Chronicle
    from heimdall_litellm.catalog.drift import compare
    from heimdall_litellm.catalog.listings_index import ListingsIndex
    from heimdall_litellm.catalog.merge import merge
    from heimdall_litellm.catalog.price_map import load_price_map
    from heimdall_litellm.catalog.readings import Reading
    from heimdall_litellm.catalog.sources.litellm_map import LiteLLMMap
    from heimdall_litellm.catalog.sources.openrouter import OpenRouter
    from heimdall_litellm.catalog.store import Kept, Store

    price_map, source, at = load_price_map(), OpenRouter(), datetime.now(UTC)
    text, models = openrouter_list(price_map), model_list(price_map)
    listings = source.read(from_json(text)).listings
    index = ListingsIndex([Reading(source.name, source.rank, source.hosts, at, listings)])
    cards = merge(models, price_map, {}, listings=index).cards
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory) / "store.sqlite")
        store.put("s", "a", Kept(0.0, 0.0), listings)
        chronicle, mapped = Chronicle(store), LiteLLMMap().read(price_map).listings
        steps: dict[str, Callable[[Any], object]] = {
            "load the price map": lambda _: load_price_map(),
            f"parse a list of {len(listings)} models, {len(text) // 1000} kB": lambda _: from_json(text),
            "read it into listings": lambda _: source.read(from_json(text)),
            "index it": lambda _: ListingsIndex(index.readings),
            "compare it with the one before": lambda _: compare("s", listings, listings, (), at),
            f"merge {len(models)} groups with the price map alone": lambda _: merge(models, price_map, {}),
            f"merge {len(models)} groups with lists": lambda _: merge(models, price_map, {}, listings=index),
            "compare and keep what has changed": lambda n: chronicle.notice(
                "s", "a", listings, n + 1.0, n + 1.0
            ),
            "the same of the price map": lambda n: chronicle.notice("litellm", "", mapped, n + 1.0, n + 1.0),
            "keep a list": lambda n: store.put("s", "a", Kept(float(n), 0.0), listings),
            "read it back after a restart": lambda _: store.listings("s", "a"),
        }
        taken = {name: figures([timed(work, n) for n in range(rounds)]) for name, work in steps.items()}
    names = list(cards)
    looked = [
        timed(lambda name: cards[name].entry.input_usd_per_mtok, names[n % GROUPS]) for n in range(20_000)
    ]
    return {**taken, "look a model up": figures(looked)}


def measure_load() -> dict[str, Any]:
    """Time decisions with nothing going on, and while lists are taken in one after the other."""
    from pydantic_core import from_json

    from heimdall_litellm import background
    from heimdall_litellm.bundle import load_bundle
    from heimdall_litellm.catalog.drift import compare
    from heimdall_litellm.catalog.listings_index import ListingsIndex
    from heimdall_litellm.catalog.merge import merge
    from heimdall_litellm.catalog.price_map import load_price_map
    from heimdall_litellm.catalog.readings import Reading
    from heimdall_litellm.catalog.sources.openrouter import OpenRouter
    from heimdall_litellm.config import Settings
    from heimdall_litellm.core.request import read_request
    from heimdall_litellm.engine import Heimdall

    price_map, source, at = load_price_map(), OpenRouter(), datetime.now(UTC)
    text, models = openrouter_list(price_map), model_list(price_map)[:50]
    entries = [card.entry for card in merge(models, price_map, {}).cards.values()]
    names = [entry.name for entry in entries[:CANDIDATES]]
    router = {"cheap_candidates": names[:3], "mid_candidates": names[3:6], "hard_candidates": names[6:]}
    settings = Settings.model_validate({"router": router, "features": {"decision_cache": False}})
    engine = Heimdall(settings, entries, load_bundle())
    listings = source.read(from_json(text)).listings

    def merged(listings: Sequence[Listing]) -> list[CatalogEntry]:
        index = ListingsIndex([Reading(source.name, source.rank, source.hosts, at, listings)])
        return [card.entry for card in merge(models, price_map, {}, listings=index).cards.values()]

    def news() -> None:
        after = source.read(from_json(text)).listings
        compare("s", listings, after, (), at)
        merged(after)

    def prices() -> None:
        news()
        engine.replace_entries(entries)

    texts = [body(text) for text in prompts(500, 200)]

    def decide() -> list[int]:
        return paced(lambda n: engine.decide_facts(read_request(texts[n % len(texts)])), DECISIONS, EACH_S)

    decide()
    rows: dict[str, Any] = {"nothing going on": figures(decide())}
    kinds: dict[str, Callable[[], object]] = {
        "computing": lambda: any(n < 0 for n in range(300_000)),
        "unchanged": lambda: merged(listings),
        "news": news,
        "prices": prices,
    }
    restless = {f"{name}, without rests": kinds[name] for name in ("unchanged", "news", "prices")}
    for name, refresh in {**kinds, **restless}.items():
        work_s = inf if name in restless else background.WORK_S
        with patch.object(background, "WORK_S", work_s), refreshing(refresh) as each_ms:
            taken = figures(decide())
        rows[name] = {**taken, "refresh_ms": round(float(np.median(each_ms)), 1), "refreshes": len(each_ms)}
    return rows


@contextmanager
def refreshing(refresh: Callable[[], object]) -> Iterator[list[float]]:
    """Refresh on a thread again and again; gives how many milliseconds each took."""
    stop, each_ms = threading.Event(), list[float]()

    def run() -> None:
        while not stop.is_set():
            each_ms.append(timed(lambda _: refresh(), None) / 1e6)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield each_ms
    finally:
        stop.set()
        thread.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    steps, load = measure(arguments.rounds), measure_load()
    if arguments.json:
        print(json.dumps({"steps": steps, "load": load}, indent=2))
        return
    print(f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}\n")
    print(f"{'step':52} {'p50 ms':>10} {'p99 ms':>10}")
    for name, taken in steps.items():
        print(f"{name:52} {taken['p50_us'] / 1e3:10.4f} {taken['p99_us'] / 1e3:10.4f}")
    print(
        f"\n{'a decision, while refreshing without a pause':52} {'p50 ms':>10} {'p99 ms':>10} {'refresh':>10}"
    )
    for name, taken in load.items():
        each = f"{taken['refresh_ms']:7.1f} ms" if "refresh_ms" in taken else ""
        print(f"{name:52} {taken['p50_us'] / 1e3:10.3f} {taken['p99_us'] / 1e3:10.3f} {each:>10}")


if __name__ == "__main__":
    main()
