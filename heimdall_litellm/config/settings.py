"""Settings: what may be said under `callback_settings.heimdall`.

Every default stands here and nowhere else; the JSON Schema, the table in `docs/settings.md`
and the error messages are all made from these models.

A profile is a whole `Router`: before validation the keys it leaves out are filled from
`router`, so that the rest of the code never asks where a value came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from heimdall_litellm.core.types import BUCKETS, Bucket, Effort, EffortSpec, Penalties, Policy, RouterPolicy
from heimdall_litellm.errors import ConfigError

DEFAULT_NAME: Final = "heimdall"

FailureName = Literal["429", "500", "503", "timeout", "context"]
OutcomeName = Literal["ok", "429", "500", "503", "timeout", "context"]


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{', '.join(repeated)} is listed more than once")
    return names


def _merged(base: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """Lay `own` over `base`, mapping by mapping."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged


def _status_as_text(value: object) -> object:
    return str(value) if type(value) is int else value


def _sends_in_private(url: str) -> str:
    """Accept https, and http on this machine; never say the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        is_loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
        is_fit = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        raise ValueError("this is no URL") from None
    if not is_fit or parts.scheme not in (("https", "http") if is_loopback else ("https",)):
        raise ValueError("must be an https:// URL (http:// only for 127.0.0.1, ::1 or localhost)")
    if parts.username is not None or parts.fragment:
        raise ValueError("must be a URL without user name, password and #fragment")
    return url


def _is_mirror(url: str) -> str:
    """Accept https at the usual port; never say the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        is_fit = bool(parts.hostname) and parts.port in (None, 443)
    except ValueError:
        raise ValueError("this is no URL") from None
    if parts.scheme != "https" or not is_fit or not (url.isascii() and url.isprintable() and " " not in url):
        raise ValueError("must be an https:// URL, at port 443")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("must be a URL without user name, password and #fragment")
    return url


def _quoted_or_not(names: tuple[str, ...]) -> WithJsonSchema:
    return WithJsonSchema({"enum": [*names, *(int(name) for name in names if name.isdigit())]})


# YAML reads an unquoted 429 as a number.
Failure = Annotated[FailureName, BeforeValidator(_status_as_text)]
Outcome = Annotated[OutcomeName, BeforeValidator(_status_as_text), _quoted_or_not(get_args(OutcomeName))]
ModelName = Annotated[str, Field(min_length=1)]
Unit = Annotated[float, Field(ge=0, le=1)]
AdapterName = Annotated[str, Field(min_length=1, examples=["anthropic-oauth", "google-oauth", "openai-key"])]
SourceName = Annotated[str, Field(min_length=1, examples=["litellm", "openrouter", "openai"])]
MirrorUrl = Annotated[str, Field(min_length=1), AfterValidator(_is_mirror)]
HostName = Annotated[str, Field(min_length=1, pattern=r"^[a-z0-9.:-]+$")]
Endpoint = Annotated[str, Field(min_length=1), AfterValidator(_sends_in_private)]
Names = Annotated[tuple[ModelName, ...], Field(strict=False, min_length=1), AfterValidator(_unique)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ThresholdSettings(_Strict):
    """Class probabilities above which a request is cheap or hard; what is neither is mid."""

    cheap: Unit | None = Field(
        default=None,
        description="Cheap, if its probability is above this; asked second; null = the bundle's own.",
    )
    hard: Unit | None = Field(
        default=None,
        description="Hard, if its probability is above this; asked first; null = the bundle's own.",
    )


class PenaltySettings(_Strict):
    """What is subtracted from a candidate's score."""

    latency_sd: float = Field(
        default=0.05,
        ge=0,
        description="Per standard deviation that a candidate is slower than the eligible mean.",
    )
    ctx_over_80pct: float = Field(
        default=0.15, ge=0, description="Once, if the request fills more than 80 % of the context window."
    )


class EffortSettings(_Strict):
    """How hard the models of one bucket are asked to think."""

    reasoning_effort: Effort | None = Field(
        default=None, description="For models that take a named effort; null = leave it to the model."
    )
    thinking_budget: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="Thinking tokens, for models that take a budget; null = leave it to the model.",
    )


