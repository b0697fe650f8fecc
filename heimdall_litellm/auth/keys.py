"""The key that stored tokens are encrypted with.

It comes from `HEIMDALL_TOKEN_KEY`, which may hold several keys, separated by commas: the first
encrypts and all of them decrypt, so a key is rotated by putting a new one in front and taking the
old one away when every login has been refreshed once. Else it comes from the system's keyring,
where the first login makes it. There is no third place: a key in a file beside what it encrypts
would protect nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from cryptography.fernet import Fernet, MultiFernet

from heimdall_litellm.errors import StoreError

KEY_VARIABLE: Final = "HEIMDALL_TOKEN_KEY"
_SERVICE: Final = "heimdall"
_ENTRY: Final = "token-key"
_REMEDY: Final = f"set {KEY_VARIABLE}; `heimdall auth key` prints a new key"

T = TypeVar("T")


def new_key() -> str:
    """Make a key."""
    return Fernet.generate_key().decode()


class TokenKeys:
    """Where the key comes from; looked for when it is first needed, which may ask the keyring."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._given = environ.get(KEY_VARIABLE, "").strip()
        self._cipher: MultiFernet | None = None

    @property
    def source(self) -> str:
        """Where the key is looked for, in words."""
        return KEY_VARIABLE if self._given else "the system's keyring"

    def cipher(self, *, create: bool = False) -> MultiFernet:
        """Give what encrypts and decrypts; `create` makes a key in the keyring if there is none.

        Raises StoreError, never naming a key, if there is no key or it is none.
        """
        if self._cipher is None:
            keys = self._given.split(",") if self._given else [_from_keyring(create=create)]
            self._cipher = MultiFernet([self._fernet(at, key) for at, key in enumerate(keys, 1)])
        return self._cipher

    def _fernet(self, at: int, key: str) -> Fernet:
        try:
            return Fernet(key.strip())
        except ValueError:
            raise StoreError(f"{self.source}: key {at} is no valid key; {_REMEDY}") from None


def _from_keyring(*, create: bool) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise StoreError(
            f"there is no key for stored tokens: {_REMEDY}; "
            'or pip install "heimdall-litellm[keyring]" to keep one in the system\'s keyring'
        ) from None

    def ask(what: Callable[[], T]) -> T:
        try:
            return what()
        except (KeyringError, OSError) as error:
            why = type(error).__name__
            raise StoreError(f"the system's keyring cannot be used ({why}); {_REMEDY}") from None

    key = ask(lambda: keyring.get_password(_SERVICE, _ENTRY))
    if key is None and create:
        ask(lambda: keyring.set_password(_SERVICE, _ENTRY, new_key()))
        key = ask(lambda: keyring.get_password(_SERVICE, _ENTRY))  # some keyrings keep nothing, silently
    if key is None:
        raise StoreError(f"the system's keyring holds no key for stored tokens; {_REMEDY}")
    return key
