"""What is remembered of a request between its hooks, and the headers made from it.

A request's metadata holds only an id; the record stays here. A reference to it inside the metadata
would be copied, logged and forwarded with it. The id is random, so a client can't name another's.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from heimdall_litellm.core.types import Decision, EffortSpec
from heimdall_litellm.plugin.apply import ID_KEY
from heimdall_litellm.plugin.translate import LITELLM_METADATA, METADATA

MAX_HEADER: Final = 300


@dataclass(slots=True)
class Record:
    """One request for a virtual name.

    `allowed` are the model groups its attempts may go to; None where the caller may use any.
    `served` is the group of the latest attempt, which in the end is the one that answered.
    """

    requested: str
    reason: str
    decision: Decision | None = None
    allowed: frozenset[str] | None = None
    served: str | None = None
    duration_us: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def effort_for(self, group: str) -> EffortSpec | None:
        """Return how hard `group` is to think about this request, if that was decided."""
        return self.decision.efforts.get(group) if self.decision is not None else None

    def headers(self) -> dict[str, str]:
        """Return the `heimdall-*` headers of the answer, each safe to send."""
        headers = {
            "heimdall-decision-id": self.id,
            "heimdall-decision-us": str(self.duration_us),
            "heimdall-reason": safe_header(self.reason),
        }
        if self.served is not None:
            headers["heimdall-model"] = safe_header(self.served)
        if self.decision is not None:
            headers["heimdall-bucket"] = self.decision.bucket
            headers["heimdall-alpha"] = f"{self.decision.alpha:g}"
        return headers


class Records:
    """The records of the latest requests, by id. Bounded: the oldest go first. Thread-safe."""

    def __init__(self, max_entries: int = 20_000) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._max_entries = max_entries
        self._lock = threading.Lock()

    def add(self, record: Record) -> None:
        """Remember a record."""
        with self._lock:
            self._records[record.id] = record
            while len(self._records) > self._max_entries:
                self._records.popitem(last=False)

    def of(self, request: Mapping[str, Any] | None) -> Record | None:
        """Return the record of a request, by the id in its metadata."""
        for metadata in metadata_of(request):
            record_id = metadata.get(ID_KEY)
            if isinstance(record_id, str) and (record := self._records.get(record_id)) is not None:
                return record
        return None

    def __len__(self) -> int:
        return len(self._records)


def metadata_of(request: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Yield both metadata dictionaries of a request, LiteLLM's own one first."""
    for name in (LITELLM_METADATA, METADATA):
        found = (request or {}).get(name)
        if isinstance(found, Mapping):
            yield found


def group_of(request: Mapping[str, Any]) -> str | None:
    """Return the model group of one attempt."""
    for metadata in metadata_of(request):
        group = metadata.get("model_group")
        if isinstance(group, str) and group:
            return group
    return None


def safe_header(value: str) -> str:
    """Make one short line of printable ASCII: model names are the user's, and may hold anything."""
    line = "".join(c if " " <= c <= "~" else "?" for c in value)
    return line if len(line) <= MAX_HEADER else line[: MAX_HEADER - 3] + "..."