class BucketDefaults(_Strict):
    """Reasoning effort and thinking budget for each bucket."""

    cheap: EffortSettings = Field(
        default=EffortSettings(reasoning_effort="low", thinking_budget=1024),
        description="For the cheap bucket.",
    )
    mid: EffortSettings = Field(
        default=EffortSettings(reasoning_effort="medium", thinking_budget=6000),
        description="For the mid bucket.",
    )
    hard: EffortSettings = Field(
        default=EffortSettings(reasoning_effort="high", thinking_budget=20000),
        description="For the hard bucket.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_the_other_half(cls, given: object) -> object:
        """Whoever sets only a bucket's budget keeps its effort, and the other way round."""
        defaults = {name: field.default.model_dump() for name, field in cls.model_fields.items()}
        return _merged(defaults, given) if isinstance(given, Mapping) else given


class RouterSettings(_Strict):
    """How a model is chosen."""

    alpha: Unit = Field(
        default=0.6, description="Weight of quality against cost: 1 = best quality, 0 = cheapest."
    )
    policy: RouterPolicy | None = Field(
        default=None,
        description="Who competes: triage = all candidates, gaps in quality scaled by difficulty; alpha = "
        "all candidates; bucket = those of the triage's bucket; null = bucket if a candidate list is given, "
        "else triage.",
    )
    thresholds: ThresholdSettings = Field(
        default=ThresholdSettings(), description="From probabilities to a bucket."
    )
    top_p: int = Field(default=3, ge=1, le=64, description="How many of the nearest clusters are blended.")
    penalties: PenaltySettings = Field(
        default=PenaltySettings(), description="What is subtracted from a score."
    )
    bucket_defaults: BucketDefaults = Field(
        default=BucketDefaults(), description="Effort and budget per bucket."
    )
    cheap_candidates: Names | None = Field(
        default=None,
        description="Model groups for cheap requests; null = proposed from price and prior quality.",
    )
    mid_candidates: Names | None = Field(default=None, description="The same for mid requests.")
    hard_candidates: Names | None = Field(default=None, description="The same for hard requests.")
    max_fallbacks: int = Field(
        default=4,
        ge=0,
        le=10,
        description="How many further candidates to try, in order, if the chosen one fails.",
    )
    context_margin: float = Field(
        default=0.10,
        ge=0,
        le=0.9,
        description="Share of every context window to leave free when judging what fits.",
    )

    @property
    def candidates(self) -> Mapping[Bucket, tuple[str, ...] | None]:
        """The three lists as given; None where they are to be proposed."""
        return {"cheap": self.cheap_candidates, "mid": self.mid_candidates, "hard": self.hard_candidates}

    @property
    def router_policy(self) -> RouterPolicy:
        """The policy named, or the one that fits: whoever says which models serve a bucket means it."""
        if self.policy is not None:
            return self.policy
        return "bucket" if any(self.candidates.values()) else "triage"


class OverrideSettings(_Strict):
    """What one request may ask for by its `heimdall-*` headers or metadata."""

    enabled: bool = Field(default=True, description="Whether requests may steer their own decision at all.")
    alpha_min: Unit = Field(default=0.0, description="Lowest alpha a request may ask for.")
    alpha_max: Unit = Field(default=1.0, description="Highest alpha a request may ask for.")
    buckets: Annotated[tuple[Bucket, ...], Field(strict=False), AfterValidator(_unique)] = Field(
        default=BUCKETS, description="Buckets a request may ask for."
    )
    max_cost_usd: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Highest cost limit, in USD, that a request may ask for; null = any."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.alpha_min > self.alpha_max:
            raise ValueError(f"alpha_min ({self.alpha_min}) is above alpha_max ({self.alpha_max})")
        return self


class GoogleSettings(_Strict):
    """The OAuth client that `heimdall auth login google` logs in with."""

    client_id: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Client id from Google's console; normally `os.environ/GOOGLE_CLIENT_ID`."
    )
    client_secret: Annotated[SecretStr, Field(min_length=1)] | None = Field(
        default=None,
        description="The client's secret; normally `os.environ/GOOGLE_CLIENT_SECRET`; null = it has none.",
    )
    quota_project: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Google Cloud project that requests count against, sent as `x-goog-user-project`.",
    )
    scopes: Names = Field(
        default=(
            "https://www.googleapis.com/auth/cloud-platform",
            "https://www.googleapis.com/auth/generative-language.retriever",
        ),
        description="What a login asks for; `openid` and `email` let `heimdall auth status` say whose it is.",
    )
    auth_url: Endpoint = Field(
        default="https://accounts.google.com/o/oauth2/v2/auth",
        description="Where users agree; https, or http on this machine.",
    )
    token_url: Endpoint = Field(
        default="https://oauth2.googleapis.com/token", description="Where tokens are fetched; the same."
    )
    revoke_url: Endpoint = Field(
        default="https://oauth2.googleapis.com/revoke", description="Where a logout is told; the same."
    )
    device_url: Endpoint = Field(
        default="https://oauth2.googleapis.com/device/code",
        description="Where `heimdall auth login google --device` begins; the same.",
    )


