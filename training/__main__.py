"""`python -m training` fits bundles, measures and exports them: see docs/training.md."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

from heimdall_litellm.bundle import default_path, load_bundle
from heimdall_litellm.bundle.layout import EMBEDDING
from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.errors import HeimdallError
from training.data import load_outcomes
from training.distill import main as distill
from training.evaluate import evaluate as evaluate_bundle
from training.evaluate import render
from training.export import export as export_bundle
from training.figures import measure as measure_figures
from training.figures import render as render_figures
from training.fit import CLUSTER_COUNT, canonical_with_effort
from training.fit import fit as fit_bundle
from training.into import renew_tables
from training.lengths import across_sources, as_shipped, thinking, within_sources
from training.lengths import render as render_lengths
from training.order import check as check_order
from training.order import render as render_order
from training.priors import load_priors
from training.shrinkage import measure as measure_shrinkage
from training.shrinkage import render as render_shrinkage
from training.strangers import measure as measure_guesses
from training.strangers import render as render_guesses

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def cli() -> None:
    """Make bundles from outcomes."""


@cli.command()
@click.option(
    "--outcomes", "outcome_files", type=_FILE, multiple=True, required=True, help="Outcome file; may repeat."
)
@click.option(
    "--priors", type=_FILE, required=True, help="Published figures: model,source,category,score,date."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Bundle to write."
)
@click.option("--embedding", type=_FILE, help="Embedding from `distill`; without it, the shipped bundle's.")
@click.option("--clusters", type=click.IntRange(1, 1024), default=CLUSTER_COUNT, show_default=True)
@click.option("--no-everyday", is_flag=True, help="Learn from outcomes only, not from everyday requests.")
@click.option("--seed", type=int, default=0, show_default=True)
def fit(
    outcome_files: tuple[Path, ...],
    priors: Path,
    out: Path,
    embedding: Path | None,
    clusters: int,
    seed: int,
    *,
    no_everyday: bool,
) -> None:
    """Fit triage, clusters and tables, and write them as a bundle."""
    table = load_embedding(embedding or default_path() / EMBEDDING)
    manifest = fit_bundle(
        load_outcomes(outcome_files),
        priors,
        table,
        out,
        seed=seed,
        cluster_count=clusters,
        with_everyday=not no_everyday,
        progress=_progress(),
    )
    click.echo(manifest.id)


def _progress() -> Callable[[str], None]:
    started = time.monotonic()
    return lambda message: click.echo(f"[{time.monotonic() - started:6.1f} s] {message}", err=True)


@cli.command()
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Bundle to write them into.",
)
@click.option(
    "--outcomes", "outcome_files", type=_FILE, multiple=True, required=True, help="What it was fitted on."
)
@click.option(
    "--priors", "published", type=_FILE, required=True, help="Published figures it was fitted with."
)
def priors(into: Path, outcome_files: tuple[Path, ...], published: Path) -> None:
    """Fit a bundle's tables of quality and lengths anew, and change nothing else that it knows."""
    click.echo(renew_tables(into, load_outcomes(outcome_files), published, _progress()).id)


@cli.command()
@click.option(
    "--outcomes", "outcome_files", type=_FILE, multiple=True, required=True, help="Training outcomes."
)
@click.option("--priors", "published", type=_FILE, required=True, help="Published figures.")
def shrinkage(outcome_files: tuple[Path, ...], published: Path) -> None:
    """Hide outcomes of models, and measure how well a few of them predict the others."""
    found = measure_shrinkage(load_bundle(), load_outcomes(outcome_files), published, _progress())
    click.echo(render_shrinkage(found))


@cli.command()
@click.option("--priors", "published", type=_FILE, required=True, help="Published figures.")
def figures(published: Path) -> None:
    """Hide what single sources publish of models, and measure how well the others predict it."""
    click.echo(render_figures(measure_figures(load_priors(published, canonical_with_effort), _progress())))


