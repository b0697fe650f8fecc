"""What every command shares: consoles, exit codes, errors, and figures as people read them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from io import TextIOWrapper
from math import isinf
from typing import Final, NoReturn, ParamSpec

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from heimdall_litellm.errors import HeimdallError

OK: Final = 0
NEGATIVE: Final = 1
"""The command worked and its answer is no."""
UNUSABLE: Final = 2
"""Wrong usage, or input that cannot be read."""

P = ParamSpec("P")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")


def out() -> Console:
    """Return the console for answers; plain where `NO_COLOR` is set or nobody watches."""
    return Console(highlight=False, soft_wrap=False)


def err() -> Console:
    """Return the console for progress and errors."""
    return Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """Print one JSON document, keys in the order given."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table; `right` are the columns of figures, which are never folded."""
    made = Table(box=SIMPLE, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        is_figure = column in right
        made.add_column(column, justify="right" if is_figure else "left", no_wrap=is_figure, overflow="fold")
    return made


def print_item(console: Console, mark: str | Text, text: str | Text) -> None:
    """Print a line of a list; what is too long goes on below its own beginning."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text("  ").append(mark), Text(text) if isinstance(text, str) else text)
    console.print(grid)


def answers(command: Callable[P, int]) -> Callable[P, NoReturn]:
    """Let a command return its exit code, and turn our own errors into a message without a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a terminal that knows ASCII only
        try:
            code = command(*args, **kwargs)
        except HeimdallError as error:
            code = UNUSABLE
            if kwargs.get("as_json"):
                print_json({"error": str(error)})
            else:
                err().print(f"[bold red]error:[/] {_escaped(str(error))}", soft_wrap=True)
        except BrokenPipeError:
            sys.stderr.close()  # Python would complain about the same pipe once more at exit
            code = OK
        raise SystemExit(code)

    return run


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def usd_per_mtok(value: float | None) -> str:
    """Write a price per million tokens."""
    return "?" if value is None or isinf(value) else f"{value:,.2f}"


def usd(value: float) -> str:
    """Write an amount that is usually a small part of a cent."""
    return f"{value:.6f}" if value < 0.01 else f"{value:.4f}"


def tokens(value: int | None) -> str:
    """Write a number of tokens."""
    if value is None:
        return "?"
    return f"{value / 1000:,.0f}k" if value >= 10_000 else str(value)
