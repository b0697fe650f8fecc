"""Guards what Heimdall doesn't decide: other endpoints, and attempts that skipped the first hook.

A virtual name stands for its default model wherever nothing is decided. LiteLLM has checked the key
for the virtual name only, so whether the caller may use that model is asked here, at every place
where LiteLLM is about to take its deployment:

| how it is named | where it is caught |
|---|---|
| `model` of any request | `async_pre_call_hook` |
| header, query or the id of a file or batch | `async_pre_call_hook` |
| a form's field beside a file | `async_pre_call_deployment_hook` |
| a fallback of another model's, an alias, LiteLLM's own calls | `async_filter_deployments` |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from heimdall_litellm.errors import NoCandidate, RequestError
from heimdall_litellm.plugin import access, seams
from heimdall_litellm.plugin.records import metadata_of
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures, later, shield

_COUNTING_MODEL: Final = "heimdall-counting/none"
"""No provider of LiteLLM: what it is given can be counted, and can't be called."""
_IDS: Final = ("file_id", "batch_id", "input_file_id", "training_file", "validation_file")
_BORROWING: Final = ("afile_", "acreate_file", "batch", "_eval", "_run", "fine_tuning")


class Guard:
    """Answers who may use the default model of a virtual name."""

    def __init__(self, runtime: Runtime, names: Collection[str], failures: Failures) -> None:
        self._runtime, self._names, self._failures = runtime, names, failures

    async def candidates(self, name: str) -> tuple[str, ...]:
        """Return candidates, from the settings alone where the engine is what is broken."""
        lists = self._runtime.settings.router_of(name).candidates.values()
        listed = tuple(dict.fromkeys(model for names in lists for model in names or ()))
        known = later(self._runtime.candidate_names, name)
        return await shield(self._failures, "candidates", known, listed)

    async def may_use_default(self, name: str, token: Any, candidates: Collection[str]) -> bool:
        """Whether the request may go to the deployment of the virtual `name` itself."""
        router = seams.proxy_router()
        return await access.may_use_default(name, candidates, token, router, self._names, self._failures)

    async def check_default(self, name: str, token: Any) -> None:
        """Raise NoCandidate where the caller may not use the default model."""
        if not await self.may_use_default(name, token, await self.candidates(name)):
            raise refused(name)

    def check_list(self, model: str) -> None:
        """Raise RequestError for a list of models that names a virtual one: it would be called undecided."""
        named = [part.strip() for part in model.split(",")]
        if len(named) > 1 and any(part in self._names for part in named):
            raise RequestError(
                "A list of models can't hold a virtual one: ask for it alone, or list the models you mean"
            )

    def borrowed(self, data: Mapping[str, Any]) -> list[str]:
        """Return the virtual names whose deployment a call would borrow, wherever it names them."""
        request = data.get("proxy_server_request") or {}
        query = parse_qs(urlsplit(str(request.get("url"))).query)
        ids = [seams.model_of_id(data.get(field)) for field in _IDS]
        header = (request.get("headers") or {}).get("x-litellm-model")
        said = [
            data.get("model"),
            header,
            *query.get("model", ()),
            *query.get("target_model_names", ()),
            *ids,
        ]
        named = {part.strip() for names in said if isinstance(names, str) for part in names.split(",")}
        return sorted(named & frozenset(self._names))

    async def unseen(self, name: str, deployments: list[Any], request: Mapping[str, Any] | None) -> list[Any]:
        """Return the deployments for an attempt at a virtual name that no hook of ours saw before."""
        if not request:
            # LiteLLM's token counting: no key is known here, and the model only names a tokenizer.
            return [_countable(d) for d in deployments]
        token = token_of(request)
        # A request of LiteLLM's own, such as a health check, carries no key.
        if token is not None:
            await self.check_default(name, token)
        return deployments

    def lent(self, attempt: Mapping[str, Any]) -> list[str]:
        """Return the virtual names whose deployment LiteLLM put into this attempt, or may have."""
        model = str(attempt.get("model"))
        return [model] if model in self._names else access.leads_to(model, seams.proxy_router(), self._names)


def borrows(call: str) -> bool:
    """Whether LiteLLM serves this call with a deployment's credentials, without its router.

    It gives "None" for the type of some of them.
    """
    return call == "None" or any(part in call for part in _BORROWING)


def token_of(request: Mapping[str, Any]) -> Any:
    """Return who asks, as LiteLLM noted it; None where it noted nobody.

    A client can write into the metadata too, but only what JSON can say.
    """
    noted = [metadata.get("user_api_key_auth") for metadata in metadata_of(request)]
    return next((t for t in [*noted, request.get("user_api_key_dict")] if hasattr(t, "user_role")), None)


def refused(name: str) -> NoCandidate:
    """Make the refusal of somebody who may not use the default model."""
    return NoCandidate({name: "this key may not use its default model"}, is_permission=True)


def _countable(deployment: Mapping[str, Any]) -> dict[str, Any]:
    counted = dict(deployment)
    counted["litellm_params"] = {"model": _COUNTING_MODEL}
    return counted