@cli.command()
@click.option(
    "--bundle", type=click.Path(file_okay=False, path_type=Path), help="Bundle; without it, the shipped one."
)
def order(bundle: Path | None) -> None:
    """Count models that a bundle rates above newer or larger ones of their line."""
    click.echo(render_order(check_order(load_bundle(bundle))))


@cli.command()
@click.option(
    "--bundle", type=click.Path(file_okay=False, path_type=Path), help="Bundle; without it, the shipped one."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def strangers(bundle: Path | None, *, as_json: bool) -> None:
    """Hide models of a bundle from it, and measure how well it guesses them by family and by price."""
    report = measure_guesses(load_bundle(bundle))
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else render_guesses(report))


@cli.command()
@click.option(
    "--bundle", type=click.Path(file_okay=False, path_type=Path), help="Bundle; without it, the shipped one."
)
@click.option(
    "--outcomes", "outcome_files", type=_FILE, multiple=True, required=True, help="What it was fitted on."
)
@click.option("--held-out", "held_out", type=_FILE, multiple=True, help="Outcomes that it was not fitted on.")
@click.option("--costs", type=_FILE, help="Published costs: model,dataset,...,cost_usd_whole_dataset.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lengths(
    bundle: Path | None,
    outcome_files: tuple[Path, ...],
    held_out: tuple[Path, ...],
    costs: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure how far expected ratios of output tokens are off, which savings are reckoned from."""
    loaded, examples = load_bundle(bundle), load_outcomes(outcome_files)
    found = {
        "other sources": across_sources(loaded, examples),
        "same sources": within_sources(loaded, examples),
    }
    if held_out:
        found["shipped"] = as_shipped(loaded, load_outcomes(held_out))
    if costs is not None:
        found["thinking"] = thinking(costs)
    data = {name: each.as_dict() for name, each in found.items()}
    click.echo(json.dumps(data, indent=2) if as_json else render_lengths(found))


@cli.command()
@click.option(
    "--bundle", type=click.Path(file_okay=False, path_type=Path), help="Bundle; without it, the shipped one."
)
@click.option(
    "--outcomes", "outcome_files", type=_FILE, multiple=True, required=True, help="Outcome file; may repeat."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--plots", type=click.Path(file_okay=False, path_type=Path), help="Folder to draw SVG plots into."
)
def evaluate(
    bundle: Path | None, outcome_files: tuple[Path, ...], plots: Path | None, *, as_json: bool
) -> None:
    """Measure a bundle on outcomes that it was not fitted on."""
    report = evaluate_bundle(load_bundle(bundle), load_outcomes(outcome_files), plots)
    click.echo(json.dumps(report.as_dict(), indent=2, allow_nan=False) if as_json else render(report))


@cli.command()
@click.option(
    "--bundle", type=click.Path(file_okay=False, path_type=Path), help="Bundle; without it, the shipped one."
)
@click.option("--out", type=click.Path(path_type=Path), help="Directory for tables, model and texts.")
@click.option("--archive", type=click.Path(path_type=Path), help="The bundle itself as one `.tar.gz`.")
@click.option("--force", is_flag=True, help="Replace an earlier export.")
def export(bundle: Path | None, out: Path | None, archive: Path | None, *, force: bool) -> None:
    """Write what a bundle knows as CSV and text, or the bundle as one file; at least one of the two."""
    if out is None and archive is None:
        raise click.UsageError("Say where to: --out DIRECTORY, --archive FILE.tar.gz, or both.")
    click.echo(export_bundle(bundle, out, archive, force=force).id)


cli.add_command(distill, "distill")


def load_embedding(path: Path) -> StaticEmbedding:
    """Read an embedding's `.npz`."""
    with np.load(path, allow_pickle=False) as arrays:
        return StaticEmbedding.from_arrays({name: arrays[name] for name in arrays.files})


def main() -> None:
    """Run the command line; a user's mistake ends in a sentence, not in a traceback."""
    try:
        cli()
    except HeimdallError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
