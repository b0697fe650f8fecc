"""What `heimdall check` finds out, without stopping at the first problem.

A `Finding` is one fact with a light: green, amber (serves, but look at it) or red (would not
serve). A step that cannot be taken because an earlier one failed is left out, not guessed.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeVar

from heimdall_litellm.auth.registry import enabled
from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.catalog import entries_from_model_list, load_price_map
from heimdall_litellm.catalog.sources.registry import sources
from heimdall_litellm.config import (
    Settings,
    environment,
    keep_litellm_offline,
    load_config,
    settings_from_config,
)
from heimdall_litellm.core.types import BUCKETS, Bucket, CatalogEntry, RouterPolicy
from heimdall_litellm.engine import (
    Heimdall,
    model_list_of,
    require_virtual_groups,
    require_watched_groups,
    simulates_all,
)
from heimdall_litellm.errors import HeimdallError

T = TypeVar("T")
Light = Literal["green", "amber", "red"]

CALLBACK = "heimdall_litellm.heimdall"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out; `about` is a short word for the table's first column."""

    about: str
    light: Light
    text: str


@dataclass(frozen=True, slots=True)
class Virtual:
    """One virtual name with its buckets; `proposed` are those the settings leave out."""

    name: str
    alpha: float
    policy: RouterPolicy
    buckets: Mapping[Bucket, tuple[str, ...]]
    proposed: frozenset[Bucket]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model group that may be chosen; `known_as` is the bundle's name for it."""

    entry: CatalogEntry
    known_as: str | None
    is_simulated: bool


@dataclass(slots=True)
class Inspection:
    """All that was found."""

    path: str
    findings: list[Finding] = field(default_factory=list)
    virtuals: list[Virtual] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)

    def say(self, about: str, light: Light, text: str) -> None:
        self.findings.append(Finding(about, light, text))

    def count(self, light: Light) -> int:
        return sum(finding.light == light for finding in self.findings)

    @property
    def would_serve(self) -> bool:
        return self.count("red") == 0


def inspect(path: str) -> Inspection:
    """Look at a configuration, the bundle and the installed LiteLLM."""
    found = Inspection(path)
    _versions(found)
    config = _attempt(found, "file", lambda: load_config(path))
    if config is not None:
        _configuration(found, config)
    _seams(found)
    return found


def _attempt(found: Inspection, about: str, step: Callable[[], T]) -> T | None:
    try:
        return step()
    except HeimdallError as error:
        for line in str(error).splitlines():
            found.say(about, "red", line)
        return None


def _versions(found: Inspection) -> None:
    found.say("python", "green", platform.python_version())
    try:
        found.say("litellm", "green", version("litellm"))
    except PackageNotFoundError:
        found.say("litellm", "red", 'not installed; pip install "litellm[proxy]"')


def _configuration(found: Inspection, config: Mapping[str, object]) -> None:
    environ = environment(config)
    settings = _attempt(found, "settings", lambda: settings_from_config(config, environ))
    models = _attempt(found, "models", lambda: model_list_of(config))
    _proxy(found, config, environ)
    if settings is None:
        return
    found.say("settings", "green", "valid")
    adapters = _attempt(found, "auth", lambda: enabled(settings)) or ()
    if adapters:
        listed = ", ".join(f"{adapter.name} ({', '.join(sorted(adapter.hosts))})" for adapter in adapters)
        found.say("auth", "green", f"credentials of callers, and where they may go: {listed}")
    lists = _attempt(found, "catalog", lambda: sources(settings.catalog.sources)) or ()
    fetched = [each for each in lists if each.url is not None]
    if fetched:
        asked = [
            each.name
            for each in fetched
            if each.name in settings.catalog.urls or each.credentials(environ) is not None
        ]
        missing = [each.name for each in fetched if each.name not in asked]
        without = f"; without a key, so not asked: {', '.join(missing)}" if missing else ""
        found.say("catalog", "green", f"lists that are read: {', '.join(asked) or 'none'}{without}")
    bundle = _attempt(found, "bundle", lambda: load_bundle(settings.tuning.bundle))
    if bundle is not None:
        found.say("bundle", "green", _bundle_line(bundle))
    if models is None:
        return
    groups = [str(model.get("model_name")) for model in models]
    _attempt(found, "models", lambda: require_virtual_groups(settings, groups))
    _attempt(found, "models", lambda: require_watched_groups(settings, groups))
    is_simulated = simulates_all(settings, models, environ)
    entries = _attempt(
        found,
        "models",
        lambda: entries_from_model_list(models, load_price_map(), environ, assume_credentials=is_simulated),
    )
    if entries is None or bundle is None:
        return
    engine = _attempt(found, "buckets", lambda: Heimdall(settings, entries, bundle))
    if engine is not None:
        _candidates(found, settings, engine, is_simulated)


def _bundle_line(bundle: Bundle) -> str:
    age = datetime.now(UTC) - bundle.manifest.created.astimezone(UTC)
    return f"{bundle.id}, {max(age.days, 0)} days old, {len(bundle.models)} models; verified"


