"""Secrets, keys and the store: what is on disk, who may read it, and that nothing is lost."""

from __future__ import annotations

import builtins
import copy
import errno
import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from heimdall_litellm.auth import (
    KEY_VARIABLE,
    Grant,
    Login,
    Secret,
    TokenKeys,
    TokenStore,
    new_key,
    open_store,
)
from heimdall_litellm.config import AuthSettings
from heimdall_litellm.errors import StoreError, StoreUnreadable

ROOT = Path(__file__).parents[2]
CANARY = "canary-token-8c1f"
LOGIN = Login(
    client_id="client",
    access_token=Secret(f"{CANARY}-access"),
    expires_at=2_000.0,
    refresh_token=Secret(f"{CANARY}-refresh"),
    scopes=("one", "two"),
    account="ada@example.org",
    made_at=1_000.0,
)


def store_in(directory: Path, key: str) -> TokenStore:
    return TokenStore(directory / "store", TokenKeys({KEY_VARIABLE: key}))


@pytest.fixture
def key() -> str:
    return new_key()


@pytest.fixture
def store(tmp_path: Path, key: str) -> TokenStore:
    return store_in(tmp_path, key)


def test_a_secret_shows_itself_on_demand_only() -> None:
    secret = Secret(CANARY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>20}",
        repr([secret]),
        repr({"a": secret}),
    ]
    assert all("Secret(***)" in text and CANARY not in text for text in shown)
    assert secret.reveal() == CANARY
    assert not hasattr(secret, "__dict__")


def test_a_secret_is_compared_and_told_apart_without_being_shown() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a").digest == "ca978112ca1bbdca"
    assert Secret("\ud800").digest  # JSON can say that


def test_a_secret_may_be_copied_and_not_be_written_or_changed() -> None:
    secret = Secret(CANARY)
    assert copy.copy(secret) is copy.deepcopy([secret])[0] is secret
    with pytest.raises(TypeError, match="not serialized") as refused:
        pickle.dumps(secret)
    assert CANARY not in str(refused.value)
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(secret)
    with pytest.raises(AttributeError):
        secret._text = "other"
    with pytest.raises(AttributeError):
        del secret._text


@given(
    st.builds(
        Login,
        client_id=st.text(),
        access_token=st.text().map(Secret),
        expires_at=st.floats(allow_nan=False, allow_infinity=False),
        refresh_token=st.none() | st.text().map(Secret),
        scopes=st.lists(st.text()).map(tuple),
        account=st.none() | st.text(),
        made_at=st.floats(0, 1e12),
        refreshed_at=st.none() | st.floats(0, 1e12),
        failures=st.integers(0, 1000),
        retry_at=st.floats(0, 1e12),
        refused=st.none() | st.text(),
    )
)
def test_a_login_survives_being_written(login: Login) -> None:
    assert Login.from_json(login.to_json()) == login


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", LOGIN.to_json().replace(b'"version":1', b'"version":2')]
)
def test_what_is_no_login_is_refused_without_its_content(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a login of this version") as refused:
        Login.from_json(data)
    assert CANARY not in str(refused.value)


def test_a_renewed_login_keeps_what_the_answer_leaves_out() -> None:
    tired = replace(LOGIN, failures=3, retry_at=9e9)
    renewed = tired.renewed(Grant(Secret("new"), 60.0), now=5_000.0)
    assert renewed == replace(LOGIN, access_token=Secret("new"), expires_at=5_060.0, refreshed_at=5_000.0)
    rotated = tired.renewed(Grant(Secret("new"), 60.0, Secret("next"), ("three",), "bob@x"), now=5_000.0)
    assert (rotated.refresh_token, rotated.scopes, rotated.account) == (Secret("next"), ("three",), "bob@x")


def test_a_login_is_refreshed_ahead_of_time_or_in_the_last_fifth_of_a_short_life() -> None:
    assert LOGIN.stale_at(300) == 1_800
    assert LOGIN.stale_at(100) == 1_900


def test_a_login_comes_back_from_disk_and_is_not_readable_there(store: TokenStore, tmp_path: Path) -> None:
    assert (store.read("google"), store.stamp("google"), store.names()) == (None, None, ())
    store.write("google", LOGIN)
    assert (store.read("google"), store.names()) == (LOGIN, ("google",))
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert written
    for plain in (CANARY, "ada@example.org", "client"):
        assert plain.encode() not in written
    assert store.delete("google")
    assert not store.delete("google")
    assert store.read("google") is None


def test_directory_and_files_are_the_users_alone(store: TokenStore) -> None:
    with store.lock("google", 1):
        store.write("google", LOGIN)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.directory.iterdir()}
    assert modes == {"google.login": 0o600, ".google.lock": 0o600}
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


