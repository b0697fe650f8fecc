"""One name for one model, however a provider, a benchmark or a user writes it.

`identify` splits a name into four parts: *what model it is* (family, version, size, variant:
`canonical`), *how hard it thinks*, *which dated release* it is and *as what it is sold* (with which window,
how fast). Two names mean the same model if the first part is equal; effort and release only choose among
several names of that model, and all of it counts where prices do (`is_same_offer`). So
`anthropic/claude-sonnet-4-5-20250929` is `Claude Sonnet 4.5`, and `gpt-5`, `gpt-5-mini` and `gpt-5.1`
are three models. A four-digit release (`deepseek-r1-0528`) counts as a version, because makers use
it for models that differ a good deal, except where it only dates an API (`_DATED_BY_FOUR_DIGITS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

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

# fmt: off
_VENDORS: Final = frozenset({
    "ai21", "alibaba", "amazon", "anthropic", "azure", "baidu", "bytedance", "cohere", "databricks",
    "fw", "google", "gov", "huggingface", "meta", "microsoft", "mistralai", "moonshotai", "nousresearch",
    "nvidia", "openai", "tencent", "xai", "xiaomi", "zai", "us", "eu", "apac", "global", "au", "jp",
})
# Says how a model is served or was asked, not which one it is.
_NOISE: Final = frozenset({
    "instruct", "inst", "it", "hf", "maas", "versatile", "free", "nitro", "floor", "online", "extended",
    "prompt", "fc", "any", "whole", "diff", "udiff", "experimental", "beta", "prev", "deprecated", "effort",
    "reasoning", "auto", "awq", "gptq", "gguf", "fp4", "fp8", "fp16", "bf16", "int8", "int4", "nvfp4",
    "api", "tee",
})
# Faster hardware for the same model.
_SERVED_FASTER: Final = frozenset({"highspeed"})
_FAST_IS_SPEED: Final = frozenset({"claude", "deepseek", "glm", "kimi"})
# Versions of these have one digit before the point, so 35 is 3.5 and v3 is 3.
_ONE_DIGIT: Final = frozenset({"claude", "deepseek", "gemini", "gpt", "llama", "qwen"})
_V_IS_SPELLING: Final = frozenset({"claude", "llama", "qwen"})
# fmt: on
_MONTHS: Final = "jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec"
_DATES: Final = re.compile(
    r"(?<!\d)(?:(?P<iso>20\d\d-?[01]\d-?[0-3]\d)"
    r"|(?P<short>2\d-[01]\d-[0-3]\d)"
    r"|(?P<month_year>[01]\d-20\d\d)"
    rf"|(?P<words>(?:{_MONTHS})(?: 20\d\d)?(?![a-z])))(?!\d)"
)
_QUANTISED: Final = re.compile(r"[-:](?:q\d(?:_[a-z0-9]+)*|(?:nv)?fp\d+|int\d)$")
# Bedrock's, of which `claude-v2:1` is a version and not a revision.
_REVISION: Final = re.compile(r"(?<!claude)-(?:v\d+:\d+|\d+:0)$")
_HOST: Final = re.compile(rf"^(?:us-gov|{'|'.join(sorted(_VENDORS))}|[a-z]+(?=\.[a-z][^ ]*\d))\.(?=[a-z])")
_POINT: Final = re.compile(r"(?<=\d)p(?=\d)")
_WINDOW: Final = re.compile(r"\d+k")
_LOCAL: Final = ("ollama/", "ollama_chat/")
_FINE_TUNED: Final = re.compile(r"^(?:.*/)?ft:([^:]+).*")
_GLUED: Final = re.compile(r"^([a-z]{3,})(\d[\d.]*[a-z]?)$")
_SIZE: Final = re.compile(r"^\d+(?:\.\d+)?b$")
_HIGH_OF_A_SUFFIX: Final = re.compile(r"^(no|non|high|low|minimal)(thinking|think|reasoning)$")

# Word order differs between writers, so the words are sorted.
_ANY_ORDER: Final = frozenset({"claude", "gemini"})
# Thinking is a switch of the model, not another model.
_THINKS_ON_DEMAND: Final = re.compile(
    r"^(claude-|gemini-2\.5|gemini-3|deepseek-v|kimi-k2\.|qwen-3-\d+b(-a\d+b)?$|glm-)"
)
_DATED_BY_FOUR_DIGITS: Final = frozenset({"gpt", "grok"})
_DISTINCT_PREVIEWS: Final = frozenset({"o1", "qwq-32b"})
_ALIASES: Final = {
    # What the maker's own API serves under its two standing names.
    "deepseek-chat": "deepseek-v3.2",
    "deepseek-reasoner": "deepseek-v3.2",
    "gpt-4-1106": "gpt-4-turbo",
    "gpt-4-0125": "gpt-4-turbo",
    "nova-micro-v1": "nova-micro",
    "nova-lite-v1": "nova-lite",
    "nova-pro-v1": "nova-pro",
    "qwen-3-coder": "qwen-3-coder-480b-a35b",
    "llama-4-maverick-17b-128e": "llama-4-maverick",
    "llama-4-maverick-17b": "llama-4-maverick",
    "llama-4-scout-17b-16e": "llama-4-scout",
    "llama-4-scout-17b": "llama-4-scout",
    "mixtral-8x7b": "mixtral-8x7b-v0.1",
    "mixtral-8x22b": "mixtral-8x22b-v0.1",
    "deepseek-r1-671b": "deepseek-r1",
    "deepseek-v3-671b": "deepseek-v3",
    "deepseek-v3.1-671b": "deepseek-v3.1",
}


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
    """
    wanted = identify(upstream)
    asked = wanted.effort or effort
    same = [(name, found) for name in names if (found := identify(name)).canonical == wanted.canonical]
    if not same or not wanted.canonical:
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
    effort = _effort_of_notes(notes)
    dated_last = [words.pop()] if len(words) > 1 and re.fullmatch(r"\d{4}", words[-1]) else []
    words, suffix = _without_effort(words)
    words += dated_last
    words += [
        snapshot for note in notes for snapshot in re.findall(r"(?<!\d)\d{4}(?!\d)", _DATES.sub("", note))
    ]
    model, dated = _model(words)
    model, thinks = _without_switch(model)
    model = _ALIASES.get(model, model)
    if whole.startswith(_LOCAL) and not any(_SIZE.match(word) for word in words):
        model += "-local"  # the size that Ollama takes unasked, mostly a small one
    if whole.startswith("ft:"):
        offer = f"ft {offer}"
    return Identity(model, effort or suffix or thinks, release or dated, offer)


