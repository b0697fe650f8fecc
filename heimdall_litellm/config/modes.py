"""Settings of what Heimdall does at all: modes, shadow, holdout, and the baseline of savings."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from heimdall_litellm.config.base import ModelName, Names, Strict, Unit, off_as_text

ModeName = Literal["route", "shadow", "off"]
Mode = Annotated[
    ModeName, BeforeValidator(off_as_text), WithJsonSchema({"enum": [*get_args(ModeName), False]})
]


class ModeRule(Strict):
    """Another mode for some of the traffic; where several rules fit, the first one holds."""

    mode: Mode = Field(description="The mode of that traffic.")
    keys: Names | None = Field(
        default=None, description="Aliases of the keys whose traffic it is, or their hashes; null = any."
    )
    teams: Names | None = Field(default=None, description="Ids or aliases of their teams; null = any.")
    share: Unit = Field(default=1.0, description="How much of it, drawn once for each conversation.")


class ShadowSettings(Strict):
    """What is looked at in shadow mode."""

    models: Names | None = Field(
        default=None,
        description="Model groups whose requests are decided on as though they had asked for `name`; null = "
        "all that are asked for.",
    )


class HoldoutSettings(Strict):
    """A part of the traffic that goes to the baseline, so that savings and quality can be measured."""

    share: Annotated[float, Field(ge=0, le=0.5)] = Field(
        default=0.0, description="How much, drawn once for each conversation; 0 = none."
    )


class BaselineSettings(Strict):
    """What savings are reckoned against."""

    model: ModelName | None = Field(
        default=None,
        description="A model group; null = the hard candidate of which the bundle expects most, for each "
        "virtual name.",
    )
