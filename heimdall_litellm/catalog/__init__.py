"""What can be called: LiteLLM's model groups with prices, windows, capabilities and credentials."""

from heimdall_litellm.catalog.buckets import propose_buckets
from heimdall_litellm.catalog.credentials import has_any_credential
from heimdall_litellm.catalog.entries import entries_from_model_list
from heimdall_litellm.catalog.identity import canonical, match
from heimdall_litellm.catalog.price_map import load_price_map

__all__ = [
    "canonical",
    "entries_from_model_list",
    "has_any_credential",
    "load_price_map",
    "match",
    "propose_buckets",
]
