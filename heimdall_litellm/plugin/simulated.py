"""The simulated provider: answers where no provider key is set, and never touches a network.

It is an ordinary LiteLLM `CustomLLM`. A deployment may name it (`model: heimdall-sim/anything`); and
while simulation is on, the deployment hook sends every attempt of a chat-like call to it, with the
price of the model it stands in for, so that routing, cost, fallbacks and headers are all real.
Latency, length and failures come from `callback_settings.heimdall.simulation`. Failures are LiteLLM's
own exceptions, so that its fallbacks fire as they would for a provider.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import litellm
from litellm.llms.custom_llm import CustomLLM
from litellm.types.utils import Usage
from litellm.utils import custom_llm_setup

from heimdall_litellm.config import SimulatedModel, SimulationSettings
from heimdall_litellm.core.request import read_request
from heimdall_litellm.plugin.records import group_of

if TYPE_CHECKING:
    from heimdall_litellm.core.types import CatalogEntry

PROVIDER: Final = "heimdall-sim"

# LiteLLM's Gemini endpoint takes only providers of its own enumeration; "custom" is one that it
# hands on to chat completions, where the hook meets the call again.
_GEMINI_WAYPOINT: Final = "custom"
_GEMINI_CALLS: Final = frozenset({"agenerate_content", "agenerate_content_stream"})
_CALLS: Final = frozenset(
    {"acompletion", "atext_completion", "anthropic_messages", "aresponses", *_GEMINI_CALLS}
)


@dataclass(frozen=True, slots=True)
class _Reply:
    """What one call will do; times in seconds."""

    words: tuple[str, ...]
    prompt_tokens: int
    first_token_s: float
    per_token_s: float

    @property
    def usage(self) -> dict[str, int]:
        out = len(self.words)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": out,
            "total_tokens": self.prompt_tokens + out,
        }


class SimulatedProvider(CustomLLM):  # type: ignore[misc]  # LiteLLM is untyped here
    """Plays every model of the configuration. Thread-safe."""

    def __init__(
        self,
        settings: SimulationSettings | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        async_sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        super().__init__()
        self._sleep = sleep
        self._async_sleep = async_sleep
        self._lock = threading.Lock()
        self.configure(settings or SimulationSettings())

    def configure(self, settings: SimulationSettings) -> None:
        """Take new settings; scripts and the random sequence begin anew."""
        with self._lock:
            self._settings = settings
            self._random = random.Random(settings.seed)
            self._calls: dict[str, int] = {}
            self._groups: dict[str, str] = {}

    def stands_in(self, upstream: str, group: str) -> None:
        """Remember which model group `upstream` was called for: LiteLLM's Gemini endpoint forgets it."""
        with self._lock:
            if len(self._groups) < 10_000:
                self._groups[upstream] = group

    def completion(self, *_: Any, **call: Any) -> Any:
        """Answer, synchronously."""
        reply = self._begin(call)
        self._sleep(reply.first_token_s + reply.per_token_s * (len(reply.words) - 1))
        return _answer(call, reply)

    async def acompletion(self, *_: Any, **call: Any) -> Any:
        """Answer."""
        reply = self._begin(call)
        await self._async_sleep(reply.first_token_s + reply.per_token_s * (len(reply.words) - 1))
        return _answer(call, reply)

    def streaming(self, *_: Any, **call: Any) -> Iterator[Any]:
        """Answer word by word, synchronously."""
        return self._stream(self._begin(call))

    def _stream(self, reply: _Reply) -> Iterator[Any]:
        for index, word in enumerate(reply.words):
            self._sleep(reply.per_token_s if index else reply.first_token_s)
            yield _chunk(word)
        yield _chunk("", reply)

    def astreaming(self, *_: Any, **call: Any) -> AsyncIterator[Any]:
        """Answer word by word."""
        # Not itself a generator: a failure is to be raised by the call, not by the first chunk.
        return self._astream(self._begin(call))

    async def _astream(self, reply: _Reply) -> AsyncIterator[Any]:
        for index, word in enumerate(reply.words):
            await self._async_sleep(reply.per_token_s if index else reply.first_token_s)
            yield _chunk(word)
        yield _chunk("", reply)

    def _begin(self, call: Mapping[str, Any]) -> _Reply:
        """Settle how one call goes; raises LiteLLM's exception where it is to fail."""
        upstream = str(call["model"])
        group = self._group(call, upstream)
        own = self._settings.models.get(group, SimulatedModel())
        outcome = self._outcome(group, own)
        if outcome != "ok":
            raise _failure(outcome, upstream)
        facts = read_request({"messages": call.get("messages") or []})
        length = own.output_tokens or self._settings.output_tokens
        asked = (call.get("optional_params") or {}).get("max_tokens")
        if isinstance(asked, int) and asked > 0:
            length = min(length, asked)
        first = _or(own.first_token_ms, self._settings.first_token_ms)
        each = _or(own.ms_per_token, self._settings.ms_per_token)
        return _Reply(_words(upstream, length), facts.input_tokens, first / 1000, each / 1000)

    def _group(self, call: Mapping[str, Any], upstream: str) -> str:
        return group_of(call.get("litellm_params") or {}) or self._groups.get(upstream, upstream)

    def _outcome(self, group: str, own: SimulatedModel) -> str:
        with self._lock:
            number = self._calls.get(group, 0)
            self._calls[group] = number + 1
            if own.fail:
                return own.fail[number % len(own.fail)]
            drawn = self._random.random()
        for failure, rate in own.fail_rate.items():
            if drawn < rate:
                return failure
            drawn -= rate
        return "ok"


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _words(upstream: str, length: int) -> tuple[str, ...]:
    said = f"This answer is simulated by Heimdall, which stands in for {upstream}: no provider was called. "
    filler = "Set a provider key in the environment to get real answers. "
    words = (said + filler).split()
    repeated = (words + filler.split() * (1 + length // 10))[:length]
    return tuple(word if index == 0 else f" {word}" for index, word in enumerate(repeated))


def _failure(outcome: str, model: str) -> Exception:
    said = f"simulated by Heimdall: {outcome} from {model}"
    where = {"llm_provider": PROVIDER, "model": model}
    match outcome:
        case "429":
            made = litellm.RateLimitError(said, **where)
        case "503":
            made = litellm.ServiceUnavailableError(said, **where)
        case "timeout":
            made = litellm.Timeout(said, **where)
        case "context":
            made = litellm.ContextWindowExceededError(said, **where)
        case _:
            made = litellm.InternalServerError(said, **where)
    return made  # type: ignore[no-any-return]


def _answer(call: Mapping[str, Any], reply: _Reply) -> Any:
    response = call["model_response"]
    response.choices[0].message.content = "".join(reply.words)
    response.choices[0].finish_reason = "stop"
    response.model = call["model"]
    response.usage = Usage(**reply.usage)
    return response


def _chunk(text: str, last: _Reply | None = None) -> dict[str, Any]:
    return {
        "text": text,
        "is_finished": last is not None,
        "finish_reason": "stop" if last is not None else "",
        "index": 0,
        "tool_use": None,
        "usage": last.usage if last is not None else None,
    }


def register(provider: SimulatedProvider) -> None:
    """Make `provider` known to LiteLLM under its name, unless the configuration already did."""
    if not any(item["provider"] == PROVIDER for item in litellm.custom_provider_map):
        litellm.custom_provider_map.append({"provider": PROVIDER, "custom_handler": provider})
        custom_llm_setup()


def redirect(
    kwargs: Mapping[str, Any], call_type: str, provider: SimulatedProvider, entry: CatalogEntry | None
) -> dict[str, Any] | None:
    """Return the attempt's arguments with the simulated provider in place of the deployment's own.

    None where it isn't to be redirected: another kind of call, one that is redirected already, or
    a deployment with a `mock_response`. `entry` gives the price; without one LiteLLM's own stays.
    """
    model = kwargs.get("model")
    if call_type not in _CALLS or not isinstance(model, str) or kwargs.get("mock_response") is not None:
        return None
    if model.startswith(f"{PROVIDER}/") or kwargs.get("custom_llm_provider") == PROVIDER:
        return None
    upstream = model.removeprefix(f"{_GEMINI_WAYPOINT}/")
    group = group_of(kwargs)
    if group is not None:
        provider.stands_in(upstream, group)
    register(provider)
    target = _GEMINI_WAYPOINT if call_type in _GEMINI_CALLS else PROVIDER
    # No address and no key of the real provider goes along.
    kept = {k: v for k, v in kwargs.items() if k not in ("api_base", "base_url", "organization", "client")}
    return {
        **kept,
        **_price(kwargs, entry),
        "model": f"{target}/{upstream}",
        "custom_llm_provider": target,
        "api_key": "simulated",
        # What the stood-in model would take, LiteLLM refuses for a provider it knows nothing of.
        "drop_params": True,
    }


def _price(kwargs: Mapping[str, Any], entry: CatalogEntry | None) -> dict[str, float]:
    if entry is None or kwargs.get("input_cost_per_token") is not None:
        return {}
    per_token = {
        "input_cost_per_token": entry.input_usd_per_mtok,
        "output_cost_per_token": entry.output_usd_per_mtok,
    }
    return {name: usd / 1e6 for name, usd in per_token.items() if usd is not None}


_shared: list[SimulatedProvider] = []


def build() -> SimulatedProvider:
    """Return the provider of this process, making it on first use."""
    if not _shared:
        _shared.append(SimulatedProvider())
    return _shared[0]
