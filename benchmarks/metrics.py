"""What metrics and traces add to a request: on its path, and off it.

    python -m benchmarks.metrics [--json]

On the path: handing a decision and its outcome over to the journal's thread, which empties its queue
meanwhile, remembering the request for the next of its conversation, counting an attempt, and asking whether
LiteLLM traces the request. Off it, on that thread: counting the items of one request. All as one worker has
it, and as one of several, which write their counters to files. Nothing here grows with the prompt.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace

import numpy as np

Figures = dict[str, tuple[float, float]]
ROUNDS = 5_000
ASK = "Which of the two is cheaper, and why? " * 9


def timed(call: Callable[[int], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Return p50 and p99 of a call, in microseconds."""
    taken = np.empty(rounds)
    for at in range(rounds):
        started = time.perf_counter_ns()
        call(at)
        taken[at] = time.perf_counter_ns() - started
    p50, p99 = np.percentile(taken / 1_000, (50, 99))
    return round(float(p50), 1), round(float(p99), 1)


def measure() -> Figures:
    """Time everything in this process."""
    from heimdall_litellm.core.conversation import Conversations
    from heimdall_litellm.core.failover import Hop
    from heimdall_litellm.core.request import read_request
    from heimdall_litellm.journal.record import Baseline, JournalRecord, Outcome, Signal, Try, now
    from heimdall_litellm.journal.sink import NoMeter, NoSink
    from heimdall_litellm.journal.writer import Writer
    from heimdall_litellm.observe import metrics
    from heimdall_litellm.observe.traffic import Traffic
    from heimdall_litellm.plugin.attempts import Attempt, Course
    from heimdall_litellm.plugin.reckoning import Prices
    from heimdall_litellm.plugin.recording import Recorder
    from heimdall_litellm.plugin.records import Record
    from heimdall_litellm.plugin.tracing import trace

    baseline = Baseline("large", 1.0, 100.0, 0.9, 1.0, 4.0)
    decided = JournalRecord(
        *("1", now(), "heimdall", "acompletion", "route", "chosen", "triage", "", 1.0),
        model="small",
        decided="small",
        bucket="cheap",
        cost_usd=0.1,
        baseline=baseline,
    )
    tries = (Try("small", "openai", "ok"),)
    outcome = Outcome(
        *("1", now(), "answered", "small", "openai", "id", 1.0, 0.2),
        cost_usd=0.1,
        baseline_usd=1.0,
        tries=tries,
    )
    signal = Signal("1", now(), "feedback", 1.0, 1.0)
    count = Traffic(lambda: {"small", "large"})
    recorder = Recorder(Writer(NoSink(), NoMeter()), lambda _: Prices())
    records = [Record("heimdall", "", call="acompletion") for _ in range(ROUNDS)]
    for record in records:
        record.course = Course([Hop("small", "openai")])
        record.course.attempts.append(Attempt(record.course.hops[0], is_over=True))
    logged = {"prompt_tokens": 10, "completion_tokens": 10, "response_cost": 0.1, "metadata": {}}
    token, conversations = SimpleNamespace(parent_otel_span=None), Conversations(b"secret")
    facts = read_request({"messages": [{"role": "user", "content": ASK}]})

    identity = conversations.identity(facts, "key")

    def follow(at: int, *, listens: bool = False) -> None:
        conversations.follow(identity, str(at), facts, 0.0, listens=listens)

    return {
        "hand a decision over": timed(lambda at: recorder.decided(records[at], {})),
        "hand an outcome over": timed(lambda at: recorder.ended(records[at], "answered", logged)),
        "remember a conversation, with no journal": timed(follow),
        "remember a conversation, with a journal": timed(partial(follow, listens=True)),
        "count an attempt": timed(lambda _: metrics.attempt("openai", "ok", None)),
        "not trace": timed(lambda at: trace(records[at], token, lambda _: None)),
        "off the path: count a decision, its outcome and a signal": timed(
            lambda _: count((decided, outcome, signal))
        ),
    }


def measure_worker() -> Figures:
    """Time the same in a process that writes its counters to files, as one of several workers does."""
    with tempfile.TemporaryDirectory() as directory:
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.metrics", "--here"],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": directory},
            capture_output=True,
            text=True,
            check=True,
        )
    found: Figures = json.loads(child.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure and print: a table for people, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--here", action="store_true", help="Measure in this process alone; JSON.")
    options = parser.parse_args()
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    if options.here:
        print(json.dumps(measure()))
        return
    alone, worker = measure(), measure_worker()
    if options.json:
        print(json.dumps({"alone": alone, "worker": worker}, indent=2))
        return
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{datetime.now(UTC).date().isoformat()}, {machine}; microseconds, p50 / p99\n")
    print("| step | one worker | one of several |\n|---|---:|---:|")
    for name, (p50, p99) in alone.items():
        print(f"| {name} | {p50:g} / {p99:g} | {worker[name][0]:g} / {worker[name][1]:g} |")


if __name__ == "__main__":
    main()
