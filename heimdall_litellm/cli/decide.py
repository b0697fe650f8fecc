"""`heimdall decide`: many decisions for machines, JSON Lines in and out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import inf, isinf
from pathlib import Path
from typing import IO, Final, NoReturn

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from heimdall_litellm.catalog.identity import identify
from heimdall_litellm.cli.files import writing
from heimdall_litellm.cli.options import (
    alpha_option,
    bundle_option,
    config_option,
    json_option,
    models_option,
)
from heimdall_litellm.cli.render import (
    NEGATIVE,
    OK,
    answers,
    err,
    print_json,
    standard_input,
)
from heimdall_litellm.cli.session import Session, open_session
from heimdall_litellm.core.explain import to_dict
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import Decision, Overrides
from heimdall_litellm.errors import ConfigError, HeimdallError

_FIELDS: Final = (
    "bucket", "p_cheap", "p_mid", "p_hard", "difficulty", "cluster", "model", "effort", "alpha", "candidates",
    "fallbacks", "reasons",
)  # fmt: skip
_CANDIDATE_FIELDS: Final = (
    *("model", "eligible", "why_not", "quality", "basis", "cost_usd", "penalties", "score"),
)
_MOST_TOKENS: Final = 10**9
_BODY: Final = {"tools": list, "response_format": dict, "max_tokens": int}


class BadLine(Exception):
    """One line of the input that no decision can be made for; the message says why."""


@click.command()
@click.option(
    "--jsonl",
    "source",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Input; - is stdin.",
)
@click.option(
    "--out",
    "target",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Output; - is stdout.",
)
@config_option
@bundle_option
@models_option
@alpha_option
@json_option
@answers
def decide(
    source: str,
    target: str,
    config: str | None,
    bundle: str | None,
    models: tuple[str, ...] | None,
    alpha: float | None,
    as_json: bool,
) -> int:
    """Decide on every line of a JSON Lines file.

    A line in: {"id", "messages", "tools"?, "response_format"?, "max_tokens"?}; other fields are
    ignored. A line out for each, in the same order; for one that cannot be decided {"id", "error"}.
    An output file appears when all is done. Exit code 1 if any line failed.
    """
    session = open_session(config, bundle, models, use_default=False)
    done = failed = 0
    with _reading(source) as lines, writing(target) as write:
        for line in lines:
            if not line.strip():
                continue
            answer, is_decided = _answer(session, line, alpha)
            failed += not is_decided
            done += 1
            write.write(f"{answer}\n")
    if as_json and target != "-":
        print_json({"lines": done, "failed": failed, "out": target})
    elif failed:
        err().print(f"{failed} of {done} lines failed; each has its error in the output")
    return NEGATIVE if failed else OK


def _answer(session: Session, line: str, alpha: float | None) -> tuple[str, bool]:
    """Give the line out, and whether a decision stands in it."""
    identity: object = None
    try:
        body = _parsed(line)
        identity = _identity(body)
        return _dumped({"id": identity, **_decision(session, body, alpha)}), True
    except (BadLine, HeimdallError) as error:
        said = str(error)
    except Exception as error:  # noqa: BLE001 - one line must not cost the others theirs
        said = f"cannot be decided: {type(error).__name__}: {error}"
    return _dumped({"id": identity, "error": said}), False


def _dumped(answer: Mapping[str, object]) -> str:
    return json.dumps(answer, ensure_ascii=True, allow_nan=False)


def _parsed(line: str) -> Mapping[str, object]:
    try:
        body = json.loads(line, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise BadLine(f"not valid JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise BadLine("nested too deeply") from None
    except ValueError:  # all that is left: Python refuses to read thousands of digits
        raise BadLine("a number has too many digits") from None
    if not isinstance(body, dict):
        raise BadLine("a line must be a JSON object")
    return body


def _no_number(name: str) -> NoReturn:
    raise BadLine(f"not valid JSON: {name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise BadLine(f"{text[:40]} is too large a number")
    return number


def _identity(body: Mapping[str, object]) -> object:
    """Give the line's id, once it is sure that it can be written again."""
    if "id" not in body:
        raise BadLine("id is missing")
    try:
        _dumped({"id": body["id"]})
    except (ValueError, RecursionError):
        raise BadLine("id is nested too deeply") from None
    return body["id"]


def _decision(session: Session, body: Mapping[str, object], alpha: float | None) -> dict[str, object]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise BadLine("messages must be a list of at least one object")
    given: dict[str, object] = {"messages": messages}
    for key, kind in _BODY.items():
        value = body.get(key)
        if value is None:
            continue
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BadLine(
                f"{key} must be {'an object' if kind is dict else 'a list' if kind is list else 'an integer'}"
            )
        given[key] = value
    if isinstance(limit := given.get("max_tokens"), int) and not 1 <= limit <= _MOST_TOKENS:
        raise BadLine(f"max_tokens must be from 1 to {_MOST_TOKENS}")
    engine = session.engine
    before = time.perf_counter()
    decided = engine.decide_facts(
        read_request(given), permitted=session.permitted, overrides=Overrides(alpha=alpha)
    )
    elapsed = time.perf_counter() - before
    full = to_dict(decided)
    candidates = full["candidates"]
    answer = {name: full[name] for name in _FIELDS}
    answer["candidates"] = _once(candidates if isinstance(candidates, list) else [], decided)
    # A model of the bundle may carry its effort in its name.
    of_name = identify(decided.model).effort if "@" in decided.model else None
    answer["effort"] = full["effort"] or of_name
    return {**answer, "duration_us": round(elapsed * 1e6, 1)}


def _once(rows: list[dict[str, object]], decided: Decision) -> list[dict[str, object]]:
    """Keep one row for each model: the one it competed with, or would have."""
    within_bucket = decided.router_policy == "bucket"

    def rank(row: dict[str, object]) -> tuple[bool, float]:
        score = row["score"]
        return within_bucket and row["bucket"] == decided.bucket, score if isinstance(score, float) else -inf

    by_model: dict[object, dict[str, object]] = {}
    for row in rows:
        known = by_model.get(row["model"])
        if known is None or rank(row) > rank(known):
            by_model[row["model"]] = row
    return [{name: row[name] for name in _CANDIDATE_FIELDS} for row in by_model.values()]


@contextmanager
def _reading(source: str) -> Iterator[Iterator[str]]:
    """Give the lines, with a progress bar on the error output if somebody watches it."""
    if source == "-":
        yield _lines(standard_input(), "the standard input")
        return
    try:
        file = Path(source).open("rb")  # noqa: SIM115  # what fails later is not the reading
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read ({error.strerror})") from None
    with file:
        yield _with_progress(file, source) if err().is_terminal else _lines(file, source)


def _lines(file: IO[bytes], source: str) -> Iterator[str]:
    return (raw.decode("utf-8", "replace") for raw in _raw_lines(file, source))


def _raw_lines(file: IO[bytes], source: str) -> Iterator[bytes]:
    try:
        yield from file
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read ({error.strerror})") from None


def _with_progress(file: IO[bytes], source: str) -> Iterator[str]:
    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
    with Progress(*columns, console=err()) as bar:
        task = bar.add_task("deciding", total=os.fstat(file.fileno()).st_size)
        for raw in _raw_lines(file, source):
            yield raw.decode("utf-8", "replace")
            bar.advance(task, len(raw))
