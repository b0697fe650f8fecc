"""What all settings share: they are strict, and say once what a name, a share and a list of names is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A section: nothing is converted, nothing unknown is let through, nothing changes later."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names. Raises ValueError where one is there twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{', '.join(repeated)} is listed more than once")
    return names


def merged(base: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """Lay `own` over `base`, mapping by mapping."""
    laid = dict(base)
    for key, value in own.items():
        below = laid.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            laid[key] = merged(below, value)
        else:
            laid[key] = value
    return laid


def off_as_text(value: object) -> object:
    """YAML reads an unquoted off as false."""
    return "off" if value is False else value


ModelName = Annotated[str, Field(min_length=1)]
Unit = Annotated[float, Field(ge=0, le=1)]
Names = Annotated[tuple[ModelName, ...], Field(strict=False, min_length=1), AfterValidator(unique)]
