"""Our failure never fails a request: what stands around every hook.

A hook that raises inside LiteLLM fails the request, and a hook that changed the request before
it raised leaves the half-changed request behind. So each hook works on copies, hands back
nothing on error, and its error ends here: counted by stage and cause, logged once for each.
What is logged is the type of the error and where it arose, never its text, which may hold a
prompt or a key. Cancellation passes through: it is the client hanging up.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from heimdall_litellm.errors import HeimdallError, RequestError
from heimdall_litellm.observe import metrics

logger = logging.getLogger("heimdall_litellm")

T = TypeVar("T")
P = ParamSpec("P")


class Failures:
    """How often each stage failed, by cause. Thread-safe; the number of causes is bounded.

    Those of a trial are neither logged nor counted elsewhere: whoever asked for it is told.
    """

    def __init__(self, max_causes: int = 256, *, is_logging: bool = True) -> None:
        self._is_logging = is_logging
        self._counts: Counter[tuple[str, str]] = Counter()
        self._max_causes = max_causes
        self._lock = threading.Lock()

    def record(self, stage: str, error: BaseException) -> str:
        """Count one failure, log the first of its kind, and return its cause."""
        cause = type(error).__name__
        with self._lock:
            is_new = (stage, cause) not in self._counts
            if is_new and len(self._counts) >= self._max_causes:
                cause, is_new = "other", (stage, "other") not in self._counts
            self._counts[stage, cause] += 1
        if not self._is_logging:
            return cause
        metrics.failed(stage, cause)
        if is_new:
            logger.warning(
                "Heimdall failed at %s with %s%s; the request goes on without it. "
                "Further failures of this kind are counted, not logged.",
                stage,
                cause,
                _place(error),
            )
        return cause

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the number of failures by (stage, cause)."""
        with self._lock:
            return dict(self._counts)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f" (in {last.name}, line {last.lineno} of {last.filename.rsplit('/', 1)[-1]})"


class _Plainly(logging.Filter):
    """Puts a paragraph in the place of the traceback that ends in it."""

    def __init__(self, ending: str, paragraph: str) -> None:
        super().__init__()
        self._ending, self._paragraph = ending, paragraph

    def filter(self, record: logging.LogRecord) -> bool:
        if record.getMessage().rstrip().endswith(self._ending):
            record.msg, record.args = self._paragraph, ()
        return True


def say_plainly(error: HeimdallError) -> None:
    """Have the server say what is wrong, without the traceback it prints when a start fails.

    A mistake in a configuration is no defect, and a hundred lines of traceback bury it.
    """
    said = "\n  ".join(str(error).splitlines())
    logging.getLogger("uvicorn.error").addFilter(_Plainly(str(error), f"Heimdall can't start.\n  {said}"))


async def shield(
    failures: Failures, stage: str, work: Awaitable[T], otherwise: T, *, kind: type | None = None
) -> T:
    """Await `work`; where it raises, count the failure under `stage` and return `otherwise`.

    With a `kind`, a result of another type is a failure too. A `RequestError` passes: it says
    what the caller must change.
    """
    try:
        return _sensible(await work, kind)
    except RequestError:
        raise
    except Exception as error:  # noqa: BLE001 - the shield is the place for it
        failures.record(stage, error)
        return otherwise


async def later(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a plain function where `shield` awaits it."""
    return function(*args, **kwargs)


def shield_now(
    failures: Failures, stage: str, work: Callable[[], T], otherwise: T, *, kind: type | None = None
) -> T:
    """Do the same for a plain function."""
    try:
        return _sensible(work(), kind)
    except RequestError:
        raise
    except Exception as error:  # noqa: BLE001 - the shield is the place for it
        failures.record(stage, error)
        return otherwise


def _sensible(result: T, kind: type | None) -> T:
    if kind is not None and result is not None and not isinstance(result, kind):
        raise TypeError(f"expected {kind.__name__}, not {type(result).__name__}")
    return result
