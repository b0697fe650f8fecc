"""Watch a bundle's directory and swap in a new bundle once it has proved itself.

A refused bundle changes nothing: the last good one goes on serving, and the refusal is
reported once per content, not once per look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from heimdall_litellm.bundle.layout import FILES
from heimdall_litellm.bundle.load import Bundle, load_bundle
from heimdall_litellm.bundle.verify import manifest_digest
from heimdall_litellm.errors import BundleError

_MOST_LOOKS_TO_SIT_OUT: Final = 63


class BundleWatcher:
    """Looks for a new bundle every `interval_s` seconds, on a thread of its own.

    `on_bundle` receives each good new bundle, `on_reject` each refusal; both run on the
    watcher's thread. `look` does one round and may be called directly.
    """

    def __init__(
        self,
        path: Path,
        current_sha256: str,
        interval_s: float,
        on_bundle: Callable[[Bundle], None],
        on_reject: Callable[[BundleError], None],
    ) -> None:
        self._path = path
        self._current = current_sha256
        self._refused: object = None
        self._tries = self._looks_to_sit_out = 0
        self._interval_s = interval_s
        self._on_bundle, self._on_reject = on_bundle, on_reject
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="heimdall-bundle", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the watch and wait for the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def look(self) -> bool:
        """Look once; True if a new bundle was handed over.

        Whatever goes wrong is reported, and the same content is tried again later and later: what
        overtaxed a busy machine may do tomorrow, what is broken must not be tried all day.
        """
        seen: object = "unreadable"
        try:
            digest = manifest_digest(self._path)
            if digest == self._current:
                return False
            seen = digest, _stamps(self._path)
            if seen == self._refused and self._sit_out():
                return False
            bundle = load_bundle(self._path)
            self._on_bundle(bundle)
        except Exception as error:  # noqa: BLE001 - the watch outlives any bundle, and its receiver's mistakes
            self._refuse(seen, error)
            return False
        self._current, self._refused = bundle.manifest_sha256, None
        return True

    def _sit_out(self) -> bool:
        self._looks_to_sit_out -= 1
        return self._looks_to_sit_out >= 0

    def _refuse(self, seen: object, error: Exception) -> None:
        is_known = seen == self._refused
        self._tries = self._tries + 1 if is_known else 0
        self._looks_to_sit_out = min(2**self._tries - 1, _MOST_LOOKS_TO_SIT_OUT)
        self._refused = seen
        if is_known:
            return
        if not isinstance(error, BundleError):
            what = f"Bundle '{self._path}' could not be put to use: {type(error).__name__}: {error}"
            error = BundleError(what).with_traceback(error.__traceback__)
        with suppress(Exception):  # nobody is left to tell
            self._on_reject(error)

    def _watch(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.look()


def _stamps(path: Path) -> tuple[tuple[int, int], ...]:
    """Say what a change of any file changes, at no cost; the digests come after."""
    found = [(path / name).stat() for name in FILES if (path / name).exists()]
    return tuple((file.st_size, file.st_mtime_ns) for file in found)
