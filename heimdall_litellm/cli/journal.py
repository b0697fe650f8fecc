"""`heimdall journal`: what was decided, request by request."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal

import click
from rich.console import Console
from rich.text import Text

from heimdall_litellm.cli.entry import STYLES, show_entry
from heimdall_litellm.cli.files import replacing, writing
from heimdall_litellm.cli.journal_options import filters, journal_option, missing, open_journal
from heimdall_litellm.cli.options import Finite, config_option, json_option
from heimdall_litellm.cli.render import OK, answers, err, out, print_json
from heimdall_litellm.cli.replaying import replay
from heimdall_litellm.core.visible import on_a_line
from heimdall_litellm.journal.export import write_jsonl, write_parquet
from heimdall_litellm.journal.record import now
from heimdall_litellm.journal.schema import to_data, to_text
from heimdall_litellm.journal.store import Entry, Page, Store
from heimdall_litellm.report.words import money, seconds

_PAUSE_S: Final = 1.0
_PATIENCE: Final = timedelta(seconds=30)
"""How long a record waits for its outcome to be shown with."""
_WINDOW: Final = timedelta(seconds=90)
"""How far back new records are looked for: several processes write, each when it gets round to it."""


@click.group()
def journal() -> None:
    """What was decided, request by request, and what came of it."""


@journal.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new ones until interrupted.")
@click.option(
    "-n", "--lines", "count", type=click.IntRange(0, 100_000), default=20, show_default=True, help="How many."
)
@filters
@journal_option
@config_option
@json_option
@answers
def tail(
    follow: bool, count: int, page: Page, journal_url: str | None, config: str | None, as_json: bool
) -> int:
    """Show the latest records, newest last; with --json a line each, as export writes them."""
    _, store = open_journal(config, journal_url)
    found = store.latest(replace(page, limit=count))[::-1] if count else []
    show = _print_line if as_json else _rows(out())
    for entry in found:
        show(entry)
    if follow:
        with suppress(KeyboardInterrupt):
            for entry in _coming(store, page, found):
                show(entry)
                sys.stdout.flush()
    elif not found and not as_json:
        err().print("No record." if page == Page() else "No such record.")
    return OK


@journal.command()
@click.argument("identity", metavar="ID")
@journal_option
@config_option
@json_option
@answers
def show(identity: str, journal_url: str | None, config: str | None, as_json: bool) -> int:
    """Explain one record: which model, why, and what came of it.

    ID is in the answer's header heimdall-decision-id, or x-litellm-call-id. Exit code 1 if there is none.
    """
    _, store = open_journal(config, journal_url)
    entry = store.get(identity)
    if entry is None:
        return missing(identity, as_json=as_json)
    if as_json:
        print_json(to_data(entry))
    else:
        show_entry(out(), entry)
    return OK


@journal.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON Lines hold all there is; Parquet, columns for tables.",
)
@click.option(
    "-o",
    "--out",
    "target",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    help="File; left out or -, stdout.",
)
@filters
@journal_option
@config_option
@json_option
@answers
def export(
    form: Literal["jsonl", "parquet"],
    target: str,
    page: Page,
    journal_url: str | None,
    config: str | None,
    as_json: bool,
) -> int:
    """Write records to a file, oldest first. A file appears when all is written."""
    if form == "parquet" and target == "-":
        raise click.UsageError("Parquet can't go to stdout: name a file with -o.")
    _, store = open_journal(config, journal_url)
    entries = store.walk(page)
    if form == "parquet":
        with replacing(target) as path:
            count = write_parquet(entries, path)
    else:
        with writing(target) as file:
            count = write_jsonl(entries, file)
    if as_json and target != "-":
        print_json({"records": count, "out": target, "format": form})
    elif target != "-":
        err().print(f"{count:,} records written to {target}", soft_wrap=True)
    return OK


journal.add_command(replay)


@journal.command()
@click.option("--keep-days", type=Finite(min=0), help="Throw away what is older, instead of the setting.")
@click.option("--max-mb", type=Finite(min=0), help="Throw away the oldest beyond this size, likewise.")
@journal_option
@config_option
@json_option
@answers
def prune(
    keep_days: float | None, max_mb: float | None, journal_url: str | None, config: str | None, as_json: bool
) -> int:
    """Throw away what is too old or too much now; the proxy does so by itself every ten minutes."""
    settings, store = open_journal(config, journal_url)
    days = settings.journal.keep_days if keep_days is None else keep_days
    size = settings.journal.max_mb if max_mb is None else max_mb
    gone = store.prune(now(), days, size * 1e6)
    left, size_mb = store.count(), store.size_bytes() / 1e6
    if as_json:
        print_json({"thrown_away": gone, "left": left, "mb": round(size_mb, 3)})
    else:
        out().print(f"{gone:,} records thrown away, {left:,} left in {size_mb:,.1f} MB")
    return OK


def _coming(store: Store, page: Page, shown: Sequence[Entry]) -> Iterator[Entry]:
    """Yield records newer than those shown, as their outcomes come, or after a while without."""
    begun = shown[-1].record.at if shown else now()
    known = set[str]()
    while True:
        since = max(begun, now() - _WINDOW, page.since or begun)
        patient_since = now() - _PATIENCE
        ripe = [
            entry
            for entry in store.walk(replace(page, since=since))
            if entry.record.at > begun and (entry.outcome is not None or entry.record.at < patient_since)
        ]
        yield from (entry for entry in ripe if entry.record.id not in known)
        known = {entry.record.id for entry in ripe}
        time.sleep(_PAUSE_S)


def _print_line(entry: Entry) -> None:
    click.echo(to_text(entry))


def _rows(console: Console) -> Callable[[Entry], None]:
    """Return what prints an entry as a row, and a head above the first one."""
    widths = {"time": 19, "status": 8, "bucket": 6, "model": 28, "cost": 10, "took": 7, "by": 9, "id": 36}
    is_begun = False

    def cell(name: str, value: str) -> str:
        is_figure = name in ("cost", "took")
        value = on_a_line(value)
        return f"{value:>{widths[name]}}" if is_figure else f"{value:<{widths[name]}}"

    def show(entry: Entry) -> None:
        nonlocal is_begun
        if not is_begun:
            head = "  ".join(cell(name, name) for name in widths)
            console.print(Text(head.rstrip(), "bold"), soft_wrap=True)
            is_begun = True
        record, outcome = entry.record, entry.outcome
        status = outcome.status if outcome is not None else "unknown"
        served = (outcome.model if outcome is not None else None) or record.model or "nobody"
        cost = money(outcome.cost_usd) if outcome is not None and outcome.cost_usd is not None else ""
        took = seconds(outcome.latency_s) if outcome is not None and outcome.latency_s is not None else ""
        row = Text(cell("time", f"{record.at:%Y-%m-%d %H:%M:%S}") + "  ", "dim")
        row.append(cell("status", status) + "  ", "" if status == "answered" else "yellow")
        row.append(cell("bucket", record.bucket or "") + "  ", STYLES[record.bucket] if record.bucket else "")
        if record.mode == "shadow" and record.decided not in (None, served):
            served = f"{served}, not {record.decided}"
        row.append(cell("model", served) + "  ", "bold")
        row.append("  ".join((cell("cost", cost), cell("took", took), cell("by", record.cause))) + "  ", "")
        row.append(record.id, "dim")
        console.print(row, soft_wrap=True)

    return show
