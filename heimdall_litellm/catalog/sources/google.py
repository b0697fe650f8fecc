"""Google's own list (Gemini API): windows, and which models think. Prices aren't in it."""

from __future__ import annotations

from collections.abc import Mapping

from heimdall_litellm.catalog.credentials import ADDRESS_VARIABLES
from heimdall_litellm.catalog.sources.reading import Collector, items, mapping, names, text
from heimdall_litellm.catalog.sources.source import Page, Rank, leads_elsewhere


class Google:
    """The models that GEMINI_API_KEY may use; the key goes into a header, never into the URL."""

    name = "google"
    rank = Rank.PROVIDER
    url = "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000"
    hosts = frozenset({"generativelanguage.googleapis.com"})

    def credentials(self, environ: Mapping[str, str]) -> Mapping[str, str] | None:
        """Present GEMINI_API_KEY, or else GOOGLE_API_KEY, as LiteLLM looks for them."""
        key = environ.get("GEMINI_API_KEY") or environ.get("GOOGLE_API_KEY")
        if not key or leads_elsewhere(environ, ADDRESS_VARIABLES["gemini"], self.hosts):
            return None
        return {"x-goog-api-key": key}

    def read(self, answer: object) -> Page:
        """Read `{"models": [{"name": "models/…", "inputTokenLimit": …}], "nextPageToken": …}`.

        An empty list comes without the key. What can't generate content is left out.
        """
        found = Collector()
        for item in items({"models": [], **mapping(answer)}, "models"):
            model = mapping(item)
            methods = model.get("supportedGenerationMethods")
            if isinstance(methods, list) and "generateContent" not in names(methods):
                continue
            name = text(model.get("name"))
            facts = [
                ("max_input_tokens", model.get("inputTokenLimit")),
                ("max_output_tokens", model.get("outputTokenLimit")),
                ("is_reasoning", model.get("thinking")),
                ("display_name", model.get("displayName")),
            ]
            found.add("gemini", name.removeprefix("models/") if name else None, facts)
        token = text(mapping(answer).get("nextPageToken"))
        return Page(found.listings, found.skipped, {"pageToken": token} if token else {})
