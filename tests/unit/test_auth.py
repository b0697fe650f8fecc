"""Auth adapters: what they recognise, where it may go, and how others are added."""

from __future__ import annotations

import copy
import json
import pickle
import uuid
from pathlib import Path

import pytest

from heimdall_litellm.auth import anthropic_oauth, google_oauth, openai_key
from heimdall_litellm.auth.adapter import Adapter, Incoming, bearer_of, is_token
from heimdall_litellm.auth.hosts import host_of, leads_to
from heimdall_litellm.auth.registry import enabled
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.config import load_settings
from heimdall_litellm.errors import ConfigError

SETTINGS = load_settings({})
CLAUDE, OPENAI = anthropic_oauth.make(SETTINGS), openai_key.make(SETTINGS)
GOOGLE = google_oauth.GoogleOAuth(google_oauth.NoLogin(), quota_project="my-project")
OAT = "sk-ant-oat01-somebodys"


def _brought(adapter: Adapter, body_key: str | None = None, **headers: str) -> str | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found = adapter.brought(Incoming(named, body_key))
    return None if found is None else found.reveal()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.anthropic.com", "api.anthropic.com"),
        ("https://API.Anthropic.com:443/v1/", "api.anthropic.com"),
        ("https://api.anthropic.com./v1", "api.anthropic.com"),
        ("http://api.anthropic.com", None),
        ("https://api.anthropic.com:8443", None),
        ("https://user@api.anthropic.com", None),
        ("https://api.anthropic.com@evil.example", None),
        ("https://api.anthropic.com.evil.example", "api.anthropic.com.evil.example"),
        ("https://evil.example/api.anthropic.com", "evil.example"),
        ("https://evil.example#@api.anthropic.com", "evil.example"),
        ("https://api.anthropic.com\\@evil.example", None),
        ("https://api.anthropic.com%2f@evil.example", None),
        ("https://аpi.anthropic.com", None),
        ("https://api.anthropic.com\t.evil.example", None),
        ("https://[::1", None),
        ("https://api.anthropic.com:port", None),
        ("//api.anthropic.com", None),
        ("api.anthropic.com", None),
        ("", None),
    ],
)
def test_a_url_leads_to_one_host_beyond_doubt_or_to_none(url: str, host: str | None) -> None:
    assert host_of(url) == host
    assert leads_to(url, {"api.anthropic.com"}) == (host == "api.anthropic.com")


@pytest.mark.parametrize("adapter", [CLAUDE, OPENAI, GOOGLE], ids=lambda a: a.name)
def test_an_adapters_own_address_is_one_of_its_hosts(adapter: Adapter) -> None:
    assert leads_to(adapter.api_base, adapter.hosts)


def test_a_subscription_is_known_by_its_form_in_the_one_place_where_clients_put_it() -> None:
    assert _brought(CLAUDE, authorization=f"Bearer {OAT}") == OAT
    assert _brought(CLAUDE, authorization=f"bearer   {OAT} ") == OAT
    assert _brought(CLAUDE, authorization=f"Basic {OAT}") is None
    assert _brought(CLAUDE, authorization=OAT) is None
    assert _brought(CLAUDE, authorization="Bearer sk-ant-api03-a-key-of-the-console") is None
    assert _brought(CLAUDE, x_api_key=OAT) is None
    assert _brought(CLAUDE, OAT) is None


@pytest.mark.parametrize(
    "odd", ["sk-ant-oat01 x", "sk-ant-oat01-\r\nx-evil: 1", "sk-ant-oat01-é", "sk-ant-oat" + "x" * 9000]
)
def test_what_could_not_stand_in_a_header_is_no_token(odd: str) -> None:
    assert _brought(CLAUDE, authorization=f"Bearer {odd}") is None
    assert not is_token(odd)


def test_an_openai_key_is_taken_from_the_most_explicit_place() -> None:
    both = {"heimdall_openai_key": "sk-in-the-header", "authorization": "Bearer sk-proj-beside"}
    assert _brought(OPENAI, "sk-in-the-body", **both) == "sk-in-the-header"
    assert _brought(OPENAI, "sk-in-the-body", authorization="Bearer sk-proj-beside") == "sk-in-the-body"
    beside = {"x_litellm_api_key": "sk-litellm-key", "authorization": "Bearer sk-proj-beside"}
    assert _brought(OPENAI, **beside) == "sk-proj-beside"
    assert _brought(OPENAI) is None


@pytest.mark.parametrize(
    "key", ["sk-ant-api03-anthropics", "sk-or-v1-openrouters", "AIzaSy-googles-key", "sk-x", ""]
)
def test_keys_of_others_are_no_openai_keys(key: str) -> None:
    assert _brought(OPENAI, key, heimdall_openai_key=key) is None


@pytest.mark.parametrize("name", ["heimdall_openai_key", "body"])
def test_the_key_for_litellm_is_never_taken_for_one(name: str) -> None:
    for headers in ({"authorization": "Bearer sk-litellm-key"}, {"x_litellm_api_key": "sk-litellm-key"}):
        given = {**headers} if name == "body" else {**headers, name: "sk-litellm-key"}
        assert _brought(OPENAI, "sk-litellm-key" if name == "body" else None, **given) is None
    for name in ("x_api_key", "api_key", "x_goog_api_key"):
        assert _brought(OPENAI, "sk-litellm-key", **{name: "sk-litellm-key"}) is None
    twice = {"x_litellm_api_key": "Bearer sk-litellm-key", "authorization": "Bearer sk-another-key"}
    assert _brought(OPENAI, **twice) is None


