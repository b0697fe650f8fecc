"""A SQLite file is made so that nobody but its owner may ever read it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make_private(path: Path) -> None:
    """Make an empty file that is its owner's alone, unless there is one. Raises OSError.

    One that is there isn't even opened: POSIX drops all locks that a process has on a file when it closes any
    descriptor of it, those of SQLite's connections too, and the next process to leave would take the WAL away
    from under them (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path.resolve(), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
