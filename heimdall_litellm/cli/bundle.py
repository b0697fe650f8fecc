"""`heimdall bundle`: what a bundle is and whether it can be trusted."""

from __future__ import annotations

import click

from heimdall_litellm.bundle import Bundle, default_path, load_bundle
from heimdall_litellm.bundle_entries import bundle_entries
from heimdall_litellm.cli.options import json_option
from heimdall_litellm.cli.render import (
    NEGATIVE,
    OK,
    answers,
    err,
    out,
    print_json,
    table,
    usd_per_mtok,
)
from heimdall_litellm.errors import BundleError

directory = click.argument("directory", required=False, type=click.Path(exists=True, file_okay=False))


@click.group()
def bundle() -> None:
    """Look at the trained bundle; without DIRECTORY, the one that ships with the package."""


@bundle.command()
@directory
@json_option
@answers
def show(directory: str | None, as_json: bool) -> int:
    """Show what a bundle was made from, and the models it knows, with what their prices are."""
    loaded = load_bundle(directory)
    entries = bundle_entries(loaded, None)
    knowledge = loaded.knowledge.table
    quality = (knowledge.shrunk() @ knowledge.share).tolist()
    models = [
        {
            "model": entry.name,
            "quality": round(quality[at], 4),
            "input_usd_per_mtok": entry.input_usd_per_mtok,
            "output_usd_per_mtok": entry.output_usd_per_mtok,
        }
        for at, entry in enumerate(entries)
    ]
    if as_json:
        print_json({**_facts(loaded), "models": models})
        return OK
    console = out()
    _show_facts(loaded)
    figures = ("quality", "in $/1M", "out $/1M")
    shown = table("model", *figures, right=figures)
    for entry, row in sorted(zip(entries, models, strict=True), key=lambda pair: pair[0].name.lower()):
        shown.add_row(
            entry.name,
            f"{row['quality']:.3f}",
            usd_per_mtok(entry.input_usd_per_mtok),
            usd_per_mtok(entry.output_usd_per_mtok),
        )
    console.print(shown)
    return OK


@bundle.command()
@directory
@json_option
@answers
def verify(directory: str | None, as_json: bool) -> int:
    """Check sizes, digests and schema, try the model in a process of its own, and load it.

    Exit code 1 if the bundle is refused.
    """
    try:
        loaded = load_bundle(directory)
    except BundleError as error:
        if as_json:
            print_json({"ok": False, "error": str(error)})
        else:
            err().print(f"refused: {error}", style="red")
        return NEGATIVE
    if as_json:
        print_json({"ok": True, **_facts(loaded)})
    else:
        _show_facts(loaded)
        out().print("verified", style="green")
    return OK


def _facts(loaded: Bundle) -> dict[str, object]:
    manifest = loaded.manifest
    return {
        "id": loaded.id,
        "path": str(loaded.path),
        "is_shipped": loaded.path == default_path(),
        "created": manifest.created.isoformat(),
        "manifest_sha256": loaded.manifest_sha256,
        "clusters": manifest.clusters,
        "dimensions": manifest.dimensions,
        "bytes": sum(record.size for record in manifest.files.values()),
        "trained_on": manifest.trained_on,
        "measured": manifest.measured,
    }


def _show_facts(loaded: Bundle) -> None:
    facts, console = _facts(loaded), out()
    size = sum(record.size for record in loaded.manifest.files.values()) / 1e6
    console.print(f"bundle    {loaded.id}", style="bold")
    console.print(f"path      {loaded.path}", soft_wrap=True)
    console.print(f"created   {facts['created']}")
    console.print(f"manifest  {loaded.manifest_sha256}")
    console.print(
        f"contents  {size:.1f} MB, {len(loaded.models)} models, {loaded.manifest.clusters} clusters, "
        f"{sum(loaded.manifest.trained_on.values()):,} prompts of {len(loaded.manifest.trained_on)} sources"
    )
    for name, value in loaded.manifest.measured.items():
        console.print(f"measured  {name} {value:.3f}")
    console.print()
