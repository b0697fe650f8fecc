"""How far a bundle's buckets follow what says nothing of the task: typing, courtesy, wrappers, order.

Each perturbation rewrites what the user asks and leaves the task as it was. `changed_share` triages prompts
as they are and rewritten, and counts how many change their bucket.

There are two sets of wordings. `DEVELOPED` may be looked at while `core/plain.py` is worked on; `REPORTED`
is what reports show, and nothing may be fitted to it, or its figures would flatter: 220 wordings
(`wrappings.json`) by somebody who had not seen the code.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.core.decision import perceive
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.triage import choose_bucket
from heimdall_litellm.core.types import BUCKETS
from training.data import Example

Perturbation = Callable[[str, random.Random], str]

PER_SOURCE = 60
_Z: Final = 1.96
_KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_OPTION: Final = re.compile(r"^(\s*(?:- )?\(?)([A-J])([.):]\s*)(.*)$")


@dataclass(frozen=True, slots=True)
class Changed:
    """Share of prompts whose bucket changes, its 95 % interval (Wilson), and the share that jumps from cheap
    to hard or back; of `prompts` that the perturbation altered."""

    share: float
    low: float
    high: float
    far: float
    prompts: int


def swaps(text: str, rng: random.Random) -> str:
    """Swap two neighbouring letters once per 100 characters."""
    chars = list(text)
    places = [i for i in range(len(chars) - 1) if chars[i].isalpha() and chars[i + 1].isalpha()]
    for i in rng.sample(places, min(len(places), max(1, len(chars) // 100))):
        chars[i], chars[i + 1] = chars[i + 1], chars[i]
    return "".join(chars)


def slips(text: str, rng: random.Random) -> str:
    """Mistype one word in 25: a letter left out, doubled, swapped, or the key beside it hit."""
    parts = re.split(r"(\s+)", text)
    places = [i for i, part in enumerate(parts) if len(part) > 3 and part.isalpha()]
    for i in rng.sample(places, min(len(places), max(1, len(parts) // 50))):
        parts[i] = _slip(parts[i], rng)
    return "".join(parts)


def _slip(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    before, here, rest = word[:at], word[at], word[at + 1 :]
    row = next((row for row in _KEYS if here in row), here)
    beside = row[(row.index(here) + 1) % len(row)]
    return rng.choice(
        (
            before + rest,
            before + here + here + rest,
            before + rest[0] + here + rest[1:],
            before + beside + rest,
        )
    )


def lower(text: str, _rng: random.Random) -> str:
    """Write all in small letters."""
    return text.lower()


def upper(text: str, _rng: random.Random) -> str:
    """Write all in capitals."""
    return text.upper()


def wide(text: str, _rng: random.Random) -> str:
    """Put two spaces after sentences, an empty line after lines, white space around."""
    return "  " + text.replace(". ", ".  ").replace("\n", "\n\n") + "\n "


def ragged(text: str, rng: random.Random) -> str:
    """Double some spaces, break the line at others, leave white space at the end."""
    pieces = re.split("( )", text)
    typed = (rng.choices((" ", "  ", "\n"), (94, 4, 2))[0] if piece == " " else piece for piece in pieces)
    return "".join(typed) + "\n\n \t"


def shuffled(text: str, rng: random.Random) -> str:
    """Put the answers of a multiple-choice question into another order; their letters stay."""
    lines = text.split("\n")
    found = [(i, match) for i, line in enumerate(lines) if (match := _OPTION.match(line))]
    answers = [match[4] for _, match in found]
    rng.shuffle(answers)
    for (i, match), answer in zip(found, answers, strict=True):
        lines[i] = f"{match[1]}{match[2]}{match[3]}{answer}"
    return "\n".join(lines)


def around(*wordings: tuple[str, str]) -> Perturbation:
    """Put one of the wordings, each (before, after), around the text."""

    def perturb(text: str, rng: random.Random) -> str:
        before, after = rng.choice(wordings)
        return f"{before}{text}{after}"

    return perturb


DEVELOPED: Final[Mapping[str, Perturbation]] = {
    "typos": swaps,
    "lower": lower,
    "upper": upper,
    "white space": wide,
    "trailing white space": around(("", "\n\n  ")),
    "politeness": around(
        ("Hi! I hope you're doing well. Could you please help me with the following? ", ""),
        ("Please answer the following question: ", ""),
        ("Hello, I have a question and would be grateful for your help.\n\n", ""),
        ("Could you please ", ""),
        ("Good afternoon, could I trouble you for a hand with something? ", ""),
        ("Hey there! Hope your week is off to a great start. Quick one for you:\n", ""),
        ("I'd be very thankful if you could take a look at this one for me.\n\n", ""),
        ("Sorry to bother you again, but I've been stuck on this all day. ", ""),
        ("Dear AI, kindly assist me with the query stated below.\n\n", ""),
        ("Good evening, I was hoping to get your input on this one. ", ""),
        ("Hiya, would love some assistance if you have a sec: ", ""),
        (
            "To whom it may concern,\n\nI respectfully request your help with the matter below.\n\n",
            "",
        ),
        ("Apologies in advance if this is a silly question! ", ""),
        ("Thank you for being such a patient helper. My next question:\n\n", ""),
    ),
    "template": around(
        ("### Instruction:\n", "\n\n### Response:\n"),
        ("User: ", "\nAssistant:"),
        ("<prompt>\n", "\n</prompt>"),
        ('"""\n', '\n"""'),
        (
            "You are a helpful, respectful and honest assistant.\n\nBelow is the user's message.\n---\n",
            "\n---\nYour reply:",
        ),
        ("[INST] ", " [/INST]"),
        ("## Prompt\n\n", "\n\n## Completion\n\n"),
        ("<user_query>", "</user_query>\nProvide your answer inside <answer> tags."),
        ("Human: ", "\n\nAI:"),
        ("Consider the request between the markers.\n<<<BEGIN>>>\n", "\n<<<END>>>"),
        (
            "### System:\nYou are an AI that follows instructions extremely well.\n\n### User:\n",
            "\n\n### Assistant:\n",
        ),
        ("Context: none\nQuery: ", "\nResult:"),
        ("<s>[INST] ", " [/INST] Sure, here is"),
        ("**Prompt**\n> ", "\n\n**Reply**"),
    ),
    "boilerplate": around(
        ("", "\n\nThank you very much in advance. Please let me know if you need any further information."),
        ("", "\n\nBest regards,\nAnna"),
        ("", " Thanks!"),
        ("", "\n\nMany thanks for taking the time to look into this, it means a lot to me!"),
        ("", "\n\nI look forward to hearing back from you soon.\n\nKind regards,\nJonas Weber"),
        ("", "\n\nDo your best and take a deep breath before you begin. I appreciate all your hard work."),
        ("", "\n\nFeel free to ask follow-up questions if anything is unclear."),
        ("", "\n\nSent from my iPhone"),
        ("", "\n\nI'm grateful for any guidance you can offer. Have a lovely weekend!"),
        ("", "\n\nPlease get back to me at your earliest convenience.\n\nYours sincerely,\nPriya"),
        ("", "\n\nIf something is missing or ambiguous, just ask me for clarification."),
        ("", "\n\nThis is really urgent, so a fast reply would be awesome. Cheers!"),
        ("", "\n\nP.S. You've been a huge help so far, keep up the good work!"),
    ),
    "option order": shuffled,
}


def _wordings() -> Mapping[str, Sequence[tuple[str, str]]]:
    """What to put (before, after) a prompt, by kind, from `wrappings.json`."""
    found = json.loads(Path(__file__).with_name("wrappings.json").read_text(encoding="utf-8"))
    return {
        "politeness": [(f"{text}{_gap(text)}", "") for text in found["politeness"]],
        "template": [text.partition("{prompt}")[::2] for text in found["template"]],
        "boilerplate": [("", f"\n\n{text}") for text in found["boilerplate"]],
    }


def _gap(text: str) -> str:
    """A sentence stands in its own paragraph; what is none runs on into the prompt."""
    return "\n\n" if text[-1] in ".!?:" else " "


REPORTED: Final[Mapping[str, Perturbation]] = {
    "typos": slips,
    "lower": lower,
    "upper": upper,
    "white space": ragged,
    "trailing white space": around(("", " \n"), ("", "\n\n\n\n"), ("", "\t")),
    **{name: around(*wordings) for name, wordings in _wordings().items()},
    "option order": shuffled,
}


def changed_share(
    bundle: Bundle,
    examples: Sequence[Example],
    perturbations: Mapping[str, Perturbation] = REPORTED,
    *,
    seed: int = 0,
) -> dict[str, Changed]:
    """Count by perturbation how many prompts change their bucket; prompts it leaves alone don't count.

    Each perturbation draws from its own seed, so that one more of them changes no other's figure.
    """
    usual = [_bucket(bundle, example.messages) for example in examples]
    found = {}
    for name, perturb in perturbations.items():
        rng = random.Random(f"{seed} {name}")
        moves = []
        for example, before in zip(examples, usual, strict=True):
            messages = perturbed(example.messages, perturb, rng)
            if messages != example.messages:
                moves.append(abs(_bucket(bundle, messages) - before))
        found[name] = _changed(moves)
    return found


def perturbed(
    messages: Sequence[Mapping[str, object]], perturb: Perturbation, rng: random.Random
) -> tuple[Mapping[str, object], ...]:
    """Rewrite the last message, which is what the user asks."""
    *before, last = messages
    return (*before, {**last, "content": perturb(str(last.get("content", "")), rng)})


def _bucket(bundle: Bundle, messages: Sequence[Mapping[str, object]]) -> int:
    seen = perceive(read_request({"messages": list(messages)}), bundle.knowledge)
    return BUCKETS.index(choose_bucket(seen.triage, *bundle.manifest.thresholds))


def _changed(moves: Sequence[int]) -> Changed:
    n = len(moves)
    if not n:
        return Changed(0.0, 0.0, 1.0, 0.0, 0)
    share = sum(move > 0 for move in moves) / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * (share * (1 - share) / n + _Z**2 / (4 * n * n)) ** 0.5
    return Changed(
        share, max(middle - half, 0.0), min(middle + half, 1.0), sum(move > 1 for move in moves) / n, n
    )
