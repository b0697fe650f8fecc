"""Where the catalog comes from: one file a source, and the registry that knows them by name."""

from heimdall_litellm.catalog.sources.reading import Collector
from heimdall_litellm.catalog.sources.source import Page, Rank, Source

__all__ = ["Collector", "Page", "Rank", "Source"]
