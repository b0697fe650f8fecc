"""Puts the HTTP API on LiteLLM's own application.

The API is an application of its own behind one route: LiteLLM's middleware serves it too, and LiteLLM's
errors, documents and list of paths stay as they are. A second callback in the same process takes the first
one's place.
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.shield import Failures, shield_now
from heimdall_litellm.web.app import PREFIXES, make_app
from heimdall_litellm.web.backend import Backend

_OURS: Final = tuple(f"{prefix}/" for prefix in PREFIXES)


class Door(BaseRoute):
    """The route of everything under our paths."""

    def __init__(self, app: FastAPI) -> None:
        self.api = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for us."""
        is_ours = scope["type"] == "http" and f"{_path(scope)}/".startswith(_OURS)
        return (Match.FULL if is_ours else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """Raise: nothing of ours is found by name."""
        raise NoMatchFound(name, dict(path_params))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # A copy, for our application leaves its own marks in it.
        await self.api(dict(scope), receive, send)


def mount(backend: Backend, failures: Failures) -> None:
    """Serve the API from now on, where there is a proxy. Fails no start."""
    shield_now(failures, "mount", lambda: _mount(backend), None)


def _mount(backend: Backend) -> None:
    proxy = seams.proxy_app()
    if proxy is None:
        return
    doors = [route for route in proxy.router.routes if isinstance(route, Door)]
    if doors:
        doors[0].api.state.backend = backend
    else:
        # First, for LiteLLM takes any path that nobody else does.
        proxy.router.routes.insert(0, Door(make_app(backend)))


def _path(scope: Scope) -> str:
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path
