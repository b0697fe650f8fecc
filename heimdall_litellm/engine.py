"""Heimdall: settings, catalog entries and a bundle, joined into decisions.

All that a decision reads stands in one immutable `Snapshot`. A change (other models, other
prices, a new bundle) builds a whole new one and replaces one reference, so that no decision
ever sees half of a change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import numpy as np

from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.catalog import (
    entries_from_model_list,
    has_any_credential,
    load_price_map,
    propose_buckets,
)
from heimdall_litellm.config import Settings, environment, load_config, settings_from_config
from heimdall_litellm.core.cache import DecisionCache, decision_key
from heimdall_litellm.core.candidates import CandidateSet, build_candidates
from heimdall_litellm.core.decision import Perception, decide, perceive
from heimdall_litellm.core.features import FEATURES
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import (
    BUCKETS,
    NO_OVERRIDES,
    NO_STANDING,
    NO_TIME,
    Bucket,
    CatalogEntry,
    Decision,
    EffortSpec,
    Overrides,
    Policy,
    RequestFacts,
    Standing,
)
from heimdall_litellm.errors import ConfigError
from heimdall_litellm.priors import Matches, prior_quality

_UNASKED = EffortSpec("medium")
"""How hard models think that nobody asks to."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything decisions are made from, at one moment."""

    entries: Mapping[str, CatalogEntry]
    bundle: Bundle
    fields: Mapping[str, CandidateSet]
    """Candidates by virtual name."""
    cache: DecisionCache
    baselines: Mapping[str, CandidateSet]
    """What savings are reckoned against, by virtual name: one row each, thinking as it does unasked."""
    defaults: Mapping[str, CatalogEntry]
    """The default models behind the virtual names, which are candidates of none."""

    def unasked(self, model: str, policy: Policy) -> CandidateSet | None:
        """Return one row: a model, thinking as it does unasked. None if there is no such model."""
        for known in (self.entries, self.defaults):
            if model in known:
                return _unasked(model, policy, known, self.bundle)
        return None


