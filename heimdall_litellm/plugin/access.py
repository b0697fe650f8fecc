"""Who may be served by what.

The rule: nobody reaches through a virtual name what they may not call by name. It fails closed: a
check that raises, or that isn't done in time, counts as a refusal, except for a proxy admin, who
may call everything anyway.

LiteLLM checks a key against the name it *asked* for, which is the virtual one; so every candidate is
asked about here, with LiteLLM's own functions. The virtual name's own deployment, the default
model, has no name to ask about. It is asked about by the names that lead to the same model: groups
with the same provider and model, and what a wildcard group makes of it. Where there is none, it is
for those who may use everything it stands in for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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


def other_names(
    model_list: Iterable[Mapping[str, Any]], name: str, virtual: Collection[str]
) -> list[frozenset[str]]:
    """Return the other names of each model that the virtual `name` has as its deployment."""
    models = tuple(model_list)
    return [
        frozenset(_names_of(upstream, models, virtual))
        for upstream in {_upstream(d) for d in models if d.get("model_name") == name}
    ]


def _names_of(
    upstream: tuple[str, str], models: Iterable[Mapping[str, Any]], virtual: Collection[str]
) -> Iterator[str]:
    for deployment in models:
        group = str(deployment.get("model_name"))
        if group in virtual:
            continue
        if "*" in group:
            yield from _through(group, str(_params(deployment).get("model")), "/".join(upstream))
        elif _upstream(deployment) == upstream:
            yield group


def _through(group: str, pattern: str, upstream: str) -> Iterator[str]:
    """Yield the name by which a wildcard `group` (`mine/*`), an alias for `pattern`, leads to `upstream`."""
    head, star, tail = pattern.partition("*")
    is_match = upstream.startswith(head) and upstream.endswith(tail) and len(upstream) >= len(head + tail)
    if star and is_match:
        yield group.replace("*", upstream[len(head) : len(upstream) - len(tail)], 1)


def _params(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    return deployment.get("litellm_params") or {}


def _upstream(deployment: Mapping[str, Any]) -> tuple[str, str]:
    params = _params(deployment)
    return seams.provider_and_model(str(params.get("model")), params.get("custom_llm_provider"))


async def may_use_default(
    name: str,
    candidates: Collection[str],
    token: Any,
    router: seams.Router | None,
    virtual: Collection[str],
    failures: Failures,
) -> bool:
    """Whether the request may go to the deployment of the virtual `name` itself.

    It may if its caller can reach every model there by another name. A model without another name
    is for admins, and for those who may use all `candidates`.
    """
    named = other_names(seams.models_of(router), name, virtual)
    if not all(named) or not named:
        wanted = frozenset(candidates)
        allowed = await permitted(wanted, token, router, failures)
        if not is_admin(token) and not (wanted and wanted <= allowed):
            return False
    asked = frozenset[str]().union(*named)
    allowed = await permitted(asked, token, router, failures)
    return all(names & allowed for names in named if names)


def leads_to(upstream: str, router: seams.Router | None, virtual: Collection[str]) -> list[str]:
    """Return the virtual names that have `upstream` as their deployment, as LiteLLM spells it there."""
    return [
        str(d.get("model_name"))
        for d in seams.models_of(router)
        if d.get("model_name") in virtual and _params(d).get("model") == upstream
    ]
