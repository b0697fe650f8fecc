"""Settings: what may be said under `callback_settings.heimdall`.

Each section has a module beside this one. Every default stands in these models and nowhere else; the
JSON Schema, the table in `docs/settings.md` and the error messages are all made from them.

A profile is a whole `Router`: before validation the keys it leaves out are filled from
`router`, so that the rest of the code never asks where a value came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from heimdall_litellm.config.auth import AuthSettings
from heimdall_litellm.config.base import ModelName, Strict, merged
from heimdall_litellm.config.catalog import CatalogSettings
from heimdall_litellm.config.journal import JournalSettings
from heimdall_litellm.config.modes import BaselineSettings, HoldoutSettings, Mode, ModeRule, ShadowSettings
from heimdall_litellm.config.routing import EffortSettings, FailoverSettings, OverrideSettings, RouterSettings
from heimdall_litellm.config.simulation import SimulationSettings
from heimdall_litellm.core.types import Bucket, EffortSpec, Penalties, Policy
from heimdall_litellm.errors import ConfigError

DEFAULT_NAME: Final = "heimdall"


class TuningSettings(Strict):
    """The trained bundle."""

    bundle: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Directory of the bundle; null = the one that ships with the package."
    )
    reload_seconds: int = Field(
        default=600,
        ge=0,
        description="How often to look for a new bundle in that directory; 0 = only at start.",
    )


class CacheSettings(Strict):
    """Decisions remembered for requests with the same facts."""

    ttl_seconds: float = Field(
        default=300.0, ge=0, description="How long a decision is remembered; 0 = not at all."
    )
    max_entries: int = Field(default=10_000, ge=0, description="How many decisions are remembered; 0 = none.")


class FeatureSettings(Strict):
    """Switches."""

    decision_cache: bool = Field(default=True, description="Remember decisions, as `cache` says.")
    latency_penalty: bool = Field(default=True, description="Let measured latency lower a candidate's score.")
    response_headers: bool = Field(default=True, description="Put the `heimdall-*` headers on answers.")
    spend_metadata: bool = Field(default=True, description="Write the decision to LiteLLM's spend metadata.")
    http_api: bool = Field(
        default=True, description="Answer at `/heimdall/…` on the proxy, behind its own key check."
    )


class Settings(Strict):
    """Everything under `callback_settings.heimdall`."""

    name: ModelName = Field(default=DEFAULT_NAME, description="The virtual model name that clients ask for.")
    mode: Mode = Field(
        default="route",
        description="route = decide and act on it; shadow = decide, record it, and change nothing; off = do "
        "neither.",
    )
    modes: Annotated[tuple[ModeRule, ...], Field(strict=False)] = Field(
        default=(), description="Other modes for some keys, teams, or a share of the traffic."
    )
    shadow: ShadowSettings = Field(default=ShadowSettings(), description="What shadow mode looks at.")
    holdout: HoldoutSettings = Field(
        default=HoldoutSettings(), description="Traffic that goes to the baseline, to measure against."
    )
    baseline: BaselineSettings = Field(
        default=BaselineSettings(), description="What savings are reckoned against."
    )
    router: RouterSettings = Field(default=RouterSettings(), description="How a model is chosen.")
    profiles: Mapping[ModelName, RouterSettings] = Field(
        default={},
        description="Further virtual names; each takes the keys of `router` and inherits the rest.",
    )
    overrides: OverrideSettings = Field(default=OverrideSettings(), description="What requests may ask for.")
    auth_adapters: AuthSettings = Field(default=AuthSettings(), description="Credentials of callers.")
    failover: FailoverSettings = Field(default=FailoverSettings(), description="When a model fails.")
    catalog: CatalogSettings = Field(
        default=CatalogSettings(), description="Prices, windows and capabilities."
    )
    journal: JournalSettings = Field(
        default=JournalSettings(), description="What is written down of decisions."
    )
    tuning: TuningSettings = Field(default=TuningSettings(), description="The trained bundle.")
    cache: CacheSettings = Field(default=CacheSettings(), description="Decisions remembered.")
    features: FeatureSettings = Field(default=FeatureSettings(), description="Switches.")
    simulation: SimulationSettings = Field(
        default=SimulationSettings(), description="Answers without a network."
    )

    @model_validator(mode="before")
    @classmethod
    def _profiles_inherit(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        router, profiles = given.get("router") or {}, given.get("profiles")
        if not isinstance(router, Mapping) or not isinstance(profiles, Mapping):
            return given
        whole = {
            name: merged(router, own) if isinstance(own, Mapping) else own for name, own in profiles.items()
        }
        return {**given, "profiles": whole}

    @model_validator(mode="after")
    def _virtual_names_stay_virtual(self) -> Self:
        if self.name in self.profiles:
            raise ValueError(f"profiles.{self.name} has the name of the main virtual model; rename it")
        routers = {"router": self.router} | {f"profiles.{n}": p for n, p in self.profiles.items()}
        if self.baseline.model in self.names:
            raise ValueError(f"baseline.model is {self.baseline.model!r}, which is itself virtual")
        for key, router in routers.items():
            for bucket, listed in router.candidates.items():
                circular = [name for name in listed or () if name in self.names]
                if circular:
                    listing = f"{key}.{bucket}_candidates"
                    raise ValueError(f"{listing} names {circular[0]!r}, which is itself virtual")
        return self

    @model_validator(mode="after")
    def _a_holdout_can_be_measured(self) -> Self:
        if not self.holdout.share:
            return self
        if not self.journal.enabled:
            raise ValueError(
                "holdout.share sends traffic to the baseline to be measured, and with journal.enabled false "
                "nothing is: switch the journal on, or set holdout.share to 0"
            )
        if "route" not in {self.mode, *(rule.mode for rule in self.modes)}:
            raise ValueError(
                f"holdout.share holds out nothing in {self.mode} mode, where requests go where they would go "
                "without Heimdall: set mode to route, name the traffic to route in modes, or set "
                "holdout.share to 0"
            )
        return self

    @property
    def names(self) -> frozenset[str]:
        """Every virtual model name."""
        return frozenset((self.name, *self.profiles))

    @property
    def is_caching(self) -> bool:
        """Whether decisions are remembered at all."""
        return self.features.decision_cache and self.cache.ttl_seconds > 0 and self.cache.max_entries > 0

    def without_cache(self) -> Self:
        """Give the same settings with no decision remembered."""
        features = self.features.model_copy(update={"decision_cache": False})
        return self.model_copy(update={"features": features})

    def router_of(self, name: str) -> RouterSettings:
        """Return the settings of the virtual model `name`. Raises ConfigError if there is no such name."""
        if name == self.name:
            return self.router
        if name in self.profiles:
            return self.profiles[name]
        raise ConfigError(f"{name!r} is not a virtual model; there are {', '.join(sorted(self.names))}")

    def policy(
        self, name: str, candidates: Mapping[Bucket, tuple[str, ...]], thresholds: tuple[float, float]
    ) -> Policy:
        """Return the core's view of one virtual model.

        Given are its candidate lists with proposals filled in, and the bundle's thresholds for cheap
        and hard, which hold where the settings name none.
        """
        router = self.router_of(name)
        cheap, hard = router.thresholds.cheap, router.thresholds.hard
        efforts: dict[Bucket, EffortSettings] = {
            "cheap": router.bucket_defaults.cheap,
            "mid": router.bucket_defaults.mid,
            "hard": router.bucket_defaults.hard,
        }
        return Policy(
            name=name,
            alpha=router.alpha,
            cheap_threshold=thresholds[0] if cheap is None else cheap,
            hard_threshold=thresholds[1] if hard is None else hard,
            top_p=router.top_p,
            penalties=Penalties(
                latency_sd=router.penalties.latency_sd if self.features.latency_penalty else 0.0,
                ctx_over_80pct=router.penalties.ctx_over_80pct,
            ),
            candidates=MappingProxyType(dict(candidates)),
            efforts=MappingProxyType(
                {b: EffortSpec(e.reasoning_effort, e.thinking_budget) for b, e in efforts.items()}
            ),
            context_margin=router.context_margin,
            max_fallbacks=router.max_fallbacks,
            router_policy=router.router_policy,
        )