class Heimdall:
    """Decides which model serves a request. Safe to use from several threads.

    `entries` are the model groups that may become candidates. Raises ConfigError where settings
    and entries don't fit together.
    """

    def __init__(
        self,
        settings: Settings,
        entries: Sequence[CatalogEntry],
        bundle: Bundle,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.names = settings.names
        self._clock = clock
        self._changing = threading.Lock()
        self._snapshot = _build(settings, entries, bundle)
        # The first look at a bundle sets up LightGBM's buffers and costs milliseconds: not a caller's.
        self.perceive(RequestFacts(ask="warm-up"))

    @classmethod
    def from_yaml(
        cls,
        path: str | Path,
        *,
        environ: Mapping[str, str] | None = None,
        bundle: str | Path | None = None,
        is_caching: bool = True,
    ) -> Heimdall:
        """Read a LiteLLM configuration with Heimdall's settings in it; LiteLLM isn't imported.

        `bundle` replaces the configured one; without `is_caching` every decision is made anew.
        Raises ConfigError (file, settings, models) or BundleError.
        """
        config = load_config(path)
        env = environment(config) if environ is None else environ
        settings = settings_from_config(config, env)
        models = model_list_of(config)
        require_virtual_groups(settings, [str(deployment.get("model_name")) for deployment in models])
        is_simulated = simulates_all(settings, models, env)
        entries = entries_from_model_list(models, load_price_map(), env, assume_credentials=is_simulated)
        if not is_caching:
            settings = settings.without_cache()
        return cls(settings, entries, load_bundle(bundle or settings.tuning.bundle))

    @property
    def snapshot(self) -> Snapshot:
        """What decisions are made from now."""
        return self._snapshot

    def replace_entries(self, entries: Sequence[CatalogEntry]) -> None:
        """Decide from other models or prices from now on. Raises ConfigError and changes nothing."""
        with self._changing:
            self._snapshot = _build(self.settings, entries, self._snapshot.bundle)

    def replace_bundle(self, bundle: Bundle) -> None:
        """Decide from another bundle from now on."""
        with self._changing:
            before = self._snapshot
            entries = (*before.entries.values(), *before.defaults.values())
            self._snapshot = _build(self.settings, entries, bundle)

    def candidate_names(self, name: str) -> tuple[str, ...]:
        """Every model group that a virtual name may choose, in configured order, each once.

        Raises ConfigError if there is no such virtual name.
        """
        rows = _field(self._snapshot, name).rows
        return tuple(dict.fromkeys(row.entry.name for row in rows))

    def decide_facts(
        self,
        facts: RequestFacts,
        *,
        name: str | None = None,
        permitted: Collection[str] | None = None,
        overrides: Overrides = NO_OVERRIDES,
        latencies: Mapping[str, float] | None = None,
        standing: Standing = NO_STANDING,
        is_trial: bool = False,
        snapshot: Snapshot | None = None,
    ) -> Decision:
        """Decide on facts, remembering the decision as the settings say; a trial remembers none of its own.

        `permitted` None means that the caller may use everything; `standing` says which credentials they
        bring, and which models the circuit breaker holds back; `snapshot` is another than what is decided
        from now. Raises NoCandidate, and ConfigError if `name` is no virtual model.
        """
        snapshot = snapshot or self._snapshot
        field = _field(snapshot, self.settings.name if name is None else name)
        key = None
        if self.settings.is_caching:
            key = decision_key(field.policy.name, facts, permitted, overrides, standing)
        known = snapshot.cache.get(key, self._clock()) if key is not None else None
        if known is not None:
            return known
        decision = decide(
            facts,
            snapshot.bundle.knowledge,
            field,
            permitted=permitted,
            overrides=overrides,
            latencies=latencies,
            standing=standing,
            clock=time.perf_counter_ns,
        )
        if key is not None and not is_trial:
            remembered = replace(decision, is_remembered=True, spent=NO_TIME)
            snapshot.cache.put(key, remembered, self._clock())
        return decision

    def decide(
        self,
        *,
        messages: Sequence[Mapping[str, object]],
        tools: Sequence[Mapping[str, object]] | None = None,
        response_format: Mapping[str, object] | None = None,
        max_tokens: int | None = None,
        name: str | None = None,
        alpha: float | None = None,
        bucket: Bucket | None = None,
        max_cost_usd: float | None = None,
    ) -> Decision:
        """Decide on a chat request.

        Raises NoCandidate; ConfigError if `name` is no virtual model; ValueError if `alpha` is not in
        0..1, `bucket` is none, or `max_cost_usd` is no finite amount above 0.

        >>> Heimdall.from_yaml("litellm_config.yaml").decide(
        ...     messages=[{"role": "user", "content": "Hi!"}]).bucket  # doctest: +SKIP
        'cheap'
        """
        if alpha is not None and not 0.0 <= alpha <= 1.0:
            raise ValueError(f"alpha must lie in 0..1, not {alpha!r}")
        if bucket is not None and bucket not in BUCKETS:
            raise ValueError(f"bucket must be one of {', '.join(BUCKETS)}, not {bucket!r}")
        if max_cost_usd is not None and not 0.0 < max_cost_usd < inf:
            raise ValueError(f"max_cost_usd must be a finite amount above 0, not {max_cost_usd!r}")
        body: dict[str, object] = {"messages": messages}
        given = {"tools": tools, "response_format": response_format, "max_tokens": max_tokens}
        body.update({key: value for key, value in given.items() if value is not None})
        overrides = Overrides(alpha, bucket, max_cost_usd)
        return self.decide_facts(read_request(body), name=name, overrides=overrides)

    def perceive(self, facts: RequestFacts) -> Perception:
        """See a request as decisions see it: features, embedding, probabilities."""
        return perceive(facts, self._snapshot.bundle.knowledge)

    def contributions(self, facts: RequestFacts, bucket: Bucket) -> dict[str, float]:
        """How much each feature, each word and all the wording (the embedding) moved a bucket's score.

        SHAP values of the trees, with the shares of tilt and words; takes milliseconds, so for
        explanations only.
        """
        seen = self.perceive(facts)
        bundle = self._snapshot.bundle
        at = BUCKETS.index(bucket)
        values = bundle.scorer.contributions(np.concatenate((seen.features, seen.embedding)))[at]
        # What leans pulls cheap and hard apart by half each, and leaves mid where it is.
        side = (at - 1) / 2
        known = bundle.knowledge
        by_feature = values[: len(FEATURES)] + side * known.tilt.by_feature(seen.features)
        found = dict(zip(FEATURES, by_feature.tolist(), strict=True))
        found["wording"] = float(values[len(FEATURES) : -1].sum())  # the last is the bias
        shares = known.words.by_token(seen.tokens)
        for token, share in zip(seen.tokens.tolist(), shares.tolist(), strict=True):
            if token < len(known.embedding.vocab):
                found[f"'{known.embedding.vocab[token].decode('utf-8', 'replace')}'"] = side * share
        return found


def model_list_of(config: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Give a configuration's model_list. Raises ConfigError if it isn't a list of mappings."""
    models = config.get("model_list") or []
    if not isinstance(models, list) or not all(isinstance(item, Mapping) for item in models):
        raise ConfigError(
            "model_list must be a list of deployments, each with model_name and litellm_params."
        )
    return models


def require_virtual_groups(settings: Settings, groups: Collection[str]) -> None:
    """Check that each virtual name is a model group too, so that it stands without us.

    Raises ConfigError naming those that are missing.
    """
    missing = sorted(settings.names - set(groups))
    if missing:
        raise ConfigError(
            f"{', '.join(repr(name) for name in missing)} must be a model_name in model_list too, with the "
            "default model as its deployment: without Heimdall, requests for it then still succeed."
        )


def require_watched_groups(settings: Settings, groups: Collection[str]) -> None:
    """Check that shadow mode is told to look at model groups that there are.

    Raises ConfigError naming those that are missing.
    """
    missing = sorted(set(settings.shadow.models or ()) - set(groups))
    if missing:
        raise ConfigError(
            f"shadow.models names {', '.join(map(repr, missing))}, which is not a model_name of the "
            f"model_list. It has: {', '.join(sorted(set(groups) - settings.names)) or 'none'}."
        )


def simulates_all(
    settings: Settings, models: Sequence[Mapping[str, object]], environ: Mapping[str, str]
) -> bool:
    """Say whether the simulated provider stands in wherever a key is missing."""
    mode = settings.simulation.mode
    return mode == "always" or (mode == "auto" and not has_any_credential(models, environ))


def _field(snapshot: Snapshot, name: str) -> CandidateSet:
    try:
        return snapshot.fields[name]
    except KeyError:
        known = ", ".join(sorted(snapshot.fields))
        raise ConfigError(f"{name!r} is no virtual model; there are {known}") from None


def _build(settings: Settings, entries: Sequence[CatalogEntry], bundle: Bundle) -> Snapshot:
    known = {entry.name: entry for entry in entries if entry.name not in settings.names}
    defaults = {entry.name: entry for entry in entries if entry.name in settings.names}
    proposed = propose_buckets(tuple(known.values()), prior_quality(tuple(known.values()), bundle))
    matcher = Matches(bundle.models)
    _require_baseline(settings, known)
    fields, baselines = {}, {}
    for name in sorted(settings.names):
        given = settings.router_of(name).candidates
        lists = {bucket: given[bucket] or proposed[bucket] for bucket in given}
        policy = settings.policy(name, lists, bundle.manifest.thresholds)
        table = bundle.knowledge.table
        fields[name] = build_candidates(policy, known, table, matcher.known_as, matcher.relative_of)
        baseline = settings.baseline.model or _best_hard(fields[name])
        baselines[name] = _unasked(baseline, policy, known, bundle)
    cache = DecisionCache(settings.cache.max_entries, settings.cache.ttl_seconds)
    return Snapshot(known, bundle, fields, cache, baselines, defaults)


def _unasked(model: str, policy: Policy, entries: Mapping[str, CatalogEntry], bundle: Bundle) -> CandidateSet:
    alone = replace(policy, candidates={"hard": (model,)}, efforts={"hard": _UNASKED})
    matcher = Matches(bundle.models)
    return build_candidates(alone, entries, bundle.knowledge.table, matcher.known_as, matcher.relative_of)


def _require_baseline(settings: Settings, known: Collection[str]) -> None:
    name = settings.baseline.model
    if name is not None and name not in known:
        raise ConfigError(
            f"baseline.model names '{name}', which is not a model_name of the model_list. "
            f"It has: {', '.join(sorted(known)) or 'none'}."
        )


def _best_hard(field: CandidateSet) -> str:
    """Name the hard candidate of which most is expected, the cheaper of two; any, if none is hard."""
    hard = [at for at, row in enumerate(field.rows) if row.bucket == "hard"] or range(len(field.rows))
    best = max(hard, key=lambda at: (float(field.typical_quality[at]), -field.output_usd[at]))
    return field.rows[best].entry.name
