"""Who may be served by what.

The rule: nobody reaches through a virtual name what they may not call by name. It fails closed: a
check that raises, or that isn't done in time, counts as a refusal, except for a proxy admin, who
may call everything anyway.

LiteLLM checks a key against the name it *asked* for, which is the virtual one; so every candidate is
asked about here, with LiteLLM's own functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.shield import Failures, shield

TIMEOUT_S: Final = 1.0
"""How long all the checks of one request may take together. They read memory, or one cache."""


async def permitted(
    names: Iterable[str],
    token: Any,
    router: seams.Router | None,
    failures: Failures,
    *,
    timeout_s: float = TIMEOUT_S,
) -> frozenset[str]:
    """Return those of `names` that the key behind `token` may call by name."""
    wanted = tuple(dict.fromkeys(names))
    allowed: set[str] = set()
    is_done = await shield(failures, "access", _ask(wanted, token, router, allowed, timeout_s), False)
    return frozenset(wanted) if not is_done and is_admin(token) else frozenset(allowed)


async def _ask(
    names: Iterable[str], token: Any, router: seams.Router | None, allowed: set[str], timeout_s: float
) -> bool:
    """Gather the permitted names in `allowed`, so that what passed before a failure stands."""
    checks = seams.access_checks()
    async with asyncio.timeout(timeout_s):
        for name in names:
            if await _passes(name, checks, token, router):
                allowed.add(name)
    return True


async def _passes(
    name: str, checks: Sequence[seams.TokenCheck], token: Any, router: seams.Router | None
) -> bool:
    for check in checks:
        # Anything but True, even something truthy, is a refusal.
        if await check(model=name, valid_token=token, llm_router=router) is not True:
            return False
    return True


def is_admin(token: object) -> bool:
    """Whether the key is the proxy's master key or an admin's, without a model list of its own."""
    role = getattr(token, "user_role", None)
    models = getattr(token, "models", None)
    return getattr(role, "value", role) == "proxy_admin" and not models


def twins(model_list: Iterable[Mapping[str, Any]], name: str, virtual: Collection[str]) -> frozenset[str]:
    """Return the model groups by whose name one reaches what the virtual `name` has as its deployment."""
    models = tuple(model_list)
    upstream = {_upstream(d) for d in models if d.get("model_name") == name}
    return frozenset(
        group
        for d in models
        if (group := str(d.get("model_name"))) not in virtual and _upstream(d) in upstream
    )


def _upstream(deployment: Mapping[str, Any]) -> object:
    return (deployment.get("litellm_params") or {}).get("model")


async def may_use_default(
    name: str, token: Any, router: seams.Router | None, virtual: Collection[str], failures: Failures
) -> bool:
    """Whether the request may go to the deployment of the virtual `name` itself.

    It may if the caller can reach the same model by another name, or if there is no other
    name: then whoever configured the alias meant it for those who may use the alias.
    """
    others = twins(seams.models_of(router), name, virtual)
    return not others or bool(await permitted(others, token, router, failures))
