"""Settings of the journal."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema

from heimdall_litellm.config.base import Strict, off_as_text

PromptsName = Literal["off", "hash", "redacted", "full"]
Prompts = Annotated[
    PromptsName, BeforeValidator(off_as_text), WithJsonSchema({"enum": [*get_args(PromptsName), False]})
]


def _is_journal(url: SecretStr) -> SecretStr:
    """Accept where a journal can lie; never say the URL, which may hold a password."""
    scheme, found, rest = url.get_secret_value().partition("://")
    if not found or scheme.partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
        raise ValueError("must begin with sqlite:// or postgresql://")
    if scheme.startswith("sqlite") and not rest.strip("/"):
        raise ValueError("names no file: write sqlite:////and/the/whole/path.sqlite")
    return url


class JournalSettings(Strict):
    """What is written down of decisions and of what came of them."""

    enabled: bool = Field(default=True, description="Whether anything is written down at all.")
    url: Annotated[SecretStr, Field(min_length=1), AfterValidator(_is_journal)] | None = Field(
        default=None,
        description="Where: `sqlite:////whole/path.sqlite`, or `postgresql://…`, normally "
        "`os.environ/DATABASE_URL`, LiteLLM's own; null = a file in the user's state directory.",
    )
    pg_schema: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")] = Field(
        default="heimdall", description="The schema that is ours alone in a PostgreSQL database."
    )
    prompts: Prompts = Field(
        default="off",
        description="What is kept of prompts: off = nothing; hash = a keyed digest; redacted = the text "
        "without what looks like a key, an address or a number of a person; full = the text.",
    )
    prompt_chars: int = Field(
        default=4_000, ge=1, le=1_000_000, description="How much of a prompt is kept, where it is kept."
    )
    queue_size: int = Field(
        default=10_000,
        ge=100,
        le=1_000_000,
        description="How many items may wait to be written; what comes beyond is dropped and counted.",
    )
    flush_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How often they are written: what a killed process loses."
    )
    keep_days: float = Field(default=30.0, gt=0, description="How long records are kept.")
    max_mb: float = Field(
        default=1_000.0, gt=0, description="How large the journal may become, in MB; the oldest goes first."
    )
