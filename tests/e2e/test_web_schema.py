"""The HTTP API on a real proxy keeps the word of its OpenAPI document, whatever it is asked."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from heimdall_litellm.web.openapi import document
from tests.e2e.proxy import MASTER_KEY, Proxy
from tests.e2e.test_web import get

CHECKS = [
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    not_a_server_error,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
OPENAPI = schemathesis.openapi.from_dict(document())


@OPENAPI.auth()
class _MasterKey:
    """Puts the key on every request, but those that are to come without."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        return MASTER_KEY

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@OPENAPI.parametrize()
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_the_openapi_document_keeps_its_word(web_proxy: Proxy, case: schemathesis.Case) -> None:
    case.call_and_validate(base_url=web_proxy.url, checks=CHECKS)


def test_nothing_failed_at_what_was_asked_for(web_proxy: Proxy) -> None:
    assert get(web_proxy, "/heimdall/health").json()["failures"] == []
    assert "heimdall_litellm/web" not in web_proxy.output
    assert "Exception in ASGI application" not in web_proxy.output
