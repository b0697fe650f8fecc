"""Logins on disk: one encrypted file for each name, shared by every process of the proxy.

Readers take no lock: a file is replaced as a whole (written beside, synchronized, renamed), so they
see the old one or the new one. Writers hold the lock of the name across reading, asking the provider
and writing. Directory and files are the user's alone; where others may look in or write, the store
refuses to work, because a token that somebody may have read or planted is no credential.

What can't be decrypted is never overwritten silently: a new login sets it aside first.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

from cryptography.fernet import InvalidToken
from filelock import FileLock, Timeout
from platformdirs import user_state_path

from heimdall_litellm.auth.keys import TokenKeys
from heimdall_litellm.auth.login import Login
from heimdall_litellm.config import AuthSettings
from heimdall_litellm.errors import StoreError, StoreUnreadable

Stamp: TypeAlias = tuple[int, int, int]
"""Changes whenever a file is replaced or its mode is mended."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SUFFIX: Final = ".login"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MAX_BYTES: Final = 1 << 20


def open_store(settings: AuthSettings, environ: Mapping[str, str]) -> TokenStore:
    """Give the store that the settings name; nothing is read or made yet."""
    directory = Path(settings.store).expanduser() if settings.store else user_state_path("heimdall")
    return TokenStore(directory.absolute(), TokenKeys(environ))


class TokenStore:
    """The logins in one directory. Every method may raise StoreError."""

    def __init__(self, directory: Path, keys: TokenKeys) -> None:
        self.directory = directory
        self.keys = keys

    def path(self, name: str) -> Path:
        """Say where the login is kept."""
        if not _NAME.fullmatch(name):
            raise StoreError(f"{name!r} cannot be the name of a login; use a-z, 0-9, - and _")
        return self.directory / f"{name}{_SUFFIX}"

    def names(self) -> tuple[str, ...]:
        """List the logins there are."""
        found = (path.stem for path in self.directory.glob(f"*{_SUFFIX}"))
        return tuple(sorted(name for name in found if _NAME.fullmatch(name)))

    def stamp(self, name: str) -> Stamp | None:
        """Say which state of the file this is, cheaply; None if there is none."""
        path = self.path(name)
        try:
            seen = path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from None
        return seen.st_ctime_ns, seen.st_ino, seen.st_size

    def read(self, name: str) -> Login | None:
        """Read a login; None if there is none."""
        path = self.path(name)
        try:
            self._require_private(self.directory, self.directory.stat(), "700")
            with path.open("rb") as file:
                self._require_private(path, os.fstat(file.fileno()), "600")
                sealed = file.read(_MAX_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from None
        try:
            return Login.from_json(self.keys.cipher().decrypt(sealed))
        except (InvalidToken, ValueError):
            raise StoreUnreadable(
                f"{path}: cannot be decrypted with the key from {self.keys.source}: the key is another one, "
                f"or the file is damaged; give back the key (several may stand in HEIMDALL_TOKEN_KEY, "
                f"separated by commas) or log in again with `heimdall auth login {name}`; nothing was changed"
            ) from None

    def write(self, name: str, login: Login, *, create_key: bool = False) -> None:
        """Replace a login as a whole; whoever reads meanwhile gets the old one. Hold the lock."""
        path, sealed = self.path(name), self.keys.cipher(create=create_key).encrypt(login.to_json())
        self._make_directory()
        try:
            for left in self.directory.glob(f".{name}.*.tmp"):  # of a writer that was killed
                left.unlink(missing_ok=True)
            # mkstemp makes the file readable and writable for its owner only.
            handle, beside = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=self.directory)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(sealed)
                    file.flush()
                    os.fsync(file.fileno())
                Path(beside).replace(path)
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise
            self._sync_directory()
        except OSError as error:
            raise StoreError(f"{path}: cannot be written ({error.strerror})") from None

    def delete(self, name: str) -> bool:
        """Forget a login, and say whether there was one. Hold the lock."""
        path = self.path(name)
        try:
            path.unlink()
            self._sync_directory()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"{path}: cannot be deleted ({error.strerror})") from None
        return True

    def set_aside(self, name: str) -> Path:
        """Rename what cannot be read, so that a new login finds room and nothing is lost. Hold the lock."""
        path = self.path(name)
        aside = path.with_suffix(f"{_SUFFIX}.unreadable")
        try:
            path.replace(aside)
        except OSError as error:
            raise StoreError(f"{path}: cannot be renamed ({error.strerror})") from None
        return aside

    @contextmanager
    def lock(self, name: str, timeout: float) -> Iterator[None]:
        """Be the only process that changes this login; waits up to `timeout` seconds."""
        lock_file = self.path(name).with_name(f".{name}.lock")
        self._make_directory()
        # A lock of its own for each holder: threads of one process exclude each other as well.
        lock = FileLock(lock_file, timeout=timeout, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise StoreError(
                f"{lock_file}: another process has held this for {timeout:g} s; try again when it is done"
            ) from None
        except OSError as error:
            raise StoreError(f"{lock_file}: cannot be locked ({error.strerror})") from None
        try:
            yield
        finally:
            lock.release()

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            seen = self.directory.stat()
        except OSError as error:
            raise StoreError(f"{self.directory}: cannot be made ({error.strerror})") from None
        self._require_private(self.directory, seen, "700")

    @staticmethod
    def _require_private(path: Path, seen: os.stat_result, mode: str) -> None:
        if os.name == "posix" and seen.st_mode & _OTHERS:
            raise StoreError(
                f"{path}: others may get at it (mode {stat.S_IMODE(seen.st_mode):o}), so it is not used; "
                f"run: chmod {mode} '{path}'"
            )

    def _sync_directory(self) -> None:
        """Make a rename last; where a directory can't be synchronized, the file itself has been."""
        with suppress(OSError):
            handle = os.open(self.directory, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: cannot be read ({error.strerror})")