def test_a_google_token_comes_in_a_header_of_ours_alone() -> None:
    assert _brought(GOOGLE, heimdall_google_authorization="Bearer ya29.token") == "ya29.token"
    assert _brought(GOOGLE, authorization="Bearer ya29.token") is None
    shown = GOOGLE.attach(Secret("ya29.token"))
    assert shown.bearer == Secret("ya29.token")
    assert shown.api_key is None
    assert shown.headers == {"x-goog-user-project": "my-project"}
    assert google_oauth.GoogleOAuth(google_oauth.NoLogin()).attach(Secret("x" * 9)).headers == {}


@pytest.mark.parametrize("adapter", [CLAUDE, OPENAI], ids=lambda a: a.name)
async def test_a_callers_key_is_presented_where_the_providers_key_goes(adapter: Adapter) -> None:
    assert adapter.attach(Secret("sk-12345678")).api_key == Secret("sk-12345678")
    assert not adapter.is_stored
    assert await adapter.stored() is None


async def test_without_a_login_google_has_nothing_stored() -> None:
    assert not GOOGLE.is_stored
    assert await GOOGLE.stored() is None


def test_a_secret_is_not_seen() -> None:
    secret = Secret("sk-canary")
    holder = Incoming({"authorization": "sk-canary"}, "sk-canary")
    for shown in (repr(secret), str(secret), f"{secret}", repr([secret]), repr(holder)):
        assert "canary" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert copy.deepcopy(secret) == secret == Secret("sk-canary") != Secret("other")
    masked = secret.masked("Bearer ")
    assert masked == "Bearer sk-canary"
    assert "canary" not in repr(masked) + repr({"k": masked}) + f"{masked!r}"
    assert len(secret.digest) == 16
    assert secret.digest == Secret("sk-canary").digest != Secret("other").digest
    assert secret != "sk-canary"
    assert len({secret, Secret("sk-canary")}) == 1


def test_bearers_are_read_as_http_says() -> None:
    assert bearer_of("Bearer 12345678") == "12345678"
    assert bearer_of("Bearer 123") is None
    assert bearer_of("Token 12345678") is None
    assert bearer_of(None) is None


def _adapters(*names: str) -> tuple[Adapter, ...]:
    return enabled(load_settings({"auth_adapters": {"enabled": list(names)}}))


def test_the_enabled_ones_are_made_in_order() -> None:
    assert [a.name for a in _adapters("openai-key", "google-oauth")] == ["openai-key", "google-oauth"]
    assert [a.name for a in enabled(SETTINGS)] == ["anthropic-oauth"]
    assert _adapters() == ()


def test_an_unknown_name_is_told_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match=r"'antropic-oauth'; did you mean anthropic-oauth\?"):
        _adapters("antropic-oauth")
    with pytest.raises(ConfigError, match=r"Known: anthropic-oauth, google-oauth, openai-key"):
        _adapters("nothing-like-it")


PACKAGE = """
from heimdall_litellm.auth.adapter import Attachment, bearer_of
from heimdall_litellm.auth.secret import Secret


class Acme:
    name, provider, api_base = "acme", "PROVIDER", "https://api.acme.example/v1"
    hosts = frozenset({"api.acme.example"})
    is_stored = False

    def brought(self, request):
        token = bearer_of(request.headers.get("heimdall-acme-authorization"))
        return Secret(token) if token else None

    async def stored(self):
        return None

    def attach(self, credential):
        return Attachment(api_key=credential)


def make(settings):
    assert settings.name == "heimdall"
    return Acme()


def broken(settings):
    raise ValueError("sk-canary in an exception")


def empty(settings):
    return object()
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Another package that is installed beside us, with adapters of its own."""
    module = f"acme_{uuid.uuid4().hex}"
    provider = getattr(request, "param", "acme")
    (tmp_path / f"{module}.py").write_text(PACKAGE.replace("PROVIDER", provider))
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    points = [f"{name} = {module}:{name}" for name in ("make", "broken", "empty", "missing")]
    (info / "entry_points.txt").write_text("[heimdall_litellm.auth_adapters]\n" + "\n".join(points) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return module


def test_another_package_adds_an_adapter_by_an_entry_point(acme: str) -> None:
    (adapter,) = _adapters("make")
    assert (adapter.name, adapter.provider) == ("acme", "acme")
    assert _brought(adapter, heimdall_acme_authorization="Bearer acme-token") == "acme-token"


@pytest.mark.parametrize(
    ("name", "says"),
    [("broken", "can't be used: ValueError"), ("empty", "lacks name"), ("missing", "can't be used")],
)
def test_an_adapter_that_cannot_be_had_stops_the_start_without_a_secret(
    acme: str, name: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as refusal:
        _adapters(name)
    assert acme in str(refusal.value)
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("acme", ["openai"], indirect=True)
def test_two_adapters_for_one_provider_are_refused(acme: str) -> None:
    with pytest.raises(ConfigError, match="openai-key and acme are both for openai"):
        _adapters("openai-key", "make")
