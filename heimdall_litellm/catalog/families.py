"""Families of models: which relative stands for a model, where it isn't known itself.

`kin_of` takes a canonical name (`identity.py`) apart into a version and the rest: `claude-4.5-sonnet` is
version 4.5 of *claude # sonnet*, `gpt-5.4-mini` 5.4 of *gpt # mini*, `o4-mini` 4 of *o# mini*. The rest holds
maker, tier (mini, flash, pro, opus), size (70b) and whatever else tells models of one version apart, and
must be equal: a mini is never taken for its big sister, nor 8b for 70b. A name without a version, or with
several, has no kin.

A model that nobody knows is taken for the *latest version older than its own*: makers seldom release what is
worse than what it follows, so this errs on the side of caution. Nothing newer ever stands for it. A *pro* is
its plain sister of the same version given more time, so she comes before an older pro; and a standing name
(`mistral-large-latest`, `ministral-8b-latest`), which is whatever its maker released last, is newer than all.
A name of which only dated versions are known (`ministral-8b`) is taken for the first of them: it is that one,
or newer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import Final

from heimdall_litellm.catalog.identity import identify, match
from heimdall_litellm.core.types import Effort

_VERSION: Final = re.compile(r"(?P<before>[a-z]?)(?P<number>\d{1,2}(?:\.\d{1,2})?)(?P<after>[a-z]?)")
_SIZE: Final = re.compile(r"(?:\d+x|[a-z])?\d+(?:\.\d+)?[bkm]")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_RELEASE: Final = re.compile(r"\d{4}")
_STANDS: Final = re.compile(r"[-@]latest$")
_LATEST: Final = (inf, 0)
_UNDATED: Final = (-1.0, 0)


@dataclass(frozen=True, slots=True)
class Kin:
    """A version within a family: `family` is all else of the name, `version` sorts by age."""

    family: tuple[str, ...]
    version: tuple[float, int]


def family_of(upstream: str) -> str:
    """Return the first word of a model's name: `claude`, `gpt`, `gemini`."""
    name = identify(upstream).canonical
    found = _LETTERS.match(name)
    return found.group() if found else name


@lru_cache(maxsize=8192)
def kin_of(canonical: str) -> Kin | None:
    """Take a canonical name apart, or None where it has not exactly one version.

    Four digits are a release within a version, or the version where there is no other.

    >>> kin_of("claude-4.5-sonnet")
    Kin(family=('claude', '#', 'sonnet'), version=(4.5, 0))
    """
    family: list[str] = []
    versions: list[float] = []
    releases: list[int] = []
    for word in canonical.split("-"):
        found = None if _SIZE.fullmatch(word) else _VERSION.fullmatch(word)
        if found:
            versions.append(float(found["number"]))
            family.append(f"{found['before']}#{found['after']}")
        elif _RELEASE.fullmatch(word):
            releases.append(int(word))
        else:
            family.append(word)
    if len(versions) > 1 or len(releases) > 1 or not (versions or releases):
        return None
    return Kin(tuple(family), (sum(versions), sum(releases)))


def relative(upstream: str, names: Iterable[str], effort: Effort | None = None) -> str | None:
    """Return which of `names` stands for `upstream` by the rules above, or None.

    Among several efforts of a relative the nearest, as in `identity.match`.
    """
    wanted = identify(upstream)
    asked, known = wanted.effort or effort, list(names)
    plain = wanted.canonical.removesuffix("-pro")
    if plain != wanted.canonical and (sister := match(plain, known, asked)):
        return sister
    family, version = _place_of(upstream)
    if family is None:
        return None
    kin = [(name, found) for name in known if (found := kin_of(identify(name).canonical)) is not None]
    if version == _UNDATED:
        dated = [(other.version, name) for name, other in kin if other.family == family]
        first, name = min(dated, default=(_UNDATED, ""))
        return match(identify(name).canonical, known, asked) if first[0] == 0 else None
    older: dict[tuple[bool, float, int], list[str]] = {}
    for name, other in kin:
        if other.version >= version:
            continue
        is_alike = other.family == family
        if is_alike or (version == _LATEST and _unversioned(other.family) == family):
            older.setdefault((is_alike, *other.version), []).append(name)
    if not older:
        return None
    latest = sorted(older[max(older)])
    return match(identify(latest[0]).canonical, latest, asked)


def _place_of(upstream: str) -> tuple[tuple[str, ...] | None, tuple[float, int]]:
    """Return family and version of a name; a version stands for a standing name, or one that has none."""
    canonical = identify(upstream).canonical
    kin = kin_of(canonical)
    if kin is not None:
        return kin.family, kin.version
    words = [word for word in canonical.split("-") if word != "latest"]
    if any(re.search(r"\d", word) and not _SIZE.fullmatch(word) for word in words):
        return None, _UNDATED
    return tuple(words), _LATEST if _STANDS.search(upstream.lower()) else _UNDATED


def _unversioned(family: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in family if word != "#")
