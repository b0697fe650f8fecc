"""`heimdall check`: whether a configuration would serve, for people and for scripts."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.console import Console
from rich.text import Text

from heimdall_litellm.cli.inspection import Candidate, Inspection, inspect
from heimdall_litellm.cli.options import json_option
from heimdall_litellm.cli.render import (
    NEGATIVE,
    OK,
    answers,
    err,
    out,
    print_item,
    print_json,
    table,
    tokens,
    usd_per_mtok,
)
from heimdall_litellm.core.types import BUCKETS

_WORDS = {"green": "ok", "amber": "warn", "red": "FAIL"}
_STYLES = {"green": "green", "amber": "yellow", "red": "bold red"}


@click.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False))
@json_option
@answers
def check(config: str, as_json: bool) -> int:
    """Say whether CONFIG, a LiteLLM configuration, would serve with Heimdall; exit code 1 if not.

    Shows buckets, candidates with prices (USD per million tokens), context windows and credentials
    (names of variables, never values), the bundle, and what we need of the installed LiteLLM.
    """
    console = err()
    with console.status("looking at the configuration, the bundle and LiteLLM"):
        found = inspect(config)
    if as_json:
        print_json(_as_data(found))
    else:
        _show(out(), found)
    return OK if found.would_serve else NEGATIVE


def _show(console: Console, found: Inspection) -> None:
    for virtual in found.virtuals:
        title = Text.assemble((virtual.name, "bold"), f"  alpha {virtual.alpha:g}, policy {virtual.policy}")
        first = found.virtuals[0]
        if virtual is not first and virtual.buckets == first.buckets:
            console.print(title.append(f", buckets as {first.name}", "dim"))
            continue
        console.print(title)
        for bucket in BUCKETS:
            note = " (proposed)" if bucket in virtual.proposed else ""
            print_item(console, f"{bucket:<5}", Text(", ".join(virtual.buckets[bucket])).append(note, "dim"))
    if found.virtuals:
        console.print()
    if found.candidates:
        figures = ("$ in", "$ out", "window")
        shown = table("candidate", *figures, "credential", "known as", right=figures)
        for candidate in found.candidates:
            entry = candidate.entry
            shown.add_row(
                entry.name,
                usd_per_mtok(entry.input_usd_per_mtok),
                usd_per_mtok(entry.output_usd_per_mtok),
                tokens(entry.max_input_tokens),
                Text(_credential(candidate), "yellow" if entry.missing_credential else ""),
                candidate.known_as or Text("unknown", "yellow"),
            )
        console.print(shown)
        console.print("USD per million tokens; window in tokens\n", style="dim")
    for finding in found.findings:
        word = Text(f"{_WORDS[finding.light]:<4}", _STYLES[finding.light])
        print_item(console, word, Text.assemble((f"{finding.about}: ", "bold"), finding.text))
    console.print()
    console.print(_verdict(found))


def _credential(candidate: Candidate) -> str:
    if candidate.entry.missing_credential:
        return f"set {candidate.entry.missing_credential}"
    return "simulated" if candidate.is_simulated else "found"


def _verdict(found: Inspection) -> Text:
    red, amber = found.count("red"), found.count("amber")
    if red:
        return Text(f"Would not serve: {red} {'problem' if red == 1 else 'problems'}.", "bold red")
    if amber:
        return Text(f"Would serve, with {amber} {'warning' if amber == 1 else 'warnings'}.", "bold yellow")
    return Text("Would serve.", "bold green")


def _as_data(found: Inspection) -> Mapping[str, object]:
    return {
        "config": found.path,
        "would_serve": found.would_serve,
        "findings": [{"about": f.about, "light": f.light, "text": f.text} for f in found.findings],
        "virtual_models": [
            {
                "name": virtual.name,
                "alpha": virtual.alpha,
                "policy": virtual.policy,
                "buckets": {bucket: list(virtual.buckets[bucket]) for bucket in BUCKETS},
                "proposed": [bucket for bucket in BUCKETS if bucket in virtual.proposed],
            }
            for virtual in found.virtuals
        ],
        "candidates": [
            {
                "name": candidate.entry.name,
                "upstream": candidate.entry.upstream,
                "provider": candidate.entry.provider,
                "input_usd_per_mtok": candidate.entry.input_usd_per_mtok,
                "output_usd_per_mtok": candidate.entry.output_usd_per_mtok,
                "max_input_tokens": candidate.entry.max_input_tokens,
                "missing_credential": candidate.entry.missing_credential,
                "is_simulated": candidate.is_simulated,
                "known_as": candidate.known_as,
            }
            for candidate in found.candidates
        ],
    }
