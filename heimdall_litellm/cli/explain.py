"""`heimdall explain`: one decision, for people."""

from __future__ import annotations

import click
from rich.console import Console
from rich.text import Text

from heimdall_litellm.cli.options import (
    Finite,
    alpha_option,
    bundle_option,
    config_option,
    json_option,
    models_option,
)
from heimdall_litellm.cli.render import (
    NEGATIVE,
    OK,
    answers,
    complain,
    out,
    print_item,
    print_json,
    standard_input,
    table,
    tokens,
    usd,
)
from heimdall_litellm.cli.session import Session, open_session
from heimdall_litellm.core.explain import UNPRICED, influences, to_dict
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.strangers import GUESSED
from heimdall_litellm.core.types import BUCKETS, Bucket, CandidateScore, Decision, Overrides, RequestFacts
from heimdall_litellm.errors import ConfigError, NoCandidate

_BAR_WIDTH = 24
_STYLES: dict[Bucket, str] = {"cheap": "green", "mid": "yellow", "hard": "red"}


@click.command()
@click.argument("prompt")
@config_option
@bundle_option
@models_option
@alpha_option
@click.option("--name", help="Virtual model to ask for: heimdall, or a profile.")
@click.option(
    "--bucket", type=click.Choice(BUCKETS), help="Decide as though the request asked for this bucket."
)
@click.option("--max-cost", type=Finite(min=0, min_open=True), help="Limit of the expected cost, in USD.")
@json_option
@answers
def explain(
    prompt: str,
    config: str | None,
    bundle: str | None,
    models: tuple[str, ...] | None,
    alpha: float | None,
    name: str | None,
    bucket: Bucket | None,
    max_cost: float | None,
    as_json: bool,
) -> int:
    """Say which model would serve PROMPT, and why. A PROMPT of - is read from stdin.

    Without --config and --models, litellm_config.yaml of the current directory is used if it is
    there; without that, all models of the bundle are candidates. Exit code 1 if nothing may serve it.
    """
    text = standard_input().read().decode("utf-8", "replace") if prompt == "-" else prompt
    if not text.strip():
        raise ConfigError("the prompt is empty")
    session = open_session(config, bundle, models, use_default=True)
    facts = read_request({"messages": [{"role": "user", "content": text}]})
    try:
        decision = session.engine.decide_facts(
            facts, name=name, permitted=session.permitted, overrides=Overrides(alpha, bucket, max_cost)
        )
    except NoCandidate as refused:
        if as_json:
            print_json({"error": str(refused), "why_not": refused.why_not})
        else:
            complain(str(refused))
        return NEGATIVE
    moved = influences(session.engine.contributions(facts, decision.bucket))
    if as_json:
        features = [{"feature": feature, "influence": value} for feature, value in moved]
        print_json({**to_dict(decision), "features": features, "input_tokens": facts.input_tokens})
    else:
        _show(out(), session, facts, decision, moved)
    return OK


def _show(
    console: Console,
    session: Session,
    facts: RequestFacts,
    decision: Decision,
    moved: list[tuple[str, float]],
) -> None:
    effort = decision.effort
    asked = [f"effort {effort.reasoning_effort}"] if effort.reasoning_effort else []
    asked += [f"thinking budget {effort.thinking_budget}"] if effort.thinking_budget else []
    console.print(
        Text.assemble(
            (decision.model, "bold"),
            "  ",
            (decision.bucket, f"bold {_STYLES[decision.bucket]}"),
            f"  {', '.join(asked)}" if asked else "",
        )
    )
    console.print(f"candidates from {session.source}", style="dim")
    console.print(
        f"about {tokens(facts.input_tokens)} tokens, alpha {decision.alpha:g}, cluster {decision.cluster}, "
        f"difficulty {decision.difficulty:.2f}\n",
        style="dim",
    )
    _show_probabilities(console, decision)
    _show_influences(console, decision, moved)
    _show_candidates(console, decision)
    if decision.fallbacks:
        console.print(Text("Fallbacks", "bold"))
        print_item(console, "-", ", then ".join(decision.fallbacks))
    console.print(Text("Reasons", "bold"))
    for reason in decision.reasons:
        print_item(console, "-", reason)


def _show_probabilities(console: Console, decision: Decision) -> None:
    console.print(Text("Probabilities", "bold"))
    for bucket, probability in zip(BUCKETS, (decision.p_cheap, decision.p_mid, decision.p_hard), strict=True):
        bar = "#" * round(probability * _BAR_WIDTH)
        console.print(Text.assemble(f"  {bucket:<6}{probability:5.2f}  ", (bar, _STYLES[bucket])))
    console.print()


def _show_influences(console: Console, decision: Decision, moved: list[tuple[str, float]]) -> None:
    console.print(Text(f"What spoke for (+) and against (-) {decision.bucket}", "bold"))
    for feature, value in moved:
        console.print(f"  {value:+6.2f}  {feature}")
    console.print()


def _show_candidates(console: Console, decision: Decision) -> None:
    figures = ("quality", "cost $", "penalty", "score")
    shown = table("model", "bucket", *figures, right=figures)
    eligible = [row for row in decision.candidates if row.eligible]
    within_bucket = decision.router_policy == "bucket"
    chosen = decision.rows[decision.model]
    rows_shown: set[tuple[str, str | None]] = set()
    for row in sorted(
        eligible,
        key=lambda row: (
            within_bucket and row.bucket != decision.bucket,
            BUCKETS.index(row.bucket) if within_bucket else 0,
            -row.score,
            row.model,
            row.bucket != decision.bucket,
        ),
    ):
        known = (row.model, row.effort)
        if not within_bucket and known in rows_shown:
            continue  # it stands in several buckets alike, and competes once
        is_chosen = known == (chosen.model, chosen.effort) and known not in rows_shown
        rows_shown.add(known)
        competes = row.bucket == decision.bucket or not within_bucket
        shown.add_row(
            ("> " if is_chosen else "  ") + row.model + (f" ({row.effort})" if row.effort else ""),
            row.bucket,
            f"{row.quality:.3f}",
            usd(row.known_cost_usd),
            f"{row.penalties:.3f}",
            f"{row.score:+.3f}",
            style="bold" if is_chosen else "" if competes else "dim",
        )
    console.print(shown)
    for basis, said in GUESSED.items():
        models = dict.fromkeys(row.model for row in eligible if row.basis == basis)
        if models:
            console.print(Text(f"  quality of {', '.join(models)}: {said}", "dim"))
    if unpriced := dict.fromkeys(row.model for row in eligible if not row.is_priced):
        console.print(Text(f"  price of {', '.join(unpriced)}: unknown; {UNPRICED}", "dim"))
    console.print()
    _show_ruled_out(console, [row for row in decision.candidates if not row.eligible])


def _show_ruled_out(console: Console, rows: list[CandidateScore]) -> None:
    if not rows:
        return
    console.print(Text("Ruled out", "bold"))
    for model, why in dict.fromkeys((row.model, row.why_not) for row in rows):
        print_item(console, "-", f"{model}: {why}")
    console.print()
