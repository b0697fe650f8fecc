"""Decisions remembered for requests with the same facts.

Keyed on a digest of the facts and of all else that a decision depends on, never on a request's
whole body: nothing of a prompt is kept but 16 bytes from which it can't be recovered. Bounded in
number (least recently used goes first) and in time. The clock is the caller's.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection
from threading import Lock

from heimdall_litellm.core.types import NO_STANDING, Decision, Overrides, RequestFacts, Standing

Key = bytes


def decision_key(
    name: str,
    facts: RequestFacts,
    permitted: Collection[str] | None,
    overrides: Overrides,
    standing: Standing = NO_STANDING,
) -> Key:
    """Digest all that a decision depends on, beside the snapshot."""
    allowed = "*" if permitted is None else "\x1f".join(sorted(permitted))
    stands = f"{sorted(standing.brought)}\x1f{sorted(standing.set_aside.items())}"
    told = f"{name}\x1e{facts!r}\x1e{allowed}\x1e{overrides!r}\x1e{stands}"
    return hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=16).digest()


class DecisionCache:
    """A bounded map from key to decision, for one snapshot. Safe to use from several threads."""

    def __init__(self, max_entries: int, ttl_s: float) -> None:
        self._max_entries, self._ttl_s = max_entries, ttl_s
        self._entries: OrderedDict[Key, tuple[float, Decision]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key, now_s: float) -> Decision | None:
        """Give a decision that is not older than the time limit, or None."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            if now_s - found[0] > self._ttl_s:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return found[1]

    def put(self, key: Key, decision: Decision, now_s: float) -> None:
        """Remember a decision; the least recently used one makes room."""
        with self._lock:
            self._entries[key] = (now_s, decision)
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
