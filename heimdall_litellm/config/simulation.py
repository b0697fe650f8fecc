"""Settings of the provider that answers where no key is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from heimdall_litellm.config.base import ModelName, Strict, Unit

FailureName = Literal["429", "500", "503", "timeout", "context"]
OutcomeName = Literal["ok", "429", "500", "503", "timeout", "context"]


def _status_as_text(value: object) -> object:
    return str(value) if type(value) is int else value


def _quoted_or_not(names: tuple[str, ...]) -> WithJsonSchema:
    return WithJsonSchema({"enum": [*names, *(int(name) for name in names if name.isdigit())]})


# YAML reads an unquoted 429 as a number.
Failure = Annotated[FailureName, BeforeValidator(_status_as_text)]
Outcome = Annotated[OutcomeName, BeforeValidator(_status_as_text), _quoted_or_not(get_args(OutcomeName))]


class SimulatedModel(Strict):
    """One model group as the simulated provider plays it."""

    first_token_ms: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Milliseconds to the first token; null = `simulation.first_token_ms`."
    )
    ms_per_token: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Milliseconds for each further token; null = `simulation.ms_per_token`."
    )
    output_tokens: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Length of an answer; null = `simulation.output_tokens`."
    )
    fail: Annotated[tuple[Outcome, ...], Field(strict=False)] = Field(
        default=(),
        description="Outcomes played in turn, one for each call, again from the start after the last.",
    )
    fail_rate: Mapping[Failure, Unit] = Field(
        default={}, description="Probability of each failure, for calls that `fail` does not script."
    )

    @model_validator(mode="after")
    def _at_most_certain(self) -> Self:
        if sum(self.fail_rate.values()) > 1:
            raise ValueError("the probabilities in fail_rate add up to more than 1")
        return self


class SimulationSettings(Strict):
    """The provider that answers where no key is set."""

    mode: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="auto = if no provider key is set at all, for every model; always; never.",
    )
    seed: int = Field(default=0, description="Seed of everything random in it.")
    first_token_ms: float = Field(default=50.0, ge=0, description="Milliseconds to the first token.")
    ms_per_token: float = Field(default=2.0, ge=0, description="Milliseconds for each further token.")
    output_tokens: int = Field(default=60, ge=1, description="Length of an answer.")
    models: Mapping[ModelName, SimulatedModel] = Field(
        default={}, description="By model group: latency, length and failures of its own."
    )
