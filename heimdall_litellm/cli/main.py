"""The entry point of the `heimdall` command.

Exit codes: 0 the answer is yes, 1 it is no (would not serve, bundle refused, a line failed), 2 wrong
usage or input that cannot be read.
"""

from __future__ import annotations

import click

from heimdall_litellm import __version__
from heimdall_litellm.cli.auth import auth
from heimdall_litellm.cli.bundle import bundle
from heimdall_litellm.cli.catalog import catalog
from heimdall_litellm.cli.check import check
from heimdall_litellm.cli.decide import decide
from heimdall_litellm.cli.explain import explain
from heimdall_litellm.cli.journal import journal
from heimdall_litellm.cli.options import json_option
from heimdall_litellm.cli.render import OK, answers, print_json
from heimdall_litellm.cli.report import report
from heimdall_litellm.config import json_schema


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="heimdall")
def main() -> None:
    """Heimdall chooses the cheapest model that will do, for every request of a LiteLLM proxy."""


@click.group()
def config() -> None:
    """About the settings."""


@config.command()
@json_option
@answers
def schema(as_json: bool) -> int:
    """Print the JSON Schema of callback_settings.heimdall (JSON with or without --json)."""
    del as_json
    print_json(json_schema())
    return OK


for command in (check, explain, decide, journal, report, bundle, catalog, auth, config):
    main.add_command(command)