@pytest.mark.parametrize(("where", "mode"), [("google.login", 0o640), ("google.login", 0o602), ("", 0o750)])
def test_what_others_may_get_at_is_not_used(store: TokenStore, where: str, mode: int) -> None:
    store.write("google", LOGIN)
    path = store.directory / where if where else store.directory
    path.chmod(mode)
    with pytest.raises(StoreError, match=f"mode {mode:o}.*chmod ") as refused:
        store.read("google")
    assert str(path) in str(refused.value)
    if not where:
        with pytest.raises(StoreError, match="others may get at it"):
            store.write("google", LOGIN)
    before = store.stamp("google")
    path.chmod(0o600 if where else 0o700)
    assert store.read("google") == LOGIN
    assert not where or store.stamp("google") != before


def test_the_wrong_key_and_damage_are_told_with_a_remedy_and_change_nothing(
    store: TokenStore, tmp_path: Path
) -> None:
    store.write("google", LOGIN)
    path = store.path("google")
    with pytest.raises(StoreUnreadable, match=r"google\.login.*HEIMDALL_TOKEN_KEY.*auth login google"):
        store_in(tmp_path, new_key()).read("google")
    assert store.read("google") == LOGIN
    sealed = path.read_bytes()
    for damaged in (b"", b"nonsense", sealed[:-5], sealed[:40] + b"A" + sealed[41:], b"\xff" * 100):
        path.write_bytes(damaged)
        with pytest.raises(StoreUnreadable):
            store.read("google")
        assert path.read_bytes() == damaged
    aside = store.set_aside("google")
    assert aside.read_bytes() == b"\xff" * 100
    assert store.names() == ()
    with pytest.raises(StoreError, match="cannot be renamed"):
        store.set_aside("google")


