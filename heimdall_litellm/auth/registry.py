"""Which adapters there are, by name: ours, and those that other packages register.

A package adds one with an entry point:

    [project.entry-points."heimdall_litellm.auth_adapters"]
    my-cloud = "my_package.adapter:make"
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from heimdall_litellm.auth import anthropic_oauth, google_oauth, openai_key
from heimdall_litellm.auth.adapter import Adapter, Factory
from heimdall_litellm.config import Settings
from heimdall_litellm.errors import ConfigError

ENTRY_POINTS: Final = "heimdall_litellm.auth_adapters"
_KEY: Final = "callback_settings.heimdall.auth_adapters.enabled"
_OURS: Final[Mapping[str, Factory]] = {
    "anthropic-oauth": anthropic_oauth.make,
    "google-oauth": google_oauth.make,
    "openai-key": openai_key.make,
}


def enabled(settings: Settings) -> tuple[Adapter, ...]:
    """Make the adapters of `auth_adapters.enabled`, in that order.

    Raises ConfigError for a name that nobody registers, for an adapter that can't be loaded or made, and
    where two are for the same provider, as only one credential can be sent.
    """
    others = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    made = tuple(_made(name, others, settings) for name in settings.auth_adapters.enabled)
    for i, adapter in enumerate(made):
        rival = next((other for other in made[:i] if other.provider == adapter.provider), None)
        if rival is not None:
            raise ConfigError(
                f"{_KEY}: {rival.name} and {adapter.name} are both for {adapter.provider}; keep one"
            )
    return made


def _made(name: str, others: Mapping[str, EntryPoint], settings: Settings) -> Adapter:
    if name in _OURS:
        return _OURS[name](settings)
    if name not in others:
        known = sorted({*_OURS, *others})
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"{_KEY}: there is no adapter {name!r}{hint} Known: {', '.join(known)}")
    try:
        adapter: Adapter = others[name].load()(settings)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - another package's code; what it says may hold a secret
        raise ConfigError(
            f"{_KEY}: {name}, from {others[name].value}, can't be used: {type(error).__name__}"
        ) from None
    lacking = [part for part in _PARTS if not hasattr(adapter, part)]
    if lacking:
        raise ConfigError(f"{_KEY}: {name}, from {others[name].value}, lacks {', '.join(lacking)}")
    return adapter


_PARTS: Final = ("name", "provider", "hosts", "api_base", "is_stored", "brought", "stored", "attach")