class AuthSettings(_Strict):
    """Credentials that callers bring themselves, and logins of this proxy."""

    enabled: Annotated[tuple[AdapterName, ...], Field(strict=False), AfterValidator(_unique)] = Field(
        default=("anthropic-oauth",),
        description="Adapters, each for one kind of credential: anthropic-oauth, google-oauth, openai-key, "
        "and those that other packages add.",
    )
    store: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Directory in which logins are kept, encrypted; null = that of the user's state.",
    )
    google: GoogleSettings = Field(default=GoogleSettings(), description="Logins at Google.")


class FailoverSettings(_Strict):
    """What happens when a model fails."""

    circuit_breaker: bool = Field(
        default=True,
        description="Set a deployment that fails aside for a while: it costs one request, not each.",
    )
    after_content_policy: bool = Field(
        default=False,
        description="Try the next model where one refuses by its content policy; off: the refusal stands.",
    )


class CatalogSettings(_Strict):
    """Prices, windows and capabilities of the models."""

    refresh_seconds: int = Field(
        default=300,
        ge=0,
        description="How often the sources are read again, in the background; 0 = never by itself.",
    )
    sources: Annotated[tuple[SourceName, ...], Field(strict=False), AfterValidator(_unique)] = Field(
        default=("litellm", "openrouter", "openai", "google", "anthropic"),
        description="Whose lists of models are read: litellm = its price map, without a network (always "
        "read); openrouter; openai, google and anthropic where their keys are set; and those that other "
        "packages add.",
    )
    urls: Mapping[SourceName, MirrorUrl] = Field(
        default={},
        description="By source: another URL (https) to read it from, such as a mirror; no key is sent there.",
    )
    private_hosts: Annotated[tuple[HostName, ...], Field(strict=False), AfterValidator(_unique)] = Field(
        default=(),
        description="Hosts in `catalog.urls` that may have private addresses; all others must be public.",
    )
    store: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="File in which what was read is kept (SQLite); null = in the user's cache directory.",
    )
    timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="How long one list may take, all pages, in seconds."
    )
    max_bytes: int = Field(
        default=16_000_000,
        ge=10_000,
        le=1_000_000_000,
        description="How long one list may be, all pages, in bytes, as sent and as unpacked.",
    )

    @model_validator(mode="after")
    def _mirrors_stand_for_sources(self) -> Self:
        for name in self.urls:
            if name not in self.sources:
                raise ValueError(f"urls.{name} is for a source that isn't among sources")
        hosts = {urlsplit(url).hostname for url in self.urls.values()}
        for host in self.private_hosts:
            if host not in hosts:
                raise ValueError(f"private_hosts names {host}, to which no URL in urls leads")
        return self


def _off_as_text(value: object) -> object:
    return "off" if value is False else value


ModeName = Literal["route", "shadow", "off"]
Mode = Annotated[
    ModeName, BeforeValidator(_off_as_text), WithJsonSchema({"enum": [*get_args(ModeName), False]})
]
PromptsName = Literal["off", "hash", "redacted", "full"]
# YAML reads an unquoted off as false.
Prompts = Annotated[
    PromptsName, BeforeValidator(_off_as_text), WithJsonSchema({"enum": [*get_args(PromptsName), False]})
]


class ModeRule(_Strict):
    """Another mode for some of the traffic; where several rules fit, the first one holds."""

    mode: Mode = Field(description="The mode of that traffic.")
    keys: Names | None = Field(
        default=None, description="Aliases of the keys whose traffic it is, or their hashes; null = any."
    )
    teams: Names | None = Field(default=None, description="Ids or aliases of their teams; null = any.")
    share: Unit = Field(default=1.0, description="How much of it, drawn once for each conversation.")


class ShadowSettings(_Strict):
    """What is looked at in shadow mode."""

    models: Names | None = Field(
        default=None,
        description="Model groups whose requests are decided on as though they had asked for `name`; null = "
        "all that are asked for.",
    )


class HoldoutSettings(_Strict):
    """A part of the traffic that goes to the baseline, so that savings and quality can be measured."""

    share: Annotated[float, Field(ge=0, le=0.5)] = Field(
        default=0.0, description="How much, drawn once for each conversation; 0 = none."
    )


class BaselineSettings(_Strict):
    """What savings are reckoned against."""

    model: ModelName | None = Field(
        default=None,
        description="A model group; null = the hard candidate of which the bundle expects most, for each "
        "virtual name.",
    )


