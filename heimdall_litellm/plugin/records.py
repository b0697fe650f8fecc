"""What is remembered of a request between its hooks, and the headers made from it.

A request's metadata holds only a handle; the record stays here. A reference to it inside the metadata
would be copied, logged and forwarded with it. Clients write into metadata too, and LiteLLM's debug log shows
it: so a handle counts only as the object that we made (`Handle`), which JSON can't say.
"""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from heimdall_litellm.auth.secret import Masked
from heimdall_litellm.core.failover import FailureKind
from heimdall_litellm.core.types import Bucket, EffortSpec
from heimdall_litellm.journal.record import ANYBODY, Caller, Cause
from heimdall_litellm.plugin.apply import HANDLE_KEY
from heimdall_litellm.plugin.attempts import Course
from heimdall_litellm.plugin.credentials import ORIGINAL_ID, Brought
from heimdall_litellm.plugin.reckoning import Reckoning
from heimdall_litellm.plugin.recording import cause_of
from heimdall_litellm.plugin.translate import LITELLM_METADATA, METADATA

if TYPE_CHECKING:
    from heimdall_litellm.config.modes import ModeName
    from heimdall_litellm.core.conversation import Follows
    from heimdall_litellm.plugin.recording import Choice

MAX_HEADER: Final = 300
MAX_AGE_S: Final = 3600.0
_OF_THE_REQUEST: Final = ("context", "policy")
_NO_EFFORTS: Final[Mapping[str, EffortSpec]] = {}


class Handle(Masked):
    """What names a record within the metadata of its request, and in no other's."""

    __slots__ = ()


@dataclass(slots=True)
class Record:
    """One request for a virtual name.

    `allowed` are the model groups its attempts may go to; None where the caller may use any.
    `served` is the group of the latest attempt, which in the end is the one that answered. `brought` are the
    caller's own credentials by provider, `course` is what became of the request, and `final` status and
    message of an error that is the client's to mend. `retry_after_s`: when one of those tried in vain is
    tried again. `call` is LiteLLM's name for its kind.

    For the journal: `mode` and `cause` as there, `goes_to` the group it was sent to first, `follows` what it
    is to an earlier request, `choice` the decision until that is handed over, `reckoning` what its outcome
    needs.
    """

    requested: str
    reason: str
    bucket: Bucket | None = None
    alpha: float | None = None
    efforts: Mapping[str, EffortSpec] = field(default_factory=lambda: _NO_EFFORTS)
    allowed: frozenset[str] | None = None
    served: str | None = None
    brought: dict[str, Brought] = field(default_factory=dict)
    course: Course = field(default_factory=Course)
    final: tuple[int, str] | None = field(default=None, repr=False)
    retry_after_s: float | None = None
    is_sound: bool = False
    call: str = ""
    duration_us: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    mode: ModeName = "route"
    cause: Cause = "default"
    caller: Caller = ANYBODY
    call_id: str | None = None
    goes_to: str | None = None
    follows: Follows | None = None
    choice: Choice | None = field(default=None, repr=False)
    reckoning: Reckoning = field(default_factory=Reckoning, repr=False)
    is_recorded: bool = False
    is_ended: bool = False
    handle: Handle = field(default_factory=lambda: Handle(secrets.token_urlsafe(24)), repr=False)

    def note(self, choice: Choice, reason: str) -> None:
        """Keep of a decision what later hooks need; the whole of it is some kilobytes."""
        decision = choice.decision
        self.bucket, self.alpha, self.efforts = decision.bucket, decision.alpha, decision.efforts
        if choice.arm == "holdout":
            # The baseline is asked as it would be without us.
            self.efforts = {name: spec for name, spec in decision.efforts.items() if name != choice.baseline}
        self.allowed, self.reason, self.choice = choice.permitted, reason, choice
        self.cause = cause_of(decision, choice.overrides, choice.arm)

    @property
    def is_refused(self) -> bool:
        """Whether nobody was called; in shadow mode one goes on that routing would have refused."""
        return self.cause == "refused" and self.goes_to is None

    @property
    def is_left_alone(self) -> bool:
        """Whether LiteLLM is to do with the request what it would do without us."""
        return self.mode != "route"

    @property
    def is_closed(self) -> bool:
        """Whether the request was refused, so that none of its attempts may go anywhere."""
        return self.allowed is not None and not self.allowed

    def effort_for(self, group: str) -> EffortSpec | None:
        """Return how hard `group` is to think about this request, if that was decided."""
        return self.efforts.get(group)

    def verdict(self) -> tuple[int, str] | None:
        """Return status and message of the answer where every attempt failed; None to leave LiteLLM's own.

        What the provider said of a client's mistake stands as it is, and so does the error of a model that
        was the only candidate; but nobody is told of a key of the proxy's that was refused, as though it were
        theirs.
        """
        if not self.is_sound or not self.course.is_lost:
            return None
        if self.final is not None:
            return self.final
        attempts = self.course.attempts
        last = attempts[-1].failure
        if len(attempts) == 1 and last is not None and self._stands(last.kind):
            return None
        tried = ", ".join(f"{a.hop.model}: {a.failure.words}" for a in attempts if a.failure)
        said = f"No model could serve this request. Tried {tried}."
        kinds = {attempt.failure.kind for attempt in attempts if attempt.failure is not None}
        if (last is not None and last.kind in _OF_THE_REQUEST) or kinds <= {"unfit", *_OF_THE_REQUEST}:
            return 400, said
        if self.retry_after_s is not None:
            said += f" Try again in {ceil(self.retry_after_s)} s."
        return 503, said

    def _stands(self, kind: FailureKind) -> bool:
        """Whether the error of the only attempt is to be answered with."""
        if kind in _OF_THE_REQUEST:
            return True
        return len(self.course.hops) <= 1 and kind not in ("refused", "forbidden", "gone")

    @property
    def escalated_from(self) -> str | None:
        """The provider that failed a caller's own credential, so that the request went elsewhere."""
        return next(
            (
                attempt.hop.provider
                for attempt in self.course.attempts[:-1]
                if attempt.own is not None and attempt.failure is not None
            ),
            None,
        )

    def facts(self) -> dict[str, object]:
        """Return what the attempts added to the decision, for the spend log."""
        facts: dict[str, object] = {}
        if (attempt := self.course.current) is not None and attempt.adapter is not None:
            facts["credential"] = attempt.adapter
        if len(self.course.attempts) > 1:
            facts["tried"] = ", ".join(self.course.tried)
        if self.escalated_from is not None:
            facts["escalated"] = f"escalated-from-{self.escalated_from}"
        return facts

    def headers(self) -> dict[str, str]:
        """Return the headers of the answer, each safe to send: `heimdall-*`, and an error's `retry-after`."""
        headers = {
            "heimdall-decision-id": self.id,
            "heimdall-decision-us": str(self.duration_us),
            "heimdall-reason": safe_header(
                f"{self.mode} mode, left alone: {self.reason}" if self.is_left_alone else self.reason
            ),
        }
        if self.served is not None:
            headers["heimdall-model"] = safe_header(self.served)
        if self.bucket is not None:
            headers["heimdall-bucket"] = self.bucket
        headers |= {f"heimdall-{name}": safe_header(str(value)) for name, value in self.facts().items()}
        if self.retry_after_s is not None:
            headers["retry-after"] = str(ceil(self.retry_after_s))
        if self.alpha is not None:
            headers["heimdall-alpha"] = f"{self.alpha:g}"
        return headers