def _proxy(found: Inspection, config: Mapping[str, object], environ: Mapping[str, str]) -> None:
    """Look at what else in the file decides whether Heimdall is called, and safely."""
    callbacks = _section(config, "litellm_settings").get("callbacks")
    if callbacks == CALLBACK:
        found.say("callback", "amber", f'callbacks is a text and replaces all others; write ["{CALLBACK}"]')
    elif not isinstance(callbacks, list) or CALLBACK not in callbacks:
        found.say(
            "callback", "red", f'Heimdall is not switched on; set litellm_settings.callbacks: ["{CALLBACK}"]'
        )
    if (Path(found.path).parent / "heimdall_litellm.py").exists():
        found.say(
            "callback", "red", "heimdall_litellm.py beside the file hides the package from LiteLLM; rename it"
        )
    general = _section(config, "general_settings")
    key = general.get("master_key")
    if isinstance(key, str) and key.startswith("os.environ/"):
        variable = key.removeprefix("os.environ/")
        if not environ.get(variable):
            found.say(
                "master key", "amber", f"{variable} is not set in this environment; LiteLLM needs it to start"
            )
    elif not key and not environ.get("LITELLM_MASTER_KEY"):
        found.say("master key", "amber", "general_settings.master_key is not set")
    if general.get("forward_llm_provider_auth_headers"):
        found.say(
            "credentials",
            "amber",
            "general_settings.forward_llm_provider_auth_headers hands one provider's key to another",
        )


def _candidates(found: Inspection, settings: Settings, engine: Heimdall, is_simulated: bool) -> None:
    known_as: dict[str, str | None] = {}
    entries: dict[str, CatalogEntry] = {}
    for name in sorted(engine.names, key=lambda name: (name != settings.name, name)):
        rows = engine.snapshot.fields[name]
        lists = settings.router_of(name).candidates
        proposed = frozenset(bucket for bucket in BUCKETS if lists[bucket] is None)
        policy = rows.policy
        found.virtuals.append(Virtual(name, policy.alpha, policy.router_policy, policy.candidates, proposed))
        for row in rows.rows:
            entries.setdefault(row.entry.name, row.entry)
            known_as[row.entry.name] = known_as.get(row.entry.name) or row.known_as
    found.candidates += [Candidate(entry, known_as[name], is_simulated) for name, entry in entries.items()]
    _judge(found, is_simulated)


def _judge(found: Inspection, is_simulated: bool) -> None:
    """Say what is missing about the candidates."""
    entries = [candidate.entry for candidate in found.candidates]
    missing = [entry for entry in entries if entry.missing_credential]
    if is_simulated:
        found.say(
            "credentials", "amber", "no provider key is set: the simulated provider answers for every model"
        )
    elif len(missing) == len(entries):
        found.say("credentials", "red", f"no candidate has one; set {_variables(missing)}")
    elif missing:
        found.say(
            "credentials",
            "amber",
            f"{len(missing)} of {len(entries)} candidates are ruled out; set {_variables(missing)}",
        )
    else:
        found.say("credentials", "green", f"found for all {len(entries)} candidates")
    usable = {entry.name for entry in entries if not entry.missing_credential}
    for bucket in BUCKETS:
        without = [virtual.name for virtual in found.virtuals if not usable & set(virtual.buckets[bucket])]
        if usable and without:
            found.say("buckets", "amber", f"no {bucket} candidate of {', '.join(without)} has a credential")
    unpriced = [e.name for e in entries if e.input_usd_per_mtok is None or e.output_usd_per_mtok is None]
    if unpriced:
        found.say(
            "prices",
            "amber",
            f"unknown for {', '.join(unpriced)}, so taken for the dearest; set "
            "model_info.input_cost_per_token and output_cost_per_token",
        )
    strangers = [
        c.entry.name for c in found.candidates if c.known_as is None and c.entry.quality_override is None
    ]
    if strangers:
        found.say(
            "quality",
            "amber",
            f"the bundle does not know {', '.join(strangers)}; set model_info.heimdall.quality (0 to 1)",
        )


def _variables(entries: Sequence[CatalogEntry]) -> str:
    return ", ".join(dict.fromkeys(str(entry.missing_credential) for entry in entries))


def _seams(found: Inspection) -> None:
    if find_spec("litellm") is None:
        return  # said under "litellm" already
    keep_litellm_offline()
    from heimdall_litellm.plugin import seams

    present = seams.probe()
    missing = [seam for seam in present if not seam.is_present]
    for seam in missing:
        found.say(
            "seams", "red" if seam.is_essential else "amber", f"LiteLLM has no {seam.name}: {seam.detail}"
        )
    found.say("seams", "green", f"{len(present) - len(missing)} of {len(present)} found in LiteLLM")


def _section(config: Mapping[str, object], key: str) -> Mapping[str, object]:
    section = config.get(key)
    return section if isinstance(section, Mapping) else {}
