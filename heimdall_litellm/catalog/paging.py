"""A whole list, page by page, within one limit of time, bytes, pages and models for all of them together.

What is over a limit fails the list: a part of it would pass for the whole, and what is missing for gone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from pydantic_core import from_json

from heimdall_litellm.catalog.facts import Listing
from heimdall_litellm.catalog.fetch import Answer, Ask, Fetcher
from heimdall_litellm.catalog.sources.reading import MAX_MODELS
from heimdall_litellm.catalog.sources.source import Source
from heimdall_litellm.errors import FetchFailed

MOST_PAGES: Final = 20

logger = logging.getLogger("heimdall_litellm")


def fetch_list(source: Source, ask: Ask, fetcher: Fetcher) -> tuple[Sequence[Listing] | None, Answer]:
    """Fetch all pages; None for the listings if nothing has changed.

    The answer holds the marks to ask with the next time. Raises FetchFailed and FetchRefused.
    """
    budget = fetcher.budget()
    first = answer = fetcher.get(ask, budget)
    if first.body is None:
        return None, first
    found: dict[tuple[str, str], Listing] = {}
    items, urls = 0, {ask.url}
    while True:
        listings, skipped, url = _read(source, ask, answer)
        items += len(listings) + skipped
        if items > MAX_MODELS:
            raise FetchFailed(f"{source.name}: the list names more than {MAX_MODELS:,} models")
        found |= {(each.provider, each.model): each for each in listings}
        if url is None:
            break
        if url in urls:
            raise FetchFailed(f"{source.name}: a page of the list leads back to a page that was read")
        if len(urls) == MOST_PAGES:
            raise FetchFailed(f"{source.name}: the list has more than {MOST_PAGES} pages")
        urls.add(url)
        # Marks of the first page say nothing of the others.
        first = replace(first, etag=None, last_modified=None)
        answer = fetcher.get(Ask(url, ask.hosts, ask.headers), budget)
    if not found:
        raise FetchFailed(f"{source.name}: the list is empty")
    return tuple(found.values()), first


def _read(source: Source, ask: Ask, answer: Answer) -> tuple[Sequence[Listing], int, str | None]:
    """Read one page: its listings, how many items made no sense, and the URL of the next page."""
    try:
        page = source.read(from_json(answer.body or b"", cache_strings="keys"))
        if not all(isinstance(each, Listing) for each in page.listings):
            raise TypeError("no listings")
        skipped = max(0, int(page.skipped))
        url = _with_query(ask.url, page.following) if page.following else None
    except Exception as error:  # noqa: BLE001 - the code may be another package's, the answer anything
        name = type(error).__name__
        raise FetchFailed(f"{source.name}: the answer makes no sense ({name})") from None
    if skipped:
        logger.debug("%s: %d items of the list make no sense", source.name, skipped)
    return page.listings, skipped, url


def _with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to a URL; whatever they hold, they stay in its query."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return urlunsplit(parts._replace(query=query))
