"""Fit the constants of `core/tokens.py` against a real tokenizer.

    python -m training.fit_tokens --outcomes FILE [--catalogs DIR] [--encoding o200k_base]

Texts: the prompts of an outcome file, sources and documentation of the Python standard
library, JSON made of the prompts, the passages of `samples.py`, and, for other languages,
translated messages from a directory of gettext catalogs (`/usr/share/locale` of most
systems). The fit minimises the squared relative error with bounded coefficients. One text in
five is held out; the errors printed are about those (passages of `samples.py` recur in pairs,
so theirs flatter). Encodings are read from files that LiteLLM ships: no network.
"""

from __future__ import annotations

import gettext
import importlib.util
import json
import os
import random
import struct
import sysconfig
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from pydoc_data.topics import topics

import click
import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.tokens import measure, tokens_in
from training.data import load_outcomes
from training.samples import PROSE

LANGUAGES = {
    "zh_CN": "CJK", "zh_TW": "CJK", "ja": "HIRAGANA KATAKANA CJK", "ko": "HANGUL", "ru": "CYRILLIC",
    "uk": "CYRILLIC", "ar": "ARABIC", "fa": "ARABIC", "he": "HEBREW", "hi": "DEVANAGARI", "th": "THAI",
    "el": "GREEK", "es": "LATIN", "fr": "LATIN", "de": "LATIN", "pt_BR": "LATIN", "it": "LATIN",
    "tr": "LATIN", "pl": "LATIN",
}  # fmt: skip
"""Catalog name -> first words of the Unicode names of its letters."""

_PER_KIND = 400
_RIDGE = 0.04
_PASSAGES = 15
_FEWEST_TOKENS = 8
_DEAREST = 3.0
_CHEAPEST = -0.5
"""Bounds of a cost, or a text could be made to look many times its length, or empty."""
_WEIGHTS = {
    "code": 2.0,
    "manual": 2.0,
    "prompts": 2.0,
    "prose en": 2.0,
    "prose zh": 5.0,
    "prose ja": 3.0,
    "prose ru": 3.0,
}
"""Kinds that count for more, because most requests are of them, or for less."""
_BEFORE = (0.15, 0.3, 0.4, 0.2, 0.4, 2.0, 0.6, 0.5, 0.0, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7)
"""What entering each class is taken to cost before any text is seen; rare pairs stay near it."""
_EMOJI = "".join(map(chr, range(0x1F600, 0x1F650))) + "\u2705\u2764\u26a1\U0001f680\U0001f389\U0001f44d"

Texts = dict[str, list[str]]


def tokenizer(encoding: str) -> Callable[[str], int]:
    """Return the function that counts a text's tokens exactly."""
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        raise click.ClickException("LiteLLM, whose tokenizer files are used, is not installed.")
    folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    import tiktoken

    found = tiktoken.get_encoding(encoding)
    return lambda text: len(found.encode_ordinary(text))


def gather(outcomes: Path | None, catalogs: Path | None, seed: int) -> Texts:
    """Collect texts by kind."""
    rng = random.Random(seed)
    kinds: Texts = {"code": _slices(_standard_library(), rng), "manual": _slices(list(topics.values()), rng)}
    for language, passages in PROSE.items():
        kinds[f"prose {language}"] = _shuffled_sentences(passages, rng)
    if outcomes is not None:
        prompts = [example.text for example in load_outcomes([outcomes])]
        rng.shuffle(prompts)
        kinds["prompts"] = prompts[: 3 * _PER_KIND]
        kinds["json"] = [_as_json(prompts[at : at + 4], rng) for at in range(0, 4 * _PER_KIND, 4)]
    for language in LANGUAGES if catalogs is not None else ():
        messages = _messages(Path(str(catalogs)) / language / "LC_MESSAGES", LANGUAGES[language])
        rng.shuffle(messages)
        if messages:
            kinds[language] = _slices([" ".join(messages)], rng)
    kinds["mixed"] = _mixed([text for entries in kinds.values() for text in entries], rng)
    return kinds


def _shuffled_sentences(passages: Sequence[str], rng: random.Random) -> list[str]:
    """Give each passage alone and in pairs with others, so that one in five can be held out."""
    return [*passages, *("\n".join(rng.sample(passages, 2)) for _ in range(_PASSAGES))]


def _standard_library() -> list[str]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    return [file.read_text(encoding="utf-8", errors="replace") for file in sorted(folder.glob("*.py"))]


def _slices(sources: Sequence[str], rng: random.Random) -> list[str]:
    """Cut pieces of 200 to 6,000 characters out of long texts."""
    long_enough = [source for source in sources if len(source) > 6_000]
    found = []
    for _ in range(_PER_KIND if long_enough else 0):
        source = rng.choice(long_enough)
        length = rng.randint(200, 6_000)
        start = rng.randrange(len(source) - length + 1)
        found.append(source[start : start + length])
    return found


