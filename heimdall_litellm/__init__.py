"""Heimdall: chooses the cheapest model that will do, for every request of a LiteLLM proxy.

Public names, each imported on first use, so that `import heimdall_litellm` costs nothing:

- `heimdall`: the LiteLLM callback (`callbacks: ["heimdall_litellm.heimdall"]`)
- `simulated`: the simulated provider (`custom_provider_map`)
- `Heimdall`: decisions from Python, without a proxy
- `HeimdallRoutingStrategy`: for `litellm.Router`
- `errors`: everything raised on purpose
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heimdall_litellm.engine import Heimdall as Heimdall
    from heimdall_litellm.plugin.strategy import HeimdallRoutingStrategy as HeimdallRoutingStrategy

__version__ = "0.1.0"
__all__ = ["Heimdall", "HeimdallRoutingStrategy", "__version__", "heimdall", "simulated"]

_CLASSES = {
    "Heimdall": "heimdall_litellm.engine",
    "HeimdallRoutingStrategy": "heimdall_litellm.plugin.strategy",
}
_BUILT = {"heimdall": "heimdall_litellm.plugin.handler", "simulated": "heimdall_litellm.plugin.simulated"}


def __getattr__(name: str) -> object:
    """Import a public name on first use; LiteLLM's callbacks are built once per process."""
    if name in _CLASSES:
        value = getattr(import_module(_CLASSES[name]), name)
    elif name in _BUILT:
        value = import_module(_BUILT[name]).build()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