def test_a_key_is_rotated_by_putting_a_new_one_in_front(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    store_in(tmp_path, old).write("google", LOGIN)
    both = store_in(tmp_path, f"{new}, {old}")
    assert both.read("google") == LOGIN
    with pytest.raises(StoreUnreadable):
        store_in(tmp_path, new).read("google")
    both.write("google", LOGIN)
    assert store_in(tmp_path, new).read("google") == LOGIN


@pytest.mark.parametrize(
    "given_key", ["not-a-key", f"{new_key()},", "é" * 44], ids=["words", "one and nothing", "accents"]
)
def test_a_key_that_is_none_is_refused_without_being_shown(tmp_path: Path, given_key: str) -> None:
    with pytest.raises(
        StoreError, match=r"HEIMDALL_TOKEN_KEY: key [12] is no valid key.*heimdall auth key"
    ) as refused:
        store_in(tmp_path, given_key).write("google", LOGIN)
    assert given_key not in str(refused.value)


@pytest.mark.parametrize("name", ["", "../google", "a/b", "Google", ".x", "a" * 65, "a\n"])
def test_a_name_is_never_a_path(store: TokenStore, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name of a login"):
        store.read(name)


def test_the_store_is_where_the_settings_say_or_with_the_users_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_store(AuthSettings(store=str(tmp_path / "x")), {}).directory == tmp_path / "x"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store(AuthSettings(), {}).directory.is_relative_to(tmp_path)
    assert open_store(AuthSettings(store="~/logins"), {}).directory == tmp_path / "logins"


def test_a_directory_that_cannot_be_is_told(tmp_path: Path, key: str) -> None:
    (tmp_path / "file").write_text("")
    store = TokenStore(tmp_path / "file" / "store", TokenKeys({KEY_VARIABLE: key}))
    for act in (
        lambda: store.read("google"),
        lambda: store.stamp("google"),
        lambda: store.write("google", LOGIN),
        lambda: store.delete("google"),
        lambda: store.lock("google", 1).__enter__(),
    ):
        with pytest.raises(StoreError, match=r"Not a directory|File exists"):
            act()


def test_a_full_disk_leaves_the_old_login_and_no_litter(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("google", LOGIN)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            store.write("google", replace(LOGIN, failures=1))
    assert store.read("google") == LOGIN
    assert [path.name for path in store.directory.iterdir()] == ["google.login"]


def test_a_lock_is_waited_for_only_so_long(store: TokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.lock("google", 1), pytest.raises(StoreError, match=r"held this for 0\.1 s"):  # noqa: SIM117
        with TokenStore(store.directory, store.keys).lock("google", 0.1):
            raise AssertionError("unreachable")
    with store.lock("google", 0.1):
        pass

    def broken(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", broken)
    with pytest.raises(StoreError, match="cannot be locked"), store.lock("google", 1):
        raise AssertionError("unreachable")


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from heimdall_litellm.auth import Login, TokenKeys, TokenStore, Secret
store = TokenStore(Path(sys.argv[1]), TokenKeys({"HEIMDALL_TOKEN_KEY": sys.argv[2]}))
login, at = store.read("google"), 0
print("ready", flush=True)
while True:
    at += 1
    with store.lock("google", 5):
        store.write("google", replace(login, failures=at, access_token=Secret("x" * 50_000)))
"""


def test_a_writer_that_is_killed_leaves_the_old_or_the_new(store: TokenStore, key: str) -> None:
    store.write("google", LOGIN)
    highest = 0
    for pause in (0.0, 0.004, 0.011, 0.023, 0.2, 2.0):
        if pause > 0.1 and highest:
            break  # longer only where the machine is so busy that nothing was written yet
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(store.directory), key],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(pause)
            writer.send_signal(signal.SIGKILL)
        left = store.read("google")
        assert left is not None
        highest = max(highest, left.failures)
    assert highest > 0
    (store.directory / ".google.left.tmp").write_bytes(b"half")
    with store.lock("google", 1):  # the dead don't hold it
        store.write("google", LOGIN)
    assert not list(store.directory.glob("*.tmp"))
    assert not list(store.directory.glob(".*.tmp"))


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[Any, str] = {}
        self.forgets = self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked("locked")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.forgets:
            self.held[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_without_a_variable_the_key_is_made_and_kept_in_the_keyring(ring: Ring, tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "s", TokenKeys({KEY_VARIABLE: " "}))
    with pytest.raises(StoreError, match=r"keyring holds no key.*heimdall auth key"):
        store.write("google", LOGIN)
    store.write("google", LOGIN, create_key=True)
    again = TokenStore(tmp_path / "s", TokenKeys({}))
    assert again.read("google") == LOGIN
    assert len(ring.held) == 1
    assert again.keys.source == "the system's keyring"


def test_a_keyring_that_keeps_nothing_or_is_locked_is_no_place_for_a_key(ring: Ring) -> None:
    ring.forgets = True
    with pytest.raises(StoreError, match="holds no key"):
        TokenKeys({}).cipher(create=True)
    ring.is_locked = True
    with pytest.raises(StoreError, match=r"cannot be used \(KeyringLocked\).*heimdall auth key"):
        TokenKeys({}).cipher()


def test_without_the_keyring_library_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("keyring"):
            raise ImportError(name)
        return known(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(
        StoreError, match=r"set HEIMDALL_TOKEN_KEY; `heimdall auth key`.*heimdall-litellm\[keyring\]"
    ):
        TokenKeys({}).cipher()
