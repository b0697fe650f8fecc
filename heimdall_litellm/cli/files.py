"""Files that commands write: what stood there stays until the new one is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from heimdall_litellm.cli.render import standard_output
from heimdall_litellm.errors import ConfigError


@contextmanager
def replacing(target: str) -> Iterator[Path]:
    """Give a path to write to, whose file replaces `target` in the end; a device or a pipe itself.

    Raises ConfigError where that can't be written.
    """
    path = Path(target).resolve()  # a link stays one
    is_device = path.exists() and not path.is_file()  # or a pipe: nothing to replace
    beside = path if is_device else path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        if not is_device:
            beside.replace(path)
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        if not is_device:
            beside.unlink(missing_ok=True)


@contextmanager
def writing(target: str) -> Iterator[IO[str]]:
    """Give a text to write: of stdout for `-`, else of a file that replaces `target` in the end."""
    if target == "-":
        yield standard_output()
        return
    with replacing(target) as path, path.open("w", encoding="utf-8") as file:
        yield file
