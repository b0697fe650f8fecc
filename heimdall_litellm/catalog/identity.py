"""One name for one model, however a provider, a benchmark or a user writes it.

`identify` splits a name into four parts: *what model it is* (family, version, size, variant:
`canonical`), *how hard it thinks*, *which dated release* it is and *as what it is sold* (with which window,
how fast). Two names mean the same model if the first part is equal; effort and release only choose among
several names of that model, and all of it counts where prices do (`is_same_offer`). So
`anthropic/claude-sonnet-4-5-20250929` is `Claude Sonnet 4.5`, and `gpt-5`, `gpt-5-mini` and `gpt-5.1`
are three models. A four-digit release (`deepseek-r1-0528`) counts as a version, because makers use
it for models that differ a good deal, except where it only dates an API (`DATED_BY_FOUR_DIGITS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from heimdall_litellm.catalog.spellings import (
    ALIASES,
    ANY_ORDER,
    DATED_BY_FOUR_DIGITS,
    DISTINCT_PREVIEWS,
    FIRST_IS_UNSAID,
    MEDIUM_IS_A_SIZE,
    NOISE,
    OLLAMA_SIZES,
    ONE_DIGIT,
    REASONING_IS_A_MODEL,
    REPEATED,
    SIZED_BY_TIER,
    SPEEDS,
    TIERS,
    V_IS_SPELLING,
    VENDORS,
)
from heimdall_litellm.core.types import Effort

_EFFORTS: Final[dict[str, Effort]] = {
    "none": "none",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "med": "medium",
    "high": "high",
    "xhigh": "xhigh",
}
_LADDER: Final[tuple[Effort, ...]] = ("none", "minimal", "low", "medium", "high", "xhigh")

_MONTHS: Final = "jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec"
_DATES: Final = re.compile(
    r"(?<!\d)(?:(?P<iso>20\d\d-?[01]\d-?[0-3]\d)"
    r"|(?P<short>2\d-[01]\d-[0-3]\d)"
    r"|(?P<compact>(?<=-)2\d[01]\d[0-3]\d)"
    r"|(?P<month_year>[01]\d-20\d\d)"
    rf"|(?P<words>(?:{_MONTHS})(?: 20\d\d)?(?![a-z])))(?!\d)"
)
_QUANTISED: Final = re.compile(r"[-:](?:q\d(?:_[a-z0-9]+)*|(?:nv)?fp\d+|int\d)$")
# Bedrock's, of which `claude-v2:1` is a version and not a revision.
_REVISION: Final = re.compile(r"(?<!claude)-(?:v\d+:\d+|\d+:0)$")
_HOST: Final = re.compile(rf"^(?:us-gov|{'|'.join(sorted(VENDORS))}|[a-z]+(?=\.[a-z][^ ]*\d))\.(?=[a-z])")
_POINT: Final = re.compile(r"(?<=\d)p(?=\d)")
_WINDOW: Final = re.compile(r"\d+k|1m|8192|32768|131072")
_FORMAT: Final = re.compile(r"(?:mx|nv)?fp\d+|int\d|\d+bit|w\d+a\d+|quantized(?:\.w\d+a\d+)?")
_ACTIVE: Final = re.compile(r"-a\d+(?:\.\d+)?b(?![^-])")
_LOCAL: Final = ("ollama/", "ollama_chat/")
_FINE_TUNED: Final = re.compile(r"^(?:.*/)?ft:([^:]+).*")
_GLUED: Final = re.compile(r"^([a-z]{3,})(\d[\d.]*[a-z]?)$")
# Of parameters, or in how many experts.
_SIZE: Final = re.compile(r"^(?:(?:\d+x)?\d+(?:\.\d+)?[bt]|\d+e)$")
_HIGH_OF_A_SUFFIX: Final = re.compile(r"^(no|non|high|low|minimal)(thinking|think|reasoning)$")

# Thinking is a switch of the model, not another model.
_THINKS_ON_DEMAND: Final = re.compile(
    r"^(claude-|gemini-2\.5|gemini-3|gemma-4|deepseek-v|kimi-k2\.|qwen-3(\.\d)?-\d+b(-a\d+b)?$|glm-)"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A model's name in its parts; `release` sorts by time, `offer` is how it is sold; both may be empty."""

    canonical: str
    effort: Effort | None = None
    release: str = ""
    offer: str = ""

    def is_same_offer(self, other: Identity) -> bool:
        """Whether what one costs and takes says so of the other: the same release, window and speed."""
        return (self.canonical, self.release, self.offer) == (other.canonical, other.release, other.offer)


def canonical(name: str) -> str:
    """Return the name of the model without provider, date, effort or spelling.

    >>> canonical("anthropic/claude-sonnet-4-5-20250929"), canonical("Claude 4.5 Sonnet")
    ('claude-4.5-sonnet', 'claude-4.5-sonnet')
    """
    return identify(name).canonical


