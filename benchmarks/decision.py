"""Time of one uncached decision beside LiteLLM's two scorers, on the same prompts, in one run.

    python -m benchmarks.decision [--json] [--rounds N]

Heimdall: the whole way from a request body to a Decision over 8 candidates, single-threaded,
decision cache off. LiteLLM: its complexity router's own classification of the prompt text
(`heuristic`, `heuristic_v2`), which picks a tier and looks at no candidate, price or window.
All prompts of a length differ and are made before the clock starts. Words that recur between
prompts are known the second time, as they would be in a proxy. The garbage collector runs.

Also: transcripts of coding agents, with 80 tools, beside the time `json.loads` takes for the same
body, which the proxy has spent before anybody decides; and what memory and start-up time Heimdall adds to
a process that has LiteLLM loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from benchmarks.prompts import anthropic_transcript, body, openai_transcript, prompts

LENGTHS = (20, 500, 8_000, 200_000, 1_000_000)
PROMPTS = {20: 200, 500: 200, 8_000: 100, 200_000: 30, 1_000_000: 12}
"""How many different prompts at each length."""
TURNS = 10
"""How often each prompt is decided on; nothing is remembered between turns."""
SLOW_PROMPTS = {20: 200, 500: 100, 8_000: 30, 200_000: 4, 1_000_000: 2}
"""LiteLLM's scorers grow with the prompt; they get fewer."""

TRANSCRIPTS = {
    "Anthropic": anthropic_transcript,
    "OpenAI": openai_transcript,
}
MESSAGES = {30: 10, 300: 10, 3_000: 3}
"""How many different transcripts at each number of messages; each is decided on `10 * TURNS` times."""

Figures = dict[str, float]
Times = dict[str, dict[int, Figures]]


def heimdall() -> Callable[[dict[str, object]], object]:
    """Build an engine over the shipped bundle and 8 known models, and give its decision path."""
    from heimdall_litellm.bundle import load_bundle
    from heimdall_litellm.config import Settings
    from heimdall_litellm.core.request import read_request
    from heimdall_litellm.core.types import CatalogEntry
    from heimdall_litellm.engine import Heimdall

    known = (
        ("qwen-3-coder-480b-a35b", 0.22, 0.95), ("deepseek-r1", 0.5, 2.2), ("gpt-5-mini", 0.25, 2.0),
        ("gemini-2.5-flash", 0.3, 2.5), ("gpt-5", 1.25, 10.0), ("gemini-2.5-pro", 1.25, 10.0),
        ("claude-4.5-sonnet", 3.0, 15.0), ("claude-4.1-opus", 15.0, 75.0),
    )  # fmt: skip
    entries = [
        CatalogEntry(name, name, "test", price_in, price_out, max_input_tokens=4_000_000)
        for name, price_in, price_out in known
    ]
    third = {"cheap_candidates": [n for n, *_ in known[:3]], "mid_candidates": [n for n, *_ in known[3:6]]}
    router = {**third, "hard_candidates": [n for n, *_ in known[6:]]}
    settings = Settings.model_validate({"router": router, "features": {"decision_cache": False}})
    engine = Heimdall(settings, entries, load_bundle())
    return lambda request: engine.decide_facts(read_request(request))


def litellm_scorers() -> dict[str, Callable[[str], object]]:
    """Give LiteLLM's two offline classifiers, as its complexity router calls them."""
    from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter

    tiers = {"SIMPLE": "a", "MEDIUM": "b", "COMPLEX": "c", "REASONING": "d"}

    def make(kind: str) -> ComplexityRouter:
        config = {"classifier_type": kind, "tiers": tiers}
        return ComplexityRouter("auto", None, config, "a", derive_savings_baseline=False)

    first, second = make("heuristic"), make("heuristic_v2")
    return {
        "litellm heuristic": first.classify,
        "litellm heuristic_v2": second._classify_with_heuristic_v2,  # noqa: SLF001 - its only entry to v2
    }


def measure(share: float) -> Times:
    """Time all three at every length; microseconds, p50 and p99."""
    decide, scorers = heimdall(), litellm_scorers()
    table: Times = {name: {} for name in ("heimdall", *scorers)}
    for length in LENGTHS:
        texts = list(prompts(length, PROMPTS[length]))
        bodies = [body(text) for text in texts]
        samples: dict[str, list[int]] = {name: [] for name in table}
        for _ in range(max(1, int(TURNS * share))):
            samples["heimdall"] += [timed(decide, request) for request in bodies]
        for name, score in scorers.items():
            samples[name] = [timed(score, text) for text in texts[: SLOW_PROMPTS[length]]]
        for name, taken in samples.items():
            table[name][length] = figures(taken)
    return table


def measure_transcripts(share: float) -> list[dict[str, Any]]:
    """Time decisions on transcripts, and what else the same bodies cost.

    LiteLLM's heuristic reads the text of the last user message; it is given that, not the body.
    """
    decide, heuristic = heimdall(), litellm_scorers()["litellm heuristic"]
    rows = []
    for shape, make in TRANSCRIPTS.items():
        for messages, count in MESSAGES.items():
            bodies = [make(messages, seed) for seed in range(count)]
            wires = [json.dumps(request) for request in bodies]
            turns = range(max(1, int(10 * TURNS * share)))
            rows.append(
                {
                    "shape": shape,
                    "messages": messages,
                    "kB": round(len(wires[0]) / 1_000),
                    "heimdall": figures([timed(decide, request) for _ in turns for request in bodies]),
                    "json.loads": figures([timed(json.loads, wire) for _ in turns[::10] for wire in wires]),
                    "litellm heuristic": figures(
                        [timed(heuristic, last_said(request)) for _ in turns[::10] for request in bodies]
                    ),
                }
            )
    return rows


