"""Reading LiteLLM's YAML and the environment, in the way LiteLLM does.

This is the only module that touches the environment. A value that came from there is never
shown: see `FromEnvironment`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

from heimdall_litellm.config.loading import SECTION, FromEnvironment, load_settings
from heimdall_litellm.config.settings import Settings
from heimdall_litellm.errors import ConfigError

ENVIRON_PREFIX: Final = "os.environ/"
_OTHER_SECTIONS: Final = ("litellm_settings", "general_settings", "router_settings")


def environment(config: Mapping[str, object] | None = None) -> Mapping[str, str]:
    """Return the environment as LiteLLM sees it: the process's, with `environment_variables` of `config`."""
    seen = dict(os.environ)
    section = (config or {}).get("environment_variables")
    if isinstance(section, Mapping):
        for name, value in section.items():
            points_on = isinstance(value, str) and value.startswith(ENVIRON_PREFIX)
            meant = seen.get(value.removeprefix(ENVIRON_PREFIX)) if points_on else value
            if meant is not None:
                seen[str(name)] = str(meant)
    return MappingProxyType(seen)


def keep_litellm_offline() -> None:
    """Let LiteLLM, if it is imported later, use its own price map instead of fetching one."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")


def load_config(path: str | Path) -> dict[str, object]:
    """Read a LiteLLM configuration with the files it includes.

    Lists of an included file are appended, everything else it says replaces; a file named by
    `include` is looked for beside the one that names it, then beside the first. Values of the form
    `os.environ/NAME` are left as they stand. Raises ConfigError, naming file, line and column.
    """
    root = Path(path).absolute()
    merged = _read(root)
    pending = [(entry, root) for entry in _includes(merged, root)]
    merged.pop("include", None)
    loaded = {root}
    while pending:
        entry, declared_in = pending.pop(0)
        location = _included(entry, declared_in, root)
        if location in loaded:
            continue
        loaded.add(location)
        included = _read(location)
        pending += [(name, location) for name in _includes(included, location)]
        included.pop("include", None)
        for key, value in included.items():
            ours = merged.get(key)
            merged[key] = [*ours, *value] if isinstance(ours, list) and isinstance(value, list) else value
    return merged


def settings_from_config(config: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """Take the settings out of a LiteLLM configuration, with `os.environ/NAME` filled in.

    Raises ConfigError if they are wrong, or stand where LiteLLM would not pass them on.
    """
    _require_no_other_place(config)
    section = config.get("callback_settings") or {}
    if not isinstance(section, Mapping):
        raise ConfigError("callback_settings: must be a mapping, with Heimdall's settings under heimdall")
    given = section.get("heimdall")
    if given is not None and not isinstance(given, Mapping):
        raise ConfigError(f"{SECTION}: must be a mapping from setting to value")
    filled = _filled(given or {}, environment(config) if environ is None else environ, SECTION)
    return load_settings(filled if isinstance(filled, Mapping) else None)


def _require_no_other_place(config: Mapping[str, object]) -> None:
    """Refuse settings that stand where LiteLLM passes them on to nobody, or were misspelt to stand there."""
    holders: dict[str, object] = {"": config}
    for key, section in config.items():
        misspelt = key != "callback_settings" and get_close_matches(
            str(key), ["callback_settings"], cutoff=0.8
        )
        if (misspelt or key in _OTHER_SECTIONS) and isinstance(section, Mapping):
            holders[f"{key}."] = section
            holders[f"{key}.callback_settings."] = section.get("callback_settings")
    for place, holder in holders.items():
        if isinstance(holder, Mapping) and "heimdall" in holder:
            raise ConfigError(f"{place}heimdall: move this to {SECTION}, at the top level of the file")


def _filled(value: object, environ: Mapping[str, str], key: str) -> object:
    if isinstance(value, Mapping):
        return {name: _filled(below, environ, f"{key}.{name}") for name, below in value.items()}
    if isinstance(value, list):
        return [_filled(below, environ, key) for below in value]
    if isinstance(value, str) and value.startswith(ENVIRON_PREFIX):
        variable = value.removeprefix(ENVIRON_PREFIX)
        if variable not in environ:
            raise ConfigError(f"{key}: the environment variable {variable} is not set")
        return FromEnvironment(variable, environ[variable])
    return value


def _includes(config: Mapping[str, object], path: Path) -> list[str]:
    entries = config.get("include", [])
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ConfigError(f"{path}: include must be a list of file names")
    return entries


def _included(entry: str, declared_in: Path, root: Path) -> Path:
    beside = [Path(os.path.normpath(parent.parent / entry)) for parent in (declared_in, root)]
    found = next((candidate for candidate in beside if candidate.exists()), None)
    if found is None:
        raise ConfigError(f"{declared_in}: the included file {entry} does not exist; looked for {beside[0]}")
    return found


def _read(path: Path) -> dict[str, object]:
    try:
        parsed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text at byte {error.start}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: not valid YAML: {error.problem}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}".splitlines()[0]) from None
    if not isinstance(parsed, dict):
        what = "empty" if parsed is None else f"a {type(parsed).__name__}"
        raise ConfigError(f"{path}: must be a mapping at the top level, but is {what}")
    return {str(key): value for key, value in parsed.items()}
