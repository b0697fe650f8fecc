"""A stored login as the proxy uses it: a valid access token whenever one can be had.

Many workers share one login, and a refresh token may be good for one use only; providers that rotate
it take a second use for theft and revoke everything. So a refresh happens once: in a process, callers
share one task; between processes, whoever holds the lock reads the store again and takes a newer token
if a peer was faster.

Before a token is sent, the store is told so (`failures`, `retry_at`). That finds a disk that is full
before the token is spent, and makes a failure hold back all processes, even if the one that tried
dies. If the new tokens can't be written after all, they are kept in memory and written later.

A refresh begins well ahead of expiry, in the background; callers wait only if the token has expired.
What is asked on every request is a file's status. Everything that may block runs in threads.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from heimdall_litellm.auth.login import Login
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.auth.store import Stamp, TokenStore
from heimdall_litellm.errors import AuthError, LoginRefused, StoreError

if TYPE_CHECKING:
    from heimdall_litellm.auth.oauth import OAuthClient

logger = logging.getLogger("heimdall_litellm")

Clock = Callable[[], float]
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 300.0
_BLIND_SECONDS: Final = 5.0
_RANDOM: Final = random.SystemRandom()  # a host may seed its own, for all its workers alike


@dataclass(frozen=True, slots=True)
class Limits:
    """How long before, and how long at most, in seconds."""

    margin: float = 300.0
    """A token that expires within this is refreshed."""
    wait: float = 20.0
    """How long a caller waits when the token has expired."""
    lock: float = 60.0
    """How long a refresh waits for one of another process."""


DEFAULT_LIMITS: Final = Limits()


class StoredLogin:
    """One login in a store; one object for each process and login.

    It raises nothing: what goes wrong is logged, without any token, when it begins.
    """

    def __init__(
        self,
        store: TokenStore,
        name: str,
        client: OAuthClient,
        *,
        clock: Clock = time.time,
        limits: Limits = DEFAULT_LIMITS,
        jitter: Callable[[], float] = _RANDOM.random,
    ) -> None:
        self._store, self._name, self._client = store, name, client
        self._clock, self._limits, self._jitter = clock, limits, jitter
        self._seen: tuple[Stamp | None, Login | None] = (None, None)
        self._unsaved: tuple[Secret, Login] | None = None
        self._task: asyncio.Task[None] | None = None
        self._blind_until = 0.0
        self._trouble = ""

    def is_present(self) -> bool:
        """Say whether there is a login that can be used; asks the disk only, reads after a change."""
        login = self._look()
        return login is not None and login.is_usable(self._clock())

    async def bearer(self, now: float | None = None) -> Secret | None:
        """Give a valid access token, or None if there is none to be had."""
        login = await self._current()
        now = self._clock() if now is None else now
        if login is None or not login.is_usable(now):
            return None
        if self._unsaved is not None:
            self._refreshing()  # which writes it first
        if now < login.stale_at(self._limits.margin):
            return login.access_token
        is_valid = now < login.expires_at
        if login.can_refresh and not (is_valid and now < login.retry_at):
            task = self._refreshing()
            if not is_valid:
                await asyncio.wait([task], timeout=self._limits.wait)
                login, now = await self._current(), self._clock()
        return login.access_token if login is not None and now < login.expires_at else None

    async def _current(self) -> Login | None:
        """Give the newest login, reading in a thread if the file has changed."""
        return self._known() if self._is_fresh() else await asyncio.to_thread(self._look)

    def _look(self) -> Login | None:
        """Give the newest login; what was read last, while the store can't be read."""
        if not self._is_fresh():
            try:
                # Should the file be replaced in between, the stamp is older than the login: read again then.
                stamp = self._store.stamp(self._name)
                self._seen = (stamp, self._store.read(self._name))
            except StoreError as error:
                self._complain(str(error))
                self._blind_until = self._clock() + _BLIND_SECONDS  # a keyring may be slow to say no
        return self._known()

    def _is_fresh(self) -> bool:
        try:
            return self._clock() < self._blind_until or self._store.stamp(self._name) == self._seen[0]
        except StoreError:
            return False

    def _known(self) -> Login | None:
        """Give what was read last, or what it became since then and could not be written."""
        login, unsaved = self._seen[1], self._unsaved
        if unsaved is not None and login is not None and login.refresh_token == unsaved[0]:
            return unsaved[1]
        return login

    def _refreshing(self) -> asyncio.Task[None]:
        """Give the one refresh of this process that is going on, or begin it."""
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(asyncio.to_thread(self._refresh))
            self._task.add_done_callback(self._ended)
        return self._task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._complain(f"an error of ours: {type(error).__name__}")

    def _refresh(self) -> None:
        try:
            with self._store.lock(self._name, self._limits.lock):
                self._refresh_alone()
        except AuthError as error:
            self._complain(str(error))

    def _refresh_alone(self) -> None:
        """Refresh, unless a peer did; call it in a thread, holding the lock."""
        login, now = self._store.read(self._name), self._clock()
        if login is not None and self._unsaved is not None:
            if login.refresh_token == self._unsaved[0]:  # nobody has written since
                login = self._unsaved[1]
                self._store.write(self._name, login)
            self._unsaved = None
        if login is None or login.refresh_token is None or not login.can_refresh:
            return
        if now < login.stale_at(self._limits.margin) or now < login.retry_at:
            return
        if login.client_id != self._client.provider.client_id:
            raise StoreError("it was made with another client id than the one configured; log in again")
        trying = replace(login, failures=login.failures + 1, retry_at=now + self._pause(login.failures))
        self._store.write(self._name, trying)
        try:
            grant = self._client.refresh(login.refresh_token)
        except LoginRefused as refused:
            if refused.code != "invalid_grant":
                raise
            self._store.write(self._name, replace(trying, refused=refused.code))
            raise LoginRefused(f"{refused}; log in again", refused.code) from None
        renewed = trying.renewed(grant, self._clock())
        self._unsaved = (login.refresh_token, renewed)
        self._store.write(self._name, renewed)
        self._unsaved, self._trouble = None, ""

    def _pause(self, failures: int) -> float:
        """Say how long to leave the provider alone should this try fail: longer each time."""
        longest = min(_FIRST_PAUSE * (1 << min(failures, 16)), _LONGEST_PAUSE)
        return longest * (0.5 + self._jitter() / 2)

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            logger.warning("the login %r: %s", self._name, trouble)
