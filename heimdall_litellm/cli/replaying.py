"""`heimdall journal replay`: recorded decisions made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import click
from rich.text import Text

from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.cli.journal_options import filters, journal_option, missing, open_journal
from heimdall_litellm.cli.options import alpha_option, bundle_option, config_option, json_option
from heimdall_litellm.cli.render import NEGATIVE, OK, answers, out, print_item, print_json
from heimdall_litellm.core.candidates import CandidateSet
from heimdall_litellm.errors import HeimdallError
from heimdall_litellm.journal.record import JournalRecord
from heimdall_litellm.journal.store import Page, Store
from heimdall_litellm.replay import candidates_from, differences
from heimdall_litellm.replay import replay as decide_again

Verdict = Literal["same", "different", "impossible"]

_MOST: Final = 1_000
"""How many of those that come out otherwise are listed."""
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Again:
    """What came of deciding again: `model` and where it differs, or why that can't be done."""

    id: str
    verdict: Verdict
    decided: str | None
    model: str | None = None
    differs: tuple[str, ...] = ()
    why_not: str | None = None


class Replayer:
    """Decides again, with one bundle; candidates are built once for all records that share them."""

    def __init__(self, store: Store, bundle: Bundle, alpha: float | None) -> None:
        self._store, self._bundle, self._alpha = store, bundle, alpha
        self._known: dict[tuple[str, str], CandidateSet] = {}

    def again(self, record: JournalRecord) -> Again:
        """Make a recorded decision again."""
        why_not = self._why_not(record)
        if why_not is None:
            try:
                decision = decide_again(record, self._candidates(record), self._bundle, alpha=self._alpha)
            except HeimdallError as error:
                why_not = str(error)
        if why_not is not None:
            return Again(record.id, "impossible", record.decided, why_not=why_not)
        differs = tuple(differences(record, decision))
        if self._alpha is not None:
            differs = tuple(name for name in differs if name in ("decided", "effort"))
        return Again(record.id, "different" if differs else "same", record.decided, decision.model, differs)

    def _why_not(self, record: JournalRecord) -> str | None:
        if record.digests is None:
            return f"nothing was decided: {record.reason}"
        if record.digests.bundle != self._bundle.manifest_sha256:
            return (
                f"it was decided by the bundle {record.digests.bundle[:12]}…, and this is "
                f"{self._bundle.manifest_sha256[:12]}… ({self._bundle.id}); name that one with --bundle"
            )
        return None

    def _candidates(self, record: JournalRecord) -> CandidateSet:
        if record.digests is None:
            raise AssertionError("unreachable")
        names = (record.digests.settings, record.digests.catalog)
        if names not in self._known:
            settings, catalog = map(self._store.document, names)
            if settings is None or catalog is None:
                raise HeimdallError(
                    "the journal no longer holds the settings or the catalog it was made from"
                )
            self._known[names] = candidates_from(settings, catalog, self._bundle)
        return self._known[names]


@click.command()
@click.argument("identity", metavar="[ID]", required=False)
@click.option("--all", "is_all", is_flag=True, help="All records, or those that the filters leave.")
@alpha_option
@bundle_option
@filters
@journal_option
@config_option
@json_option
@answers
def replay(
    identity: str | None,
    is_all: bool,
    alpha: float | None,
    bundle: str | None,
    page: Page,
    journal_url: str | None,
    config: str | None,
    as_json: bool,
) -> int:
    """Make a recorded decision again, from what the journal holds; with --alpha, make it otherwise.

    Exit code 1 if one comes out differently (without --alpha), or none can be made again.
    """
    if (identity is None) is not is_all:
        raise click.UsageError("Name a record, or say --all.")
    settings, store = open_journal(config, journal_url)
    if identity is not None:
        entry = store.get(identity)
        if entry is None:
            return missing(identity, as_json=as_json)
        records: Iterator[JournalRecord] = iter([entry.record])
    else:
        records = (entry.record for entry in store.walk(page))
    replayer = Replayer(store, load_bundle(bundle or settings.tuning.bundle), alpha)
    return _told(map(replayer.again, records), alpha, as_json=as_json)


def _told(found: Iterator[Again], alpha: float | None, *, as_json: bool) -> int:
    """Tell how many come out how, and each one that doesn't come out the same; returns the exit code."""
    counts: dict[Verdict, int] = {"same": 0, "different": 0, "impossible": 0}
    others: list[Again] = []
    for each in found:
        counts[each.verdict] += 1
        if each.verdict != "same" and len(others) < _MOST:
            others.append(each)
    if as_json:
        rows = [
            {
                "id": each.id,
                "verdict": each.verdict,
                "decided": each.decided,
                "model": each.model,
                "differs": list(each.differs),
                "why_not": each.why_not,
            }
            for each in others
        ]
        print_json({"alpha": alpha} | dict(counts) | {"others": rows})
    else:
        _show(counts, others, alpha)
    is_bad = counts["different"] > 0 and alpha is None
    return NEGATIVE if is_bad or not counts["same"] + counts["different"] else OK


def _show(counts: dict[Verdict, int], others: list[Again], alpha: float | None) -> None:
    console = out()
    how = "as recorded" if alpha is None else f"at alpha {alpha:g}"
    total = sum(counts.values())
    console.print(Text.assemble((f"{total:,} decided again, {how}", "bold")))
    for verdict, count in counts.items():
        console.print(f"  {verdict:<11}{count:>9,}")
    for each in others[:_SHOWN]:
        said = each.why_not or _difference(each)
        print_item(console, Text(each.id, "dim"), said)
    if len(others) > _SHOWN:
        console.print(f"  and more; --json lists up to {_MOST:,}", style="dim")


def _difference(each: Again) -> str:
    if each.model != each.decided:
        return f"{each.decided} → {each.model}"
    return f"{each.model} still, but {', '.join(each.differs)} differ"
