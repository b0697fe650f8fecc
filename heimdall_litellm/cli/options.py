"""Options that several commands share."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

import click

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?) ?(min|h|d|w)")
_UNITS: Final = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Finite(click.FloatRange):
    """A range of numbers; `nan` and `inf`, which click lets pass, are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Moment(click.ParamType):  # type: ignore[type-arg]  # no generic before click 8.2
    """A time: so long ago (`30min`, `24h`, `7d`, `2w`), or ISO 8601, in UTC unless it says otherwise."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            if ago := _AGO.fullmatch(value.strip()):
                found = datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
            else:
                found = datetime.fromisoformat(value.strip())
                found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        except OverflowError:
            found = _EPOCH - timedelta.resolution
        except ValueError:
            self.fail(
                f"{value!r} is no time: write 30min, 24h, 7d, 2w, or such as 2026-11-27T18:00.", param, ctx
            )
        if found < _EPOCH:
            self.fail(f"{value!r} lies before 1970, when nothing was recorded yet.", param, ctx)
        return found


def models_of(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Split `--models a,b,c`."""
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if not names:
        raise click.BadParameter("name at least one model")
    return names


json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
alpha_option: Final = click.option(
    "--alpha", type=Finite(0, 1), help="Weight of quality against cost, instead of the setting."
)
models_option: Final = click.option(
    "--models",
    callback=models_of,
    metavar="A,B,C",
    help="Candidates: of the configuration if there is one, else models of the bundle.",
)
bundle_option: Final = click.option(
    "--bundle",
    type=click.Path(exists=True, file_okay=False),
    help="Bundle directory, instead of the configured or shipped one.",
)
config_option: Final = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    help="LiteLLM configuration with Heimdall's settings.",
)
