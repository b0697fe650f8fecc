"""Decisions made again: from what the journal keeps, and from nothing else.

A record holds what was seen in the wording, the counts of the request, and what the decision was told
besides; two documents hold the settings of its virtual name and the catalog, and the bundle is named by
digest. With the same bundle at hand `choose` gives the same decision, to the last bit. With another α it says
what would have been chosen, which is how past traffic is previewed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import numpy as np

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.core.candidates import CandidateSet, build_candidates
from heimdall_litellm.core.decision import Sight, choose
from heimdall_litellm.core.quality import Neighbourhood
from heimdall_litellm.core.triage import Triage
from heimdall_litellm.core.types import CatalogEntry, Decision, Overrides, Policy, Standing
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.record import (
    Document,
    JournalRecord,
    adapter_of,
    candidate_of,
    facts_of,
    from_json,
    now,
)
from heimdall_litellm.priors import Matches


def settings_document(policy: Policy) -> Document:
    """Return the settings of one virtual name, as they take part in decisions."""
    return _document("settings", adapter_of(Policy).dump_python(_plain(policy), mode="json"))


def catalog_document(entries: Mapping[str, CatalogEntry]) -> Document:
    """Return the catalog entries that decisions are made from."""
    read = adapter_of(CatalogEntry)
    return _document("catalog", [read.dump_python(entries[name], mode="json") for name in sorted(entries)])


def _document(kind: Any, value: object) -> Document:
    body = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Document(sha256(body.encode("utf-8", "surrogatepass")).hexdigest(), kind, now(), body)


def _plain(policy: Policy) -> Policy:
    return replace(policy, candidates=dict(policy.candidates), efforts=dict(policy.efforts))


def candidates_from(settings: Document, catalog: Document, bundle: Bundle) -> CandidateSet:
    """Build the candidates again that a record was decided among. Raises JournalError and ConfigError."""
    policy = from_json(Policy, settings.body)
    policy = replace(policy, candidates=MappingProxyType(dict(policy.candidates)))
    entries = [from_json(CatalogEntry, json.dumps(each)) for each in json.loads(catalog.body)]
    matcher = Matches(bundle.models)
    known = {entry.name: entry for entry in entries}
    return build_candidates(policy, known, bundle.knowledge.table, matcher.known_as, matcher.relative_of)


def replay(
    record: JournalRecord, candidates: CandidateSet, bundle: Bundle, *, alpha: float | None = None
) -> Decision:
    """Make a recorded decision again, or, with an `alpha`, make it otherwise.

    Raises JournalError where nothing was decided, and NoCandidate where nobody could serve it.
    """
    seen, given, counts = record.seen, record.given, record.facts
    if seen is None or given is None or counts is None:
        raise JournalError(f"Record {record.id} can't be replayed: nothing was decided ({record.reason}).")
    sight = Sight(
        np.array(seen.features, np.float32),
        Triage(seen.p_cheap, seen.p_mid, seen.p_hard),
        Neighbourhood(np.array(seen.clusters, np.intp), np.array(seen.weights, np.float32), seen.trust),
    )
    asked = given.alpha if alpha is None else alpha
    return choose(
        facts_of(counts),
        sight,
        bundle.knowledge.typical_difficulty,
        candidates,
        permitted=given.permitted,
        overrides=Overrides(asked, given.bucket, given.max_cost_usd, given.notes),
        latencies=given.latencies or {},
        standing=Standing(frozenset(given.brought), given.set_aside or {}),
    )


def differences(record: JournalRecord, decision: Decision) -> list[str]:
    """Say in which respects a decision made again isn't the one recorded; an empty list: it is the same."""
    again: dict[str, object] = {
        "decided": decision.model,
        "bucket": decision.bucket,
        "effort": decision.effort.reasoning_effort,
        "decided_in": decision.rows[decision.model].bucket if record.decided_in is not None else None,
        "alpha": decision.alpha,
        "candidates": tuple(map(candidate_of, decision.candidates)),
        "ranked": decision.ranked,
        "fallbacks": decision.fallbacks,
    }
    return [name for name, value in again.items() if getattr(record, name) != value]
