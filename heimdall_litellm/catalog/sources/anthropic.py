"""Anthropic's own list: names, windows, capabilities, and when a model is retired. Prices aren't in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from heimdall_litellm.catalog.credentials import ADDRESS_VARIABLES
from heimdall_litellm.catalog.sources.reading import Collector, items, mapping, text
from heimdall_litellm.catalog.sources.source import Page, Rank, leads_elsewhere


class Anthropic:
    """The models that ANTHROPIC_API_KEY may use."""

    name = "anthropic"
    rank = Rank.PROVIDER
    url = "https://api.anthropic.com/v1/models?limit=1000"
    hosts = frozenset({"api.anthropic.com"})

    def credentials(self, environ: Mapping[str, str]) -> Mapping[str, str] | None:
        """Present ANTHROPIC_API_KEY; not where it is somebody else's."""
        key = environ.get("ANTHROPIC_API_KEY")
        if not key or leads_elsewhere(environ, ADDRESS_VARIABLES["anthropic"], self.hosts):
            return None
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}

    def read(self, answer: object) -> Page:
        """Read `{"data": [{"id": …, "max_input_tokens": …}], "has_more": …, "last_id": …}`.

        A retired model stays in the list as a record; it can't be called, so it is left out.
        """
        found = Collector()
        for item in items(answer, "data"):
            model = mapping(item)
            if model.get("lifecycle") != "retired":
                found.add("anthropic", model.get("id"), _facts(model))
        last = text(mapping(answer).get("last_id"))
        has_more = mapping(answer).get("has_more") is True
        return Page(found.listings, found.skipped, {"after_id": last} if has_more and last else {})


def _facts(model: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    able = mapping(model.get("capabilities"))
    yield "max_input_tokens", model.get("max_input_tokens")
    yield "max_output_tokens", model.get("max_tokens")
    yield "has_vision", mapping(able.get("image_input")).get("supported")
    yield "has_files", mapping(able.get("pdf_input")).get("supported")
    yield "is_reasoning", _thinks(able.get("thinking"))
    yield "display_name", model.get("display_name")
    yield "created", model.get("created_at")
    yield "retires", model.get("retires_at")


def _thinks(capability: object) -> bool | None:
    """Say whether a model thinks in any of the ways there are; None where nothing is said of it."""
    said = mapping(capability)
    ways = [said, *map(mapping, mapping(said.get("types")).values())]
    return any(way.get("supported") is True for way in ways) if said else None
