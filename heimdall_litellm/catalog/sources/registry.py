"""Which sources there are, by name: ours, and those that other packages register.

A package adds one with an entry point:

    [project.entry-points."heimdall_litellm.catalog_sources"]
    my-cloud = "my_package.catalog:make"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from heimdall_litellm.catalog.sources.anthropic import Anthropic
from heimdall_litellm.catalog.sources.google import Google
from heimdall_litellm.catalog.sources.litellm_map import LiteLLMMap
from heimdall_litellm.catalog.sources.openai import OpenAI
from heimdall_litellm.catalog.sources.openrouter import OpenRouter
from heimdall_litellm.catalog.sources.source import Source
from heimdall_litellm.errors import ConfigError

ENTRY_POINTS: Final = "heimdall_litellm.catalog_sources"
_KEY: Final = "callback_settings.heimdall.catalog.sources"
_OURS: Final[Mapping[str, Callable[[], Source]]] = {
    LiteLLMMap.name: LiteLLMMap,
    OpenRouter.name: OpenRouter,
    OpenAI.name: OpenAI,
    Google.name: Google,
    Anthropic.name: Anthropic,
}
_PARTS: Final = ("name", "rank", "url", "hosts", "credentials", "read")


def sources(names: Sequence[str]) -> tuple[Source, ...]:
    """Make the sources of `catalog.sources`, in that order.

    Raises ConfigError for a name that nobody registers, and for a source that can't be loaded or made.
    """
    others = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    return tuple(_made(name, others) for name in names)


def _made(name: str, others: Mapping[str, EntryPoint]) -> Source:
    if name in _OURS:
        return _OURS[name]()
    if name not in others:
        known = sorted({*_OURS, *others})
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise ConfigError(f"{_KEY}: there is no source {name!r}{hint} Known: {', '.join(known)}")
    try:
        source: Source = others[name].load()()
        lacking = [part for part in _PARTS if not hasattr(source, part)]
    except Exception as error:  # noqa: BLE001 - another package's code; what it says may hold a secret
        raise ConfigError(
            f"{_KEY}: {name}, from {others[name].value}, can't be used: {type(error).__name__}"
        ) from None
    if lacking:
        raise ConfigError(f"{_KEY}: {name}, from {others[name].value}, lacks {', '.join(lacking)}")
    if source.name != name:
        raise ConfigError(f"{_KEY}: {name}, from {others[name].value}, calls itself {source.name!r}")
    return source
