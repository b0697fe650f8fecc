"""`heimdall auth`: logins that the proxy uses, made by a person once.

What the user has to read or open while a login is on its way goes to the error output; the answer
goes to the standard output. No token is ever printed; `key` prints a key that nothing uses yet.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from heimdall_litellm.auth import Login, TokenStore, new_key, open_store
from heimdall_litellm.cli.options import Finite, config_option, json_option
from heimdall_litellm.cli.render import NEGATIVE, OK, answers, complain, err, out, print_item, print_json
from heimdall_litellm.cli.session import DEFAULT_CONFIG
from heimdall_litellm.config import AuthSettings, environment, load_config, settings_from_config
from heimdall_litellm.errors import LoginError, StoreError, StoreUnreadable

if TYPE_CHECKING:
    from heimdall_litellm.auth.oauth import DeviceCode, OAuthClient

_LOCK_SECONDS: Final = 60.0

provider_argument: Final = click.argument("provider", type=click.Choice(["google"]))


@click.group()
def auth() -> None:
    """Log in at a provider, so that the proxy may call it on your behalf."""


@auth.command()
@provider_argument
@click.option("--paste", is_flag=True, help="The browser is on another machine: paste its address here.")
@click.option("--device", is_flag=True, help="Type a code in on another device.")
@click.option(
    "--timeout", type=Finite(1, 3600), default=300, show_default=True, help="Seconds to wait for you."
)
@config_option
@json_option
@answers
def login(provider: str, paste: bool, device: bool, timeout: float, config: str | None, as_json: bool) -> int:
    """Log in at PROVIDER and keep the tokens, encrypted; exit code 1 if that came to nothing."""
    if paste and device:
        raise click.UsageError("--paste and --device exclude each other")
    from heimdall_litellm.auth.google_login import google
    from heimdall_litellm.auth.oauth import OAuthClient

    settings, store = _open(config)
    client = OAuthClient(google(settings.google))
    # What would stop us at the end had better stop us before the user is sent to a browser.
    store.keys.cipher(create=True)
    with store.lock(provider, _LOCK_SECONDS), suppress(StoreUnreadable):
        store.read(provider)
    try:
        made = _log_in(client, paste=paste, device=device, timeout=timeout)
    except LoginError as error:
        if as_json:
            print_json({"error": str(error)})
        else:
            complain(str(error))
        return NEGATIVE
    aside = _keep(store, provider, made)
    missing = [scope for scope in client.provider.scopes if scope not in made.scopes]
    facts = {**_facts(provider, store, made), "missing_scopes": missing, "set_aside": aside and str(aside)}
    if as_json:
        print_json(facts)
        return OK
    out().print(f"Logged in at {provider}.", style="bold green")
    _show(facts)
    if missing:
        print_item(out(), "not granted", ", ".join(missing))
    if not made.can_refresh:
        print_item(out(), "no refresh", "the provider gave no refresh token: log in again when this one ends")
    if aside:
        print_item(out(), "set aside", f"a login that could not be decrypted is now {aside}")
    return OK


@auth.command()
@provider_argument
@config_option
@json_option
@answers
def logout(provider: str, config: str | None, as_json: bool) -> int:
    """Have PROVIDER revoke the tokens, and delete them here in any case; exit code 1 if there are none."""
    settings, store = _open(config)
    if provider not in store.names():
        said = f"there is no login at {provider} in {store.directory}"
        if as_json:
            print_json({"login": provider, "deleted": False, "revoked": False, "note": said})
        else:
            complain(said)
        return NEGATIVE
    with store.lock(provider, _LOCK_SECONDS):
        note = _revoke(settings, store, provider)
        deleted = store.delete(provider)
    if as_json:
        print_json({"login": provider, "deleted": deleted, "revoked": note is None, "note": note})
        return OK
    out().print(f"Logged out at {provider}; the tokens are deleted.", style="bold green")
    if note is None:
        out().print(f"{provider} has revoked them.")
    else:
        out().print(f"They were not revoked: {note}. Do that in your account's settings.", soft_wrap=True)
    return OK


@auth.command()
@config_option
@json_option
@answers
def status(config: str | None, as_json: bool) -> int:
    """Show the logins there are, whose and until when; exit code 1 if there is none, or one of no use."""
    _, store = _open(config)
    rows: list[dict[str, object]] = []
    for name in store.names():
        try:
            found = store.read(name)
        except StoreError as error:
            rows.append({"login": name, "usable": False, "error": str(error)})
        else:
            rows += [_facts(name, store, found)] if found else []
    if as_json:
        print_json({"store": str(store.directory), "key": store.keys.source, "logins": rows})
    else:
        for row in rows:
            out().print(str(row["login"]), style="bold")
            _show(row)
        if not rows:
            out().print(f"No login in {store.directory}.", soft_wrap=True)
    return OK if rows and all(row["usable"] for row in rows) else NEGATIVE


@auth.command()
@json_option
@answers
def key(as_json: bool) -> int:
    """Print a new key for HEIMDALL_TOKEN_KEY, which encrypts the stored tokens."""
    made = new_key()
    if as_json:
        print_json({"key": made})
    else:
        click.echo(made)
    return OK


def _open(config: str | None) -> tuple[AuthSettings, TokenStore]:
    """Give the settings and the store, of a configuration if there is one."""
    if config is None and DEFAULT_CONFIG.is_file():
        config = str(DEFAULT_CONFIG)
    given = load_config(config) if config else {}
    environ = environment(given)
    settings = settings_from_config(given, environ).auth_adapters
    return settings, open_store(settings, environ)


def _log_in(client: OAuthClient, *, paste: bool, device: bool, timeout: float) -> Login:
    from heimdall_litellm.auth.google_login import PASTE_URI, by_browser, by_device, by_paste

    console = err()

    def show_page(url: str) -> None:
        console.print("Open this page in a browser and agree:\n", style="bold")
        console.print(url + "\n", soft_wrap=True)

    def show_code(code: DeviceCode) -> None:
        console.print(f"Open {code.page} on any device and type in", style="bold", soft_wrap=True)
        console.print(f"\n    {code.user_code}\n")

    def ask() -> str:
        console.print(
            f"The browser then ends up at {PASTE_URI}/… and says that it can't be reached. Copy that whole "
            "address from the address bar.",
        )
        pasted: str = click.prompt("Paste it here", err=True)
        return pasted

    if device:
        grant = by_device(client, show_code, timeout)
    elif paste:
        grant = by_paste(client, show_page, ask)
    else:
        grant = by_browser(client, show_page, timeout)
    given = client.provider
    return Login.begun(grant, client_id=given.client_id, scopes=given.scopes, now=time.time())


def _keep(store: TokenStore, name: str, made: Login) -> Path | None:
    """Write a new login; what was there and could not be decrypted is set aside, and said where."""
    aside = None
    with store.lock(name, _LOCK_SECONDS):
        try:
            store.read(name)
        except StoreUnreadable:
            aside = store.set_aside(name)
        store.write(name, made)
    return aside


def _revoke(settings: AuthSettings, store: TokenStore, name: str) -> str | None:
    """Try to revoke a login; say why it could not be done."""
    from heimdall_litellm.auth.google_login import google
    from heimdall_litellm.auth.oauth import OAuthClient

    try:
        found = store.read(name)
        if found is None:
            return "they are gone already"
        # The login may be older than the client that is configured now, whose secret it doesn't know.
        is_same = settings.google.client_id == found.client_id
        update: dict[str, object] = {} if is_same else {"client_id": found.client_id, "client_secret": None}
        OAuthClient(google(settings.google.model_copy(update=update))).revoke(
            found.refresh_token or found.access_token
        )
    except (StoreError, LoginError) as error:
        return str(error)
    return None


def _facts(name: str, store: TokenStore, found: Login) -> dict[str, object]:
    now = time.time()
    return {
        "login": name,
        "usable": found.is_usable(now),
        "account": found.account,
        "digest": (found.refresh_token or found.access_token).digest,
        "scopes": list(found.scopes),
        "since": _time(found.made_at),
        "access_until": _time(found.expires_at),
        "refresh": _refresh_state(found),
        "file": str(store.path(name)),
    }


def _refresh_state(found: Login) -> str:
    if found.refused is not None:
        return f"refused ({found.refused}): log in again"
    if found.refresh_token is None:
        return "not possible: the provider gave no refresh token"
    if found.failures:
        times = "once" if found.failures == 1 else f"{found.failures} times"
        return f"came to nothing {times}; next try from {_time(found.retry_at)}"
    return f"works, last at {_time(found.refreshed_at)}" if found.refreshed_at else "possible, not needed yet"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _show(facts: Mapping[str, object]) -> None:
    console = out()
    if "error" in facts:
        print_item(console, "error   ", str(facts["error"]))
        return
    scopes = facts["scopes"]
    for word, value in (
        ("who     ", facts["account"] or f"unknown (token {facts['digest']})"),
        ("scopes  ", "\n".join(scopes) if isinstance(scopes, list) else ""),
        ("access  ", f"until {facts['access_until']}"),
        ("refresh ", facts["refresh"]),
        ("file    ", facts["file"]),
    ):
        print_item(console, word, str(value))
