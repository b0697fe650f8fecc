"""Waiting on 127.0.0.1 for the browser to come back with the answer (RFC 8252).

The port is one that the system gave, open only while a login is on its way. One request is the
answer: the right path with the right state. All others are turned away, and the waiting goes on:
browsers open connections without using them and ask for icons, and other programs and pages on this
machine can reach the port too.
"""

from __future__ import annotations

import queue
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.errors import LoginError, LoginRefused, ProviderUnreachable

_PAGE: Final = (
    "<!doctype html><meta charset=utf-8><title>Heimdall</title>"
    "<p>{said}<p>Close this window and go back to the terminal.\n"
)
_TURNED_AWAY: Final = {
    HTTPStatus.NOT_FOUND: "There is nothing here.",
    HTTPStatus.BAD_REQUEST: "This is not the answer to the login that is going on.",
}


def code_in(query: str, state: Secret) -> Secret | None:
    """Take the code out of a redirect's query; None if it does not belong to this login.

    Raises LoginRefused if it does belong, and says that the user or the provider did not agree.
    """
    try:
        given = dict(parse_qsl(query, max_num_fields=50))
    except ValueError:
        return None
    if Secret(given.get("state", "")) != state:
        return None
    if "error" in given:
        said = given["error"][:64]
        said = said if said.isprintable() else "error"
        raise LoginRefused(f"the login was refused: {said}", said)
    return Secret(given["code"]) if given.get("code") else None


class Listener:
    """A free port on 127.0.0.1 that the browser is sent back to; open within `with`."""

    def __init__(self) -> None:
        self._answers: queue.SimpleQueue[Secret | LoginError] = queue.SimpleQueue()
        self._expected: Secret | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.listener = self
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to be sent."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait(self, seconds: float) -> Secret:
        """Give the code, once `expect` has said which state belongs to it.

        Raises LoginRefused if the answer is no, and ProviderUnreachable if none comes in time.
        """
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise ProviderUnreachable(
                f"nobody came back from the browser in {seconds:g} s; try again, or with --paste if the "
                "browser runs on another machine"
            ) from None
        if isinstance(answer, LoginError):
            raise answer
        return answer

    def expect(self, state: Secret) -> None:
        """Say which state the answer carries; until then every request is turned away."""
        self._expected = state

    def answer_in(self, target: str) -> Secret | LoginError | HTTPStatus:
        """Look at the target of a request: it holds the answer, or is to be turned away."""
        parts, expected = urlsplit(target), self._expected
        if parts.path not in ("", "/"):
            return HTTPStatus.NOT_FOUND
        try:
            answer: Secret | LoginError | None = code_in(parts.query, expected) if expected else None
        except LoginRefused as refused:
            answer = refused
        if answer is None:
            return HTTPStatus.BAD_REQUEST
        self._expected = None  # one answer only
        return answer

    def finish(self, answer: Secret | LoginError) -> None:
        """Let `wait` go on."""
        self._answers.put(answer)


class _Server(ThreadingHTTPServer):
    # A connection that a browser opened ahead and never used must not keep the program from ending.
    daemon_threads = True
    listener: Listener

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that hangs up is no event, and a traceback would show the code."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # seconds of silence

    def do_GET(self) -> None:
        answer = self.server.listener.answer_in(self.path)
        if isinstance(answer, HTTPStatus):
            status, said = answer, _TURNED_AWAY[answer]
        else:
            refused = isinstance(answer, LoginError)
            status, said = (
                HTTPStatus.OK,
                "The login was refused." if refused else "Heimdall has got the answer.",
            )
        body = _PAGE.format(said=said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if not isinstance(answer, HTTPStatus):
            self.server.listener.finish(answer)  # only now: the program may end, and the page is to be read

    def version_string(self) -> str:
        return "Heimdall"

    def log_message(self, *_: object) -> None:
        """Say nothing: the target of the request holds the code."""
