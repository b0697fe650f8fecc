"""Configurations for the proxies under test, and the keys they know.

Each bucket has one candidate, so that `heimdall-bucket` settles what is chosen:
cheap → gpt-mini, mid → gemini, hard → claude. `secret` is a candidate of none, and the router's own
settings name it as a fallback for everything.

The default model of `heimdall` is called `plain` too, that of `heimdall-bare` is `nano` spelt
differently, that of `heimdall-wild` is reached through a wildcard, and that of `heimdall-lone` has no
other name.
"""

from __future__ import annotations

from typing import Any

CHOSEN = {"cheap": "gpt-mini", "mid": "gemini", "hard": "claude"}
UPSTREAM = {
    "gpt-mini": "gpt-5-mini",
    "gemini": "gemini-2.5-pro",
    "claude": "claude-sonnet-4-5",
    "r1": "deepseek/deepseek-r1",
    "secret": "gpt-5",
    "heimdall": "gpt-4.1",
    "plain": "gpt-4.1",
    "heimdall-lone": "gpt-4o",
    "heimdall-bare": "gpt-4.1-nano",
    "nano": "gpt-4.1-nano",
    "heimdall-wild": "o4-mini",
}
SLASHED = "openai/große-modelle/gpt 5"
"""The group of the proxy for the HTTP API whose name holds everything."""
VIRTUAL = ("heimdall", "heimdall-lone", "heimdall-bare", "heimdall-wild")

AUTH_MODULE = """
from fastapi import HTTPException, Request
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth

VIRTUAL = ["heimdall", "heimdall-lone", "heimdall-bare", "heimdall-wild"]
MODELS = {
    "sk-mini": [*VIRTUAL, "gpt-mini", "nickname"],
    "sk-only-heimdall": VIRTUAL,
    "sk-default": [*VIRTUAL, "plain", "nano", "openai/o4-*"],
    "sk-candidates": [*VIRTUAL, "gpt-mini", "gemini", "claude"],
}


async def check(request: Request, api_key: str) -> UserAPIKeyAuth:
    if api_key == "sk-master":
        return UserAPIKeyAuth(api_key=api_key, user_role=LitellmUserRoles.PROXY_ADMIN)
    if api_key in MODELS:
        return UserAPIKeyAuth(
            api_key=api_key, token=api_key, models=MODELS[api_key], user_role=LitellmUserRoles.INTERNAL_USER
        )
    raise ProxyException(message="no such key", type="auth_error", param="key", code=401)
"""


def deployment(group: str, model: str, base: str | None = None, **params: Any) -> dict[str, Any]:
    address = {} if base is None else {"api_base": base, "api_key": f"sk-server-{group}"}
    return {"model_name": group, "litellm_params": {"model": model, **address, **params}}


def models(url: str | None) -> list[dict[str, Any]]:
    """All groups; with a `url` they lead to the fake providers there, with keys of their own."""
    openai = None if url is None else f"{url}/v1"
    return [
        deployment("heimdall", "openai/gpt-4.1", openai),
        deployment("heimdall-max", "openai/gpt-4.1", openai),
        deployment("heimdall-open", "openai/gpt-4.1", openai),
        deployment("plain", "openai/gpt-4.1", openai),
        deployment("gpt-mini", "openai/gpt-5-mini", openai),
        deployment("gemini", "gemini/gemini-2.5-pro", None if url is None else f"{url}/gemini"),
        deployment("claude", "anthropic/claude-sonnet-4-5", url),
        deployment("r1", "openrouter/deepseek/deepseek-r1", None if url is None else f"{url}/openrouter"),
        deployment("heimdall-lone", "openai/gpt-4o", openai),
        deployment("heimdall-bare", "gpt-4.1-nano", openai),
        deployment("nano", "openai/gpt-4.1-nano", openai),
        deployment("heimdall-wild", "o4-mini", openai),
        deployment("openai/o4-*", "openai/o4-*", openai),
        deployment("secret", "openai/gpt-5", openai),
    ]


HOSTS_UPSTREAM = {
    "claude": "claude-sonnet-4-5",
    "claude-relay": "claude-sonnet-4-5",
    "gpt": "gpt-5",
    "gpt-mini": "gpt-5-mini",
    "gemini": "gemini-2.5-pro",
    "r1": "deepseek/deepseek-r1",
    "heimdall": "gpt-4.1",
}
HOSTS_PROFILES = (
    "claude",
    "relay",
    "cheap",
    "open",
    "refused",
    "hasty",
    "hasty-gemini",
    "ordered",
    "twins",
    "pair",
)
HOSTS_KEYS = {
    "OPENAI_API_KEY": "sk-server-openai",
    "GEMINI_API_KEY": "server-gemini",
    "OPENROUTER_API_KEY": "sk-server-or",
}


