"""What becomes of attempts: each failure and success, read from LiteLLM's reports and noted where it belongs.

The hooks that report overlap and leave gaps (`handler.py` says which tells what), so an attempt is settled by
whichever comes first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from heimdall_litellm.plugin import apply, seams
from heimdall_litellm.plugin.attempts import Attempt
from heimdall_litellm.plugin.records import Record, Records, group_of
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import logger
from heimdall_litellm.plugin.streams import UNWATCHED
from heimdall_litellm.plugin.verdict import failure_of, has_answered, message_of

_TO_REPORT = ("refused", "forbidden", "gone")
"""Failures that somebody has to mend."""


class Outcomes:
    """Settles attempts, and says on an error what was tried. `names` are the virtual ones."""

    def __init__(self, runtime: Runtime, records: Records, names: Collection[str]) -> None:
        self._runtime, self._records, self._names = runtime, records, names

    def failed(
        self, request: Mapping[str, Any], exception: BaseException, *, is_stream: bool = False
    ) -> None:
        """Settle an attempt that LiteLLM reports as failed."""
        record = self._records.of(request)
        attempt = record.course.attempt_at(group_of(request)) if record is not None else None
        if record is None or attempt is None or attempt.is_over:
            return
        self.settle(record, attempt, exception, is_stream=is_stream)

    def settle(
        self, record: Record, attempt: Attempt, exception: BaseException, *, is_stream: bool = False
    ) -> None:
        """Settle an attempt that ended in `exception`; `is_stream`: while its answer was being read."""
        failure = failure_of(
            exception, attempt.hop.provider, added_effort=attempt.added_effort, is_stream=is_stream
        )
        is_aside = record.course.fail(attempt, failure, self._runtime.health)
        if failure.kind == "unfit" and attempt.added_effort:
            # Whoever is tried next gets the request as it came.
            record.efforts = {}
        if is_aside and failure.kind in _TO_REPORT and attempt.own is None:
            logger.error(
                "Heimdall: the provider of %r answered %s, so its deployment %s is set aside. Check its key, "
                "its account and the name of its model.",
                attempt.hop.model,
                failure.words,
                attempt.deployment,
            )
        if attempt.failure is not None and attempt.failure.kind == "client":
            record.final = (attempt.failure.status or 400, message_of(exception))

    def stream_failed(self, kwargs: Mapping[str, Any]) -> None:
        """Settle the attempt whose stream broke, from what LiteLLM logs of it."""
        exception, request = kwargs.get("exception"), kwargs.get("litellm_params") or {}
        record = self._records.of(request)
        if record is None or not isinstance(exception, BaseException):
            return
        # When this comes, a next attempt may be under way, and the metadata tells of that one. The router
        # logs likewise that it found no deployment for a model, which is about nobody who was called.
        if len(record.course.attempts) == 1 and seams.is_provider_error(exception):
            self.failed(request, exception, is_stream=True)

    def stream_ended(self, record: Record, error: Exception) -> None:
        """Settle the attempt whose stream broke before our eyes."""
        last = record.course.current
        if last is not None and not last.is_over:
            # With a status, if a provider said something within it.
            self.settle(record, last, error, is_stream=has_answered(error))

    def stream_left(self, record: Record, *, has_begun: bool) -> None:
        """Settle the attempt whose reader is gone: it was well if it had begun to answer."""
        last = record.course.current
        if last is not None:
            (record.course.succeed if has_begun else record.course.drop)(last, self._runtime.health)
        record.brought = {}
        if not has_begun or record.call in UNWATCHED:
            # Of other streams LiteLLM logs what there was of the answer.
            self._runtime.recorder.ended(record, "left")

    def next_call(self, record: Record, request: Mapping[str, Any]) -> Callable[[], Awaitable[Any]] | None:
        """Return the call of who comes next, where LiteLLM doesn't turn to them; None if that is nobody."""
        model = record.course.take_next()
        if model is None:
            return None
        return seams.router_call(record.call, apply.onwards(request, model, record.course.fallbacks))

    def said(self, request: Mapping[str, Any], exception: Exception) -> None:
        """Make an error that LiteLLM is about to answer with say what was tried."""
        record = self._records.of(request)
        if record is None or record.is_left_alone:
            self._failed_alone(record or self._records.watched(request.get("litellm_call_id")))
            return
        is_over = seams.is_nobody_left(exception)
        if not (is_over or seams.is_provider_error(exception)):
            self._runtime.recorder.ended(record, "failed")
            return
        if not is_over and (last := record.course.current) is not None and not last.is_over:
            self.settle(record, last, exception)
        record.brought = {}  # nobody will be asked any more
        record.retry_after_s = record.course.wait_s(self._runtime.health)
        if (verdict := record.verdict()) is not None:
            seams.rewrite(exception, *verdict)
        self._runtime.recorder.ended(record, "failed")

    def _failed_alone(self, record: Record | None) -> None:
        if record is not None:
            self._runtime.recorder.ended(record, "failed")

    def observe(self, kwargs: Mapping[str, Any], start: Any, end: Any) -> None:
        """Note an attempt that succeeded, and how long it took."""
        logged = kwargs.get("standard_logging_object")
        group = logged.get("model_group") if isinstance(logged, Mapping) else None
        if isinstance(group, str) and group and group not in self._names and not kwargs.get("cache_hit"):
            self._runtime.observe_latency(group, (end - start).total_seconds())
        request = kwargs.get("litellm_params") or {}
        record = self._records.of(request)
        if record is None:
            record = self._records.watched(kwargs.get("litellm_call_id"))
            if isinstance(logged, Mapping) and isinstance(group, str):
                # What was asked for, as the caller spells it.
                logged = {**logged, "model_group": self._runtime.group_of(group)}
        attempt = record.course.attempt_at(group_of(request)) if record is not None else None
        if record is not None and attempt is not None:
            settle = record.course.drop if kwargs.get("cache_hit") else record.course.succeed
            settle(attempt, self._runtime.health)
            record.brought = {}  # nobody will be asked any more
        if record is not None and isinstance(logged, Mapping):
            self._runtime.recorder.ended(record, "cached" if kwargs.get("cache_hit") else "answered", logged)
