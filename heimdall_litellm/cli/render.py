"""What every command shares: consoles, exit codes, errors, and figures as people read them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from functools import wraps
from io import TextIOWrapper
from math import isinf
from typing import IO, Any, Final, Literal, NoReturn, ParamSpec

import click
from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from heimdall_litellm.core.visible import visible
from heimdall_litellm.errors import ConfigError, HeimdallError

OK: Final = 0
NEGATIVE: Final = 1
"""The command worked and its answer is no."""
UNUSABLE: Final = 2
"""Wrong usage, or input that cannot be read."""
UNKNOWN: Final = "–"
"""Stands for a figure that nobody knows."""
_SMALLEST_USD: Final = 1e-6
_UNFOLDED: Final = 100_000
"""Columns of a page on which nothing is folded."""

P = ParamSpec("P")


class _Console(Console):
    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        # The last gate: whatever is printed, and however it was put together, moves no terminal.
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # Rich would exit with 1; `answers` knows better


def out() -> Console:
    """Return the console for answers; plain where `NO_COLOR` is set or nobody watches.

    Text is text: names may hold square brackets and colons. Where nobody watches nothing is folded, so that a
    program finds each row on one line.
    """
    console = _Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNFOLDED
    return console


def err() -> Console:
    """Return the console for progress and errors."""
    return _Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_json(value: object) -> None:
    """Print one JSON document, keys in the order given."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False))


class _Table(Table):
    def add_row(self, *cells: Any, **how: Any) -> None:
        # Before widths are measured, for a control character has none and its picture has.
        super().add_row(*map(_shown, cells), **how)


def _shown(cell: Any) -> Any:
    if isinstance(cell, Text):
        cell.plain = visible(cell.plain)
        return cell
    return visible(cell) if isinstance(cell, str) else cell


def table(*columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """Return an empty table; `right` are the columns of figures, never folded, as those `whole`."""
    made = _Table(box=SIMPLE, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        is_figure = column in right
        justify: Literal["left", "right"] = "right" if is_figure else "left"
        made.add_column(column, justify=justify, no_wrap=is_figure or column in whole, overflow="fold")
    return made


def print_item(console: Console, mark: str | Text, text: str | Text) -> None:
    """Print a line of a list; what is too long goes on below its own beginning."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text("  ").append(mark), _shown(Text(text) if isinstance(text, str) else text))
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
            if sys.stdout is not None:
                sys.stdout.flush()
        except (HeimdallError, RecursionError) as error:
            code = UNUSABLE
            said = "the input is nested too deeply" if isinstance(error, RecursionError) else str(error)
            if kwargs.get("as_json"):
                print_json({"error": said})
            else:
                complain(said)
        except BrokenPipeError:
            _discard_output()
            code = OK
        except OSError as error:  # every file named by the user is dealt with where it is opened
            _discard_output()
            complain(f"the standard output cannot be written ({error.strerror})")
            code = UNUSABLE
        raise SystemExit(code)

    return run


def complain(text: str) -> None:
    """Print an error for people."""
    err().print(Text.assemble(("error:", "bold red"), f" {text}"), soft_wrap=True)


def _discard_output() -> None:
    """Send what is still to be written nowhere, or Python would complain about it once more at exit."""
    with suppress(OSError, AttributeError):  # a stream made by a program has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def standard_input() -> IO[bytes]:
    """Give the standard input. Raises ConfigError if there is none."""
    if sys.stdin is None:
        raise ConfigError("the standard input is closed")
    return sys.stdin.buffer


def standard_output() -> IO[str]:
    """Give the standard output. Raises ConfigError if there is none."""
    if sys.stdout is None:
        raise ConfigError("the standard output is closed")
    return sys.stdout


def usd_per_mtok(value: float | None) -> str:
    """Write a price per million tokens: in cents, or with three figures where that says more."""
    if value is None or isinf(value):
        return UNKNOWN
    if value == 0:
        return "0"
    if value < _SMALLEST_USD:
        return f"<{_SMALLEST_USD:f}"
    return f"{value:,.2f}" if value >= 0.995 else f"{plain(value, 3):0<4}"


def plain(value: float, figures: int) -> str:
    """Write a number with so many figures, and never with an exponent."""
    return f"{Decimal(f'{value:.{figures}g}'):,f}"


def usd(value: float | None) -> str:
    """Write an amount that is usually a small part of a cent."""
    if value is None:
        return UNKNOWN
    return f"{value:.6f}" if value < 0.01 else f"{value:.4f}"


def tokens(value: int | None) -> str:
    """Write a number of tokens."""
    if value is None:
        return UNKNOWN
    return f"{value / 1000:,.0f}k" if value >= 10_000 else str(value)