def last_said(request: dict[str, Any]) -> str:
    """Text of the last message, which in the transcripts is the user's."""
    content = request["messages"][-1]["content"]
    text: str = content if isinstance(content, str) else content[0]["text"]
    return text


def figures(nanoseconds: list[int]) -> Figures:
    """Sum up timings in microseconds."""
    p50, p99 = np.percentile(np.array(nanoseconds) / 1_000, (50, 99))
    return {"p50_us": round(p50, 1), "p99_us": round(p99, 1), "n": len(nanoseconds)}


def timed(call: Callable[[Any], object], argument: object) -> int:
    """Nanoseconds of one call."""
    start = time.perf_counter_ns()
    call(argument)
    return time.perf_counter_ns() - start


def paced(call: Callable[[int], object], times: int, each_s: float) -> list[int]:
    """Call at a steady pace; gives for each call the nanoseconds from when it was due until it was done.

    So what it waited for others counts. A call that is late delays those after it, and isn't counted twice.
    """
    taken, due = [], time.perf_counter_ns()
    for number in range(times):
        time.sleep(max(0, due - time.perf_counter_ns()) / 1e9)
        call(number)
        done = time.perf_counter_ns()
        taken.append(done - due)
        due = max(done, due + int(each_s * 1e9))
    return taken


_FOOTPRINT = """
import json, os, time
def rss():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
started = time.perf_counter()
import litellm.proxy.proxy_server
loaded, base = time.perf_counter() - started, rss()
started = time.perf_counter()
from benchmarks.decision import heimdall
from benchmarks.prompts import body
heimdall()(body("hello"))
added_s, added_mb, started = time.perf_counter() - started, rss() - base, time.perf_counter()
import tempfile
from datetime import UTC, datetime
from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.record import Document
with tempfile.TemporaryDirectory() as folder:
    store = open_store(JournalSettings(url=f"sqlite:///{folder}/journal.sqlite"))
    store.write([Document("0" * 16, "settings", datetime.now(UTC), "{}")])
    journal_mb = rss() - base - added_mb
    print(json.dumps({"litellm_mb": round(base), "litellm_s": round(loaded, 2),
                      "added_mb": round(added_mb, 1), "added_s": round(added_s, 2),
                      "journal_mb": round(journal_mb, 1),
                      "journal_s": round(time.perf_counter() - started, 2)}))
"""


def footprint() -> dict[str, float]:
    """Memory (MB) and start-up (s) of LiteLLM's proxy module; what a decision adds, and then the journal."""
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    child = subprocess.run(
        [sys.executable, "-c", _FOOTPRINT], capture_output=True, text=True, env=environment, check=True
    )
    result: dict[str, float] = json.loads(child.stdout.strip().splitlines()[-1])
    return result


def main() -> None:
    """Measure and print: a table for people, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--share", type=float, default=1.0, help="Share of the usual number of turns, for a quick look."
    )
    options = parser.parse_args()
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    table, transcripts = measure(options.share), measure_transcripts(options.share)
    result: dict[str, object] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "times": table,
        "transcripts": transcripts,
        "footprint": footprint(),
    }
    print(json.dumps(result, indent=2) if options.json else render(result))


def render(result: dict[str, object]) -> str:
    """Lay the figures out as Markdown tables."""
    table: Times = result["times"]  # type: ignore[assignment]
    lines = [f"{result['date']}, {result['machine']}; microseconds, p50 / p99", ""]
    lines += ["| tokens | " + " | ".join(table) + " | heuristic ÷ heimdall (p50) |"]
    lines += ["|---:|" + "---:|" * (len(table) + 1)]
    for length in LENGTHS:
        cells = [cell(table[name][length]) for name in table]
        ratio = table["litellm heuristic"][length]["p50_us"] / table["heimdall"][length]["p50_us"]
        lines.append(f"| {length:,} | " + " | ".join(cells) + f" | {ratio:,.1f}× |")
    lines += render_transcripts(result["transcripts"])  # type: ignore[arg-type]
    print_out: dict[str, float] = result["footprint"]  # type: ignore[assignment]
    lines += ["", f"LiteLLM's proxy module: {print_out['litellm_mb']} MB, {print_out['litellm_s']} s; "]
    lines[-1] += (
        f"Heimdall adds {print_out['added_mb']} MB and {print_out['added_s']} s "
        f"(bundle, canary, first decision), the journal in SQLite {print_out['journal_mb']} MB and "
        f"{print_out['journal_s']} s, on a thread of its own."
    )
    return "\n".join(lines)


def render_transcripts(rows: list[dict[str, Any]]) -> list[str]:
    """Lay out what transcripts cost."""
    lines = ["", "| transcript with 80 tools | kB | heimdall | json.loads | litellm heuristic |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for row in rows:
        cells = [cell(row[name]) for name in ("heimdall", "json.loads", "litellm heuristic")]
        name = f"{row['shape']}, {row['messages']:,} messages"
        lines.append(f"| {name} | {row['kB']:,} | " + " | ".join(cells) + " |")
    return lines


def cell(taken: Figures) -> str:
    """Write p50 and p99 down."""
    return f"{taken['p50_us']:,.0f} / {taken['p99_us']:,.0f}"


if __name__ == "__main__":
    main()