def match(upstream: str, names: Iterable[str], effort: Effort | None = None) -> str | None:
    """Return which of `names` means the same model as `upstream`, or None.

    Among several, the one with the nearest effort, then of the same release, then undated, then
    the latest. An effort that `upstream` itself names wins over `effort`.

    A mixture of experts is often called by its whole size alone (`qwen3:30b`); where no name is equal, one
    that also says how much of it is active (`qwen-3-30b-a3b`) means the same.
    """
    wanted = identify(upstream)
    asked = wanted.effort or effort
    if not wanted.canonical:
        return None
    known = [(name, identify(name)) for name in names]
    same = [pair for pair in known if pair[1].canonical == wanted.canonical]
    if not same and any(_SIZE.match(word) for word in wanted.canonical.split("-")):
        same = [pair for pair in known if _ACTIVE.sub("", pair[1].canonical) == wanted.canonical]
    if not same:
        return None

    def rank(pair: tuple[str, Identity]) -> tuple[float, int, bool, int, str]:
        name, found = pair
        nearness = 0 if found.release == wanted.release else 1 if not found.release else 2
        return _distance(asked, found.effort), nearness, name != upstream, -int(found.release or 0), name

    return min(same, key=rank)[0]


def _distance(asked: Effort | None, found: Effort | None) -> float:
    """Steps between two efforts; a name that states none stands half a step from everything."""
    if asked == found:
        return 0
    if found is None:
        return 0.5
    return abs(_LADDER.index(asked or "medium") - _LADDER.index(found))


@lru_cache(maxsize=8192)
def identify(name: str) -> Identity:
    """Split a name into model, effort, release and offer."""
    whole = name.strip().lower()
    text = _last_segment(_FINE_TUNED.sub(r"\1", whole))
    text, notes = _without_notes(text)
    release = ""
    for note in (text, *notes):
        for found in _DATES.finditer(note):
            release = release or _by_time(found)
    text = _DATES.sub(" ", text)
    words, offer = _without_offer(_words(text))
    is_local = whole.startswith(_LOCAL)
    if is_local and words[-1:] == ["cloud"]:  # served by Ollama itself, whole
        words, is_local = words[:-1], False
    is_local = is_local and not any(_SIZE.match(word) or word in TIERS for word in words)
    effort = _effort_of_notes(notes)
    dated_last = [words.pop()] if len(words) > 1 and re.fullmatch(r"\d{4}", words[-1]) else []
    words, suffix = _without_effort(words)
    words += dated_last
    words += [
        snapshot for note in notes for snapshot in re.findall(r"(?<!\d)\d{4}(?!\d)", _DATES.sub("", note))
    ]
    model, dated = _model(words)
    model, thinks = _without_switch(model)
    if is_local:
        model = OLLAMA_SIZES.get(model) or f"{model}-local"
    model = ALIASES.get(model, model)
    if whole.startswith("ft:"):
        offer = f"ft {offer}"
    return Identity(model, effort or suffix or thinks, release or dated, offer)


def _by_time(found: re.Match[str]) -> str:
    """Return the digits of a date, year first and always eight of them."""
    digits = re.sub(r"\D", "", found[0])
    if found["month_year"]:
        digits = digits[2:] + digits[:2]
    elif found["short"] or found["compact"]:
        digits = "20" + digits
    return digits.ljust(8, "0")


def _last_segment(text: str) -> str:
    """Cut off the provider's path and whatever names a host, region, revision or number format."""
    segment = re.split(r"(?<!\d)/|/(?!\d)", text.removesuffix("/community"))[-1].replace("/", "")
    segment = re.sub(r"^(.*\.)?deepseek\.", "deepseek-", segment).replace("ai21.", "")
    while (bare := _HOST.sub("", segment)) != segment:
        segment = bare
    segment = re.sub(r"code-(?=llama|qwen)", "code", _POINT.sub(".", segment.removeprefix("~")))
    return _QUANTISED.sub("", _REVISION.sub("", segment))


def _without_notes(text: str) -> tuple[str, list[str]]:
    """Take out what stands in parentheses, and after an `@` or a colon."""
    notes = re.findall(r"\(([^)]*)\)", text)
    text = re.sub(r"\([^)]*\)", " ", text)
    if "@" in text:
        text, _, after = text.partition("@")
        notes.append(after)
    return text, notes


def _words(text: str) -> list[str]:
    words: list[str] = []
    for part in re.split(r"[\s\-_:,+]+", text):
        word = part.strip(".'\"")
        glued = None if _FORMAT.fullmatch(word) else _GLUED.match(word)
        words += [glued[1], glued[2]] if glued else ["thinking" if word == "think" else word] if word else []
    while len(words) > 1 and words[0] in VENDORS:
        words.pop(0)
    if tuple(words[:2]) in REPEATED:
        words.pop(0)
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        is_minor = re.fullmatch(r"\d\d?" if joined[:1] == ["grok"] else r"\d", word)
        if is_minor and re.fullmatch(r"[a-z]?\d", before) and len(joined) > 1:
            joined[-1] = f"{before}.{word}"
        elif re.fullmatch(r"\d\d", word) and re.fullmatch(r"\d\d", before):
            joined[-1] = before + word
        else:
            joined.append(word)
    return _versions_spelt_out([word.removesuffix(".0") for word in joined])


