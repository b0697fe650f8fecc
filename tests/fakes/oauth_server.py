"""An OAuth provider on loopback that checks what a strict one checks, and records every byte.

PKCE (S256 only), redirect URI, client and secret; codes are good for one use and a while; refresh
tokens rotate, are good for one use, and a second use revokes the whole family, as RFC 9700 advises.
Device codes and revocation as in RFC 8628 and 7009. `misbehave` scripts what goes wrong next.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

CLIENT_ID: Final = "client-of-the-test"
CLIENT_SECRET: Final = "canary-client-secret-5f1d"  # of a fake
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"


class OAuthProblem(Exception):
    """An error as the token endpoint tells it."""

    def __init__(self, code: str, status: int = 400, description: str | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"error": code} | ({"error_description": description} if description else {})


@dataclass
class Family:
    """All tokens that came from one consent."""

    scope: str
    is_revoked: bool = False


@dataclass
class Code:
    family: Family
    challenge: str
    redirect_uri: str
    expires_at: float
    is_used: bool = False


@dataclass
class Device:
    family: Family
    answers: list[str]
    """What the next polls get; the last one goes on being said."""


@dataclass
class OAuthServer:
    """The provider; everything it gave out and everything that was sent to it can be looked at."""

    url: str = ""
    access_seconds: float = 3600
    code_seconds: float = 60
    rotates: bool = True
    email: str | None = "ada@example.org"
    consent: str = "yes"
    device_answers: list[str] = field(default_factory=lambda: ["authorization_pending", "yes"])
    misbehave: list[Any] = field(default_factory=list)
    """For each coming request to the token endpoint: None, or (status, raw body), or seconds to hang."""
    delay: float = 0.0
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, Family] = field(default_factory=dict)
    refresh: dict[str, Family] = field(default_factory=dict)
    spent: set[str] = field(default_factory=set)
    devices: dict[str, Device] = field(default_factory=dict)
    refreshes: int = 0
    replays: int = 0
    given: set[str] = field(default_factory=set)
    """Every token and code that was ever given out."""
    received: bytes = b""
    lock: threading.RLock = field(default_factory=threading.RLock)
    closing: threading.Event = field(default_factory=threading.Event)

    def settings(self) -> dict[str, str]:
        """What stands under `auth_adapters.google`."""
        paths = {"auth_url": "/auth", "token_url": "/token", "revoke_url": "/revoke", "device_url": "/device"}
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            **{key: self.url + path for key, path in paths.items()},
        }

    def invent(self, kind: str) -> str:
        made = f"canary-{kind}-{secrets.token_urlsafe(24)}"
        self.given.add(made)
        return made

    def authorize(self, asked: dict[str, str]) -> str:
        """The user at the page where they agree; gives where the browser is sent."""
        back = {"state": asked["state"]}
        redirect = urlsplit(asked["redirect_uri"])
        problem = (
            asked.get("client_id") != CLIENT_ID
            or asked.get("response_type") != "code"
            or asked.get("code_challenge_method") != "S256"
            or len(asked.get("code_challenge", "")) != 43
            or redirect.hostname != "127.0.0.1"
        )
        if problem:
            return f"{asked['redirect_uri']}?{urlencode({**back, 'error': 'invalid_request'})}"
        if self.consent != "yes":
            return f"{asked['redirect_uri']}?{urlencode({**back, 'error': self.consent})}"
        code = self.invent("code")
        offline = asked.get("access_type") == "offline" and asked.get("prompt") == "consent"
        family = Family(asked["scope"] if offline else asked["scope"] + " online")
        self.codes[code] = Code(
            family, asked["code_challenge"], asked["redirect_uri"], time.monotonic() + self.code_seconds
        )
        return f"{asked['redirect_uri']}?{urlencode({**back, 'code': code})}"

    def token(self, sent: dict[str, str]) -> dict[str, object]:
        if sent.get("client_id") != CLIENT_ID or sent.get("client_secret") != CLIENT_SECRET:
            raise OAuthProblem("invalid_client", 401)
        match sent.get("grant_type"):
            case "authorization_code":
                return self.trade(sent)
            case "refresh_token":
                return self.renew(sent)
            case grant if grant == DEVICE_GRANT:
                return self.poll(sent)
        raise OAuthProblem("unsupported_grant_type")

    def trade(self, sent: dict[str, str]) -> dict[str, object]:
        code = self.codes.get(sent.get("code", ""))
        if code is None or code.is_used or time.monotonic() > code.expires_at:
            if code is not None:
                code.family.is_revoked = True
            raise OAuthProblem("invalid_grant", description="Malformed auth code.")
        hashed = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != code.challenge:
            raise OAuthProblem("invalid_grant", description="code_verifier does not match")
        if sent.get("redirect_uri") != code.redirect_uri:
            raise OAuthProblem("redirect_uri_mismatch")
        code.is_used = True
        return self.grant(code.family, is_first=True)

    def renew(self, sent: dict[str, str]) -> dict[str, object]:
        token = sent.get("refresh_token", "")
        family = self.refresh.get(token)
        self.refreshes += 1
        if token in self.spent and family is not None:
            self.replays += 1
            family.is_revoked = True
        if family is None or family.is_revoked:
            raise OAuthProblem("invalid_grant", description="Token has been expired or revoked.")
        if self.rotates:
            self.spent.add(token)
        return self.grant(family, is_first=self.rotates)

    def grant(self, family: Family, *, is_first: bool) -> dict[str, object]:
        access = self.invent("access")
        self.access[access] = family
        answer: dict[str, object] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.access_seconds,
            "scope": family.scope.removesuffix(" online"),
        }
        if is_first and not family.scope.endswith(" online"):
            refresh = self.invent("refresh")
            self.refresh[refresh] = family
            answer["refresh_token"] = refresh
        if self.email and "openid" in family.scope.split():
            answer["id_token"] = id_token(self.email)
        return answer

    def poll(self, sent: dict[str, str]) -> dict[str, object]:
        device = self.devices.get(sent.get("device_code", ""))
        if device is None:
            raise OAuthProblem("invalid_grant")
        said = device.answers.pop(0) if len(device.answers) > 1 else device.answers[0]
        if said != "yes":
            raise OAuthProblem(said, 428)
        del self.devices[sent["device_code"]]
        return self.grant(device.family, is_first=True)

    def begin_device(self, sent: dict[str, str]) -> dict[str, object]:
        if sent.get("client_id") != CLIENT_ID or not sent.get("scope"):
            raise OAuthProblem("invalid_client", 401)
        code = self.invent("device")
        self.devices[code] = Device(Family(sent["scope"]), list(self.device_answers))
        return {
            "device_code": code,
            "user_code": "ABCD-EFGH",
            "verification_url": f"{self.url}/device",
            "expires_in": 1800,
            "interval": 0.01,
        }

    def revoke(self, sent: dict[str, str]) -> dict[str, object]:
        token = sent.get("token", "")
        family = self.refresh.get(token) or self.access.get(token)
        if family is None or family.is_revoked:
            raise OAuthProblem("invalid_token")
        family.is_revoked = True
        return {}

    def is_valid(self, access_token: str) -> bool:
        """Whether an API would take the token."""
        return access_token in self.access and not self.access[access_token].is_revoked


def id_token(email: str) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, {"email": email})]
    coded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join((*coded, "c2lnbmF0dXJl"))


@contextmanager
def oauth_server() -> Iterator[OAuthServer]:  # noqa: C901  # a server's handlers
    """Serve on a free port of 127.0.0.1."""
    state = OAuthServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.received += self.path.encode() + str(self.headers).encode()
            parts = urlsplit(self.path)
            if parts.path == "/auth":
                with state.lock:
                    where = state.authorize(dict(parse_qsl(parts.query)))
                self.send_response(302)
                self.send_header("Location", where)
                self.end_headers()
            elif parts.path == "/stats":
                counts = {"refreshes": state.refreshes, "replays": state.replays, "live": len(state.access)}
                self.answer(200, json.dumps(counts).encode())
            else:
                self.answer(404, b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            state.received += self.path.encode() + str(self.headers).encode() + body
            acts = {
                "/token": state.token,
                "/revoke": state.revoke,
                "/device": state.begin_device,
            }
            if state.misbehave and (wrong := state.misbehave.pop(0)) is not None:
                if isinstance(wrong, tuple):
                    self.answer(*wrong)
                elif wrong == "drip":
                    self.drip()
                else:
                    state.closing.wait(wrong)
                    self.close_connection = True
                return
            time.sleep(state.delay)
            try:
                with state.lock:
                    answer = acts[self.path](dict(parse_qsl(body.decode())))
            except OAuthProblem as problem:
                self.answer(problem.status, json.dumps(problem.body).encode())
            else:
                self.answer(200, json.dumps(answer).encode())

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def drip(self) -> None:
            """One byte at a time, each within any time limit for reading."""
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.close_connection = True
            while not state.closing.wait(0.05):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield state
        finally:
            state.closing.set()
            server.shutdown()
            thread.join()
