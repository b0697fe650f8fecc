"""One record of the journal, in words and tables."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from heimdall_litellm.cli.render import print_item, table, tokens, usd
from heimdall_litellm.core.types import Bucket
from heimdall_litellm.core.visible import on_a_line
from heimdall_litellm.journal.record import Candidate, JournalRecord, Outcome, Signal
from heimdall_litellm.journal.store import Entry
from heimdall_litellm.report.words import CAUSES, STATUSES, microseconds, money, percent, seconds

_NOTHING: Final = 1e-9
"""USD."""
STYLES: Final[dict[Bucket, str]] = {"cheap": "green", "mid": "yellow", "hard": "red"}


def show_entry(console: Console, entry: Entry) -> None:
    """Say of a request which model, why, and what came of it."""
    record, outcome = entry.record, entry.outcome
    status = STATUSES[outcome.status if outcome is not None else "unknown"]
    served = (outcome.model if outcome is not None else None) or record.model or "nobody"
    head = Text.assemble((on_a_line(served), "bold"), "  ")
    if record.bucket is not None:
        head.append(record.bucket, f"bold {STYLES[record.bucket]}").append("  ")
    console.print(head.append(status, "" if status == "answered" else "yellow"), soft_wrap=True)
    console.print(f"{record.id}, {record.at:%Y-%m-%d %H:%M:%S} UTC\n", style="dim", soft_wrap=True)
    _show_request(console, record)
    _show_candidates(console, record)
    if outcome is not None:
        _show_outcome(console, record, outcome)
    _show_signals(console, entry.signals)


def _show_request(console: Console, record: JournalRecord) -> None:
    caller = record.caller
    who = caller.alias or (f"key {caller.key[:12]}…" if caller.key else "unknown")
    team = caller.team_alias or caller.team
    left = " (shadow mode: it was left alone)" if record.mode == "shadow" else ""
    lines = [
        ("asked for ", f"{record.requested}, by {who}{f' of {team}' if team else ''} ({record.call})"),
        ("settled by", f"{record.cause}: {CAUSES[record.cause]}{left}"),
        ("why       ", record.reason),
    ]
    if record.decided is not None and record.decided != record.model:
        lines.append(
            ("decided   ", f"{record.decided}, but sent to {record.model}: {_why_elsewhere(record)}")
        )
    if record.effort is not None:
        lines.append(("effort    ", record.effort))
    if record.alpha is not None:
        seen = f", difficulty {record.seen.difficulty:.2f}" if record.seen is not None else ""
        lines.append(("decided by", f"policy {record.policy}, alpha {record.alpha:g}{seen}"))
    remembered = ", remembered from an earlier request" if record.is_remembered else ""
    lines.append(("took      ", f"{microseconds(record.duration_us)}{remembered}"))
    if record.prompt is not None:
        kept = record.prompt.text or f"not kept, digest {record.prompt.digest}"
        lines.append(("prompt    ", kept))
    for word, value in lines:
        print_item(console, word, value)
    console.print()


def _why_elsewhere(record: JournalRecord) -> str:
    if record.mode == "shadow":
        return "shadow mode changes nothing"
    return "held out to measure against" if record.arm == "holdout" else "the first that could be asked"


def _show_candidates(console: Console, record: JournalRecord) -> None:
    scored = [each for each in record.candidates if each.score is not None]
    if scored:
        figures = ("quality", "cost $", "tokens", "penalty", "score")
        shown, chosen = table("model", "bucket", *figures, "quality by", right=figures), record.chosen
        for each in sorted(scored, key=lambda each: -(each.score or 0.0)):
            is_chosen = each is chosen
            shown.add_row(*_candidate(each, is_chosen), style="bold" if is_chosen else "")
        console.print(shown)
        console.print()
    ruled_out = dict.fromkeys(
        (each.model, each.why_not) for each in record.candidates if each.why_not is not None
    )
    if ruled_out:
        console.print(Text("Ruled out", "bold"))
        for model, why in ruled_out:
            print_item(console, "-", f"{model}: {why}")
        console.print()
    if record.fallbacks:
        print_item(console, "then      ", ", then ".join(record.fallbacks))
        console.print()


def _candidate(each: Candidate, is_chosen: bool) -> tuple[str, ...]:
    return (
        ("> " if is_chosen else "  ") + each.model + (f" ({each.effort})" if each.effort else ""),
        each.bucket,
        f"{each.quality:.3f}",
        usd(each.cost_usd if each.is_priced else None),
        tokens(round(each.output_tokens)),
        f"{each.penalties:.3f}",
        f"{each.score:+.3f}",
        each.basis,
    )


def _show_outcome(console: Console, record: JournalRecord, outcome: Outcome) -> None:
    console.print(Text("What came of it", "bold"))
    for word, value in _outcome_lines(record, outcome):
        print_item(console, word, value)
    console.print()
    if len(outcome.tries) > 1 or outcome.failed_with:
        shown = table("tried", "provider", "came to", "status", "paid by", right=("status",))
        for each in outcome.tries:
            status = str(each.status) if each.status is not None else ""
            shown.add_row(each.model, each.provider, each.outcome, status, each.adapter or "the proxy")
        console.print(shown)
        console.print()


def _outcome_lines(record: JournalRecord, outcome: Outcome) -> list[tuple[str, str]]:
    lines = []
    if outcome.latency_s is not None:
        first = f", first token after {seconds(outcome.first_token_s)}" if outcome.first_token_s else ""
        lines.append(("took      ", seconds(outcome.latency_s) + first))
    if outcome.input_tokens is not None or outcome.output_tokens is not None:
        cached = f" ({tokens(outcome.cached_tokens)} cached)" if outcome.cached_tokens else ""
        thought = f" ({tokens(outcome.reasoning_tokens)} thinking)" if outcome.reasoning_tokens else ""
        read, written = tokens(outcome.input_tokens), tokens(outcome.output_tokens)
        lines.append(("tokens    ", f"{read} read{cached}, {written} written{thought}"))
    if outcome.cost_usd is not None:
        # What was expected is of the model decided on.
        foreseen = record.cost_usd if outcome.model == record.decided else None
        expected = f", {money(foreseen)} expected" if foreseen is not None else ""
        lines.append(("cost      ", f"{money(outcome.cost_usd)}{expected}"))
    if record.mode == "shadow":
        if outcome.would_usd is not None:
            said = f"about {money(outcome.would_usd)}, had {record.decided} been asked as decided"
            lines.append(("would cost", said))
    elif outcome.baseline_usd is not None and record.baseline is not None and outcome.cost_usd is not None:
        saved = outcome.baseline_usd - outcome.cost_usd
        guess = (outcome.guessed_usd or 0.0) / outcome.baseline_usd if outcome.baseline_usd > 0 else 0.0
        guessed = f", {percent(guess)} of it guessed" if guess else ""
        name = record.baseline.model
        if outcome.model == name and abs(saved) < _NOTHING:
            said = f"{name}, which answered itself"
        else:
            verb = "saved" if saved >= 0 else "lost"
            said = f"{name} would have cost about {money(outcome.baseline_usd)}{guessed}: "
            said += f"{money(abs(saved))} {verb}"
        lines.append(("baseline  ", said))
    if outcome.finish is not None:
        lines.append(("ended with", outcome.finish))
    if outcome.escalated_from is not None:
        lines.append(("escalated ", f"from {outcome.escalated_from}"))
    return lines


def _show_signals(console: Console, signals: tuple[Signal, ...]) -> None:
    if not signals:
        return
    shown = table("signal", "score", "weight", "", right=("score", "weight"))
    for each in signals:
        said = ": ".join(filter(None, (each.label, each.comment)))
        shown.add_row(each.source, f"{each.score:.2f}", f"{each.weight:.2f}", said)
    console.print(shown)
