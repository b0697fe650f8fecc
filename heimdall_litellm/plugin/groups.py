"""Which model group a request asks for: by its name, an alias, a wildcard, or the id of a deployment.

Clients may write anything into `model`. What leads to no group that is configured is no name of ours to
keep, and may be anything: a key, or a whole prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_LONGEST: Final = 1_000
"""Characters of a name that is looked up among wildcards."""


class Groups:
    """The model groups of a model list."""

    def __init__(self, models: Iterable[Mapping[str, Any]] = ()) -> None:
        names: dict[str, None] = {}
        self._by_id: dict[str, str] = {}
        for deployment in models:
            info = deployment.get("model_info") or {}
            group = str(deployment.get("model_name"))
            names[group] = None
            if isinstance(known := info.get("id"), str):
                self._by_id[known] = group
            if isinstance(public := info.get("team_public_model_name"), str):
                names[public] = None
        self.names = frozenset(names)
        # As LiteLLM does: of the wildcards that fit, the longest.
        wild = sorted((name for name in names if "*" in name), key=len, reverse=True)
        self._wild = [(re.compile(re.escape(name).replace(r"\*", ".*"), re.DOTALL), name) for name in wild]

    def find(self, model: str, aliases: Mapping[str, str]) -> str | None:
        """Return the group that serves requests for `model`; None where there is none."""
        name = aliases.get(model, model)
        if name in self.names:
            return name
        if (group := self._by_id.get(name)) is not None:
            return group
        if len(name) > _LONGEST:
            return None
        return next((group for pattern, group in self._wild if pattern.fullmatch(name)), None)
