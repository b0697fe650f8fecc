"""Logging in at Google: by a browser here, by a browser elsewhere, or by a code typed in elsewhere.

Each way ends with a `Grant`. They differ only in how the user's consent comes back:

- **browser**: to a port of this machine, where we listen;
- **paste**: to an address where nobody listens; the user copies it out of the browser's address bar.
  Who reads it over their shoulder can do nothing with it: PKCE binds the code to us;
- **device**: not at all; we ask the provider until the user has agreed (RFC 8628).

`access_type=offline` with `prompt=consent` makes Google give a refresh token every time, not only
when the user agrees first.
"""

from __future__ import annotations

import time
import webbrowser
from collections.abc import Callable
from threading import Thread
from typing import Final
from urllib.parse import urlsplit

from heimdall_litellm.auth.login import Grant
from heimdall_litellm.auth.loopback import Listener, code_in
from heimdall_litellm.auth.oauth import DeviceCode, OAuthClient, Provider
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.config import SECTION, GoogleSettings
from heimdall_litellm.errors import ConfigError, LoginRefused, ProviderUnreachable

NAME: Final = "google"
PASTE_URI: Final = "http://127.0.0.1:47823"
_SLOWER: Final = 5.0
"""Seconds that RFC 8628 adds to the interval at each `slow_down`."""


def google(settings: GoogleSettings, *, timeout: float = 15.0) -> Provider:
    """Give Google as a provider. Raises ConfigError if no client is configured."""
    if settings.client_id is None:
        raise ConfigError(
            f"{SECTION}.auth_adapters.google.client_id is not set: make an OAuth client in Google's console "
            "and name it there, such as os.environ/GOOGLE_CLIENT_ID (docs/auth-google.md says how)"
        )
    secret = settings.client_secret
    return Provider(
        client_id=settings.client_id,
        client_secret=Secret(secret.get_secret_value()) if secret else None,
        scopes=settings.scopes,
        auth_url=settings.auth_url,
        token_url=settings.token_url,
        revoke_url=settings.revoke_url,
        device_url=settings.device_url,
        extra={"access_type": "offline", "prompt": "consent"},
        timeout=timeout,
    )


def by_browser(
    client: OAuthClient,
    show: Callable[[str], None],
    seconds: float,
    open_page: Callable[[str], object] = webbrowser.open,
) -> Grant:
    """Open the page in a browser of this machine and wait for its answer; `show` gets the URL as well."""
    with Listener() as listener:
        authorization = client.authorization(listener.redirect_uri)
        listener.expect(authorization.state)
        show(authorization.url)
        # Some browsers, those of a terminal for one, return when they are closed: don't wait for them.
        Thread(target=open_page, args=(authorization.url,), daemon=True).start()
        code = listener.wait(seconds)
    return client.exchange(authorization, code)


def by_paste(client: OAuthClient, show: Callable[[str], None], ask: Callable[[], str]) -> Grant:
    """Show the page's URL, and ask for the address (or the code alone) that the browser ends up at."""
    authorization = client.authorization(PASTE_URI)
    show(authorization.url)
    pasted = ask().strip()
    if "://" in pasted or "code=" in pasted or "error=" in pasted:
        query = urlsplit(pasted).query or pasted.lstrip("?")
        code = code_in(query, authorization.state)
    else:
        code = Secret(pasted) if pasted else None  # PKCE still binds it to this login
    if code is None:
        raise LoginRefused(
            "what was pasted is not the answer to this login; copy the whole address that the browser "
            f"ends up at, which begins with {PASTE_URI}",
            "wrong_answer",
        )
    return client.exchange(authorization, code)


def by_device(
    client: OAuthClient,
    show: Callable[[DeviceCode], None],
    seconds: float,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Grant:
    """Show a code to type in elsewhere, and ask until the user has agreed or the code has expired."""
    device = client.begin_device()
    show(device)
    deadline, interval = clock() + min(seconds, device.expires_in), device.interval
    while clock() + interval <= deadline:
        sleep(interval)
        try:
            return client.poll_device(device.code)
        except LoginRefused as refused:
            if refused.code == "slow_down":
                interval += _SLOWER
            elif refused.code != "authorization_pending":
                raise
        except ProviderUnreachable:
            interval = 2 * interval or 1.0
    raise LoginRefused("nobody agreed in time; the code has expired", "expired_token")
