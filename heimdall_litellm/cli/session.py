"""The engine as a command wants it: from a configuration, or from the bundle's models alone."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.bundle_entries import bundle_entries, unknown_model
from heimdall_litellm.config import Settings
from heimdall_litellm.engine import Heimdall

DEFAULT_CONFIG: Final = Path("litellm_config.yaml")


@dataclass(frozen=True, slots=True)
class Session:
    """An engine to ask, and which candidates to ask it about; None = all."""

    engine: Heimdall
    source: str
    permitted: frozenset[str] | None = None


def open_session(
    config: str | None, bundle_dir: str | None, models: Sequence[str] | None, *, use_default: bool
) -> Session:
    """Build an engine that remembers no decision.

    With a configuration, `models` restricts its candidates; without one, `models` (or all models of
    the bundle) are the candidates, and no credentials are asked for. `use_default` takes the
    `litellm_config.yaml` of the current directory where neither is given. Raises HeimdallError.
    """
    if config is None and models is None and use_default and DEFAULT_CONFIG.is_file():
        config = str(DEFAULT_CONFIG)
    if config is None:
        bundle = load_bundle(bundle_dir)
        engine = Heimdall(Settings().without_cache(), bundle_entries(bundle, models), bundle)
        return Session(
            engine, f"the models of bundle {bundle.id}; no configuration, no credentials asked for"
        )
    engine = Heimdall.from_yaml(config, bundle=bundle_dir, is_caching=False)
    if models is None:
        return Session(engine, config)
    known = {name for virtual in engine.names for name in engine.candidate_names(virtual)}
    for name in models:
        if name not in known:
            raise unknown_model(
                name, sorted(known), f"candidate of {config}", f"heimdall check {shlex.quote(config)}"
            )
    return Session(engine, config, frozenset(models))
