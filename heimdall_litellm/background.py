"""Work on threads beside the event loop, so that no request waits for it.

A thread that computes keeps Python's interpreter lock for up to 5 ms after another has asked for it
(`sys.getswitchinterval`), and each time the event loop wakes it may have to ask. So whatever loops over many
things in the background calls `give_way` between them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

WORK_S: Final = 0.0003
"""How long a thread works on before it lets others go."""
REST_S: Final = 0.003
"""How long it lets them: a request, which asks for the lock many times, then meets work one time in ten. It
must be a real pause: after one of no length the same thread often goes on.
"""
BRIEF_S: Final = 0.0002
"""The same for who has to keep up with requests."""


def _never() -> bool:
    return False


class _Turn(threading.local):
    began = 0.0
    is_hurried = False

    def __init__(self) -> None:
        self.is_over: Callable[[], bool] = _never


_turn: Final = _Turn()


def give_way(rest_s: float = REST_S) -> None:
    """Let the event loop go on, where this thread has worked for a while; cheap enough for any loop.

    Does nothing on a thread that hurries, nor on the main one, where the event loop may be, or a command.
    """
    now = time.perf_counter()
    if (
        _turn.is_hurried
        or now - _turn.began < WORK_S
        or threading.current_thread() is threading.main_thread()
    ):
        return
    if _turn.is_over():
        _turn.is_hurried = True
        return
    time.sleep(rest_s)
    _turn.began = time.perf_counter()


def hurry(is_so: bool) -> None:
    """Say whether this thread has no time to rest from now on: it is behind, or somebody waits for it."""
    _turn.is_hurried = is_so


def hurry_when(is_over: Callable[[], bool]) -> None:
    """Let this thread rest no more once that holds, as when somebody waits for its end."""
    _turn.is_over = is_over
