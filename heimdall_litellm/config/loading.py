"""From a mapping to `Settings`, with every problem told at once and in the user's words.

What is allowed is read from the JSON Schema of the models, so a message cannot promise
something else than the check.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Final, Self

from pydantic import ValidationError

from heimdall_litellm.config.settings import Settings
from heimdall_litellm.errors import ConfigError

SECTION: Final = "callback_settings.heimdall"

Node = Mapping[str, object]
Path = tuple[str | int, ...]


class FromEnvironment(str):
    """A value that came from `os.environ/NAME`: messages name the variable, never the value."""

    variable: str

    def __new__(cls, variable: str, value: str) -> Self:
        made = super().__new__(cls, value)
        made.variable = variable
        return made

    def __repr__(self) -> str:
        return f"the value of os.environ/{self.variable}"


def load_settings(given: Mapping[str, object] | None) -> Settings:
    """Check the mapping under `callback_settings.heimdall`; None or an empty one means the defaults.

    Raises ConfigError listing every problem: the full key, the value, and what is allowed; for an
    unknown key the nearest known one.
    """
    try:
        return Settings.model_validate({} if given is None else given)
    except ValidationError as refused:
        problems = list(_problems(refused, {} if given is None else given))
        raise ConfigError("\n".join(problems)) from None


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of the settings."""
    return deepcopy(_schema())


@cache
def _schema() -> dict[str, object]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
        "title": "Heimdall: callback_settings.heimdall",
    }


@cache
def setting_rows() -> tuple[tuple[str, object, str, str], ...]:
    """Return (key, default, what is allowed, description) of every setting, in the order of the models."""
    defaults = Settings().model_dump(mode="json")
    return tuple(_rows(_schema(), _schema(), (), defaults))


def _rows(schema: Node, node: Node, path: Path, default: object) -> Iterator[tuple[str, object, str, str]]:
    for key, child in _mapping(_resolved(schema, node).get("properties")).items():
        own = _mapping(child)
        value = default.get(key) if isinstance(default, Mapping) else None
        below = _resolved(schema, own)
        where = (*path, key)
        entries = _mapping(below.get("additionalProperties"))
        if "properties" in below:
            yield from _rows(schema, own, where, value)
            continue
        yield _dotted(where), value, _allowed(schema, own), str(own.get("description", ""))
        of_entries = _resolved(schema, entries)
        if "properties" in of_entries and of_entries.get("title") != "RouterSettings":
            yield from _rows(schema, entries, (*where, "<name>"), {})


def _problems(refused: ValidationError, given: Mapping[str, object]) -> Iterator[str]:
    schema = _schema()
    for error in refused.errors(include_url=False):
        path: Path = tuple(error["loc"])
        if path[:1] == ("profiles",) and not _is_given(given, path):
            continue  # inherited from `router`, where it is reported
        key = f"{SECTION}.{_dotted(path)}" if path else SECTION
        if error["type"] == "extra_forbidden":
            yield f"{key}: there is no such setting{_nearest(schema, path)}"
        elif error["type"] == "value_error":
            yield f"{key}: {error['ctx']['error']}"
        elif path and path[-1] == "[key]":
            allowed = _allowed_key(schema, path)
            yield f"{SECTION}.{_dotted(path[:-2])}: {_shown(path[-2])} is no possible key; allowed: {allowed}"
        else:
            node = _node(schema, path)
            shown = "what is given" if _keeps_secrets(schema, node) else _shown(error["input"])
            yield f"{key}: {shown} is not allowed; allowed: {_allowed(schema, node)}"


def _is_given(given: object, path: Path) -> bool:
    """Say whether a profile says itself what `path` leads to; only mappings are merged, never lists."""
    for key in path:
        if not isinstance(given, Mapping):
            break
        if key not in given:
            return key == "[key]"
        given = given[key]
    return True


