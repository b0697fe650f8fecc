"""OpenAI's own list: which models the key may use, and since when they exist. It says nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from heimdall_litellm.catalog.sources.reading import Collector, items, mapping
from heimdall_litellm.catalog.sources.source import Page, Rank


class OpenAI:
    """The models of the account that OPENAI_API_KEY belongs to."""

    name = "openai"
    rank = Rank.PROVIDER
    url = "https://api.openai.com/v1/models"
    hosts = frozenset({"api.openai.com"})

    def credentials(self, environ: Mapping[str, str]) -> Mapping[str, str] | None:
        """Present OPENAI_API_KEY as a bearer token."""
        key = environ.get("OPENAI_API_KEY")
        return {"authorization": f"Bearer {key}"} if key else None

    def read(self, answer: object) -> Page:
        """Read `{"data": [{"id": …, "created": …}]}`."""
        found = Collector()
        for item in items(answer, "data"):
            model = mapping(item)
            found.add("openai", model.get("id"), [("created", model.get("created"))])
        return Page(found.listings, found.skipped)