_Aged = OrderedDict[str, tuple[float, Record]]


class Records:
    """The records of the latest requests, by handle. Bounded by number and age. Thread-safe.

    `forgotten` is told of each that goes.
    """

    def __init__(
        self,
        max_entries: int = 20_000,
        max_age_s: float = MAX_AGE_S,
        clock: Callable[[], float] = time.monotonic,
        forgotten: Callable[[Record], object] = lambda _: None,
    ) -> None:
        # With the time each was added; the oldest come first.
        self._records: _Aged = OrderedDict()
        self._watched: _Aged = OrderedDict()
        self._forgotten = forgotten
        self._max_entries, self._max_age_s, self._clock = max_entries, max_age_s, clock
        self._lock = threading.Lock()

    def add(self, record: Record) -> None:
        """Remember a record, and forget what is too old or too many."""
        self._put(self._records, record.handle, record)

    def watch(self, record: Record) -> None:
        """Remember a request that is only looked at, so that nothing of ours stands in it, by its call's id.

        Clients may choose that id, so it leads to nothing that permits anything.
        """
        if record.call_id is not None:
            self._put(self._watched, record.call_id, record)

    def watched(self, call_id: object) -> Record | None:
        """Return the request that is looked at under a call's id, for the last time."""
        with self._lock:
            found = self._watched.pop(call_id, None) if isinstance(call_id, str) else None
        return found[1] if found is not None else None

    def _put(self, kept: _Aged, name: str, record: Record) -> None:
        now, gone = self._clock(), list[Record]()
        with self._lock:
            kept[name] = (now, record)
            while len(kept) > self._max_entries or next(iter(kept.values()))[0] < now - self._max_age_s:
                gone.append(kept.popitem(last=False)[1][1])
        for each in gone:
            self._forgotten(each)

    def of(self, request: Mapping[str, Any] | None) -> Record | None:
        """Return the record of a request, by the handle in its metadata."""
        for metadata in metadata_of(request):
            handle = metadata.get(HANDLE_KEY)
            if isinstance(handle, Handle) and (found := self._records.get(handle)) is not None:
                return found[1]
        return None

    def find(self, known_as: str) -> list[Record]:
        """Return the requests that have this id, or whose calls have it, the latest last.

        Clients may choose the id of a call: several may have the same.
        """
        with self._lock:
            known = [*self._records.values(), *self._watched.values()]
        return [record for _, record in known if known_as in (record.id, record.call_id)]

    def close(self, request: Mapping[str, Any] | None, refused: str) -> None:
        """Remember that a request was refused the virtual name `refused`.

        The handle goes into the metadata itself, which LiteLLM hands on to the attempts that follow.
        """
        if self.of(request) is not None:
            return
        record = Record(refused, f"{refused} was refused within the router", allowed=frozenset())
        self.add(record)
        for metadata in metadata_of(request):
            if isinstance(metadata, dict):
                metadata[HANDLE_KEY] = record.handle

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


def deployment_of(request: Mapping[str, Any]) -> str | None:
    """Return LiteLLM's id of the deployment of one attempt."""
    for metadata in metadata_of(request):
        info = metadata.get("model_info")
        found = (info.get(ORIGINAL_ID) or info.get("id")) if isinstance(info, Mapping) else None
        if isinstance(found, str) and found:
            return found
    return None


def safe_header(value: str) -> str:
    """Make one short line of printable ASCII: model names are the user's, and may hold anything."""
    line = "".join(c if " " <= c <= "~" else "?" for c in value)
    return line if len(line) <= MAX_HEADER else line[: MAX_HEADER - 3] + "..."
