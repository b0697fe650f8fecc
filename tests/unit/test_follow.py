"""What a request is to the one before, where nobody keeps a journal."""

from __future__ import annotations

from dataclasses import replace

from heimdall_litellm.core.conversation import Conversations
from heimdall_litellm.core.types import RequestFacts

FIRST = RequestFacts(ask="why does the sky look so very blue at noon", input_tokens=40, ask_chars=42)
AGAIN = replace(FIRST, messages=3, user_turns=2, input_tokens=90)


def test_doubts_are_heard_only_where_somebody_listens_and_repeated_tokens_always() -> None:
    for listens in (True, False):
        known = Conversations(b"secret")
        known.follow(b"c", "1", FIRST, 0.0, listens=listens)
        follows = known.follow(b"c", "2", AGAIN, 9.0, listens=listens)
        assert (follows.repeated_tokens, follows.earlier) == (40, "1")
        assert (follows.doubt is not None) == listens