def _versions_spelt_out(words: list[str]) -> list[str]:
    """Write the version of families where there is no doubt as 3.5, whether it was 35, v3.5 or v35."""
    family, *rest = words or [""]
    if family in V_IS_SPELLING:
        rest = [re.sub(r"^v(?=\d)", "", word) for word in rest]
        if family == "claude" and len(numbers := [word for word in rest if re.match(r"\d", word)]) > 1:
            rest = [word for word in rest if word != "1" or word == numbers[0]]
    if family in ONE_DIGIT:
        rest = [re.sub(r"^(v?\d)(\d)$", r"\1.\2", word) for word in rest]
    if family in FIRST_IS_UNSAID and rest[-1:] in (["v1"], ["1"]) and len(rest) > 1:
        rest.pop()
    return [family, *rest] if words else []


def _without_offer(words: list[str]) -> tuple[list[str], str]:
    """Take out what says with which window, where or how fast a model is served."""
    begins = ("", "-".join(words[:1]), "-".join(words[:2]))
    speeds = frozenset[str]().union(*(SPEEDS.get(each, ()) for each in begins))
    kept, sold = words[:1], []
    for before, word in pairwise(words):
        if word in speeds or (_WINDOW.fullmatch(word) and before not in ("thinking", "reasoning")):
            sold.append(word)
        elif not _WINDOW.fullmatch(word):
            kept.append(word)
    while len(kept) > 1 and kept[-1] in ("us", "eu"):
        kept.pop()
    return kept, " ".join(sold)


def _effort_of_notes(notes: list[str]) -> Effort | None:
    for note in notes:
        said = re.split(r"[\s\-,]+", note)
        if {"no", "non"} & set(said):
            return "none"
        for word in said:
            if word in _EFFORTS:
                return _EFFORTS[word]
        if {"think", "thinking", "reasoning"} & set(said):
            return "high"
    return None


def _without_effort(words: list[str]) -> tuple[list[str], Effort | None]:
    """Take an effort off the end: `-high`, `-low-effort`, `-nothinking`, `thinking 16k`."""
    kept = list(words)
    if kept[-1:] == ["latest"] and kept[-2:-1] == ["reasoning"]:
        kept.pop()
    if kept[-1:] == ["effort"]:
        kept.pop()
    if len(kept) < 2:
        return kept, None
    last, before = kept[-1], kept[-2]
    if last in ("reasoning", "thinking") and before in ("no", "non"):
        return kept[:-2], "none"
    if last == "reasoning" and kept[0] not in REASONING_IS_A_MODEL:
        return kept[:-1], "high"
    glued = _HIGH_OF_A_SUFFIX.match(last)
    if glued:
        effort: Effort = "none" if glued[1] in ("no", "non") else _EFFORTS[glued[1]]
        return kept[:-1], effort
    is_size = last == "medium" and (before in MEDIUM_IS_A_SIZE or before == "3")
    if last in _EFFORTS and last != "none" and not is_size:
        return kept[:-1], _EFFORTS[last]
    if last == "base" and kept[0] == "claude":
        return kept[:-1], "none"
    return kept, None


def _model(words: list[str]) -> tuple[str, str]:
    """Join the words that tell models apart; also return a release in four digits or Google's three."""
    family = words[0] if words else ""
    release = ""
    kept: list[str] = []
    for position, word in enumerate(words):
        is_release = re.fullmatch(r"00\d", word) or (
            re.fullmatch(r"\d{4}", word)
            and (family in DATED_BY_FOUR_DIGITS or (family == "gemini" and words[1:-1] != ["exp"]))
        )
        if is_release and "-".join([*kept[:2], word]) not in ALIASES:
            release = word
        elif position and _is_noise(word, family, kept, words):
            continue
        else:
            kept.append(word)
    if family in ANY_ORDER:
        kept[1:] = sorted(kept[1:], key=lambda word: (not word[0].isdigit(), word))
    kept.sort(key=lambda word: bool(re.fullmatch(r"\d{4}", word)))  # releases last, all else in place
    return "-".join(kept), release


def _is_noise(word: str, family: str, kept: list[str], words: list[str]) -> bool:
    if word == "preview":
        return "-".join(kept) not in DISTINCT_PREVIEWS
    if word == "exp":  # Google's experiments of a date are models that never got a version
        return family != "deepseek" and not (family == "gemini" and len(words) == 3 and words[2].isdigit())
    if word == "latest":  # of a family without a version it names whatever is new
        return any(re.match(r"[a-z]?\d", other) for other in words)
    if word in ("turbo", "instant"):
        return any(_SIZE.match(other) for other in words)
    if word == "chat":
        return any(_SIZE.match(other) or re.match(r"v\d", other) for other in words)
    if _FORMAT.fullmatch(word) or (_SIZE.match(word) and SIZED_BY_TIER.match("-".join(kept))):
        return True
    return word in NOISE and not (word == "reasoning" and family in REASONING_IS_A_MODEL)


def _without_switch(model: str) -> tuple[str, Effort | None]:
    plain = model.removesuffix("-thinking")
    return (plain, "high") if plain != model and _THINKS_ON_DEMAND.match(plain) else (model, None)
