"""OpenAI's own list: which models the key may use, and since when they exist. It says nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from heimdall_litellm.catalog.credentials import ADDRESS_VARIABLES
from heimdall_litellm.catalog.sources.reading import Collector, items, mapping
from heimdall_litellm.catalog.sources.source import Page, Rank, leads_elsewhere


class OpenAI:
    """The models of the account that OPENAI_API_KEY belongs to."""

    name = "openai"
    rank = Rank.PROVIDER
    url = "https://api.openai.com/v1/models"
    hosts = frozenset({"api.openai.com"})

    def credentials(self, environ: Mapping[str, str]) -> Mapping[str, str] | None:
        """Present OPENAI_API_KEY as a bearer token; not where it is somebody else's."""
        key = environ.get("OPENAI_API_KEY")
        if not key or leads_elsewhere(environ, ADDRESS_VARIABLES["openai"], self.hosts):
            return None
        return {"authorization": f"Bearer {key}"}

    def read(self, answer: object) -> Page:
        """Read `{"data": [{"id": …, "created": …}]}`."""
        found = Collector()
        for item in items(answer, "data"):
            model = mapping(item)
            found.add("openai", model.get("id"), [("created", model.get("created"))])
        return Page(found.listings, found.skipped)