def _is_journal(url: SecretStr) -> SecretStr:
    """Accept where a journal can lie; never say the URL, which may hold a password."""
    scheme, found, rest = url.get_secret_value().partition("://")
    if not found or scheme.partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
        raise ValueError("must begin with sqlite:// or postgresql://")
    if scheme.startswith("sqlite") and not rest.strip("/"):
        raise ValueError("names no file: write sqlite:////and/the/whole/path.sqlite")
    return url


class JournalSettings(_Strict):
    """What is written down of decisions and of what came of them."""

    enabled: bool = Field(default=True, description="Whether anything is written down at all.")
    url: Annotated[SecretStr, Field(min_length=1), AfterValidator(_is_journal)] | None = Field(
        default=None,
        description="Where: `sqlite:////whole/path.sqlite`, or `postgresql://…`, normally "
        "`os.environ/DATABASE_URL`, LiteLLM's own; null = a file in the user's state directory.",
    )
    pg_schema: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")] = Field(
        default="heimdall", description="The schema that is ours alone in a PostgreSQL database."
    )
    prompts: Prompts = Field(
        default="off",
        description="What is kept of prompts: off = nothing; hash = a keyed digest; redacted = the text "
        "without what looks like a key, an address or a number of a person; full = the text.",
    )
    prompt_chars: int = Field(
        default=4_000, ge=1, le=1_000_000, description="How much of a prompt is kept, where it is kept."
    )
    queue_size: int = Field(
        default=10_000,
        ge=100,
        le=1_000_000,
        description="How many items may wait to be written; what comes beyond is dropped and counted.",
    )
    flush_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How often they are written: what a killed process loses."
    )
    keep_days: float = Field(default=30.0, gt=0, description="How long records are kept.")
    max_mb: float = Field(
        default=1_000.0, gt=0, description="How large the journal may become, in MB; the oldest goes first."
    )


class TuningSettings(_Strict):
    """The trained bundle."""

    bundle: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Directory of the bundle; null = the one that ships with the package."
    )
    reload_seconds: int = Field(
        default=600,
        ge=0,
        description="How often to look for a new bundle in that directory; 0 = only at start.",
    )


class CacheSettings(_Strict):
    """Decisions remembered for requests with the same facts."""

    ttl_seconds: float = Field(
        default=300.0, ge=0, description="How long a decision is remembered; 0 = not at all."
    )
    max_entries: int = Field(default=10_000, ge=0, description="How many decisions are remembered; 0 = none.")


class FeatureSettings(_Strict):
    """Switches."""

    decision_cache: bool = Field(default=True, description="Remember decisions, as `cache` says.")
    latency_penalty: bool = Field(default=True, description="Let measured latency lower a candidate's score.")
    response_headers: bool = Field(default=True, description="Put the `heimdall-*` headers on answers.")
    spend_metadata: bool = Field(default=True, description="Write the decision to LiteLLM's spend metadata.")
    http_api: bool = Field(
        default=True, description="Answer at `/heimdall/…` on the proxy, behind its own key check."
    )


class SimulatedModel(_Strict):
    """One model group as the simulated provider plays it."""

    first_token_ms: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Milliseconds to the first token; null = `simulation.first_token_ms`."
    )
    ms_per_token: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Milliseconds for each further token; null = `simulation.ms_per_token`."
    )
    output_tokens: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Length of an answer; null = `simulation.output_tokens`."
    )
    fail: Annotated[tuple[Outcome, ...], Field(strict=False)] = Field(
        default=(),
        description="Outcomes played in turn, one for each call, again from the start after the last.",
    )
    fail_rate: Mapping[Failure, Unit] = Field(
        default={}, description="Probability of each failure, for calls that `fail` does not script."
    )

    @model_validator(mode="after")
    def _at_most_certain(self) -> Self:
        if sum(self.fail_rate.values()) > 1:
            raise ValueError("the probabilities in fail_rate add up to more than 1")
        return self


class SimulationSettings(_Strict):
    """The provider that answers where no key is set."""

    mode: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="auto = if no provider key is set at all, for every model; always; never.",
    )
    seed: int = Field(default=0, description="Seed of everything random in it.")
    first_token_ms: float = Field(default=50.0, ge=0, description="Milliseconds to the first token.")
    ms_per_token: float = Field(default=2.0, ge=0, description="Milliseconds for each further token.")
    output_tokens: int = Field(default=60, ge=1, description="Length of an answer.")
    models: Mapping[ModelName, SimulatedModel] = Field(
        default={}, description="By model group: latency, length and failures of its own."
    )


class Settings(_Strict):
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
            name: _merged(router, own) if isinstance(own, Mapping) else own for name, own in profiles.items()
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
