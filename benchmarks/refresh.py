"""What a request through a real proxy feels of the catalog's refreshes.

    python -m benchmarks.refresh [--requests 2000] [--per-second 20] [--json]

Three proxies with the same 50 models and the simulated provider: one that never refreshes, one that reads
OpenRouter's list every second and finds it unchanged, and one that gets a whole new list of 500 models every
second, with other prices for some of them. In operation that is once in 300 seconds. They take turns, within
one run, and whoever isn't measured is stopped (SIGSTOP). Requests come at a steady pace; each is timed from
when it was due until it was answered. The list comes over TLS from a server of this process, so that no
network is needed, and on two cores client, server and proxy share them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.catalog import model_list, openrouter_list
from benchmarks.decision import figures, paced
from heimdall_litellm.catalog.price_map import load_price_map
from tests.e2e import configs
from tests.e2e.proxy import MASTER_KEY, ROOT, Proxy, running
from tests.fakes import lists as fake
from tests.fakes.hosts import OPENROUTER, Hosts

URL: Final = f"https://{OPENROUTER}/api/v1/models"
GROUPS: Final = 50
CANDIDATES: Final = 8
TURN: Final = 200
"""How many requests one proxy gets before it is another's turn."""
MOVED: Final = 25
"""How many models of a new list have another price; more than 20 % at once wouldn't be believed at once."""
SETTLE_S: Final = 2.0


def _config(every_s: int, store: Path) -> dict[str, Any]:
    models = model_list(load_price_map())[:GROUPS]
    names = [str(model["model_name"]) for model in models[:CANDIDATES]]
    heimdall = {
        "router": {
            "cheap_candidates": names[:3],
            "mid_candidates": names[3:6],
            "hard_candidates": names[6:],
        },
        "features": {"decision_cache": False},
        "simulation": {"mode": "always", "first_token_ms": 0, "ms_per_token": 0},
        "catalog": {
            "sources": ["litellm", "openrouter"],
            "refresh_seconds": every_s,
            "store": str(store),
            "urls": {"openrouter": URL},
            "private_hosts": [OPENROUTER],
        },
        "journal": {"enabled": False},
    }
    config = configs.config(
        None, heimdall, model_list=[configs.deployment("heimdall", "openai/gpt-5"), *models]
    )
    config["general_settings"].pop("custom_auth_run_common_checks")
    return config


def _new_lists(first: bytes) -> Iterator[bytes]:
    """Give two lists by turns, in which some models have different prices; made once, as that takes time."""
    answer = json.loads(first)
    for row in answer["data"][:: len(answer["data"]) // MOVED]:
        row["pricing"]["prompt"] = f"{float(row['pricing']['prompt']) * 1.12:.12f}"
    return cycle([json.dumps(answer).encode(), first])


@contextmanager
def _proxies(each: Mapping[str, tuple[int, fake.Play]]) -> Iterator[dict[str, tuple[Proxy, fake.Lists]]]:
    with ExitStack() as stack:
        found = {}
        for name, (every_s, play) in each.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            for part in ("lists", "hosts", "proxy"):
                (folder / part).mkdir()
            lists = stack.enter_context(fake.running(folder / "lists"))
            lists.serve(URL, play)
            shutil.copy(ROOT / "tests" / "e2e" / "watched.py", folder / "proxy" / "watched_heimdall.py")
            environ = Hosts(folder / "hosts", lists.authority, lists.port).environment()
            config = _config(every_s, folder / "proxy" / "catalog.sqlite")
            proxy = stack.enter_context(running(folder / "proxy", config, environ))
            # A stopped process can't end.
            stack.callback(os.kill, proxy.process.pid, signal.SIGCONT)
            os.kill(proxy.process.pid, signal.SIGSTOP)
            found[name] = proxy, lists
        yield found


def measure(requests: int, per_s: float) -> dict[str, dict[str, Any]]:
    """Return for each proxy the microseconds of a request, and how often its list was asked for meanwhile."""
    text = openrouter_list(load_price_map())
    news = _new_lists(text)
    plays: dict[str, tuple[int, fake.Play]] = {
        "no refresh": (0, fake.tagged(text, '"one"')),
        "unchanged, every second": (1, fake.tagged(text, '"one"')),
        "a new list, every second": (1, lambda http: fake.send(http, next(news))),
    }
    taken: dict[str, list[int]] = {name: [] for name in plays}
    asked = dict.fromkeys(plays, 0)
    body = {"model": "heimdall", "messages": [{"role": "user", "content": "Why is the sky blue?"}]}
    with _proxies(plays) as proxies, httpx.Client(trust_env=False, timeout=60) as client:
        for turn in range(-1, max(1, requests // TURN)):
            for name, (proxy, lists) in proxies.items():

                def ask(number: int, url: str = proxy.url) -> None:
                    sent = {"authorization": f"Bearer {MASTER_KEY}"}
                    said = {**body, "metadata": {"n": number}}
                    client.post(f"{url}/v1/chat/completions", json=said, headers=sent).raise_for_status()

                os.kill(proxy.process.pid, signal.SIGCONT)
                paced(ask, 20, 1 / per_s)
                time.sleep(SETTLE_S)
                before = len(lists.asked)
                found = paced(ask, TURN if turn >= 0 else 20, 1 / per_s)
                os.kill(proxy.process.pid, signal.SIGSTOP)
                if turn >= 0:  # the first turn warms up
                    taken[name] += found
                    asked[name] += len(lists.asked) - before
    return {name: {**figures(taken[name]), "refreshes": asked[name]} for name in plays}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=2_000, help="for each proxy")
    parser.add_argument("--per-second", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = measure(given.requests, given.per_second)
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'a request through a proxy':28} {'p50 ms':>8} {'p99 ms':>8} {'refreshes':>10}")
    for name, row in rows.items():
        print(f"{name:28} {row['p50_us'] / 1e3:8.1f} {row['p99_us'] / 1e3:8.1f} {row['refreshes']:10}")


if __name__ == "__main__":
    main()