def _nearest(schema: Node, path: Path) -> str:
    """Return the hint at the known key that was probably meant, or nothing."""
    typed, beside = str(path[-1]), _node(schema, path[:-1])
    here = {str(key): _dotted((*path[:-1], str(key))) for key in _mapping(beside.get("properties"))}
    keys = [row[0] for row in reversed(setting_rows()) if "<name>" not in row[0]]
    anywhere = {key.rsplit(".", 1)[-1]: key for key in keys}
    anywhere |= {str(key): str(key) for key in _mapping(schema.get("properties"))}
    for known, cutoff in ((here, 0.6), (anywhere, 0.75)):
        close = difflib.get_close_matches(typed, known, n=1, cutoff=cutoff)
        if close:
            return f"; did you mean {known[close[0]]}?"
    return f"; known here: {', '.join(here)}" if here else ""


def _node(schema: Node, path: Path) -> Node:
    """Walk the schema down to `path`; an empty mapping where it does not lead."""
    node = _resolved(schema, schema)
    for key in path:
        if isinstance(key, int):
            node = _mapping(node.get("items"))
        elif key in _mapping(node.get("properties")):
            node = _mapping(_mapping(node["properties"])[key])
        else:
            node = _mapping(node.get("additionalProperties"))
        node = _resolved(schema, node)
    return node


def _resolved(schema: Node, node: Node) -> Node:
    """Follow `$ref`, and for "this or null" step into this; both keep what stands beside them."""
    choices = [_mapping(choice) for choice in _list(node.get("anyOf"))]
    if len(choices) == 2 and choices[1].get("type") == "null":
        node = {**choices[0], **{k: v for k, v in node.items() if k != "anyOf"}, "nullable": True}
    reference = node.get("$ref")
    if isinstance(reference, str):
        return {**_mapping(_mapping(schema["$defs"])[reference.rsplit("/", 1)[-1]]), **node}
    return node


def _keeps_secrets(schema: Node, node: Node) -> bool:
    """Say whether a secret belongs at `node` or below: one may have been written in the wrong place."""
    node = _resolved(schema, node)
    below = _mapping(node.get("properties")).values()
    return bool(node.get("writeOnly")) or any(_keeps_secrets(schema, _mapping(child)) for child in below)


def _allowed(schema: Node, node: Node) -> str:
    """Say in words what a schema node allows."""
    node = _resolved(schema, node)
    text = _allowed_kind(schema, node)
    return f"{text}, or null" if node.get("nullable") else text


def _allowed_kind(schema: Node, node: Node) -> str:
    kind = node.get("type")
    if "enum" in node:
        return "one of " + ", ".join(dict.fromkeys(str(value) for value in _list(node["enum"])))
    if kind in ("number", "integer"):
        return ("a whole number" if kind == "integer" else "a number") + _range(node)
    if kind == "boolean":
        return "true or false"
    if kind == "array":
        filled = " (not empty)" if node.get("minItems") else ""
        return f"a list{filled}, each {_allowed(schema, _mapping(node['items']))}"
    if "properties" in node:
        return "a mapping with the keys " + ", ".join(_mapping(node["properties"]))
    if kind == "object":
        return "a mapping from name to " + _allowed(schema, _mapping(node.get("additionalProperties")))
    return "a text that is not empty" if node.get("minLength") else "a text"


def _allowed_key(schema: Node, path: Path) -> str:
    names = _mapping(_node(schema, path[:-2]).get("propertyNames"))
    return _allowed(schema, names) if names else "a text"


def _range(node: Node) -> str:
    low, high, above = node.get("minimum"), node.get("maximum"), node.get("exclusiveMinimum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f", {low:g} or more"
    return f" above {above:g}" if above is not None else ""


def _shown(value: object) -> str:
    text = repr(value) if value is not None and not isinstance(value, bool) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _dotted(path: Path) -> str:
    # A key may be anything that YAML can say; a message stays on its line.
    return ".".join(text if (text := str(part)).isprintable() else ascii(text) for part in path)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
