"""Every exception Heimdall raises on purpose.

    HeimdallError
    ├── ConfigError        a setting, file or model name the user gave is wrong
    ├── BundleError        a bundle was refused
    │   ├── BundleDamaged      sizes, digests, schema or manifest do not fit
    │   └── BundleUnfit        it parses, but its answers differ from its golden rows
    ├── AuthError          a login cannot be made, kept or used
    │   ├── StoreError         the stored tokens, their key or their directory
    │   │   └── StoreUnreadable    a login that the key does not decrypt
    │   └── LoginError         no login came about
    │       ├── LoginRefused       the provider or the user said no
    │       └── ProviderUnreachable    no answer in time, or one that makes no sense
    ├── CatalogError       a model list or price map cannot be read
    │   ├── FetchRefused       a list is not asked for, for where it stands or leads
    │   └── FetchFailed        a list did not come, or makes no sense
    ├── JournalError       the journal, or something in it, cannot be read or written
    ├── RequestError       the caller of a virtual model must change something
    │   ├── BadOverride        a `heimdall-*` header or metadata field is malformed
    │   ├── NoCandidate        every candidate was ruled out
    │   └── NoOtherModel       nobody else is to be tried
    └── SeamError          the installed LiteLLM lacks something we rely on

A `RequestError` is the only one that may reach a client of the proxy; all others become
"route to the default". Messages say what was wrong and what to do, and never carry a
prompt, a key or a header's value beyond the override that was malformed.
"""

from __future__ import annotations

from collections.abc import Mapping


class HeimdallError(Exception):
    """The root of all deliberate failures."""


class ConfigError(HeimdallError):
    """A setting, file or model name that the user gave is wrong."""


class BundleError(HeimdallError):
    """A bundle was refused; the last good one goes on serving."""


class BundleDamaged(BundleError):
    """Sizes, digests, schema or manifest do not fit."""


class BundleUnfit(BundleError):
    """The bundle parses, but does not reproduce its golden rows in time."""


class AuthError(HeimdallError):
    """A login cannot be made, kept or used."""


class StoreError(AuthError):
    """The stored tokens, their key or their directory cannot be used."""


class StoreUnreadable(StoreError):
    """A stored login that the key does not decrypt: it is another key, or the file is damaged."""


class LoginError(AuthError):
    """No login came about."""


class LoginRefused(LoginError):
    """The provider or the user said no; `code` is OAuth's word for why."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


class ProviderUnreachable(LoginError):
    """The provider did not answer in time, or its answer makes no sense."""


class CatalogError(HeimdallError):
    """A model list or price map cannot be read."""


class FetchRefused(CatalogError):
    """A list is not asked for, for where it stands or leads."""


class FetchFailed(CatalogError):
    """A list did not come, or makes no sense."""


class JournalError(HeimdallError):
    """The journal, or something in it, cannot be read or written."""


class RequestError(HeimdallError):
    """The caller must change something; `status` is the HTTP status to answer with."""

    status: int = 400
    code: str = "heimdall_bad_request"


class BadOverride(RequestError):
    """A `heimdall-*` header or metadata field is malformed."""

    code = "heimdall_bad_override"


class NoCandidate(RequestError):
    """Every candidate was ruled out; `why_not` maps each model to the reason."""

    code = "heimdall_no_candidate"

    def __init__(self, why_not: Mapping[str, str], *, is_permission: bool = False) -> None:
        self.why_not = dict(why_not)
        self.status = 403 if is_permission else 400
        listed = "; ".join(f"{name}: {why}" for name, why in self.why_not.items())
        super().__init__(f"No model can serve this request. {listed or 'No candidate is configured.'}")


class NoOtherModel(RequestError):
    """Nobody else is to be tried: a provider refused the request for what it is, or an answer has begun."""

    code = "heimdall_no_other_model"

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class SeamError(HeimdallError):
    """The installed LiteLLM lacks something we rely on."""
