"""`heimdall report`: where the traffic went, what it cost and saved, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click
from rich.console import Console
from rich.text import Text

from heimdall_litellm.cli.entry import STYLES
from heimdall_litellm.cli.files import writing
from heimdall_litellm.cli.journal_options import journal_option, open_journal
from heimdall_litellm.cli.options import Moment, config_option, json_option
from heimdall_litellm.cli.render import OK, UNKNOWN, answers, err, out, print_item, print_json, table
from heimdall_litellm.core.types import BUCKETS
from heimdall_litellm.errors import ConfigError
from heimdall_litellm.journal.record import now
from heimdall_litellm.report.figures import Estimate, Measured, Percentiles, Saving, Shadow, Summary, to_data
from heimdall_litellm.report.page import to_html
from heimdall_litellm.report.summary import summarise
from heimdall_litellm.report.words import (
    FLOWS,
    between,
    count,
    many,
    microseconds,
    money,
    percent,
    score,
    seconds,
    sparkline,
)


@click.command()
@click.option(
    "--since",
    type=Moment(),
    default="7d",
    show_default=True,
    help="From when: 30min, 24h, 7d ago, or ISO 8601.",
)
@click.option("--until", type=Moment(), help="Until when; left out, now.")
@click.option("--key", metavar="ALIAS", help="Only requests by this key: its alias, or its hash.")
@click.option("--name", "requested", help="Only requests for this virtual model.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write a page that needs nothing else to this file; - is stdout.",
)
@journal_option
@config_option
@json_option
@answers
def report(
    since: datetime,
    until: datetime | None,
    key: str | None,
    requested: str | None,
    html: str | None,
    journal_url: str | None,
    config: str | None,
    as_json: bool,
) -> int:
    """Say where the traffic went, what it cost, what was saved and how sure that is."""
    end = until or now()
    if end <= since:
        raise ConfigError(f"--until ({end:%Y-%m-%d %H:%M}) must be after --since ({since:%Y-%m-%d %H:%M})")
    _, store = open_journal(config, journal_url)
    summary = summarise(store, since, end, key=key, requested=requested)
    if html is not None:
        with writing(html) as file:
            file.write(to_html(summary))
        if html != "-" and not as_json:
            err().print(f"report written to {html}", soft_wrap=True)
    if as_json and html != "-":
        print_json(to_data(summary))
    elif html is None:
        _show(out(), summary)
    return OK


def _show(console: Console, summary: Summary) -> None:
    of = [f"key {summary.key}" if summary.key else "", summary.requested or ""]
    narrowed = "".join(f", {each}" for each in of if each)
    period = f"{summary.since:%Y-%m-%d %H:%M} to {summary.until:%Y-%m-%d %H:%M} UTC{narrowed}"
    console.print(Text.assemble(("Report", "bold"), (f"  {period}", "dim")), soft_wrap=True)
    console.print()
    if not summary.requests.total:
        console.print("No request in this period.")
        return
    _show_top(console, summary)
    _show_money(console, summary)
    _show_models(console, summary)
    _show_shares(console, summary)
    _show_failovers(console, summary)


def _show_top(console: Console, summary: Summary) -> None:
    counts = summary.requests
    others = [
        f"{count(number)} {name}"
        for name in ("cached", "failed", "refused", "left", "unknown")
        if (number := getattr(counts, name))
    ]
    print_item(
        console,
        "requests  ",
        f"{count(counts.total)}: {', '.join([f'{count(counts.answered)} answered', *others])}",
    )
    if _has_blocks(console):
        print_item(
            console, "          ", Text(sparkline([slot.requests for slot in summary.timeline]), "cyan")
        )
    spend = money(summary.spend_usd)
    if summary.unpriced:
        spend += f"; {count(summary.unpriced)} answered at a cost nobody knows"
    print_item(console, "spend     ", spend)
    if _has_blocks(console):
        print_item(
            console, "          ", Text(sparkline([slot.spend_usd for slot in summary.timeline]), "cyan")
        )
    if summary.decision_us is not None:
        p = summary.decision_us
        remembered = f"; {percent(summary.remembered / counts.total)} remembered"
        print_item(
            console,
            "deciding  ",
            f"{microseconds(p.p50)} in the middle, 95 % within {microseconds(p.p95)}, "
            f"99 % within {microseconds(p.p99)}{remembered}",
        )
    if summary.failed_open:
        said = f"{count(summary.failed_open)} undecided, so the default model answered"
        print_item(console, "fail-open ", Text(said, "bold red"))
    console.print()


def _show_money(console: Console, summary: Summary) -> None:
    if summary.saving is not None:
        _show_saving(console, summary.saving)
    if summary.measured is not None:
        _show_measured(console, summary.measured)
    if summary.shadow is not None:
        _show_shadow(console, summary.shadow)
    if (known := summary.estimated) is not None and known.expected_usd > 0:
        off = known.actual_usd / known.expected_usd - 1
        print_item(
            console,
            "estimates ",
            f"{money(known.expected_usd)} expected of {count(known.requests)} requests that cost "
            f"{money(known.actual_usd)} ({off:+.0%})",
        )
        console.print()


def _show_saving(console: Console, saving: Saving) -> None:
    usd, share = saving.saved_usd, saving.saved_share
    is_loss = usd.value < 0
    said = Text(money(usd.value), "bold red" if is_loss else "bold green")
    if share is not None:
        said.append(f"  {percent(share.value)}", "bold")
        if share.interval is not None:
            said.append(f"  (95 %: {between(share, percent)}, {between(usd, money)})")
    print_item(console, "saved     ", said)
    guessed = (
        f", {percent(saving.guessed_usd / saving.baseline_usd)} of which is a guess at what it would write"
    )
    print_item(
        console,
        "          ",
        Text(
            f"reckoned: {money(saving.paid_usd)} against about {money(saving.baseline_usd)}, had "
            f"{' or '.join(saving.baselines)} answered all of {count(saving.requests)} requests"
            f"{guessed if saving.guessed_usd > 0 else ''}",
            "dim",
        ),
    )
    console.print()


def _show_measured(console: Console, found: Measured) -> None:
    if (share := found.saved_share) is not None and found.saved_usd is not None:
        said = Text(money(found.saved_usd.value), "bold")
        said.append(f"  {percent(share.value)}", "bold")
        if share.interval is not None:
            said.append(f"  (95 %: {between(share, percent)}, {between(found.saved_usd, money)})")
        print_item(console, "measured  ", said)
        about = f"by a draw, on the {count(found.routed.requests)} requests that routing sent elsewhere"
        print_item(console, "          ", Text(about, "dim"))
    figures = ("requests", "conversations", "cost each", "score", "doubted")
    shown = table("arm", *figures, right=figures)
    for name, arm in (("routed", found.routed), ("baseline", found.held_out)):
        cells = _with_intervals(arm.cost_usd, arm.score, arm.doubted)
        shown.add_row(name, count(arm.requests), count(arm.conversations), *cells)
    cells = _with_intervals(found.cost_usd, found.score, found.doubted)
    shown.add_row("difference", "", "", *cells, style="bold")
    console.print(shown)
    if found.note is not None:
        print_item(console, Text("!", "yellow"), found.note)
    console.print()


def _with_intervals(
    cost: Estimate | None, quality: Estimate | None, doubted: Estimate | None
) -> Iterator[str]:
    for each, write in ((cost, money), (quality, score), (doubted, percent)):
        yield "" if each is None else f"{write(each.value)}\n{between(each, write)}"


def _show_shadow(console: Console, shadow: Shadow) -> None:
    usd, share = shadow.saved_usd, shadow.saved_share
    rest = {
        "would have been refused": shadow.refused,
        "weren't to be decided on": shadow.requests - shadow.decided - shadow.refused,
    }
    others = "".join(f"; {count(number)} {what}" for what, number in rest.items() if number)
    of_all = f"{count(shadow.decided)} of {count(shadow.requests)} requests"
    print_item(console, "shadow    ", f"{of_all} decided and left alone{others}")
    if shadow.compared:
        size, is_saved = money(abs(usd.value)), usd.value >= 0
        said = Text(f"would have saved {size}" if is_saved else f"would have cost {size} more", "bold")
        if share is not None:
            said.append(f"  {percent(abs(share.value))}", "bold")
        said.append(f"  (saved, 95 %: {between(usd, money)})")
        print_item(console, "          ", said)
        about = (
            f"had they been followed: about {money(shadow.would_usd)} instead of {money(shadow.paid_usd)}, "
            f"for {count(shadow.compared)} of which both are known"
        )
        print_item(console, "          ", Text(about, "dim"))
    if shadow.flows:
        figures = ("requests", "paid", "would cost")
        shown = table("answered by", "would have gone to", *figures, right=figures)
        for flow in shadow.flows[:FLOWS]:
            costs = (money(flow.paid_usd), money(flow.would_usd)) if flow.compared else ("", "")
            shown.add_row(flow.answered, flow.decided, count(flow.requests), *costs)
        console.print(shown)
    if rarer := shadow.flows[FLOWS:]:
        of = count(sum(flow.requests for flow in rarer))
        console.print(f"and {count(len(rarer))} rarer ways, of {of} requests", style="dim")
    console.print()


def _show_models(console: Console, summary: Summary) -> None:
    figures = ("requests", "share", "spend", "in", "out", "p50", "p95", "first", "failed", "score")
    shown = table("model", *figures, right=figures)
    for line in summary.models:
        shown.add_row(
            line.model,
            count(line.requests),
            percent(line.share),
            UNKNOWN if line.spend_usd is None else money(line.spend_usd),
            many(line.input_tokens),
            many(line.output_tokens),
            _time(line.latency_s, "p50"),
            _time(line.latency_s, "p95"),
            _time(line.first_token_s, "p50"),
            count(line.failed) if line.failed else "",
            "" if line.score is None else f"{line.score:.2f}",
        )
    console.print(shown)
    console.print()


def _time(found: Percentiles | None, name: str) -> str:
    return "" if found is None else seconds(getattr(found, name))


def _show_shares(console: Console, summary: Summary) -> None:
    for title, rows in (("bucket", summary.buckets), ("settled by", summary.causes)):
        if rows:
            shown = table(title, "requests", "share", "spend", right=("requests", "share", "spend"))
            for row in rows:
                style = next((STYLES[each] for each in BUCKETS if each == row.name), "")
                shown.add_row(
                    Text(row.name, style), count(row.requests), percent(row.share), money(row.spend_usd)
                )
            console.print(shown)
            console.print()


def _show_failovers(console: Console, summary: Summary) -> None:
    if not summary.failovers:
        return
    shown = table(
        "failed first with", "requests", "answered after all", right=("requests", "answered after all")
    )
    for each in summary.failovers:
        shown.add_row(
            each.cause,
            count(each.requests),
            f"{count(each.answered)} ({percent(each.answered / each.requests)})",
        )
    console.print(shown)


def _has_blocks(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
