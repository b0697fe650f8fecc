"""The command line: see the package."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.quality import __doc__ as about
from benchmarks.quality import many, two_models
from benchmarks.quality.report import as_json, render_many, render_two
from benchmarks.quality.rivals import minilm_vectors
from benchmarks.quality.world import Part, World, say
from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.errors import HeimdallError
from training.data import load_outcomes
from training.fit import read_inputs
from training.pairs import PAIRS
from training.plots import plot_pgr, plot_pools, require_matplotlib


def main() -> None:
    """Measure and print; a user's mistake ends in a sentence, not in a traceback."""
    options = _options()
    try:
        run(options)
    except HeimdallError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)


def run(options: argparse.Namespace) -> None:
    """Measure and print: Markdown for people, or JSON; plots on request."""
    if options.plots is not None:
        require_matplotlib()
    with tempfile.TemporaryDirectory() as folder:
        world = open_world(options, Path(folder))
        two = two_models.measure(world)
        found = many.measure_many(world, two.scores)
    if options.plots is not None:
        draw(two, found, options.plots)
    day = datetime.now(UTC).date().isoformat()
    if options.json:
        tables = {"two models": as_json(two.tables), "many models": as_json(found.tables)}
        print(json.dumps({"date": day, **tables}, indent=2, allow_nan=False))
        return
    print(f"{day}; {len(world.train):,} prompts to fit on, {len(world.test):,} to measure on\n")
    print(render_two(two.tables))
    print(render_many(found.tables))


def open_world(options: argparse.Namespace, folder: Path) -> World:
    """Read both files as every router reads them; the test file's sources are those with a pair."""
    train, test = load_outcomes([options.train]), load_outcomes([options.test])
    embedding = load_bundle().knowledge.embedding
    vectors = minilm_vectors(train, test, options.teacher_vectors)
    minilm = (None, None) if vectors is None else vectors
    known = Part(train, read_inputs(train, embedding), minilm[0])
    asked = Part(test, read_inputs(test, embedding), minilm[1])
    asked = asked.rows(np.flatnonzero([example.source in PAIRS for example in test]))
    say("read")
    return World(known, asked, embedding, options.priors, folder)


def draw(two: two_models.TwoModels, found: many.ManyModels, folder: Path) -> None:
    """Draw the pooled ranking, and every pool in distribution, as SVG."""
    plot_pgr(two.curves, folder)
    shown = ("heimdall", "clusters")
    plot_pools(
        [(pool, {n: c for n, c in routers.items() if n.startswith(shown)}) for pool, routers in found.drawn],
        folder,
    )
    say(f"plots are in {folder}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=(about or "").splitlines()[0]
    )
    parser.add_argument("--train", type=Path, required=True, help="Outcomes to fit on.")
    parser.add_argument("--test", type=Path, required=True, help="Outcomes to measure on.")
    parser.add_argument("--priors", type=Path, help="Published figures of models, as for `training fit`.")
    parser.add_argument("--teacher-vectors", type=Path, help="Folder of MiniLM's vectors; made if missing.")
    parser.add_argument("--plots", type=Path, help="Folder to draw SVG plots into.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
