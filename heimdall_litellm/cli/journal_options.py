"""What the commands about the journal share: which journal, and which of its records."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

import click
from pydantic import SecretStr

from heimdall_litellm.cli.options import Moment
from heimdall_litellm.cli.render import NEGATIVE, complain, print_json
from heimdall_litellm.cli.session import DEFAULT_CONFIG
from heimdall_litellm.config import Settings, environment, load_config, settings_from_config
from heimdall_litellm.core.types import BUCKETS
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.store import Page, Store

_HASH: Final = re.compile(r"[0-9a-f]{64}")
T = TypeVar("T")

journal_option: Final = click.option(
    "--journal",
    "journal_url",
    metavar="URL",
    help="A journal, such as sqlite:////whole/path.sqlite, instead of the configured one.",
)
_FILTERS: Final = (
    click.option("--since", type=Moment(), help="Only from this time: 30min, 24h, 7d ago, or ISO 8601."),
    click.option("--until", type=Moment(), help="Only before this time, written likewise."),
    click.option("--key", metavar="ALIAS", help="Only requests by this key: its alias, or its hash."),
    click.option("--name", "requested", help="Only requests for this virtual model."),
    click.option("--model", help="Only what was sent to this model group."),
    click.option("--bucket", type=click.Choice(BUCKETS), help="Only of this bucket."),
    click.option("--cause", help="Only what this settled: triage, holdout, default, ..."),
)


def filters(command: Callable[..., T]) -> Callable[..., T]:
    """Add the options that say which records are meant, and hand them over as a `page`."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> T:
        key = kwargs.pop("key")
        is_hash = key is not None and _HASH.fullmatch(key) is not None
        named = {
            name: kwargs.pop(name) for name in ("since", "until", "requested", "model", "bucket", "cause")
        }
        page = Page(**named, key=key if is_hash else None, alias=None if is_hash else key)
        return command(*args, page=page, **kwargs)

    for option in reversed(_FILTERS):
        run = option(run)
    return run


def open_journal(config: str | None, url: str | None) -> tuple[Settings, Store]:
    """Give the settings and the journal: that of `url`, else the configured one, which must exist.

    Without a `config`, the one of this directory speaks, if there is one. Raises HeimdallError.
    """
    if config is None and DEFAULT_CONFIG.is_file():
        config = str(DEFAULT_CONFIG)
    raw = load_config(config) if config is not None else {}
    settings = settings_from_config(raw, environment(raw)) if config is not None else Settings()
    which = settings.journal
    if url is not None:
        which = which.model_copy(update={"url": SecretStr(url)})
    return settings, open_store(which, must_exist=True)


def missing(identity: str, *, as_json: bool) -> int:
    """Say that there is no such record; returns the exit code."""
    said = f"there is no record {identity}: it is too old, not written yet, or another journal's"
    if as_json:
        print_json({"error": said})
    else:
        complain(said)
    return NEGATIVE