def hosts_models(refused: str) -> list[dict[str, Any]]:
    """Groups without an address: each is served at its vendor's own host.

    The server's keys come from the environment. `claude` has none, and `claude-relay` has both a key and
    an address that isn't the vendor's. `refused` is an address at which nobody listens.
    """
    return [
        deployment("heimdall", "openai/gpt-4.1"),
        *(deployment(f"heimdall-{name}", "openai/gpt-4.1") for name in HOSTS_PROFILES),
        deployment("claude", "anthropic/claude-sonnet-4-5"),
        deployment(
            "claude-relay",
            "anthropic/claude-sonnet-4-5",
            api_base="https://evil.example",
            api_key="sk-server-relay",
        ),
        deployment("gpt", "openai/gpt-5"),
        deployment("gpt-mini", "openai/gpt-5-mini"),
        deployment("gemini", "gemini/gemini-2.5-pro"),
        # The best by far, so that alpha = 1 chooses it.
        {**deployment("r1", "openrouter/deepseek/deepseek-r1"), "model_info": {"heimdall": {"quality": 1}}},
        deployment("refused", "anthropic/claude-sonnet-4-5", refused),
        deployment("ordered", "openai/gpt-4o", order=1),
        deployment("ordered", "openai/gpt-4o-mini", order=2),
        deployment("twins", "openai/gpt-4o"),
        deployment("twins", "openai/gpt-4o-mini"),
        deployment("hasty", "openai/gpt-4o", timeout=0.7, stream_timeout=0.7),
        deployment("hasty-gemini", "gemini/gemini-2.5-flash", timeout=0.7, stream_timeout=0.7),
    ]


def hosts_settings(**more: Any) -> dict[str, Any]:
    """Heimdall's settings in front of `hosts_models`."""
    router = {
        "cheap_candidates": ["r1", "gpt-mini"],
        "mid_candidates": ["gemini", "gpt"],
        "hard_candidates": ["claude", "gpt", "gemini"],
    }
    return {
        "router": router,
        "profiles": {
            "heimdall-claude": {"hard_candidates": ["claude"]},
            "heimdall-relay": {"hard_candidates": ["claude-relay"]},
            "heimdall-cheap": {"cheap_candidates": ["r1"], "mid_candidates": ["gpt"]},
            "heimdall-open": {"mid_candidates": ["gpt"], "hard_candidates": ["gpt"], "alpha": 1.0},
            "heimdall-refused": {"mid_candidates": ["gpt"], "hard_candidates": ["refused"]},
            "heimdall-hasty": {"mid_candidates": ["gemini"], "hard_candidates": ["hasty"]},
            "heimdall-hasty-gemini": {"mid_candidates": ["gpt"], "hard_candidates": ["hasty-gemini"]},
            "heimdall-ordered": {"mid_candidates": ["gemini"], "hard_candidates": ["ordered"]},
            "heimdall-twins": {"mid_candidates": ["gemini"], "hard_candidates": ["twins"]},
            "heimdall-pair": {
                "cheap_candidates": ["gpt-mini"],
                "mid_candidates": ["gpt"],
                "hard_candidates": ["gemini"],
            },
        },
        "auth_adapters": {"enabled": ["anthropic-oauth", "google-oauth", "openai-key"]},
        "simulation": {"mode": "never"},
        # What is chosen is not to depend on how busy this machine is.
        "features": {"latency_penalty": False},
        **more,
    }


def hosts_config(heimdall: dict[str, Any] | None, refused: str, **sections: Any) -> dict[str, Any]:
    """The whole configuration of a proxy in front of `hosts_models`."""
    return config(None, heimdall, model_list=hosts_models(refused), **sections)


def settings(**more: Any) -> dict[str, Any]:
    """Heimdall's settings for the proxies under test."""
    return {
        "router": {
            "cheap_candidates": ["gpt-mini"],
            "mid_candidates": ["gemini"],
            "hard_candidates": ["claude"],
        },
        "profiles": {
            "heimdall-lone": {},
            "heimdall-bare": {},
            "heimdall-wild": {},
            "heimdall-max": {"alpha": 0.9, "cheap_candidates": ["claude"]},
            "heimdall-open": {
                "cheap_candidates": ["r1"],
                "mid_candidates": ["r1"],
                "hard_candidates": ["r1"],
            },
        },
        "simulation": {"mode": "never"},
        # All tests share the proxies; what one of them breaks must not be set aside for the next.
        "failover": {"circuit_breaker": False},
        **more,
    }


def config(url: str | None, heimdall: dict[str, Any] | None, **sections: Any) -> dict[str, Any]:
    """A proxy's whole configuration; without `heimdall` it has never heard of it."""
    litellm_settings: dict[str, Any] = {
        "num_retries": 0,
        "request_timeout": 30,
        # Without these two LiteLLM doesn't check the keys of a custom auth against a model's name.
        "enable_post_custom_auth_checks": True,
    }
    made: dict[str, Any] = {
        "model_list": models(url),
        "litellm_settings": litellm_settings,
        "general_settings": {
            "master_key": "os.environ/LITELLM_MASTER_KEY",
            "custom_auth_run_common_checks": True,
        },
        **sections,
    }
    if heimdall is not None:
        litellm_settings["callbacks"] = ["heimdall_litellm.heimdall"]
        litellm_settings["custom_provider_map"] = [
            {"provider": "heimdall-sim", "custom_handler": "heimdall_litellm.simulated"}
        ]
        # No proxy under test asks the internet for lists of models.
        made["callback_settings"] = {"heimdall": {"catalog": {"sources": ["litellm"]}, **heimdall}}
    return made
