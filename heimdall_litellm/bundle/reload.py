"""Watch a bundle's directory and swap in a new bundle once it has proved itself.

A rejected bundle changes nothing: the last good one goes on serving, and the rejection is
reported once per content, not once per look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from heimdall_litellm.bundle.load import Bundle, load_bundle
from heimdall_litellm.bundle.verify import manifest_digest
from heimdall_litellm.errors import BundleError


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
        self._rejected: str | None = None
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
        """Look once; True if a new bundle was handed over."""
        seen = "unreadable"
        try:
            seen = manifest_digest(self._path)
            if seen == self._current:
                return False
            bundle = load_bundle(self._path)
        except BundleError as error:
            if seen != self._rejected:
                self._rejected = seen
                self._on_reject(error)
            return False
        self._current, self._rejected = bundle.manifest_sha256, None
        self._on_bundle(bundle)
        return True

    def _watch(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.look()
