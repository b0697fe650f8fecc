"""Which requests belong to one conversation, and what a new one says of the one before.

Two requests belong together if the same caller sends the same beginning: a conversation is known by its first
message and the length of its system prompt. Of each the latest request is remembered, as numbers and digests:

- If the new one goes on where that one stopped, the earlier prompt is a prefix of it, and a provider that
  caches prompts has read it before (`repeated_tokens`).
- If it is the same once more, to the letter, the answer was *regenerated*.
- If the user has spoken again, in nearly the same words, they *asked again*: the answer didn't do.

An agent that goes on with a tool's result repeats its user's words and asks nothing: only a new turn of the
user's counts. Neither does it doubt an answer to ask another name or endpoint the same (a comparison), nor
where nothing tells that it is the same person: many users of one key begin alike, and templates bring
examples as if they were turns. So the same once more counts only of a named end user, or in a conversation
that has gone on. Nothing here can be read back: words are kept as keyed 32-bit hashes, in memory alone.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from hashlib import blake2b
from threading import Lock
from typing import Final, Literal
from zlib import crc32

from heimdall_litellm.core.types import RequestFacts

CACHE_LIVES_S: Final = 300.0
"""How long providers keep a prompt they have read, at least: five minutes at Anthropic and OpenAI."""
FORGOTTEN_S: Final = 3600.0
ALIKE: Final = 0.8
"""Share of words in common from which two asks are the same one."""
_MOST_WORDS: Final = 64
_FEWEST_WORDS: Final = 3
_WORD: Final = re.compile(r"\w+")

Doubt = Literal["asked-again", "regenerated"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One request as it is remembered. `words` are hashes; `size` and `ask` tell whether it comes again.

    `asked` is what it was asked of: the model's name and the endpoint. `has_gone_on`: it is a later turn of a
    conversation that was seen before.
    """

    id: str
    asked: str
    at_s: float
    messages: int
    user_turns: int
    input_tokens: int
    size: tuple[int, int]
    ask: int
    words: frozenset[int]
    has_gone_on: bool = False


@dataclass(frozen=True, slots=True)
class Follows:
    """What a request is to the one before: `doubt` says what it tells of the answer of `earlier`.

    `conversation` is a keyed digest, in hex.
    """

    conversation: str
    repeated_tokens: int = 0
    earlier: str | None = None
    doubt: Doubt | None = None


def conversation_of(facts: RequestFacts, caller: str, secret: bytes) -> bytes:
    """Return the keyed digest of the conversation that a request belongs to, 8 bytes."""
    told = f"{caller}\x1f{facts.system_chars}\x1f{facts.opening or facts.ask}"
    return blake2b(told.encode("utf-8", "replace"), digest_size=8, key=secret[:64]).digest()


def share_of(conversation: bytes, purpose: str) -> float:
    """Draw a number in [0, 1) that stays the same throughout a conversation, and differs by purpose."""
    drawn = blake2b(conversation, digest_size=8, person=purpose.encode()[:16]).digest()
    return int.from_bytes(drawn) / 2**64


class Conversations:
    """The latest request of each conversation, bounded by number and age. Thread-safe."""

    def __init__(self, secret: bytes, max_entries: int = 10_000) -> None:
        self._secret, self._max_entries = secret, max_entries
        self._salt = crc32(secret)
        self._turns: OrderedDict[bytes, Turn] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._turns)

    def identity(self, facts: RequestFacts, caller: str) -> bytes:
        """Return the digest of the conversation that a request belongs to."""
        return conversation_of(facts, caller, self._secret)

    def follow(
        self,
        identity: bytes,
        request_id: str,
        facts: RequestFacts,
        now_s: float,
        *,
        asked: str = "",
        is_one_person: bool = True,
        listens: bool = True,
    ) -> Follows:
        """Remember a request, and say what it is to the one before in its conversation.

        `asked` is the model's name and the endpoint. Unless `is_one_person`, many may share the caller's key.
        Unless it `listens`, no doubt is heard, which takes most of the time.
        """
        turn = Turn(
            request_id,
            asked,
            now_s,
            facts.messages,
            facts.user_turns,
            facts.input_tokens,
            (facts.total_chars, facts.ask_chars),
            crc32(facts.ask.encode("utf-8", "replace"), self._salt),
            self._words(facts.ask) if listens else frozenset(),
        )
        with self._lock:
            before = self._turns.pop(identity, None)
            if before is not None and _goes_on(before, turn):
                turn = replace(turn, has_gone_on=True)
            self._turns[identity] = turn
            while len(self._turns) > self._max_entries:
                self._turns.popitem(last=False)
        named = identity.hex()
        if before is None or now_s - before.at_s > FORGOTTEN_S:
            return Follows(named)
        is_warm = now_s - before.at_s <= CACHE_LIVES_S
        repeated = before.input_tokens if is_warm and _holds(before, turn) else 0
        doubt = _doubt(before, turn, is_one_person) if listens else None
        return Follows(named, repeated, before.id, doubt)

    def _words(self, ask: str) -> frozenset[int]:
        found = _WORD.findall(ask[:1024].lower())[:_MOST_WORDS]
        return frozenset(crc32(word.encode("utf-8", "replace"), self._salt) for word in found)


def _is_same(before: Turn, now: Turn) -> bool:
    one, other = ((t.messages, t.user_turns, t.size, t.ask) for t in (before, now))
    return one == other


def _holds(before: Turn, now: Turn) -> bool:
    """Whether all that was sent before stands in the prompt now; many a prompt begins like another one."""
    has_grown = now.messages > before.messages and now.input_tokens >= before.input_tokens
    return has_grown or _is_same(before, now)


def _goes_on(before: Turn, now: Turn) -> bool:
    return now.messages > before.messages or (before.has_gone_on and _is_same(before, now))


def _doubt(before: Turn, now: Turn, is_one_person: bool) -> Doubt | None:
    if before.asked != now.asked:
        return None
    if _is_same(before, now):
        return "regenerated" if is_one_person or now.has_gone_on else None
    has_spoken = now.user_turns > before.user_turns and now.messages > before.messages
    return "asked-again" if has_spoken and _are_alike(before.words, now.words) else None


def _are_alike(one: frozenset[int], other: frozenset[int]) -> bool:
    if min(len(one), len(other)) < _FEWEST_WORDS:
        return False  # "go on" and "yes" are said again without any doubt
    return len(one & other) >= ALIKE * len(one | other)