def _mixed(texts: Sequence[str], rng: random.Random) -> list[str]:
    """Put pieces of different kinds into one text, some emoji among them."""
    found = []
    for _ in range(_PER_KIND):
        pieces = [piece[: rng.randint(10, 300)] for piece in rng.choices(texts, k=6)]
        pieces.append("".join(rng.choices(_EMOJI, k=rng.randint(0, 12))))
        rng.shuffle(pieces)
        found.append(rng.choice((" ", "", "\n")).join(pieces))
    return found


def _as_json(prompts: Sequence[str], rng: random.Random) -> str:
    records = [
        {
            "id": rng.randrange(10**6),
            "text": text[: rng.choice((20, 80, 400))],
            "score": rng.random(),
            "ok": None,
        }
        for text in prompts
    ]
    return json.dumps(records, indent=rng.choice((None, 2)), ensure_ascii=False)


def _messages(folder: Path, scripts: str) -> list[str]:
    """Read the translated messages that are mostly in the language's own script."""
    found: list[str] = []
    for file in sorted(folder.glob("*.mo")):
        try:
            with file.open("rb") as stream:
                catalog = gettext.GNUTranslations(stream)
        except (OSError, UnicodeDecodeError, struct.error, ValueError):
            continue
        found.extend(_own_script(_translations(catalog), scripts))
    return found


def _translations(catalog: gettext.GNUTranslations) -> Iterator[str]:
    entries: Mapping[object, object] = vars(catalog).get("_catalog", {})
    for original, translated in entries.items():
        if original and isinstance(translated, str) and original != translated:
            yield translated


def _own_script(messages: Iterator[str], scripts: str) -> Iterator[str]:
    own = tuple(scripts.split())
    for message in messages:
        letters = [char for char in message if char.isalpha()]
        if len(letters) < 8 or "%" in message or "<" in message:
            continue
        if sum(unicodedata.name(char, "").startswith(own) for char in letters) > 0.8 * len(letters):
            yield message


def fit(texts: Texts, count: Callable[[str], int]) -> NDArray[np.float64]:
    """Return what each entry of `measure` costs in tokens."""
    from scipy.optimize import lsq_linear

    rows, wanted = [], []
    for kind, entries in texts.items():
        weight = _WEIGHTS.get(kind, 1.0) * (_PER_KIND / len(entries)) ** 0.5
        for text in entries:
            tokens = count(text)
            if tokens >= _FEWEST_TOKENS:
                rows.append(measure(text) * (weight / tokens))
                wanted.append(weight)
    before = np.zeros(len(rows[0]))
    before[: len(_BEFORE) ** 2] = np.tile(_BEFORE, len(_BEFORE))
    design = np.vstack((np.array(rows), _RIDGE * np.eye(len(before))))
    target = np.concatenate((np.array(wanted), _RIDGE * before))
    return np.asarray(np.round(lsq_linear(design, target, bounds=(_CHEAPEST, _DEAREST)).x, 3), np.float64)


def errors(texts: Texts, count: Callable[[str], int], costs: NDArray[np.float64] | None) -> Iterator[str]:
    """Report the relative errors per kind; with no costs, those of the constants in use."""
    yield f"{'kind':9} {'texts':>5} {'median':>7} {'p95':>7} {'bias':>7}"
    for kind, entries in texts.items():
        exact = np.array([count(text) for text in entries], float)
        guess = [tokens_in((text,)) if costs is None else float(measure(text) @ costs) for text in entries]
        off = np.array(guess) / np.maximum(exact, 1) - 1
        middle, high = np.quantile(np.abs(off), (0.5, 0.95))
        yield f"{kind:9} {len(entries):5} {middle:7.1%} {high:7.1%} {np.median(off):+7.1%}"


def as_source(costs: NDArray[np.float64]) -> str:
    """Write the costs as the Python literal that `core/tokens.py` holds."""
    pairs, extras = np.split(costs, [len(_BEFORE) ** 2])
    lines = (f"    ({', '.join(f'{cost:g}' for cost in row)})," for row in pairs.reshape(-1, len(_BEFORE)))
    return "\n".join(
        ("_PAIR_COST = (", *lines, ")", f"_EXTRA_COST = ({', '.join(f'{cost:g}' for cost in extras)})")
    )


@click.command()
@click.option("--outcomes", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--catalogs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--encoding", default="o200k_base", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--check", is_flag=True, help="Only measure the constants in use.")
def main(outcomes: Path | None, catalogs: Path | None, encoding: str, seed: int, check: bool) -> None:
    """Fit the constants and print them with their errors on held-out text."""
    count = tokenizer(encoding)
    texts = gather(outcomes, catalogs, seed)
    held_out = {kind: entries[: len(entries) // 5] for kind, entries in texts.items()}
    costs = None
    if not check:
        costs = fit({kind: entries[len(entries) // 5 :] for kind, entries in texts.items()}, count)
        click.echo(as_source(costs))
    for line in errors(held_out, count, costs):
        click.echo(line)


if __name__ == "__main__":
    main()