def _by_time(found: re.Match[str]) -> str:
    """Return the digits of a date, year first and always eight of them."""
    digits = re.sub(r"\D", "", found[0])
    if found["month_year"]:
        digits = digits[2:] + digits[:2]
    elif found["short"]:
        digits = "20" + digits
    return digits.ljust(8, "0")


def _last_segment(text: str) -> str:
    """Cut off the provider's path and whatever names a host, region, revision or number format."""
    segment = re.split(r"(?<!\d)/|/(?!\d)", text)[-1].replace("/", "")
    segment = re.sub(r"^(.*\.)?deepseek\.", "deepseek-", segment).replace("ai21.", "")
    while (bare := _HOST.sub("", segment)) != segment:
        segment = bare
    segment = _POINT.sub(".", segment.removeprefix("~")).replace("code-llama", "codellama")
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
        glued = _GLUED.match(word)
        words += [glued[1], glued[2]] if glued else ["thinking" if word == "think" else word] if word else []
    while len(words) > 1 and words[0] in _VENDORS:
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
    if family in _V_IS_SPELLING:
        rest = [re.sub(r"^v(?=\d)", "", word) for word in rest]
        if family == "claude" and len(numbers := [word for word in rest if re.match(r"\d", word)]) > 1:
            rest = [word for word in rest if word != "1" or word == numbers[0]]
    if family in _ONE_DIGIT:
        rest = [re.sub(r"^(v?\d)(\d)$", r"\1.\2", word) for word in rest]
    return [family, *rest] if words else []


def _without_offer(words: list[str]) -> tuple[list[str], str]:
    """Take out what says with which window, where or how fast a model is served."""
    family = words[0] if words else ""
    is_fast = family in _FAST_IS_SPEED

    def is_offer(word: str) -> bool:
        return bool(_WINDOW.fullmatch(word)) or word in _SERVED_FASTER or (word == "fast" and is_fast)

    thinking = {"thinking", "reasoning"}
    sold = [
        w for before, w in zip(["", *words], words, strict=False) if is_offer(w) and before not in thinking
    ]
    kept = [word for i, word in enumerate(words) if i == 0 or not is_offer(word)]
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
    if last == "reasoning" and kept[0] != "sonar":
        return kept[:-1], "high"
    glued = _HIGH_OF_A_SUFFIX.match(last)
    if glued:
        effort: Effort = "none" if glued[1] in ("no", "non") else _EFFORTS[glued[1]]
        return kept[:-1], effort
    is_size = last == "medium" and before in ("mistral", "phi", "3")
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
            and (family in _DATED_BY_FOUR_DIGITS or (family == "gemini" and words[1:-1] != ["exp"]))
        )
        if is_release and "-".join([*kept[:2], word]) not in _ALIASES:
            release = word
        elif position and _is_noise(word, family, kept, words):
            continue
        else:
            kept.append(word)
    if family in _ANY_ORDER:
        kept[1:] = sorted(kept[1:], key=lambda word: (not word[0].isdigit(), word))
    kept.sort(key=lambda word: bool(re.fullmatch(r"\d{4}", word)))  # releases last, all else in place
    return "-".join(kept), release


def _is_noise(word: str, family: str, kept: list[str], words: list[str]) -> bool:
    if word == "preview":
        return "-".join(kept) not in _DISTINCT_PREVIEWS
    if word == "exp":  # Google's experiments of a date are models that never got a version
        return family != "deepseek" and not (family == "gemini" and len(words) == 3 and words[2].isdigit())
    if word == "latest":  # of a family without a version it names whatever is new
        return any(re.match(r"[a-z]?\d", other) for other in words)
    if word in ("turbo", "instant"):
        return any(_SIZE.match(other) for other in words)
    if word == "chat":
        return any(_SIZE.match(other) or re.match(r"v\d", other) for other in words)
    return word in _NOISE and not (word == "reasoning" and family == "sonar")


def _without_switch(model: str) -> tuple[str, Effort | None]:
    plain = model.removesuffix("-thinking")
    return (plain, "high") if plain != model and _THINKS_ON_DEMAND.match(plain) else (model, None)
